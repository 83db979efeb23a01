//! The program is killed at each of its writes in turn. What is in its place afterwards is whole, and the next run goes on,
//! even when somebody has cleared `out/` meanwhile.

use std::collections::BTreeMap;

use crate::common::{Run, Sandbox};
use crate::issuing::{good, workspace};
use crate::shards;
use crate::soracom_api;

/// The files below, where they come from without its times, which differ from run to run.
fn files(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let without_times = |(path, bytes): (String, Vec<u8>)| {
        if !path.ends_with("provenance.json") {
            return (path, bytes);
        }
        let mut provenance: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        provenance["fetched_at"] = "".into();
        provenance["files"].as_array_mut().unwrap().iter_mut().for_each(|file| file["time"] = "".into());
        (path, provenance.to_string().into_bytes())
    };
    // A lock that nobody holds is no obstacle; the next run at the same place removes it.
    let files = sandbox.files().into_iter().filter(|(path, _)| !path.ends_with(".lock"));
    files.map(without_times).collect()
}

/// Kills a command at each of its writes; `then` looks at what is left and goes on, and all files are as `expected` then.
fn kill_at_each_write(
    prepared: &Sandbox,
    arguments: &[&str],
    variables: &[(&str, &str)],
    least: usize,
    then: impl Fn(&Sandbox, usize),
) {
    let whole = prepared.copy();
    good(whole.run_with(arguments, variables));
    let expected = files(&whole);
    for point in 1.. {
        let sandbox = prepared.copy();
        let at = point.to_string();
        let run = sandbox.run_with(arguments, &[variables, &[("INVOICER_INTERRUPT_AT", &at)]].concat());
        if run.code == 0 {
            assert!(point > least, "only {} points were passed", point - 1);
            return;
        }
        assert_eq!(run.code, -1, "point {point}: {}", run.stderr);
        then(&sandbox, point);
        let found = files(&sandbox);
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<String>>();
        assert_eq!(names(&found), names(&expected), "point {point}");
        for (path, bytes) in &found {
            assert!(expected[path] == *bytes, "point {point}: {path} differs");
        }
    }
}

fn ended(run: Run, point: usize) {
    assert_eq!(run.code, 0, "point {point}: {}", run.stderr);
}

#[test]
fn a_killed_fetch_leaves_a_whole_bill_or_none() {
    let server = soracom_api::soracom(|_, _| None);
    let keys = &soracom_api::KEYS;
    let empty = soracom_api::workspace(&server);
    let fetched = soracom_api::workspace(&server);
    good(fetched.run_with(&["fetch", "202208"], keys));
    for (prepared, arguments) in [(&empty, &["fetch", "202208"][..]), (&fetched, &["fetch", "202208", "--force"])] {
        // Nine answers, the CSV, where they come from, and the renames.
        kill_at_each_write(prepared, arguments, keys, 11, |sandbox, point| {
            let check = sandbox.run(&["check", "202208"]);
            let is_absent = check.stderr.contains("was not fetched");
            assert!(check.code == 0 || is_absent, "point {point}: {}", check.stderr);
            ended(sandbox.run_with(arguments, keys), point);
            ended(sandbox.run(&["check", "202208"]), point);
        });
    }
}

#[test]
fn a_build_goes_on_after_a_kill_and_without_out() {
    let prepared = workspace();
    good(prepared.run(&["build", "202207", "--format", "json", "-q"]));
    let build = ["build", "202207", "--format", "json", "-q"];
    kill_at_each_write(&prepared, &build, &[], 7, |sandbox, point| {
        // What reads the month meanwhile finds it whole, on systems that exchange two directories in one step.
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        assert_eq!(
            sandbox.read("out/202207/manifest.json"),
            prepared.read("out/202207/manifest.json"),
            "point {point}"
        );
        std::fs::remove_dir_all(sandbox.path().join("out")).unwrap_or_default();
        ended(sandbox.run(&build), point);
    });
}

#[test]
fn a_shard_and_a_merge_go_on_after_a_kill() {
    let prepared = shards::workspace();
    let shard = ["build", "202208", "--shard", "2/3", "--out", "shards/2", "--format", "json", "-q"];
    kill_at_each_write(&prepared, &shard, &[], 8, |sandbox, point| {
        // Half a shard is none.
        let merge = sandbox.run(&["merge", "202208", "shards/2"]);
        let told = ["there is no shard in the directory", "2 shards are missing: 1/3, 3/3"];
        assert!(merge.code == 1 && told.iter().any(|told| merge.stderr.contains(told)), "{}", merge.stderr);
        ended(sandbox.run(&shard), point);
    });
    for number in ["1/3", "2/3", "3/3"] {
        let out = format!("shards/{}", &number[..1]);
        good(prepared.run(&["build", "202208", "--shard", number, "--out", &out, "--format", "json", "-q"]));
    }
    let merge = ["merge", "202208", "shards/1", "shards/2", "shards/3", "-q"];
    kill_at_each_write(&prepared, &merge, &[], 18, |sandbox, point| ended(sandbox.run(&merge), point));
}

#[test]
fn an_issue_goes_on_after_a_kill_and_without_out() {
    let prepared = workspace();
    good(prepared.run(&["build", "202207", "-q"]));
    kill_at_each_write(&prepared, &["issue", "202207", "-q"], &[], 12, |sandbox, point| {
        std::fs::remove_dir_all(sandbox.path().join("out")).unwrap_or_default();
        // Where the record is there, both finish what was begun; otherwise the month is built first, as ever.
        sandbox.run(&["build", "202207", "-q"]);
        ended(sandbox.run(&["issue", "202207", "-q"]), point);
        ended(sandbox.run(&["build", "202207", "-q"]), point);
    });
}
