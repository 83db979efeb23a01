//! Reads `[accounting]`, of the workspace and of a customer.

use std::collections::BTreeMap;

use super::toml_reader::{Section, Value};
use super::values;
use super::wording::{line, line_or_none};
use crate::diagnostic::Diagnostic;
use crate::model::accounting::{
    AccountRule, Accounting, CustomerAccounting, Foreign, PostingDate, Program, TaxLabelKey,
};
use crate::model::item_kind::ItemKind;
use crate::model::matcher::Glob;
use crate::model::settings::Pattern;

/// The keys that say which lines a rule is about.
const RULE_KEYS: [&str; 4] = ["item", "source", "kind", "customer"];

/// The placeholders of names and memos.
const PLACEHOLDERS: [&str; 6] = ["customer", "customer-name", "code", "number", "month", "month-name"];

/// Reads `[accounting]` of `invoicer.toml`.
pub(super) fn of_workspace(section: Option<Section<'_, '_>>) -> Accounting {
    let usual = Accounting::default();
    let Some(section) = section else {
        return usual;
    };
    let accounting = Accounting {
        date: section.read("date", |value| value.one_of(&PostingDate::NAMES)).unwrap_or(usual.date),
        receivable: section.read("receivable", line).unwrap_or(usual.receivable),
        sales: section.read("sales", line).unwrap_or(usual.sales),
        partner: section.read("partner", pattern).unwrap_or(usual.partner),
        sub_account: section.read("sub-account", pattern_or_none).unwrap_or(usual.sub_account),
        department: section.read("department", line_or_none).unwrap_or(usual.department),
        memo: section.read("memo", pattern_or_none).unwrap_or(usual.memo),
        foreign: section.read("foreign", |value| value.one_of(&Foreign::NAMES)).unwrap_or(usual.foreign),
        rules: section.sections("rule", "[[accounting.rule]]").iter().filter_map(rule).collect(),
        labels: section.section("tax-label", "[accounting.tax-label]").map(|all| labels(&all)).unwrap_or_default(),
    };
    section.finish();
    accounting
}

/// Reads `[accounting]` of a customer's file.
pub(super) fn of_customer(section: Option<Section<'_, '_>>) -> CustomerAccounting {
    let Some(section) = section else {
        return CustomerAccounting::default();
    };
    let accounting = CustomerAccounting {
        code: section.read("code", line),
        partner: section.read("partner", line),
        sub_account: section.read("sub-account", line_or_none),
    };
    section.finish();
    accounting
}

fn rule(section: &Section<'_, '_>) -> Option<AccountRule> {
    let glob = |key| section.read(key, |value| value.string().map(|pattern| Glob::new(&pattern)));
    let (item, source, customer) = (glob("item"), glob("source"), glob("customer"));
    let kind = section.read("kind", |value| value.one_of(&ItemKind::NAMES));
    let sales = section.require("sales", "\"通信サービス売上\"", line);
    if section.finish() && !section.has_any(&RULE_KEYS) {
        let diagnostic = Diagnostic::error("an [[accounting.rule]] that names no lines");
        section.tell(
            diagnostic.with_hint("add item = \"vpg*\", source, kind or customer; [accounting] sales is for all others"),
        );
    }
    Some(AccountRule { customer, item, source, kind, sales: sales?, definition: section.definition() })
}

fn labels(section: &Section<'_, '_>) -> BTreeMap<(Program, TaxLabelKey), String> {
    let mut labels = BTreeMap::new();
    for (name, program) in Program::NAMES {
        let Some(of_program) = section.section(name, &format!("[accounting.tax-label.{name}]")) else {
            continue;
        };
        for (key, label) in TaxLabelKey::NAMES {
            labels.extend(of_program.read(key, line).map(|text| ((program, label), text)));
        }
        of_program.finish();
    }
    section.finish();
    labels
}

fn pattern(value: &Value<'_, '_>) -> Result<Pattern, Diagnostic> {
    values::pattern(value, &PLACEHOLDERS)
}

/// A pattern, or `""` for none.
fn pattern_or_none(value: &Value<'_, '_>) -> Result<Pattern, Diagnostic> {
    if value.string()?.is_empty() { Ok(Pattern::default()) } else { pattern(value) }
}
