//! The documents that `issue` and `credit` keep in `issued/`, byte for byte as they were issued.

use std::path::Path;

use invoicer::ledger::{self, Ledger};
use invoicer::model::format::Format;

use crate::common::Sandbox;
use crate::issuing::{good, sha256, workspace};

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

/// A link to the very bytes is nothing that was kept: whoever may write where it leads can change it.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_kept_document_is_refused_by_all() {
    let message = "the kept document is a link or something else that is no file";
    for (path, inside) in [("acme/INV-202207-0001.pdf", ""), ("acme", "/INV-202207-0001.pdf")] {
        let sandbox = issued("");
        let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        sandbox.write("invoicer.toml", format!("{rules}\n[mail]\nfrom = \"a@b.jp\"\nsmtp = \"smtp://127.0.0.1:1\"\n"));
        let customer = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
        sandbox.write("customers/acme.toml", format!("{customer}[mail]\nto = [\"keiri@acme.example\"]\n"));
        let directory = sandbox.path().join("issued/202207/documents");
        std::fs::rename(directory.join(path), sandbox.path().join("moved")).unwrap();
        std::os::unix::fs::symlink(sandbox.path().join("moved"), directory.join(path)).unwrap();
        assert_eq!(read(sandbox.path(), Format::Pdf), Err(message.to_owned()), "{path}");
        for arguments in [
            &["verify", "202207"][..],
            &["send", "202207", "--customer", "acme"],
            &["list", "--customer", "acme", "--export-index"],
        ] {
            let run = sandbox.run(arguments);
            let told = run.stdout + &run.stderr;
            assert!(run.code == 1 && told.contains(message), "{arguments:?}: {told}");
            let place = if arguments[0] == "verify" { path.to_owned() } else { format!("{path}{inside}") };
            assert!(told.contains(&format!("issued/202207/documents/{place}")), "{arguments:?}: {told}");
        }
    }
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

/// Makes July's record that of another version, which made these files with a further line; the kept ones, too.
fn with_other_bytes(sandbox: &Sandbox, tool: &str, files: &[&str]) {
    let mut record = String::from_utf8(sandbox.read("issued/202207.json")).unwrap();
    record = record.replace(&invoicer::out::tool(), tool);
    for path in files {
        let made = sandbox.read(&format!("out/202207/{path}"));
        let other = [&made[..], b"\n"].concat();
        record = record.replace(&sha256(&made), &sha256(&other));
        let kept = format!("issued/202207/documents/{path}");
        if sandbox.path().join(&kept).exists() {
            sandbox.write(&kept, other);
        }
    }
    sandbox.write("issued/202207.json", record);
    Ledger::open(sandbox.path()).unwrap().write_index(sandbox.path()).unwrap();
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
}

const INVOICE: [&str; 4] = [
    "acme/INV-202207-0001.pdf",
    "acme/INV-202207-0001.html",
    "acme/INV-202207-0001.json",
    "internal/acme/INV-202207-0001.json",
];

/// Laid out differently, or in the same version for whatever reason: customers' files are those that were kept.
#[test]
fn what_another_version_issued_is_put_back() {
    for tool in ["invoicer 0.0.1", &invoicer::out::tool()] {
        let sandbox = issued("");
        let is_other = tool == "invoicer 0.0.1";
        with_other_bytes(&sandbox, tool, if is_other { &INVOICE } else { &INVOICE[..3] });
        let run = good(sandbox.run(&["build", "202207"]));
        let why = match is_other {
            true => format!("it was issued by {tool}, this is {}", invoicer::out::tool()),
            false => "this version makes them differently".to_owned(),
        };
        let note = format!(
            "note: the documents of 202207 are those that were kept when they were issued\n  = {why}\n  = all figures are \
             the same\n"
        );
        assert!(run.stderr.contains(&note), "{}", run.stderr);
        for path in &INVOICE[..3] {
            let kept = sandbox.read(&format!("issued/202207/documents/{path}"));
            assert!(kept.ends_with(b"\n") && sandbox.read(&format!("out/202207/{path}")) == kept, "{path}");
        }
        // A file of the issuer's is made by this version.
        let record = String::from_utf8(sandbox.read("issued/202207.json")).unwrap();
        let internal = sandbox.read(&format!("out/202207/{}", INVOICE[3]));
        assert_eq!(record.contains(&sha256(&internal)), !is_other);
        let same = |count: usize| format!("202207: same (documents as kept) ({count} documents)\n");
        assert_eq!(good(sandbox.run(&["verify", "--all"])).stdout, same(2));
        let json = good(sandbox.run(&["verify", "--all", "--json"])).stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["months"][0]["note"], "documents as kept");
        credit(&sandbox, &["--line", "1=100"]);
        good(sandbox.run(&["build", "202207", "--format", "pdf", "-q"]));
        let pdf = sandbox.read(&format!("issued/202207/documents/{}", INVOICE[0]));
        assert!(sandbox.read(&format!("out/202207/{}", INVOICE[0])) == pdf);
        assert_eq!(good(sandbox.run(&["verify", "--all"])).stdout, same(3));

        let customer = "name = \"アクメ\"\n[[match]]\ntag = { customer = \"acme\" }\n[pricing]\nmarkup = \"20%\"\n";
        sandbox.write("customers/acme.toml", customer);
        assert_eq!(sandbox.run(&["build", "202207", "-q"]).code, 1);
        good(sandbox.run(&["build", "202207", "--as-issued", "-q"]));
        assert!(sandbox.read(&format!("out/202207/{}", INVOICE[0])) == pdf);

        // A kept file that is damaged is not put back.
        let path = format!("issued/202207/documents/{}", INVOICE[2]);
        sandbox.write(&path, "{}");
        let run = sandbox.run(&["build", "202207", "--as-issued"]);
        let expected = format!("error: the kept document was changed since it was issued\n--> {path}\n");
        assert!(run.code == 1 && run.stderr.contains(&expected), "{}", run.stderr);
    }
}

/// Only the PDF is kept: HTML that another version made differently is left out, and everything else works.
#[test]
fn what_was_not_kept_and_is_made_differently_is_left_out() {
    let sandbox = issued("keep = [\"pdf\"]");
    with_other_bytes(&sandbox, "invoicer 0.0.1", &INVOICE[..2]);
    let run = good(sandbox.run(&["build", "202207"]));
    let warning = "warning: files of 202207 are left out, because they would differ from those issued: 1\n  = \
                   acme/INV-202207-0001.html\n  = all figures are the same\nhint: it was issued by invoicer 0.0.1, this is ";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    assert!(run.stderr.contains("put the file that was sent at issued/202207/documents/acme/INV-202207-0001.html"));
    assert!(!sandbox.path().join("out/202207/acme/INV-202207-0001.html").exists());
    assert!(sandbox.path().join("out/202207/bravo/INV-202207-0002.html").exists());
    assert_eq!(good(sandbox.run(&["verify", "--all"])).stdout, "202207: same (documents as kept) (2 documents)\n");
}

/// Nothing was kept: `build` says what to do, corrections go on, and the file that was sent is as good as a kept one.
#[test]
fn where_nothing_was_kept_the_file_that_was_sent_is_used() {
    let sandbox = issued("keep = []");
    let sent = [&sandbox.read("out/202207/acme/INV-202207-0001.pdf")[..], b"\n"].concat();
    with_other_bytes(&sandbox, "invoicer 0.0.1", &INVOICE[..1]);
    let run = sandbox.run(&["build", "202207"]);
    let expected = format!(
        "error: the rebuilt document differs from the issued one\n--> out/202207/acme/INV-202207-0001.pdf\n  = all figures are the \
         same\nhint: it was issued by invoicer 0.0.1, this is {}: use that version to make it again, or put the file that was \
         sent at issued/202207/documents/acme/INV-202207-0001.pdf\n",
        invoicer::out::tool()
    );
    assert!(run.code == 1 && run.stderr.contains(&expected), "{}", run.stderr);
    let verify = sandbox.run(&["verify", "--all"]);
    let finding = "out/202207/acme/INV-202207-0001.pdf: the rebuilt document differs from the issued one: all figures are the \
                   same; put the file that was sent at issued/202207/documents/acme/INV-202207-0001.pdf (issued by";
    assert!(verify.code == 1 && verify.stdout.contains(finding), "{}", verify.stdout);
    good(sandbox.run(&["build", "202207", "--format", "html,json,csv", "-q"]));
    credit(&sandbox, &["--line", "1=100"]);
    assert!(!sandbox.path().join("out/202207/acme/INV-202207-0001.pdf").exists());
    assert!(sandbox.path().join("out/202207/acme/CN-INV-202207-0001.pdf").exists());

    sandbox.write("issued/202207/documents/acme/INV-202207-0001.pdf", &sent);
    good(sandbox.run(&["build", "202207"]));
    assert!(sandbox.read("out/202207/acme/INV-202207-0001.pdf") == sent);
    assert_eq!(good(sandbox.run(&["verify", "--all"])).stdout, "202207: same (documents as kept) (3 documents)\n");
}

/// The findings of `verify --all` as JSON: those of July, then those of no month.
fn findings(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let run = sandbox.run(&["verify", "--all", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let lists = [&json["months"][0]["findings"], &json["findings"]];
    let all: Vec<serde_json::Value> = lists.into_iter().flat_map(|list| list.as_array().unwrap().clone()).collect();
    assert_eq!(run.code, i32::from(!all.is_empty()));
    all
}

#[test]
fn verify_tells_what_happened_to_kept_documents() {
    let sandbox = issued("");
    let root = sandbox.path();
    let found = |number: Option<&str>, path: &str, message: &str| {
        let kind = match message {
            "the kept document is gone" => "kept-document-missing",
            _ => "kept-document-changed",
        };
        let expected = match number {
            Some(number) => {
                serde_json::json!({ "kind": kind, "file": path, "number": number, "message": message })
            }
            None => serde_json::json!({ "kind": kind, "file": path, "message": message }),
        };
        assert_eq!(findings(&sandbox), [expected]);
    };
    let path = "issued/202207/documents/bravo/INV-202207-0002.html";
    let number = Some("INV-202207-0002");
    let bytes = sandbox.read(path);
    sandbox.write(path, [&bytes[..], b" "].concat());
    found(number, path, "the kept document was changed since it was issued");
    // `out/` and its rebuilt documents are the same as ever.
    let run = sandbox.run(&["verify", "202207"]);
    let expected = format!(
        "202207: kept document changed (2 documents)\n  INV-202207-0002: {path}: the kept document was changed since it was \
         issued\n"
    );
    assert_eq!(run.stdout, expected);
    std::fs::remove_file(root.join(path)).unwrap();
    found(number, path, "the kept document is gone");
    std::fs::create_dir(root.join(path)).unwrap();
    found(number, path, "the kept document is gone");
    std::fs::remove_dir(root.join(path)).unwrap();
    #[cfg(unix)]
    {
        // Also where the bytes are the right ones: what the link leads to is not in the repository.
        std::os::unix::fs::symlink(root.join("out/202207/bravo/INV-202207-0002.html"), root.join(path)).unwrap();
        found(number, path, "the kept document is a link or something else that is no file");
        std::fs::remove_file(root.join(path)).unwrap();
    }
    sandbox.write(path, &bytes);
    assert!(findings(&sandbox).is_empty());

    // A name that a terminal would obey is printed as a name.
    let strange = "issued/202207/documents/\u{1b}]0;x\u{7}.pdf";
    sandbox.write(strange, "");
    found(None, strange, "no record names this document");
    let run = sandbox.run(&["verify", "202207"]);
    assert!(run.stdout.contains("no record names this document") && !run.stdout.contains('\u{1b}'), "{}", run.stdout);
    std::fs::remove_file(root.join(strange)).unwrap();

    let more = "issued/202207/documents/bravo/INV-202207-0009.pdf";
    sandbox.write(more, "%PDF-1.7");
    found(None, more, "no record names this document");
    std::fs::remove_file(root.join(more)).unwrap();
    let unknown = "issued/202206/documents";
    sandbox.write(&format!("{unknown}/acme/INV-202206-0001.pdf"), "%PDF-1.7");
    let message = "no record names these documents: their record was removed, or an interrupted run left them";
    found(None, unknown, message);
    std::fs::remove_dir_all(root.join("issued/202206")).unwrap();

    std::fs::rename(root.join("issued/202207/documents"), root.join("elsewhere")).unwrap();
    let gone = findings(&sandbox);
    assert_eq!(gone.len(), 8);
    assert!(gone.iter().all(|finding| finding["message"] == "the kept document is gone"), "{gone:?}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.join("elsewhere"), root.join("issued/202207/documents")).unwrap();
        let directory = "issued/202207/documents";
        let found = &findings(&sandbox)[0];
        assert_eq!(found["message"], "cannot read the directory: it is a link or a file, not a directory");
        assert_eq!(found["file"], directory);
    }
}
