//! `examples/three-providers`: charges of SORACOM, SAKURA Cloud and KORE on one invoice.

use std::path::Path;

use crate::common::{Sandbox, copy_tree};

/// acme: 310 × 1.15 = 356.5 → 357; 1500 × 1.15 = 1725; 0.35 $ × 138.70 × 1.15 = 55.82675 → 56; a SIM's fee of 300.
/// SORACOM's −46.5 is shared within SORACOM, 310 : 155, so −31 × 1.15 = −35.65 → −36; SAKURA's −38 within SAKURA,
/// 1500 : 400, so −30 × 1.15 = −34.5 → −35. Subtotal 2367, tax 236.7 → 237.
/// bravo: 155 × 1.15 = 178.25 → 179; 400 × 1.15 = 460; −15.5 × 1.15 = −17.825 → −18; −8 × 1.15 = −9.2 → −10. Subtotal 611,
/// tax 61.1 → 62.
#[test]
fn three_providers_share_one_invoice_and_one_tax_computation() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/three-providers"), sandbox.path());
    let run = sandbox.run(&["build", "202208", "--offline"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let items = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
        let rows = invoice["items"].as_array().unwrap().clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let mut rows: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {} {}", text(&row["source"]), text(&row["kind"]), text(&row["amount"])))
            .collect();
        rows.push(format!("{} + {} = {}", text(&invoice["subtotal"]), text(&invoice["tax"]), text(&invoice["total"])));
        rows
    };
    let mut acme = items("acme");
    assert_eq!(acme.pop().unwrap(), "2367 + 237 = 2604");
    acme.sort();
    assert_eq!(
        acme,
        [
            " fee 300",
            "kore usage 56",
            "sakura discount -35",
            "sakura usage 1725",
            "soracom discount -36",
            "soracom usage 357"
        ]
    );
    let mut bravo = items("bravo");
    assert_eq!(bravo.pop().unwrap(), "611 + 62 = 673");
    bravo.sort();
    assert_eq!(bravo, ["sakura discount -10", "sakura usage 460", "soracom discount -18", "soracom usage 179"]);

    // A section for each source, in the order of invoicer.toml, then the issuer's own fees; discounts likewise.
    let html = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
    let headings = html.split("<tr class=\"section source").skip(1);
    let headings: Vec<&str> = headings.map(|rest| rest.split('>').nth(2).unwrap().split('<').next().unwrap()).collect();
    assert_eq!(
        headings,
        ["SORACOM Air", "さくらのクラウド", "KORE Super SIM", "その他のご請求", "SORACOM Air", "さくらのクラウド"]
    );
    // 418.5 yen, 1862 yen, and 0.35 dollars at 138.70.
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["conservation"]["source_total"], "2329.045");
    assert_eq!(summary["conservation"]["difference"], "0");
    let with_tax: Vec<&str> = summary["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["total_with_tax"].as_str().unwrap())
        .collect();
    assert_eq!(with_tax, ["461", "2049", "0.39"]);
}

#[test]
fn an_invoice_of_one_source_has_no_sections() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/starter"), sandbox.path());
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (path, bytes) in sandbox.files().into_iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("section source"), "{path}");
    }
}
