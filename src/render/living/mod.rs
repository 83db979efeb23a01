//! What the HTML of an invoice can do beyond its PDF: search and sort its tables of details, and show each resource's days as
//! bars. Added to the finished page, so that the PDF is laid out without it.
//!
//! The page stays one file that needs no network, and is whole without the script. Only this script may run in it: its hash
//! is in the page's policy. On paper it is gone, and what was sorted and hidden is back.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const SCRIPT: &str = include_str!("script.js");
const STYLE: &str = include_str!("style.css");

/// What a page must have to be brought to life: details, or a table that a template of the workspace marks.
const MARKS: [&str; 2] = ["class=\"appendix\"", " data-live"];

/// Words of the script: `search` is the label `live_search`.
const WORDS: [&str; 4] = ["search", "sort", "found", "none"];

/// The page with the script, where it has details to search.
pub fn living(html: &str, labels: &BTreeMap<String, String>) -> String {
    let is_marked = MARKS.iter().any(|mark| html.contains(mark));
    let places = html.find("<head>").zip(html.rfind("</head>")).zip(html.rfind("</body>"));
    let Some(((head, end_of_head), end)) = places.filter(|((head, end), _)| is_marked && head < end) else {
        return html.to_owned();
    };
    // The encoding is within the first kilobyte only if it stays first.
    let charset = "<meta charset=\"utf-8\">";
    let start = html[head..end_of_head].find(charset).map_or(head + "<head>".len(), |at| head + at + charset.len());
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    let policy = format!(
        "\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:; font-src data:; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">"
    );
    let words: String = WORDS
        .iter()
        .map(|word| {
            let text = labels.get(&format!("live_{word}")).map_or("", String::as_str);
            format!(" data-{word}=\"{}\"", escaped(text))
        })
        .collect();
    let parts = [
        &html[..start],
        &policy,
        &html[start..end_of_head],
        "<style>\n",
        STYLE,
        "</style>\n",
        &html[end_of_head..end],
        &format!("<script{words}>{SCRIPT}</script>\n"),
        &html[end..],
    ];
    parts.concat()
}

/// A text as the value of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_details_gets_a_script() {
        let labels = BTreeMap::from([("live_search".to_owned(), "\"Find\" & sort".to_owned())]);
        let page = "<html><head><meta charset=\"utf-8\"><title>x</title></head><body><div class=\"appendix\"></div></body></html>";
        let living = living(page, &labels);
        assert!(
            living.starts_with("<html><head><meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"")
        );
        assert!(living.contains(" data-search=\"&quot;Find&quot; &amp; sort\""), "{living}");
        assert_eq!(living.matches("<script").count(), 1);
        for other in [page.replace("appendix", "other"), page.replace("<head>", "<head id=a>")] {
            assert_eq!(super::living(&other, &labels), other);
        }
    }

    /// A script is text until its end tag, and the hash is of that text.
    #[test]
    fn the_script_ends_where_it_ends() {
        let lower = SCRIPT.to_lowercase();
        assert!(!lower.contains("</script") && !lower.contains("<!--") && !SCRIPT.contains('\r'));
        for forbidden in ["http:", "https:", "fetch(", "eval(", "innerHTML", "setAttribute(\"style\"", "import("] {
            let namespace = "http://www.w3.org/2000/svg";
            assert!(!SCRIPT.replace(namespace, "").contains(forbidden), "{forbidden}");
        }
    }
}
