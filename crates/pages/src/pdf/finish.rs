//! What printpdf leaves open: exact widths, links, outline, structure, metadata, compression.

use lopdf::{Object, ObjectId, StringFormat, dictionary};

use super::{
    Error, Metadata, attachments, conformance,
    content::rounded,
    file::{File, deflated},
    fonts::{Font, Fonts},
    outline,
    structure::StructureTree,
};
use crate::layout::{Document, Link, Target};

/// Smaller streams do not get smaller.
const COMPRESSED_FROM: usize = 60;

/// Finishes the document and writes it.
pub(super) fn finish(
    mut raw: lopdf::Document,
    document: &Document,
    fonts: &Fonts,
    metadata: &Metadata<'_>,
) -> Result<Vec<u8>, Error> {
    let pages: Vec<ObjectId> = raw.page_iter().collect();
    set_widths(&mut raw, &pages, fonts)?;
    let annotations = add_links(&mut raw, document, &pages);
    let outline = outline::add(&mut raw, document, &pages);
    compress(&mut raw)?;
    attachments::add(&mut raw, metadata)?;
    let profile = raw.add_object(conformance::profile_stream()?);
    let description = raw.add_object(conformance::metadata_stream(metadata));
    let information = raw.trailer.get(b"Info").and_then(Object::as_reference).map_err(broken)?;
    raw.set_object(information, conformance::information(metadata));
    let mut structure = StructureTree::new(document, raw.max_id + 1);
    set_pages(&mut raw, document, &pages, annotations, &mut structure)?;
    let catalog = raw.catalog_mut().map_err(broken)?;
    if let Some(outline) = outline {
        catalog.set("Outlines", outline);
        // printpdf writes a string here, but it must be a name.
        catalog.set("PageMode", name("UseOutlines"));
    }
    catalog.set("Lang", Object::String(metadata.language.as_bytes().to_vec(), StringFormat::Literal));
    catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    catalog.set("Metadata", description);
    catalog.set("OutputIntents", vec![Object::Dictionary(conformance::output_intent(profile))]);
    catalog.set("MarkInfo", dictionary! { "Marked" => true });
    catalog.set("StructTreeRoot", structure.root());
    let mut file = File::new(structure.last());
    for (id, object) in std::mem::take(&mut raw.objects) {
        file.add(id, &object)?;
    }
    structure.write(&mut file, &pages)?;
    file.finish(&raw.trailer)
}

pub(super) fn broken(error: lopdf::Error) -> Error {
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
        if !font.forms.is_empty() {
            name_forms(raw, id, font)?;
        }
    }
    Ok(())
}

/// Copied text has kanji with their variation selectors, where characters of our own stood for both.
fn name_forms(raw: &mut lopdf::Document, id: ObjectId, font: &Font) -> Result<(), Error> {
    let map = raw.get_dictionary(id).and_then(|font| font.get(b"ToUnicode")).and_then(Object::as_reference);
    let map = raw.get_object_mut(map.map_err(broken)?).and_then(Object::as_stream_mut).map_err(broken)?;
    let mut text = String::from_utf8_lossy(&map.content).into_owned();
    let hexadecimal = |text: &str| text.encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
    for (stand_in, (character, selector)) in &font.forms {
        let [before, after] = [stand_in.to_string(), character.to_string() + &String::from_iter(*selector)];
        text = text.replace(&format!("<{}>", hexadecimal(&before)), &format!("<{}>", hexadecimal(&after)));
    }
    map.set_content(text.into_bytes());
    Ok(())
}

/// Adds the link annotations of all pages; returns their ids by page.
fn add_links(raw: &mut lopdf::Document, document: &Document, pages: &[ObjectId]) -> Vec<Vec<ObjectId>> {
    let of_page = |page: &crate::layout::Page| {
        let links = page.links.iter();
        links.map(|link| raw.add_object(annotation(link, page.height, document, pages))).collect()
    };
    document.pages.iter().map(of_page).collect()
}

fn annotation(link: &Link, height: f32, document: &Document, pages: &[ObjectId]) -> lopdf::Dictionary {
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
            annotation.set("Contents", lopdf::text_string(address));
            let address = Object::String(address.as_bytes().to_vec(), StringFormat::Literal);
            annotation.set("A", dictionary! { "S" => "URI", "URI" => address });
        }
        Target::Place { page, top } => {
            annotation.set("Dest", destination(document, pages, *page, *top as f32 / 100.0));
        }
    }
    annotation
}

/// Ties pages and annotations to the structure.
fn set_pages(
    raw: &mut lopdf::Document,
    document: &Document,
    pages: &[ObjectId],
    annotations: Vec<Vec<ObjectId>>,
    structure: &mut StructureTree<'_>,
) -> Result<(), Error> {
    for (((page, id), annotations), number) in document.pages.iter().zip(pages).zip(annotations).zip(0..) {
        for (link, annotation) in page.links.iter().zip(&annotations) {
            let Some(element) = link.element else { continue };
            let key = structure.add_link(element, *annotation, number);
            raw.get_dictionary_mut(*annotation).map_err(broken)?.set("StructParent", Object::Integer(key));
        }
        let dict = raw.get_dictionary_mut(*id).map_err(broken)?;
        dict.set("StructParents", Object::Integer(i64::from(number)));
        if annotations.is_empty() {
            dict.remove(b"Annots");
        } else {
            dict.set("Annots", annotations.into_iter().map(Object::Reference).collect::<Vec<Object>>());
            dict.set("Tabs", name("S"));
        }
    }
    Ok(())
}

pub(super) fn destination(document: &Document, pages: &[ObjectId], page: usize, top: f32) -> Object {
    let height = document.pages.get(page).map_or(0.0, |page| page.height);
    let id = pages.get(page).copied().unwrap_or_default();
    vec![Object::Reference(id), name("XYZ"), Object::Null, real(height - top), Object::Null].into()
}

/// Gives the pages, in order, their compressed content streams.
pub(super) fn set_contents(raw: &mut lopdf::Document, streams: Vec<Vec<u8>>) -> Result<(), Error> {
    let pages: Vec<ObjectId> = raw.page_iter().collect();
    for (page, content) in pages.into_iter().zip(streams) {
        let id = raw.get_dictionary(page).and_then(|page| page.get(b"Contents")).and_then(Object::as_reference);
        let stream = raw.get_object_mut(id.map_err(broken)?).and_then(Object::as_stream_mut).map_err(broken)?;
        stream.set_content(content);
        stream.dict.set("Filter", name("FlateDecode"));
    }
    Ok(())
}

fn compress(raw: &mut lopdf::Document) -> Result<(), Error> {
    for object in raw.objects.values_mut() {
        let Object::Stream(stream) = object else { continue };
        if stream.dict.has(b"Filter") || stream.content.len() < COMPRESSED_FROM {
            continue;
        }
        let compressed = deflated(&stream.content)?;
        stream.set_content(compressed);
        stream.dict.set("Filter", name("FlateDecode"));
    }
    Ok(())
}
