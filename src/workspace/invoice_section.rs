//! Reads `[invoice]`, `[pricing]` and its rules, which a workspace sets for all customers and a customer for itself.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::toml_reader::{Section, Value};
use super::{values, wording};
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::definition::Definition;
use crate::model::matcher::normalized;
use crate::model::numbering::{Numbering, Restart};
use crate::model::period::BillingMonth;
use crate::model::price::{
    DiscountRule, Markup, Money, Price, PriceRule, Pricing, PricingDefinitions, RoundAt, Tier, Tiering, Tiers,
};
use crate::model::rounding::Rounding;
use crate::model::schedule::{DateRule, DueRule, OnHoliday};
use crate::model::settings::{
    BelowZero, DetailLevel, Envelope, EnvelopeWindow, Grouping, InvoiceSettings, Language, Pattern, PatternField,
    PatternPart, Subjects, TemplateChoice,
};
use crate::model::wording::Wording;

/// `[invoice]` of one file; absent keys come from the other layer.
#[derive(Clone, Default)]
pub(super) struct InvoiceLayer {
    currency: Option<Currency>,
    language: Option<Language>,
    number: Option<Pattern>,
    number_start: Option<u64>,
    number_restart: Option<Restart>,
    fiscal_year_start: Option<u32>,
    issue_date: Option<DateRule>,
    due_date: Option<DueRule>,
    due_on_holiday: Option<OnHoliday>,
    file_name: Option<Pattern>,
    template: Option<TemplateChoice>,
    details: Option<DetailLevel>,
    group_by: Option<Grouping>,
    sections: Option<Grouping>,
    show_zero: Option<bool>,
    below_zero: Option<BelowZero>,
    skip_zero: Option<bool>,
    story: Option<bool>,
    notes: Option<Vec<String>>,
    envelope: Option<Envelope>,
    window_left: Option<i64>,
    window_top: Option<i64>,
    window_width: Option<i64>,
    window_height: Option<i64>,
    refund_note: Option<Wording>,
    subjects: Subjects,
}

/// The template of invoices for which no file chooses one.
const DEFAULT_TEMPLATE: &str = "invoice";

/// Keys of the sequence of running numbers, which all customers share.
const SEQUENCE_KEYS: [&str; 3] = ["number-start", "number-restart", "fiscal-year-start"];

const NUMBER_FIELDS: [&str; 7] = ["month", "year", "yy", "mm", "fiscal-year", "customer", "seq"];
const SUBJECT_FIELDS: [&str; 8] =
    ["month", "month-name", "year", "yy", "mm", "fiscal-year", "customer", "customer-name"];
const FILE_NAME_FIELDS: [&str; 10] =
    ["number", "month", "year", "yy", "mm", "fiscal-year", "customer", "customer-name", "issue-date", "total"];

impl InvoiceLayer {
    /// Reads `[invoice]` of `invoicer.toml`.
    pub(super) fn of_workspace(section: Option<Section<'_, '_>>) -> InvoiceLayer {
        let Some(section) = section else {
            return InvoiceLayer::default();
        };
        let layer = InvoiceLayer::read(&section);
        if let (Some(number), Some(value)) = (&layer.number, section.get("number-restart")) {
            value.told(numbers_are_unique(number, layer.numbering()));
        }
        layer
    }

    /// Reads `[invoice]` of a customer's file, above that of `invoicer.toml`.
    pub(super) fn of_customer(section: Option<Section<'_, '_>>, base: &InvoiceLayer) -> InvoiceLayer {
        let Some(section) = section else {
            return InvoiceLayer::default();
        };
        let layer = InvoiceLayer::read(&section);
        for key in SEQUENCE_KEYS {
            if let Some(value) = section.get(key) {
                let problem =
                    Diagnostic::error(format!("`{key}` of one customer: all customers share the running numbers"));
                value.told::<()>(Err(problem.with_hint("move it to [invoice] of invoicer.toml")));
            }
        }
        if let (Some(number), Some(value)) = (&layer.number, section.get("number")) {
            value.told(numbers_are_unique(number, base.numbering()));
        }
        layer
    }

    fn read(section: &Section<'_, '_>) -> InvoiceLayer {
        let layer = InvoiceLayer {
            currency: section.read("currency", values::code),
            language: section
                .read("language", |value| value.one_of(&[("ja", Language::Japanese), ("en", Language::English)])),
            number: section.read("number", |value| values::pattern(value, &NUMBER_FIELDS)),
            number_start: section.read("number-start", values::first_number),
            number_restart: section.read("number-restart", |value| value.one_of(&Restart::NAMES)),
            fiscal_year_start: section.read("fiscal-year-start", values::month_of_year),
            issue_date: section.read("issue-date", values::date_rule),
            due_date: section.read("due-date", values::due_rule),
            due_on_holiday: section.read("due-on-holiday", |value| {
                value.one_of(&[("next", OnHoliday::Next), ("previous", OnHoliday::Previous), ("none", OnHoliday::None)])
            }),
            file_name: section.read("file-name", |value| values::pattern(value, &FILE_NAME_FIELDS)),
            template: section
                .read("template", |value| Ok(TemplateChoice { name: value.text()?, definition: value.definition() })),
            details: section.read("details", |value| {
                value.one_of(&[
                    ("rows", DetailLevel::Rows),
                    ("daily", DetailLevel::Daily),
                    ("resource", DetailLevel::Resource),
                    ("summary", DetailLevel::Summary),
                    ("none", DetailLevel::None),
                ])
            }),
            group_by: section.read("group-by", |value| grouping(value, "group-by")),
            sections: section.read("sections", |value| grouping(value, "sections")),
            show_zero: section.read("show-zero", Value::boolean),
            below_zero: section.read("below-zero", |value| {
                value.one_of(&[("refuse", BelowZero::Refuse), ("carry", BelowZero::Carry)])
            }),
            skip_zero: section.read("skip-zero", Value::boolean),
            story: section.read("story", Value::boolean),
            notes: section.list("notes", wording::lines),
            envelope: section.read("envelope", |value| value.one_of(&Envelope::NAMES)),
            // Beside the window the issuer needs 63 mm, and the page has margins of 17 mm at its sides and 16 above.
            window_left: section.read("window-left", |value| millimetres(value, 18..=30)),
            window_top: section.read("window-top", |value| millimetres(value, 16..=60)),
            window_width: section.read("window-width", |value| millimetres(value, 60..=95)),
            window_height: section.read("window-height", |value| millimetres(value, 30..=60)),
            refund_note: section.read("refund-note", wording::texts),
            subjects: Subjects { usual: section.read("subject", subject), months: subjects(section) },
        };
        section.finish();
        layer
    }

    fn numbering(&self) -> Numbering {
        let usual = Numbering::default();
        Numbering {
            start: self.number_start.unwrap_or(usual.start),
            restart: self.number_restart.unwrap_or(usual.restart),
            fiscal_year_start: self.fiscal_year_start.unwrap_or(usual.fiscal_year_start),
        }
    }

    /// This layer's keys, else those of `below`, else the defaults.
    pub(super) fn over(self, below: &InvoiceLayer) -> InvoiceSettings {
        let field = |field| Pattern(vec![PatternPart::Field(field)]);
        let text = |text: &str| PatternPart::Text(text.to_owned());
        let default_number = Pattern(vec![
            text("INV-"),
            PatternPart::Field(PatternField::Month),
            text("-"),
            PatternPart::Field(PatternField::Customer),
        ]);
        let below = below.clone();
        InvoiceSettings {
            currency: self.currency.or(below.currency).unwrap_or(Currency::JPY),
            language: self.language.or(below.language).unwrap_or(Language::Japanese),
            numbering: below.numbering(),
            number: self.number.or(below.number).unwrap_or(default_number),
            issue_date: self.issue_date.or(below.issue_date).unwrap_or(DateRule::NEXT_MONTH_FIRST),
            due_date: self.due_date.or(below.due_date).unwrap_or(DueRule::Date(DateRule::NEXT_MONTH_END)),
            due_on_holiday: self.due_on_holiday.or(below.due_on_holiday).unwrap_or(OnHoliday::Next),
            file_name: self.file_name.or(below.file_name).unwrap_or(field(PatternField::Number)),
            template: self.template.or(below.template).unwrap_or_else(|| TemplateChoice {
                name: DEFAULT_TEMPLATE.to_owned(),
                definition: Definition::default(),
            }),
            details: self.details.or(below.details),
            group_by: self.group_by.or(below.group_by).unwrap_or(Grouping::None),
            sections: self.sections.or(below.sections).unwrap_or(Grouping::None),
            show_zero: self.show_zero.or(below.show_zero).unwrap_or(false),
            below_zero: self.below_zero.or(below.below_zero).unwrap_or(BelowZero::Refuse),
            skip_zero: self.skip_zero.or(below.skip_zero).unwrap_or(false),
            story: self.story.or(below.story).unwrap_or(false),
            notes: self.notes.or(below.notes).unwrap_or_default(),
            envelope: self.envelope.or(below.envelope).unwrap_or(Envelope::None),
            window: EnvelopeWindow {
                left: self.window_left.or(below.window_left).unwrap_or(EnvelopeWindow::USUAL.left),
                top: self.window_top.or(below.window_top).unwrap_or(EnvelopeWindow::USUAL.top),
                width: self.window_width.or(below.window_width).unwrap_or(EnvelopeWindow::USUAL.width),
                height: self.window_height.or(below.window_height).unwrap_or(EnvelopeWindow::USUAL.height),
            },
            refund_note: self.refund_note.or(below.refund_note),
            subjects: vec![self.subjects, below.subjects],
        }
    }
}

/// Refuses a pattern of running numbers that would give a number again when they restart.
fn numbers_are_unique(number: &Pattern, numbering: Numbering) -> Result<(), Diagnostic> {
    let counts = number.has(|field| matches!(field, PatternField::Sequence(_)));
    if !counts || numbering.tells_sequences_apart(number) {
        return Ok(());
    }
    let (message, placeholder) = match numbering.restart {
        Restart::Never | Restart::Year => {
            ("numbers that restart every year would be given again: they lack the year", "{year}")
        }
        Restart::FiscalYear => {
            ("numbers that restart every fiscal year would be given again: they lack the fiscal year", "{fiscal-year}")
        }
        Restart::Month => ("numbers that restart every month would be given again: they lack the month", "{month}"),
    };
    let note = format!("number-restart = \"{}\" in [invoice] of invoicer.toml", numbering.restart.name());
    let hint =
        format!("put {placeholder} into number, as in number = \"{placeholder}-{{seq:04}}\", or remove number-restart");
    Err(Diagnostic::error(message).with_note(note).with_hint(hint))
}

/// A length of the page that has bounds.
fn millimetres(value: &Value<'_, '_>, bounds: RangeInclusive<i64>) -> Result<i64, Diagnostic> {
    let length = value.integer()?;
    match bounds.contains(&length) {
        true => Ok(length),
        false => Err(value.expected(&format!("millimetres from {} to {}", bounds.start(), bounds.end()))),
    }
}

/// A subject (件名), for all languages or for each.
fn subject(value: &Value<'_, '_>) -> Result<Wording<Pattern>, Diagnostic> {
    wording::each(value, |value| values::pattern(value, &SUBJECT_FIELDS))
}

/// Reads `subjects = { "202208" = "…" }`: the subjects of single months.
fn subjects(section: &Section<'_, '_>) -> BTreeMap<BillingMonth, Wording<Pattern>> {
    const HINT: &str = "write subjects = { \"202208\" = \"…\" }";
    let mut subjects = BTreeMap::new();
    let Some(value) = section.get("subjects") else {
        return subjects;
    };
    let Some(months) = value.told(value.section("subjects").map_err(|problem| problem.with_hint(HINT))) else {
        return subjects;
    };
    for (key, value) in months.entries() {
        let month = key.parse::<BillingMonth>().map_err(|_| {
            Diagnostic::error(format!("expected a month such as \"202208\" before the subject, found {key:?}"))
                .with_hint(HINT)
        });
        let (Some(month), Some(subject)) = (value.told(month), value.told(subject(&value))) else {
            continue;
        };
        if subjects.insert(month, subject).is_some() {
            let diagnostic = Diagnostic::error(format!("two subjects of {month}"));
            value.told::<()>(Err(diagnostic.with_hint("keep one of them")));
        }
    }
    subjects
}

/// `group`, `none`, or `tag:` and the name of a tag.
fn grouping(value: &Value<'_, '_>, key: &str) -> Result<Grouping, Diagnostic> {
    let hint = format!("{key} = \"group\" takes the provider's groups, \"tag:site\" the values of the tag `site`");
    let expected = || value.expected("\"none\", \"group\" or \"tag:NAME\"").with_hint(&hint);
    match value.string()?.as_str() {
        "none" => Ok(Grouping::None),
        "group" => Ok(Grouping::Group),
        text => match text.strip_prefix("tag:").map(str::trim) {
            Some(tag) if !tag.is_empty() => Ok(Grouping::Tag(normalized(tag).into_owned())),
            _ => Err(expected()),
        },
    }
}

/// `[pricing]` of one file; absent keys come from the other layer.
#[derive(Clone, Debug, Default)]
pub(super) struct PricingLayer {
    markup: Option<Markup>,
    rounding: Option<Rounding>,
    round_at: Option<RoundAt>,
    discounts: Option<DiscountRule>,
    minimum: Option<Money>,
    minimum_excludes_adjustments: Option<bool>,
    rules: Vec<PriceRule>,
    definitions: PricingDefinitions,
}

impl PricingLayer {
    /// Reads a file's `[pricing]`; its money is in `currency` unless a rule names another.
    pub(super) fn read(section: Option<Section<'_, '_>>, currency: Currency) -> PricingLayer {
        let Some(section) = section else {
            return PricingLayer::default();
        };
        let layer = PricingLayer {
            markup: section.read("markup", values::markup),
            rounding: section.read("rounding", |value| value.one_of(&Rounding::NAMES)),
            round_at: section.read("round-at", |value| value.one_of(&RoundAt::NAMES)),
            discounts: section.read("discounts", |value| {
                value.one_of(&[
                    ("marked-up", DiscountRule::MarkedUp),
                    ("at-cost", DiscountRule::AtCost),
                    ("keep", DiscountRule::Keep),
                ])
            }),
            minimum: minimum(&section, currency),
            minimum_excludes_adjustments: minimum_excludes(&section),
            rules: section
                .sections("rule", "[[pricing.rule]]")
                .iter()
                .filter_map(|rule| price_rule(rule, currency))
                .collect(),
            definitions: PricingDefinitions {
                markup: section.definition_of("markup"),
                rounding: section.definition_of("rounding"),
                round_at: section.definition_of("round-at"),
                discounts: section.definition_of("discounts"),
                minimum: section.definition_of("minimum"),
            },
        };
        section.finish();
        layer
    }

    /// This layer's keys and rules, then those of `below`, then the defaults.
    pub(super) fn over(self, below: &PricingLayer) -> Pricing {
        let above = self.definitions;
        let definition =
            |above: Definition, below: &Definition| if above.path.is_empty() { below.clone() } else { above };
        let definitions = PricingDefinitions {
            markup: definition(above.markup, &below.definitions.markup),
            rounding: definition(above.rounding, &below.definitions.rounding),
            round_at: definition(above.round_at, &below.definitions.round_at),
            discounts: definition(above.discounts, &below.definitions.discounts),
            minimum: definition(above.minimum, &below.definitions.minimum),
        };
        Pricing {
            markup: self.markup.or(below.markup).unwrap_or(Markup(Amount::ZERO)),
            rounding: self.rounding.or(below.rounding).unwrap_or(Rounding::Up),
            round_at: self.round_at.or(below.round_at).unwrap_or(RoundAt::Item),
            discounts: self.discounts.or(below.discounts).unwrap_or(DiscountRule::MarkedUp),
            minimum: self.minimum.or(below.minimum),
            minimum_excludes_adjustments: self
                .minimum_excludes_adjustments
                .or(below.minimum_excludes_adjustments)
                .unwrap_or(false),
            rules: self.rules.into_iter().chain(below.rules.iter().cloned()).collect(),
            definitions,
        }
    }
}

fn minimum(section: &Section<'_, '_>, default: Currency) -> Option<Money> {
    let currency = values::currency(section, default);
    let minimum = section.read("minimum", |value| values::whole_units(value, values::positive, currency));
    if let (Some(value), false) = (section.get("currency"), section.has_any(&["minimum"])) {
        let diagnostic = Diagnostic::error("`currency` in [pricing] is that of `minimum`, and there is none");
        value.told::<()>(Err(diagnostic.with_hint(
            "remove it; a [[pricing.rule]] or [[fee]] has a `currency` of its own, an invoice that of [invoice]",
        )));
    }
    Some(Money { amount: minimum?, currency: currency? })
}

/// `minimum-excludes = ["adjustment"]`: what the minimum does not count.
fn minimum_excludes(section: &Section<'_, '_>) -> Option<bool> {
    let excluded = section.list("minimum-excludes", |value| value.one_of(&[("adjustment", ())]))?;
    Some(!excluded.is_empty())
}

fn price_rule(section: &Section<'_, '_>, default: Currency) -> Option<PriceRule> {
    let currency = values::currency(section, default);
    let matcher = values::matcher(section);
    let markup = section.read("markup", values::markup).map(Price::Markup);
    let unit_price = section.read("unit-price", values::positive).map(Price::UnitPrice);
    let told = section.file.problems.borrow().len();
    let tiering = section.read("tiering", |value| value.one_of(&Tiering::NAMES)).unwrap_or(Tiering::Graduated);
    let together = section.read("together", Value::boolean).unwrap_or(false);
    let tiers = section.list("tiers", tier).map(|tiers| {
        // Once an unreadable tier is reported, the remaining tiers need not fit together.
        if section.file.problems.borrow().len() == told {
            check_tiers(section, &tiers);
        }
        Price::Tiers(Tiers { tiers, tiering, together })
    });
    let per = section.read("per", wording::line);
    let tax_included = values::tax_included(section);
    let validity = values::validity(section);
    let prices: Vec<&str> =
        ["markup", "unit-price", "tiers"].into_iter().filter(|key| section.has_any(&[key])).collect();
    if section.finish() && !section.has_any(&values::MATCH_KEYS) {
        section.tell(
            Diagnostic::error("a [[pricing.rule]] that names no charges")
                .with_hint("add item = \"*\" to price everything"),
        );
    }
    if prices.len() != 1 {
        let (found, hint) = match prices.is_empty() {
            true => ("none".to_owned(), "add markup = \"20%\" or unit-price = \"330\""),
            false => (prices.join(" and "), "remove one of them, or make two rules"),
        };
        let message = format!("expected one of markup, unit-price and tiers in [[pricing.rule]], found {found}");
        section.tell(Diagnostic::error(message).with_hint(hint));
        return None;
    }
    if let (Some(value), ["markup"]) = (section.get("currency"), prices.as_slice()) {
        let diagnostic = Diagnostic::error("a markup has no currency");
        let hint = "remove `currency`: a markup multiplies the cost, which is converted with the [[fx]] of its source";
        value.told::<()>(Err(diagnostic.with_hint(hint)));
    }
    if let (Some(value), ["markup"]) = (section.get("tax"), prices.as_slice()) {
        let diagnostic = Diagnostic::error("a markup includes no tax");
        let hint = "remove `tax`: a markup multiplies the provider's cost, which is without tax";
        value.told::<()>(Err(diagnostic.with_hint(hint)));
    }
    check_keys_of_tiers(section, prices.as_slice());
    let price = markup.or(unit_price).or(tiers)?;
    Some(PriceRule {
        matcher,
        price,
        currency: currency?,
        tax_included,
        per,
        validity,
        definition: section.definition(),
    })
}

/// Refuses keys that say how something is priced by quantity, in a rule that does not.
fn check_keys_of_tiers(section: &Section<'_, '_>, prices: &[&str]) {
    for key in ["tiering", "together"] {
        if let (Some(value), ["markup" | "unit-price"]) = (section.get(key), prices) {
            let diagnostic = Diagnostic::error(format!("`{key}` is about tiers, and the rule has none"));
            value.told::<()>(Err(diagnostic.with_hint(
                "remove it, or write tiers = [{ up-to = \"100\", unit-price = \"2\" }, { unit-price = \"1\" }]",
            )));
        }
    }
    if let (Some(value), ["markup"]) = (section.get("per"), prices) {
        let diagnostic = Diagnostic::error("a markup is per no unit");
        value.told::<()>(Err(diagnostic.with_hint("remove `per`, or write a unit-price instead of the markup")));
    }
}

fn tier(value: &Value<'_, '_>) -> Result<Tier, Diagnostic> {
    let section = value.section("tiers")?;
    let up_to = section.read("up-to", values::positive);
    let tier =
        Tier { up_to, unit_price: section.require("unit-price", "\"0.2\"", values::positive).unwrap_or_default() };
    section.finish();
    Ok(tier)
}

/// Checks that tiers rise and only the last has no end.
fn check_tiers(section: &Section<'_, '_>, tiers: &[Tier]) {
    let hint = "write the tiers in rising order, the last without up-to: tiers = [{ up-to = \"1000000\", unit-price = \"0.2\" }, { unit-price = \"0.1\" }]";
    let message = match tiers {
        [] => "a list of tiers without a tier",
        [.., last] if last.up_to.is_some() => {
            "the last tier must have no up-to, or units beyond it would have no price"
        }
        [first @ .., _] if first.iter().any(|tier| tier.up_to.is_none()) => "only the last tier can be without up-to",
        [first @ .., _] if first.windows(2).any(|pair| pair[0].up_to >= pair[1].up_to) => "the tiers' up-to must rise",
        _ => return,
    };
    section.tell(Diagnostic::error(message).with_hint(hint));
}
