//! One adjustment, read and checked: a `[[adjustment]]` of TOML, or a row of CSV with the same keys.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;
use toml::de::DeValue;

use super::Parties;
use crate::diagnostic::Diagnostic;
use crate::model::adjustment::{Adjustment, AdjustmentValue};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::period::BillingMonth;
use crate::model::price::Money;
use crate::model::tax_table::TaxTable;
use crate::workspace::customer_ids::known_customers;
use crate::workspace::item_match::Percentage;
use crate::workspace::tax_section;
use crate::workspace::toml_reader::{Section, Value};
use crate::workspace::values;
use crate::workspace::wording::texts;

/// Longest id, in characters.
const LONGEST_ID: usize = 64;

/// The keys that say how much it is, one of which there must be.
const VALUES: [&str; 3] = ["amount", "quantity", "percent"];

/// The adjustments of a month read so far.
pub(super) struct Entries<'c> {
    month: BillingMonth,
    /// By id.
    customers: BTreeMap<&'c str, &'c Customer>,
    taxes: &'c TaxTable,
    pub(super) adjustments: Vec<Adjustment>,
    /// The ids of other months, and those of this month before.
    used: &'c mut UsedIds,
}

/// The ids that no other adjustment may have, with the places where they are written.
pub(super) type UsedIds = BTreeMap<String, Definition>;

impl<'c> Entries<'c> {
    pub(super) fn new(month: BillingMonth, parties: Parties<'c>, used: &'c mut UsedIds) -> Entries<'c> {
        let Parties { customers, taxes } = parties;
        let customers = customers.iter().map(|customer| (customer.id.as_str(), customer)).collect();
        Entries { month, customers, taxes, adjustments: Vec::new(), used }
    }

    /// The customer with that id.
    pub(super) fn known(&self, id: &str) -> Result<&'c Customer, Diagnostic> {
        self.customers.get(id).copied().ok_or_else(|| {
            let known: Vec<&str> = self.customers.keys().copied().collect();
            Diagnostic::error(format!("there is no customer \"{id}\"")).with_hint(known_customers(id, &known))
        })
    }

    /// Reads one adjustment; reports everything wrong with it.
    pub(super) fn add(&mut self, section: &Section<'_, '_>, definition: Definition) {
        let id = section.require("id", "\"202208-acme-setup\", which no other adjustment has", id);
        if let Some(id) = &id {
            self.check_id(section, id, &definition);
        }
        let customer = section.require("customer", "\"acme\"", |value| self.customer(value));
        let name = section.require("name", "\"初期設定費\"", texts);
        let value = value(section, customer.map(|customer| customer.invoice.currency));
        let tax_category = section.read("tax-category", |value| tax_section::category(value, self.taxes));
        let tax_included = values::tax_included(section);
        let date = section.read("date", |value| self.date(value));
        let supply = section.read("supply", |value| self.supply(value));
        let cost = section.read("cost", values::money);
        let note = section.read("note", texts);
        section.finish();
        if section.has_any(&["date"]) && section.has_any(&["supply"]) {
            let diagnostic = Diagnostic::error("`date` and `supply` in one adjustment: both say when it was supplied");
            section
                .tell(diagnostic.with_hint("date is a day of this month, supply an earlier month: keep one of them"));
        }
        if let (Some(id), Some(customer), Some(name), Some(value)) = (id, customer, name, value) {
            self.adjustments.push(Adjustment {
                id,
                customer: customer.id.clone(),
                name,
                value,
                tax_category,
                tax_included,
                date,
                supply: supply.filter(|supply| *supply != self.month),
                cost: cost.unwrap_or_default(),
                note,
                definition,
            });
        }
    }

    fn check_id(&mut self, section: &Section<'_, '_>, id: &str, definition: &Definition) {
        match self.used.entry(id.to_owned()) {
            Entry::Vacant(free) => {
                free.insert(definition.clone());
            }
            Entry::Occupied(first) => {
                let first = first.get();
                let diagnostic = Diagnostic::error(format!("two adjustments have the id \"{id}\""));
                let diagnostic = diagnostic.with_note(format!("the other is {}:{}", first.path, first.line));
                let hint = "an id stands for one adjustment for ever, in all months: give this one another";
                section.tell(diagnostic.with_hint(hint));
            }
        }
    }

    fn customer(&self, value: &Value<'_, '_>) -> Result<&'c Customer, Diagnostic> {
        let id = value.text()?;
        let customer = self.known(&id)?;
        if customer.is_active(self.month) {
            return Ok(customer);
        }
        let message = format!("\"{id}\" is no customer in {}: its file says when it is active", self.month);
        let hint = format!("change active in {}, or remove the adjustment", customer.path);
        Err(Diagnostic::error(message).with_hint(hint))
    }

    fn date(&self, value: &Value<'_, '_>) -> Result<NaiveDate, Diagnostic> {
        let month = self.month;
        let date = date(value)?;
        if (month.first()..=month.last()).contains(&date) {
            return Ok(date);
        }
        let hint = match date < month.first() {
            true => format!("write supply = \"{}\" for what was supplied in an earlier month", date.format("%Y%m")),
            false => format!("move the adjustment to adjustments/{}.toml", date.format("%Y%m")),
        };
        let expected = format!("a day of {month}, from {} to {}", month.first(), month.last());
        Err(value.expected(&expected).with_hint(hint))
    }

    fn supply(&self, value: &Value<'_, '_>) -> Result<BillingMonth, Diagnostic> {
        let supply = values::month(value)?;
        if supply <= self.month {
            return Ok(supply);
        }
        let diagnostic = Diagnostic::error(format!("a supply of {supply}, which is later than {}", self.month));
        Err(diagnostic.with_hint(format!("move the adjustment to adjustments/{supply}.toml")))
    }
}

fn id(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let id = value.text()?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    match is_plain && id.len() <= LONGEST_ID {
        true => Ok(id),
        false => {
            Err(value.expected(&format!("an id of 1 to {LONGEST_ID} letters, digits, points, hyphens and underscores")))
        }
    }
}

/// `2022-08-15`, in quotes or without.
fn date(value: &Value<'_, '_>) -> Result<NaiveDate, Diagnostic> {
    let text = match value.value {
        DeValue::Datetime(date) => date.to_string(),
        _ => value.string()?,
    };
    let parsed = |format: &str| NaiveDate::parse_from_str(&text, format).ok();
    if let Some(date) = parsed("%Y-%m-%d").filter(|_| text.len() == 10) {
        return Ok(date);
    }
    let diagnostic = value.expected("a date such as \"2022-08-15\"");
    // Spreadsheets write dates anew when they save a CSV.
    Err(match parsed("%Y/%m/%d").or_else(|| parsed("%Y-%m-%d")).or_else(|| parsed("%Y年%m月%d日")) {
        Some(date) => diagnostic.with_hint(format!("write the date as {date}")),
        None => diagnostic,
    })
}

/// The one of amount, quantity with unit price, and percentage that there is.
fn value(section: &Section<'_, '_>, default: Option<Currency>) -> Option<AdjustmentValue> {
    // That of an unknown customer is unknown too.
    let currency = match section.get("currency") {
        None => default,
        Some(value) => value.told(values::code(&value)),
    };
    let amount = section.read("amount", |value| nonzero(value, values::whole_units(value, values::money, currency)?));
    let quantity =
        section.read("quantity", |value| nonzero(value, values::quantity(value, "a quantity such as \"12\"")?));
    let unit = section.read("unit", texts);
    let unit_price = section.read("unit-price", |value| nonzero(value, values::money(value)?));
    let percentage = Percentage::read(section);
    let found: Vec<&str> = VALUES.into_iter().filter(|key| section.has_any(&[key])).collect();
    if found.len() != 1 {
        let (what, hint) = match found.is_empty() {
            true => ("none".to_owned(), "add amount = \"18000\", quantity and unit-price, or percent and of"),
            false => (found.join(" and "), "keep one of them, or make two adjustments"),
        };
        let message = format!("expected one of amount, quantity and percent in {}, found {what}", section.name);
        section.tell(Diagnostic::error(message).with_hint(hint));
        return None;
    }
    for (key, with, why) in [
        ("unit-price", "quantity", "a unit price is of a quantity"),
        ("unit", "quantity", "a unit is that of a quantity"),
    ] {
        if let (Some(value), false) = (section.get(key), section.has_any(&[with, "percent"])) {
            let hint = format!("remove `{key}`, or write {with} in place of {}", found[0]);
            value.told::<()>(Err(Diagnostic::error(why).with_hint(hint)));
        }
    }
    if found[0] != "percent" {
        Percentage::refuse_of(section, found[0]);
    }
    match found[0] {
        "amount" => Some(AdjustmentValue::Amount(Money { amount: amount?, currency: currency? })),
        "quantity" => {
            if !section.has_any(&["unit-price"]) {
                let _ = section.require("unit-price", "\"1500\"", values::money);
            }
            let unit_price = Money { amount: unit_price?, currency: currency? };
            Some(AdjustmentValue::Units { quantity: quantity?, unit, unit_price })
        }
        _ => {
            let refused = [
                ("supply", "a percentage is of this month's items"),
                ("unit", "a percentage counts nothing"),
                ("cost", "a percentage has no cost of its own"),
            ];
            percentage.of(section, &refused).map(AdjustmentValue::Percent)
        }
    }
}

fn nonzero(value: &Value<'_, '_>, amount: Amount) -> Result<Amount, Diagnostic> {
    match amount.is_zero() {
        false => Ok(amount),
        true => Err(value.expected("an amount other than zero").with_hint("remove the adjustment: it changes nothing")),
    }
}
