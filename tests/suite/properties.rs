//! What must hold for every month, on random workspaces: shares add up, details make items, items make totals, the
//! order of rows never matters, nothing is lost. Amounts are compared as integers of 10^-8 yen, computed apart from the
//! program's own arithmetic.

use proptest::prelude::*;
use serde_json::Value;

use crate::common::Sandbox;

/// A row: which SIM, day, item and cost in hundredths of a yen (below zero for discounts without a SIM).
#[derive(Clone, Debug)]
pub(crate) struct Row {
    sim: usize,
    day: u32,
    item: usize,
    hundredths: i64,
}

pub(crate) fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0usize..6, 1u32..=31, 0usize..4, 0i64..500_000).prop_map(|(sim, day, item, hundredths)| Row {
        sim,
        day,
        item,
        hundredths,
    });
    proptest::collection::vec(row, 1..40)
}

pub(crate) fn csv(rows: &[Row], discount: i64) -> String {
    let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for row in rows {
        let amount = format!("{}.{:02}", row.hundredths / 100, row.hundredths % 100);
        // SIMs 4 and 5 are nobody's: a share rule splits them.
        let customer = ["acme", "acme", "bravo", "charlie", "", ""][row.sim];
        text += &format!("44010{},202208{:02},item{},{amount},1,{amount},{customer}\n", row.sim, row.day, row.item);
    }
    if discount > 0 {
        text += &format!(",202208,freeTier,,,-{}.{:02},\n", discount / 100, discount % 100);
    }
    text
}

pub(crate) fn workspace(round_at: &str, rounding: &str, by: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"x\"\n[pricing]\nmarkup = \"15%\"\nround-at = \"{round_at}\"\nrounding = \"{rounding}\"\n\
             [[tax.rule]]\nitem = \"item3\"\ncategory = \"exempt\"\n\
             [[allocation.share]]\nmatch = {{ item = \"item*\" }}\nby = \"{by}\"\n\
             [[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/*.csv\"\n"
        ),
    );
    for customer in ["acme", "bravo", "charlie"] {
        let text = format!(
            "name = \"{customer}\"\n[pricing]\nminimum = \"1\"\n[[match]]\ntag = {{ customer = \"{customer}\" }}\n"
        );
        sandbox.write(&format!("customers/{customer}.toml"), text);
    }
    sandbox
}

/// A decimal with at most 8 decimals as an integer.
pub(crate) fn units(text: &Value) -> i128 {
    let text = text.as_str().unwrap();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 8, "{text} has more decimals than this test expects");
    let value = format!("{whole}{fraction:0<8}").parse::<i128>().unwrap();
    if negative { -value } else { value }
}

const YEN: i128 = 100_000_000;

fn rounded(value: i128, mode: &str) -> i128 {
    let (sign, value) = (value.signum(), value.abs());
    let (whole, rest) = (value / YEN, value % YEN);
    let up = match mode {
        "up" => rest > 0,
        "down" => false,
        "half-up" => rest * 2 >= YEN,
        _ => rest * 2 > YEN || (rest * 2 == YEN && whole % 2 == 1),
    };
    sign * (whole + i128::from(up)) * YEN
}

/// The invoices of a month, by customer.
fn built(sandbox: &Sandbox) -> Option<(Value, Vec<Value>)> {
    let run = sandbox.run(&["build", "202208", "--format", "json", "--quiet"]);
    if run.code != 0 {
        // Discounts may exceed what was used, and nobody may have used anything: both are refused, nothing else is.
        let expected = ["below zero", "matches no customer", "adds up to zero"];
        assert!(expected.iter().any(|text| run.stderr.contains(text)), "{}", run.stderr);
        return None;
    }
    let summary = sandbox.json("out/202208/summary.json");
    let invoice = |customer: &Value| {
        sandbox.json(&format!("out/202208/internal/{0}/INV-202208-{0}.json", customer["id"].as_str().unwrap()))
    };
    let invoices = summary["customers"].as_array().unwrap().iter().map(invoice).collect();
    Some((summary, invoices))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_month_adds_up(
        rows in rows(),
        discount in 0i64..10_000,
        round_at in prop_oneof![Just("line"), Just("item"), Just("invoice")],
        rounding in prop_oneof![Just("up"), Just("down"), Just("half-up"), Just("half-even")],
        by in prop_oneof![Just("amount"), Just("quantity"), Just("resources"), Just("even")],
    ) {
        let sandbox = workspace(round_at, rounding, by);
        sandbox.write("billing/202208/a.csv", csv(&rows, discount));
        let Some((summary, invoices)) = built(&sandbox) else { return Ok(()) };

        // Nothing is lost: every hundredth of a yen read is some customer's cost.
        let read: i128 = rows.iter().map(|row| i128::from(row.hundredths)).sum::<i128>() - i128::from(discount);
        let costs: i128 = invoices.iter().flat_map(|invoice| invoice["details"].as_array().unwrap()).map(|detail| units(&detail["cost"])).sum();
        prop_assert_eq!(costs, read * YEN / 100);
        prop_assert_eq!(units(&summary["conservation"]["source_total"]), costs);
        prop_assert_eq!(&summary["conservation"]["difference"], "0");

        for invoice in &invoices {
            let items = invoice["items"].as_array().unwrap();
            let mut sums = vec![0i128; items.len()];
            for detail in invoice["details"].as_array().unwrap() {
                sums[detail["item"].as_u64().unwrap() as usize - 1] += units(&detail["amount"]);
                if round_at == "line" {
                    prop_assert_eq!(units(&detail["amount"]) % YEN, 0);
                }
            }
            for (item, sum) in items.iter().zip(sums) {
                let amount = units(&item["amount"]);
                match (item["kind"].as_str().unwrap(), round_at) {
                    ("usage" | "discount", "item") => prop_assert_eq!(amount, rounded(sum, rounding)),
                    ("usage" | "discount", _) => prop_assert_eq!(amount, sum),
                    _ => {}
                }
            }
            let subtotal: i128 = items.iter().map(|item| units(&item["amount"])).sum();
            prop_assert_eq!(subtotal, units(&invoice["subtotal"]));
            prop_assert_eq!(subtotal % YEN, 0);
            let mut tax = 0;
            for part in invoice["tax_subtotals"].as_array().unwrap() {
                let taxable: i128 = items.iter().filter(|item| item["tax_category"] == part["category"]).map(|item| units(&item["amount"])).sum();
                prop_assert_eq!(units(&part["taxable"]), taxable);
                let due = if part["category"] == "standard" { rounded(taxable / 10, "up") } else { 0 };
                prop_assert_eq!(units(&part["tax"]), due);
                tax += due;
            }
            prop_assert_eq!(units(&invoice["tax"]), tax);
            prop_assert_eq!(units(&invoice["total"]), subtotal + tax);
        }
    }

    #[test]
    fn the_order_of_rows_and_files_never_matters(rows in rows().prop_shuffle(), discount in 0i64..5_000) {
        // One row per SIM, day and item, as providers write them.
        let mut rows = rows;
        rows.sort_by_key(|row| (row.sim, row.day, row.item));
        rows.dedup_by_key(|row| (row.sim, row.day, row.item));
        let one = workspace("item", "up", "amount");
        one.write("billing/202208/a.csv", csv(&rows, discount));
        let other = workspace("item", "up", "amount");
        rows.reverse();
        let (first, second) = rows.split_at(rows.len() / 2);
        other.write("billing/202208/a.csv", csv(first, 0));
        other.write("billing/202208/b.csv", csv(second, discount));
        let figures = |built: Option<(Value, Vec<Value>)>| built.map(|(summary, invoices)| {
            let plain = |mut invoice: Value| {
                // Rows of one SIM and day are listed in the order of the file, which is all that may change.
                let details = invoice["details"].as_array_mut().unwrap();
                for detail in details.iter_mut() {
                    detail["origin"] = Value::Null;
                }
                details.sort_by_key(ToString::to_string);
                invoice
            };
            (summary["conservation"].clone(), invoices.into_iter().map(plain).collect::<Vec<Value>>())
        });
        prop_assert_eq!(figures(built(&one)), figures(built(&other)));
    }

    #[test]
    fn any_bytes_as_a_bill_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let sandbox = workspace("item", "up", "amount");
        let mut file = if header { b"imsi,date,billItemName,amount,customer\n".to_vec() } else { Vec::new() };
        file.extend(bytes);
        sandbox.write("billing/202208/a.csv", file);
        let run = sandbox.run(&["check", "202208"]);
        prop_assert!(run.code == 0 || run.code == 1, "{}: {}", run.code, run.stderr);
        prop_assert!(!run.stderr.contains("panicked"));
    }

    #[test]
    fn any_text_as_a_customer_is_read_or_refused(text in "\\PC{0,200}", key in "[a-z-]{1,12}", value in "\\PC{0,20}") {
        let sandbox = workspace("item", "up", "amount");
        sandbox.write("customers/one.toml", &text);
        sandbox.write("customers/two.toml", format!("name = \"x\"\n{key} = {value:?}\n[[match]]\n{key} = {value:?}\n"));
        let run = sandbox.run(&["check"]);
        prop_assert!(run.code == 0 || run.code == 1, "{}: {}", run.code, run.stderr);
        prop_assert!(!run.stderr.contains("panicked"));
    }
}
