//! Prices that include tax: `tax = "included"`. `tests/cases/prices-with-tax` has the arithmetic.

#![allow(clippy::float_arithmetic, reason = "places on pages are no money")]

use pages::layout::Item;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{Sandbox, copy_tree};
use crate::designs::{DESIGNS, lay_out};

const INCLUDED: &str = "tax = \"included\"\n";

fn workspace(tax: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n[tax]\nrounding = \"{tax}\"\n{source}"));
    sandbox
}

fn customer(sandbox: &Sandbox, id: &str, rules: &str) {
    let text = format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n{rules}");
    sandbox.write(&format!("customers/{id}.toml"), text);
}

/// A month's bill: items of acme with their amounts, as many units as yen.
fn bill(sandbox: &Sandbox, month: &str, items: &[(&str, i64)]) {
    let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for (item, amount) in items {
        text += &format!("1,{month}01,{item},1,{amount},{amount},acme\n");
    }
    sandbox.write(&format!("billing/{month}/a.csv"), text);
}

fn fee(name: &str, amount: i64, more: &str) -> String {
    format!("[[fee]]\nname = \"{name}\"\namount = {amount}\n{more}")
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// Kind and amount of each item, then base and tax of each row of the tax table, then the sums.
fn figures(document: &Value) -> String {
    let word = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let mut text = String::new();
    for item in document["items"].as_array().unwrap() {
        let mark = if item.get("tax_included").is_some() { "*" } else { "" };
        text += &format!("{}{mark} {}, ", word(item, "kind"), word(item, "amount"));
    }
    for tax in document["tax_subtotals"].as_array().unwrap() {
        let mark = if tax.get("tax_included").is_some() { "*" } else { "" };
        text += &format!("{}{mark} {} + {}, ", word(tax, "rate"), word(tax, "taxable"), word(tax, "tax"));
    }
    let [subtotal, tax, total] = ["subtotal", "tax", "total"].map(|key| word(document, key));
    text + &format!("{subtotal} + {tax} = {total}")
}

/// 980 with tax: 90 of tax, up. 500 of it are taken back: 500 × 10/110 = 45.45…, 46; the rest, 480, has 44. Nothing is left.
#[test]
fn credit_notes_take_back_exactly_what_was_paid() {
    let sandbox = workspace("up");
    customer(&sandbox, "acme", &fee("plan", 980, INCLUDED));
    bill(&sandbox, "202208", &[("basicCharge", 100)]);
    run(&sandbox, &["build", "202208"]);
    run(&sandbox, &["issue", "202208"]);
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let expected = "usage 100, fee* 980, included-tax* -90, 10% 100 + 10, 10%* 890 + 90, 990 + 100 = 1090";
    assert_eq!(figures(&invoice), expected);
    let refused = sandbox.run(&["credit", "INV-202208-acme", "--reason", "x", "--line", "3", "--date", "2022-09-20"]);
    assert!(refused.stderr.contains("line 3 of INV-202208-acme"), "{}", refused.stderr);
    assert!(refused.stderr.contains("follows from the lines that include it"), "{}", refused.stderr);
    let credit = ["credit", "INV-202208-acme", "--reason", "x", "--date", "2022-09-20"];
    run(&sandbox, &[&credit[..], &["--line", "2=500"]].concat());
    run(&sandbox, &credit);
    let note = |record: &str| figures(&sandbox.json(&format!("issued/{record}.json"))["documents"][0]);
    assert_eq!(note("202208-1"), "fee* -500, included-tax* 46, 10%* -454 + -46, -454 + -46 = -500");
    let rest = "usage -100, fee* -480, included-tax* 44, 10% -100 + -10, 10%* -436 + -44, -536 + -54 = -590";
    assert_eq!(note("202208-2"), rest);
    run(&sandbox, &["verify", "202208"]);
    let explained = run(&sandbox, &["explain", "CN-INV-202208-acme"]);
    assert!(explained.contains("-500 with tax × 10 / 110 = -45.45454545 → up → -46"), "{explained}");
    let explained = run(&sandbox, &["explain", "INV-202208-acme", "3"]);
    assert!(explained.contains("980 × 10 / 110 ≈ 89.09090909 → up → 90, taken off: -90"), "{explained}");
    let explained = run(&sandbox, &["explain", "INV-202208-acme"]);
    assert!(
        explained.contains("standard 10% incl. tax: line 2, 980; × 10 / 110 = 89.09090909 → up → 90"),
        "{explained}"
    );
}

/// July: 110 with tax, less a coupon of 400: 110 − 10 − 400 = −300. August: 1,100 with tax. (1100 + 110) × 10/110 = 110, and
/// −400 at 10 %: −40. 1210 − 400 − 40 = 770.
#[test]
fn a_rest_carries_prices_with_tax() {
    let sandbox = workspace("up");
    let rule = "[[pricing.rule]]\nitem = \"data\"\nunit-price = 1\n";
    customer(
        &sandbox,
        "acme",
        &format!(
            "{rule}{INCLUDED}[[pricing.rule]]\nitem = \"coupon\"\nmarkup = \"0%\"\n[invoice]\nbelow-zero = \"carry\"\n"
        ),
    );
    sandbox.write("customers/bravo.toml", format!("name = \"bravo\"\n{}", fee("plan", 1, "")));
    bill(&sandbox, "202207", &[("data", 110), ("coupon", -400)]);
    bill(&sandbox, "202208", &[("data", 1100)]);
    for month in ["202207", "202208"] {
        run(&sandbox, &["build", month]);
        run(&sandbox, &["issue", month]);
        run(&sandbox, &["verify", month]);
    }
    let rests = json!([
        { "category": "standard", "rate": "10%", "amount": "-400", "cost": "-400" },
        { "category": "standard", "rate": "10%", "amount": "110", "tax_included": true, "cost": "110" }
    ]);
    assert_eq!(sandbox.json("issued/202207.json")["carried"]["left"][0]["rests"], rests);
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let expected =
        "usage* 1100, carried -400, carried* 110, included-tax* -110, 10% -400 + -40, 10%* 1100 + 110, 700 + 70 = 770";
    assert_eq!(figures(&invoice), expected);
}

/// 3 × 33.5 with tax at `round-at = "invoice"`: 100.5 is rounded up to 101 before its tax is taken out: 101 × 10/110 = 9.18…, 10.
#[test]
fn an_exact_sum_is_rounded_with_its_tax() {
    let sandbox = workspace("up");
    let pricing = "[pricing]\nround-at = \"invoice\"\n[[pricing.rule]]\nitem = \"data\"\nunit-price = \"33.5\"\n";
    customer(&sandbox, "acme", &format!("{pricing}{INCLUDED}"));
    bill(&sandbox, "202208", &[("data", 3)]);
    run(&sandbox, &["build", "202208", "--format", "json"]);
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let expected = "usage* 100.5, included-tax* -10, rounding* 0.5, 10%* 91 + 10, 91 + 10 = 101";
    assert_eq!(figures(&invoice), expected);
    run(&sandbox, &["explain", "202208/acme"]);
}

/// What customers read, in both languages and designs, and in their CSV; nothing of it where no price includes tax.
#[test]
fn readers_see_which_prices_include_tax() {
    let sandbox = Sandbox::new();
    copy_tree(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/prices-with-tax"), sandbox.path());
    for (language, design, marked, words) in [
        (
            "ja",
            "classic",
            "</a> （税込）",
            ["税込価格に含まれる消費税", "10%対象（税込価格分）", "消費税（10%・税込価格分）"],
        ),
        (
            "en",
            "modern",
            "</a> (incl. tax)",
            [
                "Consumption tax included in prices",
                "Subject to 10%, prices incl. tax",
                "Consumption tax (10%, in prices)",
            ],
        ),
    ] {
        let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
        let acme = acme.split("[invoice]").next().unwrap().to_owned();
        sandbox.write(
            "customers/acme.toml",
            format!("{acme}[invoice]\nlanguage = \"{language}\"\ntemplate = \"{design}\"\n"),
        );
        run(&sandbox, &["build", "202208", "--format", "html,csv"]);
        let page =
            |id: &str| String::from_utf8(sandbox.read(&format!("out/202208/{id}/INV-202208-{id}.html"))).unwrap();
        let shown = page("acme");
        for text in [marked, "¥980 × 10/110"].into_iter().chain(words) {
            assert!(shown.contains(text), "{language}: {text}");
        }
        assert!(!page("dora").contains("税込価格"));
        let csv = |id: &str| String::from_utf8(sandbox.read(&format!("out/202208/{id}/INV-202208-{id}.csv"))).unwrap();
        let header = |id: &str| csv(id).lines().next().unwrap().to_owned();
        assert!(header("acme").ends_with(",heading,tax_included"));
        assert!(header("dora").ends_with(",heading"));
        let last: Vec<String> =
            csv("acme").lines().skip(1).map(|row| row.rsplit(',').next().unwrap().to_owned()).collect();
        assert_eq!(last, ["false", "true", "true"]);
    }
}

/// Today 110 a unit before tax; with 110 including it, 100 are left: 10 units are 1100 and 1000.
#[test]
fn other_prices_may_include_tax() {
    let sandbox = workspace("down");
    customer(&sandbox, "acme", "[[pricing.rule]]\nitem = \"data\"\nunit-price = 110\n");
    bill(&sandbox, "202208", &[("data", 10)]);
    sandbox
        .write("new.toml", format!("[[customers.acme.pricing.rule]]\nitem = \"data\"\nunit-price = 110\n{INCLUDED}"));
    let compared = run(&sandbox, &["whatif", "--pricing", "new.toml", "--months", "202208", "--json"]);
    let compared: Value = serde_json::from_str(&compared).unwrap();
    let acme = &compared["customers"][0];
    let sums = |side: &str| ["subtotal", "tax", "total"].map(|key| acme[side][key].as_str().unwrap().to_owned());
    assert_eq!(sums("old"), ["1100", "110", "1210"]);
    assert_eq!(sums("new"), ["1000", "100", "1100"]);
}

/// Tax by the law, in whole numbers.
fn taxed(prices: i64, percent: i64, included: bool, mode: &str) -> i64 {
    let (value, by) = (prices * percent, if included { 100 + percent } else { 100 });
    let (whole, rest) = (value / by, value % by);
    let away = match mode {
        "up" => rest > 0,
        "down" => false,
        "half-up" => 2 * rest >= by,
        _ => 2 * rest > by || 2 * rest == by && whole % 2 == 1,
    };
    whole + i64::from(away)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any fees of two rates, with and without tax: the items add up to the subtotal, each group's tax is that of the law, and
    /// who has only prices with tax pays their sum.
    #[test]
    fn what_is_agreed_is_what_is_paid(
        all in prop::collection::vec(prop::collection::vec((1i64..100_000, any::<bool>(), any::<bool>()), 1..6), 8),
        mode in prop::sample::select(vec!["up", "down", "half-up", "half-even"]),
    ) {
        let sandbox = workspace(mode);
        for (index, fees) in all.iter().enumerate() {
            let fees: String = fees.iter().enumerate().map(|(number, (amount, reduced, included))| {
                let category = if *reduced { "tax-category = \"reduced\"\n" } else { "" };
                fee(&format!("fee {number}"), *amount, &format!("{category}{}", if *included { INCLUDED } else { "" }))
            }).collect();
            sandbox.write(&format!("customers/c{index}.toml"), format!("name = \"c{index}\"\n{fees}"));
        }
        bill(&sandbox, "202208", &[]);
        run(&sandbox, &["build", "202208", "--format", "json", "--quiet"]);
        for (index, fees) in all.iter().enumerate() {
            let invoice = sandbox.json(&format!("out/202208/c{index}/INV-202208-c{index}.json"));
            let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
            let items: i64 = invoice["items"].as_array().unwrap().iter().map(|item| number(&item["amount"])).sum();
            prop_assert_eq!(items, number(&invoice["subtotal"]));
            let mut total = 0;
            for (reduced, included) in [(false, false), (false, true), (true, false), (true, true)] {
                let of = fees.iter().filter(|fee| (fee.1, fee.2) == (reduced, included));
                let (prices, percent) = (of.map(|fee| fee.0).sum::<i64>(), if reduced { 8 } else { 10 });
                total += prices + if included { 0 } else { taxed(prices, percent, false, mode) };
                let tax = taxed(prices, percent, included, mode);
                let taxes = invoice["tax_subtotals"].as_array().unwrap();
                let row = taxes.iter().find(|row| {
                    row["rate"] == format!("{percent}%") && row.get("tax_included").is_some() == included
                });
                let row = row.map_or((0, 0), |row| (number(&row["taxable"]), number(&row["tax"])));
                prop_assert_eq!(row, (prices - if included { tax } else { 0 }, tax), "{:?} {}", fees, mode);
            }
            prop_assert_eq!(number(&invoice["total"]), total);
        }
    }
}

/// 980 with tax at 10 %: 980 × 10/110 = 89.09…, 90 up. Of September 2019 at 8 %: 980 × 8/108 = 72.59…, 73. A discount of 110
/// at 10 % makes the first 870, with 79.09…, 80 of tax; what is exempt includes none.
#[test]
fn adjustments_can_be_agreed_with_tax() {
    let sandbox = workspace("up");
    customer(&sandbox, "acme", "");
    bill(&sandbox, "202208", &[("basicCharge", 100)]);
    let adjustment = |id: &str, amount: i64, more: &str| {
        format!(
            "[[adjustment]]\nid = \"{id}\"\ncustomer = \"acme\"\nname = \"{id}\"\namount = {amount}\n{more}{INCLUDED}"
        )
    };
    let one = adjustment("a", 980, "");
    sandbox.write("adjustments/202208.toml", &one);
    run(&sandbox, &["build", "202208"]);
    let built = || figures(&sandbox.json("out/202208/acme/INV-202208-acme.json"));
    let expected = "usage 100, adjustment* 980, included-tax* -90, 10% 100 + 10, 10%* 890 + 90, 990 + 100 = 1090";
    assert_eq!(built(), expected);
    let others = adjustment("b", -110, "")
        + &adjustment("c", 980, "supply = \"201909\"\n")
        + &adjustment("d", 50, "tax-category = \"exempt\"\n");
    sandbox.write("adjustments/202208.toml", one + &others);
    run(&sandbox, &["build", "202208"]);
    // 100 + 870 + 980 + 50 − (80 + 73) = 1,847; with 10 + 80 + 73 of tax it is 100 × 1.1 + 870 + 980 + 50 = 2,010.
    let figures = built();
    assert!(figures.contains("10%* 790 + 80, ") && figures.contains("8%* 907 + 73, "), "{figures}");
    assert!(figures.ends_with("1847 + 163 = 2010"), "{figures}");
}

/// The rows of prices with tax have long names: the tax table ends before the totals begin all the same.
#[test]
fn tax_table_and_totals_stand_side_by_side() {
    for design in DESIGNS {
        for (language, tax, subtotal) in
            [("ja", "消費税額", "小計（税抜）"), ("en", "Consumption tax", "Subtotal (excl. tax)")]
        {
            let sandbox = workspace("up");
            let invoice = format!("[invoice]\ntemplate = \"{design}\"\nlanguage = \"{language}\"\n");
            customer(&sandbox, "acme", &(invoice + &fee("plan", 980, INCLUDED)));
            bill(&sandbox, "202208", &[("basicCharge", 12345)]);
            run(&sandbox, &["build", "202208", "--format", "html"]);
            let html = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
            let document = lay_out(&html);
            let items = document.pages[0].layers.iter().flat_map(|layer| &layer.items);
            let texts: Vec<_> = items
                .filter_map(|item| match item {
                    Item::Text(text) => Some((text.text.trim(), text.x, text.x + text.width)),
                    _ => None,
                })
                .collect();
            let place = |wanted: &str| {
                let found = texts.iter().rfind(|(text, ..)| *text == wanted);
                *found.unwrap_or_else(|| panic!("{design} {language}: no {wanted:?} in {texts:?}"))
            };
            let ((.., end), (_, begin, _)) = (place(tax), place(subtotal));
            assert!(end < begin, "{design} {language}: the tax table ends at {end}, the totals begin at {begin}");
        }
    }
}
