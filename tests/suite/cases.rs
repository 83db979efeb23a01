//! The arithmetic, as files anyone can read: `tests/cases/<name>/` is a workspace, `expected.txt` the figures of its
//! month, worked out by hand (`README.txt` shows how).

use std::fmt::Write;

use crate::common::{Sandbox, copy_tree, qualified_name};
use serde_json::Value;

#[test]
fn every_case_gives_the_figures_worked_out_by_hand() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 12, "the cases are missing");
    let mut wrong = Vec::new();
    for case in cases {
        let expected = std::fs::read_to_string(case.join("expected.txt")).unwrap();
        let sandbox = Sandbox::new();
        copy_tree(&case, sandbox.path());
        let run = sandbox.run(&["build", "202208", "--format", "json", "--quiet"]);
        let found = if run.code == 0 { figures(&sandbox) } else { run.stderr };
        if found != expected {
            wrong.push(format!("--- {}\n{found}\n+++ expected\n{expected}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The figures of a month in a few lines.
fn figures(sandbox: &Sandbox) -> String {
    let summary = sandbox.json("out/202208/summary.json");
    let mut text = String::new();
    for customer in summary["customers"].as_array().unwrap() {
        let id = word(customer, "id");
        let invoice = sandbox.json(&format!("out/202208/{id}/{}.json", word(customer, "number")));
        writeln!(text, "{id} {}", word(customer, "total")).unwrap();
        for item in invoice["items"].as_array().unwrap() {
            let [kind, category, amount] = ["kind", "tax_category", "amount"].map(|key| word(item, key));
            let name = qualified_name(item);
            writeln!(text, "  {} {kind} {name} {category} {amount}", item["line"]).unwrap();
        }
        let details = invoice["details"].as_array().unwrap().len();
        writeln!(text, "  details {details} costing {}", word(customer, "cost")).unwrap();
        for tax in invoice["tax_subtotals"].as_array().unwrap() {
            let [category, rate, taxable, amount] = ["category", "rate", "taxable", "tax"].map(|key| word(tax, key));
            let yen = tax.get("tax_jpy").map_or_else(String::new, |_| format!(" ({} yen)", word(tax, "tax_jpy")));
            writeln!(text, "  {category} {rate}: {taxable} tax {amount}{yen}").unwrap();
        }
        let [subtotal, tax, total] = ["subtotal", "tax", "total"].map(|key| word(&invoice, key));
        writeln!(text, "  subtotal {subtotal} tax {tax} total {total}").unwrap();
    }
    let conservation = &summary["conservation"];
    assert_eq!(conservation["difference"], "0");
    let [total, allocated, kept, unassigned] =
        ["source_total", "allocated", "kept", "unassigned"].map(|key| word(conservation, key));
    writeln!(text, "conservation {total} = {allocated} allocated + {kept} kept + {unassigned} unassigned").unwrap();
    for source in summary["sources"].as_array().unwrap() {
        let [name, charges, discounts, with_tax] =
            ["name", "charges", "discounts", "total_with_tax"].map(|key| word(source, key));
        writeln!(text, "{name} {charges} charges {discounts} discounts {with_tax} with tax").unwrap();
    }
    text
}

/// A field that must be a JSON string: money is never a JSON number.
fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no string in {value}"))
}
