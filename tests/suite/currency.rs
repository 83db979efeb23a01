//! Money of rules in another currency than an invoice: what is converted, what is said of it, and that nothing depends on
//! which currency prices are written in.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::Sandbox;

/// A bill in dollars for acme, billed in dollars, and bravo, billed in yen; what `rules` says is of yen.
fn workspace(rules: &str, to_dollars: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"x\"\n{rules}\n\
             [[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"138.70\"\n{to_dollars}\
             [[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/*.csv\"\ncurrency = \"USD\"\n"
        ),
    );
    let customer = |id: &str| format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
    sandbox.write("customers/acme.toml", customer("acme") + "[invoice]\ncurrency = \"USD\"\n");
    sandbox.write("customers/bravo.toml", customer("bravo"));
    let rows = "1,202208,basicCharge,10,1,10,acme\n1,202208,harvest,1,150,1,acme\n2,202208,basicCharge,10,1,10,bravo\n";
    sandbox.write("billing/202208/a.csv", format!("imsi,date,billItemName,unitPrice,quantity,amount,customer\n{rows}"));
    sandbox
}

fn fx(rate: &str) -> String {
    format!("[[fx]]\nmonth = \"202208\"\nfrom = \"JPY\"\nto = \"USD\"\nrate = \"{rate}\"\n")
}

fn total(sandbox: &Sandbox, customer: &str) -> Value {
    let summary = sandbox.json("out/202208/summary.json");
    let customers = summary["customers"].as_array().unwrap();
    customers.iter().find(|found| found["id"] == customer).unwrap()["total"].clone()
}

const PRICE: &str = "[[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = \"330\"\n[[pricing.rule]]\nitem = \"harvest\"\nmarkup = \"0%\"\n";

/// The workspace that used to bill acme $363.00 for a price of 330 yen: 2.376 and 1 dollars, up to 2.38 + 1 = 3.38, tax 0.338.
#[test]
fn a_price_in_yen_is_no_price_in_dollars() {
    let sandbox = workspace(PRICE, &fx("0.0072"));
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json"]).code, 0);
    assert_eq!((total(&sandbox, "acme"), total(&sandbox, "bravo")), (json!("3.72"), json!("363")));
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["customers"][0]["converted_prices"], json!([{ "from": "JPY", "rate": "0.0072" }]));
    assert_eq!(summary["customers"][1].get("converted_prices"), None);
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert_eq!(page.matches("JPY→").count(), 1, "once, beside acme");
    let told = sandbox.run(&["explain", "202208/acme", "1"]).stdout;
    assert!(told.contains("unit-price 330 JPY (invoicer.toml:3) × 0.0072 (fx 202208 JPY→USD) = 2.376 USD"), "{told}");

    // Without the rate it is refused; the rate of the other direction is there and must not be inverted.
    let refused = workspace(PRICE, "").run(&["build", "202208"]);
    assert_eq!(refused.code, 1);
    for text in ["invoicer.toml:3", "\"acme\"", "from JPY to USD", "from = \"JPY\", to = \"USD\"", "never inverted"] {
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
}

/// The customer whose items no such rule names needs no rate.
#[test]
fn a_rule_that_does_not_apply_needs_no_rate() {
    let sandbox = workspace("[[pricing.rule]]\nitem = \"sms\"\nunit-price = \"330\"\n", "");
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json"]).code, 0);
    // 10 + 1 dollars and 10 × 138.70 yen, with tax.
    assert_eq!((total(&sandbox, "acme"), total(&sandbox, "bravo")), (json!("12.1"), json!("1526")));
}

/// By rule's currency, invoice's currency, key and place: what the line comes to, by hand.
#[test]
fn every_key_in_every_place() {
    let rates = fx("0.0072")
        + "[[fx]]\nmonth = \"202208\"\nfrom = \"EUR\"\nto = \"USD\"\nrate = \"1.05\"\n"
        + "[[fx]]\nmonth = \"202208\"\nfrom = \"EUR\"\nto = \"JPY\"\nrate = \"140\"\n";
    let price = |amount: &str| format!("[[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = \"{amount}\"\n");
    let tiers =
        |amount: &str| format!("[[pricing.rule]]\nitem = \"basicCharge\"\ntiers = [{{ unit-price = \"{amount}\" }}]\n");
    let minimum = |amount: &str| format!("[pricing]\nminimum = \"{amount}\"\n");
    let fee = |amount: &str| format!("[[fee]]\nname = \"fee\"\namount = \"{amount}\"\n");
    let of = |currency: &str, rule: String| format!("{rule}currency = \"{currency}\"\n");
    // In invoicer.toml, in customers/acme.toml (billed in dollars), and the item with its amount.
    let table = [
        // 330 × 0.0072 = 2.376, up.
        (price("330"), String::new(), "basicCharge", "2.38"),
        (of("JPY", price("330")), String::new(), "basicCharge", "2.38"),
        (of("USD", price("3.3")), String::new(), "basicCharge", "3.3"),
        // 3 × 1.05.
        (of("EUR", price("3")), String::new(), "basicCharge", "3.15"),
        (String::new(), price("3.3"), "basicCharge", "3.3"),
        (String::new(), of("JPY", price("330")), "basicCharge", "2.38"),
        (tiers("330"), String::new(), "basicCharge", "2.38"),
        (of("USD", tiers("3.3")), String::new(), "basicCharge", "3.3"),
        (String::new(), tiers("3.3"), "basicCharge", "3.3"),
        (String::new(), of("EUR", tiers("3")), "basicCharge", "3.15"),
        // Cost 11; 10001 × 0.0072 = 72.0072, up to 72.01.
        (minimum("10001"), String::new(), "Minimum", "61.01"),
        (of("USD", minimum("20.5")), String::new(), "Minimum", "9.5"),
        (String::new(), minimum("20.5"), "Minimum", "9.5"),
        (String::new(), of("JPY", minimum("10001")), "Minimum", "61.01"),
        (String::new(), fee("5.25"), "fee", "5.25"),
        // 5001 × 0.0072 = 36.0072, up.
        (String::new(), of("JPY", fee("5001")), "fee", "36.01"),
        (String::new(), of("EUR", fee("10.01")), "fee", "10.52"),
    ];
    for (base, own, name, expected) in table {
        let sandbox = workspace(&base, &rates);
        let acme = "name = \"acme\"\n[invoice]\ncurrency = \"USD\"\nlanguage = \"en\"\n";
        let claim = "[[match]]\ntag = { customer = \"acme\" }\n";
        sandbox.write("customers/acme.toml", format!("{acme}{claim}{own}"));
        let run = sandbox.run(&["build", "202208", "--format", "json", "--customer", "acme"]);
        assert_eq!(run.code, 0, "{base}{own}{}", run.stderr);
        let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
        let items = invoice["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["name"].as_str().unwrap().starts_with(name));
        assert_eq!(item.unwrap()["amount"], expected, "{base}{own}");
    }
}

/// New prices in yen for both customers: the dollars of acme are 330 × 0.0072 = 2.376, up to 2.38, and its harvest 1.
#[test]
fn whatif_over_customers_of_both_currencies() {
    let sandbox = workspace("", &fx("0.0072"));
    sandbox.write("new.toml", PRICE);
    let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202208..202208", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let comparison: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(comparison["customers"][0]["new"]["subtotal"], "3.38");
    assert_eq!(comparison["customers"][1]["new"]["subtotal"], "330");
    let converted = json!([{ "month": "202208", "customer": "acme", "from": "JPY", "to": "USD", "rate": "0.0072" }]);
    assert_eq!(comparison["converted"], converted);
    let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202208..202208"]);
    assert!(run.stderr.contains("prices of acme were converted: 1 JPY = 0.0072 USD in 202208"), "{}", run.stderr);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// All yen times k and the rate over k: the invoice in dollars is the same.
    #[test]
    fn the_unit_of_money_does_not_matter(
        prices in proptest::array::uniform4(1u32..2_000),
        minimum in 1u32..3_000,
        rate in 1u32..2_000,
        k in prop_oneof![Just(2u32), Just(4), Just(5), Just(8), Just(10), Just(1000)],
    ) {
        let invoice = |k: u32| {
            let [price, first, second, fee] = prices.map(|price| u64::from(price) * u64::from(k));
            let minimum = u64::from(minimum) * u64::from(k);
            let rules = format!(
                "[pricing]\nminimum = {minimum}\n[[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = {price}\n\
                 [[pricing.rule]]\nitem = \"harvest\"\ntiers = [{{ up-to = 100, unit-price = {first} }}, {{ unit-price = {second} }}]\n"
            );
            // Thousandths over k are whole billionths.
            let micros = u64::from(rate) * 1_000_000 / u64::from(k);
            let rate = format!("{}.{:09}", micros / 1_000_000_000, micros % 1_000_000_000);
            let sandbox = workspace(&rules, &fx(&rate));
            let fee = format!("[[fee]]\nname = \"fee\"\namount = {fee}\ncurrency = \"JPY\"\n");
            let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
            sandbox.write("customers/acme.toml", acme + &fee);
            let run = sandbox.run(&["build", "202208", "--format", "json", "--customer", "acme"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            sandbox.json("out/202208/acme/INV-202208-acme.json")
        };
        prop_assert_eq!(invoice(1), invoice(k));
    }
}
