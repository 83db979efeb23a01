//! `whatif`: months whose figures by both sets of prices were worked out by hand.

use serde_json::{Value, json};

use crate::common::Sandbox;

const SOURCE: &str =
    "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/soracom*.csv\"\n";

/// Two customers over two months. July: acme 100, bravo 200 and 3 messages; August: acme 300.5.
fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n[pricing]\nmarkup = \"10%\"\n{SOURCE}"));
    let header = "imsi,date,billItemName,quantity,amount,customer\n";
    let claimed = |id: &str| format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
    sandbox.write("customers/acme.toml", claimed("acme"));
    let rule = "[[pricing.rule]]\nitem = \"sms\"\nunit-price = \"5\"\n";
    sandbox.write("customers/bravo.toml", claimed("bravo") + rule);
    let july = "1,20220701,basic,1,100,acme\n2,20220701,basic,1,200,bravo\n2,20220701,sms,3,9,bravo\n";
    sandbox.write("billing/202207/soracom.csv", format!("{header}{july}"));
    sandbox.write("billing/202208/soracom.csv", format!("{header}1,20220801,basic,1,300.5,acme\n"));
    sandbox
}

fn compared(sandbox: &Sandbox, months: &str) -> Value {
    let before = sandbox.files();
    let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", months, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.files() == before, "something was written");
    serde_json::from_str(&run.stdout).unwrap()
}

/// Subtotal and margin by the old prices, by the new, difference, percent.
fn change(change: &Value) -> [&str; 6] {
    let figure = |when: &str, key: &str| change[when][key].as_str().unwrap();
    [
        figure("old", "subtotal"),
        figure("old", "margin"),
        figure("new", "subtotal"),
        figure("new", "margin"),
        change["difference"].as_str().unwrap(),
        change["percent"].as_str().unwrap_or("-"),
    ]
}

/// acme: 100 × 1.1 = 110 and 300.5 × 1.1 = 330.55, up to 331; by 20 %: 120 and 360.6, up to 361. 40 of 441: 9.07 %.
/// bravo: 200 × 1.1 = 220 and 200 × 1.2 = 240; 3 messages for 5 each stay its own price: 15. 20 of 235: 8.51 %.
/// Margins: acme 441 − 400.5 and 481 − 400.5; bravo 235 − 209 and 255 − 209.
#[test]
fn a_new_markup_over_two_months() {
    let sandbox = workspace();
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let comparison = compared(&sandbox, "202207..202208");
    let [acme, bravo] = comparison["customers"].as_array().unwrap().as_slice() else { panic!("{comparison}") };
    assert_eq!((&acme["customer"], &bravo["customer"]), (&json!("acme"), &json!("bravo")));
    assert_eq!(change(acme), ["441", "40.5", "481", "80.5", "40", "9.1"]);
    assert_eq!(change(&acme["months"][0]), ["110", "10", "120", "20", "10", "9.1"]);
    assert_eq!(change(&acme["months"][1]), ["331", "30.5", "361", "60.5", "30", "9.1"]);
    assert_eq!(change(bravo), ["235", "26", "255", "46", "20", "8.5"]);
    // August has nothing of bravo's.
    assert_eq!(bravo["months"].as_array().unwrap().len(), 1);
    assert_eq!(change(&comparison["totals"][0]), ["676", "66.5", "736", "126.5", "60", "8.9"]);
    // Tax of each invoice: 11 + 33.1 up to 34; 12 + 36.1 up to 37.
    assert_eq!((&acme["old"]["tax"], &acme["old"]["total"]), (&json!("45"), &json!("486")));
    assert_eq!((&acme["new"]["tax"], &acme["new"]["total"]), (&json!("49"), &json!("530")));
    assert_eq!(comparison["months"][1], json!({ "month": "202208", "old_figures": "rules" }));
}

#[test]
fn the_table_by_customer_and_by_month() {
    let sandbox = workspace();
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let arguments = ["whatif", "--pricing", "new.toml", "--months", "202207..2022-08"];
    let table = "\
customer  month            old   new  difference     %  old margin  new margin
acme      202207..202208  ¥441  ¥481        +¥40  +9.1         ¥41         ¥81
bravo     202207..202208  ¥235  ¥255        +¥20  +8.5         ¥26         ¥46
all, JPY  202207..202208  ¥676  ¥736        +¥60  +8.9         ¥67        ¥127
";
    let run = sandbox.run(&arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, table), "{}", run.stderr);
    assert!(run.stderr.contains("old is what the current rules give"), "{}", run.stderr);
    let run = sandbox.run(&[&arguments[..], &["-v"]].concat());
    assert!(run.stdout.contains("\nacme      202208          ¥331  ¥361        +¥30  +9.1"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().count(), 7);
}

/// Only bravo's layer is replaced: without its price for messages, 9 × 1.1 = 9.9, up to 10, instead of 15.
#[test]
fn a_new_layer_of_one_customer() {
    let sandbox = workspace();
    sandbox.write("new.toml", "[customers.bravo.pricing]\nminimum = \"300\"\n");
    let comparison = compared(&sandbox, "202207");
    assert_eq!(change(&comparison["customers"][0]), ["110", "10", "110", "10", "0", "0"]);
    // 220 + 10 = 230, and 70 to the minimum.
    assert_eq!(change(&comparison["customers"][1]), ["235", "26", "300", "91", "65", "27.7"]);
    sandbox.write(
        "new.toml",
        "[pricing]\nmarkup = \"0%\"\n[[customers.bravo.pricing.rule]]\nitem = \"*\"\nmarkup = \"1\"\n",
    );
    let comparison = compared(&sandbox, "202207");
    assert_eq!(change(&comparison["customers"][0]), ["110", "10", "100", "0", "-10", "-9.1"]);
    assert_eq!(change(&comparison["customers"][1]), ["235", "26", "418", "209", "183", "77.9"]);
}

/// Marked up: 115 − 11.5, up to −12: 103 for 90. Kept: 115 for 100, and 10 that the issuer keeps: 25 are left.
#[test]
fn discounts_that_are_kept_are_margin() {
    let sandbox = workspace();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("10%", "15%"));
    let bill =
        "imsi,date,billItemName,quantity,amount,customer\n1,20220801,basic,1,100,acme\n1,202208,coupon,,-10,acme\n";
    sandbox.write("billing/202208/soracom.csv", bill);
    sandbox.write("new.toml", "[pricing]\nmarkup = \"15%\"\ndiscounts = \"keep\"\n");
    let comparison = compared(&sandbox, "202208");
    let acme = &comparison["customers"][0];
    assert_eq!(change(acme), ["103", "13", "115", "25", "12", "11.7"]);
    assert_eq!((&acme["old"]["kept"], &acme["old"]["cost"]), (&json!("0"), &json!("90")));
    assert_eq!((&acme["new"]["kept"], &acme["new"]["cost"]), (&json!("-10"), &json!("100")));
}

/// acme is billed in dollars: 100 yen at 0.0075 are 0.75, × 1.1 = 0.825, up to 0.83; × 1.2 = 0.9. 0.07 of 0.83: 8.43 %.
#[test]
fn currencies_are_never_added_up() {
    let sandbox = workspace();
    let rate = |from: &str, to: &str, rate: &str| {
        format!("[[fx]]\nmonth = \"202207\"\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"{rate}\"\n")
    };
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text + &rate("JPY", "USD", "0.0075") + &rate("USD", "JPY", "133"));
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme + "[invoice]\ncurrency = \"USD\"\n");
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let comparison = compared(&sandbox, "202207");
    let totals = comparison["totals"].as_array().unwrap();
    assert_eq!(totals.iter().map(|total| total["currency"].as_str().unwrap()).collect::<Vec<_>>(), ["JPY", "USD"]);
    assert_eq!(change(&totals[0]), ["235", "26", "255", "46", "20", "8.5"]);
    assert_eq!(change(&totals[1]), ["0.83", "0.08", "0.9", "0.15", "0.07", "8.4"]);
}

/// The sample's own prices as FILE: nothing changes, for any customer.
#[test]
fn unchanged_prices_make_no_difference() {
    let sandbox = crate::commands::sample();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let (start, end) = (text.find("[pricing]").unwrap(), text.find("[tax]").unwrap());
    sandbox.write("new.toml", &text[start..end]);
    let comparison = compared(&sandbox, "202208");
    let customers = comparison["customers"].as_array().unwrap();
    assert_eq!(customers.len(), 6);
    for customer in customers {
        assert_eq!((&customer["difference"], &customer["percent"]), (&json!("0"), &json!("0")));
        assert_eq!(customer["old"], customer["new"]);
    }
    // The sample invoices' subtotals, by another way.
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "-q"]).code, 0);
    let summary = sandbox.json("out/202208/summary.json");
    for (customer, built) in customers.iter().zip(summary["customers"].as_array().unwrap()) {
        assert_eq!((&customer["old"]["subtotal"], &customer["old"]["total"]), (&built["subtotal"], &built["total"]));
    }
}

/// Old is what was issued (billing-rules §8), though the current rules know no markup. New, by 20 %: acme 372 +
/// 15.06, up to 16, − 37.68876, up to 38: 350; bravo 186 − 18.11124, up to 19: 167.
#[test]
fn old_is_what_was_issued() {
    let sandbox = crate::explain::issued_worked_example();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("15%", "0%"));
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let comparison = compared(&sandbox, "202208");
    assert_eq!(comparison["months"], json!([{ "month": "202208", "old_figures": "issued" }]));
    assert_eq!(change(&comparison["customers"][0]), ["335", "43.8573", "350", "58.8573", "15", "4.5"]);
    assert_eq!(change(&comparison["customers"][1]), ["161", "21.0927", "167", "27.0927", "6", "3.7"]);
    let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202208"]);
    assert!(run.stderr.contains("old is what was issued;"), "{}", run.stderr);
}

/// acme's discount is more than its use in July, and comes off August: 110 − 440 = -330 by 10 %, and 120 − 480 = -360 by 20 %.
/// August has 1,000, which is 1100 − 330 = 770, or 1200 − 360 = 840. It bears July's cost: 1000 + 100 − 400 = 700.
#[test]
fn a_carried_month_comes_off_the_next_by_each_set_of_prices() {
    for issued in [&[][..], &["202207"], &["202207", "202208"]] {
        let sandbox = carrying();
        for month in issued {
            assert_eq!(sandbox.run(&["build", month]).code, 0);
            assert_eq!(sandbox.run(&["issue", month]).code, 0);
        }
        sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
        let both = compared(&sandbox, "202207..202208");
        let acme = &both["customers"][0];
        assert_eq!(change(acme), ["770", "70", "840", "140", "70", "9.1"], "{issued:?}");
        assert_eq!(change(&acme["months"][0]), ["0", "0", "0", "0", "0", "-"], "{issued:?}");
        assert_eq!(change(&acme["months"][1]), ["770", "70", "840", "140", "70", "9.1"], "{issued:?}");
        assert_eq!(both["carried"], Value::Null);
        // Kept, the discount leaves nothing to carry: 110 + 1100, and the issuer has the 400.
        sandbox.write("new.toml", "[pricing]\nmarkup = \"10%\"\ndiscounts = \"keep\"\n");
        let both = compared(&sandbox, "202207..202208");
        assert_eq!(change(&both["customers"][0]), ["770", "70", "1210", "510", "440", "57.1"], "{issued:?}");
    }
}

/// Of July alone nothing is billed by either, and what it leaves is told; of August and September July's rest is what it is, and
/// comes off once: 1100 − 330 and 550, or 1200 − 330 and 600.
#[test]
fn rests_at_both_ends_of_the_months_are_told_and_taken_once() {
    let sandbox = carrying();
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let july = compared(&sandbox, "202207");
    assert_eq!(change(&july["customers"][0]), ["0", "0", "0", "0", "0", "-"]);
    let rest = |amount: &str| json!([{ "category": "standard", "rate": "10%", "amount": amount, "cost": "-300" }]);
    let carried = json!([{ "customer": "acme", "currency": "JPY", "old": rest("-330"), "new": rest("-360") }]);
    assert_eq!(july["carried"], carried);
    let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202207"]);
    let told = "acme has a rest to carry forward, in no figure above: old standard 10% -330, new standard 10% -360";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(sandbox.run(&["build", "202207"]).code, 0);
    assert_eq!(sandbox.run(&["issue", "202207"]).code, 0);
    let later = compared(&sandbox, "202208..202209");
    assert_eq!(change(&later["customers"][0]["months"][0]), ["770", "70", "870", "170", "100", "13"]);
    assert_eq!(change(&later["customers"][0]["months"][1]), ["550", "50", "600", "100", "50", "9.1"]);
}

/// A customer whose July is below zero.
fn carrying() -> Sandbox {
    let sandbox = workspace();
    let header = "imsi,date,billItemName,quantity,amount,customer\n";
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme + "[invoice]\nbelow-zero = \"carry\"\n");
    let july = "1,20220701,basic,1,100,acme\n1,20220701,coupon,,-400,acme\n";
    for (month, rows) in
        [("202207", july), ("202208", "1,20220801,basic,1,1000,acme\n"), ("202209", "1,20220901,basic,1,500,acme\n")]
    {
        sandbox.write(&format!("billing/{month}/soracom.csv"), format!("{header}{rows}"));
    }
    sandbox
}

#[test]
fn months_that_are_none_are_wrong_usage() {
    let sandbox = workspace();
    for months in ["202208..202207", "202207-202208", "2022", "202207.."] {
        let run = sandbox.run(&["whatif", "--pricing", "new.toml", "--months", months]);
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{months}");
        assert!(run.stderr.contains("such as 202205..202208"), "{}", run.stderr);
    }
}
