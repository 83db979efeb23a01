//! Adds to printpdf's document what it does not write: exact widths, links, outline, structure, metadata, compression.

use lopdf::{Object, ObjectId, Stream, StringFormat, dictionary};

use super::{
    attachments, conformance,
    error::Error,
    file::{File, deflated},
    fonts::Fonts,
    metadata::Metadata,
    objects::{destination, name, real},
    outline,
    structure::StructureTree,
};
use crate::layout::{Document, Link, Target};

/// Smaller streams do not shrink.
const COMPRESSED_FROM: usize = 60;

/// Finishes the document and writes it.
pub(super) fn finish(
    mut raw: lopdf::Document,
    document: &Document,
    fonts: &Fonts,
    contents: Vec<Vec<u8>>,
    metadata: &Metadata<'_>,
) -> Result<Vec<u8>, Error> {
    let pages: Vec<ObjectId> = raw.page_iter().collect();
    set_widths(&mut raw, &pages, fonts)?;
    compress(&mut raw)?;
    let outline = outline::add(&mut raw, document, &pages);
    attachments::add(&mut raw, metadata)?;
    let profile = raw.add_object(conformance::profile_stream()?);
    let description = raw.add_object(conformance::metadata_stream(metadata));
    let information = raw.trailer.get(b"Info").and_then(Object::as_reference)?;
    raw.set_object(information, conformance::information(metadata));
    let annotations = document.pages.iter().map(|page| page.links.len()).sum::<usize>();
    let first = raw.max_id + 1 + u32::try_from(annotations).unwrap_or(u32::MAX);
    let mut structure = StructureTree::new(document, first);
    set_pages(&mut raw, document, &pages, contents, &mut structure)?;
    let catalog = raw.catalog_mut()?;
    if let Some(outline) = outline {
        catalog.set("Outlines", outline);
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

/// Replaces printpdf's widths, which are truncated to thousandths of an em and add up over a long line.
fn set_widths(raw: &mut lopdf::Document, pages: &[ObjectId], fonts: &Fonts) -> Result<(), Error> {
    let Some(page) = pages.first() else { return Ok(()) };
    let resources = raw.get_dictionary(*page).and_then(|page| page.get_deref(b"Resources", raw))?;
    let all = resources.as_dict().and_then(|resources| resources.get_deref(b"Font", raw))?;
    let all = all.as_dict()?.clone();
    for font in &fonts.fonts {
        let id = all.get(font.id.0.as_bytes()).and_then(Object::as_reference)?;
        let descendants = raw.get_dictionary_mut(id).and_then(|font| font.get_mut(b"DescendantFonts"));
        let descendant = descendants.and_then(Object::as_array_mut)?.first_mut();
        if let Some(Object::Dictionary(descendant)) = descendant {
            let widths: Vec<Object> = font.widths.iter().map(|width| real(*width)).collect();
            descendant.set("W", vec![Object::Integer(1), Object::Array(widths)]);
        }
    }
    Ok(())
}

fn annotation(link: &Link, height: f32, document: &Document, pages: &[ObjectId]) -> lopdf::Dictionary {
    let area = link.area;
    let corners = [area.x, height - area.y - area.height, area.x + area.width, height - area.y];
    let mut annotation = dictionary! {
        "Type" => "Annot",
        "Subtype" => "Link",
        "Rect" => corners.map(real).to_vec(),
        "Border" => vec![Object::Integer(0); 3],
        // Links are printed with the page (PDF/A, 6.3.2).
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

/// Sets the pages' contents and links, and connects both to the structure.
fn set_pages(
    raw: &mut lopdf::Document,
    document: &Document,
    pages: &[ObjectId],
    contents: Vec<Vec<u8>>,
    structure: &mut StructureTree<'_>,
) -> Result<(), Error> {
    for (((page, id), content), number) in document.pages.iter().zip(pages).zip(contents).zip(0..) {
        let mut links = Vec::with_capacity(page.links.len());
        for link in &page.links {
            let mut annotation = annotation(link, page.height, document, pages);
            let place = raw.new_object_id();
            if let Some(element) = link.element {
                annotation.set("StructParent", Object::Integer(structure.add_link(element, place, number)));
            }
            raw.set_object(place, annotation);
            links.push(Object::Reference(place));
        }
        let dict = raw.get_dictionary_mut(*id)?;
        dict.set("StructParents", Object::Integer(i64::from(number)));
        dict.remove(b"Annots");
        if !links.is_empty() {
            dict.set("Annots", links);
            dict.set("Tabs", name("S"));
        }
        let stream = dict.get(b"Contents").and_then(Object::as_reference)?;
        raw.set_object(stream, Stream::new(dictionary! { "Filter" => "FlateDecode" }, content));
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
