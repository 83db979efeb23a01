//! `examples/ci/publish` collects what customers may see, and nothing else.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::sha256;

#[test]
fn only_customers_directories_are_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sandbox = Sandbox::new();
    copy_tree(&root.join("examples/starter"), sandbox.path());
    for arguments in [["build", "202208", "-q"], ["issue", "202208", "-q"]] {
        let run = sandbox.run(&arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_invoicer")).parent().unwrap();
    let publish = |directory: &str| {
        let path = format!("{}:/usr/bin:/bin", program.display());
        let script = root.join("examples/ci/publish");
        let mut command = Command::new("bash");
        command.arg(script).args(["202208", directory, "chain-head"]).current_dir(sandbox.path()).env("PATH", path);
        command.output().unwrap()
    };
    let output = publish("published");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let published: BTreeSet<String> = sandbox
        .files()
        .into_iter()
        .filter_map(|(path, _)| path.strip_prefix("published/").map(str::to_owned))
        .collect();
    let endings = ["csv", "html", "json", "pdf"];
    let expected = ["aozora", "komugi"].iter().flat_map(|id| endings.map(|one| format!("{id}/INV-202208-{id}.{one}")));
    assert_eq!(published, expected.collect());
    // A month's documents are not put among another's.
    assert!(!publish("published").status.success());

    // The head that the run left is that of the chain; the next run goes on with it, and stops at one of another chain.
    let head = sha256(&sandbox.read("issued/202208.json"));
    assert_eq!(String::from_utf8(sandbox.read("chain-head/head")).unwrap(), format!("{head}\n"));
    assert!(publish("again").status.success());
    sandbox.write("chain-head/head", format!("{}\n", "0".repeat(64)));
    let output = publish("other");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("nothing has the hash 0000"));
    assert!(!sandbox.path().join("other").exists());
}
