//! First pages of the sample month: what stands where, in both designs and languages.
//!
//! `BLESS=1 cargo test --test suite golden` writes what is laid out now; it is reviewed line by line before it is kept.

#![allow(clippy::float_arithmetic, reason = "places on pages are no money")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use pages::layout::{Document, Item};

use crate::commands::sample;
use crate::common::as_laid_out;
use crate::designs::lay_out;

/// The lines of the first page, from top to bottom: the baseline in points from the top, then each text behind its distance
/// from the left.
fn lines(document: &Document) -> String {
    let mut lines: BTreeMap<i64, Vec<(f32, &str)>> = BTreeMap::new();
    for item in document.pages[0].layers.iter().flat_map(|layer| &layer.items) {
        if let Item::Text(text) = item {
            lines.entry((text.y * 10.0).round() as i64).or_default().push((text.x, &text.text));
        }
    }
    let mut page = String::new();
    for (baseline, mut texts) in lines {
        texts.sort_by(|one, other| one.0.total_cmp(&other.0));
        write!(page, "{:>4}.{}", baseline / 10, baseline % 10).unwrap();
        for (x, text) in texts {
            write!(page, "  [{x:.1}] {}", text.replace('\u{a0}', " ")).unwrap();
        }
        page.push('\n');
    }
    page
}

#[test]
fn first_pages_of_the_sample_month_are_as_reviewed() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "html"]).code, 0);
    for customer in ["takahashi", "harbourline"] {
        let html = sandbox.read(&format!("out/202208/{customer}/INV-202208-{customer}.html"));
        let found = lines(&lay_out(&as_laid_out(&String::from_utf8(html).unwrap())));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/pages/{customer}.txt"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!(found, expected, "{customer}: first difference {differs:?}");
    }
}
