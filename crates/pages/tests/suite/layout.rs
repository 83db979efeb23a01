//! The closed list of HTML and CSS: a page for each entry, and the examples that template authors read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pages::layout::{Document, Faces, Fault, Item, Picture, lay_out};

fn laid_out(folder: &Path, html: &str) -> Result<Document, Vec<Fault>> {
    let image = |src: &str| {
        let bytes = std::fs::read(folder.join(src)).map_err(|error| error.to_string())?;
        Picture::read(&bytes).map(Arc::new)
    };
    lay_out(html, &Faces::built_in(), &image)
}

/// `line:column: message`, and the hint if there is one.
fn told(faults: &[Fault]) -> String {
    let lines = faults.iter().map(|fault| {
        let hint = fault.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{}:{}: {}{hint}", fault.line, fault.column, fault.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn words(document: &Document) -> usize {
    let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
    items.filter(|item| matches!(item, Item::Text(_))).count()
}

/// The pages of `tests/layout`, laid out.
pub(crate) fn feature_pages() -> Vec<(PathBuf, Document)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layout");
    let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<(PathBuf, Document)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .map(|path| {
            let html = std::fs::read_to_string(&path).unwrap();
            let document = laid_out(&folder, &html);
            let document = document.unwrap_or_else(|faults| panic!("{}:{}", path.display(), told(&faults)));
            (path, document)
        })
        .collect();
    assert!(pages.len() >= 40, "found {} pages", pages.len());
    pages
}

#[test]
fn every_feature_page_is_in_the_closed_list() {
    for (path, document) in feature_pages() {
        assert!(words(&document) > 0, "{}", path.display());
    }
}

/// The fenced blocks of a Markdown text: language and content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut parts = text.split("```").skip(1).step_by(2);
    parts.by_ref().map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn examples_for_template_authors_are_laid_out_or_refused_as_they_say() {
    let readme = include_str!("../../../../templates/README.md");
    let blocks = blocks(readme);
    let mut examples = 0;
    for (index, (language, html)) in blocks.iter().enumerate().filter(|(_, (language, _))| *language == "html") {
        assert_eq!(*language, "html");
        // The line of the doctype is not shown.
        let result = laid_out(Path::new(""), &format!("<!DOCTYPE html>{html}"));
        let refused = blocks.get(index + 1).filter(|(language, _)| *language == "text");
        match (result, refused) {
            (Ok(document), None) => assert!(words(&document) > 0, "{html}"),
            (Err(faults), Some((_, expected))) => {
                let mut faults = faults;
                for fault in faults.iter_mut().filter(|fault| fault.line == 1) {
                    fault.column -= u32::try_from("<!DOCTYPE html>".len()).unwrap();
                }
                assert_eq!(told(&faults), expected.trim(), "{html}");
            }
            (Ok(_), Some((_, expected))) => panic!("{html} is laid out, expected {expected}"),
            (Err(faults), None) => panic!("{html} is refused: {}", told(&faults)),
        }
        examples += 1;
    }
    assert!(examples >= 7, "found {examples} examples");
}
