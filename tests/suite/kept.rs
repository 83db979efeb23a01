//! What the issuer bears, on purpose or not: the warning, the summary, the review page, and what a refusal says.

use serde_json::{Value, json};

use crate::common::{Sandbox, copy_tree};

fn case(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    copy_tree(&root.join(name), sandbox.path());
    sandbox
}

fn summary(sandbox: &Sandbox) -> Value {
    let run = sandbox.run(&["build", "202208", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    sandbox.json("out/202208/summary.json")
}

/// Code and message of each warning, but for those of items without a name.
fn warnings(summary: &Value) -> Vec<(&str, &str)> {
    let details = summary["warning_details"].as_array().unwrap();
    let named = details.iter().filter(|detail| detail["code"] != "unnamed-item");
    named.map(|detail| (detail["code"].as_str().unwrap(), detail["message"].as_str().unwrap())).collect()
}

/// Of the case: the charge of nobody costs 5; bravo's share of the coupon, −2.5, stays with the issuer.
#[test]
fn what_no_rule_keeps_is_a_warning() {
    let sandbox = case("kept-and-unassigned");
    let found = summary(&sandbox);
    let expected = ("kept", "¥5 of \"soracom\" that no rule claims is kept by the issuer: 1 row");
    assert_eq!(warnings(&found), [expected]);
    let detail = &found["warning_details"][0];
    assert_eq!((&detail["file"], &detail["line"]), (&json!("billing/202208/soracom.csv"), &json!(4)));
    assert_eq!(detail["notes"], json!(["基本料金 (basicCharge): 1 row, ¥5"]));
    assert_eq!(
        found["kept_details"],
        json!([
            { "source": "soracom", "currency": "JPY", "reason": "unassigned", "rule": null, "customer": null, "rows": 1,
              "cost": "5" },
            { "source": "soracom", "currency": "JPY", "reason": "discounts", "rule": null, "customer": "bravo",
              "rows": null, "cost": "-2.5" },
        ])
    );
    for command in ["check", "build"] {
        let run = sandbox.run(&[command, "202208", "--deny-warnings"]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.starts_with("error[kept]: ¥5 of \"soracom\""), "{}", run.stderr);
    }
}

#[test]
fn what_a_rule_keeps_is_not() {
    let sandbox = case("kept-and-unassigned");
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let kept = rules
        + "[[allocation.keep]]\nmatch = { tag = { customer = \"nobody\" } }\n[warnings]\nignore = [\"unnamed-item\"]\n";
    sandbox.write("invoicer.toml", &kept);
    let found = summary(&sandbox);
    assert_eq!(warnings(&found), []);
    assert_eq!(found["kept"], "2.5");
    assert_eq!(found["kept_details"][0]["reason"], "rule");
    assert_eq!(found["kept_details"][0]["rule"], "invoicer.toml:15");
    assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "--deny-warnings"]).code, 0);

    let page = String::from_utf8(sandbox.read("out/202208/index.html")).unwrap();
    assert!(page.contains("<code>invoicer.toml:15</code>"), "the review page does not name the rule");

    // The setting is not needed for what a rule keeps.
    sandbox.write("invoicer.toml", kept.replace("unassigned = \"keep\"\n", ""));
    assert_eq!(summary(&sandbox)["kept"], "2.5");
}

#[test]
fn a_rule_that_keeps_nothing_is_a_warning() {
    let sandbox = case("keep-rules");
    let rules = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    // What customers bear of the coupon rounds below its cost.
    let others = |found: &Value| warnings(found).into_iter().filter(|(code, _)| *code != "below-cost").count();
    assert_eq!(others(&summary(&sandbox)), 0);
    // A share rule takes the gateway before this rule sees it.
    sandbox.write("invoicer.toml", rules + "[[allocation.keep]]\nmatch = { resource = \"vpg-*\" }\n");
    let expected = ("unused-keep-rule", "the [[allocation.keep]] matches nothing in 202208");
    let found = summary(&sandbox);
    assert_eq!((others(&found), warnings(&found).pop()), (1, Some(expected)));
    let details = found["warning_details"].as_array().unwrap();
    assert_eq!(details.iter().find(|detail| detail["code"] == "unused-keep-rule").unwrap()["line"], 20);
}

/// Seven items of one row each: five are named. 1 + 2 + … + 7 = 28.
#[test]
fn many_items_are_counted() {
    let sandbox = case("kept-and-unassigned");
    let mut bill = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n1,20220801,basicCharge,10,3,30,acme\n\
                    2,20220801,basicCharge,10,3,30,bravo\n"
        .to_owned();
    for item in 1..=7 {
        bill += &format!("9,20220801,item{item},{item},1,{item},\n");
    }
    sandbox.write("billing/202208/soracom.csv", bill);
    let found = summary(&sandbox);
    assert_eq!(warnings(&found)[0].1, "¥28 of \"soracom\" that no rule claims is kept by the issuer: 7 rows");
    let notes = found["warning_details"][0]["notes"].as_array().unwrap().clone();
    assert_eq!((notes.len(), &notes[4], &notes[5]), (6, &json!("item5: 1 row, ¥5"), &json!("and 2 more items")));
}
