//! Prices of rules as they are multiplied: per unit of the provider's bill and in the invoice's currency. A rule may name the
//! printed unit of its items (`per = "MB"`), and its tiers may measure several items together.

use super::own_units::OwnUnits;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::Amount;
use crate::model::charge::{Bill, NameId};
use crate::model::customer::Customer;
use crate::model::item_label::ItemTables;
use crate::model::price::{PriceRule, Tier, Tiers};
use crate::model::ratio::exact_quotient;
use crate::model::settings::Settings;

/// An item of a bill: its source, and its name.
pub(super) type BillItem = (u16, NameId);

/// The prices of a customer's rules.
pub(super) struct RulePrices<'a> {
    bill: &'a Bill,
    units: OwnUnits<'a>,
    tables: ItemTables<'a>,
}

/// The unit in which an item is measured: the provider's, or else the printed one.
#[derive(PartialEq, Eq)]
struct Measure<'a> {
    unit: &'a str,
    /// Units of the bill in one of it.
    scale: Amount,
}

impl<'a> RulePrices<'a> {
    pub(super) fn new(
        bill: &'a Bill,
        settings: &'a Settings,
        customer: &'a Customer,
        units: OwnUnits<'a>,
    ) -> RulePrices<'a> {
        RulePrices { bill, units, tables: ItemTables::of(settings, customer) }
    }

    /// The units of the customer's items.
    pub(super) fn units(&self) -> &OwnUnits<'a> {
        &self.units
    }

    fn names(&self, (source, item): BillItem) -> (&'a str, &'a str) {
        (&self.bill.sources[usize::from(source)].name, self.bill.names.get(item))
    }

    /// Units of the bill in one unit of the rule's prices.
    ///
    /// # Errors
    /// An item that is not printed in the rule's unit, and one whose quantities have several units.
    pub(super) fn scale(&self, rule: &PriceRule, item: BillItem) -> Result<Amount, Diagnostic> {
        let Some(unit) = self.units.unit(item) else {
            let name = self.names(item).1;
            let diagnostic =
                Diagnostic::error(format!("the price is per unit, and the quantities of {name} have several units"));
            let hint = match self.bill.sources[usize::from(item.0)].kind.is_mapped() {
                true => {
                    "make each unit an item of its own: item = \"{品名} {単位}\" in [source.columns]; or use a markup"
                }
                false => {
                    "make each unit an item of its own: item = \"{ServiceName} {PricingUnit}\" in the [[source]]; or use a markup"
                }
            };
            return Err(diagnostic.at(Place::start_of(&rule.definition)).with_hint(hint));
        };
        let Some(per) = &rule.per else {
            return Ok(Amount::whole(1));
        };
        let (source, name) = self.names(item);
        let measure = self.tables.measure(source, name);
        if let Some(measure) = measure.filter(|measure| measure.unit.has(per)) {
            return Ok(measure.scale);
        }
        // The bill's own unit needs no scale.
        if measure.is_none() && unit == per {
            return Ok(Amount::whole(1));
        }
        let diagnostic = Diagnostic::error(format!("the price is per {per:?}, and {name} is not printed in {per:?}"));
        let hint =
            format!("add [[item]] with item = \"{name}\", unit = \"{per}\" and its scale, or narrow the rule's item");
        Err(diagnostic.at(Place::start_of(&rule.definition)).with_hint(hint))
    }

    /// A price of a rule in the invoice's currency per unit of the bill; `rate` is the rate of its currency.
    ///
    /// # Errors
    /// A quotient without an end: what it gives would not be exact.
    pub(super) fn price(
        &self,
        rule: &PriceRule,
        price: Amount,
        rate: Amount,
        scale: Amount,
    ) -> Result<Amount, Diagnostic> {
        let converted = price.times(rate)?;
        if scale == Amount::whole(1) {
            return Ok(converted);
        }
        exact_quotient(converted, scale).ok_or_else(|| {
            let per = rule.per.as_deref().unwrap_or_default();
            let message =
                format!("{converted} per {per:?} has no end per unit of the bill: {scale} units are one {per:?}");
            let hint = format!(
                "choose a price that {scale} divides, or write the price per unit of the bill and leave out per"
            );
            Diagnostic::error(message).at(Place::start_of(&rule.definition)).with_hint(hint)
        })
    }

    /// The tiers of a rule with limits and prices in units of the bill.
    ///
    /// # Errors
    /// Those of [`price`](Self::price).
    pub(super) fn tiers(
        &self,
        rule: &PriceRule,
        tiers: &Tiers,
        rate: Amount,
        scale: Amount,
    ) -> Result<Vec<Tier>, Diagnostic> {
        let tier = |tier: &Tier| {
            let up_to = tier.up_to.map(|up_to| up_to.times(scale)).transpose()?;
            Ok(Tier { up_to, unit_price: self.price(rule, tier.unit_price, rate, scale)? })
        };
        tiers.tiers.iter().map(tier).collect()
    }

    fn measure(&self, item: BillItem) -> Measure<'a> {
        let (source, name) = self.names(item);
        let own = Measure { unit: self.units.unit(item).unwrap_or_default(), scale: Amount::whole(1) };
        match self.tables.measure(source, name) {
            Some(printed) if own.unit.is_empty() => {
                Measure { unit: printed.unit.of(self.tables.language()), scale: printed.scale }
            }
            _ => own,
        }
    }

    /// Checks that items which tiers measure together have one unit.
    ///
    /// # Errors
    /// Items of two units, or of units that nobody knows.
    pub(super) fn check_together(&self, rule: &PriceRule, one: BillItem, other: BillItem) -> Result<(), Diagnostic> {
        let (measure, of_other) = (self.measure(one), self.measure(other));
        if one == other || measure == of_other && !measure.unit.is_empty() {
            return Ok(());
        }
        let text = |item: BillItem, Measure { unit, scale }: &Measure<'_>| {
            let name = self.names(item).1;
            match (unit.is_empty(), *scale == Amount::whole(1)) {
                (true, _) => format!("{name}: no unit is known"),
                (false, true) => format!("{name}: {unit}"),
                (false, false) => format!("{name}: {unit} of {scale} units of the bill"),
            }
        };
        let (one, other) = (text(one, &measure), text(other, &of_other));
        let diagnostic = Diagnostic::error("tiers measure items of different units together");
        let hint = "narrow the rule's item to one unit, or give its items the same unit and scale with [[item]]";
        Err(diagnostic.at(Place::start_of(&rule.definition)).with_note(one).with_note(other).with_hint(hint))
    }
}
