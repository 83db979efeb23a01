//! Categories, rates and taxes.

use std::collections::BTreeMap;

use super::findings::{Facts, Findings, number};
use crate::export::jp_pint::element::Element;
use crate::export::jp_pint::taxes::category_of_code;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::TaxSubtotal;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::model::rounding::Rounding;
use crate::model::tax::{TaxCategory, TaxRate};

/// A category with its rate in percent; none out of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    category: TaxCategory,
    rate: Option<Amount>,
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(crate::export::jp_pint::taxes::code_of(self.category))?;
        self.rate.map_or(Ok(()), |rate| write!(f, " {rate}%"))
    }
}

/// One of the document's taxes.
struct Subtotal<'e> {
    element: &'e Element,
    group: Group,
    taxable: Amount,
    tax: Amount,
}

/// How the taxes of a document came about.
#[derive(Clone, Copy, Debug)]
pub struct TaxRule<'t> {
    /// How they were rounded.
    pub rounding: Rounding,
    /// The taxes that were issued: those of prices that include the tax were taken out of these.
    pub subtotals: &'t [TaxSubtotal],
}

impl TaxRule<'_> {
    /// The tax of a group: of what the document has of it, each kind of prices for itself, or of an amount before tax.
    fn tax(&self, group: Group, taxable: Amount, decimals: u32) -> Result<Amount, TooLong> {
        let percent = group.rate.unwrap_or(Amount::ZERO);
        let is_own = |own: &&TaxSubtotal| {
            let rate = own.rate.percent();
            own.category == group.category && group.rate.is_none_or(|of_group| of_group == rate)
        };
        let of_own = |own: &TaxSubtotal| own.group().tax(own.prices()?, self.rounding, decimals);
        let taxes = self.subtotals.iter().filter(is_own).map(of_own).collect::<Result<Vec<Amount>, TooLong>>()?;
        if taxes.is_empty() { self.rounding.apply(percent_of(percent, taxable)?, decimals) } else { Sum::of(taxes) }
    }
}

fn percent_of(percent: Amount, amount: Amount) -> Result<Amount, TooLong> {
    amount.times(percent)?.times(Amount::new(1, 2)?)
}

pub(super) fn check(root: &Element, facts: &Facts, rule: Option<TaxRule<'_>>, findings: &mut Findings<'_>) {
    check_totals(root, findings);
    let before = findings.count();
    let sums = sums_of_lines(root, facts, findings);
    let Some(total) = root.at("cac:TaxTotal") else {
        findings.add(root, "missing cac:TaxTotal in Invoice");
        return;
    };
    let subtotals = subtotals(total, facts, findings);
    // A line in a wrong group is missing in another.
    if findings.count() == before {
        check_groups(total, &sums, &subtotals, findings);
    }
    let alone = |subtotal: &&Subtotal<'_>| {
        subtotals.iter().filter(|other| other.group == subtotal.group).count() == 1
            && has_own_rate(subtotal.group, facts)
    };
    let alone: Vec<&Subtotal<'_>> = subtotals.iter().filter(alone).collect();
    match rule.filter(|_| !facts.is_credit_note) {
        Some(rule) => alone.iter().for_each(|subtotal| check_own_tax(subtotal, (facts, rule), findings)),
        None => check_rounding(total, &alone, facts, findings),
    }
    if let Some(tax) = findings.require_amount(total, "cbc:TaxAmount", facts) {
        check_sum(total, tax, subtotals.iter().map(|subtotal| subtotal.tax), findings);
    }
    check_yen(root, facts, &subtotals, findings);
}

/// One total for each currency.
fn check_totals(root: &Element, findings: &mut Findings<'_>) {
    let mut currencies = Vec::new();
    for total in root.all("cac:TaxTotal") {
        let currency = total.at("cbc:TaxAmount").and_then(|tax| tax.attribute("currencyID"));
        if currencies.contains(&currency) {
            let message = format!("a second cac:TaxTotal in {}", beginning(currency.unwrap_or_default()));
            findings.add_with_hint(total, message, "JP PINT has one for each currency");
        }
        currencies.push(currency);
    }
}

/// The sum of the lines of each group, and of the document's own allowances and charges; none of a group whose sum is
/// too long.
fn sums_of_lines(root: &Element, facts: &Facts, findings: &mut Findings<'_>) -> BTreeMap<Group, Option<Amount>> {
    let mut amounts: BTreeMap<Group, Vec<Amount>> = BTreeMap::new();
    findings.each_line(root, |line, findings| {
        let Some(category) = line.at("cac:Item/cac:ClassifiedTaxCategory") else {
            findings.add(line, "a line without cac:ClassifiedTaxCategory");
            return;
        };
        let amount = line.at("cbc:LineExtensionAmount").and_then(number);
        if let (Some(group), Some(amount)) = (group(category, facts, findings), amount) {
            amounts.entry(group).or_default().push(amount);
        }
    });
    for own in root.all("cac:AllowanceCharge") {
        let Some(category) = own.at("cac:TaxCategory") else {
            findings.add(own, "an allowance or charge without cac:TaxCategory");
            continue;
        };
        let amount = own.at("cbc:Amount").and_then(number);
        if let (Some(group), Some(amount)) = (group(category, facts, findings), amount) {
            let is_charge = own.text_at("cbc:ChargeIndicator") == Some("true");
            amounts.entry(group).or_default().push(if is_charge { amount } else { amount.negated() });
        }
    }
    amounts.into_iter().map(|(group, amounts)| (group, Sum::of(amounts).ok())).collect()
}

/// The category and rate of a line or subtotal; reports what is wrong with them.
fn group(element: &Element, facts: &Facts, findings: &mut Findings<'_>) -> Option<Group> {
    let code = findings.require(element, "cbc:ID")?;
    let Some(category) = category_of_code(code) else {
        findings.add(element, format!("expected a tax category of S, AA, G, E and O, found {:?}", beginning(code)));
        return None;
    };
    if findings.require(element, "cac:TaxScheme/cbc:ID").is_some_and(|scheme| scheme != "VAT") {
        findings.add(element, "expected the tax scheme VAT");
    }
    let percent = element.at("cbc:Percent");
    let rate = match percent {
        Some(percent) => Some(findings.number(percent)?),
        None => None,
    };
    match (category, rate) {
        (TaxCategory::OutOfScope, Some(_)) => {
            findings.add(percent.unwrap_or(element), "category O has no cbc:Percent");
            return None;
        }
        (TaxCategory::OutOfScope, None) => {}
        (_, None) => {
            findings.add(element, format!("category {code} without a rate: missing cbc:Percent"));
            return None;
        }
        (_, Some(rate)) => check_rate(percent.unwrap_or(element), (category, code), rate, facts, findings),
    }
    Some(Group { category, rate })
}

/// The rate is that of the category at the time.
fn check_rate(
    element: &Element,
    (category, code): (TaxCategory, &str),
    rate: Amount,
    facts: &Facts,
    findings: &mut Findings<'_>,
) {
    let Some(month) = facts.month() else {
        return;
    };
    let expected = rate_in(category, month);
    if expected == Some(rate) {
        return;
    }
    let is_reduced = category == TaxCategory::Standard && rate_in(TaxCategory::Reduced, month) == Some(rate);
    let message = match expected {
        _ if is_reduced => format!("{rate} % has been the reduced rate since 2019-10: expected category AA, found S"),
        Some(expected) => format!("expected {expected} % in category {code} in {month}, found {rate}"),
        None => format!("there was no category {code} in {month}"),
    };
    findings.add(element, message);
}

/// The rate of a category in percent.
fn rate_in(category: TaxCategory, month: BillingMonth) -> Option<Amount> {
    category.japanese_rate(month).map(TaxRate::percent)
}

/// Whether a rate is that of its category, so that its tax can be checked.
fn has_own_rate(group: Group, facts: &Facts) -> bool {
    facts.month().is_none_or(|month| group.rate.is_none() || rate_in(group.category, month) == group.rate)
}

fn subtotals<'e>(total: &'e Element, facts: &Facts, findings: &mut Findings<'_>) -> Vec<Subtotal<'e>> {
    let mut subtotals = Vec::new();
    for element in total.all("cac:TaxSubtotal") {
        let taxable = findings.require_amount(element, "cbc:TaxableAmount", facts);
        let tax = findings.require_amount(element, "cbc:TaxAmount", facts);
        let Some(category) = element.at("cac:TaxCategory") else {
            findings.add(element, "missing cac:TaxCategory in cac:TaxSubtotal");
            continue;
        };
        if let (Some(group), Some(taxable), Some(tax)) = (group(category, facts, findings), taxable, tax) {
            subtotals.push(Subtotal { element, group, taxable, tax });
        }
    }
    subtotals
}

/// One subtotal for each category and rate, of the sum of its lines.
fn check_groups(
    total: &Element,
    sums: &BTreeMap<Group, Option<Amount>>,
    subtotals: &[Subtotal<'_>],
    findings: &mut Findings<'_>,
) {
    for (index, subtotal) in subtotals.iter().enumerate() {
        let Subtotal { element, group, taxable, .. } = subtotal;
        if subtotals[..index].iter().any(|other| other.group == *group) {
            let hint = "the tax of an invoice is rounded once for each rate (消費税法施行令70条の10)";
            findings.add_with_hint(element, format!("a second subtotal of {group}"), hint);
            continue;
        }
        if subtotals.iter().filter(|other| other.group == *group).count() > 1 {
            continue;
        }
        match sums.get(group) {
            Some(Some(sum)) if sum == taxable => {}
            Some(Some(sum)) => {
                let message = format!("the lines of {group} add up to {sum}, their subtotal is of {taxable}");
                findings.add(element.at("cbc:TaxableAmount").unwrap_or(element), message);
            }
            Some(None) => findings.add(element, format!("the lines of {group} have too many digits")),
            None => findings.add(element, format!("a subtotal of {group}, which no line has")),
        }
    }
    for group in sums.keys().filter(|group| !subtotals.iter().any(|subtotal| subtotal.group == **group)) {
        findings.add(total, format!("no subtotal of {group}, which lines have"));
    }
}

/// A tax is what the document's own rule gives, and between the whole numbers below and above the exact tax, as the
/// official rules want it in every currency.
fn check_own_tax(subtotal: &Subtotal<'_>, (facts, rule): (&Facts, TaxRule<'_>), findings: &mut Findings<'_>) {
    let Subtotal { group, taxable, tax, element } = subtotal;
    let own = rule.tax(*group, *taxable, facts.decimals());
    if own == Ok(*tax) && subtotal.is_near().unwrap_or(false) {
        return;
    }
    let name = Rounding::NAMES.iter().find(|(_, mode)| *mode == rule.rounding).map_or("", |(name, _)| name);
    // What is right by the rule and not in JP PINT is the tax of prices that include it.
    let expected = match own {
        Ok(own) if own != *tax => Some(format!("{own} ({name})")),
        _ => subtotal.expected((name, rule.rounding), facts),
    };
    let message = format!("a tax of {tax} on {taxable} of {group}: expected {}", expected.unwrap_or_default());
    findings.add(element.at("cbc:TaxAmount").unwrap_or(element), message);
}

/// Every tax is rounded the same way, once, whichever that is. That of a credit note is between: several notes give back
/// together what their invoice's tax was rounded to.
fn check_rounding(total: &Element, subtotals: &[&Subtotal<'_>], facts: &Facts, findings: &mut Findings<'_>) {
    let modes: Vec<(&str, Rounding)> = Rounding::NAMES.to_vec();
    let mut common = modes.clone();
    let before = findings.count();
    for subtotal in subtotals {
        let gives = |(_, mode): &(&str, Rounding)| subtotal.is_rounded(*mode, facts.decimals()).unwrap_or(false);
        if !modes.iter().any(gives) {
            let expected: Vec<String> = modes.iter().filter_map(|mode| subtotal.expected(*mode, facts)).collect();
            let Subtotal { group, taxable, tax, element } = subtotal;
            let message = format!("a tax of {tax} on {taxable} of {group}: expected {}", expected.join(", "));
            findings.add(element.at("cbc:TaxAmount").unwrap_or(element), message);
        }
        common.retain(gives);
    }
    if common.is_empty() && findings.count() == before && !facts.is_credit_note {
        let hint = "tax is rounded in one way, once for each rate: not the sum of the lines' taxes";
        findings.add_with_hint(total, "no way of rounding gives all taxes of the invoice", hint);
    }
}

impl Subtotal<'_> {
    /// The tax, not rounded.
    fn exact(&self) -> Result<Amount, TooLong> {
        percent_of(self.group.rate.unwrap_or(Amount::ZERO), self.taxable)
    }

    /// Whether the tax is between the whole numbers below and above the exact one (aligned-ibrp-051-jp).
    fn is_near(&self) -> Result<bool, TooLong> {
        let exact = self.exact()?;
        let (least, most) = (Rounding::Down.apply(exact.magnitude(), 0)?, Rounding::Up.apply(exact.magnitude(), 0)?);
        let has_its_sign = self.tax.is_zero() || self.tax.is_negative() == exact.is_negative();
        Ok(has_its_sign && (least..=most).contains(&self.tax.magnitude()))
    }

    /// Whether the tax is what a way of rounding gives, of the amount or of the amount with tax: both are allowed, and
    /// prices that include the tax are rounded the second way (消費税法施行令70条の10).
    fn is_rounded(&self, mode: Rounding, decimals: u32) -> Result<bool, TooLong> {
        if mode.apply(self.exact()?, decimals)? == self.tax {
            return Ok(true);
        }
        let percent = self.group.rate.unwrap_or(Amount::ZERO);
        let with_tax = self.taxable.plus(self.tax)?.times(percent)?;
        let inside = mode.quotient(with_tax, percent.plus(Amount::whole(100))?, decimals)?;
        Ok(inside == self.tax && self.is_near()?)
    }

    /// `17222 (down)`
    fn expected(&self, (name, mode): (&str, Rounding), facts: &Facts) -> Option<String> {
        Some(format!("{} ({name})", mode.apply(self.exact().ok()?, facts.decimals()).ok()?))
    }
}

fn check_sum(total: &Element, tax: Amount, taxes: impl Iterator<Item = Amount>, findings: &mut Findings<'_>) {
    match Sum::of(taxes) {
        Ok(sum) if sum == tax => {}
        Ok(sum) => findings.add(total, format!("the taxes add up to {sum}, their total is {tax}")),
        Err(TooLong) => findings.add(total, "the taxes have too many digits"),
    }
}

/// Tax in yen has no decimals, and an invoice in another currency states it besides.
fn check_yen(root: &Element, facts: &Facts, subtotals: &[Subtotal<'_>], findings: &mut Findings<'_>) {
    let yen = Currency::JPY.code();
    let is_yen = |element: &&Element| element.attribute("currencyID") == Some(yen);
    for total in root.all("cac:TaxTotal") {
        let taxes = total.all("cac:TaxSubtotal").flat_map(|subtotal| subtotal.all("cbc:TaxAmount"));
        for tax in taxes.chain(total.all("cbc:TaxAmount")).filter(is_yen).filter(|tax| tax.text.contains('.')) {
            findings.add(tax, format!("a tax in yen with a point: {}", beginning(tax.text.trim())));
        }
    }
    if facts.currency.as_deref().is_none_or(|currency| currency == yen) {
        return;
    }
    let Some(total) = root.all("cac:TaxTotal").find(|total| total.at("cbc:TaxAmount").as_ref().is_some_and(is_yen))
    else {
        let message = "an invoice in another currency than JPY without a cac:TaxTotal in JPY";
        findings.add(root, message);
        return;
    };
    let in_yen = Facts { currency: Some(yen.to_owned()), ..*facts };
    let mut taxes: BTreeMap<Group, Amount> = BTreeMap::new();
    for element in total.all("cac:TaxSubtotal") {
        let tax = findings.require_amount(element, "cbc:TaxAmount", &in_yen);
        let group = element.at("cac:TaxCategory").and_then(|category| group(category, facts, findings));
        let (Some(tax), Some(group)) = (tax, group) else {
            continue;
        };
        if !group.category.is_taxed() {
            findings.add_with_hint(
                element,
                format!("a subtotal of {group} in the tax in yen"),
                "only taxed amounts are there: the official rule aligned-ibrp-g-01 counts the others twice",
            );
        }
        if taxes.insert(group, tax).is_some() {
            findings.add(element, format!("a second subtotal of {group} in the tax in yen"));
        }
    }
    for group in subtotals.iter().map(|subtotal| subtotal.group).filter(|group| group.category.is_taxed()) {
        if !taxes.contains_key(&group) {
            findings.add(total, format!("the tax in yen lacks {group}"));
        }
    }
    if let Some(tax) = findings.require_amount(total, "cbc:TaxAmount", &in_yen) {
        check_sum(total, tax, taxes.into_values(), findings);
    }
}
