//! The page of a month. What it does in a browser is tested in `tests/review/`.

use std::path::Path;

use crate::common::{Sandbox, copy_tree};

fn case(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name), sandbox.path());
    sandbox
}

fn page(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.read("out/202208/index.html")).unwrap()
}

fn build(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.run(&[&["build", "202208", "--quiet"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    page(sandbox)
}

/// The values of an attribute, in their order.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Billing-rules §8: −46.5 is shared by amount, −31.4073 and −15.0927 of it; 335 and 161 are billed for 291.1427 and
/// 139.9073, so the margins are 43.8573 (13.1 %) and 21.0927 (13.1 %) and 64.95 of 496 in all; 547 is asked for.
#[test]
fn the_worked_example_is_told_as_it_was_worked_out() {
    let page = build(&case("worked-example"), &["--format", "html"]);
    for figure in
        ["¥547", "¥431", "¥65", "13.1%", "-¥31.4073", "-¥15.0927", "67.5%", "-¥46.5", "¥291.1427", "¥43.8573", "¥475"]
    {
        assert!(page.contains(&format!(">{figure}<")) || page.contains(&format!("\"{figure}\"")), "{figure}");
    }
    assert!(page.contains(">13.1% （税抜売上比）<"), "share of sales");
    // Nothing is known of earlier months, and no PDF was made.
    assert!(!page.contains("class=\"months\"") && !page.contains("前月比") && !page.contains(">ページ<"));
}

#[test]
fn the_page_asks_no_server_for_anything() {
    let page = build(&case("worked-example"), &["--format", "html,pdf"]);
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("//cdn"), "a URL");
    assert!(!page.contains("@import") && !page.contains("url("), "a file of style");
    let sources = attributes(&page, "src");
    assert!(sources.is_empty(), "{sources:?}");
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_link_leads_to_a_file() {
    let sandbox = case("worked-example");
    let config = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", config + "\n[invoice]\nfile-name = \"100% #{number}? {customer-name}\"\n");
    let page = build(&sandbox, &[]);
    let links = attributes(&page, "href");
    let mut files = 0;
    for link in links.iter().filter(|link| !link.starts_with('#')) {
        let mut path = Vec::new();
        let mut rest = link.bytes();
        while let Some(byte) = rest.next() {
            path.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                byte => byte,
            });
        }
        let path = String::from_utf8(path).unwrap();
        assert!(sandbox.path().join("out/202208").join(&path).is_file(), "{link}: {path}");
        files += 1;
    }
    // Of each customer PDF and HTML, and the full record as CSV and JSON; of the month its two files.
    assert_eq!(files, 2 * 4 + 2);
    assert_eq!(links.iter().filter(|link| link.starts_with("internal/")).count(), 2 * 2);
    assert_eq!(attributes(&page, "data-html").len(), 2);
}

#[test]
fn customers_that_were_not_asked_for_have_no_documents_but_a_row() {
    let page = build(&case("worked-example"), &["--customer", "bravo"]);
    assert_eq!(attributes(&page, "data-search").len(), 2);
    assert_eq!(attributes(&page, "data-html"), ["bravo/INV-202208-bravo.html"]);
}

#[test]
fn names_cannot_become_markup() {
    let sandbox = case("worked-example");
    let file = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let lines = file.lines().map(|line| match line.starts_with("name") {
        true => "name = \"\\\"><script>alert(1)</script>\"",
        false => line,
    });
    sandbox.write("customers/acme.toml", lines.collect::<Vec<&str>>().join("\n"));
    let page = build(&sandbox, &["--format", "html"]);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn the_page_is_of_a_months_inputs_alone() {
    let (one, other) = (case("shares"), case("shares"));
    let first = build(&one, &["--jobs", "1"]);
    assert_eq!(first, build(&other, &[]));
    let manifest = one.json("out/202208/manifest.json");
    let outputs = manifest["outputs"].as_array().unwrap();
    assert!(outputs.iter().any(|file| file["path"] == "index.html"));
}

#[test]
fn a_workspace_can_have_its_own_page() {
    let sandbox = case("worked-example");
    sandbox.write(
        "templates/review.html",
        "<!DOCTYPE html>{{ month }} {% for c in customers %}{{ c.total }} {% endfor %}",
    );
    assert_eq!(build(&sandbox, &["--format", "html"]), "<!DOCTYPE html>202208 ¥369 ¥178 ");
    sandbox.write("templates/review.html", "<!DOCTYPE html>{{ mounth }}");
    let run = sandbox.run(&["build", "202208"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("templates/review.html:1:"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn the_page_is_opened_with_the_systems_viewer() {
    use std::os::unix::fs::PermissionsExt;

    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    for (script, told) in [("exit 0", false), ("exit 3", true)] {
        let sandbox = case("worked-example");
        let path = format!("programs/{opener}");
        sandbox.write(&path, format!("#!/bin/sh\necho \"$1\" > opened\n{script}\n"));
        let full = sandbox.path().join(&path);
        std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).unwrap();
        let programs = sandbox.path().join("programs");
        let arguments = ["build", "202208", "--format", "html", "--open"];
        let run = sandbox.run_with(&arguments, &[("PATH", programs.to_str().unwrap())]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let opened = String::from_utf8(sandbox.read("opened")).unwrap();
        assert!(opened.ends_with("/out/202208/index.html\n"), "{opened}");
        assert_eq!(run.stderr.contains("the page cannot be opened"), told, "{}", run.stderr);
    }
    let sandbox = case("worked-example");
    let run = sandbox.run_with(&["build", "202208", "--format", "html", "--open"], &[("PATH", "/nowhere")]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the page cannot be opened with"), "{}", run.stderr);
}
