//! [`Wording`]: a text of the issuer for readers of each language.

use super::language::Language;

/// A text, or anything else that readers see, in the languages of invoices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wording<T = String> {
    /// One for every language: the only one there is.
    Only(T),
    /// One for each language.
    Both {
        /// Japanese.
        ja: T,
        /// English.
        en: T,
    },
}

impl<T> Wording<T> {
    /// The one for readers of a language.
    pub fn of(&self, language: Language) -> &T {
        match (self, language) {
            (Wording::Only(text), _) | (Wording::Both { ja: text, .. }, Language::Japanese) => text,
            (Wording::Both { en, .. }, Language::English) => en,
        }
    }
}

impl Wording {
    /// Whether readers of some language see that text.
    pub fn has(&self, text: &str) -> bool {
        [Language::Japanese, Language::English].into_iter().any(|language| self.of(language) == text)
    }

    /// A text in both languages.
    pub fn both(ja: &str, en: &str) -> Wording {
        Wording::Both { ja: ja.to_owned(), en: en.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fall_back_to_the_only_language() {
        let only = Wording::Only("データ".to_owned());
        assert_eq!((only.of(Language::Japanese).as_str(), only.of(Language::English).as_str()), ("データ", "データ"));
        let both = Wording::both("データ", "Data");
        assert_eq!((both.of(Language::Japanese).as_str(), both.of(Language::English).as_str()), ("データ", "Data"));
    }
}
