//! What tests share.

/// What a PDF file says about itself in tests of its pages: nothing.
pub(crate) fn bare_metadata() -> pages::pdf::Metadata<'static> {
    pages::pdf::Metadata {
        program: "tests".to_owned(),
        title: String::new(),
        author: String::new(),
        subject: String::new(),
        language: "ja".to_owned(),
        date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).unwrap(),
        attachments: Vec::new(),
    }
}
