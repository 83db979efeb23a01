//! [`Language`]: what an invoice is written in, and what a terminal shows.

/// The language of an invoice, or of what is printed on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Japanese,
    /// English.
    English,
}

impl Language {
    /// Both.
    pub const ALL: [Language; 2] = [Language::Japanese, Language::English];

    /// The BCP 47 tag, also the name in TOML.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Japanese => "ja",
            Language::English => "en",
        }
    }
}
