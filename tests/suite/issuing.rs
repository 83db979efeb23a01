//! From built to issued: numbers, locks, credit notes, and what is found when anything changes afterwards.

use std::collections::{BTreeMap, BTreeSet};

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

[tax]
rounding = "up"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
"#;

/// Two customers; `zeta` is new in the third month. The columns are those of SORACOM's billing detail CSV.
pub(crate) fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE);
    for (id, name) in [("acme", "アクメ株式会社"), ("bravo", "Bravo Ltd.")] {
        let text = format!("name = \"{name}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
        sandbox.write(&format!("customers/{id}.toml"), text);
    }
    bill(&sandbox, "202207", &[("acme", "310"), ("bravo", "155")]);
    bill(&sandbox, "202208", &[("acme", "620"), ("bravo", "155")]);
    sandbox
}

fn bill(sandbox: &Sandbox, month: &str, rows: &[(&str, &str)]) {
    let mut text = "imsi,date,billItemName,quantity,amount,customer\n".to_owned();
    for (index, (customer, amount)) in rows.iter().enumerate() {
        text += &format!("44010000000000{index},{month}01,basicCharge,31,{amount},{customer}\n");
    }
    sandbox.write(&format!("billing/{month}/soracom.csv"), text);
}

pub(crate) fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

fn build_and_issue(sandbox: &Sandbox, month: &str) {
    good(sandbox.run(&["build", month, "--quiet"]));
    good(sandbox.run(&["issue", month, "--quiet"]));
}

/// Number and total of everything in a record.
fn totals(sandbox: &Sandbox, record: &str) -> Vec<(String, String)> {
    let record = sandbox.json(record);
    let documents = record["documents"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    documents.iter().map(|document| (text(&document["number"]), text(&document["total"]))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

/// The life of three months. acme: 310 × 1.15 = 356.5, so 357, with tax of 35.7, so 36: 393. bravo: 178.25, so 179, and
/// 17.9, so 18: 197. In August acme: 713 and 71.3, so 72: 785. September: acme 357 at first; corrected to a markup of 20 %,
/// 372 and 37.2, so 38: 410; zeta: 100 × 1.15 = 115 and 11.5, so 12: 127.
#[test]
fn the_life_of_three_months() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    assert_eq!(
        totals(&sandbox, "issued/202207.json"),
        pairs(&[("INV-202207-0001", "393"), ("INV-202207-0002", "197")])
    );
    build_and_issue(&sandbox, "202208");
    assert_eq!(
        totals(&sandbox, "issued/202208.json"),
        pairs(&[("INV-202208-0003", "785"), ("INV-202208-0004", "197")])
    );
    let record = sandbox.json("issued/202208.json");
    assert_eq!(record["previous"]["file"], "202207.json");
    assert_eq!(record["previous"]["sha256"], sha256(&sandbox.read("issued/202207.json")));

    // A new customer comes, and the month is credited and issued again.
    sandbox.write("customers/zeta.toml", "name = \"Zeta\"\n[[match]]\ntag = { customer = \"zeta\" }\n");
    bill(&sandbox, "202209", &[("acme", "310"), ("zeta", "100")]);
    build_and_issue(&sandbox, "202209");
    assert_eq!(
        totals(&sandbox, "issued/202209.json"),
        pairs(&[("INV-202209-0005", "393"), ("INV-202209-0006", "127")])
    );
    let customer = "name = \"アクメ株式会社\"\n[[match]]\ntag = { customer = \"acme\" }\n[pricing]\nmarkup = \"20%\"\n";
    sandbox.write("customers/acme.toml", customer);
    let reason = "料率の誤り";
    good(sandbox.run(&["credit", "INV-202209-0005", "--reason", reason, "--reissue", "--date", "2022-10-12", "-q"]));
    let corrected = pairs(&[("CN-INV-202209-0005", "-393"), ("INV-202209-0007", "410")]);
    assert_eq!(totals(&sandbox, "issued/202209-1.json"), corrected);

    // Both say what they are about, on the page and in the data.
    let note = sandbox.json("out/202209/acme/CN-INV-202209-0005.json");
    assert_eq!(note["kind"], "credit-note");
    assert_eq!(note["status"], "issued");
    assert_eq!((&note["original"]["number"], &note["original"]["reason"]), (&"INV-202209-0005".into(), &reason.into()));
    assert_eq!(note["original"]["issue_date"], "2022-10-01");
    let again = sandbox.json("out/202209/acme/INV-202209-0007.json");
    assert_eq!((&again["kind"], &again["original"]["number"]), (&"invoice".into(), &"INV-202209-0005".into()));
    assert_eq!((&again["issue_date"], &again["due_date"]), (&"2022-10-12".into(), &"2022-11-11".into()));
    for name in ["CN-INV-202209-0005", "INV-202209-0007"] {
        let html = String::from_utf8(sandbox.read(&format!("out/202209/acme/{name}.html"))).unwrap();
        assert!(html.contains("INV-202209-0005") && html.contains(reason), "{name}");
    }

    // September is as issued with the new rules; July and August would be otherwise by them, and are left alone.
    assert_eq!(good(sandbox.run(&["verify", "202209"])).stdout, "202209: same (4 documents)\n");
    let run = sandbox.run(&["verify", "--all"]);
    assert_eq!(run.code, 1);
    let expected = "202207: rules changed, result changed (2 documents)\n  customers/acme.toml: the file changed\n  \
                    INV-202207-0001: total 393 JPY when issued, 410 JPY now\n202208: rules changed, result changed (2 \
                    documents)\n  customers/acme.toml: the file changed\n  INV-202208-0003: total 785 JPY when issued, \
                    819 JPY now\n202209: same (4 documents)\n";
    assert_eq!(run.stdout, expected);
    good(sandbox.run(&["verify", "--all", "--as-issued"]));
    let before = sandbox.files();
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("customers/acme.toml changed") && run.stderr.contains("--as-issued"), "{}", run.stderr);
    assert!(sandbox.files() == before);

    // An issued figure is explained with the rules of its time, whatever they are now.
    let run = good(sandbox.run(&["explain", "INV-202208-0003", "1"]));
    assert!(run.stdout.contains("620 × 1.15 = 713"), "{}", run.stdout);
    assert!(run.stderr.contains("issued/202208/workspace"), "{}", run.stderr);
    let run = good(sandbox.run(&["explain", "INV-202209-0007", "1"]));
    assert!(run.stdout.contains("310 × 1.2 = 372"), "{}", run.stdout);
    let run = good(sandbox.run(&["explain", "CN-INV-202209-0005"]));
    assert!(run.stdout.contains("total: -357 - 36 = -393; left of INV-202209-0005: 0"), "{}", run.stdout);

    // out/ is safe to delete: every month comes out again, byte for byte.
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    good(sandbox.run(&["build", "202207", "--as-issued", "-q"]));
    good(sandbox.run(&["build", "202208", "--as-issued", "-q"]));
    good(sandbox.run(&["build", "202209", "-q"]));
    assert!(sandbox.files() == before);

    let list = good(sandbox.run(&["list", "--from", "202210", "--min", "0", "--json"])).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let numbers: Vec<&str> = list.as_array().unwrap().iter().map(|row| row["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["INV-202209-0005", "INV-202209-0006", "INV-202209-0007"]);
    assert_eq!(list[0]["replaced_by"], "INV-202209-0007");
    assert_eq!(list[2]["sha256"], sha256(&sandbox.read("out/202209/acme/INV-202209-0007.pdf")));
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Ends the program at each of its writes in turn, then runs it again: the same files as a run that was never interrupted.
fn survives_interruptions(prepared: &Sandbox, arguments: &[&str]) {
    let whole = prepared.copy();
    good(whole.run(arguments));
    let expected: BTreeMap<String, Vec<u8>> = whole.files().into_iter().collect();
    let mut points = 0;
    loop {
        let sandbox = prepared.copy();
        let point = (points + 1).to_string();
        let run = sandbox.run_with(arguments, &[("INVOICER_INTERRUPT_AT", &point)]);
        if run.code == 0 {
            break;
        }
        assert_eq!(run.code, -1, "point {point}: {}", run.stderr);
        points += 1;
        let half = sandbox.files();
        for (path, bytes) in half.iter().filter(|(path, _)| is_record(path)) {
            assert!(Some(bytes) == expected.get(path), "point {point}: {path} is half written");
            let kept = format!("{}/documents/", path.trim_end_matches(".json"));
            for (path, _) in expected.iter().filter(|(path, _)| path.starts_with(&kept)) {
                assert!(half.iter().any(|(written, _)| written == path), "point {point}: {path} is missing");
            }
        }
        let again = sandbox.run(arguments);
        // Interrupted when everything was in its place, a credit note is there, and the second is refused.
        let refused = again.code == 1 && again.stderr.contains("CN-");
        assert!(again.code == 0 || refused, "point {point}: {}", again.stderr);
        let files: BTreeMap<String, Vec<u8>> =
            sandbox.files().into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect();
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(names(&files), names(&expected), "point {point}");
        for (path, bytes) in &files {
            assert!(expected[path] == *bytes, "point {point}: {path} differs");
        }
    }
    assert!(points >= 12, "only {points} points were passed");
}

fn is_record(path: &str) -> bool {
    path.starts_with("issued/2") && path.ends_with(".json") && path.matches('/').count() == 1
}

#[test]
fn an_interrupted_issue_gives_the_same_numbers() {
    let sandbox = workspace();
    good(sandbox.run(&["build", "202207", "-q"]));
    survives_interruptions(&sandbox, &["issue", "202207", "-q"]);
}

#[test]
fn an_interrupted_credit_gives_one_credit_note() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    let common = ["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-09-01", "-q"];
    survives_interruptions(&sandbox, &[&common[..], &["--reissue"]].concat());
    survives_interruptions(&sandbox, &[&common[..], &["--line", "1=100"]].concat());
}

/// One byte of any file that an issued month consists of is changed: verify finds it, says of what kind it is, and leaves
/// everything as it is.
#[test]
fn any_changed_byte_is_found() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    build_and_issue(&sandbox, "202208");
    let files = sandbox.files();
    let (mut kinds, mut looked_at) = (BTreeSet::new(), 0);
    for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with(".lock")) {
        let month = if path.contains("202207") { "202207" } else { "202208" };
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        // Another letter or digit, so that text stays text.
        let position = (middle..changed.len()).find(|at| changed[*at].is_ascii_alphanumeric()).unwrap_or(middle);
        changed[position] = if changed[position] == b'1' { b'2' } else { b'1' };
        sandbox.write(path, &changed);
        let run = sandbox.run(&["verify", month]);
        let kind = match path.split('/').next().unwrap() {
            "billing" => "inputs changed",
            "issued" if path.contains("/documents/") => "kept document changed",
            "issued" => "lock changed",
            "out" => "document changed",
            _ => "rules changed",
        };
        assert!(run.stdout.contains(kind), "{path}: {}", run.stdout);
        // A rule that leaves the figures as they are is reported, and nothing is wrong.
        let is_harmless = kind == "rules changed" && run.stdout.contains("rules changed since; figures equal");
        assert_eq!(run.code, i32::from(!is_harmless), "{path}: {}", run.stdout);
        kinds.insert(kind);
        looked_at += 1;
        sandbox.write(path, bytes);
    }
    assert_eq!((kinds.len(), looked_at), (5, files.len()));
    good(sandbox.run(&["verify", "--all"]));
    assert!(sandbox.files() == files);
}

/// A record that is gone, or another in its place.
#[test]
fn the_chain_shows_what_is_missing() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    build_and_issue(&sandbox, "202208");
    let (first, second) = (sandbox.read("issued/202207.json"), sandbox.read("issued/202208.json"));
    let remove = |path: &str| std::fs::remove_file(sandbox.path().join(path)).unwrap();
    remove("issued/202207.json");
    let run = sandbox.run(&["verify", "--all"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("issued/202208.json: the record before it, 202207.json, is missing"), "{}", run.stdout);
    // Nothing more is issued upon a broken chain.
    bill(&sandbox, "202209", &[("acme", "310")]);
    assert_eq!(sandbox.run(&["build", "202209", "-q"]).code, 1);
    assert_eq!(sandbox.run(&["issue", "202209"]).code, 1);
    sandbox.write("issued/202207.json", &first);
    remove("issued/202208.json");
    let run = sandbox.run(&["verify", "--all"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("issued/index.csv"), "{}", run.stdout);
    sandbox.write("issued/202208.json", second);
    good(sandbox.run(&["verify", "--all"]));
}

/// Two runs at once: each ends well or says that the other is at it, and no number is given twice.
#[test]
fn two_runs_at_once_give_each_number_once() {
    let sandbox = workspace();
    good(sandbox.run(&["build", "202207", "-q"]));
    good(sandbox.run(&["build", "202208", "-q"]));
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let run = |month: &'static str| {
            let sandbox = &sandbox;
            scope.spawn(move || sandbox.run(&["issue", month, "-q"]))
        };
        let started = [run("202207"), run("202208"), run("202207"), run("202208")];
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for run in runs.iter().filter(|run| run.code != 0) {
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("another run issues or credits invoices, or adds an adjustment"), "{}", run.stderr);
    }
    assert!(runs.iter().any(|run| run.code == 0));
    good(sandbox.run(&["issue", "202207", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    let mut numbers: Vec<String> = ["issued/202207.json", "issued/202208.json"]
        .iter()
        .flat_map(|record| totals(&sandbox, record))
        .map(|(number, _)| number[number.len() - 4..].to_owned())
        .collect();
    numbers.sort();
    assert_eq!(numbers, ["0001", "0002", "0003", "0004"]);
    good(sandbox.run(&["verify", "--all"]));
}

/// Invoice and credit notes add up to nought in every figure, whether taken back at once or in parts.
#[test]
fn invoice_and_credit_notes_add_up_to_nought() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202208");
    let credit = |number: &str, more: &[&str]| {
        let common = ["credit", number, "--reason", "x", "--date", "2022-09-20", "-q"];
        sandbox.run(&[&common[..], more].concat())
    };
    // 713 in parts of 5, 100 and the rest: tax of 0.5, up to 1; of 10.5 in all, up to 11, so 10; of 71.3, up to 72, so 61.
    good(credit("INV-202208-0001", &["--line", "1=5"]));
    good(credit("INV-202208-0001", &["--line", "1=100"]));
    let run = credit("INV-202208-0001", &["--line", "1=100"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("CN-INV-202208-0001-2 takes back the same"), "{}", run.stderr);
    good(credit("INV-202208-0001", &[]));
    good(credit("INV-202208-0002", &[]));
    let totals = |note: &str, customer: &str| {
        let note = sandbox.json(&format!("out/202208/{customer}/{note}.json"));
        ["subtotal", "tax", "total"].map(|key| note[key].as_str().unwrap().parse::<i64>().unwrap())
    };
    assert_eq!(totals("CN-INV-202208-0001", "acme"), [-5, -1, -6]);
    assert_eq!(totals("CN-INV-202208-0001-2", "acme"), [-100, -10, -110]);
    assert_eq!(totals("CN-INV-202208-0001-3", "acme"), [-608, -61, -669]);
    assert_eq!(totals("INV-202208-0001", "acme"), [713, 72, 785]);
    let (whole, note) = (
        sandbox.json("out/202208/internal/bravo/INV-202208-0002.json"),
        sandbox.json("out/202208/internal/bravo/CN-INV-202208-0002.json"),
    );
    let negated = |value: &serde_json::Value| match value.as_str().unwrap() {
        text if text.starts_with('-') => text[1..].to_owned(),
        text => format!("-{text}"),
    };
    for path in ["/subtotal", "/tax", "/total", "/items/0/amount", "/items/0/cost", "/items/0/quantity"] {
        assert_eq!(note.pointer(path).unwrap(), &negated(whole.pointer(path).unwrap()), "{path}");
    }
    for path in ["/tax_subtotals/0/taxable", "/tax_subtotals/0/tax"] {
        assert_eq!(note.pointer(path).unwrap(), &negated(whole.pointer(path).unwrap()), "{path}");
    }
    let run = credit("INV-202208-0002", &[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("taken back whole by CN-INV-202208-0002"), "{}", run.stderr);
    good(sandbox.run(&["verify", "202208"]));
}

/// What is not reviewed as it is, is not issued.
#[test]
fn unreviewed_changes_are_refused() {
    let sandbox = workspace();
    let refused = |expected: &str| {
        let run = sandbox.run(&["issue", "202207"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert!(!sandbox.path().join("issued/202207.json").exists());
    };
    refused("202207 has not been built");
    good(sandbox.run(&["build", "202207", "--draft", "-q"]));
    refused("is a draft");
    good(sandbox.run(&["build", "202207", "--customer", "acme", "-q"]));
    refused("has no PDF for \"bravo\"");
    good(sandbox.run(&["build", "202207", "--format", "html,json", "-q"]));
    refused("has no PDF for \"acme\"");
    good(sandbox.run(&["build", "202207", "-q"]));
    let text = sandbox.read("invoicer.toml");
    sandbox.write("invoicer.toml", WORKSPACE.replace("15%", "16%"));
    refused("invoicer.toml has changed");
    sandbox.write("invoicer.toml", text);
    let page = "out/202207/acme/INV-202207-draft.html";
    let bytes = sandbox.read(page);
    sandbox.write(page, [&bytes[..], b" "].concat());
    refused("the file has changed since the build wrote it");
    sandbox.write(page, bytes);
    sandbox.write("billing/202207/soracom-2.csv", "imsi,date,billItemName,amount,customer\n1,20220702,x,1,acme\n");
    refused("billing/202207/soracom-2.csv has changed");
    std::fs::remove_file(sandbox.path().join("billing/202207/soracom-2.csv")).unwrap();
    good(sandbox.run(&["issue", "202207", "-q"]));
    // Nothing issued is overwritten by a draft.
    let run = sandbox.run(&["build", "202207", "--draft"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("--out DIR"), "{}", run.stderr);
    good(sandbox.run(&["build", "202207", "--draft", "--out", "drafts", "-q"]));
    good(sandbox.run(&["verify", "202207"]));
}

/// The month under way cannot be issued, however complete its file looks.
#[test]
fn a_month_that_goes_on_is_refused() {
    let sandbox = workspace();
    bill(&sandbox, "299901", &[("acme", "310")]);
    good(sandbox.run(&["build", "299901", "-q"]));
    let run = sandbox.run(&["issue", "299901"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("cannot be issued before 2999-02-01"), "{}", run.stderr);
}

/// A number that does not change from month to month is refused before anything is written, and before it is issued.
#[test]
fn a_number_is_given_once() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", WORKSPACE.replace("INV-{month}-{seq:04}", "INV-{customer}"));
    build_and_issue(&sandbox, "202207");
    let before = sandbox.files();
    for command in ["check", "build", "issue"] {
        let run = sandbox.run(&[command, "202208"]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains("the number INV-acme was given before"), "{}", run.stderr);
        assert!(sandbox.files() == before);
    }
}

/// The month after is compared with what stands: 393 less 110 for acme, nothing for bravo, whose invoice was taken back.
#[test]
fn later_months_are_compared_with_what_stands() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    good(sandbox.run(&["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-08-20", "--line", "1=100", "-q"]));
    good(sandbox.run(&["credit", "INV-202207-0002", "--reason", "x", "--date", "2022-08-20", "-q"]));
    good(sandbox.run(&["build", "202208", "-q"]));
    let summary = sandbox.json("out/202208/summary.json");
    let previous = |index: usize| summary["customers"][index]["previous_total"].clone();
    assert_eq!((previous(0), previous(1)), ("283".into(), serde_json::Value::Null));
    sandbox.write("prices.toml", "[pricing]\nmarkup = \"15%\"\n");
    let run = good(sandbox.run(&["whatif", "--pricing", "prices.toml", "--months", "202207", "--json"]));
    let compared: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let acme = &compared["customers"][0];
    assert_eq!((&acme["customer"], &acme["old"]["subtotal"]), (&"acme".into(), &"257".into()), "{compared}");
    // The provider charges 310 for acme and 155 for bravo, whatever was given back: 257 − 310, and 0 − 155.
    assert_eq!((&acme["old"]["cost"], &acme["old"]["margin"]), (&"310".into(), &"-53".into()), "{compared}");
    assert_eq!(compared["customers"][1]["old"]["margin"], "-155", "{compared}");
    // A whole line, too.
    good(sandbox.run(&["credit", "INV-202207-0001", "--reason", "y", "--date", "2022-08-20", "--line", "1", "-q"]));
    let run = good(sandbox.run(&["whatif", "--pricing", "prices.toml", "--months", "202207", "--json"]));
    let compared: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(compared["customers"][0]["old"]["margin"], "-310", "{compared}");
}

/// Rules are changed for later months: as long as they give the same figures, nothing is wrong with an earlier one.
#[test]
fn changed_rules_with_equal_figures_are_the_same() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    let customer = sandbox.read("customers/acme.toml");
    let from_august = "[[pricing.rule]]\nitem = \"*\"\nmarkup = \"30%\"\nfrom = \"202208\"\n";
    sandbox.write("customers/acme.toml", [&customer[..], from_august.as_bytes()].concat());
    let run = good(sandbox.run(&["verify", "202207"]));
    let expected = "202207: same (rules changed since; figures equal) (2 documents)\n  customers/acme.toml: the file \
                    changed\n";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));
    let run = good(sandbox.run(&["verify", "202207", "--json"]));
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let month = &report["months"][0];
    assert_eq!((&month["same"], &month["findings"]), (&true.into(), &serde_json::json!([])), "{report}");
    assert_eq!(month["note"], "rules changed since; figures equal");
    assert_eq!(month["changed_rules"][0]["file"], "customers/acme.toml");
    assert_eq!(good(sandbox.run(&["verify", "202207", "--as-issued"])).stdout, "202207: same (2 documents)\n");
    good(sandbox.run(&["build", "202207", "-q"]));
    // 310 × 1.3 = 403 and 41 of tax (40.3): 444 from July on, instead of 393.
    let always = String::from_utf8(customer).unwrap() + &from_august.replace("202208", "202207");
    sandbox.write("customers/acme.toml", always);
    let run = sandbox.run(&["verify", "202207"]);
    assert_eq!(run.code, 1);
    let expected = "202207: rules changed, result changed (2 documents)\n  customers/acme.toml: the file changed\n  \
                    INV-202207-0001: total 393 JPY when issued, 444 JPY now\n";
    assert_eq!(run.stdout, expected);
    // A month that changed in another way keeps its finding, and the rules are told with it.
    sandbox.write(
        "customers/acme.toml",
        String::from_utf8(sandbox.read("customers/acme.toml")).unwrap().replace("202207", "202208"),
    );
    let bytes = sandbox.read("out/202207/acme/INV-202207-0001.html");
    sandbox.write("out/202207/acme/INV-202207-0001.html", [&bytes[..], b" "].concat());
    let run = sandbox.run(&["verify", "202207"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("202207: rules changed, document changed (2 documents)\n"), "{}", run.stdout);
}

/// A month that is issued can be made for some customers, and what is there is not lost for one that does not exist.
#[test]
fn single_customers_of_an_issued_month() {
    let sandbox = workspace();
    build_and_issue(&sandbox, "202207");
    let before = sandbox.files();
    let run = sandbox.run(&["build", "202207", "--customer", "acne"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("did you mean \"acme\"?"), "{}", run.stderr);
    assert!(sandbox.files() == before);
    good(sandbox.run(&["build", "202207", "--customer", "acme", "-q"]));
    assert!(!sandbox.path().join("out/202207/bravo").exists());
    good(sandbox.run(&["verify", "202207"]));
    good(sandbox.run(&["build", "202207", "-q"]));
    assert!(sandbox.files() == before);
}

/// The second credit note of an invoice and the first of its correction would have one number, and a correction that of
/// another customer's invoice: each gets the next that is free.
#[test]
fn no_document_gets_the_number_of_another() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", WORKSPACE.replace("INV-{month}-{seq:04}", "{month}-{customer}"));
    sandbox.write("customers/acme-2.toml", "name = \"Acme 2\"\n[[match]]\ntag = { customer = \"acme-2\" }\n");
    bill(&sandbox, "202207", &[("acme", "310"), ("acme-2", "155")]);
    build_and_issue(&sandbox, "202207");
    let credit = |number: &str, more: &[&str]| {
        let common = ["credit", number, "--reason", "x", "--date", "2022-08-20", "-q"];
        good(sandbox.run(&[&common[..], more].concat()));
    };
    credit("202207-acme", &["--line", "1=100"]);
    credit("202207-acme", &["--reissue"]);
    let numbers = |record: &str| -> Vec<String> {
        totals(&sandbox, &format!("issued/{record}.json")).into_iter().map(|(number, _)| number).collect()
    };
    assert_eq!(numbers("202207-1"), ["CN-202207-acme"]);
    assert_eq!(numbers("202207-2"), ["CN-202207-acme-2", "202207-acme-3"]);
    credit("202207-acme-2", &[]);
    assert_eq!(numbers("202207-3"), ["CN-202207-acme-2-2"]);
    good(sandbox.run(&["verify", "202207"]));
}

/// Names of files by date, customer and total (電子帳簿保存法): a credit note of another total has another name, and where
/// two would have one, the number is put behind.
#[test]
fn file_names_by_date_customer_and_total() {
    let sandbox = workspace();
    let names = "due-date = \"+30d\"\nfile-name = \"{issue-date}_{customer-name}_{total}\"";
    sandbox.write("invoicer.toml", WORKSPACE.replace("due-date = \"+30d\"", names));
    build_and_issue(&sandbox, "202207");
    let arguments = ["credit", "INV-202207-0001", "--reason", "x", "--date", "2022-08-01", "--reissue", "-q"];
    good(sandbox.run(&arguments));
    for name in ["2022-08-01_アクメ株式会社_393", "2022-08-01_アクメ株式会社_-393"] {
        assert!(sandbox.path().join(format!("out/202207/acme/{name}.pdf")).is_file(), "{name}");
    }
    // The corrected invoice has the same date and total.
    let again = "out/202207/acme/2022-08-01_アクメ株式会社_393_INV-202207-0003.json";
    assert_eq!(sandbox.json(again)["number"], "INV-202207-0003");
    good(sandbox.run(&["verify", "202207"]));
}
