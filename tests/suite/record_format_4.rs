//! `tests/data/record-format-4`: a month as invoicer issued and credited it when the data of credit notes did not say what
//! their pages print, and fees below zero were listed with the fees. The hashes in its records are those of the files made
//! then, so that `build` refuses JSON and CSV that come out otherwise.
//!
//! acme: 2 × 10 of basicCharge, 23; 10 for 100,000,000 bytes, 11.5 up to 12; a fee of −3; a discount of −4.6, down to −5:
//! 27 and 2.7 up to 3, 30. Its first credit note takes back 5 of line 1 and line 2 whole, 17 and 2, the second the rest. opal
//! and pine share a gateway of 1,150 one to two: 384 of opal's are taken back, pine's invoice is replaced. nordlys, in
//! dollars, is credited whole. 10 of a meter of the issuer's are kept.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Run, Sandbox, copy_tree};

fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/record-format-4"), sandbox.path());
    sandbox
}

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

/// Pages of then come out otherwise now, so that no credit note can be put beside them: nothing is left of the attempt.
#[test]
fn what_cannot_be_made_again_is_not_half_credited() {
    let sandbox = workspace();
    let html = "out/202207/acme/INV-202207-0001.html";
    let credit = ["credit", "INV-202207-0003", "--reason", "解約", "--date", "2022-09-20"];
    let run = sandbox.run(&credit);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains(html), "{}", run.stderr);
    assert!(!sandbox.path().join("issued/202207-6.json").exists());
    good(sandbox.run(&["build", "202207", "--format", "json,csv"]));
}

fn items(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    sandbox.json(&format!("out/202207/{path}.json"))["items"].as_array().unwrap().clone()
}

fn columns(sandbox: &Sandbox, path: &str) -> Vec<String> {
    let csv = String::from_utf8(sandbox.read(&format!("out/202207/{path}.csv"))).unwrap();
    csv.lines().next().unwrap().split(',').map(str::to_owned).collect()
}

#[test]
fn data_are_made_again_to_the_byte() {
    let sandbox = workspace();
    good(sandbox.run(&["build", "202207", "--format", "json,csv"]));
    let word = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let lines = items(&sandbox, "acme/INV-202207-0001");
    let lines: Vec<String> =
        lines.iter().map(|item| format!("{} {}", word(item, "kind"), word(item, "amount"))).collect();
    assert_eq!(lines, ["usage 23", "usage 12", "fee -3", "discount -5"]);
    // 100,000,000 bytes are 95.367… MB.
    let note = items(&sandbox, "acme/CN-INV-202207-0001");
    let printed = json!({ "quantity": "-95.37", "unit": "MB", "unit_price": null });
    assert_eq!((&note[1]["original_line"], &note[1]["printed"]), (&json!(2), &printed));
    let shared = items(&sandbox, "opal/CN-INV-202207-0003");
    assert_eq!((&shared[0]["amount"], &shared[0]["printed"]["quantity"]), (&json!("-384"), &json!("-0.3333")));
    for path in ["acme/CN-INV-202207-0001", "internal/acme/CN-INV-202207-0001", "acme/INV-202207-0001"] {
        assert_eq!(columns(&sandbox, path).last().unwrap(), "heading", "{path}");
    }
}
