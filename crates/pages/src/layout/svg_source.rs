//! Checks the elements of an SVG file before it is converted: refuses by name what a drawing of plain shapes does not
//! need, and small files that expand to huge drawings.
//!
//! In: the text. Out: the parsed document. The check works on parsed XML, so that a name in a comment does not count,
//! and an element with a namespace prefix does.

use std::collections::BTreeMap;

use usvg::roxmltree::{Document, Node, NodeType, ParsingOptions};

const SVG: &str = "http://www.w3.org/2000/svg";

/// No logo is larger.
const BYTES_MOST: usize = 10_000_000;
/// Most elements and texts in the file.
const NODES_MOST: u32 = 200_000;
/// The stages after this one recurse over the depth.
const DEPTH_MOST: usize = 100;
/// Shapes drawn, including each repetition by `<use>` and markers.
const SHAPES_MOST: u64 = 100_000;

/// Supported elements. Paint servers, clip paths and the like are allowed here and refused where a shape uses them.
const SUPPORTED: [&str; 29] = [
    "a",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "filter",
    "g",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "title",
    "use",
    "view",
    "solidColor",
    "color-profile",
];

/// Elements that are drawn.
const SHAPES: [&str; 9] = ["circle", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "use"];

/// Parses the file and checks its elements.
pub(super) fn parse(source: &str) -> Result<Document<'_>, String> {
    if source.len() > BYTES_MOST {
        return Err(format!("expected an SVG file of at most {BYTES_MOST} bytes, found {}", source.len()));
    }
    let allow_dtd = has_harmless_doctype(source)?;
    let options = ParsingOptions { allow_dtd, nodes_limit: NODES_MOST, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(source, options).map_err(|error| format!("not a usable SVG file: {error}"))?;
    let mut sheets = Vec::new();
    for node in document.descendants() {
        check(node, &mut sheets)?;
    }
    Shapes::new(&document, &sheets).check(document.root_element())?;
    Ok(document)
}

/// Whether the file has a document type, as Illustrator writes. A document type with declarations is refused: it
/// could define entities that expand to text, elements or other files.
fn has_harmless_doctype(source: &str) -> Result<bool, String> {
    let mut rest = source.trim_start_matches('\u{feff}').trim_start();
    while let Some(end) = [("<?", "?>"), ("<!--", "-->")].iter().find_map(|(start, end)| {
        let inside = rest.strip_prefix(start)?;
        inside.find(end).map(|at| start.len() + at + end.len())
    }) {
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    let Some(doctype) = rest.strip_prefix("<!DOCTYPE") else { return Ok(false) };
    let mut quote = None;
    for letter in doctype.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[') => return Err("expected an SVG file without declarations in its <!DOCTYPE>".to_owned()),
            (None, '>') => return Ok(true),
            (None, _) => {}
        }
    }
    Ok(false)
}

/// Checks a single node; adds the ids in style sheets to `sheets`.
fn check<'d>(node: Node<'d, '_>, sheets: &mut Vec<&'d str>) -> Result<(), String> {
    if node.pi().is_some_and(|instruction| instruction.target == "xml-stylesheet") {
        return Err("expected everything in one SVG file, found <?xml-stylesheet?>".to_owned());
    }
    // Editors store their own data in other namespaces; it is not drawn.
    if node.node_type() != NodeType::Element || node.tag_name().namespace() != Some(SVG) {
        return Ok(());
    }
    if node.ancestors().nth(DEPTH_MOST + 1).is_some() {
        return Err(format!("expected at most {DEPTH_MOST} nested elements in an SVG file"));
    }
    match node.tag_name().name() {
        "text" | "tspan" | "textPath" | "tref" => {
            return Err("expected outlines instead of text in an SVG file".to_owned());
        }
        "image" | "feImage" => return Err("expected no images in an SVG file".to_owned()),
        name if SUPPORTED.contains(&name) || name.starts_with("fe") => {}
        name => return Err(format!("the element <{name}> is not supported in an SVG file")),
    }
    let sheet = if node.tag_name().name() == "style" { node.text() } else { None };
    if sheet.is_some_and(|text| text.contains("@import")) {
        return Err("expected everything in one SVG file, found @import".to_owned());
    }
    if let Some(text) = sheet {
        sheets.extend(urls(text)?);
    }
    for attribute in node.attributes() {
        let is_link = node.tag_name().name() == "a" && attribute.name() == "href";
        if attribute.name() == "href" && !is_link && !attribute.value().trim().starts_with('#') {
            return Err(format!("expected everything in one SVG file, found href=\"{}\"", shorten(attribute.value())));
        }
        urls(attribute.value())?;
    }
    Ok(())
}

/// The ids in a value's `url(#id)`.
fn urls(value: &str) -> Result<Vec<&str>, String> {
    let mut ids = Vec::new();
    for part in value.split("url(").skip(1) {
        let target = part.split_once(')').map_or(part, |(target, _)| target);
        let target = target.trim().trim_matches(['"', '\'']);
        let id = target.strip_prefix('#');
        ids.push(id.ok_or_else(|| format!("expected everything in one SVG file, found url({})", shorten(target)))?);
    }
    Ok(ids)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(59).chain(['…']).collect()
}

/// Counts the shapes that each element draws.
struct Shapes<'d, 'i> {
    by_id: BTreeMap<&'d str, Node<'d, 'i>>,
    /// Ids in style sheets; they may apply to any element.
    by_sheets: &'d [&'d str],
    /// `None` while an element is being counted, to detect cycles.
    known: BTreeMap<usize, Option<u64>>,
}

impl<'d, 'i> Shapes<'d, 'i> {
    fn new(document: &'d Document<'i>, by_sheets: &'d [&'d str]) -> Shapes<'d, 'i> {
        let ids = document.descendants().filter_map(|node| Some((node.attribute("id")?, node)));
        Shapes { by_id: ids.collect(), by_sheets, known: BTreeMap::new() }
    }

    fn check(&mut self, root: Node<'d, 'i>) -> Result<(), String> {
        match self.count(root, 0)? {
            0..=SHAPES_MOST => Ok(()),
            _ => {
                Err(format!("expected at most {SHAPES_MOST} shapes in an SVG file, those that others repeat included"))
            }
        }
    }

    fn count(&mut self, node: Node<'d, 'i>, depth: usize) -> Result<u64, String> {
        if !node.is_element() {
            return Ok(0);
        }
        match self.known.get(&node.id().get_usize()) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => {
                return Err("expected elements of an SVG file that do not repeat each other in a circle".to_owned());
            }
            None => {}
        }
        if depth > DEPTH_MOST {
            return Err(format!("expected at most {DEPTH_MOST} elements in an SVG file that repeat each other"));
        }
        self.known.insert(node.id().get_usize(), None);
        let mut count: u64 = 1;
        for child in node.children() {
            count = count.saturating_add(self.count(child, depth + 1)?);
        }
        for attribute in node.attributes() {
            let is_link = attribute.name() == "href" && node.tag_name().name() != "a";
            let used = attribute.value().trim().strip_prefix('#').filter(|_| is_link);
            for id in urls(attribute.value())?.into_iter().chain(used) {
                count = count.saturating_add(self.count_of(id, node, depth)?);
            }
        }
        // A sheet's reference may apply to any shape; those still being counted would be cycles.
        if SHAPES.contains(&node.tag_name().name()) {
            for id in self.by_sheets {
                let target = self.by_id.get(id).map(|target| target.id().get_usize());
                if target.is_some_and(|target| self.known.get(&target) != Some(&None)) {
                    count = count.saturating_add(self.count_of(id, node, depth)?);
                }
            }
        }
        self.known.insert(node.id().get_usize(), Some(count));
        Ok(count)
    }

    /// Shapes drawn by a reference: a marker is drawn at every corner of the shape.
    fn count_of(&mut self, id: &str, user: Node<'d, 'i>, depth: usize) -> Result<u64, String> {
        let Some(target) = self.by_id.get(id).copied() else { return Ok(0) };
        let count = self.count(target, depth + 1)?;
        let corners = match target.tag_name().name() {
            "marker" => {
                ["d", "points"].iter().filter_map(|name| user.attribute(*name)).map(str::len).sum::<usize>() / 2
            }
            _ => 1,
        };
        Ok(count.saturating_mul(u64::try_from(corners.max(1)).unwrap_or(u64::MAX)))
    }
}
