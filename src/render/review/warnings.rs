//! The month's warnings by kind.

use serde::Serialize;

use super::format::link;
use super::page::ReviewPage;
use crate::model::settings::Language;
use crate::model::warning::WarningCode;

/// All warnings of a kind.
#[derive(Debug, Serialize)]
pub struct WarningGroupView<'a> {
    pub code: &'static str,
    pub label: &'a str,
    pub hint: &'a str,
    pub warnings: Vec<WarningView<'a>>,
}

/// A warning.
#[derive(Debug, Serialize)]
pub struct WarningView<'a> {
    /// Id and name of the customer, where it concerns one.
    pub customer: &'a str,
    pub name: &'a str,
    /// Anchor of the customer's row in the page; empty where it has none.
    pub anchor: String,
    /// The message in English; in other languages its figures and names.
    pub text: &'a str,
    pub notes: &'a [String],
    pub place: String,
}

/// The key of a code's name in `labels.toml`; the key of its hint ends with `_hint`.
pub(super) fn label_of(code: WarningCode) -> String {
    format!("warning_{}", code.name().replace('-', "_"))
}

/// The warnings in the order of their codes.
pub(super) fn warnings(page: ReviewPage<'_>) -> Vec<WarningGroupView<'_>> {
    let mut groups: Vec<WarningGroupView<'_>> = Vec::new();
    for warning in page.review.warnings {
        let Some(finding) = &warning.finding else {
            continue;
        };
        let code = finding.code.name();
        if groups.last().is_none_or(|group| group.code != code) {
            let label = label_of(finding.code);
            let (label, hint) = (page.label(&label), page.label(&format!("{label}_hint")));
            groups.push(WarningGroupView { code, label, hint, warnings: Vec::new() });
        }
        let customer = finding.customer.as_deref().unwrap_or_default();
        let place = warning.place.as_ref().map_or_else(String::new, |place| match place.line {
            Some(line) => format!("{}:{line}", place.path),
            None => place.path.clone(),
        });
        let (text, notes) = match page.language {
            Language::English => (&warning.message, &warning.notes),
            Language::Japanese => (&finding.facts, &finding.note_facts),
        };
        let has_row = page.review.billed.record.contains_key(customer);
        let view = WarningView {
            customer,
            anchor: if has_row { link(customer) } else { String::new() },
            name: page.review.settings.customer(customer).map_or("", |known| known.name.as_str()),
            text,
            notes,
            place,
        };
        if let Some(group) = groups.last_mut() {
            group.warnings.push(view);
        }
    }
    groups
}
