//! `check` says what `build` would: exit code and messages, whatever the workspace and the month's state.

use std::path::{Path, PathBuf};

use invoicer::workspace;
use rayon::prelude::*;

use crate::common::{Run, Sandbox, copy_tree};
use crate::reproducer::Reproducer;

/// Runs `check` and then `build` with the same arguments; gives the run of `check` where they agree, and how they differ
/// otherwise.
fn agree(sandbox: &Sandbox, arguments: &[&str]) -> Result<Run, String> {
    let check = check(sandbox, arguments)?;
    let build = sandbox.run(&[&["build", "--offline"], arguments].concat());
    compare((check.code, &check.stderr), (build.code, &build.stderr))?;
    Ok(check)
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Result<Run, String> {
    let before = sandbox.files();
    let check = sandbox.run(&[&["check"], arguments].concat());
    match check.stdout.is_empty() && sandbox.files() == before {
        true => Ok(check),
        false => Err(format!("check wrote something, or told it on stdout: {}", check.stdout)),
    }
}

/// How the exit codes and messages of `check` and `build` differ.
fn compare(check: (i32, &str), build: (i32, &str)) -> Result<(), String> {
    // A good month ends with lines of its own: a table after `build`; taxes other than Japan's and the count of invoices after
    // `check`.
    let (talk, _) = check.1.trim_end().rsplit_once('\n').unwrap_or_default();
    let of_taxes = |line: &str| line.starts_with("tax rates: ") || line == "documents state no tax";
    let talk = talk.lines().filter(|line| !of_taxes(line)).map(|line| format!("{line}\n")).collect::<String>();
    let same = match check.0 {
        0 => build.1.starts_with(talk.trim_end()),
        _ => build.1 == check.1,
    };
    match same && check.0 == build.0 {
        true => Ok(()),
        false => Err(format!("check: {}\n{}\nbuild: {}\n{}", check.0, check.1, build.0, build.1)),
    }
}

/// Runs the one of `check` and `build` that a reproducer of the other does not run, and compares it with what is expected.
fn agree_with(reproducer: &Reproducer) -> Result<(), String> {
    let sandbox = reproducer.workspace();
    let arguments: Vec<&str> = reproducer.arguments[1..].iter().map(String::as_str).collect();
    let expected = (reproducer.code, reproducer.expected.as_str());
    if reproducer.arguments[0] == "build" {
        let check = check(&sandbox, &arguments)?;
        return compare((check.code, &check.stderr), expected);
    }
    let build = sandbox.run(&[&["build", "--offline"], arguments.as_slice()].concat());
    compare(expected, (build.code, &build.stderr))
}

#[test]
fn check_says_what_build_does_in_every_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let cases: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Mistakes in the command line itself name the command, and `check` knows no shards.
    let is_shard = |one: &Reproducer| one.arguments.iter().any(|argument| argument == "--shard");
    let has_month = |one: &Reproducer| one.arguments.iter().any(|argument| argument.starts_with("20"));
    let is_compared = |one: &Reproducer| {
        matches!(one.arguments[0].as_str(), "check" | "build") && one.code != 64 && has_month(one) && !is_shard(one)
    };
    let mistakes: Vec<Reproducer> = Reproducer::all().into_iter().filter(is_compared).collect();
    assert!(mistakes.len() > 240, "only {} mistakes are compared", mistakes.len());
    let of_case = |case: &PathBuf| {
        let sandbox = Sandbox::new();
        copy_tree(case, sandbox.path());
        agree(&sandbox, &["202208"]).err().map(|difference| format!("--- {}\n{difference}", case.display()))
    };
    let of_mistake =
        |one: &Reproducer| agree_with(one).err().map(|difference| format!("--- {}\n{difference}", one.name));
    let mut wrong: Vec<String> = cases.par_iter().filter_map(of_case).collect();
    wrong.extend(mistakes.par_iter().filter_map(of_mistake).collect::<Vec<String>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn starter() -> Sandbox {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["init", "--quiet"]).code, 0);
    sandbox
}

fn replace(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = String::from_utf8(sandbox.read(path)).unwrap();
    assert!(text.contains(from), "{from} is not in {path}");
    sandbox.write(path, text.replace(from, to));
}

fn refused(sandbox: &Sandbox, arguments: &[&str], message: &str) {
    let run = agree(sandbox, arguments).unwrap();
    assert!(run.code == 1 && run.stderr.contains(message), "{}", run.stderr);
}

#[test]
fn an_issued_month_is_checked_as_it_is_built() {
    let sandbox = starter();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet"]).code, 0);
    assert_eq!(sandbox.run(&["issue", "202208", "--quiet"]).code, 0);
    assert_eq!(agree(&sandbox, &["202208"]).unwrap().code, 0);
    refused(&sandbox, &["202208", "--customer", "nobody"], "there is no customer \"nobody\"");
    refused(&sandbox, &["202208", "--draft"], "a draft would take the place of its documents");
    replace(&sandbox, "customers/aozora.toml", "name =", "# other words, same figures\nname =");
    assert_eq!(agree(&sandbox, &["202208"]).unwrap().code, 0);
    replace(&sandbox, "invoicer.toml", "markup = \"15%\"", "markup = \"25%\"");
    refused(&sandbox, &["202208"], "202208 is issued, and the current rules give other figures");
    assert_eq!(agree(&sandbox, &["202208", "--as-issued"]).unwrap().code, 0);
    replace(&sandbox, "billing/202208/soracom.csv", ",10,1,10,", ",10,1,11,");
    refused(&sandbox, &["202208", "--as-issued"], "the bill was changed since 202208 was issued");
}

#[test]
fn what_only_build_used_to_find_is_checked() {
    let sandbox = starter();
    refused(&sandbox, &["202208", "--customer", "nobody"], "there is no customer \"nobody\"");
    refused(&sandbox, &["202208", "--as-issued"], "202208 is not issued");
    sandbox.write("templates/review.html", "<p>{{ totally }}</p>\n");
    refused(&sandbox, &["202208"], "templates/review.html:1:");
    sandbox.write("templates/items.html", "<p>{{ equally }}</p>\n");
    // Two templates, two mistakes, one run.
    refused(&sandbox, &["202208"], "templates/items.html:1:");
    refused(&sandbox, &["202208"], "templates/review.html:1:");
}

/// A number without the month is given once; `issue` of the next month would refuse it, so `check` and `build` do.
#[test]
fn a_number_given_before_is_found_before_the_month_is_issued() {
    let sandbox = starter();
    replace(&sandbox, "invoicer.toml", "INV-{month}-{customer}", "INV-{customer}");
    assert_eq!(sandbox.run(&["build", "202208", "--quiet"]).code, 0);
    assert_eq!(sandbox.run(&["issue", "202208", "--quiet"]).code, 0);
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    sandbox.write("billing/202209/soracom.csv", bill.replace(",202208", ",202209"));
    refused(&sandbox, &["202209"], "the number INV-aozora was given before");
}

/// A copy of the rules is kept when a month is issued; a file outside the workspace has no place in it.
#[test]
fn a_file_outside_the_workspace_is_known_before_the_month_is_issued() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["init", "shop", "--quiet"]).code, 0);
    let logo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/logo.svg");
    std::fs::copy(logo, sandbox.path().join("logo.svg")).unwrap();
    replace(&sandbox, "shop/invoicer.toml", "# logo = \"assets/logo.svg\"", "logo = \"../logo.svg\"");
    let run = agree(&sandbox, &["202208", "-C", "shop"]).unwrap();
    let message = "the file lies outside the workspace, so no copy of it can be kept when the month is issued";
    assert!(
        run.code == 0 && run.stderr.starts_with(&format!("warning: {message}\n--> ../logo.svg\n")),
        "{}",
        run.stderr
    );
    let run = sandbox.run(&["issue", "202208", "-C", "shop"]);
    assert!(run.code == 1 && run.stderr.starts_with(&format!("error: {message}\n")), "{}", run.stderr);
}

/// What was issued with such a text has to be read as long as it is kept.
#[test]
fn control_characters_are_refused_in_the_workspace_and_not_in_kept_rules() {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", "[issuer]\nname = \"A\"\naddress = [\"B\\nC\"]\n");
    sandbox.write("customers/x.toml", "name = \"D\\nE\"\n[[match]]\nresource = \"*\"\n");
    let month = "202208".parse().unwrap();
    let refused = workspace::load_for(sandbox.path(), &[month]).err().unwrap();
    assert_eq!(refused.iter().count(), 2);
    let kept = workspace::load_kept(sandbox.path(), month).unwrap().settings;
    assert_eq!((kept.customers[0].name.as_str(), kept.issuer.ja.address[0].as_str()), ("D\nE", "B\nC"));
}
