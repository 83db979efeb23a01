//! Tiers over several items and by volume, and prices per printed unit. `tests/cases/tiers-together-and-by-volume` has the
//! arithmetic.

use proptest::prelude::*;
use serde_json::Value;

use crate::common::{Sandbox, copy_tree};

fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// By volume one price holds for all of the month, so the invoice prints it: 5 / 1048576 a byte, 5 a MB.
#[test]
fn customers_and_issuers_see_how_tiers_priced() {
    let sandbox = Sandbox::new();
    let case = "tests/cases/tiers-together-and-by-volume";
    copy_tree(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(case), sandbox.path());
    run(&sandbox, &["build", "202208", "--format", "json"]);
    let invoice = sandbox.json("out/202208/bravo/INV-202208-bravo.json");
    let download = &invoice["items"][0];
    assert_eq!(download["unit_price"], "0.00000476837158203125");
    assert_eq!(download["printed"]["unit_price"], "5");
    let graduated = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!(graduated["items"][0]["unit_price"], Value::Null);

    let explained = run(&sandbox, &["explain", "202208/acme", "1"]);
    for text in [
        "price: graduated over the month",
        "prices are per MB: 1 MB is 1048576 units of the bill",
        "the tiers measure all items of the rule in one sum",
        "up to 1048576: 524288 × 0.0000095367431640625 = 5",
        "beyond: 524288 × 0.00000476837158203125 = 2.5",
        "= 7.5 → up → 8",
    ] {
        assert!(explained.contains(text), "{text}: {explained}");
    }
    let explained = run(&sandbox, &["explain", "202208/bravo", "2"]);
    for text in [
        "all units by the tier of their sum in the month",
        "units of the month: 1572864",
        "up to 1048576: 0 × 0.0000095367431640625 = 0",
        "beyond: 524288 × 0.00000476837158203125 = 2.5",
    ] {
        assert!(explained.contains(text), "{text}: {explained}");
    }
    let explained: Value = serde_json::from_str(&run(&sandbox, &["explain", "202208/bravo", "2", "--json"])).unwrap();
    let price = &explained["lines"][0]["charges"]["parts"][0]["price"];
    assert_eq!((&price["tiering"], &price["measured"]), (&"volume".into(), &"1572864".into()), "{explained}");
    run(&sandbox, &["build", "202208"]);
    run(&sandbox, &["issue", "202208"]);
    run(&sandbox, &["verify", "202208"]);
}

/// Rows of two items in the order in which they are priced: their amounts by the tiers, in whole numbers.
fn priced(rows: &[(usize, i64)], limit: i64, prices: (i64, i64), together: bool, volume: bool) -> [i64; 2] {
    let total = |item: usize| rows.iter().filter(|row| together || row.0 == item).map(|row| row.1).sum::<i64>();
    let (mut used, mut amounts) = ([0, 0], [0, 0]);
    for (item, quantity) in rows {
        let used = &mut used[if together { 0 } else { *item }];
        let below = match volume {
            true => {
                if total(*item) <= limit {
                    *quantity
                } else {
                    0
                }
            }
            false => (limit - *used).clamp(0, *quantity),
        };
        *used += quantity;
        amounts[*item] += below * prices.0 + (quantity - below) * prices.1;
    }
    amounts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any rows, limits and prices: each item costs what a few lines of whole numbers say, whatever the rows' order in the file.
    #[test]
    fn items_cost_what_the_tiers_say(
        rows in prop::collection::vec((0usize..2, 0i64..500), 1..12),
        limit in 1i64..1500,
        prices in (0i64..20, 0i64..20),
        backwards in any::<bool>(),
    ) {
        let sandbox = Sandbox::new();
        let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
        sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n{source}"));
        let names = ["downloadDataCharge", "uploadDataCharge"];
        let modes = [(false, false), (false, true), (true, false), (true, true)];
        let mut lines: Vec<String> = Vec::new();
        for (index, (together, volume)) in modes.iter().enumerate() {
            let tiering = if *volume { "volume" } else { "graduated" };
            let tiers = format!("[{{ up-to = {limit}, unit-price = {} }}, {{ unit-price = {} }}]", prices.0, prices.1);
            let rule = format!("[[pricing.rule]]\nitem = \"*DataCharge\"\ntiers = {tiers}\ntogether = {together}\ntiering = \"{tiering}\"\n");
            let text = format!("name = \"c{index}\"\n[[match]]\ntag = {{ customer = \"c{index}\" }}\n{rule}");
            sandbox.write(&format!("customers/c{index}.toml"), text);
            for (day, (item, quantity)) in rows.iter().enumerate() {
                lines.push(format!("1,202208{:02},{},,{quantity},1,c{index}", day + 1, names[*item]));
            }
        }
        if backwards {
            lines.reverse();
        }
        let text = format!("imsi,date,billItemName,unitPrice,quantity,amount,customer\n{}\n", lines.join("\n"));
        sandbox.write("billing/202208/a.csv", text);
        run(&sandbox, &["build", "202208", "--format", "json", "--quiet"]);
        for (index, (together, volume)) in modes.into_iter().enumerate() {
            let invoice = sandbox.json(&format!("out/202208/c{index}/INV-202208-c{index}.json"));
            let expected = priced(&rows, limit, prices, together, volume);
            for (item, name) in names.iter().enumerate() {
                let found = invoice["items"].as_array().unwrap().iter().find(|found| found["name"] == *name);
                let found = found.map_or(0, |found| found["amount"].as_str().unwrap().parse::<i64>().unwrap());
                prop_assert_eq!(found, expected[item], "{} {:?} together {} volume {}", name, &rows, together, volume);
            }
            run(&sandbox, &["explain", &format!("202208/c{index}"), "--json"]);
        }
    }
}
