//! Our parser makes the trees that browsers make.

use std::cell::Cell;
use std::path::Path;

use pages::layout::describe_tree;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

use crate::browser_tree::{assert_agrees, expected, joined};

#[test]
fn feature_pages_have_the_trees_of_browsers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layout");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "html") {
            assert_agrees(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    assert!(count >= 40, "found {count} pages");
}

/// Pieces of HTML in any order; most orders are refused, and what is accepted must be understood as browsers do.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<p class='a b' id=c>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<span title=\"x &amp; y\">",
        "</span>",
        "<ul>",
        "</ul>",
        "<ol start=3>",
        "</ol>",
        "<li>",
        "</li>",
        "<dl>",
        "</dl>",
        "<dt>",
        "</dt>",
        "<dd>",
        "</dd>",
        "<table>",
        "</table>",
        "<thead>",
        "</thead>",
        "<tbody>",
        "</tbody>",
        "<tfoot>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<th colspan=2>",
        "</th>",
        "<caption>",
        "</caption>",
        "<colgroup>",
        "</colgroup>",
        "<col>",
        "<h1>",
        "</h1>",
        "<h2>",
        "</h2>",
        "<br>",
        "<hr>",
        "<img src=x alt=''>",
        "<wbr>",
        "<a href='#x'>",
        "</a>",
        "<pre>",
        "</pre>",
        "\n",
        " ",
        "text",
        "請求 ",
        "&amp;",
        "&yen;1",
        "&#165;",
        "a < b",
        "<!-- note -->",
        "<section>",
        "</section>",
        "<style>p { color: red }</style>",
        "<blockquote>",
        "</blockquote>",
        "<header>",
        "</header>",
        "<U>",
        "</U>",
        "<tr><td>",
        "</td></tr>",
        "<ul><li>",
        "</li></ul>",
        "<table><tr><td>",
        "</td></tr></table>",
        "<body>",
        "</body>",
        "<html lang=ja>",
        "</html>",
        "<head>",
        "</head>",
        "<title>a &amp; b</title>",
        "<meta charset=utf-8>",
        "<sup>",
        "</sup>",
        "<small>",
        "</small>",
        "<time datetime=2022>",
        "</time>",
        "<figure>",
        "</figure>",
        "<address>",
        "</address>",
        "<del>",
        "</del>",
    ]);
    prop::collection::vec(piece, 1..14)
}

#[test]
fn random_pages_have_the_trees_of_browsers() {
    let config = ProptestConfig { cases: 60_000, failure_persistence: None, ..ProptestConfig::default() };
    let accepted = Cell::new(0);
    let result =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&pieces(), |pieces| {
            let html = format!("<!DOCTYPE html>{}", pieces.concat());
            if let Ok(ours) = describe_tree(&html) {
                accepted.set(accepted.get() + 1);
                let (ours, expected) = (joined(&ours), joined(&expected(&html)));
                prop_assert!(ours == expected, "{html}\nours:\n{ours}\nexpected:\n{expected}");
            }
            Ok(())
        });
    match result {
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
    assert!(accepted.get() > 800, "only {} pages were accepted", accepted.get());
}

/// HTML, 13.2.6.4.7: a line feed right behind `<pre>` is no text, and only one.
#[test]
fn a_line_feed_that_begins_pre_is_dropped() {
    for inside in ["\n", "\n\n", "\ntext", "&#10;text", " \n", "<!-- note -->\n", "text\n", "<b>\n</b>"] {
        let html = format!("<!DOCTYPE html><p>a</p><pre>{inside}</pre>");
        let ours = describe_tree(&html).unwrap_or_else(|faults| panic!("{html}: {faults:?}"));
        assert_eq!(joined(&ours), joined(&expected(&html)), "{html}");
    }
}
