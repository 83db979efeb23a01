//! The table of `docs/evidence.md`, row by row: what can be changed after `issue`, what `verify` says of it, and what only an
//! anchor shows.

use std::collections::BTreeSet;
use std::path::Path;

use invoicer::ledger::Ledger;
use invoicer::ledger::journal::{Journal, JournalKind};
use serde_json::json;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::{good, sha256, workspace};

/// Two months, issued, with adjustments and a journal of three lines.
fn issued() -> Sandbox {
    let sandbox = workspace();
    sandbox.write(
        "adjustments/202208.toml",
        "[[adjustment]]\nid = \"setup\"\ncustomer = \"acme\"\nname = \"初期設定費\"\namount = \"100\"\n",
    );
    issue(&sandbox);
    let month = "202208".parse().unwrap();
    let mut journal: Journal<serde_json::Value> = Journal::read(sandbox.path(), JournalKind::Sent, month).unwrap();
    for event in ["queued", "sending", "sent"] {
        journal
            .append(json!({
                "time": "2022-09-10T08:53:20Z", "event": event, "message_id": "<x@example.jp>", "number": "INV-202208-0003",
                "version": 1, "resend": 0, "sha256": "00", "from": "a@example.jp", "to": ["b@example.jp"],
                "message_sha256": sha256(b"Subject: x\r\n"), "reply": "250 Ok",
            }))
            .unwrap();
    }
    sandbox.write(MESSAGE, "Subject: x\r\n");
    sandbox
}

/// The message that the journal is about.
const MESSAGE: &str = "issued/202208.mail/INV-202208-0003.r0.eml";

fn issue(sandbox: &Sandbox) {
    for month in ["202207", "202208"] {
        good(sandbox.run(&["build", month, "-q"]));
        good(sandbox.run(&["issue", month, "-q"]));
    }
}

/// What is done to the files, after the words of the table.
type Change = (&'static str, fn(&Sandbox));

const CHANGES: [Change; 27] = [
    ("an amount in a record", |it| replace(it, "issued/202207.json", "\"393\"", "\"392\"")),
    ("an amount in the last record, with the list to match", |it| {
        replace(it, "issued/202208.json", "\"197\"", "\"196\"");
        write_list(it);
    }),
    ("a name, date or number in the last record, with the list to match", |it| {
        replace(it, "issued/202208.json", "Bravo Ltd.", "Bravo Inc.");
        write_list(it);
    }),
    ("a record, removed", |it| remove(it, "issued/202207.json")),
    ("the last record, removed", |it| remove(it, "issued/202208.json")),
    ("two records in the other order", |it| {
        let [first, second] = ["issued/202207.json", "issued/202208.json"].map(|path| it.read(path));
        let mut later: serde_json::Value = serde_json::from_slice(&first).unwrap();
        let mut earlier: serde_json::Value = serde_json::from_slice(&second).unwrap();
        earlier["previous"] = json!(null);
        it.write("issued/202208.json", serde_json::to_vec_pretty(&earlier).unwrap());
        later["previous"] = json!({ "file": "202208.json", "sha256": sha256(&it.read("issued/202208.json")) });
        it.write("issued/202207.json", serde_json::to_vec_pretty(&later).unwrap());
    }),
    ("a row of `index.csv`", |it| replace(it, "issued/index.csv", ",393,", ",392,")),
    ("a row of `index.csv`, removed", |it| {
        let list = String::from_utf8(it.read("issued/index.csv")).unwrap();
        let rows = list.split_inclusive('\n').enumerate().filter(|(index, _)| *index != 1);
        it.write("issued/index.csv", rows.map(|(_, row)| row).collect::<String>());
    }),
    ("a kept document", |it| replace(it, "issued/202207/documents/acme/INV-202207-0001.html", "393", "392")),
    ("a kept document, removed", |it| remove(it, "issued/202207/documents/acme/INV-202207-0001.pdf")),
    ("a kept document, with a link in its place", |it| {
        let path = "issued/202207/documents/acme/INV-202207-0001.pdf";
        std::fs::rename(it.path().join(path), it.path().join("moved.pdf")).unwrap();
        link(&it.path().join("moved.pdf"), &it.path().join(path));
    }),
    ("a document added to the kept ones", |it| it.write("issued/202207/documents/acme/INV-9.pdf", "%PDF-1.7")),
    ("a copy of the rules", |it| replace(it, "issued/202207/workspace/invoicer.toml", "15%", "16%")),
    ("a provider's bill", |it| replace(it, "billing/202207/soracom.csv", ",310,", ",311,")),
    ("the month's adjustments", |it| replace(it, "adjustments/202208.toml", "初期設定費", "初期費用")),
    ("a document in `out/`", |it| replace(it, "out/202207/acme/INV-202207-0001.html", "393", "392")),
    ("a line of a journal", |it| replace(it, "issued/202208.sent.jsonl", "sending", "queued!")),
    ("a line of a journal, removed, but not the last", |it| {
        let lines = String::from_utf8(it.read("issued/202208.sent.jsonl")).unwrap();
        it.write("issued/202208.sent.jsonl", lines.split_inclusive('\n').skip(1).collect::<String>());
    }),
    ("a journal, removed", |it| remove(it, "issued/202208.sent.jsonl")),
    ("a message that was sent", |it| replace(it, MESSAGE, "x", "y")),
    ("a message that was sent, removed", |it| remove(it, MESSAGE)),
    ("the rules, for later months", |it| replace(it, "invoicer.toml", "INV-{month}", "I-{month}")),
    ("`out/`, removed", |it| std::fs::remove_dir_all(it.path().join("out")).unwrap()),
    ("all of `issued/`, removed", |it| std::fs::remove_dir_all(it.path().join("issued")).unwrap()),
    ("the last lines of a journal, removed", |it| {
        let lines = String::from_utf8(it.read("issued/202208.sent.jsonl")).unwrap();
        it.write("issued/202208.sent.jsonl", lines.split_inclusive('\n').take(1).collect::<String>());
    }),
    (
        "the last record with its documents, journals, messages, rows of `index.csv` and documents in `out/`, removed",
        |it| {
            ["issued/202208.json", "issued/202208.sent.jsonl"].iter().for_each(|path| remove(it, path));
            for directory in ["issued/202208", "issued/202208.mail", "out/202208"] {
                std::fs::remove_dir_all(it.path().join(directory)).unwrap();
            }
            write_list(it);
        },
    ),
    ("all of `issued/`, made again from other bills", |it| {
        for directory in ["issued", "out"] {
            std::fs::remove_dir_all(it.path().join(directory)).unwrap();
        }
        replace(it, "billing/202207/soracom.csv", ",310,", ",311,");
        issue(it);
    }),
];

fn replace(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(sandbox.read(path)).unwrap();
    assert!(text.contains(from), "{path}: {from}");
    sandbox.write(path, text.replacen(from, to, 1));
}

#[cfg(unix)]
fn link(to: &Path, from: &Path) {
    std::os::unix::fs::symlink(to, from).unwrap();
}

#[cfg(not(unix))]
fn link(to: &Path, from: &Path) {
    std::os::windows::fs::symlink_file(to, from).unwrap();
}

fn remove(sandbox: &Sandbox, path: &str) {
    std::fs::remove_file(sandbox.path().join(path)).unwrap();
}

/// Writes the list as the records have it, as somebody would who covers traces.
fn write_list(sandbox: &Sandbox) {
    let (ledger, _) = Ledger::read(sandbox.path());
    ledger.write_index(sandbox.path()).unwrap();
}

/// The rows of the table: the change, the answer, and the answer with anchors.
fn table() -> Vec<[String; 3]> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evidence.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| what is changed")).skip(2);
    let cells = |line: &str| -> [String; 3] {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap()
    };
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The kinds of findings, or `same` with its note.
fn answers(sandbox: &Sandbox, anchors: &[&str]) -> BTreeSet<String> {
    let against = anchors.iter().flat_map(|anchor| ["--against", anchor]);
    let run = sandbox.run(&["verify", "--all"].into_iter().chain(against).collect::<Vec<&str>>());
    let heads = run.stdout.lines().filter(|line| !line.starts_with(' '));
    let answer = |line: &str| {
        let answer = line.split_once(": ").map_or(line, |(_, answer)| answer);
        answer.rsplit_once(" (").map_or(answer, |(answer, _)| answer).trim_end_matches(':').to_owned()
    };
    let all: BTreeSet<String> =
        heads.map(answer).flat_map(|all| all.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    let changed: BTreeSet<String> = all.iter().filter(|answer| !answer.starts_with("same")).cloned().collect();
    assert_eq!(run.code, i32::from(!changed.is_empty()), "{}", run.stdout);
    match changed.is_empty() {
        false => changed,
        // A note is of one month only.
        true => all.iter().max_by_key(|answer| answer.len()).cloned().into_iter().collect(),
    }
}

#[test]
fn verify_answers_as_the_table_says() {
    let issued = issued();
    let journal = issued.read("issued/202208.sent.jsonl");
    let last = journal.split_inclusive(|byte| *byte == b'\n').next_back().unwrap();
    let anchors = [sha256(&issued.read("issued/202208.json")), sha256(last)];
    let anchors = [anchors[0].as_str(), anchors[1].as_str()];
    assert_eq!(answers(&issued, &anchors), BTreeSet::from(["same".to_owned()]));
    // An older head will do, for the chain may have grown since.
    let older = sha256(&issued.read("issued/202207.json"));
    assert_eq!(answers(&issued, &[&older.to_uppercase()]), BTreeSet::from(["same".to_owned()]));

    let table = table();
    let (told, done): (Vec<&str>, Vec<&str>) =
        (table.iter().map(|row| row[0].as_str()).collect(), CHANGES.iter().map(|(change, _)| *change).collect());
    assert_eq!(told, done);
    let mut wrong = Vec::new();
    for ([change, answer, anchored], (_, apply)) in table.iter().zip(CHANGES) {
        let sandbox = Sandbox::new();
        copy_tree(issued.path(), sandbox.path());
        apply(&sandbox);
        for (expected, anchors) in [(answer, &[][..]), (anchored, &anchors[..])] {
            let found = answers(&sandbox, anchors);
            let expected: BTreeSet<String> =
                expected.split(", ").map(|answer| answer.trim_matches('`').to_owned()).collect();
            if found != expected {
                wrong.push(format!("{change}: {found:?} with anchors {anchors:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn heads_are_printed_where_they_are_made() {
    let sandbox = workspace();
    good(sandbox.run(&["build", "202207", "-q"]));
    let run = good(sandbox.run(&["issue", "202207", "--json"]));
    let head = sha256(&sandbox.read("issued/202207.json"));
    assert!(run.stderr.contains(&format!("head of the chain: {head}\n")), "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&json["head"], &json["month"]), (&json!(head), &json!("202207")));
    let run = good(sandbox.run(&["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "--json"]));
    let next = sha256(&sandbox.read("issued/202207-1.json"));
    assert!(run.stderr.contains(&format!("head of the chain: {next}\n")), "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&json["head"], &json["previous"]["sha256"]), (&json!(next), &json!(head)));
    let run = good(sandbox.run(&["verify", "--all", "--json", "--against", &head, "--against", &next]));
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["head"], json!(next));
    let other = "0".repeat(64);
    let run = sandbox.run(&["verify", "202207", "--against", &other]);
    let finding = format!(
        "lock changed:\n  issued: nothing has the hash {other}, which something had before: the chain was written"
    );
    assert!(run.code == 1 && run.stdout.contains(&finding), "{}", run.stdout);
    let run = sandbox.run(&["verify", "202207", "--against", "abc"]);
    assert!(
        run.code == 64 && run.stderr.contains("expected a SHA-256, 64 hexadecimal digits, found \"abc\""),
        "{}",
        run.stderr
    );
}

/// A journal of a month that nobody issued.
#[test]
fn a_journal_belongs_to_an_issued_month() {
    let sandbox = issued();
    std::fs::rename(
        sandbox.path().join("issued/202208.sent.jsonl"),
        sandbox.path().join("issued/202209.exported.jsonl"),
    )
    .unwrap();
    let run = sandbox.run(&["verify", "--all"]);
    let finding = "journal changed:\n  issued/202209.exported.jsonl: no record of the month of this journal is there\n";
    assert!(run.code == 1 && run.stdout.contains(finding), "{}", run.stdout);
}

/// The page in `out/` of a corrected month follows from the kept one. Where that was changed, it is the one to name.
#[test]
fn a_changed_copy_is_named_and_not_what_was_made_of_it() {
    for (path, from) in [("issued/202207/index.html", "<h1"), ("issued/202207/workspace/invoicer.toml", "15%")] {
        let sandbox = workspace();
        good(sandbox.run(&["build", "202207", "-q"]));
        good(sandbox.run(&["issue", "202207", "-q"]));
        good(sandbox.run(&["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "-q"]));
        assert!(sandbox.read("out/202207/index.html") != sandbox.read("issued/202207/index.html"));
        replace(&sandbox, path, from, if from == "15%" { "16%" } else { "<i" });
        let run = sandbox.run(&["verify", "202207", "--as-issued"]);
        assert!(
            run.code == 1 && run.stdout.contains(path) && !run.stdout.contains("out/202207"),
            "{path}: {}",
            run.stdout
        );
        // What cannot be excused is still found.
        replace(&sandbox, "out/202207/acme/INV-202207-0001.html", "393", "392");
        let run = sandbox.run(&["verify", "202207", "--as-issued"]);
        assert!(run.stdout.contains("out/202207/acme/INV-202207-0001.html"), "{path}: {}", run.stdout);
    }
}

/// Without `issued/`, the documents in `out/` say that they were issued. Those that were only built do not.
#[test]
fn issued_documents_without_a_record_are_found() {
    let sandbox = workspace();
    for month in ["202207", "202208"] {
        good(sandbox.run(&["build", month, "-q"]));
    }
    good(sandbox.run(&["issue", "202207", "-q"]));
    std::fs::remove_dir_all(sandbox.path().join("issued")).unwrap();
    let run = sandbox.run(&["verify", "--all"]);
    let finding = "lock changed:\n  out/202207: no record has the documents here, which were issued: INV-202207-0001, INV-202207-0002\n";
    assert_eq!((run.code, run.stdout.as_str()), (1, finding), "{}", run.stderr);
    std::fs::remove_dir_all(sandbox.path().join("out/202207")).unwrap();
    let run = good(sandbox.run(&["verify", "--all"]));
    let nothing = "no month is issued; whether one ever was, only a hash that --against names can tell\n";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", nothing));
    let run = sandbox.run(&["verify", "--all", "--against", &"0".repeat(64)]);
    assert!(run.code == 1 && run.stdout.contains("lock changed"), "{}", run.stdout);
}
