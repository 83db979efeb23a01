//! Reads the keys that select items, and percentages of what they select.

use super::toml_reader::{Section, Value};
use super::values;
use crate::diagnostic::Diagnostic;
use crate::model::adjustment::PercentOf;
use crate::model::amount::Amount;
use crate::model::item_kind::ItemKind;
use crate::model::item_match::ItemMatch;
use crate::model::matcher::Glob;

/// The keys of an [`ItemMatch`].
pub(super) const KEYS: [&str; 3] = ["item", "source", "kind"];

/// The kinds of items that a percentage can be of: the others are made after it.
const KINDS: [(&str, ItemKind); 4] = [
    ("usage", ItemKind::Usage),
    ("discount", ItemKind::Discount),
    ("fee", ItemKind::Fee),
    ("adjustment", ItemKind::Adjustment),
];

/// Reads [`KEYS`], with `kinds` as the values of `kind`.
pub(super) fn item_match(section: &Section<'_, '_>, kinds: &[(&'static str, ItemKind)]) -> ItemMatch {
    let glob = |key| section.read(key, |value| value.string().map(|pattern| Glob::new(&pattern)));
    ItemMatch { item: glob("item"), source: glob("source"), kind: section.read("kind", |value| value.one_of(kinds)) }
}

/// `{ item = "*", kind = "usage" }`: the items that a percentage is of.
fn of(value: &Value<'_, '_>) -> Result<ItemMatch, Diagnostic> {
    let hint = "write of = { item = \"*\" } for everything, or narrow it by item, source and kind";
    let keys = value.section("of").map_err(|problem| problem.with_hint(hint))?;
    let of = item_match(&keys, &KINDS);
    if keys.finish() && !keys.has_any(&KEYS) {
        return Err(Diagnostic::error("`of` names no items").with_hint(hint));
    }
    Ok(of)
}

/// `percent` and `of`, as far as they are good.
pub(super) struct Percentage {
    share: Option<Amount>,
    of: Option<ItemMatch>,
}

impl Percentage {
    /// Reads both keys. Whether there should be a percentage is known only when the other keys are read.
    pub(super) fn read(section: &Section<'_, '_>) -> Percentage {
        Percentage { share: section.read("percent", share), of: section.read("of", of) }
    }

    /// Refuses a fee of adjustments: they are made after fees.
    pub(super) fn refuse_adjustments(&self, section: &Section<'_, '_>) {
        let of_adjustments = self.of.as_ref().is_some_and(|of| of.kind == Some(ItemKind::Adjustment));
        if let (true, Some(value)) = (of_adjustments, section.get("of")) {
            let diagnostic =
                Diagnostic::error("a fee cannot be a percentage of adjustments: they are computed after it");
            let hint = "write the percentage as an [[adjustment]] in adjustments/MONTH.toml, or change `kind`";
            value.told::<()>(Err(diagnostic.with_hint(hint)));
        }
    }

    /// Refuses `of` where there is no percentage, but `instead`.
    pub(super) fn refuse_of(section: &Section<'_, '_>, instead: &str) {
        if let Some(value) = section.get("of") {
            let diagnostic = Diagnostic::error("`of` says what a percentage is of");
            let hint = format!("remove `of`, or write percent = \"3%\" in place of {instead}");
            value.told::<()>(Err(diagnostic.with_hint(hint)));
        }
    }

    /// The percentage where `percent` is written. Refuses the keys that it takes from the items it is of, and those of
    /// `refused`, each with the reason.
    pub(super) fn of(self, section: &Section<'_, '_>, refused: &[(&'static str, &'static str)]) -> Option<PercentOf> {
        let taken = [
            ("tax-category", "a percentage has the tax categories of the items it is of"),
            ("tax", "a percentage includes tax where the items that it is of do"),
            ("currency", "a percentage has no currency"),
        ];
        for (key, why) in taken.iter().chain(refused) {
            if let Some(value) = section.get(key) {
                value.told::<()>(Err(Diagnostic::error(*why).with_hint(format!("remove `{key}`"))));
            }
        }
        if !section.has_any(&["of"]) {
            let _ = section.require("of", "{ item = \"*\" }", of);
        }
        Some(PercentOf { share: self.share?, of: self.of? })
    }
}

/// A percentage from −100 % to 1000 %, other than zero.
fn share(value: &Value<'_, '_>) -> Result<Amount, Diagnostic> {
    let share = values::signed_percentage(value)?;
    let (least, most) = (Amount::whole(-1), Amount::whole(10));
    match share >= least && share <= most && !share.is_zero() {
        true => Ok(share),
        false => Err(value.expected("a percentage from \"-100%\" to \"1000%\", but not zero")),
    }
}
