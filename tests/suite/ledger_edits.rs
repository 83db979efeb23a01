//! Records and lists that were edited, and runs that overtake each other: no number is given twice, nothing edited passes for
//! what was issued, and nothing issued is replaced by what was only built.

use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::{Run, Sandbox};

const WORKSPACE: &str = r#"
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"

[invoice]
number = "INV-{month}-{seq:04}"
due-date = "+30d"

[pricing]
markup = "15%"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
"#;

fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE);
    for id in ["acme", "bravo"] {
        sandbox.write(
            &format!("customers/{id}.toml"),
            format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n"),
        );
    }
    for month in ["202207", "202208"] {
        let rows = ["acme", "bravo"].map(|id| format!("1{month},{month}01,basicCharge,1,310,{id}\n")).concat();
        sandbox.write(
            &format!("billing/{month}/soracom.csv"),
            format!("imsi,date,billItemName,quantity,amount,customer\n{rows}"),
        );
    }
    sandbox
}

fn good(run: Run) {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

fn issue(sandbox: &Sandbox, month: &str) {
    good(sandbox.run(&["build", month, "-q"]));
    good(sandbox.run(&["issue", month, "-q"]));
}

const CREDIT: [&str; 8] = ["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "-q", "--line"];

fn credit(sandbox: &Sandbox, line: &str) -> Run {
    sandbox.run(&[&CREDIT[..], &[line]].concat())
}

fn remove(sandbox: &Sandbox, path: &str) {
    std::fs::remove_file(sandbox.path().join(path)).unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every command that writes refuses, says why, and leaves everything as it is.
fn all_refuse(sandbox: &Sandbox, expected: &str) {
    let before = sandbox.files();
    for command in [
        &["issue", "202208"][..],
        &["issue", "202207"],
        &["build", "202207"],
        &["build", "202208"],
        &["check", "202208"],
    ] {
        let run = sandbox.run(command);
        assert_eq!(run.code, 1, "{command:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{command:?}: {}", run.stderr);
        assert!(run.stderr.contains("hint: put back issued/ as git or a backup has it"), "{command:?}: {}", run.stderr);
        assert!(sandbox.files() == before, "{command:?}");
    }
    let run = sandbox.run(&["verify", "--all"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("lock changed") && run.stdout.contains(expected), "{}", run.stdout);
    assert!(sandbox.files() == before);
}

/// The record of August is lost; the list still has its numbers, 3 and 4. They were given to August again.
#[test]
fn numbers_of_a_lost_record_are_not_given_again() {
    let sandbox = workspace();
    issue(&sandbox, "202207");
    issue(&sandbox, "202208");
    let record = sandbox.read("issued/202208.json");
    remove(&sandbox, "issued/202208.json");
    all_refuse(&sandbox, "the list of what was issued names INV-202208-0003, which no record has");
    let run = credit(&sandbox, "1=5");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("names INV-202208-0003"), "{}", run.stderr);
    // All of them.
    remove(&sandbox, "issued/202207.json");
    let run = sandbox.run(&["verify", "--all"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let run = sandbox.run(&["issue", "202207"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("names INV-202207-0001"), "{}", run.stderr);
    sandbox.write("issued/202208.json", record);
}

/// Only the list that lacks exactly the last record is that of an interrupted run.
#[test]
fn only_the_list_without_the_last_record_is_an_interrupted_run() {
    let sandbox = workspace();
    issue(&sandbox, "202207");
    let first = sandbox.read("issued/index.csv");
    issue(&sandbox, "202208");
    let whole = String::from_utf8(sandbox.read("issued/index.csv")).unwrap();
    for (list, expected) in [
        (whole.replace(",393,", ",392,"), "says something else than the records"),
        (whole.replace("INV-202208-0004", "INV-202208-0005"), "names INV-202208-0005, which no record has"),
        (whole.replace("bravo,", "brave,"), "says something else than the records"),
        (whole.lines().take(4).map(|line| format!("{line}\r\n")).collect(), "does not name INV-202208-0004"),
        (whole.lines().take(1).map(|line| format!("{line}\r\n")).collect(), "does not name INV-202207-0001"),
        (String::new(), "does not name INV-202207-0001"),
        (format!("{whole}x"), "says something else than the records"),
        ("<<<<<<< HEAD\n".to_owned() + &whole, ""),
    ] {
        sandbox.write("issued/index.csv", list);
        all_refuse(&sandbox, expected);
    }
    remove(&sandbox, "issued/index.csv");
    all_refuse(&sandbox, "the list of what was issued is missing");
    // This one is.
    sandbox.write("issued/index.csv", first);
    assert_eq!(sandbox.run(&["verify", "--all"]).code, 1);
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    assert_eq!(sandbox.read("issued/index.csv"), whole.as_bytes());
    good(sandbox.run(&["verify", "--all"]));
}

/// The last credit note is edited: the list, which has its hash, was taken for that of an interrupted run and made to agree.
#[test]
fn an_edited_credit_note_does_not_pass_for_an_interrupted_one() {
    let sandbox = workspace();
    issue(&sandbox, "202207");
    good(credit(&sandbox, "1=5"));
    let record = String::from_utf8(sandbox.read("issued/202207-1.json")).unwrap();
    sandbox.write("issued/202207-1.json", record.replace("\"2022-09-01\"", "\"2022-09-02\""));
    all_refuse(&sandbox, "the list of what was issued says something else than the records");
    let run = credit(&sandbox, "1=6");
    assert_eq!(run.code, 1, "{}", run.stderr);
}

/// A record, the index of a document in it, and what its fields are set to.
type Edits<'a> = (&'a str, usize, &'a [(&'a str, Value)]);

/// Each field of a document in a record is edited, with all hashes made to agree again: `verify` finds it, and no command
/// makes documents from it. Reasons and the dates of credit notes are the user's own: only the documents' hashes show them.
#[test]
fn every_field_of_a_record_is_compared_with_what_is_computed() {
    let sandbox = workspace();
    issue(&sandbox, "202207");
    good(sandbox.run(&["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "--reissue", "-q"]));
    good(sandbox.run(&["credit", "INV-202207-0002", "--reason", "y", "--date", "2022-09-02", "--line", "1=5", "-q"]));
    let kept: Vec<(String, Vec<u8>)> = sandbox
        .files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("issued/") && path.matches('/').count() == 1)
        .collect();
    let edits: [Edits<'_>; 4] = [
        (
            "202207",
            0,
            &[
                ("/number", "INV-202207-0009".into()),
                ("/version", 2.into()),
                ("/running", 9.into()),
                ("/customer_name", "Acme".into()),
                ("/issue_date", "2022-08-02".into()),
                ("/due_date", "2022-12-31".into()),
                ("/currency", "USD".into()),
                ("/whole", true.into()),
                ("/items/0/name", "x".into()),
                ("/items/0/source", "x".into()),
                ("/items/0/kind", "fee".into()),
                ("/items/0/amount", "1".into()),
                ("/items/0/tax_category", "exempt".into()),
                ("/items/0/tax_rate", "8%".into()),
                ("/tax_subtotals/0/taxable", "1".into()),
                ("/tax_subtotals/0/tax", "1".into()),
                ("/tax_subtotals/0/tax_jpy", "1".into()),
                ("/tax_subtotals/0/rate", "8%".into()),
                ("/subtotal", "1".into()),
                ("/tax", "1".into()),
                ("/total", "1".into()),
                ("/cost", "1".into()),
                ("/file", "acme/x".into()),
            ],
        ),
        (
            "202207-1",
            0,
            &[
                ("/number", "CN-x".into()),
                ("/version", 3.into()),
                ("/customer_name", "Acme".into()),
                ("/due_date", "2022-09-03".into()),
                ("/original/issue_date", "2022-08-02".into()),
                ("/original/number", "INV-202207-0002".into()),
                ("/whole", false.into()),
                ("/items/0/amount", "-356".into()),
                ("/items/0/line", 2.into()),
                ("/tax_subtotals/0/tax_jpy", "-1".into()),
                ("/total", "-1".into()),
                ("/cost", "0".into()),
            ],
        ),
        (
            "202207-1",
            1,
            &[
                ("/version", 3.into()),
                ("/customer_name", "Acme".into()),
                ("/issue_date", "2022-09-02".into()),
                ("/original/reason", "z".into()),
                ("/original/issue_date", "2022-08-02".into()),
                ("/total", "1".into()),
                ("/running", 9.into()),
            ],
        ),
        (
            "202207-2",
            0,
            &[
                ("/items/0/amount", "-6".into()),
                ("/subtotal", "-6".into()),
                ("/customer_name", "x".into()),
                ("/version", 2.into()),
                ("/number", "CN-INV-202207-0002-2".into()),
                ("/issue_date", "2022-07-01".into()),
            ],
        ),
    ];
    for (name, index, edits) in edits {
        for (pointer, value) in edits {
            let path = format!("issued/{name}.json");
            let mut record = sandbox.json(&path);
            let document = &mut record["documents"][index];
            match document.pointer_mut(pointer) {
                Some(place) => *place = value.clone(),
                None => {
                    let (inside, key) = pointer.rsplit_once('/').unwrap();
                    document.pointer_mut(inside).unwrap()[key] = value.clone();
                }
            }
            rehash(&sandbox, name, &record);
            let run = sandbox.run(&["verify", "202207"]);
            assert_eq!(run.code, 1, "{name} {index} {pointer} = {value}: {}", run.stdout);
            assert!(run.stdout.contains("changed"), "{name} {index} {pointer} = {value}: {}", run.stdout);
            let other_file = !matches!(*pointer, "/file" | "/number");
            assert!(
                !other_file || !run.stdout.contains("index.csv"),
                "{name} {pointer}: the list was not made again: {}",
                run.stdout
            );
            let run = sandbox.run(&["build", "202207", "-q"]);
            assert_eq!(run.code, 1, "{name} {index} {pointer} = {value}: {}", run.stderr);
            kept.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
        }
    }
    good(sandbox.run(&["verify", "--all"]));
    // Rules that are left out, so that nothing could be compared with them; a document that is left out, and a file that is put beside the copies of the rules.
    let mut record = sandbox.json("issued/202207-1.json");
    record["rules"] = serde_json::json!([]);
    rehash(&sandbox, "202207-1", &record);
    let run = sandbox.run(&["verify", "202207"]);
    assert!(run.code == 1 && run.stdout.contains("wrote: rules is empty"), "{}", run.stdout);
    kept.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
    let mut record = sandbox.json("issued/202207.json");
    record["documents"].as_array_mut().unwrap().remove(1);
    rehash(&sandbox, "202207", &record);
    assert_eq!(sandbox.run(&["verify", "202207"]).code, 1);
    kept.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
    sandbox.write("issued/202207/workspace/templates/labels.toml", "[ja]\ninvoice-title = \"x\"\n");
    let run = sandbox.run(&["verify", "202207"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
}

/// Writes a record, and the hashes of it in the records behind it and in the list as somebody would who knows how.
fn rehash(sandbox: &Sandbox, name: &str, record: &Value) {
    let write = |path: &str, record: &Value| {
        let mut bytes = serde_json::to_vec_pretty(record).unwrap();
        bytes.push(b'\n');
        sandbox.write(path, &bytes);
        sha256(&bytes)
    };
    let names = ["202207", "202207-1", "202207-2"];
    let mut changed = record.clone();
    let mut rows = vec!["\u{feff}no,date,counterparty,amount,currency,kind,number,version,original,customer,file,sha256,record,record_sha256,order_number".to_owned()];
    let mut previous = None;
    for this in names {
        let path = format!("issued/{this}.json");
        if this != name {
            changed = sandbox.json(&path);
        } else {
            changed.clone_from(record);
        }
        if let Some(hash) = previous {
            changed["previous"]["sha256"] = Value::String(hash);
        }
        let hash = write(&path, &changed);
        for document in changed["documents"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pdf = document["outputs"]
                .as_array()
                .unwrap()
                .iter()
                .find(|file| text(&file["path"]).ends_with(".pdf"))
                .unwrap();
            let decimals = if document["currency"] == "USD" { ".00" } else { "" };
            let original = document.pointer("/original/number").map_or_else(String::new, text);
            let cells = [
                rows.len().to_string(),
                text(&document["issue_date"]),
                text(&document["customer_name"]),
                text(&document["total"]) + decimals,
                text(&document["currency"]),
                text(&document["kind"]),
                text(&document["number"]),
                text(&document["version"]),
                original,
                text(&document["customer"]),
                format!("out/202207/{}", text(&pdf["path"])),
                text(&pdf["sha256"]),
                path.clone(),
                hash.clone(),
                document.get("order_number").map_or_else(String::new, text),
            ];
            rows.push(cells.join(","));
        }
        previous = Some(hash);
    }
    sandbox.write("issued/index.csv", rows.iter().map(|row| format!("{row}\r\n")).collect::<String>());
}

/// Runs a command up to the point where it is about to lock what it read, lets `meanwhile` happen, and lets it go on.
fn overtaken(sandbox: &Sandbox, arguments: &[&str], meanwhile: impl FnOnce()) -> Run {
    let beside = Sandbox::new();
    let pipes = beside.path();
    for name in ["reached", "go"] {
        assert!(Command::new("mkfifo").arg(pipes.join(name)).status().unwrap().success());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
    command.args(arguments).current_dir(sandbox.path()).env_clear().env("INVOICER_RACE_AT", pipes);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Opening waits for the other side; so does reading to the end.
    std::fs::File::open(pipes.join("reached")).unwrap().read_to_end(&mut Vec::new()).unwrap();
    meanwhile();
    drop(std::fs::File::options().write(true).open(pipes.join("go")).unwrap());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A build has read the ledger, then the month is issued, then the build would write: it must not replace what was issued.
#[test]
fn a_build_that_began_before_issue_replaces_nothing() {
    for arguments in
        [&["build", "202207"][..], &["build", "202207", "--draft"], &["build", "202207", "--customer", "acme"]]
    {
        let sandbox = workspace();
        good(sandbox.run(&["build", "202207", "-q"]));
        let mut issued = Vec::new();
        let run = overtaken(&sandbox, arguments, || {
            good(sandbox.run(&["issue", "202207", "-q"]));
            issued = sandbox.files();
        });
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("202207 was issued or credited meanwhile"), "{}", run.stderr);
        assert!(sandbox.files() == issued, "{arguments:?}");
        good(sandbox.run(&["verify", "202207"]));
    }
}

/// The same with a build of a month that is issued, and a credit note that comes in between.
#[test]
fn a_build_that_began_before_credit_replaces_nothing() {
    let sandbox = workspace();
    issue(&sandbox, "202207");
    let run = overtaken(&sandbox, &["build", "202207"], || good(credit(&sandbox, "1=5")));
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(sandbox.path().join("out/202207/acme/CN-INV-202207-0001.pdf").is_file());
    good(sandbox.run(&["verify", "202207"]));
}
