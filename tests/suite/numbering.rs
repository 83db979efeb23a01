//! Dates and numbers of invoices: `month+N-D`, where running numbers begin and begin again, documents over 0.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use crate::common::Sandbox;

/// acme and bravo, who are billed 100 each in the months of [`bill`].
fn workspace(invoice: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n{source}[invoice]\n{invoice}"));
    for id in ["acme", "bravo"] {
        let text = format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
        sandbox.write(&format!("customers/{id}.toml"), text);
    }
    sandbox
}

/// A month's bill: customers with an amount each.
fn bill(sandbox: &Sandbox, month: &str, rows: &[(&str, i64)]) {
    let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for (index, (customer, amount)) in rows.iter().enumerate() {
        let item = if *amount < 0 { "coupon" } else { "basicCharge" };
        text += &format!("{index},{month}01,{item},,,{amount},{customer}\n");
    }
    sandbox.write(&format!("billing/{month}/a.csv"), text);
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// Builds and issues a month; returns its numbers.
fn issue(sandbox: &Sandbox, month: &str) -> Vec<String> {
    run(sandbox, &["build", month, "--quiet"]);
    run(sandbox, &["issue", month, "--quiet"]);
    numbers(sandbox, month)
}

fn numbers(sandbox: &Sandbox, record: &str) -> Vec<String> {
    let record = sandbox.json(&format!("issued/{record}.json"));
    let documents = record["documents"].as_array().unwrap();
    documents.iter().map(|document| document["number"].as_str().unwrap().to_owned()).collect()
}

/// 31 October 2022 is a Monday. March 2022 belongs to fiscal 2021.
#[test]
fn dates_and_names_follow_from_the_billed_month() {
    let sandbox = workspace(
        "issue-date = \"month+0-20\"\ndue-date = \"month+2-end\"\nnumber = \"{yy}{mm}-{customer}\"\n\
         file-name = \"{year}_{fiscal-year}_{number}\"\nsubject = \"{fiscal-year}年度 {mm}月\"\n",
    );
    for (month, name, dates) in [
        ("202208", "2022_2022_2208-acme", ["2022-08-20", "2022-10-31"]),
        ("202203", "2022_2021_2203-acme", ["2022-03-20", "2022-05-31"]),
    ] {
        bill(&sandbox, month, &[("acme", 100), ("bravo", 100)]);
        run(&sandbox, &["build", month, "--format", "json"]);
        let invoice = sandbox.json(&format!("out/{month}/acme/{name}.json"));
        assert_eq!([&invoice["issue_date"], &invoice["due_date"]], dates);
        let subject = if month == "202208" { "2022年度 08月" } else { "2021年度 03月" };
        assert_eq!(invoice["subject"], subject);
    }
}

/// 124 is the next number of the system before. April begins fiscal 2022; a correction for March still counts in fiscal 2021.
#[test]
fn running_numbers_begin_again_with_the_fiscal_year() {
    let sandbox =
        workspace("number = \"{fiscal-year}-{seq:03}\"\nnumber-start = 124\nnumber-restart = \"fiscal-year\"\n");
    let months = ["202202", "202203", "202204"];
    for month in months {
        bill(&sandbox, month, &[("acme", 100), ("bravo", 100)]);
    }
    assert_eq!(issue(&sandbox, "202202"), ["2021-124", "2021-125"]);
    assert_eq!(issue(&sandbox, "202203"), ["2021-126", "2021-127"]);
    assert_eq!(issue(&sandbox, "202204"), ["2022-001", "2022-002"]);
    run(&sandbox, &["credit", "2021-126", "--reason", "x", "--reissue", "--date", "2022-05-20"]);
    assert_eq!(numbers(&sandbox, "202203-1"), ["CN-2021-126", "2021-128"]);
    for month in months {
        run(&sandbox, &["verify", month]);
    }
    // A correction leaves the other sequence alone.
    bill(&sandbox, "202205", &[("acme", 100)]);
    assert_eq!(issue(&sandbox, "202205"), ["2022-003"]);
}

/// 2022 was numbered as if it were 2023: `build` refuses what `issue` could not do.
#[test]
fn a_number_of_another_document_is_refused_before_it_is_given() {
    let sandbox = workspace("number = \"2023-{seq}\"\n");
    bill(&sandbox, "202208", &[("acme", 100)]);
    assert_eq!(issue(&sandbox, "202208"), ["2023-1"]);
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", rules.replace("2023-{seq}\"", "{year}-{seq}\"\nnumber-restart = \"year\""));
    bill(&sandbox, "202301", &[("acme", 100)]);
    let refused = sandbox.run(&["build", "202301"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("the number 2023-1 was given before"), "{}", refused.stderr);
    assert!(!sandbox.path().join("out/202301").exists());
}

/// acme: 100 − 100 = 0. bravo is billed and has the first number.
#[test]
fn a_document_over_zero_is_not_made_and_takes_no_number() {
    let sandbox = workspace("number = \"R-{seq}\"\nskip-zero = true\n");
    bill(&sandbox, "202208", &[("acme", 100), ("acme", -100), ("bravo", 100)]);
    let build = sandbox.run(&["build", "202208"]);
    assert!(build.stderr.contains("no invoice for acme: the total is 0 (skip-zero)"), "{}", build.stderr);
    assert!(!build.stderr.contains("no-charges"), "{}", build.stderr);
    assert!(!sandbox.path().join("out/202208/acme").exists());
    let summary = sandbox.json("out/202208/summary.json");
    let skipped = json!([{ "id": "acme", "name": "acme", "currency": "JPY", "cost": "0", "subtotal": "0", "tax": "0", "total": "0" }]);
    assert_eq!(summary["skipped"], skipped);
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("<p class=\"hint\" id=\"skipped\">") && page.contains("<b>acme</b>"), "{page}");
    let explained = run(&sandbox, &["explain", "202208/acme"]);
    assert!(explained.contains("100") && explained.contains("coupon"), "{explained}");
    assert_eq!(issue(&sandbox, "202208"), ["R-1"]);
    run(&sandbox, &["verify", "202208"]);

    // Without the key the document is made.
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", rules.replace("skip-zero = true", ""));
    bill(&sandbox, "202209", &[("acme", 100), ("acme", -100)]);
    assert_eq!(issue(&sandbox, "202209"), ["R-2"]);
}

/// What the issuer gives away for nothing costs all the same: acme pays 0 for 100. With 2 a unit the 50 units cost acme 100.
#[test]
fn what_is_not_billed_still_costs() {
    let sandbox = workspace("skip-zero = true\n");
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme + "[[pricing.rule]]\nitem = \"*\"\nunit-price = \"0\"\n");
    let head = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n";
    sandbox.write(
        "billing/202208/a.csv",
        format!("{head}1,20220801,basicCharge,2,50,100,acme\n2,20220801,basicCharge,,,30,bravo\n"),
    );
    sandbox.write(
        "new.toml",
        "[customers.acme.pricing]\n[[customers.acme.pricing.rule]]\nitem = \"*\"\nunit-price = \"2\"\n",
    );
    let compared = |sandbox: &Sandbox| {
        let json = run(sandbox, &["whatif", "--pricing", "new.toml", "--months", "202208", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let customers = json["customers"].as_array().unwrap();
        let acme = customers.iter().find(|customer| customer["customer"] == "acme").unwrap();
        ["old", "new"].map(|side| acme[side]["margin"].as_str().unwrap().to_owned())
    };
    assert_eq!(compared(&sandbox), ["-100", "0"]);
    assert_eq!(issue(&sandbox, "202208"), ["INV-202208-bravo"]);
    assert_eq!(compared(&sandbox), ["-100", "0"], "issued");
}

/// July leaves −300. August uses 300: 0, no document, and the rest is used up. September is 7.
#[test]
fn a_rest_is_used_up_by_a_month_that_comes_to_zero() {
    let sandbox = workspace("skip-zero = true\nbelow-zero = \"carry\"\n");
    for (month, rows) in [
        ("202207", &[("acme", 100), ("acme", -400), ("bravo", 1)][..]),
        ("202208", &[("acme", 300), ("bravo", 1)]),
        ("202209", &[("acme", 7)]),
    ] {
        bill(&sandbox, month, rows);
        issue(&sandbox, month);
        run(&sandbox, &["verify", month]);
    }
    assert_eq!(numbers(&sandbox, "202208"), ["INV-202208-bravo"]);
    let carried = &sandbox.json("issued/202208.json")["carried"];
    assert_eq!((&carried["taken"][0]["month"], &carried["left"]), (&json!("202207"), &json!([])));
    assert_eq!(sandbox.json("out/202209/acme/INV-202209-acme.json")["subtotal"], "7");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    /// Months issued in any order: no number is given twice, and each sequence counts without a gap, the first from its start.
    #[test]
    fn numbers_are_unique_and_have_no_gaps(
        order in Just(["202202", "202203", "202204", "202301"]).prop_shuffle(),
        (restart, placeholder) in prop::sample::select(vec![
            ("never", ""), ("year", "{yy}"), ("fiscal-year", "{fiscal-year}"), ("month", "{year}{mm}"),
        ]),
        start in 1u64..200,
    ) {
        let sandbox = workspace(&format!("number = \"{placeholder}-{{seq}}\"\nnumber-start = {start}\nnumber-restart = \"{restart}\"\n"));
        let mut given: Vec<(String, u64)> = Vec::new();
        for month in order {
            bill(&sandbox, month, &[("acme", 100), ("bravo", 100)]);
            for number in issue(&sandbox, month) {
                let (sequence, running) = number.split_once('-').unwrap();
                given.push((sequence.to_owned(), running.parse().unwrap()));
            }
        }
        let distinct: BTreeSet<&(String, u64)> = given.iter().collect();
        prop_assert_eq!(distinct.len(), given.len());
        let sequences: BTreeSet<&String> = given.iter().map(|(sequence, _)| sequence).collect();
        for sequence in sequences {
            let first = if *sequence == given[0].0 { start } else { 1 };
            let running: Vec<u64> = given.iter().filter(|(of, _)| of == sequence).map(|(_, running)| *running).collect();
            let expected: Vec<u64> = (first..).take(running.len()).collect();
            prop_assert_eq!(running, expected, "{} of {:?}", sequence, order);
        }
    }
}
