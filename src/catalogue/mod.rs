//! The texts of the terminal in Japanese. English texts are written where they belong in the code; here they are the
//! keys, and a text without an entry stays English.
//!
//! Texts are composed before they come here: an entry such as `"{1} has no line {2}"` fits every text that could have been
//! composed that way, and what stands in its place takes over the parts. A part that is a text of the program is
//! translated in its turn; one between quotes or backticks is a name of the user's and stays as it is. A test goes
//! through all texts of the code and through every case of `tests/errors`, so that none is forgotten.

mod pattern;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::language::Language;
use pattern::{Pattern, Quotations};

/// The entries as a file.
#[derive(Deserialize)]
struct Sections {
    help: BTreeMap<String, String>,
    usage: BTreeMap<String, String>,
    terminal: BTreeMap<String, String>,
    messages: BTreeMap<String, String>,
    /// What stands inside other texts, and perhaps alone.
    parts: BTreeMap<String, String>,
}

/// The entries of a language.
struct Catalogue {
    texts: Entries,
    parts: Entries,
}

/// Entries that are found by a whole text, or else by a pattern that fits it.
struct Entries {
    plain: BTreeMap<String, String>,
    /// Those with the longest text of their own first: they fit the fewest other texts.
    composed: Vec<(Pattern, String)>,
}

impl Entries {
    fn of(all: impl IntoIterator<Item = (String, String)>) -> Entries {
        let (mut plain, mut composed) = (BTreeMap::new(), Vec::new());
        for (english, translated) in all {
            let pattern = Pattern::of(&english);
            match pattern.has_slots() {
                true => composed.push((pattern, translated)),
                false => drop(plain.insert(english, translated)),
            }
        }
        composed.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.own_length()));
        Entries { plain, composed }
    }

    /// What stands in the place of a text, with its parts in place.
    fn find(&self, text: &str, parts: &Entries, quotations: Quotations) -> Option<String> {
        if let Some(translated) = self.plain.get(text) {
            return Some(translated.clone());
        }
        let fitting =
            self.composed.iter().find_map(|(pattern, translated)| Some((pattern.fit(text, quotations)?, translated)));
        fitting.map(|(found, translated)| {
            pattern::fill(translated, |slot| {
                let Some(part) = found.iter().find(|part| part.slot == slot) else { return Cow::Borrowed("") };
                // A part is shorter than its whole, so this ends.
                let translated = (!part.is_quoted).then(|| parts.find(part.text, parts, Quotations::Whole)).flatten();
                translated.map_or(Cow::Borrowed(part.text), Cow::Owned)
            })
        })
    }
}

/// The Japanese texts; empty if the file were damaged, which a test excludes.
fn japanese() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let sections = toml::from_str::<Sections>(include_str!("ja.toml")).ok();
        let (texts, parts) = sections.map_or_else(Default::default, |all| {
            let texts = [all.help, all.usage, all.terminal, all.messages].into_iter().flatten().collect();
            (texts, all.parts)
        });
        let texts: Vec<(String, String)> = texts;
        Catalogue { texts: Entries::of(texts), parts: Entries::of(parts) }
    })
}

/// A text in that language, or in English where the catalogue does not have it.
pub fn translated(text: &str, language: Language) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(text),
        Language::Japanese => {
            let Catalogue { texts, parts } = japanese();
            // Some parts stand alone elsewhere, as a hint of their own.
            let found = texts
                .find(text, parts, Quotations::Whole)
                .or_else(|| parts.find(text, parts, Quotations::Whole))
                .or_else(|| texts.find(text, parts, Quotations::Cut));
            found.map_or(Cow::Borrowed(text), Cow::Owned)
        }
    }
}

/// What stands in the place of a text without parts in Japanese.
pub fn whole(text: &str) -> Option<&'static str> {
    japanese().texts.plain.get(text).map(String::as_str)
}

/// The language of a locale such as `ja_JP.UTF-8`. Of the Japanese ones only those in UTF-8, the one encoding that is
/// printed.
pub fn of_locale(locale: &str) -> Language {
    let (name, encoding) = locale.split_once('.').unwrap_or((locale, "utf-8"));
    let encoding = encoding.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_japanese = name == "ja" || name.starts_with("ja_");
    match is_japanese && ["utf-8", "utf8"].contains(&encoding.as_str()) {
        true => Language::Japanese,
        false => Language::English,
    }
}

#[cfg(test)]
mod tests;
