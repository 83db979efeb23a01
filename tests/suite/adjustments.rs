//! `adjustments/`: what one month alone has, from the file to the record, and what is printed of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{Run, Sandbox, copy_tree, qualified_name};

const INVOICER: &str = "[issuer]\nname = \"x\"\n[[tax.rule]]\nitem = \"roaming\"\ncategory = \"exempt\"\n\
                        [[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";

/// acme and bravo, each with 1,000 of usage in August 2022.
fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", INVOICER);
    for id in ["acme", "bravo"] {
        sandbox.write(
            &format!("customers/{id}.toml"),
            format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n"),
        );
    }
    let header = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n";
    let rows = "1,20220801,basicCharge,,,1000,acme\n2,20220801,basicCharge,,,1000,bravo\n";
    sandbox.write("billing/202208/a.csv", format!("{header}{rows}"));
    sandbox
}

fn adjustment(id: &str, rest: &str) -> String {
    format!("[[adjustment]]\nid = \"{id}\"\ncustomer = \"acme\"\nname = \"{id}\"\n{rest}\n")
}

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

fn refused(run: Run, expected: &str) {
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains(expected) || run.stdout.contains(expected), "{}{}", run.stderr, run.stdout);
}

fn items(invoice: &Value) -> Vec<String> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let item = |item: &Value| [text(item, "kind"), qualified_name(item), text(item, "amount")].join(" ");
    invoice["items"].as_array().unwrap().iter().map(item).collect()
}

fn total(sandbox: &Sandbox, customer: &str) -> String {
    let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
    invoice["total"].as_str().unwrap().to_owned()
}

/// 1,000 of usage given back whole: no document is made over 0, and what was given back is summed all the same.
#[test]
fn adjustments_of_an_invoice_that_is_not_made_are_summed() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", format!("[invoice]\nskip-zero = true\n{INVOICER}"));
    sandbox.write("adjustments/202208.toml", adjustment("back", "amount = \"-1000\"\ncost = \"-400\""));
    good(sandbox.run(&["build", "202208"]));
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["customers"].as_array().unwrap().len(), 1);
    let sums = json!({ "count": 1, "amount": "-1000", "cost": "-400", "currency": "JPY" });
    assert_eq!(summary["adjustments"], sums);
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("adjustments/202208.toml:1"), "{page}");
}

/// What is agreed with tax is summed without it, line by line: 1,100 with 100 of tax and 500 with 45.45, up 46, are 1,454.
#[test]
fn adjustments_with_tax_are_summed_before_tax() {
    let sandbox = workspace();
    let one = adjustment("one", "amount = 1100\ntax = \"included\"\ncost = 300");
    sandbox.write("adjustments/202208.toml", one.clone() + &adjustment("two", "amount = 500\ntax = \"included\""));
    good(sandbox.run(&["build", "202208"]));
    let summary = sandbox.json("out/202208/summary.json");
    let sums = json!({ "count": 2, "amount": "1454", "cost": "300", "currency": "JPY" });
    assert_eq!(summary["adjustments"], sums);
    let acme = &summary["customers"][0];
    assert_eq!(acme["adjustments"], json!({ "count": 2, "amount": "1454", "cost": "300" }));
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    let part = page.split("id=\"adjustments\"").nth(1).unwrap().split("</section>").next().unwrap();
    for amount in ["¥1,000", "¥454", "¥1,454"] {
        assert!(part.contains(amount), "{part}");
    }
    assert!(!part.contains("¥1,100") && !part.contains("¥500"), "{part}");

    // Alone, it is what the subtotal rises by: 1,000 of usage at cost, and 1,000 that cost 300.
    sandbox.write("adjustments/202208.toml", one);
    good(sandbox.run(&["build", "202208"]));
    let summary = sandbox.json("out/202208/summary.json");
    let acme = &summary["customers"][0];
    assert_eq!((&acme["subtotal"], &acme["margin"]), (&json!("2000"), &json!("700")));
    assert_eq!(acme["adjustments"]["amount"], "1000");
}

/// The figures of the README of `examples/one-month`.
#[test]
fn the_example_of_one_month_is_as_worked_out() {
    let sandbox = Sandbox::new();
    copy_tree(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/one-month"), sandbox.path());
    good(sandbox.run(&["build", "202208"]));
    let figures = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202208/{customer}/INV-202208-{customer}.json"));
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let item =
            |item: &Value| format!("{} {} {}", text(&item["section_name"]), text(&item["name"]), text(&item["amount"]));
        let items: Vec<String> = invoice["items"].as_array().unwrap().iter().map(item).collect();
        let sums = ["subtotal", "tax", "total"].map(|key| text(&invoice[key]));
        (text(&invoice["order_number"]), items, sums.join(" "))
    };
    let (order, items, sums) = figures("aozora");
    let expected = [
        "営業部 dataCharge 220",
        "開発部 dataCharge 440",
        "- planCharge 110",
        "- 回線管理料 620",
        "- 回線管理料 100",
        "- 初期設定費 3000",
        "- 特別値引 -77",
    ];
    assert_eq!(items, expected);
    assert_eq!((order.as_str(), sums.as_str()), ("PO-4711", "4413 441 4854"));
    let (order, items, sums) = figures("komugi");
    assert_eq!(items, ["- dataCharge 77", "- planCharge 231", "- 回線管理料 210"]);
    assert_eq!((order.as_str(), sums.as_str()), ("-", "518 51 569"));
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["adjustments"], json!({ "count": 2, "amount": "2923", "cost": "1800", "currency": "JPY" }));
}

/// 15 of usage and twice -7.5, up to -8: rounding alone makes it -1. The half yen of a third adjustment is below zero.
#[test]
fn percentages_below_zero_by_rounding_alone_are_lifted_to_zero() {
    let sandbox = workspace();
    let bill = String::from_utf8(sandbox.read("billing/202208/a.csv")).unwrap();
    sandbox.write("billing/202208/a.csv", bill.replace("1000,acme", "15,acme"));
    let half = |id: &str| adjustment(id, "percent = \"-50%\"\nof = { kind = \"usage\" }");
    sandbox.write("adjustments/202208.toml", half("a") + &half("b"));
    good(sandbox.run(&["build", "202208"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!(items(&invoice), ["usage basicCharge 15", "discount a -8", "discount b -8", "rounding 端数調整 1"]);
    assert_eq!(invoice["total"], "0");
    let unit = adjustment("c", "quantity = \"-1\"\nunit-price = \"0.5\"");
    sandbox.write("adjustments/202208.toml", half("a") + &half("b") + &unit);
    refused(sandbox.run(&["build", "202208"]), "the subtotal of \"acme\" is exactly -0.5 JPY, below zero");
}

/// 10.1 is printed as 11, and a percentage is of what is printed: -5.5 each, up to -6, which makes -1 of it. Without any rounding
/// 10.1 − 5.05 − 5.05 is 0, so rounding alone did it. Three times -40 % is more than there is: 10.1 − 12.12.
#[test]
fn percentages_are_of_what_is_printed_and_below_zero_by_what_is_exact() {
    let sandbox = workspace();
    let bill = String::from_utf8(sandbox.read("billing/202208/a.csv")).unwrap();
    sandbox.write("billing/202208/a.csv", bill.replace("1000,acme", "10.1,acme"));
    let part =
        |id: &str, percent: &str| adjustment(id, &format!("percent = \"{percent}\"\nof = {{ kind = \"usage\" }}"));
    sandbox.write("adjustments/202208.toml", part("a", "-50%") + &part("b", "-50%"));
    good(sandbox.run(&["build", "202208"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!(items(&invoice), ["usage basicCharge 11", "discount a -6", "discount b -6", "rounding 端数調整 1"]);
    assert_eq!(invoice["total"], "0");
    sandbox.write("adjustments/202208.toml", part("a", "-40%") + &part("b", "-40%") + &part("c", "-40%"));
    refused(sandbox.run(&["build", "202208"]), "the subtotal of \"acme\" is exactly -2.02 JPY, below zero");
    // The same as fees.
    std::fs::remove_file(sandbox.path().join("adjustments/202208.toml")).unwrap();
    let fee = |name: &str| format!("[[fee]]\nname = \"{name}\"\npercent = \"-50%\"\nof = {{ kind = \"usage\" }}\n");
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", acme + &fee("a") + &fee("b"));
    good(sandbox.run(&["build", "202208"]));
    assert_eq!(sandbox.json("out/202208/acme/INV-202208-acme.json")["total"], "0");
}

/// acme has 0, once given back, and no invoice: nobody orders or holds back what is not made.
#[test]
fn orders_and_holds_are_of_invoices_that_are_made() {
    let sandbox = workspace();
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let hold = "[customer.acme]\nhold = \"waiting for approval\"\n";
    for (key, back) in [("skip-zero = true", "-1000"), ("below-zero = \"carry\"", "-1500")] {
        sandbox.write("customers/acme.toml", format!("order-required = true\n{acme}[invoice]\n{key}\n"));
        let amount = |amount: &str| adjustment("back", &format!("amount = \"{amount}\"")) + hold;
        sandbox.write("adjustments/202208.toml", amount(back));
        let built = good(sandbox.run(&["build", "202208"])).stderr;
        assert!(!built.contains("on-hold") && !built.contains("on hold"), "{built}");
        assert_eq!(sandbox.json("out/202208/summary.json")["customers"].as_array().unwrap().len(), 1, "bravo");
        // One yen is left to bill.
        sandbox.write("adjustments/202208.toml", amount("-999"));
        refused(
            sandbox.run(&["build", "202208"]),
            "the invoice of \"acme\" for 202208 needs the number of an order, and there is none",
        );
    }
}

/// 1,000 of usage at cost and 18,000 that cost 9,000: margin 9,000. Conservation knows only the provider's 2,000.
#[test]
fn adjustments_are_summed_apart_from_what_the_provider_billed() {
    let sandbox = workspace();
    let text = adjustment("setup", "quantity = 12\nunit-price = 1500\nunit = \"台\"\ncost = 9000\nnote = \"Q-118\"");
    sandbox.write("adjustments/202208.toml", text + &adjustment("back", "amount = \"-50\""));
    good(sandbox.run(&["build", "202208"]));
    let summary = sandbox.json("out/202208/summary.json");
    let sums = json!({ "count": 2, "amount": "17950", "cost": "9000", "currency": "JPY" });
    assert_eq!(summary["adjustments"], sums);
    let acme = &summary["customers"][0];
    assert_eq!(acme["adjustments"], json!({ "count": 2, "amount": "17950", "cost": "9000" }));
    assert_eq!((&acme["cost"], &acme["margin"]), (&json!("10000"), &json!("8950")));
    assert!(summary["customers"][1].get("adjustments").is_none());
    assert_eq!(summary["conservation"]["source_total"], "2000");
    assert_eq!(summary["conservation"]["allocated"], "2000");

    let own = sandbox.json("out/202208/internal/acme/INV-202208-acme.json");
    let line = &own["items"][1];
    assert_eq!((&line["adjustment"], &line["unit"], &line["cost"]), (&json!("setup"), &json!("台"), &json!("9000")));
    // The customer sees the note, and neither the cost nor the issuer's id.
    let theirs = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!(theirs["items"][1]["note"], "Q-118");
    assert!(theirs["items"][1].get("cost").is_none() && theirs["items"][1].get("adjustment").is_none());
    let html = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
    assert!(html.contains("Q-118") && html.contains("台") && !html.contains("9,000"), "{html}");

    let manifest = sandbox.json("out/202208/manifest.json");
    let inputs = manifest["inputs"].as_array().unwrap();
    assert!(inputs.iter().any(|input| input["path"] == "adjustments/202208.toml"), "{manifest}");
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("adjustments/202208.toml:1") && page.contains("¥18,000"), "{page}");
}

/// A customer of an English invoice in dollars: 5,000 yen at 0.0072 are 36 dollars; 3 × 1.005 dollars, 3.015, up to 3.02.
#[test]
fn names_notes_and_money_are_those_of_the_invoice() {
    let sandbox = workspace();
    let usd = "currency = \"USD\"\nlanguage = \"en\"\n";
    sandbox.write(
        "customers/acme.toml",
        format!("name = \"acme\"\n[invoice]\n{usd}[[match]]\ntag = {{ customer = \"acme\" }}\n"),
    );
    let rate = |from: &str, to: &str, rate: &str| {
        format!("[[fx]]\nmonth = \"202208\"\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"{rate}\"\n")
    };
    sandbox.write("invoicer.toml", format!("{INVOICER}{}{}", rate("JPY", "USD", "0.0072"), rate("USD", "JPY", "138")));
    sandbox.write(
        "adjustments/202208.toml",
        "[[adjustment]]\nid = \"a\"\ncustomer = \"acme\"\nname = { ja = \"初期設定費\", en = \"Set-up\" }\n\
         note = { ja = \"見積\", en = \"Quote\" }\namount = \"5000\"\ncurrency = \"JPY\"\nsupply = \"202207\"\n\
         [[adjustment]]\nid = \"b\"\ncustomer = \"acme\"\nname = \"Parts\"\nquantity = 3\nunit-price = \"1.005\"\n",
    );
    good(sandbox.run(&["build", "202208"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let lines = ["usage basicCharge 7.2", "adjustment Set-up (July 2022) 36", "adjustment Parts 3.02"];
    assert_eq!(items(&invoice), lines);
    assert_eq!((&invoice["items"][1]["note"], &invoice["items"][1]["supply"]), (&json!("Quote"), &json!("202207")));
    let explained = good(sandbox.run(&["explain", "INV-202208-acme", "2"])).stdout;
    assert!(
        explained.contains("amount 5000 JPY (adjustments/202208.toml:1) × 0.0072 (fx 202208 JPY→USD) = 36 USD"),
        "{explained}"
    );
}

#[test]
fn a_workspace_without_sources_bills_adjustments_alone() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", "[issuer]\nname = \"x\"\n");
    good(sandbox.run(&["check"]));
    refused(
        sandbox.run(&["check", "202208"]),
        "the workspace has no [[source]], and 202208 has no fees and no adjustments",
    );
    good(sandbox.run(&["adjust", "202208", "--customer", "acme", "--name", "x", "--amount", "18000"]));
    good(sandbox.run(&["build", "202208"]));
    assert_eq!(total(&sandbox, "acme"), "19800");
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["customers"].as_array().unwrap().len(), 1, "bravo has nothing");
    // Another month's adjustments bill nothing in this one.
    refused(sandbox.run(&["check", "202209"]), "202209 has no fees and no adjustments");
}

/// 5,000 and 10 %.
#[test]
fn a_workspace_without_sources_bills_fees_alone() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", "[issuer]\nname = \"x\"\n");
    sandbox.write("customers/acme.toml", "name = \"acme\"\n[[fee]]\nname = \"運用保守料\"\namount = \"5000\"\n");
    good(sandbox.run(&["build", "202208"]));
    assert_eq!(total(&sandbox, "acme"), "5500");
    good(sandbox.run(&["issue", "202208"]));
    good(sandbox.run(&["verify", "202208"]));
}

/// Without a month, the files of all months are read; those of issued months are evidence, which `verify` checks.
#[test]
fn check_reads_the_adjustments_of_all_months() {
    let sandbox = workspace();
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 18000"));
    sandbox.write("adjustments/202209.toml", adjustment("parts", "amount = 0"));
    sandbox.write("adjustments/202210.csv", "id,customer,name,amount\nsetup,acme,x,5\n");
    let told = sandbox.run(&["check"]);
    refused(sandbox.run(&["check"]), "expected an amount other than zero");
    assert_eq!(told.stderr.matches("two adjustments have the id \"setup\"").count(), 1, "{}", told.stderr);
    assert!(told.stderr.contains("adjustments/202210.csv:2"), "{}", told.stderr);
    for month in ["202209.toml", "202210.csv"] {
        std::fs::remove_file(sandbox.path().join("adjustments").join(month)).unwrap();
    }
    good(sandbox.run(&["check"]));
    sandbox.write("adjustments/2022-08.toml", "");
    refused(sandbox.run(&["check"]), "the file's name does not say which month it is of");
    std::fs::remove_file(sandbox.path().join("adjustments/2022-08.toml")).unwrap();

    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    std::fs::remove_file(sandbox.path().join("customers/acme.toml")).unwrap();
    good(sandbox.run(&["check"]));
}

/// An `issue` that runs has read the month's adjustments already: nothing is added behind its back.
#[test]
fn adjust_waits_for_no_issue() {
    let sandbox = workspace();
    let adjust = || sandbox.run(&["adjust", "202208", "--customer", "acme", "--name", "x", "--amount", "5"]);
    std::fs::create_dir(sandbox.path().join("issued")).unwrap();
    let lock = std::fs::File::create(sandbox.path().join("issued/.lock")).unwrap();
    lock.lock().unwrap();
    let run = adjust();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("another run issues or credits invoices, or adds an adjustment"), "{}", run.stderr);
    assert!(!sandbox.path().join("adjustments").exists());
    drop(lock);
    good(adjust());
    let names = std::fs::read_dir(sandbox.path().join("adjustments")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["202208.toml"]);
    assert!(!sandbox.path().join("issued").exists(), "nothing was issued");
}

/// Issued, the file is evidence: changed, gone or joined by another, it is named, even where nothing else is.
#[test]
fn a_changed_file_stops_an_issued_month() {
    let sandbox = workspace();
    let text = adjustment("setup", "amount = 18000");
    sandbox.write("adjustments/202208.toml", &text);
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    let record = sandbox.json("issued/202208.json");
    assert_eq!((&record["format"], &record["adjustments"][0]["path"]), (&json!(5), &json!("adjustments/202208.toml")));
    assert_eq!(record["documents"][0]["items"][1]["adjustment"], "setup");
    assert_eq!(sandbox.read("issued/202208/workspace/adjustments/202208.toml"), text.as_bytes());
    good(sandbox.run(&["verify", "202208"]));
    let issued = total(&sandbox, "acme");

    for (path, changed) in [
        ("adjustments/202208.toml", text.clone() + "# a remark\n"),
        ("adjustments/202208.toml", adjustment("setup", "amount = 17000")),
        ("adjustments/202208-more.csv", "id,customer,name,amount\nmore,acme,x,5\n".to_owned()),
    ] {
        sandbox.write(path, changed);
        refused(sandbox.run(&["build", "202208"]), path);
        refused(sandbox.run(&["verify", "202208"]), path);
        good(sandbox.run(&["build", "202208", "--as-issued"]));
        assert_eq!(total(&sandbox, "acme"), issued);
        std::fs::remove_file(sandbox.path().join(path)).unwrap();
        sandbox.write("adjustments/202208.toml", &text);
        good(sandbox.run(&["verify", "202208"]));
    }
    std::fs::remove_dir_all(sandbox.path().join("adjustments")).unwrap();
    refused(sandbox.run(&["build", "202208"]), "adjustments/202208.toml is gone");
    refused(sandbox.run(&["verify", "202208"]), "adjustments/202208.toml");
    refused(sandbox.run(&["adjust", "202208", "--customer", "acme", "--name", "x", "--amount", "5"]), "is issued");
}

#[test]
fn a_reissued_invoice_has_the_adjustments_of_now() {
    let sandbox = workspace();
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 18000") + &adjustment("old", "amount = 5"));
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 17000") + &adjustment("new", "amount = 7"));
    let reissue = ["credit", "INV-202208-acme", "--reason", "x", "--reissue", "--date", "2022-09-20"];
    let told = good(sandbox.run(&reissue)).stderr;
    for line in
        ["adjustment new is new: new ¥7", "adjustment old is gone: old ¥5", "setup: setup ¥18,000 → setup ¥17,000"]
    {
        assert!(told.contains(line), "{told}");
    }
    // 1,000 + 17,000 + 7 and 10 %, 1,800.7, up.
    let record = sandbox.json("issued/202208-1.json");
    assert_eq!(record["documents"][1]["total"], "19808");
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["verify", "202208"]));
}

/// The corrected invoice of acme accepts its own adjustments of now, not what has changed in those of bravo.
#[test]
fn a_reissue_leaves_the_other_invoices_to_their_adjustments() {
    let sandbox = workspace();
    let of_bravo = |note: &str| {
        adjustment("own", "amount = 7").replace("\"acme\"", "\"bravo\"") + "[customer.bravo]\nnote = \"" + note + "\"\n"
    };
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 5") + &of_bravo("ONE"));
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 6") + &of_bravo("TWO"));
    good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "x", "--reissue", "--date", "2022-09-20"]));
    refused(sandbox.run(&["verify", "202208"]), "adjustments/202208.toml: the file changed ([customer.bravo])\n");
    refused(sandbox.run(&["build", "202208"]), "adjustments/202208.toml changed ([customer.bravo])\n");
    good(sandbox.run(&["build", "202208", "--as-issued"]));

    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 6") + &of_bravo("ONE"));
    good(sandbox.run(&["build", "202208"]));
    assert_eq!(good(sandbox.run(&["verify", "202208"])).stdout, "202208: same (4 documents)\n");
    let more = "id,customer,name,amount\nmore,bravo,x,1\n";
    sandbox.write("adjustments/202208-more.csv", more);
    refused(sandbox.run(&["verify", "202208"]), "adjustments/202208-more.csv: the file is new (more)\n");

    // bravo's corrected invoice has the file; acme's does not, and has nothing in it.
    good(sandbox.run(&["credit", "INV-202208-bravo", "--reason", "x", "--reissue", "--date", "2022-09-20"]));
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["verify", "202208"]));
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 5") + &of_bravo("ONE"));
    refused(sandbox.run(&["verify", "202208"]), "adjustments/202208.toml: the file changed (setup)\n");
}

/// An id stands for one adjustment for ever, also when the file that had it is gone.
#[test]
fn an_issued_id_never_comes_again() {
    let sandbox = workspace();
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 18000"));
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    std::fs::remove_file(sandbox.path().join("adjustments/202208.toml")).unwrap();
    let bill = String::from_utf8(sandbox.read("billing/202208/a.csv")).unwrap();
    sandbox.write("billing/202209/a.csv", bill.replace("202208", "202209"));
    sandbox.write("adjustments/202209.toml", adjustment("setup", "amount = 18000"));
    refused(sandbox.run(&["check", "202209"]), "the adjustment \"setup\" was issued in 202208");
    refused(sandbox.run(&["check"]), "the adjustment \"setup\" was issued in 202208");
}

/// 1,000 of usage given back whole: skip-zero makes no document, so that the id is on none, and is used all the same. It is
/// one that `adjust` would give in September.
#[test]
fn an_issued_id_without_a_document_never_comes_again() {
    let sandbox = workspace();
    sandbox.write("invoicer.toml", format!("[invoice]\nskip-zero = true\n{INVOICER}"));
    sandbox.write("adjustments/202208.toml", adjustment("202209-acme-1", "amount = \"-1000\""));
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    assert_eq!(sandbox.json("issued/202208.json")["documents"].as_array().unwrap().len(), 1, "bravo's");
    std::fs::remove_file(sandbox.path().join("adjustments/202208.toml")).unwrap();
    let bill = String::from_utf8(sandbox.read("billing/202208/a.csv")).unwrap();
    sandbox.write("billing/202209/a.csv", bill.replace("202208", "202209"));
    good(sandbox.run(&["adjust", "202209", "--customer", "acme", "--name", "x", "--amount", "5"]));
    let written = String::from_utf8(sandbox.read("adjustments/202209.toml")).unwrap();
    assert!(written.starts_with("[[adjustment]]\nid = \"202209-acme-2\"\n"), "{written}");
    good(sandbox.run(&["check", "202209"]));
    sandbox.write("adjustments/202209.toml", adjustment("202209-acme-1", "amount = 5"));
    refused(sandbox.run(&["check", "202209"]), "the adjustment \"202209-acme-1\" was issued in 202208");
    // Without the copy nothing says which ids were used.
    std::fs::remove_file(sandbox.path().join("issued/202208/workspace/adjustments/202208.toml")).unwrap();
    let run = sandbox.run(&["check", "202209"]);
    let note = "in the copy of the rules that was kept: issued/202208/workspace";
    assert!(run.code == 2 && run.stderr.contains(note), "{}", run.stderr);
}

#[test]
fn orders_are_printed_recorded_and_found() {
    let sandbox = workspace();
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let orders = "order-required = true\norder-number = [{ number = \"PO-4500\", until = \"202208\" }]\n";
    sandbox.write("customers/acme.toml", format!("{orders}{acme}"));
    sandbox.write(
        "adjustments/202208.toml",
        "[customer.bravo]\norder-number = \"B 7\"\nnote = \"8月は工事\"\n[customer.acme]\nnote = \"none\"\n",
    );
    good(sandbox.run(&["build", "202208"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    assert_eq!(invoice["order_number"], "PO-4500");
    for (customer, number) in [("acme", "PO-4500"), ("bravo", "B 7")] {
        let html = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.html"));
        let html = String::from_utf8(html).unwrap();
        assert!(html.contains("ご注文番号") && html.contains(number), "{customer}");
        assert_eq!(html.contains("工事"), customer == "bravo");
    }
    good(sandbox.run(&["issue", "202208"]));
    let index = String::from_utf8(sandbox.read("issued/index.csv")).unwrap();
    assert!(index.lines().next().unwrap().ends_with(",order_number") && index.contains(",PO-4500\r\n"), "{index}");
    let found = |pattern: &str| good(sandbox.run(&["list", "--order-number", pattern, "--json"])).stdout;
    let numbers = |found: String| -> Vec<String> {
        let rows: Vec<Value> = serde_json::from_str(&found).unwrap();
        rows.iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(found("PO-*")), ["INV-202208-acme"]);
    assert_eq!(numbers(found("*")).len(), 2);
    assert_eq!(numbers(found("PO")).len(), 0);
    good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "x", "--date", "2022-09-20"]));
    let note = sandbox.json("out/202208/acme/CN-INV-202208-acme.json");
    assert_eq!(note["order_number"], "PO-4500");
}

#[test]
fn an_invoice_on_hold_is_built_and_not_issued() {
    let sandbox = workspace();
    sandbox.write("adjustments/202208.toml", "[customer.acme]\nhold = \"waiting for approval\"\n");
    let warned = good(sandbox.run(&["build", "202208"])).stderr;
    let told = "the invoice of \"acme\" for 202208 is on hold: waiting for approval";
    assert!(warned.contains(&format!("warning[on-hold]: {told}")), "{warned}");
    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("発行保留") && page.contains("waiting for approval"), "{page}");
    assert!(!page.contains("is on hold"), "the Japanese page has an English sentence");
    refused(sandbox.run(&["issue", "202208"]), told);
    assert!(!sandbox.path().join("issued").exists());
    sandbox.write("adjustments/202208.toml", "");
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
}

#[test]
fn adjust_appends_and_keeps_what_is_there() {
    let sandbox = workspace();
    let adjust =
        |arguments: &[&str]| sandbox.run(&[&["adjust", "202208", "--customer", "acme", "--name"], arguments].concat());
    let run = good(adjust(&["初期設定費 \"A\"", "--amount", "18000"]));
    assert_eq!(run.stdout, "adjustments/202208.toml\n");
    assert!(run.stderr.contains("adjustment 202208-acme-1: ¥18,000 for acme"), "{}", run.stderr);
    sandbox.write("adjustments/202207-old.csv", "id,customer,name,amount\n202208-acme-2,acme,x,5\n");
    let before = String::from_utf8(sandbox.read("adjustments/202208.toml")).unwrap();
    sandbox.write("adjustments/202208.toml", format!("# by hand\n{}", before.trim_end()));
    good(adjust(&["値引", "--amount", "-50", "--tax-category", "exempt"]));
    let text = String::from_utf8(sandbox.read("adjustments/202208.toml")).unwrap();
    let expected = "# by hand\n[[adjustment]]\nid = \"202208-acme-1\"\ncustomer = \"acme\"\nname = \"初期設定費 \\\"A\\\"\"\n\
                    amount = \"18000\"\n\n[[adjustment]]\nid = \"202208-acme-3\"\ncustomer = \"acme\"\nname = \"値引\"\n\
                    amount = \"-50\"\ntax-category = \"exempt\"\n";
    assert_eq!(text, expected);
    for (arguments, told) in [
        (["x", "--amount", "0"], "expected an amount other than zero"),
        (["x", "--amount", "1.5"], "expected an amount of JPY without decimals"),
    ] {
        refused(adjust(&arguments), told);
    }
    refused(
        sandbox.run(&["adjust", "202208", "--customer", "acmee", "--name", "x", "--amount", "5"]),
        "did you mean \"acme\"?",
    );
    assert_eq!(sandbox.read("adjustments/202208.toml"), expected.as_bytes());
    // A mistake elsewhere in the file is told, and nothing is added to it.
    sandbox.write("adjustments/202208.toml", "[[adjustment]\n");
    assert_eq!(adjust(&["x", "--amount", "5"]).code, 1);
    assert_eq!(sandbox.read("adjustments/202208.toml"), b"[[adjustment]\n");
}

#[test]
fn whatif_applies_adjustments_unchanged() {
    let sandbox = workspace();
    sandbox.write("adjustments/202208.toml", adjustment("setup", "amount = 18000\ncost = 9000"));
    sandbox.write("prices.toml", "[pricing]\nmarkup = \"10%\"\n");
    let run = good(sandbox.run(&["whatif", "--pricing", "prices.toml", "--months", "202208", "--json"]));
    let comparison: Value = serde_json::from_str(&run.stdout).unwrap();
    let acme = &comparison["customers"][0];
    assert_eq!(acme["old"]["subtotal"], "19000", "{comparison}");
    assert_eq!((&acme["new"]["subtotal"], &acme["new"]["margin"]), (&json!("19100"), &json!("9100")));
}

/// Prices with and without tax are apart in a percentage, too. Without: 1,000 - 100 = 900 and 90 of tax. With: 980 - 98 = 882,
/// of which 882 × 10 / 110 = 80.18… → 81 are tax. Together 990 + 882 = 1,872.
#[test]
fn a_percentage_of_prices_that_include_tax_includes_it() {
    let sandbox = workspace();
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write(
        "customers/acme.toml",
        format!("{acme}[[fee]]\nname = \"月額\"\namount = \"980\"\ntax = \"included\"\n"),
    );
    sandbox.write("adjustments/202208.toml", adjustment("x", "percent = \"-10%\"\nof = { item = \"*\" }"));
    // Each part is an item of the adjustment's own name.
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{settings}\n[[item]]\nitem = \"x\"\nname = \"値引\"\n"));
    let built = good(sandbox.run(&["build", "202208"]));
    assert!(!built.stderr.contains("unused-item"), "{}", built.stderr);
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let labels = [2, 3].map(|line| invoice["items"][line]["label"].as_str().unwrap());
    assert_eq!(labels, ["値引（10%）", "値引（10%）"]);
    let expected = [
        "usage basicCharge 1000",
        "fee 月額 980",
        "discount x（10%） -100",
        "discount x（10%） -98",
        "included-tax 税込価格に含まれる消費税 -81",
    ];
    assert_eq!(items(&invoice), expected);
    assert_eq!((&invoice["subtotal"], &invoice["total"]), (&json!("1701"), &json!("1872")));
    good(sandbox.run(&["explain", "INV-202208-acme", "-v"]));
}

/// 1,000 without tax bear 100; a discount of 110 with tax takes 100 and its tax of 10 off: 900 + 90. Of 1,111 with tax, 101 are tax
/// and 1,010 are taken off.
#[test]
fn a_discount_with_tax_comes_off_what_is_billed_without() {
    let sandbox = workspace();
    let back = |amount: &str| adjustment("back", &format!("amount = \"{amount}\"\ntax = \"included\""));
    sandbox.write("adjustments/202208.toml", back("-110"));
    good(sandbox.run(&["build", "202208"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let expected = ["usage basicCharge 1000", "discount back -110", "included-tax 税込価格に含まれる消費税 10"];
    assert_eq!(items(&invoice), expected);
    assert_eq!(
        (&invoice["subtotal"], &invoice["tax"], &invoice["total"]),
        (&json!("900"), &json!("90"), &json!("990"))
    );
    good(sandbox.run(&["explain", "INV-202208-acme", "-v"]));
    let exempt = adjustment("other", "amount = 500\ntax-category = \"exempt\"");
    sandbox.write("adjustments/202208.toml", back("-1111") + &exempt);
    refused(
        sandbox.run(&["build", "202208"]),
        "adjustments bring the standard items of \"acme\" at 10% to -¥10, below zero",
    );
}

/// What was issued before record format 5 has fees below zero with the fees, and is made again so.
#[test]
fn older_documents_have_fees_below_zero_with_the_fees() {
    use invoicer::model::invoice::{ItemKind, Status};
    use invoicer::model::settings::DocumentForm;
    let sandbox = workspace();
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let fee = |name: &str, amount: &str| format!("[[fee]]\nname = \"{name}\"\namount = \"{amount}\"\n");
    sandbox.write("customers/acme.toml", acme + &fee("a", "-50") + &fee("b", "70"));
    let month = "202208".parse().unwrap();
    let mut settings = invoicer::workspace::load_for(sandbox.path(), &[month]).unwrap().settings;
    for (form, expected) in [
        (DocumentForm::Coded, [("basicCharge", ItemKind::Usage), ("a", ItemKind::Fee), ("b", ItemKind::Fee)]),
        (DocumentForm::Adjusted, [("basicCharge", ItemKind::Usage), ("b", ItemKind::Fee), ("a", ItemKind::Discount)]),
    ] {
        settings.document_form = form;
        let bill = invoicer::sources::read(sandbox.path(), &settings, month, false).unwrap();
        let billed = invoicer::billing::invoices(&bill, &settings, Status::Built, &[]).unwrap();
        let lines: Vec<_> = billed.invoices[0].items.iter().map(|item| (item.name.as_str(), item.kind)).collect();
        assert_eq!(lines, expected, "{form:?}");
        invoicer::billing::explanation::explain(&bill, &settings, &billed.invoices[0], &Default::default()).unwrap();
    }
}

/// One adjustment of a random month: its kind, a number, and its day, where it has one.
type Drawn = (u8, i64, Option<u32>);

fn drawn(index: usize, (kind, number, day): Drawn) -> String {
    let date = day.map_or_else(String::new, |day| format!("date = \"2022-08-{day:02}\"\n"));
    let value = match kind {
        0 => format!("amount = \"{number}\"\ntax-category = \"exempt\"\n"),
        1 => format!("amount = \"{number}\"\n"),
        2 => format!(
            "quantity = \"{}\"\nunit-price = \"{}\"\n",
            number % 7 + 1,
            format_args!("{}.{:02}", number, number % 100)
        ),
        _ => format!("percent = \"-{}%\"\nof = {{ item = \"*\" }}\n", number % 9 + 1),
    };
    adjustment(&format!("id-{index}"), &(value + &date))
}

/// Tenths of a percent of a figure in yen, rounded up: the arithmetic of `percent`, in integers.
fn percent_up(base: i64, percent: i64) -> i64 {
    let product = base * percent;
    let magnitude = (product.abs() + 99) / 100;
    if product < 0 { -magnitude } else { magnitude }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The order of the tables changes no byte of a document; lines are by date and id; the lines add up to the subtotal;
    /// and parts of percentages are of one tax category each.
    #[test]
    fn the_order_of_adjustments_never_matters(
        mut drawn_all in proptest::collection::vec((0u8..4, 1i64..50_000, proptest::option::of(1u32..=31)), 1..8),
        turn in 0usize..8,
    ) {
        // At most three discounts of at most 9 %, so that no sum is below zero.
        let mut percentages = 0;
        for one in &mut drawn_all {
            percentages += i32::from(one.0 == 3);
            if percentages > 3 && one.0 == 3 {
                one.0 = 1;
            }
        }
        let tables: Vec<String> = drawn_all.iter().enumerate().map(|(index, one)| drawn(index, *one)).collect();
        let mut turned = tables.clone();
        let length = turned.len();
        turned.rotate_left(turn % length);
        let built = |tables: &[String]| {
            let sandbox = workspace();
            sandbox.write("adjustments/202208.toml", tables.concat());
            let run = sandbox.run(&["build", "202208", "--format", "json"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            sandbox.read("out/202208/acme/INV-202208-acme.json")
        };
        let (one, other) = (built(&tables), built(&turned));
        prop_assert!(one == other, "{turned:?}");
        let invoice: Value = serde_json::from_slice(&one).unwrap();
        let amount = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
        let lines = invoice["items"].as_array().unwrap();
        prop_assert_eq!(lines.iter().map(|line| amount(&line["amount"])).sum::<i64>(), amount(&invoice["subtotal"]));
        for tax in invoice["tax_subtotals"].as_array().unwrap() {
            let of_group = |line: &&Value| (&line["tax_category"], &line["tax_rate"]) == (&tax["category"], &tax["rate"]);
            prop_assert_eq!(lines.iter().filter(of_group).map(|line| amount(&line["amount"])).sum::<i64>(), amount(&tax["taxable"]));
        }
        // Each percentage of each category, computed by itself.
        for category in ["standard", "exempt"] {
            let of_category = |line: &&Value| line["tax_category"] == category;
            let base: i64 = lines.iter().filter(of_category).map(|line| amount(&line["amount"])).filter(|amount| *amount > 0).sum();
            let found: Vec<i64> = {
                let discounts = lines.iter().filter(of_category).map(|line| amount(&line["amount"]));
                let mut found: Vec<i64> = discounts.filter(|amount| *amount < 0).collect();
                found.sort_unstable();
                found
            };
            let mut expected: Vec<i64> = drawn_all
                .iter()
                .filter(|(kind, ..)| *kind == 3)
                .map(|(_, number, _)| percent_up(base, -(number % 9 + 1)))
                .filter(|amount| *amount != 0)
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected, "{}", category);
        }
    }
    #[test]
    fn any_text_as_adjustments_is_read_or_refused(
        text in "\\PC{0,200}",
        cells in proptest::collection::vec("[a-z0-9,\"\n\r ;=*%.-]{0,20}", 0..12),
        key in "[a-z-]{1,12}",
        value in "\\PC{0,20}",
    ) {
        let sandbox = workspace();
        sandbox.write("adjustments/202207.toml", &text);
        sandbox.write("adjustments/202208-a.csv", format!("id,customer,name,amount\n{}\n{text}", cells.join(",")));
        sandbox.write("adjustments/202208-b.csv", &text);
        sandbox.write("adjustments/202208.toml", format!("[[adjustment]]\n{key} = {value:?}\n[customer.acme]\n{key} = {value:?}\n"));
        let run = sandbox.run(&["check", "202208"]);
        prop_assert!(run.code == 0 || run.code == 1, "{}: {}", run.code, run.stderr);
        prop_assert!(!run.stderr.contains("panicked"));
    }
}
