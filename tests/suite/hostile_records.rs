//! Records, lists, manifests, summaries and provenance that somebody else wrote: nothing they say leads outside the month's
//! directory, takes the program down, or reaches a terminal as it is.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::common::{Run, Sandbox};

const WORKSPACE: &str = r#"
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"

[invoice]
number = "INV-{month}-{seq:04}"

[pricing]
markup = "15%"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
"#;

/// The workspace, below a directory that a record might try to lead into.
const HOME: &str = "home/workspace";

fn good(run: Run) {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.run(&[&["-C", HOME], arguments].concat())
}

/// July is issued and partly taken back; August is built.
fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    let write = |path: &str, text: &str| sandbox.write(&format!("{HOME}/{path}"), text);
    write("invoicer.toml", WORKSPACE);
    for id in ["acme", "bravo"] {
        write(
            &format!("customers/{id}.toml"),
            &format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n"),
        );
    }
    for month in ["202207", "202208"] {
        let rows = ["acme", "bravo"].map(|id| format!("1{month},{month}01,basicCharge,1,310,{id}\n")).concat();
        write(
            &format!("billing/{month}/soracom.csv"),
            &format!("imsi,date,billItemName,quantity,amount,customer\n{rows}"),
        );
    }
    good(run(&sandbox, &["build", "202207", "-q"]));
    good(run(&sandbox, &["issue", "202207", "-q"]));
    let note = ["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "--line", "1=5", "-q"];
    good(run(&sandbox, &note));
    good(run(&sandbox, &["build", "202208", "-q"]));
    sandbox
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON pointers to everything in a value for which `wanted` holds.
fn pointers(value: &Value, wanted: fn(&Value) -> bool) -> Vec<String> {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut found: Vec<String> = wanted(value).then(String::new).into_iter().collect();
    for (key, value) in inside {
        found.extend(pointers(value, wanted).into_iter().map(|rest| format!("/{key}{rest}")));
    }
    found
}

/// One pointer of each kind: the first of every list stands for the others.
fn kinds(value: &Value, wanted: fn(&Value) -> bool) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let kind = |pointer: &String| pointer.split('/').filter(|part| part.parse::<u32>().is_err()).collect::<String>();
    pointers(value, wanted).into_iter().filter(|pointer| seen.insert(kind(pointer))).collect()
}

fn hostile() -> Vec<String> {
    let plain = [
        "../x",
        "/etc/x",
        "../../victim",
        "a/../../b",
        "C:\\x",
        "a\0b",
        "",
        ".",
        "..",
        "x/",
        "link/x",
        "\u{1b}]0;x\u{7}",
        "\u{9b}2J",
        "\u{202e}x",
        "acme/../../x",
        "internal/../../../victim.pdf",
    ];
    plain.map(str::to_owned).into_iter().chain(["x".repeat(5000)]).collect()
}

/// Writes a record and makes the chain and the list agree with it again, as somebody would who knows how: `list` is left to
/// be made from the records by the program.
fn rehash(sandbox: &Sandbox, name: &str, record: &Value) {
    let path = |name: &str| format!("{HOME}/issued/{name}.json");
    let mut bytes = serde_json::to_vec_pretty(record).unwrap();
    bytes.push(b'\n');
    sandbox.write(&path(name), &bytes);
    let old = String::from_utf8(sandbox.read(&format!("{HOME}/issued/index.csv"))).unwrap();
    let mut hashes = vec![(name.to_owned(), sha256(&bytes))];
    if name == "202207" {
        let mut next = sandbox.json(&path("202207-1"));
        next["previous"]["sha256"] = sha256(&bytes).into();
        let mut bytes = serde_json::to_vec_pretty(&next).unwrap();
        bytes.push(b'\n');
        sandbox.write(&path("202207-1"), &bytes);
        hashes.push(("202207-1".to_owned(), sha256(&bytes)));
    }
    let mut list = old;
    for (name, hash) in hashes {
        let record = format!("issued/{name}.json,");
        let lines = list.lines().map(|line| match line.rsplit_once(&record) {
            Some((before, _)) => format!("{before}{record}{hash}\r\n"),
            None => format!("{line}\r\n"),
        });
        list = lines.collect();
    }
    sandbox.write(&format!("{HOME}/issued/index.csv"), list);
}

/// Everything that is not in `out/` or `issued/` of the workspace.
fn outside(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let ours = |path: &str| ["out", "issued"].iter().any(|name| path.starts_with(&format!("{HOME}/{name}/")));
    sandbox.files().into_iter().filter(|(path, _)| !ours(path)).collect()
}

const COMMANDS: [&[&str]; 7] = [
    &["verify", "--all"],
    &["build", "202207", "-q"],
    &["issue", "202207", "-q"],
    &["credit", "INV-202207-0002", "--reason", "y", "--date", "2022-09-02", "-q"],
    &["list"],
    &["explain", "INV-202207-0001"],
    &["build", "202208", "-q"],
];

/// Whether a run ended as a refusal ends: with a message in which nothing reaches the terminal as it is.
fn is_refused(run: &Run) -> bool {
    let has_raw =
        |text: &str| text.contains(|c: char| c != '\n' && c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
    let told = run.stderr.contains("error: ") || run.stdout.contains("changed");
    [1, 2].contains(&run.code)
        && told
        && !has_raw(&run.stderr)
        && !has_raw(&run.stdout)
        && !run.stderr.contains("panicked")
}

/// Fields that are only printed: any text will do, and `verify` and the commands that write compare it with what the rules
/// give. The list of what was issued and the hashes of documents show a reason that was changed.
const TEXTS: [&str; 5] = ["customer_name", "reason", "name", "source", "tool"];

/// Every text of a record × everything that could lead astray, with all hashes as they should be.
#[test]
fn no_text_of_a_record_leads_anywhere() {
    let sandbox = workspace();
    sandbox.write("victim", "untouched");
    sandbox.write("home/victim", "untouched");
    std::fs::create_dir(sandbox.path().join("elsewhere")).unwrap();
    symlink("../../elsewhere", sandbox.path().join(HOME).join("link")).unwrap();
    let before = outside(&sandbox);
    let files: Vec<(String, Vec<u8>)> = sandbox
        .files()
        .into_iter()
        .filter(|(path, _)| path.contains("/issued/") && path.matches('/').count() == 3)
        .collect();
    let mut fields = BTreeSet::new();
    for name in ["202207", "202207-1"] {
        let record = sandbox.json(&format!("{HOME}/issued/{name}.json"));
        for (index, pointer) in kinds(&record, Value::is_string).into_iter().enumerate() {
            let field = pointer.rsplit('/').next().unwrap().to_owned();
            for (turn, value) in hostile().into_iter().enumerate() {
                let is_text = TEXTS.contains(&field.as_str());
                let mut changed = record.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone().into();
                rehash(&sandbox, name, &changed);
                // Every command refuses it for the same reason; each has its turn.
                let turn = (turn + index) % COMMANDS.len();
                let commands = match (is_text, value.as_str()) {
                    (false, "../x") => &COMMANDS[..],
                    // What is a name like any other, or is only printed, is compared with the rules by those who write.
                    (false, "link/x" | "\u{202e}x") => &COMMANDS[..2],
                    (true, "../x" | "\u{1b}]0;x\u{7}") => &COMMANDS[..2],
                    (false, _) => &COMMANDS[turn..=turn],
                    (true, _) => &[],
                };
                for command in commands {
                    let run = run(&sandbox, command);
                    // A program of another name may have written it; control characters no program has in its name.
                    let is_harmless = field == "tool" && value == "../x";
                    assert!(
                        is_harmless || is_refused(&run),
                        "{name} {pointer} = {value:?}, {command:?}: exit code {}\n{}{}",
                        run.code,
                        run.stdout,
                        run.stderr
                    );
                    if command[0] == "verify" && !is_harmless {
                        assert!(run.stdout.contains("changed"), "{name} {pointer} = {value:?}: {}", run.stdout);
                    }
                }
                assert!(outside(&sandbox) == before, "{name} {pointer} = {value:?} touched something");
                files.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
            }
            fields.insert(field);
        }
    }
    assert!(fields.len() >= 20, "only {fields:?}");
    good(run(&sandbox, &["verify", "--all"]));
}

/// The attack of old: what was looked at is copied to where the record says.
#[test]
fn a_record_never_writes_over_a_file_of_mine() {
    let sandbox = workspace();
    sandbox.write("home/.bashrc", "mine");
    let mut record = sandbox.json(&format!("{HOME}/issued/202207.json"));
    let summary = sandbox.read(&format!("{HOME}/issued/202207/summary.json"));
    sandbox.write("home/.summary", &summary);
    record["review"][0] = json!({ "path": "../../.bashrc", "sha256": sha256(b"mine") });
    rehash(&sandbox, "202207", &record);
    let run = run(&sandbox, &["build", "202207"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("error: this is not what `invoicer issue` wrote: review.path is \"../../.bashrc\""),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--> issued/202207.json"), "{}", run.stderr);
    assert_eq!(sandbox.read("home/.bashrc"), b"mine");
}

/// Every number of a record, and numbers no one counts to: an error, whatever is done with it.
#[test]
fn absurd_numbers_are_refused() {
    let sandbox = workspace();
    let files: Vec<(String, Vec<u8>)> = sandbox
        .files()
        .into_iter()
        .filter(|(path, _)| path.contains("/issued/") && path.matches('/').count() == 3)
        .collect();
    let digits = "9".repeat(10_000);
    let deep = "[".repeat(100_000);
    let numbers = ["-1", "18446744073709551615", "4294967295", "1e400", "1.5", &digits, "\"1\"", &deep, "null", "{}"];
    let amounts =
        ["1e99999", "-0e-2147483648", "NaN", "", "0x10", &digits, "1e35", "-999999999999999999999999999999999999"];
    let dates = ["+262142-12-31", "-0001-01-01", "2022-13-01", "10000-01-01", ""];
    for name in ["202207", "202207-1"] {
        let path = format!("{HOME}/issued/{name}.json");
        let record = sandbox.json(&path);
        let mut cases = Vec::new();
        for pointer in kinds(&record, Value::is_number) {
            cases.extend(numbers.map(|number| (pointer.clone(), number.to_owned())));
        }
        for pointer in kinds(&record, Value::is_string) {
            let field = pointer.rsplit('/').next().unwrap();
            let values: &[&str] = match field {
                "amount" | "subtotal" | "tax" | "total" | "cost" | "taxable" | "tax_jpy" => &amounts,
                "issue_date" | "due_date" => &dates,
                "tax_rate" | "rate" => &["4294967295%", "-1%", "1e3%", "%", "101%"],
                "month" => &["999913", "000001", "202207\n", "99999999999999"],
                _ => &[],
            };
            cases.extend(values.iter().map(|value| (pointer.clone(), format!("{value:?}"))));
        }
        assert!(cases.len() > 80, "{}", cases.len());
        for (index, (pointer, text)) in cases.into_iter().enumerate() {
            let mut changed = record.clone();
            *changed.pointer_mut(&pointer).unwrap() = "HERE".into();
            let changed = serde_json::to_string_pretty(&changed).unwrap().replace("\"HERE\"", &text);
            sandbox.write(&path, changed);
            // Both read every field: each field meets both with half of the numbers.
            let command = [&["verify", "202207"][..], &["list"]][(index + index / numbers.len()) % 2];
            let run = run(&sandbox, command);
            let shown = text.get(..30).unwrap_or(&text);
            // An amount of 36 digits can be listed; it is not what was issued.
            let is_shown = command[0] == "list" && run.code == 0;
            let said = format!("{}\n{}{}", run.code, run.stdout, run.stderr);
            assert!(is_shown || is_refused(&run), "{name} {pointer} = {shown}, {command:?}: {said}");
            assert!(said.len() < 20_000, "{name} {pointer} = {shown} is shown whole");
            files.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
        }
    }
}

/// A text of a hundred million characters is refused, and not shown.
#[test]
fn a_text_without_end_is_refused() {
    let sandbox = workspace();
    let path = format!("{HOME}/issued/202207-1.json");
    let record = String::from_utf8(sandbox.read(&path)).unwrap();
    let long = "x".repeat(100_000_000);
    for (field, old) in
        [("total", "\"total\": \""), ("customer_name", "\"customer_name\": \""), ("tool", "\"tool\": \"")]
    {
        let at = record.find(old).unwrap() + old.len();
        sandbox.write(&path, format!("{}{long}{}", &record[..at], &record[at..]));
        let run = run(&sandbox, &["list"]);
        assert!(is_refused(&run), "{field}: {}", run.code);
        assert!(run.stderr.len() < 20_000, "{field} is shown whole");
    }
}

/// What lies in `out/` and is read again: the manifest and the summary of a build.
#[test]
fn no_text_of_a_build_leads_anywhere() {
    let sandbox = workspace();
    sandbox.write("victim", "untouched");
    let before = outside(&sandbox);
    for name in ["manifest.json", "summary.json"] {
        let path = format!("{HOME}/out/202208/{name}");
        let bytes = sandbox.read(&path);
        let record = sandbox.json(&path);
        // What a build was compared with says nothing of what was looked at.
        let is_read =
            |pointer: &String| name == "summary.json" || !pointer.starts_with("/compared") && pointer != "/month";
        let pointers = kinds(&record, |value| value.is_string() || value.is_number()).into_iter().filter(is_read);
        // Two of the texts for each field, others for the next.
        for (index, pointer) in pointers.enumerate() {
            for value in hostile().into_iter().skip(index % 8).step_by(9) {
                let mut changed = record.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone().into();
                sandbox.write(&path, serde_json::to_vec_pretty(&changed).unwrap());
                // It is not what was built, whatever it says: `issue` refuses it.
                let run = run(&sandbox, &["issue", "202208"]);
                assert!(is_refused(&run), "{name} {pointer} = {value:?}: exit code {}\n{}", run.code, run.stderr);
            }
        }
        sandbox.write(&path, &bytes);
    }
    assert!(outside(&sandbox) == before);
    good(run(&sandbox, &["issue", "202208", "-q"]));
}

/// A month's summary is compared with later months, and its rest comes off them.
#[test]
fn an_absurd_summary_is_left_out_and_said_to_be() {
    let sandbox = workspace();
    let path = format!("{HOME}/out/202208/summary.json");
    let rows = ["acme", "bravo"].map(|id| format!("1,20220901,basicCharge,1,310,{id}\n")).concat();
    let bill = format!("imsi,date,billItemName,quantity,amount,customer\n{rows}");
    sandbox.write(&format!("{HOME}/billing/202209/soracom.csv"), bill);
    let summary = sandbox.json(&path);
    let rest = |customer: &str, month: &str, amount: &str| {
        let rests = json!([{ "category": "standard", "rate": "10%", "amount": amount, "cost": "0" }]);
        json!({ "taken": [], "left": [{ "customer": customer, "month": month, "currency": "JPY", "rests": rests }] })
    };
    let mut cases = vec![
        ("/carried", rest("../acme", "202208", "-1")),
        ("/carried", rest("acme", "202001", "-1")),
        ("/carried", rest("acme", "202208", "1e99999")),
        ("/customers/0/id", "../x".into()),
        ("/customers/0/total", "9".repeat(10_000).into()),
        ("/month", "\u{1b}[2J".into()),
    ];
    cases.push(("/customers", json!({})));
    for (pointer, value) in cases {
        let mut changed = summary.clone();
        match changed.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => changed["carried"] = value.clone(),
        }
        sandbox.write(&path, serde_json::to_vec(&changed).unwrap());
        let run = run(&sandbox, &["build", "202209"]);
        assert_eq!(run.code, 0, "{pointer}: {}", run.stderr);
        assert!(
            run.stderr.contains("warning[unreadable-month]: 202208 is not compared with"),
            "{pointer}: {}",
            run.stderr
        );
        assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 20_000, "{pointer}: {}", run.stderr);
    }
}

/// Every field of provenance × everything that could lead astray.
#[test]
fn no_text_of_provenance_leads_anywhere() {
    let sandbox = Sandbox::new();
    let case = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/sakura-api");
    crate::common::copy_tree(&case, &sandbox.path().join(HOME));
    sandbox.write("victim", "untouched");
    let path = format!("{HOME}/billing/202208/sakura/provenance.json");
    let (bytes, provenance) = (sandbox.read(&path), sandbox.json(&path));
    let before = outside(&sandbox);
    let mut refused = 0;
    for (index, pointer) in kinds(&provenance, |value| value.is_string() || value.is_number()).into_iter().enumerate() {
        let field = pointer.rsplit('/').next().unwrap();
        for (turn, value) in hostile().into_iter().enumerate() {
            let mut changed = provenance.clone();
            *changed.pointer_mut(&pointer).unwrap() = value.clone().into();
            sandbox.write(&path, serde_json::to_vec(&changed).unwrap());
            // Each of the three reads it in the same way, and has its turn.
            let commands = [&["check", "202208"][..], &["status", "--offline", "202208"], &["reconcile", "202208"]];
            let command = commands[(turn + index) % 3];
            let run = run(&sandbox, command);
            // What was asked and when is only kept.
            let is_kept = matches!(field, "fetched_at" | "tool" | "method" | "url" | "time");
            let has_control = value.contains(char::is_control);
            // `status` does not look for every file, and a source may have had another name.
            let is_unseen = field == "source" || command[0] == "status" && field == "path";
            let is_kept = is_kept || is_unseen && value == "\u{202e}x";
            assert!(
                run.code == 0 && is_kept && !has_control || is_refused(&run),
                "{pointer} = {value:?}, {command:?}: {}",
                run.stderr
            );
            refused += u32::from(run.code != 0);
        }
        sandbox.write(&path, &bytes);
    }
    assert!(refused > 40, "{refused}");
    // A file that is named twice would be billed twice.
    let mut twice = provenance.clone();
    let files = twice["files"].as_array_mut().unwrap();
    files.push(files[0].clone());
    sandbox.write(&path, serde_json::to_vec(&twice).unwrap());
    let run = run(&sandbox, &["check", "202208"]);
    assert!(is_refused(&run) && run.stderr.contains("files.path is"), "{}", run.stderr);
    sandbox.write(&path, &bytes);
    assert!(outside(&sandbox).into_iter().map(|(path, _)| path).eq(before.into_iter().map(|(path, _)| path)));
}

/// Where a folder is a link, what it leads to stays as it is.
#[test]
fn links_in_the_place_of_folders_are_not_written_through() {
    for link in [
        "out",
        "out/202207",
        "out/202207/acme",
        "issued/202207",
        "issued/202207/workspace",
        "issued/202207/documents",
        "issued/202207/documents/acme",
    ] {
        let sandbox = workspace();
        let elsewhere = sandbox.path().join("elsewhere");
        std::fs::create_dir_all(elsewhere.join("202207")).unwrap();
        sandbox.write("elsewhere/202207/precious", "untouched");
        sandbox.write("elsewhere/precious", "untouched");
        let place = sandbox.path().join(HOME).join(link);
        std::fs::remove_dir_all(&place).unwrap();
        symlink(&elsewhere, &place).unwrap();
        for command in COMMANDS {
            let run = run(&sandbox, command);
            assert!(run.code == 0 || is_refused(&run), "{link}, {command:?}: {}{}", run.stdout, run.stderr);
        }
        for path in ["elsewhere/precious", "elsewhere/202207/precious"] {
            assert_eq!(sandbox.read(path), b"untouched", "{link}");
        }
        let others: Vec<String> = sandbox.files().into_iter().map(|(path, _)| path).collect();
        let strange = others.iter().find(|path| path.starts_with("elsewhere/") && !path.ends_with("precious"));
        // A link in the place of `out` is somebody's other disk: months are written there, beside what is theirs.
        assert!(link == "out" || strange.is_none(), "{link}: {strange:?}");
    }
}

/// File names, customers' names and items with escapes, wherever they are printed.
#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let sandbox = Sandbox::new();
    let evil = "a\u{1b}]0;owned\u{7}b\u{202e}c\u{9b}2J";
    let quoted = "a\\u001B]0;owned\\u0007b\\u202Ec\\u009B2J";
    sandbox.write("invoicer.toml", WORKSPACE);
    let customer = format!("name = \"{quoted}\"\n[[match]]\ntag = {{ customer = \"acme\" }}\n");
    sandbox.write(&format!("customers/{}.toml", "\u{202e}acme"), customer);
    let bill = format!("imsi,date,billItemName,quantity,amount,customer\n1,20220701,{evil},1,310,acme\n");
    sandbox.write("billing/202207/soracom.csv", bill);
    let id = "202207/\u{202e}acme";
    let mut shown = 0;
    for command in [
        &["build", "202207"][..],
        &["build", "202207", "--json"],
        &["explain", id],
        &["explain", id, "--json"],
        &["status"],
        &["reconcile", "202207"],
        &["issue", "202207"],
        &["issue", "202207", "--json"],
        &["list"],
        &["list", "--json"],
        &["verify", "202207"],
        &["explain", "INV-202207-0001"],
        &["build", "202207"],
        &["explain", "x\u{1b}]0;y"],
        &["whatif", "--pricing", "invoicer.toml", "--months", "202207"],
    ] {
        let run = sandbox.run(command);
        for text in [&run.stdout, &run.stderr] {
            let raw = text.chars().find(|c| {
                *c != '\n' && c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(raw, None, "{command:?}: {text:?}");
            shown += text.matches("owned").count() + text.matches("{202e}").count() + text.matches("\\u202e").count();
        }
    }
    assert!(shown >= 10, "{shown}");
}
