//! `tests/data/record-format-1`: a month as invoicer issued and credited it when customers' PDF, JSON and CSV still held the
//! issuer's costs, with the files that were sent. It can be verified, built and credited; what is made of it now holds none.
//!
//! acme: 310 and bravo: 155 of basicCharge, −46.5 shared: billing-rules' worked example without the upload. The shares are
//! −31 and −15.5, so acme 356.5 → 357 and −35.65 → −36, 321 and 32.1 → 33: 354; bravo 178.25 → 179 and −17.825 → −18, 161
//! and 16.1 → 17: 178.

use std::path::Path;

use serde_json::Value;

use crate::common::{Run, Sandbox, copy_tree};

fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/record-format-1"), sandbox.path());
    sandbox
}

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

fn has_costs(sandbox: &Sandbox, path: &str) -> bool {
    sandbox.json(path)["items"].as_array().unwrap().iter().any(|item| item.get("cost").is_some())
}

#[test]
fn what_was_sent_is_the_same_and_verify_names_the_costs_in_it() {
    let sandbox = workspace();
    let run = good(sandbox.run(&["verify", "202207"]));
    assert_eq!(run.stdout, "202207: same (3 documents)\n");
    let expected = "note: customers' files of 202207 hold the issuer's costs: an earlier version made them\n--> \
                    out/202207/acme/INV-202207-0001.csv\nhint: `invoicer build 202207` makes them again without costs, \
                    with the same figures\n\n";
    assert_eq!(run.stderr, expected);
    // A file that was edited is still found.
    sandbox.write("out/202207/acme/INV-202207-0001.json", "{}");
    let run = sandbox.run(&["verify", "202207"]);
    assert_eq!(run.code, 1);
    let finding =
        "document changed (3 documents)\n  INV-202207-0001: out/202207/acme/INV-202207-0001.json: the file is not";
    assert!(run.stdout.contains(finding), "{}", run.stdout);
}

#[test]
fn the_month_is_made_again_without_costs_and_is_still_the_same() {
    let sandbox = workspace();
    let sent = sandbox.read("out/202207/acme/INV-202207-0001.pdf");
    assert!(has_costs(&sandbox, "out/202207/acme/INV-202207-0001.json"));
    let run = good(sandbox.run(&["build", "202207"]));
    assert!(run.stderr.contains("note: 202207 was issued by an earlier version"), "{}", run.stderr);
    assert!(!has_costs(&sandbox, "out/202207/acme/INV-202207-0001.json"));
    assert!(has_costs(&sandbox, "out/202207/internal/acme/INV-202207-0001.json"));
    assert!(!has_costs(&sandbox, "out/202207/bravo/CN-INV-202207-0002.json"));
    assert_eq!(sandbox.json("out/202207/acme/INV-202207-0001.json")["total"], "354");
    // The PDF that was sent belongs to the hash in the record: kept for the issuer where it comes out as it was.
    let kept = "out/202207/internal/acme/INV-202207-0001.pdf";
    if sandbox.path().join(kept).exists() {
        assert!(sandbox.read(kept) == sent);
        assert!(run.stderr.contains("are in out/202207/internal"), "{}", run.stderr);
    } else {
        assert!(run.stderr.contains("keep the copies you have"), "{}", run.stderr);
    }
    let run = good(sandbox.run(&["verify", "--all"]));
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("202207: same (3 documents)\n", ""));
    // Neither what was sent nor what is made now.
    sandbox.write("out/202207/acme/INV-202207-0001.pdf", "%PDF-1.7");
    assert_eq!(sandbox.run(&["verify", "202207"]).code, 1);
    // Once more from nothing.
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    good(sandbox.run(&["build", "202207", "--format", "json,csv"]));
    good(sandbox.run(&["verify", "202207"]));
}

#[test]
fn an_old_invoice_is_credited_and_explained_and_its_record_stays() {
    let sandbox = workspace();
    let record = sandbox.read("issued/202207.json");
    let common = ["credit", "INV-202207-0001", "--reason", "解約", "--date", "2022-09-20"];
    good(sandbox.run(&common));
    assert!(sandbox.read("issued/202207.json") == record);
    let new = sandbox.json("issued/202207-2.json");
    assert_eq!((&new["format"], &new["documents"][0]["total"]), (&Value::from(5), &Value::from("-354")));
    assert_eq!(new["previous"]["file"], "202207-1.json");
    // What takes it back is like the invoice: items had no labels yet.
    let note = sandbox.json("out/202207/acme/CN-INV-202207-0001.json");
    assert!(note["items"][0].get("label").is_none() && note["items"][0]["name"] == "basicCharge", "{note}");
    let outputs: Vec<&str> =
        new["documents"][0]["outputs"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let expected = [
        "acme/CN-INV-202207-0001.csv",
        "acme/CN-INV-202207-0001.html",
        "acme/CN-INV-202207-0001.json",
        "acme/CN-INV-202207-0001.pdf",
        "internal/acme/CN-INV-202207-0001.csv",
        "internal/acme/CN-INV-202207-0001.json",
    ];
    assert_eq!(outputs, expected);
    good(sandbox.run(&["verify", "--all"]));
    let run = good(sandbox.run(&["explain", "INV-202207-0001", "1"]));
    assert!(run.stdout.contains("310 × 1.15 = 356.5"), "{}", run.stdout);
}

#[test]
fn figures_that_come_out_otherwise_are_still_told() {
    let sandbox = workspace();
    let record = String::from_utf8(sandbox.read("issued/202207.json")).unwrap();
    sandbox.write("issued/202207.json", record.replace("\"354\"", "\"355\""));
    // The correction names the record's hash.
    let run = sandbox.run(&["verify", "202207"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("total 355 JPY when issued, 354 JPY now"), "{}", run.stdout);
}
