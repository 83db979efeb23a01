//! Reads `[tax]`, regime, rates, rounding and tax categories, for all customers and for one.

use super::toml_reader::{Section, Value};
use super::values;
use super::wording::texts;
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::definition::Definition;
use crate::model::matcher::Glob;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::TaxRule;
use crate::model::tax::{CustomerTax, OwnCategory, TaxCategory, TaxRate};
use crate::model::tax_table::{DatedRate, TaxRegime, TaxTable};
use crate::model::wording::Wording;

/// `[tax]` of one file without its rules.
#[derive(Clone, Default)]
pub(super) struct TaxLayer {
    /// Only a customer's file has a category of its own.
    category: Option<TaxCategory>,
    rounding: Option<Rounding>,
    category_definition: Definition,
    rounding_definition: Definition,
}

impl TaxLayer {
    /// Reads `[tax]` of a customer's file.
    pub(super) fn of_customer(section: Option<Section<'_, '_>>, taxes: &TaxTable) -> TaxLayer {
        let Some(section) = section else {
            return TaxLayer::default();
        };
        let layer = TaxLayer {
            category: section.read("category", |value| category(value, taxes)),
            category_definition: section.definition_of("category"),
            ..TaxLayer::rounding(&section)
        };
        section.finish();
        layer
    }

    /// Reads `[tax]` of `invoicer.toml`, with its rates and rules.
    pub(super) fn of_workspace(section: Option<Section<'_, '_>>) -> (TaxLayer, TaxTable, Vec<TaxRule>) {
        let Some(section) = section else {
            return (TaxLayer::default(), TaxTable::default(), Vec::new());
        };
        let taxes = table(&section);
        let layer = TaxLayer::rounding(&section);
        let rules = section.sections("rule", "[[tax.rule]]").iter().filter_map(|found| rule(found, &taxes)).collect();
        section.finish();
        (layer, taxes, rules)
    }

    fn rounding(section: &Section<'_, '_>) -> TaxLayer {
        TaxLayer {
            rounding: section.read("rounding", |value| value.one_of(&Rounding::NAMES)),
            rounding_definition: section.definition_of("rounding"),
            ..TaxLayer::default()
        }
    }

    /// This layer's keys, else those of `below`, else the defaults.
    pub(super) fn over(self, below: &TaxLayer, taxes: &TaxTable) -> CustomerTax {
        let rounding_definition = match self.rounding_definition.path.is_empty() {
            true => below.rounding_definition.clone(),
            false => self.rounding_definition,
        };
        CustomerTax {
            category: self.category.unwrap_or_else(|| taxes.usual_category()),
            rounding: self.rounding.or(below.rounding).unwrap_or(Rounding::Up),
            category_definition: self.category_definition,
            rounding_definition,
        }
    }
}

fn rule(section: &Section<'_, '_>, taxes: &TaxTable) -> Option<TaxRule> {
    let matcher = values::matcher(section);
    let customer = section.read("customer", |value| value.text().map(|pattern| Glob::new(&pattern)));
    let category = section.require("category", "\"exempt\"", |value| self::category(value, taxes));
    let names_charges = section.has_any(&values::MATCH_KEYS);
    if section.finish() && !names_charges && !section.has_any(&["customer"]) {
        section.tell(
            Diagnostic::error("a [[tax.rule]] that names neither charges nor customers")
                .with_hint("add item = \"*roaming*\", customer = \"nordlys\" or another match key"),
        );
    }
    Some(TaxRule { customer, matcher, names_charges, category: category?, definition: section.definition() })
}

/// A tax category that the regime has.
pub(super) fn category(value: &Value<'_, '_>, taxes: &TaxTable) -> Result<TaxCategory, Diagnostic> {
    let categories = taxes.categories();
    if categories.is_empty() {
        let diagnostic = Diagnostic::error("a tax category in a workspace without tax");
        return Err(diagnostic.with_hint("remove it, or change regime = \"none\" in [tax] of invoicer.toml"));
    }
    let read = value.one_of(&categories);
    match (taxes.regime, read) {
        (TaxRegime::Custom, Err(unknown)) if unknown.hint.is_none() => {
            Err(unknown.with_hint("name a category that has a [[tax.rate]], or add one for it"))
        }
        (_, read) => read,
    }
}

/// Reads `regime` and `[[tax.rate]]`.
fn table(section: &Section<'_, '_>) -> TaxTable {
    let regime = section.read("regime", |value| value.one_of(&TaxRegime::NAMES));
    let written = section.sections("rate", "[[tax.rate]]");
    // Under a regime that cannot be read, the categories of its rates are no further mistakes.
    let usual = if section.has_any(&["regime"]) { TaxRegime::Custom } else { TaxRegime::default() };
    let mut taxes = TaxTable { regime: regime.unwrap_or(usual), rates: Vec::new() };
    let mut seen: Vec<(TaxCategory, BillingMonth, u32)> = Vec::new();
    for rate in &written {
        let Some((dated, from)) = dated_rate(rate) else {
            continue;
        };
        let (category, line) = (dated.category, dated.definition.line);
        taxes.rates.push(dated);
        let Some(from) = from else {
            continue;
        };
        if let Some((_, _, first)) = seen.iter().find(|(known, since, _)| (*known, *since) == (category, from)) {
            let diagnostic = Diagnostic::error(format!("two rates of \"{}\" from {from}", category.name()));
            let diagnostic = diagnostic.with_note(format!("the first is at line {first}"));
            rate.tell(diagnostic.with_hint("keep one of them, or change its from"));
        }
        seen.push((category, from, line));
    }
    match (taxes.regime, written.first()) {
        (TaxRegime::Custom, None) if regime.is_some() => {
            let told =
                section.get("regime").map(|value| (value, Diagnostic::error("regime = \"custom\" without rates")));
            if let Some((value, diagnostic)) = told {
                let hint = "add [[tax.rate]] with category = \"standard\", rate = \"19%\", from = \"202401\" and name = \"VAT\"";
                value.told::<()>(Err(diagnostic.with_hint(hint)));
            }
        }
        (TaxRegime::Japan, Some(first)) => first.tell(
            Diagnostic::error("a [[tax.rate]] under the regime \"japan\", whose rates are built in")
                .with_hint("write regime = \"custom\" in [tax] for rates of your own, or remove it"),
        ),
        (TaxRegime::None, Some(first)) => first.tell(
            Diagnostic::error("a [[tax.rate]] under the regime \"none\", which has no tax")
                .with_hint("write regime = \"custom\" in [tax] for rates of your own, or remove it"),
        ),
        _ => {}
    }
    taxes
}

/// A rate, and its first month where that can be read. Whatever else is wrong with it, its category may be named.
fn dated_rate(section: &Section<'_, '_>) -> Option<(DatedRate, Option<BillingMonth>)> {
    let category = section.require("category", "\"standard\"", rated_category);
    let rate = section.require("rate", "\"19%\"", rate);
    let from = section.require("from", "\"202401\"", first_month);
    let name = section.read("name", texts);
    section.finish();
    let dated = DatedRate {
        category: category?,
        rate: rate.unwrap_or(TaxRate::ZERO),
        from: from.or_else(|| "199001".parse().ok())?,
        name: name.unwrap_or_else(|| Wording::both("税", "Tax")),
        definition: section.definition(),
    };
    Some((dated, from))
}

/// A category that can have a rate.
fn rated_category(value: &Value<'_, '_>) -> Result<TaxCategory, Diagnostic> {
    let name = value.text()?;
    let Some(category) = TaxCategory::named(&name) else {
        let hint = format!(
            "write a to z, digits and hyphens, a letter first, at most {} characters: \"super-reduced\"",
            OwnCategory::LONGEST
        );
        return Err(value.expected("the name of a tax category").with_hint(hint));
    };
    if category.is_taxed() {
        return Ok(category);
    }
    let diagnostic = Diagnostic::error(format!("a rate of \"{name}\", a category that is never taxed"));
    Err(diagnostic.with_hint("remove it, or name a category of your own with rate = \"0%\""))
}

/// The first month of a rate.
fn first_month(value: &Value<'_, '_>) -> Result<BillingMonth, Diagnostic> {
    values::month(value).map_err(|problem| match problem.hint {
        Some(_) => problem,
        None => problem.with_hint("a rate holds for whole months: that of the supply decides"),
    })
}

/// `"19%"` or `"0.19"`, from 0 to less than 100 %.
fn rate(value: &Value<'_, '_>) -> Result<TaxRate, Diagnostic> {
    const EXPECTED: &str = "a rate of tax such as \"19%\" or \"7.7%\"";
    let (share, is_percent) = values::share(value, EXPECTED)?;
    if share.is_negative() {
        return Err(value.expected("a rate that is not negative"));
    }
    if !is_percent && share >= Amount::whole(1) {
        return Err(value.expected(EXPECTED).with_hint(format!("write \"{share}%\" for {share} percent")));
    }
    if share >= Amount::whole(1) {
        return Err(value.expected("a rate below 100%"));
    }
    let percent = share.times(Amount::whole(100)).map_err(|_| value.expected(EXPECTED))?;
    TaxRate::of_percent(percent)
        .ok_or_else(|| value.expected(&format!("a rate with at most {} decimals of a percent", TaxRate::DECIMALS)))
}
