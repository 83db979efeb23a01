//! Reads a file of `customers/` as a [`Customer`].

use super::accounting_section;
use super::day_values;
use super::invoice_section::{InvoiceLayer, PricingLayer};
use super::item_match::Percentage;
use super::item_section;
use super::mail_section::MailLayer;
use super::peppol_section;
use super::section_tables;
use super::tax_section::{self, TaxLayer};
use super::toml_reader::{Section, TomlFile, Value};
use super::values;
use super::warning_section::WarningLayer;
use super::wording::{line, line_or_none};
use super::workspace_file::WorkspaceFile;
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::customer::{ClaimRule, Customer, OrderNumber};
use crate::model::days::DayRange;
use crate::model::peppol::JAPAN;
use crate::model::price::{Fee, FeePer, FeePrice, Money, Prorate};
use crate::model::tax::has_check_digit;
use crate::model::tax_table::{TaxRegime, TaxTable};
use crate::model::warning::WarningCode;

/// Reads the customer with that id, and its file's `[pricing]`; errors are collected in `file`.
pub(super) fn read(id: &str, file: &TomlFile<'_>, base: &WorkspaceFile) -> (Customer, PricingLayer) {
    let table = file.parse();
    let root = Section::root(file, &table);
    let rules = root.sections("match", "[[match]]").iter().map(claim_rule).collect();
    let invoice = InvoiceLayer::of_customer(root.section("invoice", "[invoice]"), &base.invoice).over(&base.invoice);
    let currency = invoice.currency;
    let pricing = PricingLayer::read(root.section("pricing", "[pricing]"), currency);
    let customer = Customer {
        id: id.to_owned(),
        name: root.require("name", "\"アクメ株式会社\"", line).unwrap_or_default(),
        code: root.read("code", line),
        reference: root.read("reference", line),
        order_numbers: order_numbers(&root),
        order_required: root.read("order-required", Value::boolean).unwrap_or(false),
        honorific: root.read("honorific", line_or_none).unwrap_or_else(|| "御中".to_owned()),
        department: root.read("department", line_or_none),
        contact: root.read("contact", line_or_none),
        registration_number: registration_number(&root, base.taxes.regime),
        postal_code: root.read("postal-code", line_or_none),
        address: root.list("address", line_or_none).unwrap_or_default(),
        active: active(&root),
        rules,
        invoice,
        pricing: pricing.clone().over(&base.pricing),
        tax: TaxLayer::of_customer(root.section("tax", "[tax]"), &base.taxes).over(&base.tax, &base.taxes),
        fees: fees(&root, currency, &base.taxes),
        items: item_section::read(&root),
        sections: section_tables::read(&root),
        warnings: WarningLayer::read(root.section("warnings", "[warnings]")).over(&base.warnings),
        mail: MailLayer::of_customer(root.section("mail", "[mail]")).over(&base.mail.layer),
        peppol: peppol_section::of_customer(&root),
        buyer_reference: root.read("buyer-reference", line),
        country: root.read("country", peppol_section::country).unwrap_or_else(|| JAPAN.to_owned()),
        accounting: accounting_section::of_customer(root.section("accounting", "[accounting]")),
        path: file.path.to_owned(),
    };
    root.finish();
    (customer, pricing)
}

/// A registration number, with a warning where its check digit is wrong.
pub(super) fn registration_number(section: &Section<'_, '_>, regime: TaxRegime) -> Option<String> {
    let number = section.read("registration-number", |value| values::registration_number(value, regime))?;
    if regime.is_japan()
        && !has_check_digit(&number)
        && let Some(value) = section.get("registration-number")
    {
        let message = format!("the check digit of {number} does not fit its other digits");
        let warning = Diagnostic::finding(WarningCode::RegistrationNumber, message, &number);
        let note = "numbers of sole proprietors follow another rule; a company's number is probably mistyped";
        value.told::<()>(Err(warning.with_note(note)));
    }
    Some(number)
}

/// Reads `order-number = [{ number = "PO-4500", from = "202204" }]`: at most one number for each month.
fn order_numbers(root: &Section<'_, '_>) -> Vec<OrderNumber> {
    const HINT: &str = "write order-number = [{ number = \"PO-4500\", from = \"202204\", until = \"202303\" }]";
    let Some(value) = root.get("order-number") else {
        return Vec::new();
    };
    let Some(entries) = value.told(value.array().map_err(|_| value.expected("a list of orders").with_hint(HINT)))
    else {
        return Vec::new();
    };
    let mut orders: Vec<OrderNumber> = Vec::new();
    for entry in entries {
        let Some(section) = entry.told(entry.section("order-number").map_err(|problem| problem.with_hint(HINT))) else {
            continue;
        };
        let number = section.require("number", "\"PO-4500\"", line);
        let validity = values::validity(&section);
        section.finish();
        let Some(number) = number else {
            continue;
        };
        if let Some(first) = orders.iter().find(|first| first.validity.overlaps(validity)) {
            let message = format!("the orders {:?} and {number:?} are of the same months", first.number);
            entry.told::<()>(Err(
                Diagnostic::error(message).with_hint("give each its from and until, which are included")
            ));
        }
        orders.push(OrderNumber { number, validity });
    }
    orders
}

fn active(root: &Section<'_, '_>) -> DayRange {
    let Some(section) = root.section("active", "active") else {
        return DayRange::default();
    };
    let days = day_values::day_range(&section);
    section.finish();
    days
}

fn claim_rule(section: &Section<'_, '_>) -> ClaimRule {
    let rule = ClaimRule {
        matcher: values::matcher(section),
        days: day_values::day_range(section),
        priority: section.read("priority", Value::integer).unwrap_or(0),
        definition: section.definition(),
    };
    if section.finish() && !section.has_any(&values::MATCH_KEYS) {
        let diagnostic = Diagnostic::error("a [[match]] without a key to match by");
        section.tell(diagnostic.with_hint(
            "add tag, group, resource, resource-name, account, source or item; item = \"*\" claims every charge",
        ));
    }
    rule
}

fn fees(root: &Section<'_, '_>, currency: Currency, taxes: &TaxTable) -> Vec<Fee> {
    root.sections("fee", "[[fee]]").iter().filter_map(|section| fee(section, currency, taxes)).collect()
}

fn fee(section: &Section<'_, '_>, default: Currency, taxes: &TaxTable) -> Option<Fee> {
    let currency = values::currency(section, default);
    let name = section.require("name", "\"運用保守料\"", line);
    let price = fee_price(section, currency);
    let tax_included = values::tax_included(section);
    let per = section.read("per", |value| value.one_of(&FeePer::NAMES));
    let prorate = section.read("prorate", |value| value.one_of(&Prorate::NAMES));
    let category = section.read("tax-category", |value| tax_section::category(value, taxes));
    let validity = values::validity(section);
    let matcher = section.read("match", |value| {
        if per != Some(FeePer::Resource) {
            let diagnostic = Diagnostic::error("a fee per month counts no resources that `match` could narrow");
            return Err(diagnostic.with_hint("write per = \"resource\", or remove match"));
        }
        let keys = value.section("match")?;
        let matcher = values::matcher(&keys);
        keys.finish();
        Ok(matcher)
    });
    section.finish();
    Some(Fee {
        name: name?,
        price: price?,
        tax_included,
        per: per.unwrap_or(FeePer::Month),
        prorate: prorate.unwrap_or(Prorate::None),
        matcher: matcher.unwrap_or_default(),
        tax_category: category,
        validity,
        definition: section.definition(),
    })
}

/// `amount`, with `quantity` where it is of several, or `percent` of other items.
fn fee_price(section: &Section<'_, '_>, currency: Option<Currency>) -> Option<FeePrice> {
    let percentage = Percentage::read(section);
    percentage.refuse_adjustments(section);
    let quantity = section.read("quantity", |value| {
        const EXPECTED: &str = "a quantity above zero such as \"12\"";
        let quantity = values::quantity(value, EXPECTED)?;
        if quantity.is_positive() { Ok(quantity) } else { Err(value.expected(EXPECTED)) }
    });
    if !section.has_any(&["percent"]) {
        let amount = section.require("amount", "\"5000\"", |value| values::whole_units(value, values::money, currency));
        Percentage::refuse_of(section, "amount");
        let quantity = if section.has_any(&["quantity"]) { quantity? } else { Amount::whole(1) };
        return Some(FeePrice::Amount { price: Money { amount: amount?, currency: currency? }, quantity });
    }
    let refused = [
        ("amount", "a fee has an amount or a percentage"),
        ("quantity", "a percentage counts nothing"),
        ("per", "a percentage is of the month's items, and counts neither months nor resources"),
        ("prorate", "a percentage counts no days"),
    ];
    percentage.of(section, &refused).map(FeePrice::Percent)
}
