//! [`Error`]: why no PDF could be written.

use std::fmt;

/// Why no PDF could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub(super) message: String,
    /// Name of the font file at fault, as the caller gave it.
    pub file: Option<String>,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), file: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The document that printpdf made is not as `finish` expects it.
impl From<lopdf::Error> for Error {
    fn from(error: lopdf::Error) -> Self {
        Self::new(format!("the PDF cannot be finished: {error}"))
    }
}
