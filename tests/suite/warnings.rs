//! What a month is warned of, at the edges: figures worked out by hand.

use std::fmt::Write;

use serde_json::Value;

use crate::common::{Run, Sandbox};

const WORKSPACE: &str = "[issuer]\nname = \"A\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\n\
                         path = \"billing/{month}/*.csv\"\n[[tax.rule]]\nitem = \"*\"\ncategory = \"out-of-scope\"\n";

const ACME: &str = "name = \"B\"\n[[match]]\ntag = { customer = \"acme\" }\n";

/// A workspace without tax or markup: what a customer pays is what the rows cost. `rows` are resource, item and amount of
/// the customer acme.
fn workspace(rows: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE);
    sandbox.write("customers/acme.toml", ACME);
    bill(&sandbox, rows);
    sandbox
}

fn bill(sandbox: &Sandbox, rows: &[(&str, &str, &str)]) {
    let mut text = "imsi,date,billItemName,quantity,amount,customer\n".to_owned();
    for (resource, item, amount) in rows {
        writeln!(text, "{resource},20220801,{item},1,{amount},acme").unwrap();
    }
    sandbox.write("billing/202208/soracom.csv", text);
}

/// An earlier month in which acme paid `total`.
fn past(sandbox: &Sandbox, month: &str, currency: &str, total: &str) {
    past_with(sandbox, month, currency, total, "null");
}

fn past_with(sandbox: &Sandbox, month: &str, currency: &str, total: &str, used: &str) {
    let text = format!(
        "{{\"month\": \"{month}\", \"status\": \"built\", \"customers\": [{{\"id\": \"acme\", \"currency\": \
         \"{currency}\", \"cost\": \"0\", \"subtotal\": \"{total}\", \"total\": \"{total}\", \"used\": {used}}}]}}"
    );
    sandbox.write(&format!("out/{month}/summary.json"), text);
}

fn build(sandbox: &Sandbox) -> Run {
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// Code, customer and message of each warning, but for those of items without a name: no item here has one.
fn warnings(sandbox: &Sandbox) -> Vec<[String; 3]> {
    build(sandbox);
    let summary = sandbox.json("out/202208/summary.json");
    let details = summary["warning_details"].as_array().unwrap();
    let messages: Vec<&Value> = details.iter().map(|detail| &detail["message"]).collect();
    assert_eq!(summary["warnings"].as_array().unwrap().iter().collect::<Vec<&Value>>(), messages);
    let word = |detail: &Value, key: &str| detail[key].as_str().unwrap_or("-").to_owned();
    let named = details.iter().filter(|detail| detail["code"] != "unnamed-item");
    named.map(|detail| ["code", "customer", "message"].map(|key| word(detail, key))).collect()
}

fn codes(sandbox: &Sandbox) -> Vec<String> {
    warnings(sandbox).into_iter().map(|[code, ..]| code).collect()
}

#[test]
fn a_first_month_has_nothing_to_be_warned_of() {
    assert_eq!(codes(&workspace(&[("1", "basic", "100")])), [""; 0]);
}

#[test]
fn a_total_is_unusual_beyond_the_set_change_and_not_at_it() {
    for (amount, expected) in [("130", None), ("130.01", Some("131")), ("70", None), ("69", Some("69"))] {
        let sandbox = workspace(&[("1", "basic", amount)]);
        past(&sandbox, "202207", "JPY", "100");
        let found = warnings(&sandbox);
        assert_eq!(found.len(), usize::from(expected.is_some()), "{amount}: {found:?}");
        if let Some(total) = expected {
            let direction = if total == "69" { "below" } else { "above" };
            let message = format!(
                "the total of \"acme\" is ¥{total}, 31.0% {direction} ¥100, that of the last month it was billed"
            );
            assert_eq!(found[0], ["unusual-total".to_owned(), "acme".to_owned(), message]);
        }
    }
}

#[test]
fn it_is_compared_with_the_median_of_the_last_three_months() {
    // By months: (past totals from the newest, the largest total that is usual: 1.3 × the median).
    for (totals, usual) in [
        (vec!["100"], 130),
        (vec!["100", "200"], 195),
        (vec!["100", "900", "200"], 260),
        // The fourth month does not count: with it the median would be 150.
        (vec!["100", "100", "200", "900"], 130),
    ] {
        for (total, expected) in [(usual, 0), (usual + 1, 1)] {
            let sandbox = workspace(&[("1", "basic", &total.to_string())]);
            for (month, total) in ["202207", "202206", "202205", "202204"].iter().zip(&totals) {
                past(&sandbox, month, "JPY", total);
            }
            assert_eq!(warnings(&sandbox).len(), expected, "{totals:?} {total}");
        }
    }
    let sandbox = workspace(&[("1", "basic", "196")]);
    past(&sandbox, "202207", "JPY", "100");
    past(&sandbox, "202206", "JPY", "200");
    // 46 of 150 is 30.666… %.
    let message = "the total of \"acme\" is ¥196, 30.7% above ¥150, the median of the last 2 months it was billed";
    assert_eq!(warnings(&sandbox)[0][2], message);
}

#[test]
fn nought_and_other_currencies_are_compared_with_care() {
    let sandbox = workspace(&[("1", "basic", "0")]);
    past(&sandbox, "202207", "JPY", "0");
    assert_eq!(codes(&sandbox), [""; 0]);
    bill(&sandbox, &[("1", "basic", "1")]);
    let message = "the total of \"acme\" is ¥1, above ¥0, that of the last month it was billed";
    assert_eq!(warnings(&sandbox)[0][2], message);
    past(&sandbox, "202207", "USD", "900");
    assert_eq!(codes(&sandbox), [""; 0]);
    past(&sandbox, "202206", "JPY", "100");
    assert_eq!(codes(&sandbox), ["unusual-total"]);
}

#[test]
fn a_customer_is_warned_of_below_cost_and_not_at_it() {
    let sandbox = workspace(&[("1", "basic", "100.5"), ("1", "data", "9")]);
    let price = |price: &str| format!("{ACME}[[pricing.rule]]\nitem = \"basic\"\nunit-price = \"{price}\"\n");
    // 101 for 100.5, then 100 for it: 109 for 109.5 in all.
    sandbox.write("customers/acme.toml", price("101"));
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("customers/acme.toml", price("100"));
    let message = "\"acme\" is billed ¥109 before tax for what costs ¥109.5: a loss of ¥0.5";
    assert_eq!(warnings(&sandbox), [["below-cost", "acme", message]]);
    assert_eq!(
        sandbox.json("out/202208/summary.json")["warning_details"][0]["notes"],
        serde_json::json!(["basic: ¥100 for ¥100.5"])
    );
    // With a fee that makes up for it there is no loss.
    sandbox.write("customers/acme.toml", price("100") + "[[fee]]\nname = \"x\"\namount = \"1\"\nper = \"month\"\n");
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn items_and_resources_come_and_go() {
    let sandbox = workspace(&[("1", "basic", "50"), ("2", "data", "50")]);
    let used = "{\"items\": {\"s\": {\"basic\": \"50\", \"beam\": \"50\"}}, \"resources\": {\"s\": [\"1\", \"3\"]}}";
    past_with(&sandbox, "202207", "JPY", "100", used);
    let expected = [
        ("new-item", "\"acme\" has an item that it did not have before: data"),
        ("gone-item", "\"acme\" no longer has an item of the month before: beam"),
        ("new-resource", "\"acme\" has a resource that it did not have before: 2"),
        ("gone-resource", "\"acme\" no longer has a resource of the month before: 3"),
    ];
    let expected = expected.map(|(code, message)| [code.to_owned(), "acme".to_owned(), message.to_owned()]);
    assert_eq!(warnings(&sandbox), expected);
    // What was there two months ago is not new, and what was not there last month cannot go.
    past_with(&sandbox, "202206", "JPY", "100", "{\"items\": {\"s\": {\"data\": \"1\"}}, \"resources\": {}}");
    assert_eq!(codes(&sandbox), ["gone-item", "new-resource", "gone-resource"]);
    std::fs::remove_dir_all(sandbox.path().join("out/202207")).unwrap();
    assert_eq!(codes(&sandbox), ["new-item", "new-resource"]);
    // A month that does not say what was used says nothing about it.
    past(&sandbox, "202206", "JPY", "100");
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn a_thousand_new_resources_are_one_line() {
    let ids: Vec<String> = (1..=1000).map(|number| format!("44{number:04}")).collect();
    let rows: Vec<(&str, &str, &str)> = ids.iter().map(|id| (id.as_str(), "basic", "0.1")).collect();
    let sandbox = workspace(&rows);
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nignore = [\"unnamed-item\"]\n"));
    let used = "{\"items\": {\"s\": {\"basic\": \"1\"}}, \"resources\": {\"s\": [\"440001\"]}}";
    past_with(&sandbox, "202207", "JPY", "100", used);
    let message = "\"acme\" has 999 resources that it did not have before: 440002, 440003, 440004 and 996 more";
    assert_eq!(warnings(&sandbox), [["new-resource", "acme", message]]);
    assert!(build(&sandbox).stderr.lines().count() < 10);
}

#[test]
fn customers_without_charges() {
    let sandbox = workspace(&[("1", "basic", "100")]);
    sandbox.write("customers/bravo.toml", "name = \"C\"\n[[match]]\ntag = { customer = \"bravo\" }\n");
    // Its rule matches nothing; that follows.
    let message = "\"bravo\" has no charges in 202208: no invoice";
    assert_eq!(warnings(&sandbox), [["no-charges", "bravo", message]]);
    let fee = "[[fee]]\nname = \"x\"\namount = \"5\"\n";
    sandbox.write("customers/bravo.toml", format!("name = \"C\"\n[[match]]\ntag = {{ customer = \"bravo\" }}\n{fee}"));
    assert_eq!(warnings(&sandbox)[0][2], "\"bravo\" has no charges in 202208: only fees");
    sandbox.write("customers/bravo.toml", format!("name = \"C\"\n{fee}"));
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("customers/bravo.toml", "name = \"C\"\nactive = { until = \"202207\" }\n");
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn fees_and_rules_that_ended_last_month() {
    let sandbox = workspace(&[("1", "basic", "100")]);
    let customer = |fee: &str, rule: &str| {
        format!(
            "{ACME}[[pricing.rule]]\nitem = \"basic\"\nmarkup = \"5%\"\n{rule}\n[[fee]]\nname = \"x\"\namount = \"5\"\n{fee}\n"
        )
    };
    sandbox.write("customers/acme.toml", customer("until = \"202207\"", "until = \"202207\""));
    let expected = [
        ["ended-fee", "acme", "the fee \"x\" of \"acme\" ended with 202207"],
        ["ended-rule", "acme", "a [[pricing.rule]] ended with 202207"],
    ];
    assert_eq!(warnings(&sandbox), expected);
    // The way out leaves what the earlier months were billed with as it is.
    let summary = sandbox.json("out/202208/summary.json");
    for (index, hint) in [
        "to go on charging it, set a later until, or add a [[fee]] with from = \"202208\"; if it ended for good, leave it as it \
         is: months up to 202207 were billed with it",
        "what it priced now follows the next rule that matches, or the markup; to price it otherwise, add a \
         [[pricing.rule]] with from = \"202208\", and leave this one: months up to 202207 were billed with it",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(summary["warning_details"][index]["hint"], hint);
    }
    // One that ends this month or ended before that is not news.
    for until in ["until = \"202208\"", "until = \"202206\""] {
        sandbox.write("customers/acme.toml", customer(until, until));
        assert_eq!(codes(&sandbox), [""; 0]);
    }
    // What follows them takes their place.
    let following = customer("until = \"202207\"", "until = \"202207\"")
        + "[[fee]]\nname = \"x\"\namount = \"6\"\nfrom = \"202208\"\n[[pricing.rule]]\nitem = \"basic\"\nmarkup = \"6%\"\n";
    sandbox.write("customers/acme.toml", following);
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn rules_that_match_nothing() {
    let sandbox = workspace(&[("1", "basic", "100"), ("1", "data", "-1")]);
    sandbox.write(
        "invoicer.toml",
        format!(
            "{WORKSPACE}[[tax.rule]]\nitem = \"roaming\"\ncategory = \"exempt\"\n[[pricing.rule]]\nitem = \"beam\"\n\
             markup = \"1%\"\n[[allocation.share]]\nmatch = {{ item = \"support\" }}\nby = \"even\"\n"
        ),
    );
    // A price per unit is not for discounts, of which data is one.
    let rules = "[[match]]\nresource = \"9\"\n[[pricing.rule]]\nitem = \"data\"\nunit-price = \"1\"\n[[pricing.rule]]\n\
                 item = \"later\"\nmarkup = \"1%\"\nfrom = \"202209\"\n";
    sandbox.write("customers/acme.toml", format!("{ACME}{rules}"));
    let found: Vec<[String; 3]> = warnings(&sandbox);
    let expected = [
        ["unused-match", "acme", "the [[match]] matches nothing in 202208"],
        ["unused-price-rule", "-", "the [[pricing.rule]] matches nothing in 202208"],
        ["unused-price-rule", "acme", "the [[pricing.rule]] matches nothing in 202208"],
        ["unused-tax-rule", "-", "the [[tax.rule]] matches nothing in 202208"],
        ["unused-share-rule", "-", "the [[allocation.share]] matches nothing in 202208"],
    ];
    assert_eq!(found, expected);
    let summary = sandbox.json("out/202208/summary.json");
    let places: Vec<String> = summary["warning_details"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|detail| detail["code"] != "unnamed-item")
        .map(|detail| format!("{}:{}", detail["file"].as_str().unwrap(), detail["line"]))
        .collect();
    let expected =
        ["customers/acme.toml:4", "invoicer.toml:13", "customers/acme.toml:6", "invoicer.toml:10", "invoicer.toml:16"];
    assert_eq!(places, expected);
}

#[test]
fn what_is_ignored_is_not_told() {
    let sandbox = workspace(&[("1", "basic", "140"), ("2", "basic", "0")]);
    let used = "{\"items\": {\"s\": {\"basic\": \"1\"}}, \"resources\": {\"s\": [\"1\"]}}";
    past_with(&sandbox, "202207", "JPY", "100", used);
    assert_eq!(codes(&sandbox), ["unusual-total", "new-resource"]);
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nchange = \"40%\"\n"));
    assert_eq!(codes(&sandbox), ["new-resource"]);
    sandbox.write("customers/acme.toml", format!("{ACME}[warnings]\nignore = [\"new-resource\"]\n"));
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("customers/acme.toml", format!("{ACME}[warnings]\nchange = \"39%\"\n"));
    assert_eq!(codes(&sandbox), ["unusual-total", "new-resource"]);
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nignore = [\"unusual-total\", \"new-resource\"]\n"));
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn denied_warnings_refuse_the_month() {
    let sandbox = workspace(&[("1", "basic", "140")]);
    past(&sandbox, "202207", "JPY", "100");
    let unnamed = format!("{WORKSPACE}[warnings]\nignore = [\"unnamed-item\"]\n");
    sandbox.write("invoicer.toml", unnamed.replace("\"A\"", "\"A\"\nregistration-number = \"T1234567890123\""));
    let before = sandbox.files();
    for command in ["check", "build"] {
        let run = sandbox.run(&[command, "202208", "--deny-warnings"]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
        assert!(run.stderr.contains("error[unusual-total]: the total of \"acme\""), "{}", run.stderr);
        assert!(run.stderr.contains("error[registration-number]: the check digit"), "{}", run.stderr);
        assert!(run.stderr.ends_with("2 errors; nothing was written\n"), "{}", run.stderr);
    }
    assert_eq!(sandbox.run(&["check", "--deny-warnings"]).code, 1);
    assert!(sandbox.files() == before);
    sandbox.write("invoicer.toml", unnamed.replace("[\"", "[\"unusual-total\", \""));
    assert_eq!(sandbox.run(&["build", "202208", "--deny-warnings", "--format", "json"]).code, 0);
}

/// A bill of one SIM: date, item, unit price, quantity and amount of each row.
fn priced_bill(sandbox: &Sandbox, rows: &[[&str; 5]]) {
    let mut text = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for row in rows {
        writeln!(text, "440101234500001,{},acme", row.join(",")).unwrap();
    }
    sandbox.write("billing/202208/soracom.csv", text);
}

#[test]
fn own_prices_far_from_the_providers_are_unusual() {
    let sandbox = workspace(&[]);
    // Two SIMs for 31 days at 10 yen.
    priced_bill(&sandbox, &[["202208", "basicCharge", "10", "62", "620"]]);
    let rule = |price: &str| format!("{ACME}[[pricing.rule]]\nitem = \"basic*\"\n{price}\n");
    let unit_price = |price: &str| rule(&format!("unit-price = \"{price}\""));
    // A price of a month where the provider counts days: 330 ÷ 10 = 33.
    sandbox.write("customers/acme.toml", unit_price("330"));
    let message = "基本料金 (basicCharge) costs ¥330 per unit, 33 times the provider's ¥10 per unit";
    assert_eq!(warnings(&sandbox), [["unusual-price", "acme", message]]);
    for (price, expected) in [("30", None), ("30.01", Some("3.001")), ("3.34", None), ("3.33", Some("0.333"))] {
        sandbox.write("customers/acme.toml", unit_price(price));
        let found: Vec<String> = warnings(&sandbox)
            .into_iter()
            .filter(|[code, ..]| code == "unusual-price")
            .map(|[.., message]| message)
            .collect();
        let message = |times| {
            format!("基本料金 (basicCharge) costs ¥{price} per unit, {times} times the provider's ¥10 per unit")
        };
        assert_eq!(found, expected.map(message).into_iter().collect::<Vec<String>>(), "{price}");
    }
    // The threshold of the workspace, and over it that of the customer; or no warning at all.
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nprice = \"33\"\n"));
    sandbox.write("customers/acme.toml", unit_price("330"));
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("customers/acme.toml", unit_price("330") + "[warnings]\nprice = 32\n");
    assert_eq!(codes(&sandbox), ["unusual-price"]);
    sandbox.write("customers/acme.toml", unit_price("330") + "[warnings]\nprice = 32\nignore = [\"unusual-price\"]\n");
    assert_eq!(codes(&sandbox), [""; 0]);
    // A markup says itself how many times the provider's price it is.
    sandbox.write("invoicer.toml", WORKSPACE);
    sandbox.write("customers/acme.toml", rule("markup = \"400%\""));
    assert_eq!(codes(&sandbox), [""; 0]);
}

#[test]
fn prices_of_several_units_are_compared_as_means() {
    let sandbox = workspace(&[]);
    // 1000 bytes for 1 and 1000 for 2: 0.0015 each. What costs nothing is compared with nothing.
    let rows = [
        ["20220801", "data", "", "1000", "1"],
        ["20220802", "data", "", "1000", "2"],
        ["20220803", "data", "", "500", "0"],
    ];
    priced_bill(&sandbox, &rows);
    let tiers = |first: &str, second: &str| {
        let tiers = format!("[{{ up-to = \"1000\", unit-price = \"{first}\" }}, {{ unit-price = \"{second}\" }}]");
        format!("{ACME}[[pricing.rule]]\nitem = \"data\"\ntiers = {tiers}\n")
    };
    // 1000 × 0.01 + 1000 × 0.002 = 12 for 2000 bytes: 0.006, 4 times 0.0015.
    sandbox.write("customers/acme.toml", tiers("0.01", "0.002"));
    let message = "data costs ¥0.006 per unit, 4 times the provider's ¥0.0015 per unit";
    assert_eq!(warnings(&sandbox), [["unusual-price", "acme", message]]);
    // 1000 × 0.007 + 1000 × 0.002 = 9: exactly 3 times.
    sandbox.write("customers/acme.toml", tiers("0.007", "0.002"));
    assert_eq!(codes(&sandbox), [""; 0]);
    // The same tiers in dollars of 100 yen, and the same price per unit.
    let fx = "[[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"100\"\n";
    sandbox.write("invoicer.toml", format!("{WORKSPACE}{fx}"));
    let unit_price = format!("{ACME}[[pricing.rule]]\nitem = \"data\"\nunit-price = \"0.00006\"\n");
    for rule in [tiers("0.0001", "0.00002"), unit_price] {
        sandbox.write("customers/acme.toml", rule + "currency = \"USD\"\n");
        let found: Vec<[String; 3]> = warnings(&sandbox);
        assert!(found.contains(&["unusual-price", "acme", message].map(str::to_owned)), "{found:?}");
    }
    sandbox.write("invoicer.toml", WORKSPACE);
    // A rule of the workspace is told once, at its place there, in the currency of the invoice: 0.0015 yen
    // are 0.000015 dollars.
    let fx = "[[fx]]\nmonth = \"202208\"\nfrom = \"JPY\"\nto = \"USD\"\nrate = \"0.01\"\n\
              [[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\nrate = \"100\"\n";
    let rule = "[[pricing.rule]]\nitem = \"data\"\nunit-price = \"0.00006\"\n";
    sandbox.write(
        "invoicer.toml",
        format!("{WORKSPACE}{rule}{fx}[invoice]\ncurrency = \"USD\"\n[warnings]\nprice = \"3.9\"\n"),
    );
    sandbox.write("customers/acme.toml", ACME);
    let message = "data costs $0.00006 per unit, 4 times the provider's $0.000015 per unit";
    assert_eq!(warnings(&sandbox), [["unusual-price", "-", message]]);
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["warning_details"][0]["line"], 10);
}

#[test]
fn a_bill_that_ends_before_the_month_is_short() {
    let bill = |sandbox: &Sandbox, path: &str, dates: &[&str]| {
        let mut text = "imsi,date,billItemName,quantity,amount,customer\n".to_owned();
        for date in dates {
            writeln!(text, "1,{date},basic,1,10,acme").unwrap();
        }
        sandbox.write(path, text);
    };
    let sandbox = workspace(&[]);
    let (july, august) = ("billing/202207/soracom.csv", "billing/202208/soracom.csv");
    bill(&sandbox, august, &["20220801", "20220820", "202208"]);
    assert_eq!(codes(&sandbox), [""; 0], "no earlier month is known");
    bill(&sandbox, july, &["20220701", "20220730"]);
    assert_eq!(codes(&sandbox), [""; 0], "the month before was short too");
    bill(&sandbox, july, &["20220701", "20220731", "20220702"]);
    let message = "the bill ends with 2022-08-20, but that of 202207 reaches the end of its month";
    assert_eq!(warnings(&sandbox), [["short-month", "-", message]]);
    assert_eq!(sandbox.json("out/202208/summary.json")["warning_details"][0]["file"], august);
    let draft = sandbox.run(&["build", "202208", "--draft", "--format", "json"]);
    assert!(draft.code == 0 && !draft.stderr.contains("short-month"), "{}", draft.stderr);
    bill(&sandbox, august, &["20220801", "20220831"]);
    assert_eq!(codes(&sandbox), [""; 0]);
    bill(&sandbox, august, &["202208"]);
    let message = "the bill has no rows of days, but that of 202207 reaches the end of its month";
    assert_eq!(warnings(&sandbox), [["short-month", "-", message]]);
    // Months in which the source did not exist yet are not its own.
    let later = WORKSPACE.replace("[[tax.rule]]", "from = \"202208\"\n[[tax.rule]]");
    sandbox.write("invoicer.toml", later);
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("invoicer.toml", WORKSPACE);
    // Of several files only the one of the same name counts: the first half of a month never reaches its end.
    for (month, half, rest) in [("202207", "20220715", "20220731"), ("202208", "20220815", "20220831")] {
        std::fs::remove_file(sandbox.path().join(format!("billing/{month}/soracom.csv"))).unwrap();
        bill(&sandbox, &format!("billing/{month}/a.csv"), &[half]);
        bill(&sandbox, &format!("billing/{month}/b.csv"), &[rest]);
    }
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("invoicer.toml", format!("{WORKSPACE}[warnings]\nignore = [\"short-month\"]\n"));
    bill(&sandbox, "billing/202208/b.csv", &["20220816"]);
    assert_eq!(codes(&sandbox), [""; 0]);
    sandbox.write("invoicer.toml", WORKSPACE);
    assert_eq!(codes(&sandbox), ["short-month"]);
}

/// 100 exempt and a discount of 95 at 10 %: 5 before tax, and a tax of −9.5, rounded up to −10.
#[test]
fn a_total_below_zero_is_warned_of_where_its_subtotal_is_not() {
    let sandbox = workspace(&[("1", "roaming", "100"), ("1", "basicCharge", "-95")]);
    sandbox.write(
        "invoicer.toml",
        WORKSPACE.replace("item = \"*\"\ncategory = \"out-of-scope\"", "item = \"roaming\"\ncategory = \"exempt\""),
    );
    let run = sandbox.run(&["check", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let message = "warning[negative-total]: the total of \"acme\" is -¥5, below zero: its taxes come to -¥10";
    assert!(run.stderr.contains(message), "{}", run.stderr);
}
