//! What the fuzz targets do with their bytes, one function for each reader: take them, or refuse them with a reason. The
//! tests run them too, over the files that the targets begin with.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use invoicer::export::{jp_pint, search_index};
use invoicer::ledger::Ledger;
use invoicer::ledger::journal::{self, Journal, JournalKind};
use invoicer::mail::Session;
use invoicer::mail::connection::{Limits, Outcome, Parcel, Route};
use invoicer::mail::deliveries::Deliveries;
use invoicer::mail::kept;
use invoicer::model::mail::{Encryption, Login, MailServer, Mailbox};
use invoicer::model::mapping::TextEncoding;
use invoicer::model::numbering::Numbering;
use invoicer::model::settings::Settings;
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
            let keys = match kind {
                "focus-csv" => {
                    "currency = \"USD\"\nitem = \"{ServiceName} {RegionId}\"\nother-months = \"skip\"\nfinal = true\n"
                }
                "table-csv" => TABLE,
                _ => "",
            };
            let source = format!("[[source]]\nname = \"b\"\nkind = \"{kind}\"\n{path}{keys}");
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

/// The keys of a table, with every column and every sort of rows that can be left out.
const TABLE: &str = "\
currency = \"EUR\"
tax = \"excluded\"
delimiter = \";\"
decimal = \",\"
thousands = \".\"
other-months = \"skip\"
skip = { a = [\"Total*\", \"Sum?\"] }
where = { b = \"*\" }
discount = { c = \"Rabatt\" }
tax-rows = { c = \"VAT\" }
columns = { date = \"d\", item = \"{c} {b}\", resource = \"a\", resource-name = \"n\", account = \"b\", group = \"g\", \
            quantity = \"q\", unit = \"u\", unit-price = \"p\", amount = \"m\", invoice = \"i\", tags = [\"n\", \"g\"] }
";

/// A table by a mapping, in UTF-8 and, with the tax in its amounts, in cp932. Each of its rows lands once.
pub(super) fn table(bytes: &[u8]) {
    let workspace = Workspace::new("table-csv");
    workspace.write("202208.csv", bytes);
    let mut sources = invoicer::workspace::load(workspace.root()).expect("settings").settings.sources;
    let month = "202208".parse().expect("a month");
    let check = |source: &invoicer::model::settings::SourceSettings| {
        let root = workspace.root();
        let (bill, problems) = invoicer::sources::try_file(root, source, month, "202208.csv").expect("a file");
        if let Some(figures) = bill.sources[0].mapped.as_ref().filter(|_| problems.is_empty()) {
            assert_eq!(figures.charges, bill.charges.len());
            assert_eq!(figures.rows, figures.charges + figures.left_out());
        }
    };
    check(&sources[0]);
    let mut other = (**sources[0].mapping.as_ref().expect("a mapping")).clone();
    other.encoding = TextEncoding::Cp932;
    (other.tax_included, other.tax_rows, other.discounts_are_positive) = (true, Vec::new(), true);
    (other.header_row, other.first_row, other.date_formats) = (Some(2), 3, vec!["%d.%m.%y".parse().expect("a date")]);
    other.signs.thousands = None;
    sources[0].mapping = Some(Arc::new(other));
    check(&sources[0]);
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

/// The journal of what was sent. What is read can be asked for everything, and written to.
pub(super) fn sent_journal(bytes: &[u8]) {
    let workspace = Workspace::new("sent");
    let (root, month) = (workspace.root(), "202207".parse().expect("a month"));
    workspace.write("issued/202207.sent.jsonl", bytes);
    match Deliveries::read(root, month) {
        Ok(mut deliveries) => {
            assert!(journal::check(root, JournalKind::Sent, month).is_ok());
            let wrong = kept::compare(root, month, &deliveries);
            assert!(wrong.unknown.is_empty() && wrong.changed.is_empty());
            for delivery in deliveries.messages() {
                let number = delivery.queued.number.as_str();
                assert!(deliveries.latest(number).is_some() && deliveries.find(&delivery.queued.message_id).is_some());
                let _ = (deliveries.may_be_known(number), deliveries.tests(number));
            }
            deliveries.settle(std::time::UNIX_EPOCH.into()).expect("lines");
        }
        Err(problem) => assert!(!problem.message.is_empty()),
    }
    // A chain that is good for anything can be gone on with.
    if let Ok(mut whole) = Journal::<serde_json::Map<String, serde_json::Value>>::read(root, JournalKind::Sent, month) {
        let lines = whole.entries().len();
        whole.append(serde_json::Map::new()).expect("a line");
        let head = journal::check(root, JournalKind::Sent, month).expect("a good chain");
        assert_eq!((whole.entries().len(), whole.head()), (lines + 1, head.as_deref()));
    }
}

/// The answers of a mail server, all at once.
pub(super) fn smtp_answers(bytes: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = MailServer {
        encryption: Encryption::None,
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().expect("an address").port(),
    };
    let minute = Duration::from_secs(60);
    let limits = Limits { connect: minute, answer: minute, outcome: minute };
    let route = Route { server, login: Login::None, username: String::new(), secret: None, ca: None, limits };
    let answers = bytes.to_vec();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        // The client may have had enough of it.
        let _ = stream.write_all(&answers).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    let (from, to) = (Mailbox::parse("a@b.example").expect("an address"), Mailbox::parse("c@d.example"));
    let to = [to.expect("an address")];
    let parcel = Parcel { from: &from, to: &to, bytes: b"Subject: x\r\n\r\n.\r\nx\r\n" };
    let mut is_begun = false;
    let outcome = match Session::open(&route) {
        Err(fault) => {
            assert!(!fault.reply.is_empty());
            None
        }
        Ok(session) => {
            let mut before_body = || {
                is_begun = true;
                Ok(())
            };
            Some(session.deliver(parcel, &mut before_body).expect("an outcome").0)
        }
    };
    let heard = server.join().expect("the server");
    let is_whole = heard.ends_with(b"\r\nDATA\r\nSubject: x\r\n\r\n..\r\nx\r\n.\r\n");
    match outcome {
        Some(Outcome::Sent(reply)) => assert!(is_begun && is_whole && reply.starts_with('2'), "{reply}"),
        Some(Outcome::Unknown(fault)) => assert!(is_begun && fault.status.is_none()),
        Some(Outcome::Refused(fault)) => assert!(fault.status.is_some_and(|status| status >= 500)),
        Some(Outcome::Failed(fault)) => assert!(!fault.reply.is_empty()),
        None => assert!(!is_begun),
    }
}

/// The JSON of an issued document, made into an e-invoice.
pub(super) fn kept_json(bytes: &[u8]) {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| {
        let workspace = Workspace::new("kept");
        workspace.write("invoicer.toml", include_bytes!("../tests/jp-pint/workspace/invoicer.toml"));
        workspace.write("customers/acme.toml", include_bytes!("../tests/jp-pint/workspace/customers/acme.toml"));
        invoicer::workspace::load(workspace.root()).expect("settings").settings
    });
    let csv = Some(("document.csv", b"a,b\n".as_slice()));
    let source = jp_pint::Source { json: bytes, csv, as_issued: settings, now: settings, path: "document.xml" };
    match jp_pint::EInvoice::of(&source) {
        Ok(made) => assert!(jp_pint::check("document.xml", &made.bytes, None).is_empty()),
        Err(problems) => assert!(!problems.is_empty()),
    }
}

/// A file where `list --export-index` would write its table.
pub(super) fn search_index(bytes: &[u8]) {
    const RECORD: &[u8] = include_bytes!("../tests/data/record-format-1/issued/202207.json");
    static LEDGER: OnceLock<Ledger> = OnceLock::new();
    let ledger = LEDGER.get_or_init(|| {
        let workspace = Workspace::new("search");
        workspace.write("issued/202207.json", RECORD);
        Ledger::read(workspace.root()).0
    });
    if search_index::is_earlier(ledger, bytes) {
        assert!(bytes.starts_with(b"\xef\xbb\xbf"));
    }
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
