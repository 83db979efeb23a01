//! What printpdf leaves open: exact widths, links, outline, information, compression, `/ID`.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use lopdf::{Dictionary, Object, ObjectId, StringFormat, dictionary};
use sha2::{Digest, Sha256};

use super::{Error, Metadata, content::rounded, fonts::Fonts};
use crate::layout::{Document, Heading, Link, Target};

/// Level 5 is within some percent of the best level's size in half the time.
const LEVEL: u32 = 5;
/// Smaller streams do not get smaller.
const COMPRESSED_FROM: usize = 60;

/// Finishes the document and writes it.
pub(super) fn finish(
    mut raw: lopdf::Document,
    document: &Document,
    fonts: &Fonts,
    metadata: &Metadata,
) -> Result<Vec<u8>, Error> {
    "1.7".clone_into(&mut raw.version);
    let pages: Vec<ObjectId> = raw.page_iter().collect();
    set_widths(&mut raw, &pages, fonts)?;
    for (page, id) in document.pages.iter().zip(&pages) {
        set_links(&mut raw, *id, &page.links, document, &pages)?;
    }
    let outline = add_outline(&mut raw, document, &pages);
    set_catalog(&mut raw, outline, metadata)?;
    set_information(&mut raw, metadata)?;
    compress(&mut raw)?;
    set_id(&mut raw, metadata);
    let mut bytes = Vec::new();
    raw.save_to(&mut bytes).map_err(|error| Error::new(format!("the PDF cannot be written: {error}")))?;
    Ok(bytes)
}

fn broken(error: lopdf::Error) -> Error {
    Error::new(format!("the PDF cannot be finished: {error}"))
}

fn name(text: &str) -> Object {
    Object::Name(text.as_bytes().to_vec())
}

fn real(value: f32) -> Object {
    Object::Real(rounded(value))
}

/// printpdf cuts widths to whole thousandths of an em, which adds up over a long line.
fn set_widths(raw: &mut lopdf::Document, pages: &[ObjectId], fonts: &Fonts) -> Result<(), Error> {
    let Some(page) = pages.first() else { return Ok(()) };
    let resources = raw.get_dictionary(*page).and_then(|page| page.get(b"Resources")).map_err(broken)?;
    let resources = raw.dereference(resources).and_then(|(_, object)| object.as_dict()).map_err(broken)?;
    let all = resources.get(b"Font").and_then(|fonts| raw.dereference(fonts)).map_err(broken)?.1;
    let all = all.as_dict().map_err(broken)?;
    let mut ids = Vec::new();
    for font in &fonts.fonts {
        ids.push(all.get(font.id.0.as_bytes()).and_then(Object::as_reference).map_err(broken)?);
    }
    for (id, font) in ids.into_iter().zip(&fonts.fonts) {
        let widths: Vec<Object> = font.widths.iter().skip(1).map(|width| real(*width)).collect();
        let descendants =
            raw.get_dictionary_mut(id).and_then(|font| font.get_mut(b"DescendantFonts")).map_err(broken)?;
        let descendant = descendants.as_array_mut().map_err(broken)?.first_mut();
        if let Some(Object::Dictionary(descendant)) = descendant {
            descendant.set("W", vec![Object::Integer(1), Object::Array(widths)]);
        }
    }
    Ok(())
}

fn set_links(
    raw: &mut lopdf::Document,
    page: ObjectId,
    links: &[Link],
    document: &Document,
    pages: &[ObjectId],
) -> Result<(), Error> {
    let height = raw
        .get_dictionary(page)
        .and_then(|page| page.get(b"MediaBox"))
        .and_then(Object::as_array)
        .ok()
        .and_then(|paper| paper.get(3).and_then(|top| top.as_float().ok()))
        .unwrap_or(0.0);
    let mut annotations = Vec::with_capacity(links.len());
    for link in links {
        let area = link.area;
        let corners = [area.x, height - area.y - area.height, area.x + area.width, height - area.y];
        let mut annotation = dictionary! {
            "Type" => "Annot",
            "Subtype" => "Link",
            "Rect" => corners.map(real).to_vec(),
            "Border" => vec![Object::Integer(0); 3],
            // Printed with the page (PDF/A, 6.3.2).
            "F" => 4,
        };
        match &link.target {
            Target::Address(address) => {
                let address = Object::String(address.as_bytes().to_vec(), StringFormat::Literal);
                annotation.set("A", dictionary! { "S" => "URI", "URI" => address });
            }
            Target::Place { page, top } => {
                annotation.set("Dest", destination(document, pages, *page, *top as f32 / 100.0));
            }
        }
        annotations.push(Object::Reference(raw.add_object(annotation)));
    }
    let page = raw.get_dictionary_mut(page).map_err(broken)?;
    if annotations.is_empty() {
        page.remove(b"Annots");
    } else {
        page.set("Annots", annotations);
    }
    Ok(())
}

fn destination(document: &Document, pages: &[ObjectId], page: usize, top: f32) -> Object {
    let height = document.pages.get(page).map_or(0.0, |page| page.height);
    let id = pages.get(page).copied().unwrap_or_default();
    vec![Object::Reference(id), name("XYZ"), Object::Null, real(height - top), Object::Null].into()
}

/// The headings as a tree: a heading holds those of a lower level behind it.
fn add_outline(raw: &mut lopdf::Document, document: &Document, pages: &[ObjectId]) -> Option<ObjectId> {
    if document.outline.is_empty() {
        return None;
    }
    let root = raw.new_object_id();
    let ids: Vec<ObjectId> = document.outline.iter().map(|_| raw.new_object_id()).collect();
    let parents = parents(&document.outline);
    let id_of = |index: Option<usize>| index.and_then(|index| ids.get(index).copied()).unwrap_or(root);
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); ids.len() + 1];
    for (index, parent) in parents.iter().enumerate() {
        groups[parent.map_or(0, |parent| parent + 1)].push(index);
    }
    for (index, heading) in document.outline.iter().enumerate() {
        let parent = parents[index];
        let siblings = &groups[parent.map_or(0, |parent| parent + 1)];
        let place = siblings.binary_search(&index).unwrap_or(0);
        let mut entry = dictionary! {
            "Title" => lopdf::text_string(&heading.title),
            "Parent" => id_of(parent),
            "Dest" => destination(document, pages, heading.page, heading.top),
        };
        if let Some(before) = place.checked_sub(1).and_then(|place| siblings.get(place)) {
            entry.set("Prev", id_of(Some(*before)));
        }
        if let Some(next) = siblings.get(place + 1) {
            entry.set("Next", id_of(Some(*next)));
        }
        add_family(&mut entry, &groups[index + 1], &ids);
        raw.set_object(ids[index], entry);
    }
    let mut top = dictionary! { "Type" => "Outlines" };
    add_family(&mut top, &groups[0], &ids);
    top.set("Count", Object::Integer(i64::try_from(ids.len()).unwrap_or(0)));
    raw.set_object(root, top);
    Some(root)
}

fn add_family(entry: &mut Dictionary, children: &[usize], ids: &[ObjectId]) {
    let id = |index: Option<&usize>| index.and_then(|index| ids.get(*index).copied());
    if let (Some(first), Some(last)) = (id(children.first()), id(children.last())) {
        entry.set("First", first);
        entry.set("Last", last);
        entry.set("Count", Object::Integer(i64::try_from(children.len()).unwrap_or(0)));
    }
}

/// For every heading the one it belongs to.
fn parents(outline: &[Heading]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(outline.len());
    for (index, heading) in outline.iter().enumerate() {
        while open.last().is_some_and(|last| outline[*last].level >= heading.level) {
            open.pop();
        }
        parents.push(open.last().copied());
        open.push(index);
    }
    parents
}

fn set_catalog(raw: &mut lopdf::Document, outline: Option<ObjectId>, metadata: &Metadata) -> Result<(), Error> {
    let catalog = raw.catalog_mut().map_err(broken)?;
    if let Some(outline) = outline {
        catalog.set("Outlines", outline);
        // printpdf writes a string here, but it must be a name.
        catalog.set("PageMode", name("UseOutlines"));
    }
    catalog.set("Lang", Object::String(metadata.language.as_bytes().to_vec(), StringFormat::Literal));
    catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    Ok(())
}

fn set_information(raw: &mut lopdf::Document, metadata: &Metadata) -> Result<(), Error> {
    let id = raw.trailer.get(b"Info").and_then(Object::as_reference).map_err(broken)?;
    let information = raw.get_dictionary_mut(id).map_err(broken)?;
    for key in ["GTS_PDFXVersion", "Identifier", "Trapped", "Keywords"] {
        information.remove(key.as_bytes());
    }
    let date = metadata.date.format("D:%Y%m%d000000Z").to_string();
    for key in ["CreationDate", "ModDate"] {
        information.set(key, Object::String(date.clone().into_bytes(), StringFormat::Literal));
    }
    Ok(())
}

fn compress(raw: &mut lopdf::Document) -> Result<(), Error> {
    for object in raw.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        if stream.dict.has(b"Filter") || stream.content.len() < COMPRESSED_FROM {
            continue;
        }
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(stream.content.len() / 3), Compression::new(LEVEL));
        let written = encoder.write_all(&stream.content).and_then(|()| encoder.finish());
        let compressed = written.map_err(|error| Error::new(format!("the PDF cannot be compressed: {error}")))?;
        stream.set_content(compressed);
        stream.dict.set("Filter", name("FlateDecode"));
    }
    Ok(())
}

/// The same content has the same `/ID`; printpdf's is random.
fn set_id(raw: &mut lopdf::Document, metadata: &Metadata) {
    let mut hash = Sha256::new();
    for text in [&metadata.title, &metadata.author, &metadata.subject, &metadata.language] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.update(metadata.date.to_string());
    for object in raw.objects.values() {
        if let Object::Stream(stream) = object {
            hash.update(&stream.content);
        }
    }
    let id: Vec<u8> = hash.finalize().iter().take(16).copied().collect();
    let id = Object::String(id, StringFormat::Hexadecimal);
    raw.trailer.set("ID", vec![id.clone(), id]);
}
