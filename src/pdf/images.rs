//! Pictures as XObjects: JPEG files as they are, pixels with their alpha as a soft mask.

use std::collections::BTreeMap;

use printpdf::{
    DictItem, ExternalStream, ExternalXObject, PdfDocument, RawImage, RawImageData, RawImageFormat, XObject, XObjectId,
};

use crate::layout::{Picture, PictureData};

/// The resource name of a picture.
pub(super) fn id(index: usize) -> XObjectId {
    XObjectId(format!("i{index}"))
}

/// Adds the document's pictures under their names.
pub(super) fn add_to(pdf: &mut PdfDocument, pictures: &[Picture]) {
    for (index, picture) in pictures.iter().enumerate() {
        let object = match &picture.data {
            PictureData::Jpeg { bytes, components } => jpeg(picture, bytes, *components),
            PictureData::Pixels { rgb, alpha } => pixels(picture, rgb, alpha.as_deref()),
            // Drawn on the page itself.
            PictureData::Outlines(_) => continue,
        };
        pdf.resources.xobjects.map.insert(id(index), object);
    }
}

fn jpeg(picture: &Picture, bytes: &[u8], components: u8) -> XObject {
    let name = |name: &str| DictItem::Name(name.as_bytes().to_vec());
    let space = if components == 1 { "DeviceGray" } else { "DeviceRGB" };
    let dict = BTreeMap::from([
        ("Type".to_owned(), name("XObject")),
        ("Subtype".to_owned(), name("Image")),
        ("Width".to_owned(), DictItem::Int(picture.width as i64)),
        ("Height".to_owned(), DictItem::Int(picture.height as i64)),
        ("ColorSpace".to_owned(), name(space)),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Filter".to_owned(), name("DCTDecode")),
    ]);
    let stream = ExternalStream { dict, content: bytes.to_vec(), compress: false };
    XObject::External(ExternalXObject { stream, width: None, height: None, dpi: None })
}

fn pixels(picture: &Picture, rgb: &[u8], alpha: Option<&[u8]>) -> XObject {
    let (pixels, data_format) = match alpha {
        None => (rgb.to_vec(), RawImageFormat::RGB8),
        Some(alpha) => {
            let pixels = rgb.chunks_exact(3).zip(alpha).flat_map(|(rgb, alpha)| [rgb[0], rgb[1], rgb[2], *alpha]);
            (pixels.collect(), RawImageFormat::RGBA8)
        }
    };
    XObject::Image(RawImage {
        pixels: RawImageData::U8(pixels),
        width: picture.width as usize,
        height: picture.height as usize,
        data_format,
        tag: Vec::new(),
    })
}
