//! One month on several machines: `plan`, `build --shard` and `merge` give what one `build` gives, byte for byte, or refuse
//! by name and write nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Run, Sandbox, copy_tree};
use crate::issuing::{good, sha256};

const WORKSPACE: &str = r#"
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"

[invoice]
story = true
details = "rows"
below-zero = "carry"

[pricing]
markup = "15%"

[[fx]]
month = "202208"
from = "USD"
to = "JPY"
rate = "125"
[[fx]]
month = "202208"
from = "JPY"
to = "USD"
rate = "0.008"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/*.csv"
"#;

/// Nine customers: `a` with 500 rows; `b` with a character that no font has; `c` below zero in August, which is carried
/// forward; `d` billed in dollars, `e` in English. July is issued, and August compared with it.
pub(crate) fn workspace() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", WORKSPACE);
    for id in "abcdefghi".chars() {
        let rest = match id {
            'd' => "[invoice]\ncurrency = \"USD\"\n",
            'e' => "[invoice]\nlanguage = \"en\"\n",
            _ => "",
        };
        let text = format!("name = \"{id}株式会社\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n{rest}");
        sandbox.write(&format!("customers/{id}.toml"), text);
    }
    for (month, amount) in [("202207", 100), ("202208", 250)] {
        let mut text = "imsi,date,billItemName,quantity,amount,customer,name\n".to_owned();
        for id in ["a", "b", "e", "f", "g", "h", "i"] {
            let name = if id == "b" { "屋上🛰センサ" } else { "センサ" };
            text += &format!("44010{id},{month}01,basicCharge,1,{amount},{id},{name}\n");
        }
        if month == "202208" {
            text += &format!("44010c,{month}01,coupon,1,-{amount},c,\n44010d,{month}01,basicCharge,1,{amount},d,\n");
            (1..500).for_each(|row| text += &format!("44010a,{month}02,basicCharge,1,{row},a,センサ\n"));
        }
        sandbox.write(&format!("billing/{month}/soracom.csv"), text);
    }
    good(sandbox.run(&["build", "202207", "-q"]));
    good(sandbox.run(&["issue", "202207", "-q"]));
    sandbox
}

/// The shards' directories.
fn directories(count: u32) -> Vec<String> {
    (1..=count).map(|number| format!("shards/{number}")).collect()
}

fn build_shard(sandbox: &Sandbox, number: u32, count: u32, options: &[&str]) -> Run {
    let (shard, directory) = (format!("{number}/{count}"), format!("shards/{number}"));
    sandbox.run(&[&["build", "202208", "--shard", &shard, "--out", &directory], options].concat())
}

fn merge(sandbox: &Sandbox, directories: &[String], options: &[&str]) -> Run {
    let directories: Vec<&str> = directories.iter().map(String::as_str).collect();
    sandbox.run(&[&["merge", "202208"], &directories[..], options].concat())
}

/// The files below a directory of the sandbox.
fn below(sandbox: &Sandbox, directory: &str) -> BTreeMap<String, Vec<u8>> {
    let start = format!("{directory}/");
    let files = sandbox.files().into_iter();
    files.filter_map(|(path, bytes)| Some((path.strip_prefix(&start)?.to_owned(), bytes))).collect()
}

fn remove(sandbox: &Sandbox, directory: &str) {
    std::fs::remove_dir_all(sandbox.path().join(directory)).unwrap();
}

/// Builds three shards.
fn three_shards() -> Sandbox {
    let sandbox = workspace();
    for number in 1..=3 {
        good(build_shard(&sandbox, number, 3, &["-q"]));
    }
    sandbox
}

/// What a build writes and prints, and then what is written and printed from that many shards.
fn as_one_build(sandbox: &Sandbox, counts: &[u32], options: &[&str]) {
    let whole = good(sandbox.run(&[&["build", "202208"], options].concat()));
    let expected = below(sandbox, "out/202208");
    assert!(expected.len() > 10);
    for count in counts {
        remove(sandbox, "out/202208");
        // The last first: in which order machines end is chance.
        for number in (1..=*count).rev() {
            let run = good(build_shard(sandbox, number, *count, options));
            assert!(!sandbox.path().join("out/202208").exists(), "shard {number}/{count} wrote to out/");
            assert_eq!(run.stdout.lines().count(), below(sandbox, &format!("shards/{number}")).len());
        }
        let mut directories = directories(*count);
        directories.rotate_left(*count as usize / 2);
        let merged = good(merge(sandbox, &directories, &[]));
        assert!(below(sandbox, "out/202208") == expected, "{count} shards");
        assert_eq!((merged.stdout, merged.stderr), (whole.stdout.clone(), whole.stderr.clone()), "{count} shards");
        remove(sandbox, "shards");
    }
}

#[test]
fn any_number_of_shards_gives_the_bytes_of_one_build() {
    let sandbox = workspace();
    as_one_build(&sandbox, &[1, 2, 7, 64], &[]);
    let summary = sandbox.json("out/202208/summary.json");
    let warnings = summary["warning_details"].as_array().unwrap();
    let codes: BTreeSet<&str> = warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert!(codes.is_superset(&["carried-forward", "missing-glyph"].into()), "{codes:?}");
    assert!(!sandbox.json("out/202208/manifest.json")["story"].as_array().unwrap().is_empty());
}

#[test]
fn drafts_and_some_kinds_of_documents_are_divided_too() {
    let sandbox = workspace();
    as_one_build(&sandbox, &[3], &["--draft", "--format", "html,csv"]);
    assert_eq!(sandbox.json("out/202208/summary.json")["status"], "draft");
    as_one_build(&sandbox, &[2], &["--format", "pdf"]);
}

/// `a` has 500 rows and 1 item: 2 + 501 / 43 = 13 pages; each other customer 2. In four shards, `a` is alone; b, e, h and d, g
/// and f, i are dealt in turn: d has an invoice, c has none.
#[test]
fn a_plan_says_who_is_in_which_shard() {
    let sandbox = workspace();
    let run = good(sandbox.run(&["plan", "202208", "--shards", "4"]));
    assert_eq!(run.stdout, "shards.json\n");
    let plan = sandbox.json("shards.json");
    let shard = |number: u32, pages: u32, ids: &[&str]| {
        let customers = ids.iter().map(|id| json!({ "id": id, "pages": if *id == "a" { 13 } else { 2 } }));
        json!({ "shard": number, "pages": pages, "customers": customers.collect::<Vec<Value>>() })
    };
    let expected =
        [shard(1, 13, &["a"]), shard(2, 6, &["b", "f", "i"]), shard(3, 4, &["d", "g"]), shard(4, 4, &["e", "h"])];
    assert_eq!(plan["shards"], json!(expected));
    assert_eq!((&plan["month"], &plan["status"]), (&json!("202208"), &json!("built")));
    assert_eq!(plan["tool"], format!("invoicer {}", env!("CARGO_PKG_VERSION")));
    let bill =
        json!({ "path": "billing/202208/soracom.csv", "sha256": sha256(&sandbox.read("billing/202208/soracom.csv")) });
    assert!(plan["inputs"].as_array().unwrap().contains(&bill), "{}", plan["inputs"]);

    // It is the same again, wherever it is written; and it is what the shards are made of.
    let again = good(sandbox.run(&["plan", "202208", "--shards", "4", "--out", "elsewhere.json", "--json"]));
    assert_eq!(again.stdout.into_bytes(), sandbox.read("shards.json"));
    assert_eq!(sandbox.read("elsewhere.json"), sandbox.read("shards.json"));
    for (number, planned) in (1..=4).zip(expected) {
        let run =
            good(build_shard(&sandbox, number, 4, &["--plan", "shards.json", "--format", "json", "--json", "-q"]));
        let record: Value = serde_json::from_str(&run.stdout).unwrap();
        let ids = |value: &Value| {
            value["customers"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<Value>>()
        };
        assert_eq!(ids(&record), ids(&planned));
        assert_eq!(record["inputs_sha256"], plan["inputs_sha256"]);
        let mut written: BTreeSet<String> = below(&sandbox, &format!("shards/{number}")).into_keys().collect();
        assert!(written.remove(&format!("shard-{number}.json")));
        let listed = record["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned());
        assert_eq!(written, listed.collect());
    }
}

/// In yen: e 250 × 1.15 = 287.5, rounded up to 288, tax 28.8 rounded up to 29. d: 250 JPY × 0.008 = 2 USD, × 1.15 = 2.30, tax 0.23.
#[test]
fn a_shard_tells_its_figures_and_sums() {
    let sandbox = workspace();
    good(build_shard(&sandbox, 2, 2, &["--format", "csv", "-q"]));
    let record = sandbox.json("shards/2/shard-2.json");
    let sums = record["sums"].as_array().unwrap();
    let yen =
        json!({ "invoices": 6, "currency": "JPY", "cost": "1500", "subtotal": "1728", "tax": "174", "total": "1902" });
    assert_eq!(sums[0], yen);
    assert_eq!(
        (&sums[1]["invoices"], &sums[1]["currency"], &sums[1]["total"]),
        (&json!(1), &json!("USD"), &json!("2.53"))
    );
    let mark = json!([{ "character": "🛰", "fields": ["resource name"], "times": 1 }]);
    good(build_shard(&sandbox, 2, 2, &["--format", "pdf", "-q"]));
    assert_eq!(sandbox.json("shards/2/shard-2.json")["customers"][0]["missing_characters"], mark);
}

#[test]
fn a_shard_and_a_merge_can_be_repeated() {
    let sandbox = three_shards();
    let made = below(&sandbox, "shards");
    good(build_shard(&sandbox, 2, 3, &["--jobs", "1", "-q"]));
    assert!(below(&sandbox, "shards") == made);
    good(merge(&sandbox, &directories(3), &["-q"]));
    let merged = below(&sandbox, "out/202208");
    good(merge(&sandbox, &directories(3), &["-q"]));
    assert!(below(&sandbox, "out/202208") == merged);
    assert!(below(&sandbox, "shards") == made, "the shards stay as they are");
    // The merged month is as good as a built one: it can be issued.
    good(sandbox.run(&["issue", "202208", "-q"]));
}

/// A shard has what the month's directory has, in the same directories: customers' own hold nothing else.
#[test]
fn customers_directories_hold_what_customers_may_see() {
    let sandbox = three_shards();
    good(merge(&sandbox, &directories(3), &["-q"]));
    let merged = below(&sandbox, "out/202208");
    for number in 1..=3 {
        let mut files = below(&sandbox, &format!("shards/{number}"));
        assert!(files.remove(&format!("shard-{number}.json")).is_some());
        for (path, bytes) in files {
            assert!(merged[&path] == bytes, "{path}");
            let (directory, _) = path.split_once('/').unwrap();
            assert!(
                directory == "internal" || sandbox.path().join(format!("customers/{directory}.toml")).exists(),
                "{path}"
            );
        }
    }
}

/// Engines' variables count from 0 or 1; each gives the same shard.
#[test]
fn the_environment_numbers_shards_only_when_asked() {
    let sandbox = workspace();
    good(build_shard(&sandbox, 2, 3, &["--format", "json", "-q"]));
    let expected = below(&sandbox, "shards/2");
    let build = |shard: &str, variables: &[(&str, &str)]| {
        let _ = std::fs::remove_dir_all(sandbox.path().join("x"));
        let arguments = ["build", "202208", "--shard", shard, "--out", "x", "--format", "json", "-q"];
        sandbox.run_with(&arguments, variables)
    };
    for (shard, variables) in [
        ("env/3", &[("JOB_COMPLETION_INDEX", "1")][..]),
        ("env/3", &[("SLURM_ARRAY_TASK_ID", "2"), ("SLURM_ARRAY_TASK_COUNT", "1")]),
        ("env/3", &[("CI_NODE_INDEX", "2")]),
        ("env/3", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "3")]),
        ("env", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "3")]),
        ("2/3", &[("JOB_COMPLETION_INDEX", "0"), ("CI_NODE_INDEX", "9")]),
    ] {
        good(build(shard, variables));
        assert!(below(&sandbox, "x") == expected, "{shard} {variables:?}");
    }
    for (shard, variables, told) in [
        (
            "env/3",
            &[][..],
            "the environment names no shard: none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID, CI_NODE_INDEX is set",
        ),
        ("env/3", &[("JOB_COMPLETION_INDEX", "")], "the environment names no shard"),
        ("env/3", &[("JOB_COMPLETION_INDEX", "3")], "JOB_COMPLETION_INDEX is no shard of 3: expected 0 to 2, found 3"),
        ("env/3", &[("SLURM_ARRAY_TASK_ID", "0")], "SLURM_ARRAY_TASK_ID is no shard of 3: expected 1 to 3, found 0"),
        ("env/3", &[("CI_NODE_INDEX", "x")], "expected a number from 0 to 10000 in CI_NODE_INDEX, found \"x\""),
        (
            "env",
            &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "0")],
            "expected a number from 1 to 10000 in CI_NODE_TOTAL",
        ),
        ("env", &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "10001")], "in CI_NODE_TOTAL, found \"10001\""),
        ("env/3", &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "4")], "--shard is for 3 shards, but CI_NODE_TOTAL is 4"),
        ("env", &[("CI_NODE_INDEX", "1")], "CI_NODE_INDEX does not tell how many shards there are"),
        ("env", &[("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "3")], "SLURM_ARRAY_TASK_ID does not tell"),
        (
            "env/3",
            &[("SLURM_ARRAY_TASK_ID", "1"), ("CI_NODE_INDEX", "1")],
            "the environment names several shards: SLURM_ARRAY_TASK_ID and CI_NODE_INDEX are set",
        ),
    ] {
        let run = build(shard, variables);
        assert!(run.code == 1 && run.stderr.contains(told), "{shard} {variables:?}: {}", run.stderr);
        assert!(!sandbox.path().join("x").exists());
    }
}

/// A shard replaces itself when it is built again, and nothing else: neither another shard nor what lies beside it.
#[test]
fn a_shard_replaces_no_other_files() {
    let sandbox = workspace();
    let build = |out: &str| sandbox.run(&["build", "202208", "--shard", "1/3", "--out", out, "--format", "json", "-q"]);
    good(build("s"));
    good(build("s"));
    sandbox.write("s/notes.txt", "mine");
    let before = sandbox.files();
    let run = build("s");
    let told = "error: the file is none of shard 1/3; the directory is not replaced\n--> s/notes.txt\n";
    assert!(run.code == 1 && run.stderr.contains(told), "{}", run.stderr);
    // A record that lies elsewhere does not make the directory a shard's.
    sandbox.write("shard-1.json", sandbox.read("s/shard-1.json"));
    assert_eq!(build(".").code, 1);
    std::fs::remove_file(sandbox.path().join("shard-1.json")).unwrap();
    // The same place by another way, through a directory that is not there.
    for out in ["new/../s", "new/below/../../customers"] {
        let run = build(out);
        assert_eq!(run.code, 1, "{out}: {}", run.stderr);
    }
    assert!(sandbox.files() == before);
    std::fs::remove_file(sandbox.path().join("s/notes.txt")).unwrap();
    good(build("new/../s"));
    assert!(!sandbox.path().join("new").exists());
}

#[test]
fn the_environment_of_an_engine_does_not_change_a_build() {
    let sandbox = workspace();
    let arguments = ["build", "202208", "--format", "json"];
    let plain = good(sandbox.run(&arguments));
    let files = sandbox.files();
    let variables = [
        ("JOB_COMPLETION_INDEX", "1"),
        ("SLURM_ARRAY_TASK_ID", "2"),
        ("CI_NODE_INDEX", "2"),
        ("CI_NODE_TOTAL", "3"),
        ("CI", "true"),
    ];
    let run = good(sandbox.run_with(&arguments, &variables));
    assert_eq!((run.stdout, run.stderr), (plain.stdout, plain.stderr));
    assert!(sandbox.files() == files);
}

/// Runs a command that is refused: it prints each of these texts, and changes no file.
fn refused(sandbox: &Sandbox, arguments: &[&str], told: &[&str]) {
    let before = sandbox.files();
    let run = sandbox.run(arguments);
    assert_eq!(run.code, 1, "{told:?}: {}", run.stderr);
    for text in told {
        assert!(run.stderr.contains(text), "expected {text:?}, found: {}", run.stderr);
    }
    assert!(run.stdout.is_empty() && sandbox.files() == before, "{told:?}: something was written");
}

const THREE: [&str; 5] = ["merge", "202208", "shards/1", "shards/2", "shards/3"];

#[test]
fn a_missing_a_double_and_a_foreign_shard_are_refused() {
    let sandbox = three_shards();
    let missing = [
        "error: shard 2/3 is missing\nhint: name its directory too, or build it: invoicer build 202208 --shard 2/3 --out DIR\n",
    ];
    refused(&sandbox, &["merge", "202208", "shards/3", "shards/1"], &missing);
    refused(&sandbox, &["merge", "202208", "shards/3"], &["error: 2 shards are missing: 1/3, 2/3\n"]);
    copy_tree(&sandbox.path().join("shards/2"), &sandbox.path().join("copy"));
    let twice = [
        "error: shard 2/3 is there twice\n--> copy/shard-2.json\n  = shards/2/shard-2.json\nhint: name each shard once\n",
    ];
    refused(&sandbox, &["merge", "202208", "shards/1", "shards/2", "shards/3", "copy"], &twice);
    refused(
        &sandbox,
        &["merge", "202208", "shards/1", "shards/1", "shards/2", "shards/3"],
        &["shard 1/3 is there twice"],
    );

    // Of other divisions, with other options, of other months.
    good(sandbox.run(&["build", "202208", "--shard", "2/4", "--out", "fourth", "-q"]));
    let divided = [
        "error: shard 2/4 and shard 1/3 are of different divisions\n--> fourth/shard-2.json\n  = shards/1/shard-1.json\n",
    ];
    refused(&sandbox, &["merge", "202208", "shards/1", "fourth", "shards/3"], &divided);
    good(sandbox.run(&["build", "202208", "--shard", "2/3", "--out", "pdf", "--format", "pdf", "-q"]));
    let options = [
        "error: shard 2/3 was built with other options than shard 1/3\n--> pdf/shard-2.json\n  = shard 2/3: --format pdf\n  \
         = shard 1/3: --format pdf,html,json,csv\nhint: build all shards with the same --format and --draft\n",
    ];
    refused(&sandbox, &["merge", "202208", "shards/1", "pdf", "shards/3"], &options);
    good(sandbox.run(&["build", "202208", "--shard", "2/3", "--out", "draft", "--draft", "-q"]));
    refused(
        &sandbox,
        &["merge", "202208", "shards/1", "draft", "shards/3"],
        &["= shard 2/3: --format pdf,html,json,csv --draft\n"],
    );
    refused(&sandbox, &["merge", "202209", "shards/1"], &["error: the shard is of 202208, not of 202209\n"]);

    // What is no shard.
    std::fs::create_dir(sandbox.path().join("empty")).unwrap();
    let none = [
        "error: there is no shard in the directory\n--> empty\nhint: name the directories that `invoicer build 202208 --shard I/N --out DIR` wrote\n",
    ];
    refused(&sandbox, &["merge", "202208", "empty", "shards/1"], &none);
    refused(&sandbox, &["merge", "202208", "nowhere"], &["error: there is no shard in the directory\n--> nowhere\n"]);
    sandbox.write("shards/1/shard-9.json", "{}");
    refused(&sandbox, &THREE, &["error: there are records of several shards in the directory\n--> shards/1\n"]);
}

#[test]
fn shards_of_other_inputs_are_refused_with_the_files_that_differ() {
    let sandbox = three_shards();
    let customer = sandbox.read("customers/e.toml");
    let with_markup = [&customer[..], b"[pricing]\nmarkup = \"20%\"\n"].concat();
    // One machine had another file.
    sandbox.write("customers/e.toml", &with_markup);
    sandbox.write("customers/j.toml", "name = \"j\"\n[[match]]\ntag = { customer = \"j\" }\n");
    good(build_shard(&sandbox, 2, 3, &["-q"]));
    std::fs::remove_file(sandbox.path().join("customers/j.toml")).unwrap();
    sandbox.write("customers/e.toml", &customer);
    let told = ["error: shard 2/3 was made from other inputs than are here\n--> shards/2/shard-2.json\n  \
         = customers/e.toml has another content here\n  = customers/j.toml is not read here\n\
         hint: build it again: invoicer build 202208 --shard 2/3 --out shards/2\n"];
    refused(&sandbox, &THREE, &told);
    assert_eq!(sandbox.run(&THREE).stderr.matches("other inputs").count(), 1, "only that shard differs");
    // Here is another file.
    good(build_shard(&sandbox, 2, 3, &["-q"]));
    sandbox.write("customers/e.toml", &with_markup);
    refused(&sandbox, &THREE, &["shard 1/3 was made", "shard 2/3 was made", "shard 3/3 was made"]);
    sandbox.write("customers/e.toml", &customer);
    good(sandbox.run(&THREE));
    // A month that only warnings depend on.
    remove(&sandbox, "out/202208");
    let summary = sandbox.read("issued/202207/summary.json");
    remove(&sandbox, "issued");
    sandbox.write("out/202207/summary.json", summary);
    refused(&sandbox, &THREE, &["issued/202207.json is not read here", "out/202207/summary.json is read only here"]);
}

type Change = fn(&Sandbox);

/// What can happen to shards on their way, with what is said of it.
const CHANGES: [(Change, &str); 14] = [
    (
        |it| replace(it, "shards/2/b/INV-202208-b.html", "288", "289"),
        "error: the document is not as shard 2/3 wrote it\n--> shards/2/b/INV-202208-b.html\n\
         hint: build it again: invoicer build 202208 --shard 2/3 --out shards/2\n",
    ),
    (
        |it| it.write("shards/2/b/INV-202208-b.pdf", ""),
        "error: the document is not as shard 2/3 wrote it\n--> shards/2/b/INV-202208-b.pdf\n",
    ),
    (
        |it| std::fs::remove_file(it.path().join("shards/1/internal/a/INV-202208-a.csv")).unwrap(),
        "error: the document of shard 1/3 is missing\n--> shards/1/internal/a/INV-202208-a.csv\n",
    ),
    (
        |it| it.write("shards/2/b/notes.txt", "for me"),
        "error: the file is none of shard 2/3\n--> shards/2/b/notes.txt\n\
         hint: move it away: a shard's directory has the files of its build and nothing else\n",
    ),
    (|it| it.write("shards/2/index.html", ""), "error: the file is none of shard 2/3\n--> shards/2/index.html\n"),
    (
        // A document of a customer of another shard.
        |it| it.write("shards/2/a/INV-202208-a.pdf", it.read("shards/1/a/INV-202208-a.pdf")),
        "error: the file is none of shard 2/3\n--> shards/2/a/INV-202208-a.pdf\n",
    ),
    (|it| replace(it, "shards/2/shard-2.json", "invoicer ", "invoicer 9"), "error: the shard was built by invoicer 9"),
    (|it| it.write("shards/2/shard-2.json", "{"), "error: the shard's record cannot be read: EOF while parsing"),
    (
        |it| std::fs::rename(it.path().join("shards/2/shard-2.json"), it.path().join("shards/2/shard-1.json")).unwrap(),
        "error: the record is of shard 2/3\n--> shards/2/shard-1.json\n",
    ),
    (
        |it| edit(it, |record| record["customers"][0]["total"] = json!("316")),
        "error: shard 2/3 has other figures of \"b\" than the month has here\n--> shards/2/shard-2.json\n",
    ),
    (
        |it| edit(it, |record| record["sums"][0]["tax"] = json!("1")),
        "error: the sums of shard 2/3 are not those of its invoices\n--> shards/2/shard-2.json\n",
    ),
    (
        |it| edit(it, |record| drop(record["customers"].as_array_mut().unwrap().remove(0))),
        "error: shard 2/3 has no invoice of \"b\"\n--> shards/2/shard-2.json\n",
    ),
    (
        |it| edit(it, |record| record["customers"][0]["id"] = json!("a")),
        "error: shard 2/3 has an invoice of \"a\", which is not in it\n--> shards/2/shard-2.json\n",
    ),
    (
        |it| edit(it, |record| drop(record["files"].as_array_mut().unwrap().remove(0))),
        "error: the record of shard 2/3 does not list the document\n--> shards/2/b/",
    ),
];

fn replace(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(sandbox.read(path)).unwrap();
    assert!(text.contains(from), "{path} has no {from:?}");
    sandbox.write(path, text.replace(from, to));
}

/// Edits the record of shard 2.
fn edit(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let mut record = sandbox.json("shards/2/shard-2.json");
    change(&mut record);
    sandbox.write("shards/2/shard-2.json", serde_json::to_vec_pretty(&record).unwrap());
}

#[test]
fn a_shard_that_is_not_as_it_was_written_is_refused() {
    let sandbox = three_shards();
    // What was built before stays.
    good(merge(&sandbox, &directories(3), &["-q"]));
    let whole = sandbox.path().join("whole");
    copy_tree(&sandbox.path().join("shards"), &whole);
    for (change, told) in CHANGES {
        change(&sandbox);
        refused(&sandbox, &THREE, &[told]);
        remove(&sandbox, "shards");
        copy_tree(&whole, &sandbox.path().join("shards"));
    }
    good(sandbox.run(&THREE));
}

/// A file that leads out of the directory is never read, and a link to a document is no document.
#[cfg(unix)]
#[test]
fn links_and_paths_out_of_a_shard_are_refused() {
    let sandbox = three_shards();
    let path = sandbox.path().join("shards/2/b/INV-202208-b.pdf");
    std::fs::rename(&path, sandbox.path().join("moved.pdf")).unwrap();
    std::os::unix::fs::symlink(sandbox.path().join("moved.pdf"), &path).unwrap();
    refused(&sandbox, &THREE, &["error: the file is none of shard 2/3\n--> shards/2/b/INV-202208-b.pdf\n"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(sandbox.path().join("moved.pdf"), &path).unwrap();
    edit(&sandbox, |record| {
        let file = json!({ "path": "../../invoicer.toml", "sha256": "0".repeat(64) });
        record["files"].as_array_mut().unwrap().push(file);
    });
    let told = "error: the record of shard 2/3 lists \"../../invoicer.toml\", which is none of its documents\n";
    refused(&sandbox, &THREE, &[told]);
}

/// A document that was computed otherwise, with a record that says so.
#[test]
fn data_that_differ_from_what_is_computed_here_are_refused() {
    let sandbox = three_shards();
    for (path, from, to) in
        [("b/INV-202208-b.json", "\"288\"", "\"289\""), ("internal/b/INV-202208-b.csv", ",250,", ",249,")]
    {
        let original = sandbox.read(&format!("shards/2/{path}"));
        replace(&sandbox, &format!("shards/2/{path}"), from, to);
        let sha256 = sha256(&sandbox.read(&format!("shards/2/{path}")));
        edit(&sandbox, |record| {
            let files = record["files"].as_array_mut().unwrap();
            files.iter_mut().find(|file| file["path"] == path).unwrap()["sha256"] = json!(sha256);
        });
        let told =
            format!("error: the document of shard 2/3 differs from what is computed here\n--> shards/2/{path}\n");
        refused(&sandbox, &THREE, &[&told]);
        sandbox.write(&format!("shards/2/{path}"), original);
        good(build_shard(&sandbox, 2, 3, &["-q"]));
    }
}

#[test]
fn a_shard_of_a_plan_has_its_inputs_version_and_number() {
    let sandbox = workspace();
    good(sandbox.run(&["plan", "202208", "--shards", "3", "-q"]));
    let build = ["build", "202208", "--shard", "1/3", "--out", "x", "--plan", "shards.json"];
    let plan = sandbox.read("shards.json");
    replace(&sandbox, "shards.json", "invoicer ", "invoicer 9");
    refused(&sandbox, &build, &["error: the plan was made by invoicer 9", "--> shards.json\n"]);
    sandbox.write("shards.json", &plan);
    let other = ["build", "202208", "--shard", "1/4", "--out", "x", "--plan", "shards.json"];
    refused(&sandbox, &other, &["error: the plan has 3 shards, not 4\n--> shards.json\n"]);
    let draft = [&build[..], &["--draft"]].concat();
    refused(
        &sandbox,
        &draft,
        &["the plan was made from other inputs than are here", "202208 (built), not of 202208 (draft)"],
    );
    let source = sandbox.read("invoicer.toml");
    replace(&sandbox, "invoicer.toml", "15%", "16%");
    let told = "error: the plan was made from other inputs than are here\n--> shards.json\n  = invoicer.toml has another content here\n";
    refused(&sandbox, &build, &[told]);
    sandbox.write("invoicer.toml", source);
    sandbox.write("shards.json", "[]");
    refused(&sandbox, &build, &["error: the plan cannot be read: "]);
    // Whatever else is there is not replaced.
    refused(
        &sandbox,
        &["plan", "202208", "--shards", "3"],
        &["error: the file is no plan that this command wrote\n--> shards.json\n"],
    );
    refused(&sandbox, &["plan", "202208", "--shards", "3", "--out", "invoicer.toml"], &["the file is no plan"]);
    sandbox.write("shards.json", &plan);
    good(sandbox.run(&build));
}

#[test]
fn a_shard_replaces_only_itself() {
    let sandbox = workspace();
    good(build_shard(&sandbox, 2, 3, &["--format", "csv", "-q"]));
    let into = |directory: &'static str, shard: &'static str| {
        ["build", "202208", "--shard", shard, "--out", directory, "--format", "csv", "-q"]
    };
    let told = "error: the directory holds shard 2 of 202208; it is not replaced\n--> shards/2\nhint: give shard 1 of 202208 a directory of its own, or move this one away\n";
    refused(&sandbox, &into("shards/2", "1/3"), &[told]);
    for directory in ["billing", "customers", "out/202207", "."] {
        refused(&sandbox, &into(directory, "1/3"), &["the directory is there and was not written by invoicer"]);
    }
    // The same shard of another division takes its place, and an empty directory is free.
    good(sandbox.run(&into("shards/2", "2/2")));
    std::fs::create_dir(sandbox.path().join("empty")).unwrap();
    good(sandbox.run(&into("empty", "1/2")));
    good(sandbox.run(&["merge", "202208", "shards/2", "empty", "-q"]));
}

#[test]
fn an_issued_month_is_no_longer_divided() {
    let sandbox = three_shards();
    good(sandbox.run(&THREE));
    good(sandbox.run(&["issue", "202208", "-q"]));
    let told = [
        "error: 202208 is issued: it is no longer divided\nhint: `invoicer build 202208` makes its documents as issued\n",
    ];
    refused(&sandbox, &THREE, &told);
    refused(&sandbox, &["plan", "202208", "--shards", "2"], &told);
    refused(&sandbox, &["build", "202208", "--shard", "1/2", "--out", "x"], &told);
}

#[test]
fn mistakes_of_the_month_are_found_by_every_machine() {
    let sandbox = workspace();
    // The review page is made by `merge` alone, but its template is read before.
    sandbox.write("templates/review.html", "{{ nothing }}");
    for arguments in [&["plan", "202208", "--shards", "2"][..], &["build", "202208", "--shard", "1/2", "--out", "x"]] {
        refused(&sandbox, arguments, &["templates/review.html"]);
    }
    std::fs::remove_file(sandbox.path().join("templates/review.html")).unwrap();
    let denied = ["build", "202208", "--shard", "2/3", "--out", "x", "--deny-warnings"];
    refused(&sandbox, &denied, &["error[carried-forward]"]);
    // Warnings of the documents, which `merge` knows from the shards alone.
    let workspace = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let ignored = "[warnings]\nignore = [\"carried-forward\", \"unusual-total\"]\n";
    sandbox.write("invoicer.toml", format!("{workspace}{ignored}"));
    good(build_shard(&sandbox, 1, 1, &["-q"]));
    refused(&sandbox, &["merge", "202208", "shards/1", "--deny-warnings"], &["error[missing-glyph]"]);
}

/// Files of a directory that was passed by another path.
#[test]
fn shards_are_found_by_any_path() {
    let sandbox = workspace();
    good(build_shard(&sandbox, 1, 1, &["--format", "json", "-q"]));
    let path = sandbox.path().join("shards/1");
    let root = sandbox.path().to_str().unwrap();
    good(sandbox.run(&["-C", root, "merge", "202208", path.to_str().unwrap(), "-q"]));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, sandbox.path().join("link")).unwrap();
        good(sandbox.run(&["merge", "202208", "link", "-q"]));
    }
    assert!(Path::new(&path).exists());
}
