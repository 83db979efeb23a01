//! `explain`: what it says of months whose arithmetic was worked out by hand, and that its sums are those of the
//! invoice, whatever the month.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::common::{Sandbox, copy_tree};
use crate::properties::{csv, rows, units, workspace};

/// `tests/cases/<name>/explained.txt` holds commands and what they print; `README.txt` beside it shows the arithmetic.
#[test]
fn cases_are_explained_as_worked_out_by_hand() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases {
        let Ok(expected) = std::fs::read_to_string(case.join("explained.txt")) else { continue };
        let sandbox = Sandbox::new();
        copy_tree(&case, sandbox.path());
        assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "--quiet"]).code, 0);
        let mut found = String::new();
        for command in expected.lines().filter_map(|line| line.strip_prefix("$ invoicer ")) {
            let run = sandbox.run(&command.split(' ').collect::<Vec<_>>());
            found += &format!("$ invoicer {command}\n{}{}", run.stdout, run.stderr);
            count += 1;
        }
        if found != expected {
            wrong.push(format!("--- {}\n{found}\n+++ expected\n{expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 12, "the explanations are missing");
}

fn explained(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let run = sandbox.run(&[&["explain", "--json"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

pub(crate) fn worked_example() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/worked-example"), sandbox.path());
    sandbox
}

/// billing-rules §8: the share of −46.5 by 322.55 of 477.55, × 1.15, up to −37.
#[test]
fn a_share_as_data() {
    let sandbox = worked_example();
    let explanation = explained(&sandbox, &["202208/acme", "3"]);
    assert_eq!(explanation["number"], "INV-202208-acme");
    assert_eq!(
        explanation["rounding"],
        serde_json::json!({
            "mode": "up", "mode_rule": null, "at": "item", "at_rule": null, "decimals": 0
        })
    );
    assert!(explanation.get("totals").is_none());
    let [line] = explanation["lines"].as_array().unwrap().as_slice() else { panic!("{explanation}") };
    assert_eq!((&line["line"], &line["exact"], &line["amount"]), (&3.into(), &"-36.118395".into(), &"-37".into()));
    let charges = &line["charges"];
    assert_eq!(
        charges["sharings"],
        serde_json::json!([{
            "rule": null, "by": "amount", "total": "477.55",
            "measured": [{ "customer": "acme", "weight": "322.55" }, { "customer": "bravo", "weight": "155" }]
        }])
    );
    let part = &charges["parts"][0];
    assert_eq!(
        part["price"],
        serde_json::json!({
            "method": "markup", "factor": "1.15",
            "rule": { "file": "invoicer.toml", "line": 6, "text": "markup = \"15%\"" }
        })
    );
    assert_eq!(
        part["rows"],
        serde_json::json!([{
            "file": "billing/202208/soracom.csv", "row": 6, "date": "2022-08", "resource": "", "resource_name": "",
            "item": "accountDiscount", "quantity": null, "cost": "-31.4073", "exact": "-36.118395", "amount": "-36.118395",
            "share": {
                "sharing": 1, "of": "-46.5", "of_quantity": null, "weight": "322.55", "total": "477.55",
                "quotient": "-31.40733954"
            }
        }])
    );
}

/// billing-rules §8: 357 + 15 − 37 = 335, 33.5 up to 34, 369.
#[test]
fn totals_as_data() {
    let explanation = explained(&worked_example(), &["202208/acme"]);
    assert_eq!(
        explanation["totals"],
        serde_json::json!({
            "tax_rounding": "up", "tax_rounding_rule": null,
            "taxes": [{
                "category": "standard", "rate": "10%", "taxable": "335", "exact": "33.5", "tax": "34",
                "lines": [{ "line": 1, "amount": "357" }, { "line": 2, "amount": "15" }, { "line": 3, "amount": "-37" }]
            }],
            "subtotal": "335", "tax": "34", "total": "369"
        })
    );
    let claim = &explanation["lines"][1]["charges"]["parts"][0]["rows"][1]["claim"];
    let text = "tag = { customer = \"acme\" }";
    assert_eq!(*claim, serde_json::json!({ "file": "customers/acme.toml", "line": 3, "text": text }));
}

/// Two SIMs on one line: 310 of the one and, of the other, 20 that are not asked for; × 1.15 = 379.5, up to 380.
#[test]
fn a_resource_alone_still_adds_up_to_its_line() {
    let sandbox = worked_example();
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    sandbox.write("billing/202208/soracom.csv", bill + "440100000000009,20220801,basicCharge,20,1,20,acme\n");
    let explanation = explained(&sandbox, &["202208/acme", "--resource", "*1"]);
    let lines = explanation["lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| &line["line"]).collect::<Vec<_>>(), [&Value::from(1), &Value::from(2)]);
    let part = &lines[0]["charges"]["parts"][0];
    let rows: Vec<_> = part["rows"].as_array().unwrap().iter().map(|row| &row["resource"]).collect();
    assert_eq!(rows, ["440100000000001"]);
    assert_eq!((&part["shown"]["cost"], &part["all"]["cost"]), (&"310".into(), &"330".into()));
    assert_eq!((&lines[0]["exact"], &lines[0]["amount"]), (&"379.5".into(), &"380".into()));
    let run = sandbox.run(&["explain", "202208/acme", "1", "--resource", "*1"]);
    assert!(run.stdout.contains("1 row of other resources"), "{}", run.stdout);
    assert!(run.stdout.contains("330 × 1.15 = 379.5 → up → 380"), "{}", run.stdout);
}

#[test]
fn ten_thousand_rows_do_not_flood_the_terminal() {
    let sandbox = worked_example();
    let mut bill = "imsi,date,billItemName,quantity,amount,customer\n".to_owned();
    for row in 0..10_000 {
        bill += &format!("{row:05},20220801,data,2,0.5,acme\n");
    }
    sandbox.write("billing/202208/soracom.csv", bill);
    let run = sandbox.run(&["explain", "202208/acme", "1"]);
    assert!(run.stdout.lines().count() < 30, "{}", run.stdout);
    // 10 rows, 9985 in between, 5 rows; 10,000 × 0.5 = 5000, × 1.15 = 5750.
    let between = run.stdout.lines().find(|line| line.contains("… 9985 rows")).unwrap();
    assert_eq!(between.split_whitespace().collect::<Vec<_>>(), ["…", "9985", "rows", "19970", "4992.5", "5741.375"]);
    assert!(run.stdout.contains("5000 × 1.15 = 5750\n"), "{}", run.stdout);
    let all = sandbox.run(&["explain", "202208/acme", "1", "-v"]);
    assert_eq!(all.stdout.matches("soracom.csv:").count(), 10_000);
    let explanation = explained(&sandbox, &["202208/acme"]);
    assert_eq!(explanation["lines"][0]["charges"]["parts"][0]["rows"].as_array().unwrap().len(), 10_000);
}

#[test]
fn what_changed_since_the_build_is_told() {
    let sandbox = worked_example();
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "-q"]).code, 0);
    let run = sandbox.run(&["explain", "INV-202208-bravo"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("15%", "0%"));
    // 155 − 15.0927 → 155 − 16 = 139, tax 13.9 → 14: 153 instead of 178.
    let run = sandbox.run(&["explain", "INV-202208-bravo"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("total: 139 + 14 = 153"), "{}", run.stdout);
    assert!(run.stderr.contains("was 178 when it was built, and is 153 now"), "{}", run.stderr);
}

/// Until a month is issued, all its invoices can carry the same number.
#[test]
fn one_number_of_several_invoices_is_asked_back() {
    let sandbox = worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text + "[invoice]\nnumber = \"{month}-{seq}\"\n");
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "-q"]).code, 0);
    let run = sandbox.run(&["explain", "202208-draft"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("2 invoices have the number 202208-draft"), "{}", run.stderr);
    assert!(run.stderr.contains("202208/acme, 202208/bravo"), "{}", run.stderr);
    let run = sandbox.run(&["explain", "202208-drafd"]);
    assert!(run.stderr.contains("did you mean 202208-draft?"), "{}", run.stderr);
}

/// A record of what billing-rules §8 gives, with the rules beside it, as if the month had been issued by them.
pub(crate) fn issued_worked_example() -> Sandbox {
    let sandbox = worked_example();
    for path in ["invoicer.toml", "customers/acme.toml", "customers/bravo.toml"] {
        let text = sandbox.read(path);
        sandbox.write(&format!("issued/202208/workspace/{path}"), text);
    }
    let line = |line: usize, name: &str, kind: &str, amount: &str| {
        serde_json::json!({
            "line": line, "name": name, "kind": kind, "amount": amount,
            "tax_category": "standard", "tax_rate": "10%"
        })
    };
    let document = |customer: &str, [subtotal, tax, total, cost]: [&str; 4], items: Value| {
        serde_json::json!({
            "number": format!("INV-202208-{customer}"), "kind": "invoice", "version": 1, "customer": customer,
            "customer_name": customer, "issue_date": "2022-09-01", "due_date": "2022-09-30", "currency": "JPY",
            "items": items, "subtotal": subtotal, "tax": tax, "total": total, "cost": cost, "outputs": [],
            "tax_subtotals": [{ "category": "standard", "rate": "10%", "taxable": subtotal, "tax": tax }],
            "file": format!("{customer}/INV-202208-{customer}")
        })
    };
    let acme = serde_json::json!([
        line(1, "basicCharge", "usage", "357"),
        line(2, "uploadDataCharge", "usage", "15"),
        line(3, "accountDiscount", "discount", "-37")
    ]);
    let bravo =
        serde_json::json!([line(1, "basicCharge", "usage", "179"), line(2, "accountDiscount", "discount", "-18")]);
    let rules = serde_json::json!([{ "path": "invoicer.toml", "sha256": "0".repeat(64) }]);
    let record = serde_json::json!({
        "format": 1, "tool": "invoicer", "month": "202208", "previous": null, "bills": [], "rules": rules, "review": [],
        "documents": [
            document("acme", ["335", "34", "369", "291.1427"], acme),
            document("bravo", ["161", "17", "178", "139.9073"], bravo)
        ]
    });
    sandbox.write("issued/202208.json", record.to_string());
    sandbox
}

/// The current rules know no markup; what was issued is explained by those of its time all the same.
#[test]
fn what_was_issued_is_explained_by_the_rules_of_its_time() {
    let sandbox = issued_worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("15%", "0%"));
    for name in ["INV-202208-acme", "202208/acme"] {
        let explanation = explained(&sandbox, &[name]);
        assert_eq!(explanation["rules_directory"], "issued/202208/workspace");
        assert_eq!(explanation["status"], "issued");
        assert_eq!(explanation["totals"]["total"], "369");
    }
    let run = sandbox.run(&["explain", "INV-202208-acme", "1"]);
    assert!(run.stdout.contains("310 × 1.15 = 356.5 → up → 357"), "{}", run.stdout);
    assert!(run.stderr.contains("issued/202208/workspace"), "{}", run.stderr);
    let run = sandbox.run(&["explain", "INV-202208-brave"]);
    assert!(run.stderr.contains("did you mean INV-202208-bravo?"), "{}", run.stderr);

    // A bill that gives other figures than were issued explains nothing.
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    sandbox.write("billing/202208/soracom.csv", bill.replace(",155,1,155,", ",156,1,156,"));
    let run = sandbox.run(&["explain", "INV-202208-bravo"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("no longer yield INV-202208-bravo: total 178 JPY when issued"), "{}", run.stderr);
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let sandbox = crate::commands::sample();
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "-q"]).code, 0);
    let page = |name: &str| std::fs::read_to_string(format!("{}/docs/{name}.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (figures, pricing) = (page("computation"), page("customers-and-prices"));
    let prices = pricing.split("`summer.toml`:\n\n```toml\n").nth(1).unwrap().split("```").next().unwrap();
    sandbox.write("summer.toml", prices);
    for (page, command) in
        [(&figures, "explain INV-202208-takahashi 4"), (&pricing, "whatif --pricing summer.toml --months 202208")]
    {
        let run = sandbox.run(&command.split(' ').collect::<Vec<_>>());
        assert!(page.contains(&format!("```text\n$ invoicer {command}\n{}```", run.stdout)), "{}", run.stdout);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every row of an invoice is explained exactly once, and rows, lines, taxes and total are those of the invoice.
    #[test]
    fn explained_sums_are_the_printed_ones(
        rows in rows(),
        discount in 0i64..10_000,
        round_at in prop_oneof![Just("line"), Just("item"), Just("invoice")],
        rounding in prop_oneof![Just("up"), Just("down"), Just("half-up"), Just("half-even")],
        by in prop_oneof![Just("amount"), Just("quantity"), Just("resources"), Just("even")],
    ) {
        let sandbox = workspace(round_at, rounding, by);
        sandbox.write("billing/202208/a.csv", csv(&rows, discount));
        let tiers = "[[pricing.rule]]\nitem = \"item1\"\ntiers = [{ up-to = 3, unit-price = \"7.5\" }, { unit-price = \"2.25\" }]\n\
                     [[pricing.rule]]\nitem = \"item2\"\ntag = { customer = \"\" }\nmarkup = \"30%\"\n\
                     [[fee]]\nname = \"line\"\namount = \"10\"\nper = \"resource\"\n";
        let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
        sandbox.write("customers/acme.toml", acme.replace("[[match]]", &format!("{tiers}[[match]]")));
        if sandbox.run(&["build", "202208", "--format", "json", "--quiet"]).code != 0 {
            return Ok(());
        }
        let summary = sandbox.json("out/202208/summary.json");
        for customer in summary["customers"].as_array().unwrap() {
            let id = customer["id"].as_str().unwrap();
            let invoice = sandbox.json(&format!("out/202208/internal/{id}/INV-202208-{id}.json"));
            let explanation = explained(&sandbox, &[customer["number"].as_str().unwrap()]);
            let lines = explanation["lines"].as_array().unwrap();
            let items = invoice["items"].as_array().unwrap();
            prop_assert_eq!(lines.len(), items.len());
            let mut found = Vec::new();
            for (line, item) in lines.iter().zip(items) {
                prop_assert_eq!(&line["amount"], &item["amount"]);
                let Some(parts) = line["charges"]["parts"].as_array() else { continue };
                let mut exact = 0;
                for row in parts.iter().flat_map(|part| part["rows"].as_array().unwrap()) {
                    let part = |key: &str| row[key].to_string();
                    found.push((line["line"].to_string(), part("row"), part("cost"), part("amount")));
                    exact += units(&row["exact"]);
                    let claimed = row.get("claim").is_some();
                    prop_assert_ne!(claimed, row.get("share").is_some());
                }
                prop_assert_eq!(exact, units(&line["exact"]));
            }
            let details = invoice["details"].as_array().unwrap().iter();
            let mut printed: Vec<_> = details
                .map(|detail| {
                    let part = |key: &str| detail[key].to_string();
                    (part("item"), detail["origin"]["row"].to_string(), part("cost"), part("amount"))
                })
                .collect();
            found.sort();
            printed.sort();
            prop_assert_eq!(found, printed);
            let totals = &explanation["totals"];
            for key in ["subtotal", "tax", "total"] {
                prop_assert_eq!(&totals[key], &invoice[key]);
            }
            for (tax, printed) in totals["taxes"].as_array().unwrap().iter().zip(invoice["tax_subtotals"].as_array().unwrap()) {
                prop_assert_eq!((&tax["taxable"], &tax["tax"]), (&printed["taxable"], &printed["tax"]));
            }
        }
    }
}
