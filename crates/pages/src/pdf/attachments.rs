//! Embedded files (ISO 32000-2, 7.11.4 and 14.13).

use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat, dictionary};

use super::{
    error::Error,
    file::deflated,
    metadata::{Attachment, Metadata},
};

/// Adds the attachments and lists them in the catalog.
pub(super) fn add(raw: &mut lopdf::Document, metadata: &Metadata<'_>) -> Result<(), Error> {
    let mut attachments = metadata.attachments.clone();
    if attachments.is_empty() {
        return Ok(());
    }
    // Name trees are sorted.
    attachments.sort_by_key(|attachment| attachment.name);
    let mut names = Vec::new();
    let mut files = Vec::new();
    for attachment in attachments {
        let file = add_one(raw, &attachment, metadata)?;
        names.extend([lopdf::text_string(attachment.name), Object::Reference(file)]);
        files.push(Object::Reference(file));
    }
    let catalog = raw.catalog_mut()?;
    catalog.set("AF", files);
    catalog.set("Names", dictionary! { "EmbeddedFiles" => dictionary! { "Names" => names } });
    Ok(())
}

fn add_one(raw: &mut lopdf::Document, attachment: &Attachment<'_>, metadata: &Metadata<'_>) -> Result<ObjectId, Error> {
    let size = i64::try_from(attachment.bytes.len()).unwrap_or(i64::MAX);
    let date = metadata.date.format("D:%Y%m%d000000Z").to_string().into_bytes();
    let dict = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => attachment.media_type,
        "Params" => dictionary! {
            "Size" => Object::Integer(size),
            "ModDate" => Object::String(date, StringFormat::Literal),
        },
        "Filter" => "FlateDecode",
    };
    let content = raw.add_object(Stream::new(dict, deflated(attachment.bytes)?));
    // An ASCII name for readers that do not support the Unicode one.
    let plain: Vec<u8> = attachment.name.chars().map(|one| if one.is_ascii() { one as u8 } else { b'_' }).collect();
    let file: Dictionary = dictionary! {
        "Type" => "Filespec",
        "F" => Object::String(plain, StringFormat::Literal),
        "UF" => lopdf::text_string(attachment.name),
        "Desc" => lopdf::text_string(attachment.description),
        // The pages present this data; "Source" would be what the pages were made from.
        "AFRelationship" => "Data",
        "EF" => dictionary! { "F" => content, "UF" => content },
    };
    Ok(raw.add_object(file))
}
