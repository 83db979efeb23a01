//! What the HTML of an invoice has beyond its PDF: one script, named in the page's policy, that needs nothing else.

use base64::Engine;
use sha2::{Digest, Sha256};

use crate::commands::sample;

fn html(sandbox: &crate::common::Sandbox, customer: &str) -> String {
    String::from_utf8(sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.html"))).unwrap()
}

#[test]
fn only_the_script_that_the_policy_names_can_run() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "html"]).code, 0);
    for (customer, word) in [("yamamoto", "明細を検索"), ("harbourline", "Search details")] {
        let page = html(&sandbox, customer);
        assert_eq!(page.matches("<script").count(), 1, "{customer}");
        let (before, rest) = page.split_once("<script").unwrap();
        let (start, rest) = rest.split_once('>').unwrap();
        let (script, after) = rest.split_once("</script>").unwrap();
        assert!(start.contains(&format!("data-search=\"{word}")), "{start}");
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        let policy = before.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap().1;
        let policy = policy.split('"').next().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains(&format!("script-src 'sha256-{hash}'")),
            "{policy}"
        );
        // The policy comes before everything it is about, and nothing asks for another file.
        assert!(before.find("Content-Security-Policy") < before.find("<style"));
        assert_eq!(after.trim(), "</body>\n</html>");
        for outside in ["src=\"http", "url(http", "@import", "<link", "onclick"] {
            assert!(!page.contains(outside), "{customer}: {outside}");
        }
    }
}

#[test]
fn a_page_without_details_has_no_script() {
    let sandbox = sample();
    let text = String::from_utf8(sandbox.read("customers/yamamoto.toml")).unwrap();
    let without = match text.contains("[invoice]\n") {
        true => text.replace("[invoice]\n", "[invoice]\ndetails = \"none\"\n"),
        false => format!("{text}\n[invoice]\ndetails = \"none\"\n"),
    };
    let kept: Vec<&str> =
        without.lines().filter(|line| !line.starts_with("details = ") || line.contains("none")).collect();
    sandbox.write("customers/yamamoto.toml", kept.join("\n"));
    let run = sandbox.run(&["build", "202208", "--format", "html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!html(&sandbox, "yamamoto").contains("<script"));
}
