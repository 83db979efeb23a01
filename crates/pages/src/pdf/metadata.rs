//! Metadata of the file and the files embedded in it.

/// Metadata of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// The program that made the file.
    pub program: String,
    /// Title, which viewers show in the window's title bar.
    pub title: String,
    /// Who issued the document.
    pub author: String,
    /// Subject.
    pub subject: String,
    /// Language tag, such as `ja`.
    pub language: String,
    /// The date of creation; the clock is never read.
    pub date: chrono::NaiveDate,
    /// Embedded files.
    pub attachments: Vec<Attachment<'a>>,
}

/// A file to be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// File name under which readers save it.
    pub name: &'a str,
    /// Its media type, such as `application/json`.
    pub media_type: &'a str,
    /// Description for readers' lists of attachments.
    pub description: &'a str,
    /// Content of the file.
    pub bytes: &'a [u8],
}
