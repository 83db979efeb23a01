//! What the commands promise: exit codes, streams, files, the same bytes every time.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::common::{Sandbox, copy_tree};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository's own workspace without what is built.
pub(crate) fn sample() -> Sandbox {
    let sandbox = Sandbox::new();
    for directory in ["customers", "billing", "assets", "templates"] {
        copy_tree(&repository().join(directory), &sandbox.path().join(directory));
    }
    std::fs::copy(repository().join("invoicer.toml"), sandbox.path().join("invoicer.toml")).unwrap();
    sandbox
}

fn starter() -> Sandbox {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["init", "--quiet"]).code, 0);
    sandbox
}

#[test]
fn a_new_workspace_builds_at_once() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["init", "shop"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr, "next: cd shop && invoicer build 202208\n");
    assert_eq!(run.stdout.lines().next(), Some("shop/invoicer.toml"));
    let run = sandbox.run(&["-C", "shop", "build", "202208"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let files: Vec<&str> = run.stdout.lines().collect();
    let mut expected = Vec::new();
    for customer in ["aozora", "komugi"] {
        for extension in ["csv", "html", "json", "pdf"] {
            expected.push(format!("shop/out/202208/{customer}/INV-202208-{customer}.{extension}"));
        }
        for extension in ["csv", "json"] {
            expected.push(format!("shop/out/202208/internal/{customer}/INV-202208-{customer}.{extension}"));
        }
    }
    expected.extend(["index.html", "manifest.json", "summary.json"].map(|name| format!("shop/out/202208/{name}")));
    expected.sort();
    assert_eq!(files, expected);
    for file in files {
        assert!(sandbox.path().join(file).is_file(), "{file}");
    }
    // Figures of the starter's README: komugi's minimum binds at 800, tax 80.
    assert_eq!(sandbox.json("shop/out/202208/komugi/INV-202208-komugi.json")["total"], "880");
}

#[test]
fn init_overwrites_nothing() {
    let sandbox = starter();
    let before = sandbox.files();
    let run = sandbox.run(&["init"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("nothing was overwritten"), "{}", run.stderr);
    assert_eq!(sandbox.files(), before);
}

/// What `git init`, or a new repository of a hosting site, leaves in a directory is no obstacle, and stays.
#[test]
fn init_begins_beside_what_a_repository_has() {
    let sandbox = Sandbox::new();
    let there = [(".git/HEAD", "ref: refs/heads/main\n"), ("README.md", "# ours\n"), ("LICENSE", "MIT\n")];
    there.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.write(".gitignore", "*.swp");
    let run = sandbox.run(&["init"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.lines().any(|line| line == ".gitignore"), "{}", run.stdout);
    there.iter().for_each(|(path, text)| assert_eq!(sandbox.read(path), text.as_bytes()));
    let ignored = String::from_utf8(sandbox.read(".gitignore")).unwrap();
    let left = "# left by an interrupted run, cleared away by the next\n.*.partial\n.*.old\n.*.lock\n.lock\n";
    assert_eq!(
        ignored,
        format!("*.swp\n# written by `invoicer build` and `invoicer export`, safe to delete\nout/\nexport/\n{left}")
    );
    assert_eq!(sandbox.run(&["build", "202208", "--quiet"]).code, 0);
    let ready = Sandbox::new();
    ready.write(".gitignore", format!("/out/\nexport/\n{left}"));
    let run = ready.run(&["init"]);
    assert!(run.code == 0 && !run.stdout.contains(".gitignore"), "{}", run.stdout);
    assert_eq!(ready.read(".gitignore"), format!("/out/\nexport/\n{left}").as_bytes());
}

/// A run that cannot write leaves the directory as it was; one that was killed is no obstacle to the next.
#[test]
fn init_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "*.swp\n");
    // No directory can be made where a file stands: the run fails after the first files.
    sandbox.write("billing", "");
    let before = sandbox.files();
    let run = sandbox.run(&["init"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--> billing/202208/soracom.csv"), "{}", run.stderr);
    assert_eq!((sandbox.files(), sandbox.read(".gitignore")), (before, b"*.swp\n".to_vec()));
    assert!(!sandbox.path().join("customers").exists());

    let interrupted = Sandbox::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/starter/customers/aozora.toml");
    interrupted.write("customers/aozora.toml", std::fs::read(example).unwrap());
    interrupted.write("customers/.komugi.toml.partial", "[cust");
    let run = interrupted.run(&["init"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(interrupted.run(&["build", "202208", "--quiet"]).code, 0);
    assert!(!interrupted.path().join("customers/.komugi.toml.partial").exists());
}

/// Customers can lie in sub-directories; a file that may have been meant as one is reported, an editor's copy is not.
#[test]
fn every_file_in_customers_is_a_customer_or_reported() {
    let sandbox = starter();
    let komugi = sandbox.read("customers/komugi.toml");
    std::fs::remove_file(sandbox.path().join("customers/komugi.toml")).unwrap();
    sandbox.write("customers/kansai/bakers/komugi.toml", komugi);
    for path in [".komugi.toml.swp", ".DS_Store", "kansai/komugi.toml~", "#komugi.toml#"] {
        sandbox.write(&format!("customers/{path}"), "");
    }
    let good = sandbox.run(&["build", "202208", "--deny-warnings"]);
    assert_eq!(good.code, 0, "{}", good.stderr);
    assert_eq!(sandbox.json("out/202208/summary.json")["customers"][1]["id"], "komugi");
    for path in ["acme.toml.bak", "kansai/notes.txt", "東.TOML"] {
        sandbox.write(&format!("customers/{path}"), "");
    }
    let run = sandbox.run(&["check"]);
    assert_eq!(run.code, 0);
    let expected = "warning[not-a-customer]: the file is no customer: it is not read
--> customers/acme.toml.bak
hint: a customer's file ends in .toml; keep other files elsewhere

warning[not-a-customer]: the file is no customer: it is not read
--> customers/kansai/notes.txt
hint: a customer's file ends in .toml; keep other files elsewhere

warning[not-a-customer]: the file is no customer: it is not read
--> customers/東.TOML
hint: rename it to 東.toml

the workspace is good: 2 customers, 1 source
";
    assert_eq!(run.stderr, expected);
    assert_eq!(sandbox.run(&["build", "202208", "--deny-warnings"]).code, 1);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_directory_it_lies_in_ends() {
    let sandbox = starter();
    std::os::unix::fs::symlink(".", sandbox.path().join("customers/again")).unwrap();
    let run = sandbox.run(&["check"]);
    assert!(run.code == 0 && run.stderr.contains("2 customers"), "{}", run.stderr);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let first = sample();
    assert_eq!(first.run(&["build", "202208", "--jobs", "1", "--quiet"]).code, 0);
    let again = sample();
    assert_eq!(again.run(&["build", "2022-08", "--quiet"]).code, 0);
    let once = first.files();
    assert!(once.iter().filter(|(path, _)| path.ends_with(".pdf")).count() == 6);
    for ((path, bytes), (other_path, other_bytes)) in once.iter().zip(again.files()) {
        assert_eq!(path, &other_path);
        assert!(*bytes == other_bytes, "{path} differs");
    }
    // A build over an older one replaces it whole.
    first.write("out/202208/stale/file", "x");
    assert_eq!(first.run(&["build", "202208", "--quiet"]).code, 0);
    assert!(first.files() == once);
}

#[test]
fn the_manifest_names_every_file_with_its_hash() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet"]).code, 0);
    let manifest = sandbox.json("out/202208/manifest.json");
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut listed = Vec::new();
    for (key, prefix) in [("inputs", ""), ("outputs", "out/202208/")] {
        for file in manifest[key].as_array().unwrap() {
            let path = format!("{prefix}{}", file["path"].as_str().unwrap());
            assert_eq!(file["sha256"], hex(&sandbox.read(&path)), "{path}");
            listed.push(path);
        }
    }
    listed.push("out/202208/manifest.json".to_owned());
    for (path, _) in sandbox.files() {
        // Documentation is no input.
        assert!(listed.contains(&path) || path.ends_with(".md") || path.ends_with(".txt"), "{path} is not listed");
    }
}

#[test]
fn nothing_is_lost_between_bill_and_invoices() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "json,csv"]).code, 0);
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    // Names in the sample hold commas and quotes but no line feed, so lines are rows.
    let rows = bill.lines().count() - 1;
    let mut seen = std::collections::BTreeSet::new();
    for customer in sandbox.json("out/202208/summary.json")["customers"].as_array().unwrap() {
        let (id, number) = (customer["id"].as_str().unwrap(), customer["number"].as_str().unwrap());
        let invoice = sandbox.json(&format!("out/202208/internal/{id}/{number}.json"));
        for detail in invoice["details"].as_array().unwrap() {
            let whole = detail.get("share").is_none();
            let new = seen.insert(detail["origin"]["row"].as_u64().unwrap());
            assert!(new || !whole, "row {} is billed twice", detail["origin"]["row"]);
        }
        let csv = String::from_utf8(sandbox.read(&format!("out/202208/internal/{id}/{number}.csv"))).unwrap();
        assert!(csv.starts_with('\u{feff}'));
        let details = invoice["details"].as_array().unwrap().len();
        let in_csv = csv::Reader::from_reader(csv.as_bytes())
            .records()
            .filter(|row| !row.as_ref().unwrap()[16].is_empty())
            .count();
        assert_eq!(in_csv, details, "{id}");
    }
    assert_eq!(seen.len(), rows);
}

#[test]
fn one_customer_and_some_formats() {
    let sandbox = starter();
    let run = sandbox.run(&["build", "202208", "--customer", "komugi", "--format", "html,json", "--out", "other"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let documents = ["komugi/INV-202208-komugi.html", "komugi/INV-202208-komugi.json"];
    let record = "internal/komugi/INV-202208-komugi.json";
    let expected = ["index.html", record, documents[0], documents[1], "manifest.json", "summary.json"];
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected.map(|path| format!("other/202208/{path}")));
    // The month is computed whole.
    assert_eq!(sandbox.json("other/202208/summary.json")["customers"].as_array().unwrap().len(), 2);
}

#[test]
fn a_draft_lives_with_charges_of_nobody() {
    let sandbox = starter();
    let mut bill = sandbox.read("billing/202208/soracom.csv");
    let header =
        String::from_utf8(bill.clone()).unwrap().lines().next().unwrap().trim_start_matches('\u{feff}').to_owned();
    let row = header.split(',').map(|column| match column {
        "imsi" => "449999999999999",
        "date" => "20220805",
        "billItemName" => "basicCharge",
        "amount" => "10",
        _ => "",
    });
    bill.extend(format!("{}\n", row.collect::<Vec<&str>>().join(",")).bytes());
    sandbox.write("billing/202208/soracom.csv", bill);
    let refused = sandbox.run(&["build", "202208"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("charge matches no customer"), "{}", refused.stderr);
    assert!(!sandbox.path().join("out").exists());
    let run = sandbox.run(&["build", "202208", "--draft"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let invoice = sandbox.json("out/202208/aozora/INV-202208-aozora.json");
    assert_eq!(invoice["status"], "draft");
    let summary = sandbox.json("out/202208/summary.json");
    assert!(!summary["unassigned"].as_array().unwrap().is_empty());
    assert_eq!(summary["conservation"]["difference"], "0");
    let html = String::from_utf8(sandbox.read("out/202208/aozora/INV-202208-aozora.html")).unwrap();
    assert!(html.contains("DRAFT"));
}

#[test]
fn names_are_escaped_and_cells_defused() {
    let sandbox = starter();
    sandbox.write(
        "billing/202208/soracom.csv",
        "imsi,date,billItemName,quantity,amount,name,customer\n\
         1,20220801,=cmd|' /C calc'!A0,1,10,<script>alert(1)</script>,aozora\n",
    );
    let run = sandbox.run(&["build", "202208", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let html = String::from_utf8(sandbox.read("out/202208/aozora/INV-202208-aozora.html")).unwrap();
    assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;"));
    let csv = String::from_utf8(sandbox.read("out/202208/aozora/INV-202208-aozora.csv")).unwrap();
    assert!(csv.contains("'=cmd|") && !csv.contains(",=cmd"));
}

#[test]
fn check_says_the_same_and_writes_nothing() {
    let sandbox = sample();
    let before = sandbox.files();
    let run = sandbox.run(&["check", "202208"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert!(run.stderr.contains("202208 is good: 6 invoices from 8814 rows"), "{}", run.stderr);
    assert_eq!(sandbox.run(&["check"]).code, 0);
    assert!(sandbox.files() == before);
}

#[test]
fn exit_codes_and_streams() {
    let sandbox = Sandbox::new();
    for (arguments, code) in [
        (vec!["build"], 64),
        (vec!["build", "2022"], 64),
        (vec!["build", "202208", "--format", "doc"], 64),
        (vec!["nonsense"], 64),
        (vec![], 64),
        (vec!["build", "202208"], 1),
        (vec!["--version"], 0),
        (vec!["--help"], 0),
        (vec!["completions", "bash"], 0),
        (vec!["man"], 0),
    ] {
        let run = sandbox.run(&arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout.is_empty(), code != 0, "{arguments:?}");
        assert_eq!(run.stderr.is_empty(), code == 0, "{arguments:?}");
    }
    let workspace = starter();
    let run = workspace.run(&["build", "202208", "--json"]);
    assert_eq!(run.stdout.as_bytes(), workspace.read("out/202208/summary.json"));
    // A workspace is found from below, as cargo does.
    let run = Sandbox::run(&workspace, &["-C", "customers", "check"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_output_that_cannot_be_written_is_exit_code_2() {
    let sandbox = starter();
    sandbox.write("out", "a file where the directory should be");
    let before = sandbox.files();
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("cannot write the output"), "{}", run.stderr);
    assert!(sandbox.files() == before);
}

#[test]
fn a_user_template_takes_the_place_of_the_built_in_one() {
    let sandbox = starter();
    sandbox.write(
        "templates/invoice.html",
        "<!DOCTYPE html>\n<html lang=\"ja\"><body><p>{{ customer.name }} {{ total }}</p></body></html>\n",
    );
    let run = sandbox.run(&["build", "202208", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let html = String::from_utf8(sandbox.read("out/202208/komugi/INV-202208-komugi.html")).unwrap();
    assert!(html.contains("¥880</p>"), "{html}");
}

#[test]
fn rows_are_numbered_by_the_lines_of_the_file() {
    // Line ends of both kinds, blank lines, a line feed in quotes, no line feed at the end.
    for (bill, rows) in [
        ("date,billItemName,amount,customer\n20220801,a,1,aozora\n20220802,a,1,aozora\n", vec![2, 3]),
        ("date,billItemName,amount,customer\r\n20220801,a,1,aozora\r\n20220802,a,1,aozora", vec![2, 3]),
        ("\n\ndate,billItemName,amount,customer\n\n\n20220801,a,1,aozora\n\n20220802,a,1,aozora\n\n", vec![6, 8]),
        ("date,billItemName,amount,note,customer\n20220801,a,1,\"x\ny\",aozora\n20220802,a,1,,aozora", vec![2, 4]),
        ("date,billItemName,amount,customer\n20220801,a,1,aozora\n\n20220802,a,1,aozora", vec![2, 4]),
        ("date,billItemName,amount,customer\r\n\r\n20220801,a,1,aozora\r\n20220802,a,1,\"aozora\"\r\n", vec![3, 4]),
    ] {
        let sandbox = starter();
        sandbox.write("billing/202208/soracom.csv", bill);
        let run = sandbox.run(&["build", "202208", "--quiet", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let invoice = sandbox.json("out/202208/internal/aozora/INV-202208-aozora.json");
        let found: Vec<u64> = invoice["details"]
            .as_array()
            .unwrap()
            .iter()
            .map(|detail| detail["origin"]["row"].as_u64().unwrap())
            .collect();
        assert_eq!(found, rows, "{bill:?}");
    }
}

#[test]
fn a_large_file_gives_the_same_rows_on_any_number_of_cores() {
    let sandbox = starter();
    let mut bill = "date,billItemName,quantity,amount,note,customer\r\n".to_owned();
    let plain = "plain words to make the file large enough for two ".repeat(9);
    for row in 0..20_000 {
        let note = if row % 97 == 0 { "\"a, \"\"b\"\"\r\nc\"" } else { &plain };
        bill += &format!("202208{:02},item{},1,0.01,{note},aozora\r\n", row % 31 + 1, row % 5);
    }
    assert!(bill.len() > 8 << 20);
    sandbox.write("billing/202208/soracom.csv", bill);
    let mut built = Vec::new();
    for jobs in ["1", "2", "3"] {
        let run = sandbox.run(&["build", "202208", "--quiet", "--format", "json", "--jobs", jobs]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        built.push(sandbox.read("out/202208/internal/aozora/INV-202208-aozora.json"));
    }
    assert!(built[0] == built[1] && built[0] == built[2]);
    let invoice: serde_json::Value = serde_json::from_slice(&built[0]).unwrap();
    let details = invoice["details"].as_array().unwrap();
    assert_eq!(details.len(), 20_000);
    // Each note of two lines moves what follows it by one.
    let last = details.iter().map(|detail| detail["origin"]["row"].as_u64().unwrap()).max();
    assert_eq!(last, Some(1 + 20_000 + 19_999 / 97 + u64::from(19_999 % 97 != 0)));
}

#[test]
fn a_huge_invoice_has_the_same_bytes_on_any_number_of_cores() {
    let mut bill = "date,billItemName,quantity,amount,name,customer\n".to_owned();
    for row in 0..3000 {
        bill += &format!("202208{:02},item{},{row},{}.5,meter-{},aozora\n", row % 31 + 1, row % 5, row % 7, row % 50);
    }
    let built: Vec<_> = ["1", "2"]
        .into_iter()
        .map(|jobs| {
            let sandbox = starter();
            sandbox.write("billing/202208/soracom.csv", bill.clone());
            let run = sandbox.run(&["build", "202208", "--quiet", "--jobs", jobs]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            sandbox.files()
        })
        .collect();
    let pdf = built[0].iter().find(|(path, _)| path.ends_with("INV-202208-aozora.pdf")).map(|(_, bytes)| bytes);
    // Enough pages that they are shared out: at most 50 rows fit on one.
    let pages = lopdf::Document::load_mem(pdf.unwrap()).unwrap().get_pages().len();
    assert!(pages >= 60, "{pages} pages");
    for ((path, one), (_, other)) in built[0].iter().zip(&built[1]) {
        assert!(one == other, "{path} differs");
    }
    assert_eq!(built[0].len(), built[1].len());
}

#[test]
fn what_no_build_wrote_is_not_replaced() {
    let sandbox = starter();
    let before = sandbox.files();
    let run = sandbox.run(&["build", "202208", "--out", "billing"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("billing/202208"), "{}", run.stderr);
    assert!(sandbox.files() == before);
}

/// The directory above `a/../b` is not `a`.
#[test]
fn a_workspace_is_looked_for_above_the_directory_named() {
    let sandbox = starter();
    std::fs::create_dir_all(sandbox.path().join("below/empty")).unwrap();
    let beside = Sandbox::new();
    beside.write("here/invoicer.toml", sandbox.read("invoicer.toml"));
    std::fs::create_dir_all(beside.path().join("there")).unwrap();
    let run = |from: &Path, named: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_invoicer"));
        let output = command.current_dir(from).args(["-C", named, "check", "202208"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = run(&beside.path().join("here"), "../there");
    assert!(code == Some(1) && told.contains("there or any directory above it"), "{told}");
    let (code, told) = run(&sandbox.path().join("below"), "../below/empty");
    assert_eq!(code, Some(0), "{told}");
}

/// Directories that are there and yet take no files: that of processes, and one that was removed while it was the current one.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_files_is_told() {
    let sandbox = starter();
    let before = sandbox.files();
    for (prepare, out) in [("true", "/proc/built"), ("mkdir gone && cd gone && rmdir ../gone", "built")] {
        let command = r#"eval "$1"; shift; exec "$@""#;
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(sandbox.path()).args(["-c", command, "sh", prepare, env!("CARGO_BIN_EXE_invoicer"), "-C"]);
        let output = shell.arg(sandbox.path()).args(["build", "202208", "--quiet", "--out", out]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.starts_with("error: cannot write"), "{out}: {told}");
        assert!(sandbox.files() == before, "{out}");
    }
}

#[test]
fn builds_at_once_never_leave_half_a_month() {
    let sandbox = starter();
    for _ in 0..10 {
        let runs: Vec<i32> = std::thread::scope(|scope| {
            let builds: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| sandbox.run(&["build", "202208", "--quiet", "--format", "json"]).code))
                .collect();
            builds.into_iter().map(|build| build.join().unwrap()).collect()
        });
        assert!(runs.contains(&0) && runs.iter().all(|code| [0, 2].contains(code)), "{runs:?}");
        let files: Vec<String> = sandbox
            .files()
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| path.starts_with("out/") || path.starts_with(".out"))
            .collect();
        // Of two customers the record for them and the one for the issuer, and three files of the month.
        assert_eq!(files.len(), 2 * 2 + 3, "{files:?}");
    }
}

#[test]
fn a_bill_that_cannot_be_read_is_not_left_out() {
    let sandbox = starter();
    std::fs::create_dir(sandbox.path().join("billing/202208/soracom-2.csv")).unwrap();
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let text: Vec<&str> = text
        .lines()
        .map(|line| if line.starts_with("path") { "path = \"billing/{month}/*.csv\"" } else { line })
        .collect();
    sandbox.write("invoicer.toml", text.join("\n"));
    let run = sandbox.run(&["check", "202208"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("billing/202208/soracom-2.csv"), "{}", run.stderr);
}

/// A directory that cannot be looked into may hold bills; the others alone would be billed in silence.
#[cfg(unix)]
#[test]
fn a_directory_of_bills_that_cannot_be_read_is_not_left_out() {
    let sandbox = starter();
    let bill = sandbox.read("billing/202208/soracom.csv");
    sandbox.write("billing/202208/east/soracom.csv", bill);
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let link = |name: &str| {
        std::os::unix::fs::symlink(name, sandbox.path().join("billing/202208").join(name)).unwrap();
    };
    sandbox.write("invoicer.toml", text.replace("/soracom*.csv", "/*/soracom.csv"));
    assert_eq!(sandbox.run(&["check", "202208"]).code, 0);
    // A link to itself, as no permission stops whoever runs tests as root.
    link("west");
    let run = sandbox.run(&["check", "202208"]);
    assert!(run.code != 0 && run.stderr.contains("billing/202208/west/soracom.csv"), "{}", run.stderr);
    sandbox.write("invoicer.toml", text.replace("/soracom*.csv", "/*/*.csv"));
    let run = sandbox.run(&["check", "202208"]);
    assert!(run.code == 2 && run.stderr.contains("billing/202208/west\n"), "{}", run.stderr);
}

#[test]
fn the_appendix_says_how_its_amounts_are_rounded() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "html"]).code, 0);
    let html = |id: &str| String::from_utf8(sandbox.read(&format!("out/202208/{id}/INV-202208-{id}.html"))).unwrap();
    // shirakaba is rounded at the line, zuiun at the item.
    assert!(html("shirakaba").contains("明細ごとに端数処理しています") && !html("shirakaba").contains("端数処理前"));
    assert!(html("zuiun").contains("端数処理前") && !html("zuiun").contains("明細ごとに"));
}

/// A template may go through everything that it sees; the order is that of the data, not one of the run's own.
#[test]
fn a_template_goes_through_a_map_in_one_order() {
    let sandbox = starter();
    let template = "<!DOCTYPE html><title>x</title>{% for name, text in labels %}<p>{{ name }}</p>\n{% endfor %}";
    for design in ["classic", "modern", "invoice"] {
        sandbox.write(&format!("templates/{design}.html"), template);
    }
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings.replacen("[invoice]\n", "[invoice]\ntemplate = \"invoice\"\n", 1));
    let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let html = String::from_utf8(sandbox.read("out/202208/komugi/INV-202208-komugi.html")).unwrap();
    let names: Vec<&str> = html.split("<p>").skip(1).map(|rest| rest.split_once("</p>").unwrap().0).collect();
    assert!(names.len() > 20 && names.is_sorted(), "{names:?}");
}
