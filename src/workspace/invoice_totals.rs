//! Reads `[[invoice-total]]`: the amount of one of a provider's invoices, for `reconcile`.

use super::toml_reader::{Section, Value};
use super::values;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::settings::SourceSettings;

/// Reads all of them into their sources.
pub(super) fn read(root: &Section<'_, '_>, sources: &mut [SourceSettings]) {
    for section in root.sections("invoice-total", "[[invoice-total]]") {
        let name = section.require("source", "\"aws\"", |value| known_source(value, sources));
        let month = section.require("month", "\"202208\"", values::month);
        let invoice = section.require("invoice", "\"1234567890\"", Value::text);
        let amount = section.require("amount", "\"1234.56\"", values::money);
        section.finish();
        let (Some(index), Some(month), Some(invoice), Some(amount)) = (name, month, invoice, amount) else {
            continue;
        };
        let source = &mut sources[index];
        if !source.validity.covers(month) {
            let diagnostic = Diagnostic::error(format!("a total of {month}, in which the source does not exist"));
            section.tell(diagnostic.with_hint("remove it, or change from or until of this [[source]]"));
        }
        let totals = source.invoice_totals.entry(month).or_default();
        if totals.insert(invoice.clone(), amount).is_some() {
            let diagnostic = Diagnostic::error(format!("two totals of the invoice {invoice:?} of {month}"));
            section.tell(diagnostic.with_hint("keep one of them"));
        }
    }
}

/// The position of the source of that name.
fn known_source(value: &Value<'_, '_>, sources: &[SourceSettings]) -> Result<usize, Diagnostic> {
    let name = value.text()?;
    let Some(index) = sources.iter().position(|source| source.name == name) else {
        let known = sources.iter().map(|source| source.name.as_str());
        let diagnostic = Diagnostic::error(format!("there is no source \"{name}\""));
        return Err(match nearest(&name, known.clone()) {
            Some(near) => diagnostic.with_hint(format!("did you mean \"{near}\"?")),
            None => diagnostic.with_hint(format!("sources: {}", known.collect::<Vec<&str>>().join(", "))),
        });
    };
    let kind = sources[index].kind;
    if kind.is_focus() || sources[index].mapping.as_ref().is_some_and(|mapping| mapping.columns.invoice.is_some()) {
        return Ok(index);
    }
    if kind.is_mapped() {
        let diagnostic = Diagnostic::error(format!("the rows of \"{name}\" name no invoices"));
        return Err(diagnostic.with_hint(
            "add invoice = \"…\" to its [source.columns], or give the amount of the month as total in its [[source]]",
        ));
    }
    let message = format!("bills of kind {} name no invoices", kind.name());
    Err(Diagnostic::error(message)
        .with_hint("give the amount of the month as total = { \"202208\" = \"…\" } in its [[source]]"))
}
