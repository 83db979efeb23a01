//! The documents that `issue` and `credit` keep in `issued/`, byte for byte as they were issued.

use std::path::Path;

use invoicer::ledger::{self, Ledger};
use invoicer::model::format::Format;

use crate::common::Sandbox;
use crate::issuing::{good, workspace};

/// July issued, with these lines in `[issue]`.
fn issued(keep: &str) -> Sandbox {
    let sandbox = workspace();
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{rules}\n[issue]\n{keep}\n"));
    good(sandbox.run(&["build", "202207", "-q"]));
    good(sandbox.run(&["issue", "202207", "-q"]));
    sandbox
}

fn credit(sandbox: &Sandbox, more: &[&str]) {
    let common = ["credit", "INV-202207-0001", "--reason", "料率の誤り", "--date", "2022-09-01", "-q"];
    good(sandbox.run(&[&common[..], more].concat()));
}

/// The files below a directory, relative to it.
fn below(sandbox: &Sandbox, directory: &str) -> Vec<String> {
    let names = sandbox.files().into_iter();
    names.filter_map(|(path, _)| Some(path.strip_prefix(directory)?.strip_prefix('/')?.to_owned())).collect()
}

fn names(stems: &[&str], endings: &[&str]) -> Vec<String> {
    let mut names: Vec<String> =
        stems.iter().flat_map(|stem| endings.iter().map(move |ending| format!("{stem}.{ending}"))).collect();
    names.sort();
    names
}

#[test]
fn every_document_is_kept_as_it_was_issued() {
    let sandbox = issued("");
    let all = ["pdf", "html", "json", "csv"];
    let directory = "issued/202207/documents";
    assert_eq!(below(&sandbox, directory), names(&["acme/INV-202207-0001", "bravo/INV-202207-0002"], &all));
    for path in below(&sandbox, directory) {
        let kept = sandbox.read(&format!("{directory}/{path}"));
        assert!(kept == sandbox.read(&format!("out/202207/{path}")), "{path}");
    }
    assert_eq!(sandbox.json("issued/202207.json")["kept"], serde_json::json!(all));

    credit(&sandbox, &["--reissue"]);
    let directory = "issued/202207-1/documents";
    assert_eq!(below(&sandbox, directory), names(&["acme/CN-INV-202207-0001", "acme/INV-202207-0003"], &all));
    for path in below(&sandbox, directory) {
        let kept = sandbox.read(&format!("{directory}/{path}"));
        assert!(kept == sandbox.read(&format!("out/202207/{path}")), "{path}");
    }
    assert_eq!(sandbox.json("issued/202207-1.json")["kept"], serde_json::json!(all));
}

#[test]
fn only_what_is_wanted_is_kept() {
    let sandbox = issued("keep = [\"json\", \"pdf\"]");
    let two = names(&["acme/INV-202207-0001", "bravo/INV-202207-0002"], &["json", "pdf"]);
    assert_eq!(below(&sandbox, "issued/202207/documents"), two);
    assert_eq!(sandbox.json("issued/202207.json")["kept"], serde_json::json!(["pdf", "json"]));
    // A credit note alone, as the rules of its invoice say.
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", rules.replace("[\"json\", \"pdf\"]", "[\"html\"]"));
    credit(&sandbox, &["--line", "1=100"]);
    assert_eq!(below(&sandbox, "issued/202207-1/documents"), names(&["acme/CN-INV-202207-0001"], &["json", "pdf"]));
    // A corrected invoice with its credit note, as those of now.
    credit(&sandbox, &["--reissue"]);
    let html = names(&["acme/CN-INV-202207-0001-2", "acme/INV-202207-0003"], &["html"]);
    assert_eq!(below(&sandbox, "issued/202207-2/documents"), html);

    let sandbox = issued("keep = []");
    assert_eq!(below(&sandbox, "issued/202207/documents"), Vec::<String>::new());
    assert_eq!(sandbox.json("issued/202207.json").get("kept"), None);
    credit(&sandbox, &[]);
    assert_eq!(below(&sandbox, "issued/202207-1"), Vec::<String>::new());
}

/// What reading the PDF of acme's invoice says.
fn read(root: &Path, format: Format) -> Result<Vec<u8>, String> {
    let ledger = Ledger::open(root).unwrap();
    let (stored, document) = ledger.expect("INV-202207-0001").unwrap();
    ledger::kept(root, stored, document, format).map_err(|problem| problem.message)
}

#[test]
fn only_the_issued_bytes_are_read() {
    let sandbox = issued("keep = [\"pdf\"]");
    let root = sandbox.path();
    let path = "issued/202207/documents/acme/INV-202207-0001.pdf";
    let bytes = sandbox.read(path);
    assert_eq!(read(root, Format::Pdf), Ok(bytes.clone()));
    let without = "the csv of INV-202207-0001 was not kept when it was issued";
    assert_eq!(read(root, Format::Csv), Err(without.to_owned()));
    // A copy that was kept elsewhere is as good.
    let csv = sandbox.read("out/202207/acme/INV-202207-0001.csv");
    sandbox.write("issued/202207/documents/acme/INV-202207-0001.csv", &csv);
    assert_eq!(read(root, Format::Csv), Ok(csv));
    std::fs::remove_file(root.join("issued/202207/documents/acme/INV-202207-0001.csv")).unwrap();

    let mut changed = bytes.clone();
    changed[9] ^= 1;
    sandbox.write(path, &changed);
    assert_eq!(read(root, Format::Pdf), Err("the kept document was changed since it was issued".to_owned()));
    std::fs::remove_file(root.join(path)).unwrap();
    assert_eq!(read(root, Format::Pdf), Err("the kept document is gone".to_owned()));
    std::fs::create_dir(root.join(path)).unwrap();
    assert_eq!(read(root, Format::Pdf), Err("cannot read the file: it is a directory".to_owned()));
    std::fs::remove_dir(root.join(path)).unwrap();
    // A file in place of a directory.
    std::fs::remove_dir(root.join("issued/202207/documents/acme")).unwrap();
    sandbox.write("issued/202207/documents/acme", "");
    assert_eq!(read(root, Format::Pdf), Err("the kept document is gone".to_owned()));
}

/// A record that claims more than was kept, or the same twice, is none of this program's.
#[test]
fn a_record_keeps_only_files_that_it_has() {
    let sandbox = issued("keep = [\"pdf\"]");
    let record = String::from_utf8(sandbox.read("issued/202207.json")).unwrap();
    let list = "\"kept\": [\n    \"pdf\"\n  ]";
    assert!(record.contains(list));
    let wrong = |with: &str| {
        sandbox.write("issued/202207.json", record.replace(list, with));
        sandbox.run(&["list"]).stderr
    };
    let twice = wrong("\"kept\": [\"pdf\", \"pdf\"]");
    assert!(twice.contains("this is not what `invoicer issue` wrote: kept names \"pdf\" twice"), "{twice}");
    let unknown = wrong("\"kept\": [\"exe\"]");
    assert!(unknown.contains("unknown variant `exe`"), "{unknown}");
    let without = record.replace("\"acme/INV-202207-0001.html\"", "\"internal/acme/INV-202207-0001.html\"");
    sandbox.write("issued/202207.json", without.replace(list, "\"kept\": [\"html\"]"));
    let without = sandbox.run(&["list"]).stderr;
    assert!(without.contains("kept names \"html\", which \"INV-202207-0001\" does not have"), "{without}");
}
