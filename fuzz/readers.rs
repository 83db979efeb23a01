//! What the fuzz targets do with their bytes, one function for each reader: take them, or refuse them with a reason. The
//! tests run them too, over the files that the targets begin with.

use std::path::{Path, PathBuf};

use invoicer::export::jp_pint;
use invoicer::ledger::Ledger;
use invoicer::model::numbering::Numbering;
use invoicer::month::summary;
use invoicer::render::Templates;

/// A workspace in a temporary directory, one for each kind of source and process.
pub(super) struct Workspace(PathBuf);

impl Workspace {
    /// Makes the workspace where it is not there yet, with one source of that kind.
    pub(super) fn new(kind: &str) -> Workspace {
        let root = std::env::temp_dir().join(format!("invoicer-fuzz-{}-{kind}", std::process::id()));
        let workspace = Workspace(root);
        if !workspace.0.is_dir() {
            let path = if kind.ends_with("-csv") { "path = \"{month}.csv\"\n" } else { "" };
            let source = format!("[[source]]\nname = \"b\"\nkind = \"{kind}\"\n{path}");
            workspace.write("invoicer.toml", format!("[issuer]\nname = \"a\"\n\n{source}").as_bytes());
            workspace.write("customers/acme.toml", b"name = \"c\"\n");
        }
        workspace
    }

    /// Where it is.
    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).expect("a directory");
        }
        std::fs::write(path, bytes).expect("a file");
    }

    fn read_bill(&self) {
        let settings = invoicer::workspace::load(&self.0).expect("settings").settings;
        let month = "202208".parse().expect("a month");
        if let Err(problems) = invoicer::sources::read(&self.0, &settings, month, false) {
            assert!(!problems.is_empty());
        }
    }
}

/// A template of the workspace, filled in.
pub(super) fn template(bytes: &[u8]) {
    let workspace = Workspace::new("soracom-csv");
    workspace.write("templates/invoice.html", bytes);
    let settings = invoicer::workspace::load(workspace.root()).expect("settings").settings;
    let loaded = Templates::load(workspace.root(), &settings);
    std::fs::remove_file(workspace.root().join("templates/invoice.html")).expect("the template");
    match loaded {
        Ok(templates) => {
            let row = |name: &str| serde_json::json!({ "name": name, "amount": "¥1,234.5" });
            let view = serde_json::json!({
                "number": "INV-1", "title": "請求書", "draft": true, "charges": [row("a <b>"), row("基本料金")], "notes": ["x"],
            });
            if let Ok(html) = templates.document("invoice", &view) {
                assert!(html.len() < 1 << 30);
            }
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
}

/// An `invoicer.toml`.
pub(super) fn workspace_toml(bytes: &[u8]) {
    let workspace = Workspace::new("toml");
    workspace.write("invoicer.toml", bytes);
    if let Err(problems) = invoicer::workspace::load(workspace.root()) {
        assert!(!problems.is_empty());
    }
}

/// A month's bill of a source that is one CSV file.
pub(super) fn csv(kind: &str, bytes: &[u8]) {
    let workspace = Workspace::new(kind);
    workspace.write("202208.csv", bytes);
    workspace.read_bill();
}

/// One of KORE's pages; what it names tells which.
pub(super) fn kore_json(bytes: &[u8]) {
    const USAGE: &[u8] = include_bytes!("../examples/three-providers/billing/202208/kore/usage-0000.json");
    const SIMS: &[u8] = include_bytes!("../examples/three-providers/billing/202208/kore/sims-0000.json");
    const FLEETS: &[u8] = include_bytes!("../examples/three-providers/billing/202208/kore/fleets-0000.json");
    let files = [("\"usage_records\"", "usage-0000.json", USAGE), ("\"sims\"", "sims-0000.json", SIMS)];
    snapshot("kore-api", &[&files[..], &[("\"fleets\"", "fleets-0000.json", FLEETS)]].concat(), bytes);
}

/// One of SAKURA Cloud's answers; what it names tells which.
pub(super) fn sakura_json(bytes: &[u8]) {
    const CSV: &[u8] = include_bytes!("../tests/cases/sakura-api/billing/202208/sakura/bill-13481639.csv.json");
    const BILLS: &[u8] = include_bytes!("../tests/cases/sakura-api/billing/202208/sakura/bills.json");
    const DETAILS: &[u8] = include_bytes!("../tests/cases/sakura-api/billing/202208/sakura/bill-13481639.json");
    const NAMES: &[u8] =
        include_bytes!("../tests/cases/sakura-api/billing/202208/sakura/resources-server-tk1a-0000.json");
    let files = [
        ("\"Body\"", "bill-13481639.csv.json", CSV),
        ("\"Bills\"", "bills.json", BILLS),
        ("\"BillDetails\"", "bill-13481639.json", DETAILS),
        ("\"Tags\"", "resources-server-tk1a-0000.json", NAMES),
    ];
    snapshot("sakura-api", &files, bytes);
}

/// Where a fetched bill comes from.
pub(super) fn provenance(bytes: &[u8]) {
    let workspace = Workspace::new("soracom-api");
    workspace.write("billing/202208/b/provenance.json", bytes);
    workspace.read_bill();
}

/// Reads a snapshot of sound files, of which the bytes replace the one whose key they hold.
fn snapshot(kind: &str, files: &[(&str, &str, &[u8])], bytes: &[u8]) {
    let workspace = Workspace::new(kind);
    let holds = |key: &str| bytes.windows(key.len()).any(|window| window == key.as_bytes());
    let replaced = files.iter().position(|(key, ..)| holds(key)).unwrap_or(0);
    for (index, (_, name, sound)) in files.iter().enumerate() {
        workspace.write(&format!("billing/202208/b/{name}"), if index == replaced { bytes } else { sound });
    }
    workspace.read_bill();
}

/// A record of what was issued; what is read can be asked for everything.
pub(super) fn record(bytes: &[u8]) {
    let workspace = Workspace::new("soracom-csv");
    workspace.write("issued/202207.json", bytes);
    let (ledger, problems) = Ledger::read(workspace.root());
    assert_eq!(Ledger::open(workspace.root()).is_ok(), problems.is_empty());
    let month = "202207".parse().unwrap();
    let _ = (ledger.index(), ledger.next_running(month, Numbering::default()), ledger.months());
    for (_, document) in ledger.documents() {
        let _ = (ledger.credited(&document.number, None), ledger.replacement_of(&document.number));
    }
}

/// The index of a sound record.
pub(super) fn index(bytes: &[u8]) {
    const RECORD: &[u8] = include_bytes!("../tests/data/record-format-1/issued/202207.json");
    let workspace = Workspace::new("sakura-csv");
    workspace.write("issued/202207.json", RECORD);
    workspace.write("issued/index.csv", bytes);
    let (ledger, _) = Ledger::read(workspace.root());
    let expected = ledger.index().expect("an index");
    // Any other list is refused; only that of a run interrupted at its first record is not.
    assert_eq!(matches!(ledger.interrupted(workspace.root()), Ok(None)), bytes == expected);
}

/// An e-invoice of another program.
pub(super) fn ubl(bytes: &[u8]) {
    let findings = jp_pint::check("invoice.xml", bytes, None);
    assert!(findings.iter().all(|finding| finding.is_error() && !finding.message.is_empty()));
}

/// The summary of an earlier month.
pub(super) fn summary(bytes: &[u8]) {
    let workspace = Workspace::new("soracom-csv");
    workspace.write("out/202207/summary.json", bytes);
    let month = "202207".parse().expect("a month");
    let read = summary::read(&workspace.root().join("out/202207"), month).expect("the file");
    match read.summary {
        Ok(summary) => assert!(summary.carried.is_of(month)),
        Err(why) => assert!(!why.is_empty()),
    }
}
