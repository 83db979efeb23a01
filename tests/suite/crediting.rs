//! Credit notes for parts of an invoice: what they take back, what they refuse, and how they are explained.

use crate::common::{Run, Sandbox};

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// billing-rules §8, issued: acme is billed 357 + 15 − 37 = 335 and 34 of tax, 369.
fn issued() -> Sandbox {
    let sandbox = crate::explain::worked_example();
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    sandbox
}

fn credit(sandbox: &Sandbox, more: &[&str]) -> Run {
    let common = ["credit", "INV-202208-acme", "--reason", "解約", "--date", "2022-09-20", "-q"];
    sandbox.run(&[&common[..], more].concat())
}

/// 300 of line 1: tax of 30. Then 7 of line 2: 307 in all, 30.7, up to 31, so 1. Then the rest, 28 and 34 − 31 = 3.
#[test]
fn parts_end_at_the_invoice() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "1=300"]));
    let run = credit(&sandbox, &["--line", "1", "--line", "2"]);
    assert_eq!(run.code, 1);
    let expected =
        "lines 1, 2 of INV-202208-acme are 72 JPY, but only 35 JPY of standard 10% items are left to take back";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    good(credit(&sandbox, &["--line", "2=7"]));
    good(credit(&sandbox, &[]));
    let record = |name: &str| sandbox.json(&format!("issued/202208-{name}.json"))["documents"][0].clone();
    let figures = |name: &str| ["subtotal", "tax", "total"].map(|key| record(name)[key].as_str().unwrap().to_owned());
    assert_eq!(figures("1"), ["-300", "-30", "-330"]);
    assert_eq!(figures("2"), ["-7", "-1", "-8"]);
    assert_eq!(figures("3"), ["-28", "-3", "-31"]);
    good(sandbox.run(&["verify", "--all"]));
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["verify", "--all"]));
}

#[test]
fn credit_notes_are_explained_line_by_line() {
    let sandbox = issued();
    good(credit(&sandbox, &["--line", "1=300"]));
    good(credit(&sandbox, &["--line", "1=5", "--line", "2=2"]));
    let expected = "\
CN-INV-202208-acme-2: acme, 202208, JPY, takes back INV-202208-acme

line  item                                     invoice's line  invoiced  before  now  left
   1  基本料金 (basicCharge)                                1       357    -300   -5    52
   2  データ通信料（上り） (uploadDataCharge)               2        15       0   -2    13
      subtotal                                                                    -7

tax, standard 10%: -5 - 2 = -7, with -300 before -307, of 335 invoiced
  -307 × 10% = -30.7 → up → -31; -31 so far less -30 before = -1; of 34 invoiced
total: -7 - 1 = -8; left of INV-202208-acme: 31
rounding of tax: up (default)
how the lines were billed: invoicer explain INV-202208-acme LINE
";
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2"]));
    assert_eq!(run.stdout, expected);
    assert!(run.stderr.contains("issued/202208/workspace"), "{}", run.stderr);

    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2", "2"]));
    assert!(run.stdout.contains("uploadDataCharge") && !run.stdout.contains("basicCharge"), "{}", run.stdout);
    assert!(run.stdout.contains("-31 so far less -30 before = -1") && !run.stdout.contains("total:"), "{}", run.stdout);

    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme-2", "--json"]));
    let explanation: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(explanation["kind"], "credit-note");
    assert_eq!(explanation["original"]["number"], "INV-202208-acme");
    let of = |value: &serde_json::Value, keys: &[&str]| -> Vec<String> {
        keys.iter().map(|key| value[key].as_str().unwrap_or("-").to_owned()).collect()
    };
    let keys = ["invoiced", "before", "amount", "left"];
    assert_eq!(of(&explanation["lines"][0], &keys), ["357", "-300", "-5", "52"]);
    let keys =
        ["taxable", "taxable_before", "taxable_so_far", "exact", "tax_so_far", "tax_before", "tax", "tax_invoiced"];
    let expected = ["-7", "-300", "-307", "-30.7", "-31", "-30", "-1", "34"];
    assert_eq!(of(&explanation["taxes"][0], &keys), expected);
    assert_eq!(of(&explanation["totals"], &["subtotal", "tax", "total", "left"]), ["-7", "-1", "-8", "31"]);

    let run = sandbox.run(&["explain", "CN-INV-202208-acme-2", "3"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("CN-INV-202208-acme-2 has no line 3"), "{}", run.stderr);
    let run = sandbox.run(&["explain", "CN-INV-202208-acme-2", "--resource", "*"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("invoicer explain INV-202208-acme --resource ID"), "{}", run.stderr);
}

/// `round-at = "invoice"`: 356.5 + 14.4325 − 36.118395 = 334.814105, up to 335, with 0.185895 of 端数調整. Line 2 alone is
/// 14.4325, up to 15; its tax of 1.5, up to 2. With line 1 and the discount 320 and 32 are left.
#[test]
fn exact_lines_are_rounded_to_the_currency() {
    let sandbox = crate::explain::worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("\"15%\"", "\"15%\"\nround-at = \"invoice\""));
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    good(credit(&sandbox, &["--line", "2"]));
    let again = credit(&sandbox, &["--line", "2=14.4325"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    let documents = |name: &str| sandbox.json(&format!("issued/202208{name}.json"))["documents"][0].clone();
    assert_eq!(documents("")["total"], "369");
    let lines = |document: &serde_json::Value| -> Vec<String> {
        let items = document["items"].as_array().unwrap();
        items.iter().map(|item| format!("{} {} {}", item["line"], item["kind"], item["amount"])).collect()
    };
    let note = documents("-1");
    assert_eq!(lines(&note), ["2 \"usage\" \"-14.4325\"", "4 \"rounding\" \"-0.5675\""]);
    assert_eq!((&note["subtotal"], &note["tax"], &note["total"]), (&"-15".into(), &"-2".into(), &"-17".into()));
    good(credit(&sandbox, &[]));
    let rest = documents("-2");
    assert_eq!((&rest["subtotal"], &rest["tax"], &rest["total"]), (&"-320".into(), &"-32".into(), &"-352".into()));
    // 0.185895 of the invoice and −0.5675 taken back: the 0.381605 too much come off the rest.
    assert_eq!(lines(&rest).last().unwrap(), "4 \"rounding\" \"0.381605\"");
    good(sandbox.run(&["verify", "--all"]));
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme"]));
    assert!(run.stdout.contains("(rounding)"), "{}", run.stdout);
}
