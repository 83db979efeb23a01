//! Functions under fuzzing, one for each reader: they accept the bytes or refuse them with a reason. Tests run them,
//! too, on the seed files.

use pages::layout::{Faces, Picture, PictureData, lay_out};
use pages::pdf::{Metadata, write};

/// HTML with its style sheets.
pub(super) fn html_layout(html: &str) {
    match lay_out(html, &Faces::built_in(), &|_| Err("no pictures".to_owned())) {
        Ok(document) => assert!(!document.pages.is_empty()),
        Err(faults) => assert!(!faults.is_empty()),
    }
}

/// A picture of any kind.
pub(super) fn image(bytes: &[u8]) {
    match Picture::read(bytes) {
        Ok(Picture { width, height, data: PictureData::Outlines(outlines) }) => {
            assert!(width > 0.0 && height > 0.0);
            assert!(outlines.iter().all(|outline| !outline.paths.is_empty()));
        }
        Ok(_) => {}
        Err(message) => assert!(!message.is_empty()),
    }
}

/// A font file: read, shaped and embedded.
pub(super) fn face(bytes: &[u8]) {
    let html = "<!DOCTYPE html><p>AVATAR Ta, 12 \u{20bb7}野家 葛\u{e0100}城";
    let faces = match Faces::with_files(vec![("face.ttf".to_owned(), bytes.to_vec())]) {
        Ok(faces) => faces,
        Err(error) => return assert!(!error.message.is_empty()),
    };
    match lay_out(html, &faces, &|_| Err("no pictures".to_owned())) {
        Ok(document) => {
            let metadata = Metadata {
                program: "fuzz".to_owned(),
                title: String::new(),
                author: String::new(),
                subject: String::new(),
                language: "ja".to_owned(),
                date: "2022-09-01".parse().expect("a date"),
                attachments: Vec::new(),
            };
            if let Err(error) = write(&document, &faces, &metadata) {
                assert!(!error.to_string().is_empty());
            }
        }
        Err(faults) => assert!(!faults.is_empty()),
    }
}
