//! Documents that ask for too much end, with pages or with a fault. What does not end hangs here.

use pages::layout::{Document, Faces, Fault, lay_out};

fn laid_out(what: &str, html: &str) -> Result<Document, Vec<Fault>> {
    let result = lay_out(&format!("<!DOCTYPE html>{html}"), &Faces::built_in(), &|_| Err("no pictures".to_owned()));
    match &result {
        Ok(document) => assert!(!document.pages.is_empty(), "{what}"),
        Err(faults) => assert!(!faults.is_empty(), "{what}"),
    }
    result
}

#[test]
fn nesting_has_a_limit() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<span>", "</span>"),
        ("<table><tr><td>", "</table>"),
        ("<ul><li>", "</ul>"),
        ("<div style='display: flex'>", "</div>"),
        ("<b><i>", ""),
        ("", "</div>"),
    ] {
        let html = format!("{}x{}", open.repeat(10_000), close.repeat(10_000));
        assert!(laid_out(open, &html).is_err(), "{open}");
    }
    for css in ["a:not(", "@media print {", "@media (", "p { color: var(--a, ", "p { width: calc("] {
        let _ = laid_out(css, &format!("<style>{}</style><p>x", css.repeat(10_000)));
    }
    // Each variable stands for two of the one before.
    let doubled: String = (1..64).map(|number| format!("--v{number}: var(--v{0}) var(--v{0});", number - 1)).collect();
    let html = format!("<style>p {{ --v0: 1px; {doubled} margin: var(--v63) }}</style><p>x");
    assert!(laid_out("variables that double", &html).is_err());
    assert!(
        laid_out("variables in a circle", "<style>p { --a: var(--b); --b: var(--a); color: var(--a) }</style><p>x")
            .is_err()
    );
}

#[test]
fn spans_have_a_limit() {
    for cell in [
        "<td colspan=100000>",
        "<td rowspan=65534>",
        "<td colspan=18446744073709551616>",
        "<td colspan=-1>",
        "<td colspan=1000 rowspan=1000>",
        "<td colspan=0 rowspan=0>",
    ] {
        let _ = laid_out(cell, &format!("<table>{}</table>", format!("<tr>{cell}x</td>").repeat(3)));
    }
    assert!(laid_out("columns", "<table><colgroup span=100000></colgroup><tr><td>x</table>").is_err());
    let wide =
        format!("<table style='border-collapse: collapse'><tr>{}</table>", "<td colspan=1000>x</td>".repeat(200));
    let _ = laid_out("200,000 columns", &wide);
    let rows = "<tr><td rowspan=1000>x</td></tr>".repeat(3000);
    let _ = laid_out("rows that a thousand cells join", &format!("<table>{rows}</table>"));
}

#[test]
fn tables_may_be_empty() {
    for table in [
        "",
        "<caption>x</caption>",
        "<thead><tr><th>x</thead>",
        "<tfoot><tr><td>x</tfoot>",
        "<tr></tr>",
        "<tbody></tbody>",
    ] {
        for style in ["", "border-collapse: collapse", "break-inside: avoid; height: 40px"] {
            let _ = laid_out(table, &format!("<p>x<table style='{style}'>{table}</table><p>y"));
        }
    }
}

#[test]
fn lengths_have_a_limit() {
    let properties = [
        "width",
        "height",
        "min-width",
        "min-height",
        "max-width",
        "margin",
        "margin-top",
        "padding",
        "padding-bottom",
        "border-width",
        "border-radius",
        "font-size",
        "line-height",
        "letter-spacing",
        "text-indent",
        "gap",
        "flex-basis",
        "border-spacing",
        "orphans",
        "widows",
        "top",
        "left",
        "bottom",
        "flex-grow",
        "order",
        "z-index",
        "vertical-align",
    ];
    let values = [
        "1e30px",
        "-1e30px",
        "1e300px",
        "1e9999px",
        "99999999999999999999999999px",
        "0",
        "0px",
        "-1px",
        "1e-30px",
        "1e30",
        "1e30%",
        "1e30em",
        "4294967296",
        "-2147483649",
        "nan",
        "NaNpx",
        "infinity",
        "1e7px",
        "1e9",
    ];
    for property in properties {
        for value in values {
            let style = format!("border: 1px solid; position: relative; {property}: {value}");
            for (tag, close) in
                [("p", ""), ("span", "</span>"), ("table", "<tr><td>a b</table>"), ("div", "<p>x</div>")]
            {
                let what = format!("{tag} {property}: {value}");
                let html = format!(
                    "<div style='display: flex; width: 300px'><div><{tag} style='{style}'>a b c{close}</div></div>"
                );
                let _ = laid_out(&what, if tag == "table" { html.replace(">a b c<", "><") } else { html }.as_str());
            }
        }
    }
    for page in ["0 0", "-1mm 10mm", "1e30px 1e30px", "0.001px 0.001px", "1e30mm", "36px 36px", "NaN", "10mm 1e9mm"] {
        for margin in ["0", "1e30px", "-10mm", "50%", "20mm", "5mm 1e30px"] {
            let html = format!(
                "<style>@page {{ size: {page}; margin: {margin} }}</style><h1>x</h1><p>y<table><tr><td>z</table>"
            );
            let _ = laid_out(&format!("size {page}, margin {margin}"), &html);
        }
    }
}

#[test]
fn long_texts_are_broken_or_refused() {
    let million = "a".repeat(1_000_000);
    let _ = laid_out("a word of a million letters", &format!("<p>{million}"));
    let _ = laid_out("the same in a cell", &format!("<table><tr><td>{million}</table>"));
    let pages =
        laid_out("the same, broken anywhere", &format!("<p style='overflow-wrap: anywhere'>{million}")).unwrap();
    assert!(pages.pages.len() > 100);
    let kanji = "請".repeat(300_000);
    let pages = laid_out("kanji without a stop", &format!("<p style='text-align: justify'>{kanji}")).unwrap();
    assert!(pages.pages.len() > 50);
    let _ = laid_out("stops only", &format!("<p>{}", "。".repeat(300_000)));
    let _ = laid_out("spaces only", &format!("<pre style='font-family: inherit'>{}", " ".repeat(1_000_000)));
    let _ = laid_out("marks only", &format!("<p>{}", "\u{301}".repeat(300_000)));
    let _ = laid_out("an attribute of a million letters", &format!("<p class={million}>x"));
    let _ = laid_out("a million empty elements", &"<b></b>".repeat(1_000_000));
    let _ = laid_out(
        "a selector of many classes",
        &format!("<style>{} {{ color: red }}</style><p>x", ".a".repeat(200_000)),
    );
}
