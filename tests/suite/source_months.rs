//! `from`, `until` and `total` of a source: a source added later leaves older months alone, in every command, and the
//! provider's amount is compared with where it is given.

use crate::common::{Run, Sandbox};

const WORKSPACE: &str = "[issuer]\nname = \"A\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\n\
                         path = \"billing/{month}/soracom*.csv\"\n";

/// Sources that begin later: one that needs files, one that would be asked for.
const LATER: &str = "[[source]]\nname = \"sakura\"\nkind = \"sakura-csv\"\npath = \"billing/{month}/sakura*.csv\"\n\
                     from = \"202209\"\n[[source]]\nname = \"kore\"\nkind = \"kore-api\"\nfrom = \"2022-09\"\n[[tax.rule]]\n\
                     source = \"kore\"\nitem = \"*\"\ncategory = \"exempt\"\n[[allocation.keep]]\n\
                     match = { source = \"sakura\", item = \"*\" }\n";

fn workspace(rules: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", rules);
    sandbox.write("customers/acme.toml", "name = \"B\"\n[[match]]\nsource = \"soracom\"\n");
    let bill = "imsi,date,billItemName,quantity,amount\n1,20220801,basicCharge,1,100\n2,20220801,basicCharge,1,3.5\n";
    sandbox.write("billing/202208/soracom.csv", bill);
    sandbox
}

fn passed(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

#[test]
fn a_source_added_later_leaves_an_older_month_alone() {
    let sandbox = workspace(&format!("{WORKSPACE}{LATER}"));
    sandbox
        .write("customers/acme.toml", "name = \"B\"\n[[match]]\nsource = \"soracom\"\n[[match]]\nsource = \"kore\"\n");
    // No warning either: the rules for the later sources match nothing yet, as they should.
    for command in [&["check", "202208"][..], &["build", "202208"], &["reconcile", "202208"]] {
        let run = passed(sandbox.run(command));
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["sources"].as_array().unwrap().len(), 1);
    let reconciled = passed(sandbox.run(&["reconcile", "202208"]));
    assert!(!reconciled.stdout.contains("kore"), "{}", reconciled.stdout);
    let known = passed(sandbox.run(&["status", "202208", "--offline"]));
    assert!(!known.stdout.contains("kore") && known.stdout.contains("soracom"), "{}", known.stdout);
    let explained = passed(sandbox.run(&["explain", "202208/acme"]));
    assert!(explained.stdout.contains("total: "), "{}", explained.stdout);
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    passed(sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202208"]));
    passed(sandbox.run(&["issue", "202208"]));
}

#[test]
fn an_issued_month_stays_as_it_is_when_sources_are_added() {
    let sandbox = workspace(WORKSPACE);
    passed(sandbox.run(&["build", "202208"]));
    passed(sandbox.run(&["issue", "202208"]));
    sandbox.write("invoicer.toml", format!("{WORKSPACE}{LATER}"));
    let verified = sandbox.run(&["verify", "202208"]);
    for word in ["result changed", "inputs changed", "cannot be computed"] {
        assert!(!verified.stdout.contains(word), "{}", verified.stdout);
    }
    passed(sandbox.run(&["verify", "202208", "--as-issued"]));
    passed(sandbox.run(&["build", "202208", "--as-issued"]));
}

#[test]
fn a_month_that_a_source_exists_in_needs_its_bill() {
    let sandbox = workspace(&format!("{WORKSPACE}{LATER}"));
    let bill = "imsi,date,billItemName,quantity,amount\n1,20220901,basicCharge,1,100\n";
    sandbox.write("billing/202209/soracom.csv", bill);
    let run = sandbox.run(&["build", "202209", "--offline"]);
    assert_eq!(run.code, 1);
    for expected in ["no bill of 202209 for the source \"sakura\"", "was not fetched from \"kore\""] {
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn a_bill_outside_the_months_of_its_source_is_told() {
    let sandbox = workspace(&format!("{WORKSPACE}{LATER}"));
    sandbox.write("billing/202208/sakura.csv", "");
    let run = passed(sandbox.run(&["check", "202208"]));
    let expected = "warning[unread-bill]: a bill of \"sakura\" for 202208 is left out: the source does not exist in it\n \
                    --> invoicer.toml:7";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(sandbox.run(&["check", "202208", "--deny-warnings"]).code, 1);
    // The files of a source that ended can be those of the one that follows it.
    let source = &WORKSPACE[WORKSPACE.find("[[source]]").unwrap()..];
    let follows = format!("{WORKSPACE}from = \"202208\"\n{source}until = \"202207\"\n");
    let sandbox = workspace(&follows.replacen("name = \"soracom\"", "name = \"after\"", 1));
    sandbox.write("customers/acme.toml", "name = \"B\"\n[[match]]\nsource = \"after\"\n");
    let run = passed(sandbox.run(&["check", "202208"]));
    assert!(!run.stderr.contains("unread-bill"), "{}", run.stderr);
}

/// 103.5 × 1.1 = 113.85, rounded up to 114.
#[test]
fn a_given_total_is_compared_with() {
    let sandbox = workspace(&format!("{WORKSPACE}total = {{ \"202208\" = \"114\" }}\n"));
    let run = passed(sandbox.run(&["reconcile", "202208", "--json"]));
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&found[0]["provider_total"], &found[0]["difference"]), (&"114".into(), &"0".into()));
    let known = passed(sandbox.run(&["status", "202208"]));
    assert!(known.stdout.contains("¥114"), "{}", known.stdout);

    sandbox.write("invoicer.toml", format!("{WORKSPACE}total = {{ \"202208\" = 1140, \"202207\" = \"7\" }}\n"));
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 1);
    let expected = "error: \"soracom\" does not reconcile: ours ¥114, the provider's ¥1,140, difference -¥1,026\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    let cause = "hint: likely cause: rows are missing: download the bill again, or correct `total`\n";
    assert!(run.stderr.contains(cause), "{}", run.stderr);
    let run = passed(sandbox.run(&["check", "202208"]));
    assert!(run.stderr.contains("warning[not-reconciled]"), "{}", run.stderr);
}

#[test]
fn without_a_total_reconcile_says_how_to_give_it() {
    let run = passed(workspace(WORKSPACE).run(&["reconcile", "202208"]));
    let expected = "soracom: the provider states no total to compare with; give its amount with tax as total = \
                    { \"202208\" = \"…\" } in its [[source]]\n";
    assert_eq!(run.stderr, expected);
}
