//! `examples/routine/month`: a month from an empty directory to the books, against servers on loopback, twice.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::common::Sandbox;
use crate::sakura_api::{KEYS, workspace};
use crate::sakura_cloud::Cloud;
use crate::smtp_server::Server;

/// Runs the script and returns its exit code with what it told.
fn month(sandbox: &Sandbox, arguments: &[&str]) -> (i32, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_BIN_EXE_invoicer")).parent().unwrap();
    let mut command = Command::new("bash");
    command.arg(root.join("examples/routine/month")).args(arguments).current_dir(sandbox.path());
    command.env_clear().envs(KEYS).env("INVOICER_ALLOW_ENDPOINT", "127.0.0.1");
    command.env("PATH", format!("{}:/usr/bin:/bin", program.display())).env("HOME", sandbox.path().join("home"));
    let output = command.env("FORMATS", "freee moneyforward yayoi csv json").output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), told)
}

/// Writes `[mail]` for that server, and an address for each customer.
fn with_mail(sandbox: &Sandbox, port: u16) {
    let mail = format!(
        "[mail]\nfrom = \"請求担当 <billing@example.jp>\"\nsmtp = \"smtp://127.0.0.1:{port}\"\nauth = \"none\"\n"
    );
    let workspace = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", format!("{workspace}{mail}"));
    for customer in ["acme", "bravo", "charlie"] {
        let path = format!("customers/{customer}.toml");
        let text = String::from_utf8(sandbox.read(&path)).unwrap();
        sandbox.write(&path, format!("{text}[mail]\nto = [\"keiri@{customer}.example\"]\n"));
    }
}

#[test]
fn a_month_runs_once_however_often_it_is_started() {
    let cloud = Cloud::in_july().serve(|_, _| None);
    let sandbox = workspace(&cloud);
    let mailbox = Server::good();
    with_mail(&sandbox, mailbox.address().port());

    assert_eq!(month(&sandbox, &["2022"]).0, 64);
    let (code, told) = month(&sandbox, &["202208"]);
    assert_eq!(code, 10, "{told}");
    assert!(told.contains("review out/202208/index.html"), "{told}");
    assert!(!sandbox.path().join("issued").exists(), "issued without a review");
    // A person reviews; until then it waits.
    assert_eq!(month(&sandbox, &["202208"]).0, 10);

    let (code, told) = month(&sandbox, &["202208", "--reviewed"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(mailbox.received().len(), 3, "one for each customer");
    for path in ["export/202208/freee.csv", "export/202208/yayoi.csv", "published/202208/acme/INV-202208-acme.pdf"] {
        assert!(sandbox.path().join(path).is_file(), "{path} is missing: {told}");
    }
    let done = sandbox.files();
    let (code, told) = month(&sandbox, &["202208", "--reviewed"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(mailbox.received().len(), 3, "the second run sent something");
    let again = sandbox.files();
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<String>>();
    assert_eq!(names(&done), names(&again));
    for (before, after) in done.iter().zip(&again) {
        assert!(before == after, "the second run changed {}", before.0);
    }
}

#[test]
fn what_cannot_be_reached_is_done_by_the_next_run() {
    let cloud = Cloud::in_july().serve(|_, _| None);
    let sandbox = workspace(&cloud);
    // Nobody listens there: the port is free again.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    with_mail(&sandbox, closed);
    assert_eq!(month(&sandbox, &["202208"]).0, 10);
    let (code, told) = month(&sandbox, &["202208", "--reviewed"]);
    assert_eq!(code, 2, "{told}");
    assert!(sandbox.path().join("issued/202208.json").is_file(), "{told}");
    // The month stays issued; the server is back at another port.
    let mailbox = Server::good();
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", settings.replace(&closed.to_string(), &mailbox.address().port().to_string()));
    let (code, told) = month(&sandbox, &["202208", "--reviewed"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(mailbox.received().len(), 3);
}
