//! Reads `[tax]`, rounding and tax categories, for all customers and for one.

use super::toml_reader::Section;
use super::values;
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::matcher::Glob;
use crate::model::rounding::Rounding;
use crate::model::settings::TaxRule;
use crate::model::tax::{CustomerTax, TaxCategory};

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
    pub(super) fn of_customer(section: Option<Section<'_, '_>>) -> TaxLayer {
        let Some(section) = section else {
            return TaxLayer::default();
        };
        let layer = TaxLayer {
            category: section.read("category", |value| value.one_of(&TaxCategory::NAMES)),
            category_definition: section.definition_of("category"),
            ..TaxLayer::rounding(&section)
        };
        section.finish();
        layer
    }

    /// Reads `[tax]` of `invoicer.toml`, with its rules.
    pub(super) fn of_workspace(section: Option<Section<'_, '_>>) -> (TaxLayer, Vec<TaxRule>) {
        let Some(section) = section else {
            return (TaxLayer::default(), Vec::new());
        };
        let layer = TaxLayer::rounding(&section);
        let rules = section.sections("rule", "[[tax.rule]]").iter().filter_map(rule).collect();
        section.finish();
        (layer, rules)
    }

    fn rounding(section: &Section<'_, '_>) -> TaxLayer {
        TaxLayer {
            rounding: section.read("rounding", |value| value.one_of(&Rounding::NAMES)),
            rounding_definition: section.definition_of("rounding"),
            ..TaxLayer::default()
        }
    }

    /// This layer's keys, else those of `below`, else the defaults.
    pub(super) fn over(self, below: &TaxLayer) -> CustomerTax {
        let rounding_definition = match self.rounding_definition.path.is_empty() {
            true => below.rounding_definition.clone(),
            false => self.rounding_definition,
        };
        CustomerTax {
            category: self.category.unwrap_or(TaxCategory::Standard),
            rounding: self.rounding.or(below.rounding).unwrap_or(Rounding::Up),
            category_definition: self.category_definition,
            rounding_definition,
        }
    }
}

fn rule(section: &Section<'_, '_>) -> Option<TaxRule> {
    let matcher = values::matcher(section);
    let customer = section.read("customer", |value| value.text().map(|pattern| Glob::new(&pattern)));
    let category = section.require("category", "\"exempt\"", |value| value.one_of(&TaxCategory::NAMES));
    let names_charges = section.has_any(&values::MATCH_KEYS);
    if section.finish() && !names_charges && !section.has_any(&["customer"]) {
        section.tell(
            Diagnostic::error("a [[tax.rule]] that names neither charges nor customers")
                .with_hint("add item = \"*roaming*\", customer = \"nordlys\" or another match key"),
        );
    }
    Some(TaxRule { customer, matcher, names_charges, category: category?, definition: section.definition() })
}
