//! The words of the templates by language, from `labels.toml`; a workspace can replace any of them.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, Problems, nearest};
use crate::model::invoice::DocumentKind;
use crate::model::settings::Language;
use crate::model::tax_table::TaxRegime;

const BUILT_IN: &str = include_str!("../../templates/labels.toml");

/// Prefix of keys for words that only credit notes use.
const CREDIT: &str = "credit_";

/// Prefixes of keys for words that only the review page uses.
const REVIEW: [&str; 2] = ["review_", "warning_"];

/// Keys of words that earlier versions printed. A `labels.toml` may still have them, and the copy kept of an issued month
/// always will: they are no mistyped keys.
const RETIRED: [&str; 2] = ["story_gone_resources", "story_no_group"];

/// Words by language and key.
type Words = BTreeMap<String, BTreeMap<String, String>>;

/// The words of invoices, of credit notes and of the review page.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    words: Words,
    credit_words: Words,
    review_words: Words,
}

impl Labels {
    /// Loads the built-in words, replaced by those of the workspace's `templates/labels.toml`.
    pub(super) fn load(own: Option<&str>, regime: TaxRegime) -> Result<Labels, Problems> {
        let mut labels = Labels::default();
        labels.merge(BUILT_IN, None)?;
        labels.choose(regime);
        if let Some(own) = own {
            let known = labels.words.clone();
            labels.merge(own, Some(&known))?;
        }
        labels.review_words = labels.words.clone();
        for words in labels.words.values_mut() {
            words.retain(|key, _| !REVIEW.iter().any(|prefix| key.starts_with(prefix)));
        }
        labels.credit_words = labels.words.clone();
        for words in labels.credit_words.values_mut() {
            let of_credit =
                |(key, word): (&String, &String)| Some((key.strip_prefix(CREDIT)?.to_owned(), word.clone()));
            let replacing: Vec<(String, String)> = words.iter().filter_map(of_credit).collect();
            words.extend(replacing);
        }
        Ok(labels)
    }

    /// Keeps the words of a tax regime: those of `[en-custom]` replace those of `[en]` under `custom`, and so on.
    fn choose(&mut self, regime: TaxRegime) {
        for language in Language::ALL.map(Language::tag) {
            for other in TaxRegime::NAMES.map(|(_, other)| other) {
                let of_regime = self.words.remove(&format!("{language}-{}", other.name())).unwrap_or_default();
                if other == regime {
                    self.words.entry(language.to_owned()).or_default().extend(of_regime);
                }
            }
        }
    }

    /// The words of a language; for a credit note, `credit_title` replaces `title` and so on.
    pub(super) fn of(&self, language: Language, kind: DocumentKind) -> &BTreeMap<String, String> {
        match kind {
            DocumentKind::Invoice => in_language(&self.words, language),
            DocumentKind::CreditNote => in_language(&self.credit_words, language),
        }
    }

    /// All words in a language, for the review page.
    pub(super) fn of_review(&self, language: Language) -> &BTreeMap<String, String> {
        in_language(&self.review_words, language)
    }

    fn merge(&mut self, text: &str, known: Option<&Words>) -> Result<(), Problems> {
        let place = |span| Place::span("templates/labels.toml", text, span);
        let (table, errors) = DeTable::parse_recoverable(text);
        let syntax = |error: &toml::de::Error| {
            Diagnostic::error(format!("TOML: {}", error.message())).at(place(error.span().unwrap_or(0..0)))
        };
        let mut problems: Problems = errors.iter().map(syntax).collect();
        for (language, words) in table.get_ref() {
            let DeValue::Table(words) = words.get_ref() else {
                problems.push(Diagnostic::error("expected a table of words such as [ja]").at(place(language.span())));
                continue;
            };
            let own = self.words.entry(language.get_ref().to_string()).or_default();
            for (key, word) in words {
                let name = key.get_ref().to_string();
                // A workspace may add words for its own templates, but a mistyped built-in key would go unnoticed.
                let built_in = known.and_then(|known| known.get(language.get_ref().as_ref()));
                let similar = built_in
                    .filter(|known| !known.contains_key(&name) && !RETIRED.contains(&name.as_str()))
                    .and_then(|known| nearest(&name, known.keys().map(String::as_str)));
                if let Some(similar) = similar {
                    let diagnostic = Diagnostic::error(format!("unknown label `{name}`")).at(place(key.span()));
                    problems.push(diagnostic.with_hint(format!("did you mean `{similar}`?")));
                }
                match word.get_ref() {
                    DeValue::String(word) => {
                        own.insert(name, word.to_string());
                    }
                    _ => {
                        let diagnostic = Diagnostic::error("expected a string").at(place(word.span()));
                        problems.push(diagnostic.with_hint(format!("write {name} = \"…\"")));
                    }
                }
            }
        }
        problems.check()
    }
}

fn in_language(words: &Words, language: Language) -> &BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    words.get(language.tag()).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_words() {
        let labels = Labels::load(None, TaxRegime::Japan).unwrap();
        let keys = |language| labels.of_review(language).keys().cloned().collect::<Vec<String>>();
        let of_invoices = labels.of(Language::Japanese, DocumentKind::Invoice);
        assert!(of_invoices.contains_key("title") && !of_invoices.contains_key("review_title"));
        assert!(keys(Language::Japanese).len() > of_invoices.len());
        assert_eq!(keys(Language::Japanese), keys(Language::English));
    }

    /// The words of a regime replace known ones only, and what a workspace says comes before both.
    #[test]
    fn a_regime_has_words_of_its_own() {
        let japan = Labels::load(None, TaxRegime::Japan).unwrap();
        let known: Vec<&String> = japan.of_review(Language::English).keys().collect();
        for regime in [TaxRegime::None, TaxRegime::Custom] {
            let own = Labels::load(Some("[en]\ntotal = \"Sum\"\n"), regime).unwrap();
            for language in Language::ALL {
                assert_eq!(own.of_review(language).keys().collect::<Vec<&String>>(), known);
                for (key, word) in own.of(language, DocumentKind::Invoice) {
                    let is_japans = ["消費税", "軽減", "登録番号", "Consumption"].iter().any(|of| word.contains(of));
                    // Under Japan's regime alone there are such items and amounts.
                    let is_unused = ["reduced_note", "tax_jpy"].contains(&key.as_str());
                    assert!(!is_japans || is_unused, "{key} = {word}");
                }
            }
            assert_eq!(own.of(Language::English, DocumentKind::Invoice)["total"], "Sum");
        }
        let none = Labels::load(None, TaxRegime::None).unwrap();
        for key in
            ["subtotal", "total", "amount", "tax_included", "appendix_note", "owed", "story_months", "chart_note"]
        {
            let words =
                [Language::Japanese, Language::English].map(|language| &none.of(language, DocumentKind::Invoice)[key]);
            assert!(words.iter().all(|word| !word.contains('税') && !word.to_lowercase().contains("tax")), "{words:?}");
        }
    }

    #[test]
    fn a_workspace_replaces_single_words() {
        let labels = Labels::load(Some("[ja]\ntitle = \"ご利用料金のお知らせ\"\n"), TaxRegime::Japan).unwrap();
        assert_eq!(labels.of(Language::Japanese, DocumentKind::Invoice)["title"], "ご利用料金のお知らせ");
        assert_eq!(labels.of(Language::English, DocumentKind::Invoice)["title"], "Invoice");
        assert!(
            RETIRED.iter().all(|key| Labels::load(Some(&format!("[ja]\n{key} = \"x\"\n")), TaxRegime::Japan).is_ok())
        );
        let problems = Labels::load(Some("[ja]\ntitel = \"x\"\n"), TaxRegime::Japan).unwrap_err();
        assert_eq!(problems[0].hint.as_deref(), Some("did you mean `title`?"));
    }
}
