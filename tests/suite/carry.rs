//! `below-zero = "carry"`: what a month leaves below zero comes off a later one, all of it and once.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::Sandbox;

/// acme, whose rests are carried, and bravo, who is billed 100 every month.
fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    let rule = "[[tax.rule]]\nitem = \"roaming\"\ncategory = \"exempt\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n{rule}{source}"));
    let claim = |id: &str| format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
    sandbox.write("customers/acme.toml", claim("acme") + "[invoice]\nbelow-zero = \"carry\"\n");
    sandbox.write("customers/bravo.toml", claim("bravo"));
    sandbox
}

/// A month's bill: acme's items with their amounts.
fn bill(sandbox: &Sandbox, month: &str, items: &[(&str, i64)]) {
    let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for (item, amount) in items {
        text += &format!("1,{month}01,{item},,,{amount},acme\n");
    }
    text += &format!("2,{month}01,basicCharge,100,1,100,bravo\n");
    sandbox.write(&format!("billing/{month}/a.csv"), text);
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

fn summary(sandbox: &Sandbox, month: &str) -> Value {
    sandbox.json(&format!("out/{month}/summary.json"))
}

/// acme's subtotal in a month; none where it has no document.
fn subtotal(sandbox: &Sandbox, month: &str) -> Option<i64> {
    let summary = summary(sandbox, month);
    let customers = summary["customers"].as_array().unwrap();
    let acme = customers.iter().find(|customer| customer["id"] == "acme")?;
    Some(acme["subtotal"].as_str().unwrap().parse().unwrap())
}

/// What makes a rest matches something, though no invoice is made of it; a rule for an item that nobody has does not.
#[test]
fn rules_for_what_is_carried_are_used() {
    let sandbox = workspace();
    bill(&sandbox, "202208", &[("roaming", 100), ("coupon", -400)]);
    let rules = "[[pricing.rule]]\nitem = \"roaming\"\nmarkup = \"10%\"\n[[pricing.rule]]\nitem = \"nothing\"\nmarkup = \"10%\"\n\
                 [[item]]\nitem = \"coupon\"\nname = \"値引き\"\n";
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme + rules);
    let built = sandbox.run(&["build", "202208"]);
    assert_eq!((built.code, subtotal(&sandbox, "202208")), (0, None), "{}", built.stderr);
    let nothing: Vec<&str> = built.stderr.lines().filter(|line| line.contains("matches nothing")).collect();
    assert_eq!(
        nothing,
        ["warning[unused-price-rule]: the [[pricing.rule]] matches nothing in 202208"],
        "{}",
        built.stderr
    );
}

/// A price that is reduced bears the tax of its supply (returns of consideration, Consumption Tax Act art. 38), and the rate
/// rose on 1 October 2019. September: 100 − 400. October: 1000 at 10 %, 100; −300 at 8 %, −24. 700 + 76 = 776.
#[test]
fn a_rest_keeps_the_rate_of_its_month() {
    let sandbox = workspace();
    bill(&sandbox, "201909", &[("basicCharge", 100), ("coupon", -400)]);
    bill(&sandbox, "201910", &[("basicCharge", 1000)]);
    run(&sandbox, &["build", "201909"]);
    run(&sandbox, &["build", "201910"]);
    let invoice = sandbox.json("out/201910/acme/INV-201910-acme.json");
    let taxes = invoice["tax_subtotals"].as_array().unwrap().iter();
    let mut taxes: Vec<[&str; 3]> =
        taxes.map(|tax| ["rate", "taxable", "tax"].map(|key| tax[key].as_str().unwrap())).collect();
    taxes.sort_unstable();
    assert_eq!(taxes, [["10%", "1000", "100"], ["8%", "-300", "-24"]]);
    assert_eq!(invoice["total"], "776");
}

/// July: 100 − 400 standard and 50 exempt, so −250 and no document. August: 1000 standard. The rest comes off: standard
/// 700, tax 70; exempt 50. 820, at the cost of both months: 1000 − 300 + 50.
#[test]
fn the_rest_of_each_category_comes_off_the_next_month() {
    let sandbox = workspace();
    bill(&sandbox, "202207", &[("basicCharge", 100), ("roaming", 50), ("coupon", -400)]);
    bill(&sandbox, "202208", &[("basicCharge", 1000)]);
    run(&sandbox, &["build", "202207"]);
    let july = summary(&sandbox, "202207");
    assert_eq!(july["customers"].as_array().unwrap().len(), 1, "bravo is billed");
    let rests = json!([
        { "category": "standard", "rate": "10%", "amount": "-300", "cost": "-300" },
        { "category": "exempt", "rate": "0%", "amount": "50", "cost": "50" }
    ]);
    let left = json!([{ "customer": "acme", "month": "202207", "currency": "JPY", "rests": rests }]);
    assert_eq!(july["carried"], json!({ "taken": [], "left": left }));
    assert_eq!(july["warning_details"][0]["code"], "carried-forward");

    run(&sandbox, &["build", "202208"]);
    let invoice = sandbox.json("out/202208/internal/acme/INV-202208-acme.json");
    let item = |item: &Value| {
        let word = |key: &str| item[key].as_str().unwrap().to_owned();
        [word("kind"), word("name"), word("tax_category"), word("amount"), word("cost")].join(" ")
    };
    let items: Vec<String> = invoice["items"].as_array().unwrap().iter().map(item).collect();
    let expected = [
        "usage basicCharge standard 1000 1000",
        "carried 前月繰越 standard -300 -300",
        "carried 前月繰越 exempt 50 50",
    ];
    assert_eq!(items, expected);
    assert_eq!(
        (&invoice["subtotal"], &invoice["tax"], &invoice["total"]),
        (&json!("750"), &json!("70"), &json!("820"))
    );
    assert_eq!(summary(&sandbox, "202208")["customers"][0]["margin"], "0");
    assert_eq!(summary(&sandbox, "202208")["carried"], json!({ "taken": left, "left": [] }));
    let told = run(&sandbox, &["explain", "202208/acme"]);
    assert!(told.contains("前月繰越 (carried)"), "{told}");

    // August cannot be issued while what it takes can still change.
    let refused = sandbox.run(&["issue", "202208"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("issue 202207 first"), "{}", refused.stderr);
    run(&sandbox, &["issue", "202207"]);
    run(&sandbox, &["issue", "202208"]);
    run(&sandbox, &["verify", "202207"]);
    run(&sandbox, &["verify", "202208"]);
    let record = sandbox.json("issued/202207.json");
    assert_eq!(record["carried"]["left"], left);
    assert_eq!(sandbox.json("issued/202208.json")["carried"]["taken"], left);

    // September finds nothing open.
    bill(&sandbox, "202209", &[("basicCharge", 7)]);
    run(&sandbox, &["build", "202209"]);
    assert_eq!(subtotal(&sandbox, "202209"), Some(7));

    // A credit note takes the carried items back like any other, and a corrected invoice takes the same rest.
    run(&sandbox, &["credit", "INV-202208-acme", "--reason", "x", "--reissue", "--date", "2022-09-20"]);
    run(&sandbox, &["verify", "202208"]);
    let notes = sandbox.json("issued/202208-1.json");
    let totals: Vec<&str> =
        notes["documents"].as_array().unwrap().iter().map(|document| document["total"].as_str().unwrap()).collect();
    assert_eq!(totals, ["-820", "820"]);
    run(&sandbox, &["build", "202209"]);
    assert_eq!(subtotal(&sandbox, "202209"), Some(7));
}

/// July leaves −300 standard and 50 exempt, which August takes beside 1000. The exempt rest is given back by its line, 50, as any line
/// is; the rest of the note takes back what is left: 820 − 50 = 770.
#[test]
fn a_carried_line_is_credited_like_any_other() {
    let sandbox = workspace();
    bill(&sandbox, "202207", &[("basicCharge", 100), ("roaming", 50), ("coupon", -400)]);
    bill(&sandbox, "202208", &[("basicCharge", 1000)]);
    for month in ["202207", "202208"] {
        run(&sandbox, &["build", month]);
        run(&sandbox, &["issue", month]);
    }
    let credit = ["credit", "INV-202208-acme", "--reason", "x", "--date", "2022-09-20"];
    run(&sandbox, &[&credit[..], &["--line", "3"]].concat());
    run(&sandbox, &credit);
    run(&sandbox, &["verify", "202208"]);
    let note = |record: &str| sandbox.json(&format!("issued/{record}.json"))["documents"][0].clone();
    let (part, rest) = (note("202208-1"), note("202208-2"));
    assert_eq!((&part["items"][0]["kind"], &part["items"][0]["line"]), (&json!("carried"), &json!(3)));
    assert_eq!((&part["total"], &rest["total"]), (&json!("-50"), &json!("-770")));
    // Nothing of it is open again.
    bill(&sandbox, "202209", &[("basicCharge", 7)]);
    run(&sandbox, &["build", "202209"]);
    assert_eq!(subtotal(&sandbox, "202209"), Some(7));
}

/// A month without anything of the customer's passes the rest on, and without the setting the month is refused.
#[test]
fn a_month_without_charges_passes_the_rest_on() {
    let sandbox = workspace();
    bill(&sandbox, "202207", &[("basicCharge", 10), ("coupon", -30)]);
    bill(&sandbox, "202208", &[]);
    bill(&sandbox, "202209", &[("basicCharge", 25)]);
    for month in ["202207", "202208", "202209"] {
        run(&sandbox, &["build", month, "--format", "json"]);
    }
    assert_eq!([subtotal(&sandbox, "202207"), subtotal(&sandbox, "202208")], [None, None]);
    assert_eq!(subtotal(&sandbox, "202209"), Some(5));
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme.replace("carry", "refuse"));
    let refused = sandbox.run(&["build", "202207"]);
    for text in ["\"acme\"", "exactly -20 JPY", "minimum", "discounts = \"keep\"", "below-zero = \"carry\""] {
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Over any months, issued up to one of them and built beyond, some of them again: each month's subtotal is its own sum
    /// with what is open before it, or that sum is open after it. Nothing is lost and nothing taken twice.
    #[test]
    fn nothing_is_lost_or_taken_twice(
        months in proptest::collection::vec((0i64..300, 0i64..400), 3..5),
        issued in 0usize..4,
        again in proptest::collection::vec(0usize..5, 0..4),
    ) {
        let sandbox = workspace();
        let names = ["202207", "202208", "202209", "202210", "202211"];
        let names = &names[..months.len()];
        for (name, (used, discount)) in names.iter().zip(&months) {
            let items = [("basicCharge", *used), ("coupon", -discount)];
            let items: Vec<(&str, i64)> = items.into_iter().filter(|(_, amount)| *amount != 0).collect();
            bill(&sandbox, name, &items);
        }
        for (index, name) in names.iter().enumerate() {
            run(&sandbox, &["build", name, "--quiet"]);
            if index < issued {
                run(&sandbox, &["issue", name, "--quiet"]);
            }
        }
        let mut again = again;
        again.sort_unstable();
        for index in again.into_iter().filter(|index| *index < names.len()) {
            run(&sandbox, &["build", names[index], "--quiet"]);
        }
        let mut open = 0;
        for (name, (used, discount)) in names.iter().zip(&months) {
            let sum = used - discount + open;
            let is_billed = sum >= 0 && (*used != 0 || *discount != 0);
            prop_assert_eq!(subtotal(&sandbox, name), is_billed.then_some(sum), "{} of {:?}", name, months);
            open = if is_billed { 0 } else { sum };
        }
        for name in &names[..issued.min(names.len())] {
            run(&sandbox, &["verify", name]);
        }
    }
}

/// What became of a month without an invoice: 10 - 30 = -20 is carried.
#[test]
fn a_carried_month_is_explained_as_such() {
    let sandbox = workspace();
    bill(&sandbox, "202207", &[("basicCharge", 10), ("coupon", -30)]);
    let explained = sandbox.run(&["explain", "202207/acme"]);
    let expected = "error: \"acme\" gets no invoice for 202207: it is below zero, and -¥20 is carried forward\n";
    assert!(explained.code == 1 && explained.stderr.starts_with(expected), "{}", explained.stderr);
    assert!(explained.stderr.contains("  = by tax category: standard 10% -20\n"), "{}", explained.stderr);
}

/// A later month takes only what a month's first record leaves: 10 - 60 = -50 of a corrected month would be lost.
#[test]
fn a_corrected_month_below_zero_is_refused_with_its_sum() {
    let sandbox = workspace();
    bill(&sandbox, "202208", &[("basicCharge", 10)]);
    run(&sandbox, &["build", "202208"]);
    run(&sandbox, &["issue", "202208"]);
    sandbox.write("adjustments/202208.toml", adjustment("back", "acme", -60));
    let credit = ["credit", "INV-202208-acme", "--reason", "x", "--reissue", "--date", "2022-09-20"];
    let refused = sandbox.run(&credit);
    let expected = "error: the current rules bring 202208 of \"acme\" to -¥50: an invoice cannot be below zero\n  = by tax category: standard 10% -50\n";
    assert!(refused.code == 1 && refused.stderr.contains(expected), "{}", refused.stderr);
    assert!(!sandbox.path().join("issued/202208-1.json").exists());
}

fn adjustment(id: &str, customer: &str, amount: i64) -> String {
    format!("[[adjustment]]\nid = \"{id}\"\ncustomer = \"{customer}\"\nname = \"{id}\"\namount = {amount}\n")
}

/// 1000 - 1500 is carried, and its adjustment is one of the month's: -1500 + 100.
#[test]
fn adjustments_of_a_carried_month_are_summed() {
    let sandbox = workspace();
    bill(&sandbox, "202208", &[("basicCharge", 1000)]);
    sandbox.write("adjustments/202208.toml", adjustment("back", "acme", -1500) + &adjustment("more", "bravo", 100));
    run(&sandbox, &["build", "202208"]);
    let sums = json!({ "count": 2, "amount": "-1400", "cost": "0", "currency": "JPY" });
    assert_eq!(summary(&sandbox, "202208")["adjustments"], sums);
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("adjustments/202208.toml:1<") && page.contains("adjustments/202208.toml:6<"), "{page}");
}

/// Money that is owed to somebody must not be forgotten because a file was removed: it waits, and every month says so.
#[test]
fn a_rest_of_a_removed_customer_is_reported_and_waits() {
    let sandbox = workspace();
    bill(&sandbox, "202207", &[("basicCharge", 100), ("coupon", -400)]);
    run(&sandbox, &["build", "202207"]);
    let acme = sandbox.read("customers/acme.toml");
    std::fs::remove_file(sandbox.path().join("customers/acme.toml")).unwrap();
    bill(&sandbox, "202208", &[]);
    let august = sandbox.run(&["build", "202208"]);
    assert_eq!(august.code, 0, "{}", august.stderr);
    let expected = "warning[carried-forward]: nobody takes what 202207 carried forward for \"acme\": there is no such customer
--> customers/acme.toml
  = by tax category: standard 10% -300 JPY
hint: put back customers/acme.toml, with active = { until = \"202207\" } if the contract has ended, or pay it back by hand
";
    assert!(august.stderr.contains(expected), "{}", august.stderr);
    assert_eq!(sandbox.run(&["build", "202208", "--deny-warnings"]).code, 1);
    assert!(summary(&sandbox, "202208").get("carried").is_none());
    // September: 1000 − 300.
    sandbox.write("customers/acme.toml", acme);
    bill(&sandbox, "202209", &[("basicCharge", 1000)]);
    run(&sandbox, &["build", "202209"]);
    assert_eq!(subtotal(&sandbox, "202209"), Some(700));
}
