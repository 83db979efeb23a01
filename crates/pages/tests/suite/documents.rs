//! What must hold for every document of the closed list, on random ones: everything stands on its page, no row is lost or
//! doubled where pages break, heads come back, and the PDF says what the HTML says. Every word of a document is another.

#![allow(clippy::float_arithmetic, reason = "places on pages are floats")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use pages::layout::{self, Document, Faces, Item, Shape};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestError, TestRng, TestRunner};

use crate::browser_tree::assert_agrees;

/// A part of a document; words are numbered when it is written.
#[derive(Clone, Debug)]
enum Node {
    Text { words: usize, kanji: usize, tag: &'static str },
    Block { tag: &'static str, style: &'static str, children: Vec<Node> },
    List(Vec<Node>),
    Flex { style: &'static str, children: Vec<Node> },
    Table { style: &'static str, columns: usize, head: bool, foot: bool, rows: Vec<Row> },
}

#[derive(Clone, Debug)]
struct Row {
    style: &'static str,
    /// For each cell: columns, rows, what is in it.
    cells: Vec<(usize, usize, Node)>,
}

const PAGES: [&str; 5] = [
    "size: 105mm 148mm; margin: 10mm",
    "size: A5 landscape; margin: 25mm 5mm",
    "size: 120mm 50mm; margin: 4mm",
    "size: 105mm 148mm; margin: 10mm 5mm 20mm; @bottom-center { content: counter(page) \" / \" counter(pages) }",
    "size: A4; margin: 20mm",
];
const BLOCKS: [&str; 14] = [
    "",
    "padding: 4px 3px",
    "margin: 10px 0",
    "border: 1px solid #333; border-radius: 3px",
    "background: #def; padding: 2px",
    "break-inside: avoid",
    "break-before: page",
    "break-after: avoid",
    "text-align: right; text-decoration: underline",
    "text-align: justify; text-indent: 1em",
    "line-height: 2.2; orphans: 3; widows: 3",
    "font-size: 13px; font-weight: bold",
    "letter-spacing: 1px; white-space: pre-line",
    "min-height: 90px",
];
const TABLES: [&str; 5] = [
    "",
    "width: 100%",
    "border-collapse: collapse; width: 100%",
    "table-layout: fixed; width: 100%; border-spacing: 3px",
    "border-collapse: collapse; margin: 6px 0; break-inside: avoid",
];
const ROWS: [&str; 5] = ["", "break-inside: avoid", "background: #eee", "break-after: avoid", "vertical-align: bottom"];
const FLEXES: [&str; 4] = ["", "flex-wrap: wrap; gap: 5px", "flex-direction: column", "justify-content: space-between"];

fn text() -> impl Strategy<Value = Node> {
    let tag = prop::sample::select(vec!["", "b", "span", "u", "small", "sup"]);
    (1usize..12, 0usize..9, tag).prop_map(|(words, kanji, tag)| Node::Text { words, kanji, tag })
}

fn nodes(inner: impl Strategy<Value = Node> + Clone) -> impl Strategy<Value = Node> {
    let children = |most| prop::collection::vec(inner.clone(), 1..most);
    let tag = prop::sample::select(vec!["div", "section", "p", "h2", "blockquote"]);
    let block = (tag, prop::sample::select(BLOCKS.to_vec()), children(5)).prop_map(|(tag, style, children)| {
        // Only text is in paragraphs and headings.
        let plain = children.iter().all(|child| matches!(child, Node::Text { .. }));
        Node::Block { tag: if plain { tag } else { "div" }, style, children }
    });
    let cell = (1usize..3, prop_oneof![15 => Just(1usize), 1 => 2usize..4], inner.clone());
    let row = (prop::sample::select(ROWS.to_vec()), prop::collection::vec(cell, 1..3));
    let row = row.prop_map(|(style, cells)| Row { style, cells });
    let rows = prop::collection::vec(row, 1..25);
    let table = (prop::sample::select(TABLES.to_vec()), 2usize..5, any::<bool>(), any::<bool>(), rows);
    prop_oneof![
        3 => block,
        1 => children(5).prop_map(Node::List),
        1 => (prop::sample::select(FLEXES.to_vec()), children(4)).prop_map(|(style, children)| Node::Flex { style, children }),
        2 => table.prop_map(|(style, columns, head, foot, rows)| Node::Table { style, columns, head, foot, rows }),
    ]
}

fn documents() -> impl Strategy<Value = (&'static str, Vec<Node>)> {
    let node = text().prop_recursive(3, 60, 6, nodes);
    (prop::sample::select(PAGES.to_vec()), prop::collection::vec(node, 1..8))
}

/// Writes a document and remembers what its pages must show.
#[derive(Default)]
struct Writer {
    html: String,
    next: usize,
    /// Words that are on one page each.
    once: BTreeSet<String>,
    /// Everything between them.
    kanji: usize,
    /// Words of one cell or paragraph, in order.
    orders: Vec<Vec<String>>,
    /// Words of a table's head, and of its rows.
    heads: Vec<(Vec<String>, Vec<String>)>,
    /// Words that pages may show several times.
    repeated: BTreeSet<String>,
    depth: usize,
}

impl Writer {
    fn word(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    fn all(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text { words, kanji, tag } => {
                let words: Vec<String> = (0..*words).map(|_| self.word("w")).collect();
                let text = words.join(if *kanji % 2 == 0 { " " } else { "、" });
                let filler = "請求書".repeat(*kanji);
                self.kanji += filler.chars().count() + text.matches('、').count();
                self.html += &match *tag {
                    "" => format!("{text} {filler} "),
                    tag => format!("<{tag}>{text}</{tag}> {filler} "),
                };
                self.once.extend(words.iter().cloned());
                self.orders.push(words);
            }
            Node::Block { tag, style, children } => {
                self.html += &format!("<{tag} style=\"{style}\">\n");
                self.all(children);
                self.html += &format!("</{tag}>\n");
            }
            Node::List(children) => {
                self.html += "<ul>";
                for child in children {
                    self.html += "<li>";
                    self.node(child);
                }
                self.html += "</ul>\n";
            }
            Node::Flex { style, children } => {
                self.html += &format!("<div style=\"display: flex; {style}\">");
                for child in children {
                    self.html += "<div>";
                    self.node(child);
                    self.html += "</div>";
                }
                self.html += "</div>\n";
            }
            Node::Table { style, columns, head, foot, rows } => self.table(style, *columns, [*head, *foot], rows),
        }
    }

    fn table(&mut self, style: &str, columns: usize, [head, foot]: [bool; 2], rows: &[Row]) {
        self.depth += 1;
        self.html += &format!("<table style=\"{style}\">");
        let mut head_words = Vec::new();
        for (wanted, tag, cell) in [(head, "thead", "th"), (foot, "tfoot", "td")] {
            if !wanted {
                continue;
            }
            let words: Vec<String> = (0..columns).map(|_| self.word("h")).collect();
            let cells = words.iter().map(|word| format!("<{cell}>{word}</{cell}>")).collect::<String>();
            self.html += &format!("<{tag}><tr>{cells}</tr></{tag}>");
            self.repeated.extend(words.iter().cloned());
            if tag == "thead" {
                head_words = words;
            }
        }
        let before = self.next;
        self.html += "<tbody>";
        for row in rows {
            self.html += &format!("<tr style=\"{}\">", row.style);
            for (columns, rows, node) in &row.cells {
                self.html += &format!("<td colspan={columns} rowspan={rows}>");
                self.node(node);
                self.html += "</td>";
            }
            self.html += "</tr>\n";
        }
        self.html += "</tbody></table>\n";
        self.depth -= 1;
        if self.depth == 0 {
            let words = (before + 1..=self.next).map(|number| format!("w{number}")).collect();
            self.heads.push((head_words, words));
        }
    }
}

/// The words of a text: a letter with digits behind it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| word.starts_with(['w', 'h']))
}

fn on_page(document: &Document) -> Vec<Vec<&str>> {
    let pages = document.pages.iter().map(|page| {
        let items = page.layers.iter().flat_map(|layer| &layer.items);
        let texts = items.filter_map(|item| if let Item::Text(text) = item { Some(&*text.text) } else { None });
        texts.flat_map(words).collect()
    });
    pages.collect()
}

/// What lies beyond the paper, if anything does.
fn beyond(document: &Document) -> Option<String> {
    const HAIR: f32 = 2.01;
    for (number, page) in document.pages.iter().enumerate() {
        let inside =
            |x: f32, y: f32| (-HAIR..=page.width + HAIR).contains(&x) && (-HAIR..=page.height + HAIR).contains(&y);
        for layer in &page.layers {
            for shape in &layer.shapes {
                let corners = match shape {
                    Shape::Rectangle { area, .. } => {
                        vec![(area.x, area.y), (area.x + area.width, area.y + area.height)]
                    }
                    Shape::Outline(outline) => outline.paths.iter().map(|path| path.start).collect(),
                    Shape::Dashes { from, to, .. } => vec![*from, *to],
                };
                if !corners.iter().all(|(x, y)| inside(*x, *y)) {
                    return Some(format!("page {}: {shape:?}", number + 1));
                }
            }
            for item in &layer.items {
                if let Item::Text(text) = item
                    && !(inside(text.x, text.y) && inside(text.x + text.width, text.y))
                {
                    return Some(format!("page {}: {text:?}", number + 1));
                }
            }
        }
    }
    None
}

fn check(writer: &Writer, document: &Document) -> TestCaseResult {
    prop_assert_eq!(beyond(document), None);
    let pages = on_page(document);
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for word in pages.iter().flatten() {
        *shown.entry(word).or_default() += 1;
    }
    for word in &writer.once {
        prop_assert_eq!(shown.get(word.as_str()), Some(&1), "{} in {:?}", word, pages);
    }
    for word in &writer.repeated {
        prop_assert!(shown.contains_key(word.as_str()), "{} is lost", word);
    }
    prop_assert_eq!(shown.len(), writer.once.len() + writer.repeated.len());
    let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
    let others: usize = items
        .map(|item| match item {
            Item::Text(text) => text.text.chars().filter(|letter| "請求書、".contains(*letter)).count(),
            _ => 0,
        })
        .sum();
    prop_assert_eq!(others, writer.kanji);
    let order: BTreeMap<&str, usize> = pages.iter().flatten().enumerate().map(|(at, word)| (*word, at)).collect();
    for words in &writer.orders {
        prop_assert!(words.iter().map(|word| order[word.as_str()]).is_sorted(), "{:?} in {:?}", words, pages);
    }
    for (head, body) in &writer.heads {
        let body: BTreeSet<&str> = body.iter().map(String::as_str).collect();
        for page in pages.iter().filter(|page| page.iter().any(|word| body.contains(word))) {
            for word in head {
                prop_assert!(page.contains(&word.as_str()), "no head {} on a page with {:?}", word, page);
            }
        }
    }
    Ok(())
}

#[test]
fn random_documents_keep_every_word_on_the_pages() {
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let faces = Faces::built_in();
    let (laid_out, pages) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(
        &documents(),
        |(page, nodes)| {
            let html = format!(
                "<!DOCTYPE html><html lang=ja><head><meta charset=utf-8><title>x</title><style>@page {{ {page} }} \
             body {{ margin: 0; font: 9px/1.4 \"BIZ UDPGothic\" }} td, th {{ border: 1px solid #999; padding: 2px }} \
             ul {{ padding-left: 20px }} blockquote {{ margin: 5px 8px }}</style></head><body>"
            );
            let mut writer = Writer { html, ..Writer::default() };
            writer.all(&nodes);
            assert_agrees("a random document", &writer.html);
            match layout::lay_out(&writer.html, &faces, &|_| Err("no pictures".to_owned())) {
                Ok(document) => {
                    laid_out.set(laid_out.get() + 1);
                    pages.set(pages.get() + document.pages.len());
                    check(&writer, &document).map_err(|error| TestCaseError::fail(format!("{error}\n{}", writer.html)))
                }
                // Small pages do not hold every table; nothing else is wrong with these documents.
                Err(faults) => {
                    let fits = |message: &str| {
                        message.contains("expected content that fits")
                            || message.contains("with rowspan")
                            || message.contains("between the margins")
                    };
                    prop_assert!(faults.iter().all(|fault| fits(&fault.message)), "{:?}\n{}", faults, writer.html);
                    Ok(())
                }
            }
        },
    );
    match result {
        // The document says more than the tree it was made from.
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
    assert!(laid_out.get() >= 100, "only {} documents were laid out", laid_out.get());
    assert!(pages.get() > 2 * laid_out.get(), "only {} pages", pages.get());
}
