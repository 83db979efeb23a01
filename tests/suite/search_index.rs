//! `list --export-index`: what was issued as a file with links to the kept documents, for those who search without invoicer.

use crate::common::Sandbox;
use crate::issuing::{good, sha256, workspace};

/// July, issued and with a credit note: 393 and 197 yen, and 100 with 10 % tax taken back.
fn issued() -> Sandbox {
    let sandbox = workspace();
    sandbox
        .write("customers/bravo.toml", "name = \"=B & \\\"C\\\" <Ltd.>\"\n[[match]]\ntag = { customer = \"bravo\" }\n");
    good(sandbox.run(&["build", "202207", "-q"]));
    good(sandbox.run(&["issue", "202207", "-q"]));
    let credit = ["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "--line", "1=100", "-q"];
    good(sandbox.run(&credit));
    sandbox
}

const DOCUMENTS: [(&str, &str); 3] = [
    ("202207", "acme/INV-202207-0001.pdf"),
    ("202207", "bravo/INV-202207-0002.pdf"),
    ("202207-1", "acme/CN-INV-202207-0001.pdf"),
];

/// Paths and hashes of the kept PDFs.
fn kept(sandbox: &Sandbox) -> [(String, String); 3] {
    DOCUMENTS.map(|(record, path)| {
        let path = format!("issued/{record}/documents/{path}");
        let hash = sha256(&sandbox.read(&path));
        (path, hash)
    })
}

#[test]
fn the_index_has_a_row_and_a_link_for_each_document() {
    let sandbox = issued();
    let [acme, bravo, note] = kept(&sandbox);
    let expected = |up: &str| {
        format!(
            "\u{feff}date,counterparty,amount,currency,kind,number,original,customer,file,sha256\r\n\
             2022-08-01,アクメ株式会社,393,JPY,invoice,INV-202207-0001,,acme,{up}{},{}\r\n\
             2022-08-01,\"'=B & \"\"C\"\" <Ltd.>\",197,JPY,invoice,INV-202207-0002,,bravo,{up}{},{}\r\n\
             2022-09-01,アクメ株式会社,-110,JPY,credit-note,CN-INV-202207-0001,INV-202207-0001,acme,{up}{},{}\r\n",
            acme.0, acme.1, bravo.0, bravo.1, note.0, note.1
        )
    };
    let run = good(sandbox.run(&["list", "--export-index"]));
    assert_eq!(run.stdout, "issued-documents.csv\n");
    let text = |path: &str| String::from_utf8(sandbox.read(path)).unwrap();
    assert_eq!(text("issued-documents.csv"), expected(""));
    // Links are relative to the file, wherever it is.
    for (path, up) in [("books/2022/index.csv", "../../"), ("../index-of-a-workspace.csv", "")] {
        std::fs::create_dir_all(sandbox.path().join(path).parent().unwrap()).unwrap();
        good(sandbox.run(&["list", "--export-index", path]));
        let name = sandbox.path().file_name().unwrap().to_str().unwrap();
        let up = if up.is_empty() { format!("{name}/") } else { up.to_owned() };
        assert_eq!(text(path), expected(&up), "{path}");
        std::fs::remove_file(sandbox.path().join(path)).unwrap();
    }
    // What is listed is in it; an earlier index is replaced.
    good(sandbox.run(&["list", "--customer", "bravo", "--export-index"]));
    assert_eq!(text("issued-documents.csv").lines().count(), 2);
}

#[test]
fn the_page_links_each_number() {
    let sandbox = issued();
    std::fs::create_dir(sandbox.path().join("books")).unwrap();
    good(sandbox.run(&["--lang", "ja", "list", "--export-index", "books/index.html"]));
    let page = String::from_utf8(sandbox.read("books/index.html")).unwrap();
    let [acme, bravo, _] = kept(&sandbox);
    let row = format!(
        "<tr><td>2022-08-01<td>アクメ株式会社<td class=\"amount\">¥393<td>請求書<td><a href=\"../{}\">INV-202207-0001</a><td>acme<td \
         class=\"hash\">{}\n",
        acme.0, acme.1
    );
    assert!(page.contains(&row), "{page}");
    let name = "=B &amp; &quot;C&quot; &lt;Ltd.&gt;<td class=\"amount\">¥197<td>請求書";
    assert!(page.contains(name) && page.contains(&bravo.0), "{page}");
    assert!(
        page.contains("<html lang=\"ja\">") && page.contains("<th>取引先") && page.contains("<td>返還請求書"),
        "{page}"
    );
    // Once more, in place of the first.
    good(sandbox.run(&["--lang", "en", "list", "--export-index", "books/index.html"]));
    assert!(String::from_utf8(sandbox.read("books/index.html")).unwrap().contains("<th>counterparty"));
}

#[test]
fn nothing_else_is_replaced_and_every_link_leads_to_the_issued_file() {
    let sandbox = issued();
    let before = sandbox.files();
    let refused = |path: &str, expected: &str| {
        let run = sandbox.run(&["list", "--export-index", path]);
        assert!(run.code > 0 && run.stderr.contains(expected), "{path}: {}", run.stderr);
        assert!(sandbox.files() == before, "{path}");
    };
    refused("invoicer.toml", "the file is no index that this command wrote\n--> invoicer.toml");
    refused("billing/202207/soracom.csv", "the file is no index that this command wrote");
    refused("issued/documents.csv", "the index cannot be in issued/, which is never edited");
    refused("issued/202207/documents/x.csv", "the index cannot be in issued/");
    refused("customers", "cannot write the file: it is a directory");
    refused("nowhere/index.csv", "cannot find the directory");
    refused_by_hand(&sandbox);
    let path = format!("issued/202207/documents/{}", DOCUMENTS[0].1);
    let bytes = sandbox.read(&path);
    sandbox.write(&path, "%PDF-1.7");
    let run = sandbox.run(&["list", "--export-index"]);
    let message = format!("error: the kept document was changed since it was issued\n--> {path}\n");
    assert!(run.code == 1 && run.stderr.contains(&message), "{}", run.stderr);
    assert!(!sandbox.path().join("issued-documents.csv").exists());
    sandbox.write(&path, bytes);
    #[cfg(unix)]
    {
        // A link is replaced, not what it leads to.
        std::os::unix::fs::symlink("nothing", sandbox.path().join("link.csv")).unwrap();
        good(sandbox.run(&["list", "--export-index", "link.csv"]));
        assert!(sandbox.path().join("link.csv").symlink_metadata().unwrap().is_file());
        assert!(!sandbox.path().join("nothing").exists());
    }
}

/// A file with the heading of an index is one only if all of its rows are of issued documents, wherever these are kept.
fn refused_by_hand(sandbox: &Sandbox) {
    good(sandbox.run(&["list", "--export-index", "own.csv"]));
    let index = String::from_utf8(sandbox.read("own.csv")).unwrap();
    let lines: Vec<&str> = index.split_inclusive('\n').collect();
    for other in [
        format!("{index}2022-10-01,Other,1,JPY,invoice,X-1,,acme,,\r\n"),
        index.replace(",393,", ",392,"),
        format!("{index}{}", lines[1]),
        format!("{index}a note\r\n"),
        index.trim_start_matches('\u{feff}').to_owned(),
        format!("{index}\"\n"),
    ] {
        sandbox.write("own.csv", &other);
        let run = sandbox.run(&["list", "--export-index", "own.csv"]);
        assert!(run.code == 1 && run.stderr.contains("no index that this command wrote"), "{other}: {}", run.stderr);
        assert_eq!(sandbox.read("own.csv"), other.as_bytes());
    }
    // One of another place, of fewer documents.
    sandbox.write("own.csv", [lines[0], lines[2]].concat().replace("issued/", "../issued/"));
    good(sandbox.run(&["list", "--export-index", "own.csv"]));
    assert_eq!(sandbox.read("own.csv"), index.as_bytes());
    std::fs::remove_file(sandbox.path().join("own.csv")).unwrap();
}

/// Documents of months in which nothing was kept have their hash, and no link.
#[test]
fn without_a_kept_file_there_is_no_link() {
    let sandbox = workspace();
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{rules}\n[issue]\nkeep = []\n"));
    good(sandbox.run(&["build", "202207", "-q"]));
    good(sandbox.run(&["issue", "202207", "-q"]));
    good(sandbox.run(&["list", "--export-index"]));
    let text = String::from_utf8(sandbox.read("issued-documents.csv")).unwrap();
    let hash = sha256(&sandbox.read("out/202207/acme/INV-202207-0001.pdf"));
    assert!(text.contains(&format!("INV-202207-0001,,acme,,{hash}\r\n")), "{text}");
}
