//! Writes pictures as XObjects: JPEG files unchanged, pixels with their alpha channel as a soft mask.

use std::{collections::BTreeMap, sync::Arc};

use printpdf::{DictItem, ExternalStream, ExternalXObject, PdfDocument, XObject, XObjectId};

use super::content::picture_name;
use crate::layout::{Picture, PictureData};

/// Adds the document's pictures under their names.
pub(super) fn add_to(pdf: &mut PdfDocument, pictures: &[Arc<Picture>]) {
    for (index, picture) in pictures.iter().enumerate() {
        let stream = match &picture.data {
            PictureData::Jpeg { bytes, components: 1 } => image(picture, "DeviceGray", "DCTDecode", bytes),
            PictureData::Jpeg { bytes, .. } => image(picture, "DeviceRGB", "DCTDecode", bytes),
            PictureData::Pixels { rgb, alpha } => {
                let mut stream = image(picture, "DeviceRGB", "FlateDecode", rgb);
                if let Some(alpha) = alpha {
                    let mask = image(picture, "DeviceGray", "FlateDecode", alpha);
                    stream.dict.insert("SMask".to_owned(), DictItem::Stream { stream: mask });
                }
                stream
            }
            // `content` draws these on the page.
            PictureData::Outlines(_) => continue,
        };
        let object = XObject::External(ExternalXObject { stream, width: None, height: None, dpi: None });
        pdf.resources.xobjects.map.insert(XObjectId(picture_name(index)), object);
    }
}

/// An image whose content is already encoded.
fn image(picture: &Picture, space: &str, filter: &str, content: &[u8]) -> ExternalStream {
    let name = |name: &str| DictItem::Name(name.as_bytes().to_vec());
    let dict = BTreeMap::from([
        ("Type".to_owned(), name("XObject")),
        ("Subtype".to_owned(), name("Image")),
        ("Width".to_owned(), DictItem::Int(picture.width as i64)),
        ("Height".to_owned(), DictItem::Int(picture.height as i64)),
        ("ColorSpace".to_owned(), name(space)),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Filter".to_owned(), name(filter)),
    ]);
    ExternalStream { dict, content: content.to_vec(), compress: false }
}
