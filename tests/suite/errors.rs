//! Every mistake a user can make, as a reproducer: `tests/errors/<name>/` is a workspace with one mistake in it and
//! `expected.txt`, what the program says. Its first line is the command with its exit code, as
//! `$ invoicer check 202208 → 1`; nothing may be written.

use crate::common::{Sandbox, copy_tree};

#[test]
fn every_mistake_is_told_as_expected() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut names: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 30, "the reproducers are missing");
    let mut wrong = Vec::new();
    for case in names {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(case.join("expected.txt")).unwrap();
        let (command, expected) = expected.split_once('\n').unwrap();
        let (arguments, code) = command.strip_prefix("$ invoicer ").and_then(|rest| rest.split_once(" → ")).unwrap();
        let sandbox = Sandbox::new();
        copy_tree(&case, sandbox.path());
        std::fs::remove_file(sandbox.path().join("expected.txt")).unwrap();
        let before = sandbox.files();
        let run = sandbox.run(&arguments.split(' ').collect::<Vec<_>>());
        if run.stderr != expected || run.code != code.trim().parse::<i32>().unwrap() || !run.stdout.is_empty() {
            wrong.push(format!("--- {name}: exit code {}\n{}\n+++ expected\n{expected}", run.code, run.stderr));
        }
        if sandbox.files() != before {
            wrong.push(format!("--- {name} wrote {:?}", sandbox.files()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
