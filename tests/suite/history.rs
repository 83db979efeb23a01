//! A month is compared with those before it, where there are any.

use serde_json::Value;

use crate::common::Sandbox;

/// A workspace of one customer whose month costs `amount`: 110 % of it with tax, and nothing is added.
fn workspace(amount: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"A\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n",
    );
    sandbox.write("customers/acme.toml", "name = \"B\"\n[[match]]\ntag = { customer = \"acme\" }\n");
    month(&sandbox, "202208", amount);
    sandbox
}

fn month(sandbox: &Sandbox, month: &str, amount: &str) {
    let rows = format!(
        "imsi,date,billItemName,quantity,amount,customer\n1,{month}01,basic,1,{amount},acme\n2,{month}01,data,1,0,acme\n"
    );
    sandbox.write(&format!("billing/{month}/soracom.csv"), rows);
}

fn summary(sandbox: &Sandbox) -> Value {
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    sandbox.json("out/202208/summary.json")
}

#[test]
fn the_total_of_the_month_before_is_told() {
    let sandbox = workspace("100");
    assert_eq!(summary(&sandbox)["customers"][0]["previous_total"], Value::Null);
    month(&sandbox, "202207", "70");
    assert_eq!(sandbox.run(&["build", "202207", "--quiet", "--format", "json"]).code, 0);
    let summary = summary(&sandbox);
    assert_eq!(summary["customers"][0]["previous_total"], "77");
    assert_eq!(summary["customers"][0]["total"], "110");
    let manifest = sandbox.json("out/202208/manifest.json");
    assert_eq!(manifest["compared"][0]["path"], "out/202207/summary.json");
    assert_eq!(manifest["inputs"].as_array().unwrap().len(), 3);
}

#[test]
fn what_was_used_is_kept_for_later_months() {
    let used = &summary(&workspace("100"))["customers"][0]["used"];
    assert_eq!(used["items"], serde_json::json!({ "s": { "basic": "100", "data": "0" } }));
    assert_eq!(used["resources"], serde_json::json!({ "s": ["1", "2"] }));
}

#[test]
fn drafts_other_currencies_and_months_further_back_are_not_the_month_before() {
    let sandbox = workspace("100");
    let previous = |sandbox: &Sandbox| summary(sandbox)["customers"][0]["previous_total"].clone();
    month(&sandbox, "202206", "70");
    assert_eq!(sandbox.run(&["build", "202206", "--quiet", "--format", "json"]).code, 0);
    assert_eq!(previous(&sandbox), Value::Null);
    month(&sandbox, "202207", "70");
    assert_eq!(sandbox.run(&["build", "202207", "--quiet", "--format", "json", "--draft"]).code, 0);
    assert_eq!(previous(&sandbox), Value::Null);
    let past = |currency: &str, total: &str| {
        format!(
            "{{\"month\": \"202207\", \"status\": \"built\", \"customers\": [{{\"id\": \"acme\", \"currency\": \
             \"{currency}\", \"cost\": \"1\", \"subtotal\": \"1\", \"total\": \"{total}\"}}]}}"
        )
    };
    sandbox.write("out/202207/summary.json", past("USD", "1.10"));
    assert_eq!(previous(&sandbox), Value::Null);
    sandbox.write("out/202207/summary.json", past("JPY", "1.10"));
    assert_eq!(previous(&sandbox), "1.1");
}

#[test]
fn a_summary_that_cannot_be_read_is_a_warning() {
    for (text, why) in [
        ("{\"month\": \"202207\", \"stat", "EOF while parsing"),
        ("{\"month\": \"202206\", \"status\": \"built\", \"customers\": []}", "it is the summary of 202206"),
    ] {
        let sandbox = workspace("100");
        sandbox.write("out/202207/summary.json", text);
        let run = sandbox.run(&["build", "202208", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stderr.contains("out/202207/summary.json") && run.stderr.contains(why), "{}", run.stderr);
        assert!(run.stderr.contains("build that month again"), "{}", run.stderr);
        assert_eq!(sandbox.json("out/202208/summary.json")["customers"][0]["previous_total"], Value::Null);
        // What was issued is evidence: nobody is told to remove it.
        month(&sandbox, "202207", "70");
        for command in ["build", "issue"] {
            assert_eq!(sandbox.run(&[command, "202207", "--quiet"]).code, 0);
        }
        sandbox.write("issued/202207/summary.json", text);
        let run = sandbox.run(&["build", "202208", "--format", "json"]);
        assert!(run.stderr.contains("issued/202207/summary.json"), "{}", run.stderr);
        assert!(run.stderr.contains("put back what a backup or git has"), "{}", run.stderr);
    }
}
