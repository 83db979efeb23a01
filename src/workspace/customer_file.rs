//! Reads a file of `customers/` as a [`Customer`].

use super::day_values;
use super::invoice_section::{InvoiceLayer, PricingLayer};
use super::item_section;
use super::tax_section::TaxLayer;
use super::toml_reader::{Section, TomlFile, Value};
use super::values;
use super::warning_section::WarningLayer;
use super::wording::line;
use super::workspace_file::WorkspaceFile;
use crate::diagnostic::Diagnostic;
use crate::model::currency::Currency;
use crate::model::customer::{ClaimRule, Customer, CustomerMail};
use crate::model::days::DayRange;
use crate::model::price::{Fee, FeePer, Money, Prorate};
use crate::model::tax::{TaxCategory, has_check_digit};
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
        name: root.require("name", "\"アクメ株式会社\"", Value::text).unwrap_or_default(),
        code: root.read("code", line),
        reference: root.read("reference", line),
        honorific: root.read("honorific", Value::string).unwrap_or_else(|| "御中".to_owned()),
        department: root.read("department", Value::string),
        contact: root.read("contact", Value::string),
        registration_number: registration_number(&root),
        postal_code: root.read("postal-code", Value::string),
        address: root.list("address", Value::string).unwrap_or_default(),
        active: active(&root),
        rules,
        invoice,
        pricing: pricing.clone().over(&base.pricing),
        tax: TaxLayer::of_customer(root.section("tax", "[tax]")).over(&base.tax),
        fees: root.sections("fee", "[[fee]]").iter().filter_map(|section| fee(section, currency)).collect(),
        items: item_section::read(&root),
        warnings: WarningLayer::read(root.section("warnings", "[warnings]")).over(&base.warnings),
        mail: root.section("mail", "[mail]").map(|section| mail(&section)),
        path: file.path.to_owned(),
    };
    root.finish();
    (customer, pricing)
}

/// A registration number, with a warning where its check digit is wrong.
pub(super) fn registration_number(section: &Section<'_, '_>) -> Option<String> {
    let number = section.read("registration-number", values::registration_number)?;
    if !has_check_digit(&number)
        && let Some(value) = section.get("registration-number")
    {
        let message = format!("the check digit of {number} does not fit its other digits");
        let warning = Diagnostic::finding(WarningCode::RegistrationNumber, message, &number);
        let note = "numbers of sole proprietors follow another rule; a company's number is probably mistyped";
        value.told::<()>(Err(warning.with_note(note)));
    }
    Some(number)
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

fn fee(section: &Section<'_, '_>, default: Currency) -> Option<Fee> {
    let currency = values::currency(section, default);
    let name = section.require("name", "\"運用保守料\"", Value::text);
    let amount = section.require("amount", "\"5000\"", |value| values::whole_units(value, values::money, currency));
    let tax_included = values::tax_included(section);
    let per = section.read("per", |value| value.one_of(&FeePer::NAMES));
    let prorate = section.read("prorate", |value| value.one_of(&Prorate::NAMES));
    let category = section.read("tax-category", |value| value.one_of(&TaxCategory::NAMES));
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
        amount: Money { amount: amount?, currency: currency? },
        tax_included,
        per: per.unwrap_or(FeePer::Month),
        prorate: prorate.unwrap_or(Prorate::None),
        matcher: matcher.unwrap_or_default(),
        tax_category: category,
        validity,
        definition: section.definition(),
    })
}

fn mail(section: &Section<'_, '_>) -> CustomerMail {
    let mail = CustomerMail {
        to: section.list("to", values::mail_address).unwrap_or_default(),
        cc: section.list("cc", values::mail_address).unwrap_or_default(),
        subject: section.read("subject", Value::string),
    };
    section.finish();
    mail
}
