//! The same mistake in many files: the first five are printed, and how many there are besides. Data are complete.

use crate::common::Sandbox;
use crate::issuing::good;

/// Twelve customers, each with this in its file; the first has all charges.
fn workspace(rest: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"サンプル通信\"\n[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n",
    );
    for number in 1..=12 {
        let claim = format!("name = \"客{number}\"\n[[match]]\nresource = \"{number}\"\n");
        sandbox.write(&format!("customers/c{number:02}.toml"), format!("{claim}{rest}"));
    }
    sandbox.write("billing/202208/a.csv", "imsi,date,billItemName,quantity,amount\n1,20220801,basicCharge,1,100\n");
    sandbox
}

const MORE: &str = "… and 7 more of the same kind; -v shows each\n\n";

#[test]
fn a_mistake_in_many_files_is_printed_five_times_and_counted() {
    let sandbox = workspace("[pricing]\nmarkpu = \"5%\"\n");
    let other = String::from_utf8(sandbox.read("customers/c07.toml")).unwrap();
    sandbox.write("customers/c07.toml", format!("shop = 1\n{other}"));
    let run = sandbox.run(&["check"]);
    assert_eq!(run.code, 1);
    let places = |text: &str| -> Vec<String> {
        let places = text.lines().filter_map(|line| line.trim_start().strip_prefix("--> customers/"));
        places.map(|place| place.split(':').next().unwrap().to_owned()).collect()
    };
    // The mistake of another kind stands where it would stand among all.
    let named = ["c01.toml", "c02.toml", "c03.toml", "c04.toml", "c05.toml", "c07.toml"];
    assert_eq!(places(&run.stderr), named, "{}", run.stderr);
    let (before, after) = run.stderr.split_once(MORE).unwrap();
    assert_eq!((places(before).len(), before.matches("unknown key `markpu`").count()), (5, 5), "{}", run.stderr);
    assert!(after.contains("unknown key `shop`") && after.ends_with("13 errors; nothing was written\n"), "{after}");

    let all = sandbox.run(&["check", "-v"]);
    assert_eq!(
        (all.stderr.matches("unknown key `markpu`").count(), all.stderr.contains("of the same kind")),
        (12, false)
    );
    let quiet = sandbox.run(&["check", "-q"]);
    assert!(quiet.stderr.contains(MORE) && !quiet.stderr.contains("13 errors"), "{}", quiet.stderr);
    let japanese = sandbox.run(&["check", "--lang", "ja"]);
    assert!(
        japanese.stderr.contains("… 同じ種類のものがほかに 7 件あります（-v ですべて表示）\n"),
        "{}",
        japanese.stderr
    );
}

#[test]
fn warnings_that_no_month_groups_are_counted_too() {
    let sandbox = workspace("");
    (1..=12).for_each(|number| sandbox.write(&format!("customers/note{number:02}.txt"), ""));
    let run = good(sandbox.run(&["status", "--offline"]));
    assert_eq!(run.stderr.matches("warning[not-a-customer]").count(), 5, "{}", run.stderr);
    assert!(run.stderr.contains(MORE), "{}", run.stderr);
}

#[test]
fn data_have_every_warning() {
    let sandbox = workspace("");
    let run = good(sandbox.run(&["build", "202208", "--format", "json", "--json"]));
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let details = summary["warning_details"].as_array().unwrap();
    // All customers but the first.
    assert_eq!(details.iter().filter(|detail| detail["code"] == "no-charges").count(), 11);
    assert!(run.stderr.contains("11 customers have no charges"), "{}", run.stderr);
}
