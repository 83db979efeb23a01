//! Reads the keys of a `[[source]]` that say how the rows of a FOCUS bill become charges.

use std::collections::BTreeSet;

use super::column_text;
use super::toml_reader::{Section, Value};
use crate::diagnostic::Diagnostic;
use crate::model::allocation::Ratio;
use crate::model::focus::{CostColumn, FocusSettings, OtherMonths, QuantityColumns, TAG_PREFIX, TaxRows};
use crate::model::matcher::{Glob, Matcher};
use crate::model::settings::{Grouping, Settings, SourceKind, SourceSettings};

/// The keys in the order of their documentation.
const KEYS: [&str; 7] = ["cost", "quantity", "item", "where", "taxes", "other-months", "final"];

/// Those that tables of any provider have, too.
const SHARED: [&str; 3] = ["where", "other-months", "final"];

/// Examples of `item`.
const ITEM: &str = "item = \"ServiceName\", or item = \"{ServiceName} {RegionId}\"";

/// The keys that FOCUS and tables of any provider share.
pub(super) struct SharedKeys {
    pub(super) other_months: OtherMonths,
    pub(super) is_final: bool,
}

/// Reads the shared keys. A table is saved when it is final, unless its provider is known to change it.
pub(super) fn shared(section: &Section<'_, '_>, kind: SourceKind) -> SharedKeys {
    SharedKeys {
        other_months: section.read("other-months", |value| value.one_of(&OtherMonths::NAMES)).unwrap_or_default(),
        is_final: section.read("final", Value::boolean).unwrap_or(kind.is_mapped()),
    }
}

/// Reads the keys; refuses them for kinds that do not have them, for which the settings say nothing.
pub(super) fn read(section: &Section<'_, '_>, kind: SourceKind, other_months: OtherMonths) -> FocusSettings {
    if !kind.is_focus() {
        refuse(section, kind);
        return FocusSettings::default();
    }
    FocusSettings {
        cost: section.read("cost", |value| value.one_of(&CostColumn::NAMES)).unwrap_or_default(),
        quantity: section.read("quantity", |value| value.one_of(&QuantityColumns::NAMES)).unwrap_or_default(),
        item: section.read("item", |value| column_text::read(value, ITEM)).unwrap_or(FocusSettings::default().item),
        filter: filter(section),
        taxes: section.read("taxes", |value| value.one_of(&TaxRows::NAMES)).unwrap_or_default(),
        other_months,
        tag_columns: BTreeSet::new(),
    }
}

fn refuse(section: &Section<'_, '_>, kind: SourceKind) {
    let is_of_kind = |key: &str| kind.is_mapped() && SHARED.contains(&key);
    for (key, value) in KEYS.iter().filter(|key| !is_of_kind(key)).filter_map(|key| Some((key, section.get(key)?))) {
        let diagnostic = Diagnostic::error(format!("{key} is for bills in FOCUS, not for the kind {}", kind.name()));
        value.told::<()>(Err(diagnostic.with_hint(match kind.is_mapped() && ["item", "quantity"].contains(key) {
            true => format!("write {key} in [source.columns]"),
            false => format!("remove {key}, or write kind = \"focus-csv\""),
        })));
    }
}

/// Reads `where = { InvoiceIssuerName = "AWS*" }`.
fn filter(section: &Section<'_, '_>) -> Vec<(String, Glob)> {
    let Some(value) = section.get("where") else {
        return Vec::new();
    };
    let columns = value.section("where");
    let columns = columns.map_err(|problem| problem.with_hint("write where = { InvoiceIssuerName = \"AWS*\" }"));
    let pattern = |(column, value): (String, Value<'_, '_>)| {
        let pattern = value.told(value.string())?;
        Some((column, Glob::new(&pattern)))
    };
    value.told(columns).into_iter().flat_map(|columns| columns.entries()).filter_map(pattern).collect()
}

/// The columns of FOCUS bills that any rule of the workspace matches as tags.
pub fn tag_columns(settings: &Settings) -> BTreeSet<String> {
    let mut matchers: Vec<&Matcher> = settings.tax_rules.iter().map(|rule| &rule.matcher).collect();
    for share in &settings.allocation.shares {
        matchers.push(&share.matcher);
        if let Ratio::Measured { of: Some(of), .. } = &share.ratio {
            matchers.push(of);
        }
    }
    matchers.extend(settings.allocation.keeps.iter().map(|keep| &keep.matcher));
    let mut tags: Vec<&String> = Vec::new();
    for customer in &settings.customers {
        matchers.extend(customer.rules.iter().map(|rule| &rule.matcher));
        matchers.extend(customer.pricing.rules.iter().map(|rule| &rule.matcher));
        matchers.extend(customer.fees.iter().map(|fee| &fee.matcher));
        let groupings = [&customer.invoice.group_by, &customer.invoice.sections];
        tags.extend(groupings.into_iter().filter_map(|by| if let Grouping::Tag(tag) = by { Some(tag) } else { None }));
    }
    tags.extend(matchers.into_iter().flat_map(|matcher| matcher.tags.keys()));
    tags.into_iter().filter_map(|tag| tag.strip_prefix(TAG_PREFIX)).map(str::to_owned).collect()
}

/// Makes the sources keep those columns.
pub fn keep_columns(sources: &mut [SourceSettings], columns: &BTreeSet<String>) {
    for source in sources {
        source.focus.tag_columns.extend(columns.iter().cloned());
    }
}
