//! Bills that may still change, ids that only look like numbers, and examples that bill what they say.

use std::path::Path;

use crate::common::{Sandbox, copy_tree};
use crate::reproducer::Reproducer;

fn example(path: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path), sandbox.path());
    sandbox
}

/// What `build` refuses because it is not final, a draft takes: the amounts so far.
#[test]
fn drafts_take_what_is_not_final() {
    // 0.01 dollars are 1.387 yen; with 15 % 1.59505, rounded up.
    for (case, cost, subtotal) in [("kore-not-billed-yet", "1.387", "2"), ("sakura-not-determined", "3922", "3922")] {
        let sandbox = Reproducer::named(case).workspace();
        assert_eq!(sandbox.run(&["build", "202208", "--format", "json", "--offline"]).code, 1, "{case}");
        let draft = sandbox.run(&["build", "202208", "--draft", "--format", "json", "--offline"]);
        assert_eq!(draft.code, 0, "{case}: {}", draft.stderr);
        let customer = &sandbox.json("out/202208/summary.json")["customers"][0];
        assert_eq!([&customer["cost"], &customer["subtotal"]], [cost, subtotal], "{case}");
    }
}

/// Hexadecimal ids, tags and names may look like numbers with an exponent.
#[test]
fn what_only_looks_like_a_number_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"A\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n",
    );
    sandbox.write(
        "customers/acme.toml",
        "name = \"B\"\n[[match]]\nresource = \"123E45\"\n[[match]]\nresource = \"02005E10*\"\n[[match]]\n\
         tag = { meter = \"4.4E+14\" }\n",
    );
    sandbox.write(
        "billing/202208/s.csv",
        "imsi,sigfoxDeviceId,soraCamDeviceId,date,billItemName,amount,name,meter\n\
         ,123E45,,202208,a,1,4.40101E+14,\n,,02005E100001,202208,a,1,,\n440101234500001,,,202208,a,1,,4.4E+14\n\
         440101200000000,,,20220801,a,1,,4.4E+14\n440101200000000,,,20220802,a,1,,4.4E+14\n",
    );
    let run = sandbox.run(&["check", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// An id that ends in zeros may be real: one SIM, a row for each day.
#[test]
fn one_rounded_id_may_be_real() {
    let sandbox = Reproducer::named("csv-ids-all-rounded").workspace();
    sandbox.write("customers/acme.toml", "name = \"B\"\n[[match]]\nitem = \"*\"\n");
    let is_refused = |rows: &[(&str, &str)]| {
        let line = |(id, day): &(&str, &str)| format!("{id},202208{day},a,1\n");
        let rows: String = rows.iter().map(line).collect();
        sandbox.write("billing/202208/soracom.csv", format!("imsi,date,billItemName,amount\n{rows}"));
        let run = sandbox.run(&["check", "202208"]);
        assert_eq!(run.code == 1, run.stderr.contains("a spreadsheet rounded them"), "{}", run.stderr);
        run.code == 1
    };
    assert!(!is_refused(&[("440101000000000", "01"), ("440101000000000", "02")]));
    assert!(!is_refused(&[("440101000000000", "01"), ("440101000000001", "01")]));
    // Two rows of one day can only be of two SIMs, and two such ids are no chance.
    assert!(is_refused(&[("440101000000000", "01"), ("440101000000000", "01")]));
    assert!(is_refused(&[("440101000000000", "01"), ("440102000000000", "01")]));
}

/// SORACOM's basicCharge is per SIM and day: no example has a price per month for it.
#[test]
fn examples_have_usual_prices() {
    for path in ["examples/starter", "examples/three-providers"] {
        let run = example(path).run(&["check", "202208"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.stderr.contains("unusual-price"), "{path}: {}", run.stderr);
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let run = Sandbox::new().run(&["-C", root, "check", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("unusual-price") && !run.stderr.contains("short-month"), "{}", run.stderr);
}
