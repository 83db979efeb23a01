//! Bills in FOCUS from build to issue: months that may still change, late charges, rows that are left out, commitments.

use std::path::Path;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::good;
use crate::reproducer::Reproducer;

/// The workspace of `tests/cases/focus`.
fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/focus"), sandbox.path());
    sandbox
}

/// A workspace with a bill of these columns beside those that every bill has; a day, an item and an account are the same in
/// all rows.
fn workspace(columns: &str, keys: &str, rows: &[&str]) -> Sandbox {
    let sandbox = Reproducer::named("focus-still-open").workspace();
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{settings}final = true\n{keys}"));
    let mut bill = format!(
        "SubAccountId,BillingAccountId,BillingCurrency,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ServiceName,\
         BillingPeriodStart,{columns}\n"
    );
    for row in rows {
        let same =
            "111122223333,999988887777,USD,2022-09-01T00:00:00Z,2022-08-02T00:00:00Z,2022-08-03T00:00:00Z,Compute";
        bill += &format!("{same},{row}\n");
    }
    sandbox.write("billing/202208/aws.csv", bill);
    sandbox
}

/// The only customer of the built month.
fn customer(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.json("out/202208/summary.json")["customers"][0].clone()
}

const AUGUST: &str = "2022-08-01T00:00:00Z";

#[test]
fn a_month_is_open_until_the_user_says_that_it_is_final() {
    let sandbox = Reproducer::named("focus-still-open").workspace();
    let here = |arguments: &[&str]| {
        let status = good(sandbox.run(&[&["status", "202208", "--json"], arguments].concat()));
        serde_json::from_str::<serde_json::Value>(&status.stdout).unwrap()[0]["here"].as_str().unwrap().to_owned()
    };
    assert_eq!([here(&[]), here(&["--final", "aws"])], ["preliminary", "files"]);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 1);
    good(sandbox.run(&["build", "202208", "--draft"]));
    good(sandbox.run(&["check", "202208", "--final", "aws"]));
    good(sandbox.run(&["build", "202208", "--final", "aws"]));
    // The build was made of a final bill, so what looks at it need not be told again; `issue` makes it anew.
    good(sandbox.run(&["explain", "INV-202208-acme"]));
    assert_eq!(sandbox.run(&["issue", "202208"]).code, 1);
    good(sandbox.run(&["issue", "202208", "--final", "aws"]));
    for command in [&["build", "202208"][..], &["verify", "202208"], &["explain", "INV-202208-acme"]] {
        good(sandbox.run(command));
    }
    good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "a mistake", "--reissue"]));
    good(sandbox.run(&["verify", "202208"]));
}

#[test]
fn final_is_for_sources_that_do_not_say_it_themselves() {
    let sandbox = Reproducer::named("csv-other-month").workspace();
    let run = sandbox.run(&["check", "202208", "--final", "soracom"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("--final is not for \"soracom\""), "{}", run.stderr);
}

#[test]
fn a_late_charge_says_for_which_day_it_is() {
    for details in ["rows", "daily"] {
        let sandbox = case();
        let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        sandbox.write("invoicer.toml", settings.replace("details = \"rows\"", &format!("details = \"{details}\"")));
        good(sandbox.run(&["build", "202208", "--format", "html,json"]));
        let page = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
        assert_eq!(page.matches("2022-07-31").count(), 1, "{details}");
        assert!(page.contains("08-02"), "{details}");
        let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
        let dates = invoice["details"].as_array().unwrap().iter().map(|detail| detail["date"].as_str().unwrap());
        assert_eq!(dates.filter(|date| *date == "2022-07-31").count(), 1, "{details}");
        good(sandbox.run(&["build", "202208", "--format", "csv"]));
        let table = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.csv")).unwrap();
        assert_eq!(table.matches(",2022-07-31,").count(), 1, "{details}");
    }
}

#[test]
fn quantities_of_several_units_are_not_added_up() {
    let sandbox = case();
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let invoice = sandbox.json("out/202208/bravo/INV-202208-bravo.json");
    assert_eq!(invoice["items"][0]["name"], "Compute ap-northeast-1");
    assert_eq!(invoice["items"][0]["quantity"], serde_json::Value::Null);
    assert_eq!(invoice["items"][0]["unit"], "");
    let details = invoice["details"].as_array().unwrap().iter();
    let quantities = details.map(|detail| (detail["quantity"].as_str().unwrap(), detail["unit"].as_str().unwrap()));
    let mut quantities: Vec<(&str, &str)> = quantities.collect();
    quantities.sort_unstable();
    // Of the shared purchase bravo has 3.05 / 6.0625.
    assert_eq!(quantities[0], ("0.5", "GB"));
    assert_eq!(quantities[2], ("24", "Hours"));
}

#[test]
fn rows_that_are_left_out_are_counted() {
    let run = good(case().run(&["build", "202208", "--format", "json"]));
    for line in ["aws: left out by where: 1 row, $7.00\n", "aws: left out as the provider's tax: 1 row, $0.30\n"] {
        assert!(run.stderr.contains(line), "{}", run.stderr);
    }
    // Each currency by itself, also one that is no currency.
    let rows = ["USD,1.5", "EUR,9", "EUR,2.25", "JPY,-30", "points,7"].map(|cells| format!("{AUGUST},Usage,{cells}"));
    let sandbox =
        workspace("ChargeCategory,BillingCurrency,BilledCost", "where = { BillingCurrency = \"USD\" }\n", &[]);
    let bill =
        String::from_utf8(sandbox.read("billing/202208/aws.csv")).unwrap().replacen("BillingCurrency", "x_None", 1);
    let same = "111122223333,999988887777,-,2022-09-01T00:00:00Z,2022-08-02T00:00:00Z,2022-08-03T00:00:00Z,Compute";
    sandbox.write("billing/202208/aws.csv", bill + &rows.map(|row| format!("{same},{row}\n")).concat());
    let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert!(run.stderr.contains("aws: left out by where: 4 rows, €11.25, -¥30, 7 points\n"), "{}", run.stderr);

    let rows = [format!("{AUGUST},Usage,1.5"), "2022-07-01T00:00:00Z,Usage,4".to_owned()];
    let sandbox = workspace("ChargeCategory,BilledCost", "other-months = \"skip\"\n", &[&rows[0], &rows[1]]);
    let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert!(run.stderr.contains("aws: left out as of other months: 1 row\n"), "{}", run.stderr);
    assert_eq!(customer(&sandbox)["cost"], "1.5");
}

#[test]
fn commitments_are_reported_once_unless_the_effective_cost_is_billed() {
    let row = |cells: &str| format!("{AUGUST},{cells}");
    let rows = [
        row("Usage,0,0.25,ri-1"),
        row("Usage,0.00,0.5,ri-1"),
        row("Usage,0,0,NULL"),
        row("Usage,2,2,NULL"),
        row("Purchase,30,0,ri-1"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = "ChargeCategory,BilledCost,EffectiveCost,CommitmentDiscountId";
    let warnings = |sandbox: &Sandbox| -> Vec<String> {
        let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
        run.stderr.lines().filter(|line| line.starts_with("warning[commitment-split]")).map(str::to_owned).collect()
    };
    let sandbox = workspace(columns, "", &rows);
    let expected = "warning[commitment-split]: commitments cover $0.75 of \"aws\" (2 rows), which costs nothing but their purchase";
    assert_eq!(warnings(&sandbox), [expected]);
    assert_eq!(customer(&sandbox)["cost"], "32");
    let sandbox = workspace(columns, "cost = \"effective\"\n", &rows);
    assert!(warnings(&sandbox).is_empty());
    assert_eq!(customer(&sandbox)["cost"], "2.75");
}

#[test]
fn each_invoice_is_compared_with_the_amount_on_it() {
    let rows = [
        format!("{AUGUST},Usage,1.5,1,A-1"),
        format!("{AUGUST},Tax,0.25,0.25,A-1"),
        format!("{AUGUST},Usage,0.1,4,A-2"),
        format!("{AUGUST},Usage,0.2,0,NULL"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let total = |invoice: &str, amount: &str| {
        format!(
            "[[invoice-total]]\nsource = \"aws\"\nmonth = \"202208\"\ninvoice = \"{invoice}\"\namount = \"{amount}\"\n"
        )
    };
    let keys = format!("cost = \"effective\"\n{}", total("A-1", "1.75"));
    let sandbox = workspace("ChargeCategory,BilledCost,EffectiveCost,InvoiceId", &keys, &rows);
    let found = || {
        let run = sandbox.run(&["reconcile", "202208", "--json"]);
        (run.code, serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()[0].clone(), run.stderr)
    };
    let (code, source, stderr) = found();
    assert_eq!(code, 0, "{stderr}");
    // The rows cost 1 + 4, and 1.5 + 0.1 + 0.2 are billed for them.
    assert_eq!([&source["total"], &source["billed"]], ["5", "1.8"]);
    let figures = |source: &serde_json::Value| {
        let invoices = source["invoices"].as_array().unwrap().iter();
        let figures =
            invoices.map(|one| ["invoice", "total", "provider_total", "difference"].map(|key| one[key].clone()));
        figures.map(|figures| figures.map(|figure| figure.as_str().unwrap_or("-").to_owned())).collect::<Vec<_>>()
    };
    let owned = |rows: &[[&str; 4]]| rows.iter().map(|row| row.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(
        figures(&source),
        owned(&[["", "0.2", "-", "-"], ["A-1", "1.75", "1.75", "0"], ["A-2", "0.1", "-", "-"]])
    );

    // 1.5 + 0.1 + 0.2 of use and 0.25 of tax.
    sandbox.write("billing/202208/aws.total", "# by invoice\nA-2 0.30\n\nA-3 7\n2.05\n");
    let (code, source, stderr) = found();
    assert_eq!(code, 1);
    let differing = [["A-2", "0.1", "0.3", "-0.2"], ["A-3", "0", "7", "-7"]];
    assert_eq!(figures(&source)[2..], owned(&differing));
    assert_eq!([&source["provider_total"], &source["difference"]], ["2.05", "0"]);
    let message = "\"aws\" does not reconcile in the invoice A-2: ours $0.10, the provider's $0.30, difference -$0.20";
    assert!(stderr.contains(message), "{stderr}");
    let build = good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert!(build.stderr.contains(&format!("warning[not-reconciled]: {message}")), "{}", build.stderr);
    let inputs = sandbox.json("out/202208/manifest.json")["inputs"].to_string();
    assert!(inputs.contains("billing/202208/aws.total"), "{inputs}");
}

/// The customers of a cloud name the tags of what they use: none of them makes its charges another's.
#[test]
fn a_tag_is_not_read_in_the_place_of_a_column() {
    let row = format!("{AUGUST},Usage,1.5,\"{{\"\"focus:SubAccountId\"\":\"\"222\"\",\"\"team\"\":\"\"a\"\"}}\"");
    let sandbox = workspace("ChargeCategory,BilledCost,Tags", "", &[&row]);
    let of = |account: &str| format!("name = \"B\"\n[[match]]\ntag = {{ \"focus:SubAccountId\" = \"{account}\" }}\n");
    sandbox.write("customers/acme.toml", of("111122223333"));
    sandbox.write("customers/bravo.toml", of("222") + "priority = 1\n");
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let summary = sandbox.json("out/202208/summary.json");
    let costs = summary["customers"].as_array().unwrap().iter().map(|one| (one["id"].clone(), one["cost"].clone()));
    assert_eq!(costs.collect::<Vec<_>>(), [("acme".into(), "1.5".into())]);
}

/// Units are whatever the provider writes: long ones take several lines.
#[test]
fn long_units_fit_on_the_page() {
    let units = [
        "Daily active users per month, tier 2",
        "ProvisionedThroughputModelUnitHoursPerRegion",
        "1GBあたり月額ストレージ利用量課金単位数（標準冗長）",
    ];
    for design in ["classic", "modern"] {
        let rows = units.map(|unit| format!("{AUGUST},Usage,1.5,3,\"{unit}\",{unit:.5}"));
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let columns = "ChargeCategory,BilledCost,PricingQuantity,PricingUnit,RegionId";
        let sandbox = workspace(columns, "item = \"{ServiceName} {RegionId}\"\n", &rows);
        let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        let designed = settings.replacen("[invoice]\n", &format!("[invoice]\ntemplate = \"{design}\"\n"), 1);
        sandbox.write("invoicer.toml", designed);
        good(sandbox.run(&["build", "202208", "--format", "html,pdf"]));
        let page = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
        assert!(units.iter().all(|unit| page.contains(unit)), "{design}");
    }
}

/// Nothing is issued by comparing prices, so a bill may still change.
#[test]
fn prices_are_compared_for_months_that_may_still_change() {
    let sandbox = Reproducer::named("focus-still-open").workspace();
    sandbox.write("prices.toml", "[pricing]\nmarkup = \"100%\"\n");
    let run = good(sandbox.run(&["whatif", "--pricing", "prices.toml", "--months", "202208", "--json"]));
    let compared: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let acme = &compared["customers"][0];
    assert_eq!([&acme["old"]["subtotal"], &acme["new"]["subtotal"]], ["1.5", "3"], "{compared}");
}

/// One export in two currencies: each has a source of its own, and each row one source.
#[test]
fn two_sources_share_a_file() {
    let row = |account: &str, currency: &str, cost: &str| {
        format!(
            "{account},999988887777,{currency},2022-08-01T00:00:00Z,2022-09-01T00:00:00Z,2022-08-02T00:00:00Z,\
             2022-08-03T00:00:00Z,Compute,Usage,{cost}\n"
        )
    };
    let header = "SubAccountId,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,\
                  ChargePeriodEnd,ServiceName,ChargeCategory,BilledCost\n";
    let rows = [("1", "USD", "2"), ("1", "EUR", "10"), ("2", "EUR", "30"), ("1", "USD", "0.5")];
    let bill = rows.map(|(account, currency, cost)| row(account, currency, cost)).concat();
    let sandbox = Reproducer::named("focus-still-open").workspace();
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let source = |name: &str, currency: &str, path: &str, filter: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"focus-csv\"\npath = \"billing/{{month}}/{path}\"\n\
             currency = \"{currency}\"\nfinal = true\nwhere = {{ {filter} }}\n"
        )
    };
    let (before, _) = settings.split_once("[[source]]").unwrap();
    let rate = "[[fx]]\nmonth = \"202208\"\nfrom = \"EUR\"\nto = \"USD\"\nrate = \"1.1\"\n";
    let write = |other: &str, filter: &str, currency: &str| {
        let dollars = source("dollars", "USD", "aws.csv", "BillingCurrency = \"USD\"");
        let others = source("others", currency, other, filter);
        sandbox.write("invoicer.toml", format!("{before}{rate}{dollars}{others}"));
    };
    sandbox.write("billing/202208/aws.csv", format!("{header}{bill}"));
    for (id, account) in [("acme", "1"), ("bravo", "2")] {
        let rule = format!("name = \"{id}\"\n[[match]]\naccount = \"{account}\"\n");
        sandbox.write(&format!("customers/{id}.toml"), rule);
    }
    let copy = || sandbox.write("billing/202208/copy.csv", format!("{header}{bill}"));
    for file in ["aws.csv", "copy.csv"] {
        copy();
        write(file, "BillingCurrency = \"EUR\"", "EUR");
        let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
        assert!(run.stderr.contains("dollars: left out by where: 2 rows, €40.00\n"), "{}", run.stderr);
        assert!(run.stderr.contains("others: left out by where: 2 rows, $2.50\n"), "{}", run.stderr);
        let summary = sandbox.json("out/202208/summary.json");
        let costs = summary["customers"].as_array().unwrap().iter().map(|one| one["cost"].as_str().unwrap());
        // 2 + 0.5 + 10 × 1.1, and 30 × 1.1.
        assert_eq!(costs.collect::<Vec<_>>(), ["13.5", "33"], "{file}");

        // The same rows by another filter.
        write(file, "SubAccountId = \"1\", BillingCurrency = \"U*\"", "USD");
        let run = sandbox.run(&["build", "202208", "--format", "json"]);
        let told =
            format!("error: the sources \"dollars\" and \"others\" both take this row\n --> billing/202208/{file}:2\n");
        assert!(run.code == 1 && run.stderr.contains(&told), "{}", run.stderr);
        assert!(run.stderr.contains("= and 1 more row\n"), "{}", run.stderr);
    }
}

/// What somebody else uses changes no customer's invoice.
#[test]
fn units_of_other_customers_change_no_invoice() {
    let rows = [
        ("111122223333", "2", "GB", "0.5"),
        ("222", "3", "Hours", "0.75"),
        ("333", "1", "GB", "0.25"),
        ("333", "1", "Hours", "0.25"),
    ];
    let rows = rows.map(|(account, quantity, unit, cost)| format!("{AUGUST},Usage,{cost},{quantity},{unit},{account}"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let sandbox = workspace("ChargeCategory,BilledCost,PricingQuantity,PricingUnit,SubAccountId", "", &rows);
    let bill = String::from_utf8(sandbox.read("billing/202208/aws.csv")).unwrap().replacen("SubAccountId", "x_Same", 1);
    sandbox.write("billing/202208/aws.csv", bill);
    let price = "[[pricing.rule]]\nitem = \"*\"\nunit-price = \"0.6\"\n";
    for (id, account, price) in [("acme", "111122223333", price), ("bravo", "222", ""), ("charlie", "333", "")] {
        let rule = format!("name = \"{id}\"\n[[match]]\naccount = \"{account}\"\n{price}");
        sandbox.write(&format!("customers/{id}.toml"), rule);
    }
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let item = |id: &str| {
        let invoice = sandbox.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
        ["quantity", "unit", "unit_price", "amount"]
            .map(|key| invoice["items"][0][key].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(item("acme"), ["2", "GB", "0.6", "1.2"]);
    assert_eq!(item("bravo")[..2], ["3", "Hours"]);
    assert_eq!(item("charlie")[..3], ["-", "", "-"]);
    good(sandbox.run(&["explain", "INV-202208-acme"]));
    // Who has both units has no price per unit.
    let both = format!("name = \"C\"\n[[match]]\naccount = \"333\"\n{price}");
    sandbox.write("customers/charlie.toml", both);
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    assert!(run.code == 1 && run.stderr.contains("the quantities of Compute have several units"), "{}", run.stderr);
}

/// A new account is how a cloud's new customer begins.
#[test]
fn an_unclaimed_account_is_named() {
    let row = |category: &str| format!("{AUGUST},{category},1.5,arn:z");
    let rows = [row("Usage"), row("Adjustment")];
    let sandbox = workspace("ChargeCategory,BilledCost,ResourceId", "", &[&rows[0], &rows[1]]);
    sandbox.write("customers/acme.toml", "name = \"A\"\n[[match]]\naccount = \"other\"\n");
    let run = sandbox.run(&["check", "202208"]);
    assert_eq!(run.code, 1);
    for told in [
        "= 2 rows, 3 USD, item \"Compute\", resource \"arn:z\", account \"111122223333\"\n",
        "hint: add a [[match]] with account = \"111122223333\", or a narrower one, to a file in customers/, or set",
    ] {
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    let run = sandbox.run(&["check", "202208", "--unclaimed"]);
    assert!(run.stdout.contains("[[match]]\naccount = \"111122223333\"\n"), "{}", run.stdout);
}

/// acme has the resource until 15 August, bravo from the 16th: who had it when a charge arose pays for it.
#[test]
fn charges_of_other_days_belong_to_who_had_the_resource_then() {
    let row = |start: &str, end: &str, cost: &str| {
        format!(
            "1,999988887777,USD,2022-08-01T00:00:00Z,2022-09-01T00:00:00Z,{start}T00:00:00Z,{end}T00:00:00Z,Compute,Usage,\
             {cost},r1\n"
        )
    };
    let header = "SubAccountId,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,\
                  ChargePeriodEnd,ServiceName,ChargeCategory,BilledCost,ResourceId\n";
    let sandbox = workspace("ChargeCategory,BilledCost", "", &[]);
    let rule = |id: &str, days: &str| {
        let rule = format!("name = \"{id}\"\n[[match]]\nresource = \"r1\"\n{days}\n");
        sandbox.write(&format!("customers/{id}.toml"), rule);
    };
    rule("acme", "until = \"2022-08-15\"");
    rule("bravo", "from = \"2022-08-16\"");
    for (start, end, cost, acme, bravo, date) in [
        // A day of another month, before and after.
        ("2022-07-30", "2022-07-31", "3", "3", "0", "2022-07-30"),
        ("2022-09-01", "2022-09-02", "3", "0", "3", "2022-09-01"),
        // Several days: all of acme, all of bravo, six of each.
        ("2022-08-02", "2022-08-09", "7", "7", "0", "2022-08"),
        ("2022-08-16", "2022-08-20", "7", "0", "7", "2022-08"),
        ("2022-08-10", "2022-08-22", "12", "6", "6", "2022-08"),
        // The month, and what begins in it and ends later: 15 and 16 days; six and 16.
        ("2022-08-01", "2022-09-01", "31", "15", "16", "2022-08"),
        ("2022-08-10", "2023-08-10", "22", "6", "16", "2022-08"),
        // Days of another month.
        ("2022-07-10", "2022-07-15", "5", "5", "0", "2022-07"),
    ] {
        sandbox.write("billing/202208/aws.csv", format!("{header}{}", row(start, end, cost)));
        good(sandbox.run(&["build", "202208", "--format", "json"]));
        let summary = sandbox.json("out/202208/summary.json");
        let costs = summary["customers"].as_array().unwrap().iter();
        let costs: Vec<[&str; 2]> = costs.map(|one| ["id", "cost"].map(|key| one[key].as_str().unwrap())).collect();
        let cost_of = |id: &str| costs.iter().find(|[known, _]| *known == id).map_or("0", |[_, cost]| cost);
        assert_eq!([cost_of("acme"), cost_of("bravo")], [acme, bravo], "{start} {end}");
        for id in ["acme", "bravo"].into_iter().filter(|id| cost_of(id) != "0") {
            let invoice = sandbox.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
            assert_eq!(invoice["details"][0]["date"], date, "{start} {end}");
            good(sandbox.run(&["explain", &format!("INV-202208-{id}")]));
        }
    }
    // Two who had it one after the other before the month is billed.
    rule("acme", "until = \"2022-07-31\"");
    rule("bravo", "from = \"2022-08-01\"");
    sandbox.write("billing/202208/aws.csv", format!("{header}{}", row("2022-07-30", "2022-07-31", "3")));
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert_eq!(sandbox.json("out/202208/acme/INV-202208-acme.json")["subtotal"], "3");
    // It has the resource on no day of the month, so that it pays no fee of days.
    rule(
        "acme",
        "until = \"2022-07-31\"\n[[fee]]\nname = \"Base\"\namount = \"31\"\nper = \"resource\"\nprorate = \"days\"",
    );
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!((invoice["items"].as_array().unwrap().len(), &invoice["subtotal"]), (1, &"3".into()));
    good(sandbox.run(&["explain", "INV-202208-acme"]));
    // Nobody had it then.
    rule("acme", "until = \"2022-07-15\"");
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    let told = "= it is of 2022-07-30: rules that hold then claim it\n";
    assert!(run.code == 1 && run.stderr.contains(told), "{}", run.stderr);
}

/// `by = "amount"` measures positive cost: who got back more than was used bears nothing of a discount, and hinders nobody's.
#[test]
fn what_is_given_back_is_no_measure_of_a_discount() {
    let rows = ["1,Usage,,10", "2,Adjustment,Correction,-2", "9,Credit,,-1"].map(|cells| format!("{AUGUST},{cells}"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let sandbox = workspace("SubAccountId,ChargeCategory,ChargeClass,BilledCost", "", &rows);
    let bill = String::from_utf8(sandbox.read("billing/202208/aws.csv")).unwrap().replacen("SubAccountId", "x_Same", 1);
    sandbox.write("billing/202208/aws.csv", bill);
    for (id, account) in [("acme", "1"), ("bravo", "2")] {
        let rule = format!("name = \"{id}\"\n[invoice]\nbelow-zero = \"carry\"\n[[match]]\naccount = \"{account}\"\n");
        sandbox.write(&format!("customers/{id}.toml"), rule);
    }
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert_eq!(sandbox.json("out/202208/acme/INV-202208-acme.json")["subtotal"], "9");
}

/// Rows have more decimals than the invoice, which every provider rounds in its own way.
#[test]
fn a_fraction_of_a_cent_is_no_difference() {
    let rows = [format!("{AUGUST},Usage,10.12345678,A-1"), format!("{AUGUST},Usage,0.00000012,A-1")];
    let sandbox = workspace("ChargeCategory,BilledCost,InvoiceId", "", &[&rows[0], &rows[1]]);
    for (given, code) in [("10.12", 0), ("10.13", 0), ("10.11", 1), ("10.14", 1), ("10.1234568", 1), ("10.1234569", 0)]
    {
        sandbox.write("billing/202208/aws.total", format!("A-1 {given}\n{given}\n"));
        let run = sandbox.run(&["reconcile", "202208"]);
        assert_eq!(run.code, code, "{given}: {}", run.stderr);
        let build = good(sandbox.run(&["build", "202208", "--format", "json"]));
        assert_eq!(build.stderr.contains("not-reconciled"), code == 1, "{given}: {}", build.stderr);
    }
}

/// Kept are only the columns that rules match: those of the compared prices among them.
#[test]
fn other_prices_match_columns_that_no_rule_of_the_workspace_does() {
    let row = format!("{AUGUST},Usage,1.5,ap-northeast-1");
    let sandbox = workspace("ChargeCategory,BilledCost,RegionId", "", &[&row]);
    let rule = "[[pricing.rule]]\ntag = { \"focus:RegionId\" = \"ap-*\" }\nmarkup = \"100%\"\n";
    sandbox.write("prices.toml", format!("[pricing]\n{rule}"));
    let run = good(sandbox.run(&["whatif", "--pricing", "prices.toml", "--months", "202208", "--json"]));
    let compared: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let acme = &compared["customers"][0];
    assert_eq!([&acme["old"]["subtotal"], &acme["new"]["subtotal"]], ["1.5", "3"], "{compared}");
}

/// `examples/focus`: the figures of its README, and what is left out.
#[test]
fn two_clouds_in_two_currencies_are_billed_as_worked_out() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/focus"), sandbox.path());
    let run = good(sandbox.run(&["build", "202409", "--format", "json"]));
    assert!(run.stderr.contains("$20.00") && run.stderr.contains("$13.74"), "{}", run.stderr);
    let amounts = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202409/{customer}/INV-202409-{customer}.json"));
        let items = invoice["items"].as_array().unwrap().iter();
        let mut amounts: Vec<String> = items
            .map(|item| format!("{} {}", item["name"].as_str().unwrap(), item["amount"].as_str().unwrap()))
            .collect();
        amounts.sort();
        (amounts, ["subtotal", "tax", "total"].map(|key| invoice[key].as_str().unwrap().to_owned()))
    };
    let (acme, sums) = amounts("acme");
    let expected = [
        "AWS Data Transfer 1",
        "AWS Support (Business) 7865",
        "Amazon EC2 -79",
        "Amazon EC2 315",
        "Amazon S3 364",
        "Compute Savings Plans 1760",
        "Virtual Machines Hour 322",
    ];
    assert_eq!((acme, sums), (expected.map(str::to_owned).to_vec(), ["10548", "1055", "11603"].map(str::to_owned)));
    let (bravo, sums) = amounts("bravo");
    let expected = [
        "AWS Lambda 32",
        "AWS Support (Business) 7865",
        "Amazon EC2 529",
        "Compute Savings Plans 2960",
        "Storage GB/Month 451",
    ];
    assert_eq!((bravo, sums), (expected.map(str::to_owned).to_vec(), ["11837", "1184", "13021"].map(str::to_owned)));
    // Nothing of what was paid is in a customer's file.
    assert!(!String::from_utf8(sandbox.read("out/202409/bravo/INV-202409-bravo.json")).unwrap().contains("18.813"));
}
