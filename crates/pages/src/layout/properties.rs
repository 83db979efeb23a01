//! Properties that hold for every input.

use proptest::prelude::*;

use super::{Document, Faces, Item, lay_out};

const PIECES: &[&str] = &[
    "<div>",
    "</div>",
    "<p>",
    "</p>",
    "<span>",
    "</span>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "<td colspan=2>",
    "<td rowspan=3>",
    "<td rowspan=0>",
    "<th>",
    "<thead>",
    "<tfoot>",
    "</thead>",
    "<ul>",
    "<li>",
    "</ul>",
    "<b>",
    "</b>",
    "<br>",
    "請求書、",
    "¥1,200 ",
    "abc def ",
    "&amp;",
    "&bogus;",
    "<!-- x -->",
    "<",
    ">",
    "\"",
    "<img src=a>",
    "\n  ",
    "<div style='display:flex;gap:1em'>",
    "<div style='display:flex;flex-direction:column'>",
    "<div class=k>",
    "<div style='display:flex;flex-wrap:wrap'>",
    "<span style='display:inline-block;width:50%'>",
    "<h2>",
    "</h2>",
    "<div style='position:absolute;top:0;left:0'>",
    "<div style='margin:-9px;border:1px solid'>",
    "<style>",
    "</style>",
    "<div style='height:3000px;break-inside:avoid'>",
    "<div style='break-before:page'>",
    "<caption>",
    "<col width=1>",
    "<div style='position:fixed;bottom:0;right:0'>",
    "<p style='white-space:pre-wrap;overflow-wrap:anywhere'>",
    "<table style='border-collapse:collapse;table-layout:fixed;width:100%'>",
    "<div style='width:99999999px'>",
];

const RULES: &[&str] = &[
    "p{",
    "}",
    "td{",
    ".k>p{",
    "color:red",
    ";",
    "margin:",
    "auto",
    "1px",
    "-3em",
    "50%",
    "@page{",
    "size:A4",
    "@media print{",
    "@media screen{",
    ":first-child",
    ":nth-child(2n+",
    "1)",
    "--a:",
    "var(--a)",
    "/*",
    "*/",
    "\"",
    "'",
    "{",
    "(",
    ")",
    "orphans:99",
    "widows:9",
    "line-height:0",
    "font-size:0",
    "border:2px dashed",
    "padding:9999px",
    "width:0",
    "\\",
    "display:flex",
    "display:table-cell",
    "break-inside:avoid",
    "@bottom-center{content:counter(page)",
    "!important",
    "表",
];

/// Elements that may contain others: what comes before and after their content.
const ELEMENTS: &[(&str, &str)] = &[
    ("<div>", "</div>"),
    ("<div class=k style='margin:-9px 3em;border:1px solid;padding:2%'>", "</div>"),
    ("<div style='display:flex;gap:1em;justify-content:space-around'>", "</div>"),
    ("<div style='display:flex;flex-wrap:wrap;align-items:baseline'>", "</div>"),
    ("<div style='display:flex;flex-direction:column;height:50px'>", "</div>"),
    ("<div style='position:absolute;top:0;right:9px;width:50%'>", "</div>"),
    ("<div style='position:fixed;bottom:0;left:0;z-index:-1'>", "</div>"),
    ("<div style='position:relative;left:-3px;break-before:page'>", "</div>"),
    ("<div style='height:2000px;background:#eee'>", "</div>"),
    ("<div style='break-inside:avoid;break-after:avoid;border:3px double red;border-radius:50%'>", "</div>"),
    ("<div style='width:0;overflow-wrap:anywhere;white-space:pre-wrap'>", "</div>"),
    ("<table><tr><td>", "</table>"),
    ("<table style='border-collapse:collapse;width:100%'><thead><tr><th rowspan=2>h<td>", "<tr><td>x</table>"),
    (
        "<table style='table-layout:fixed;width:30%'><col style='width:50%'><tr><td colspan=3>",
        "<tfoot><tr><td>f</table>",
    ),
    ("<table><caption>", "</caption><tr><td style='height:900px;vertical-align:bottom'>b</table>"),
    ("<ul><li>", "<li>two<li></ul>"),
    ("<ol start=-3 style='list-style:lower-alpha'><li>", "</ol>"),
    ("<h2>heading</h2><div>", "</div>"),
];

const LEAVES: &[&str] = &[
    "請求書、",
    "¥1,200 ",
    "abc def ",
    "<p>段落",
    "<br>",
    "<hr>",
    "<b>太<sub>x</sub></b>",
    "<div style='break-after:page'></div>",
    "<span style='border:1px dashed;padding:0 9px'>囲み 囲み</span>",
    "<p style='orphans:9;widows:9'>a<br>b<br>c<br>d</p>",
    "<span style='display:inline-block;width:50%'>atom <i></i></span>",
    "https://example.com/a/b-c?d=1",
    " ",
    "\u{3000}",
];

fn document() -> impl Strategy<Value = String> {
    let leaf = proptest::collection::vec(proptest::sample::select(LEAVES), 0..5).prop_map(|parts| parts.concat());
    leaf.prop_recursive(5, 40, 4, |inner| {
        (proptest::sample::select(ELEMENTS), proptest::collection::vec(inner, 0..4))
            .prop_map(|((open, close), children)| format!("{open}{}{close}", children.concat()))
    })
}

fn laid_out(html: &str) -> Option<Document> {
    lay_out(html, &Faces::built_in(), &|_| Err("no images".to_owned())).ok()
}

fn texts(document: &Document) -> Vec<(usize, &super::Text)> {
    let mut texts = Vec::new();
    for (index, page) in document.pages.iter().enumerate() {
        for item in page.layers.iter().flat_map(|layer| &layer.items) {
            if let Item::Text(text) = item {
                texts.push((index, text));
            }
        }
    }
    texts
}

fn mixed(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(pieces), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_laid_out_or_refused(text in "\\PC{0,200}") {
        laid_out(&text);
        laid_out(&format!("<!DOCTYPE html><style>{text}</style><p>x"));
        laid_out(&format!("<!DOCTYPE html><p style=\"{text}\">x"));
    }

    #[test]
    fn any_mixture_is_laid_out_or_refused(body in mixed(PIECES), rules in mixed(RULES)) {
        laid_out(&format!("<!DOCTYPE html><style>{rules}</style>{body}"));
        laid_out(&format!("<!DOCTYPE html>{body}"));
    }

    #[test]
    fn any_nesting_is_laid_out_or_refused(body in document(), times in 1_usize..20) {
        let html = format!("<!DOCTYPE html><style>@page{{size:A6;margin:1cm}}</style>{}", body.repeat(times));
        if let Some(document) = laid_out(&html) {
            prop_assert!(!document.pages.is_empty());
        }
    }

    #[test]
    fn every_row_is_printed_once(
        lines in proptest::collection::vec(1_usize..9, 1..150),
        rest in 0_usize..30,
        avoid in any::<bool>(),
        collapse in any::<bool>(),
    ) {
        let rows: String = lines
            .iter()
            .enumerate()
            .map(|(row, lines)| format!("<tr><td>row{row}<td>{}", "line<br>".repeat(*lines)))
            .collect();
        let style = format!(
            "@page{{size:A5;margin:1cm}}{}table{{border-collapse:{}}}",
            if avoid { "tr{break-inside:avoid}" } else { "" },
            if collapse { "collapse" } else { "separate" },
        );
        let before = "<p>before".repeat(rest);
        let html = format!(
            "<!DOCTYPE html><style>{style}</style>{before}<table><thead><tr><th>head<th>x<tfoot><tr><td>foot<td>x<tbody>{rows}</table><p>after",
        );
        let document = laid_out(&html).expect("a document");
        let texts = texts(&document);
        let order: Vec<usize> =
            texts.iter().filter_map(|(_, text)| text.text.strip_prefix("row")?.parse().ok()).collect();
        prop_assert_eq!(order, (0..lines.len()).collect::<Vec<_>>());
        let mut pages: Vec<usize> =
            texts.iter().filter(|(_, text)| &*text.text == "line").map(|(page, _)| *page).collect();
        prop_assert_eq!(pages.len(), lines.iter().sum::<usize>());
        pages.dedup();
        let heads = texts.iter().filter(|(_, text)| &*text.text == "head").count();
        prop_assert_eq!(heads, pages.len(), "a head on every page with rows");
        let feet = texts.iter().filter(|(_, text)| &*text.text == "foot").count();
        prop_assert_eq!(feet, pages.len(), "a foot on every page with rows");
    }

    #[test]
    fn nothing_is_outside_the_page(count in 1_usize..60, padding in 0_u32..80, size in 5_u32..40) {
        let html = format!(
            "<!DOCTYPE html><style>div{{padding:{padding}px;font-size:{size}px}}</style>{}",
            "<div>請求書 abc<p>二段落目、折り返すほど長い文をここに置く。折り返すほど長い文をここに置く。</p></div>".repeat(count),
        );
        let document = laid_out(&html).expect("a document");
        prop_assert_eq!(texts(&document).iter().filter(|(_, text)| text.text.starts_with("請求書")).count(), count);
        for (page, text) in texts(&document) {
            let page = &document.pages[page];
            prop_assert!(text.x >= 0.0 && text.x + text.width <= page.width + 0.01);
            prop_assert!(text.y - text.size >= -1.0 && text.y <= page.height);
        }
    }
}

#[test]
fn endless_nesting_is_refused() {
    for open in ["<div>", "<span>", "<b>", "<table><tr><td>", "<ul><li>", "<span style='display:inline-block'>"] {
        assert!(laid_out(&format!("<!DOCTYPE html>{}", open.repeat(500))).is_none());
    }
    let nested = |open: &str, close: &str| format!("<!DOCTYPE html>{}x{}", open.repeat(20), close.repeat(20));
    assert!(laid_out(&nested("<table><tr><td>", "</table>")).is_some());
    assert!(laid_out(&nested("<span style='display:inline-block'>", "</span>")).is_some());
    assert!(laid_out(&nested("<div style='display:flex'>", "</div>")).is_none());
}
