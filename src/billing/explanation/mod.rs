//! Explains every printed yen: the rows of each line with the rules that claimed, shared and priced them, the exact
//! sums, the rounding and the tax. Rules come from the functions that computed the amounts, sums are added up again,
//! and an explanation that does not give the printed amount is an error.

mod charges;
mod credit;
mod others;
mod own;
mod own_record;
mod record;
mod rules;
#[cfg(test)]
mod tests;

use crate::billing::ownership::{Ownership, assign};
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Bill, EMPTY};
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind, LineItem};
use crate::model::item_label::ItemTables;
use crate::model::matcher::Glob;
use crate::model::price::{FeePer, Prorate, RoundAt};
use crate::model::section::Section;
use crate::model::settings::Settings;
use charges::{LineRows, read};
pub use credit::{
    CreditCase, CreditExplanation, CreditLineExplanation, CreditTax, CreditTaxExplanation, CreditTotals,
    CreditYenExplanation, explain_credit,
};
pub use own_record::*;
pub use record::*;

/// The part of an invoice to explain.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only the line with that number, counted from 1.
    pub line: Option<usize>,
    /// Only rows of resources whose id matches.
    pub resource: Option<(String, Glob)>,
}

impl Wanted {
    fn has_line(&self, line: usize) -> bool {
        self.line.is_none_or(|wanted| wanted == line)
    }

    fn has_resource(&self, resource: &str) -> bool {
        self.resource.as_ref().is_none_or(|(_, glob)| glob.matches(resource))
    }
}

/// Error for an explanation that differs from what is printed, which must never be shown.
fn defect(what: String) -> Problems {
    Diagnostic::error(format!("the explanation does not give what is printed: {what}"))
        .with_hint("this is a defect of invoicer; please report it with the month's files")
        .into()
}

/// The invoice being explained, with its bill and settings.
#[derive(Clone, Copy)]
struct Case<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
}

/// Explains an invoice computed from that bill with those settings.
///
/// # Errors
/// A line the invoice does not have, a resource without rows on it, and sums that differ from what is printed, which
/// would be a defect of the program.
pub fn explain<'a>(
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
    wanted: &Wanted,
) -> Result<Explanation<'a>, Problems> {
    explained(Case { bill, settings, invoice }, wanted).of(format_args!("the explanation of {}", invoice.number))
}

fn explained<'a>(case: Case<'a>, wanted: &Wanted) -> Result<Explanation<'a>, Problems> {
    let Case { bill, settings, invoice } = case;
    let count = invoice.items.len();
    if let Some(line) = wanted.line.filter(|line| !(1..=count).contains(line)) {
        let diagnostic = Diagnostic::error(format!("{} has no line {line}", invoice.number));
        return Err(diagnostic.with_hint(format!("its lines are 1 to {count}; without a line all are shown")).into());
    }
    // What others have is measured again only where the invoice depends on it.
    let depends = |case: Case<'_>| {
        let customer = &case.settings.customers[case.invoice.customer];
        let is_shared = case.invoice.shares.iter().any(|share| !share.is_own());
        is_shared || customer.fees.iter().any(|fee| fee.prorate != Prorate::None && fee.per == FeePer::Resource)
    };
    let owned = if depends(case) { assign(bill, settings) } else { Ownership::default() };
    let read = read(case, &owned, wanted)?;
    if let Some((pattern, glob)) = wanted.resource.as_ref().filter(|_| read.lines.iter().all(|line| line.shown() == 0))
    {
        let problem = without_rows(case, wanted, pattern);
        return Err(match charges::kept_by(case, glob)? {
            Some(note) => problem.with_note(note).into(),
            None => problem.into(),
        });
    }
    let customer = &settings.customers[invoice.customer];
    let labels = ItemTables::of_customer(settings, invoice.customer).labels(invoice);
    let mut own = own::OwnLines::of(case, read.resources)?;
    let mut lines = Vec::new();
    for ((index, item), rows) in invoice.items.iter().enumerate().zip(read.lines) {
        let (origin, exact, amount, tax_rules) = match item.kind {
            _ if item.adjusted.is_some() => own.adjustment(item)?,
            _ if item.is_fee() => own.fee(index)?,
            ItemKind::Usage | ItemKind::Discount => {
                if !wanted.has_line(index + 1) || wanted.resource.is_some() && rows.shown() == 0 {
                    continue;
                }
                charge_line(case, index, rows)?
            }
            ItemKind::Fee | ItemKind::Adjustment => {
                return Err(defect(format!("line {} is neither a fee nor an adjustment", index + 1)));
            }
            ItemKind::Minimum => others::minimum(case)?,
            ItemKind::Carried => {
                let carried = LineOrigin::Carried(CarriedExplanation { rest: item.amount });
                (carried, item.amount, item.amount, Vec::new())
            }
            ItemKind::IncludedTax => others::included_tax(case, item)?,
            ItemKind::Rounding => match others::lift(case, index)? {
                Some(lift) => lift,
                None => others::adjustment(case, item)?,
            },
        };
        if amount != item.amount {
            let what = format!("line {} ({}) is {}, its explanation gives {amount}", index + 1, item.name, item.amount);
            return Err(defect(what));
        }
        if !wanted.has_line(index + 1) || wanted.resource.is_some() && !matches!(origin, LineOrigin::Charges(_)) {
            continue;
        }
        lines.push(LineExplanation {
            line: index + 1,
            kind: item.kind,
            source: &item.source,
            name: &item.name,
            qualifier: item.qualifier.as_deref(),
            label: labels[index].name_of(item),
            unit: &item.unit,
            tax_category: item.tax_category,
            tax_rate: item.tax_rate,
            tax_included: item.tax_included,
            tax_rules,
            section: section(case, item),
            origin,
            exact,
            amount,
        });
    }
    let whole = wanted.line.is_none() && wanted.resource.is_none();
    let pricing = &customer.pricing;
    Ok(Explanation {
        number: &invoice.number,
        month: bill.month.to_string(),
        status: invoice.status,
        customer: &customer.id,
        currency: invoice.currency,
        rules_directory: None,
        rounding: RoundingExplanation {
            mode: pricing.rounding.name(),
            mode_rule: Rule::at(&pricing.definitions.rounding),
            at: pricing.round_at.name(),
            at_rule: Rule::at(&pricing.definitions.round_at),
            decimals: invoice.currency.decimals(),
        },
        lines,
        totals: whole.then(|| others::totals(case)).transpose()?,
    })
}

/// Origin of a line, the sum before rounding, the printed amount, and the tax rules.
type LineMakeup<'a> = (LineOrigin<'a>, Amount, Amount, Vec<Rule<'a>>);

fn charge_line<'a>(case: Case<'a>, index: usize, rows: LineRows<'a>) -> Result<LineMakeup<'a>, Problems> {
    let item = &case.invoice.items[index];
    let customer = &case.settings.customers[case.invoice.customer];
    let tax_rules = rows.tax_rules.clone();
    let charges = rows.finish(case)?;
    let sum = |of: fn(&RowSums) -> Amount| Sum::of(charges.parts.iter().map(|part| of(&part.all)));
    let (exact, cost) = (sum(|sums| sums.exact)?, sum(|sums| sums.cost)?);
    let amount = match customer.pricing.round_at {
        RoundAt::Line => sum(|sums| sums.amount)?,
        RoundAt::Item => customer.pricing.rounding.apply(exact, case.invoice.currency.decimals())?,
        RoundAt::Invoice => exact,
    };
    let cost = charges.exchange.as_ref().map_or(Ok(cost), |exchange| cost.times(exchange.rate))?;
    if cost != item.cost {
        return Err(defect(format!("line {} costs {}, its rows add up to {cost}", index + 1, item.cost)));
    }
    Ok((LineOrigin::Charges(charges), exact, amount, tax_rules))
}

/// The section of a line; none where no section lists it.
fn section<'a>(case: Case<'a>, item: &'a LineItem) -> Option<SectionExplanation<'a>> {
    let Section { value, name } = item.section.as_ref()?;
    let customer = &case.settings.customers[case.invoice.customer];
    let naming = |value: &String| case.settings.section_tables(customer)?.naming(value);
    let named_by = value.as_ref().filter(|_| item.is_provided()).and_then(naming);
    Some(SectionExplanation {
        name,
        value: value.as_deref(),
        rule: named_by.and_then(|table| Rule::at(&table.definition)),
    })
}

/// The rate from one currency to another; none where both are the same.
fn exchange(case: Case<'_>, from: Currency, to: Currency) -> Option<ExchangeExplanation<'_>> {
    let entry = (from != to).then(|| case.settings.fx_entry(case.bill.month, from, to)).flatten();
    entry.map(|fx| ExchangeExplanation { from, to, rate: fx.rate, rule: Rule::at(&fx.definition) })
}

/// Conversion of a rule's money to the invoice's currency; none where it already is in that currency.
fn conversion(case: Case<'_>, given: Amount, from: Currency) -> Result<Option<ConversionExplanation<'_>>, Problems> {
    let Some(exchange) = exchange(case, from, case.invoice.currency) else {
        return Ok(None);
    };
    Ok(Some(ConversionExplanation { given, exact: given.times(exchange.rate)?, exchange }))
}

fn without_rows(case: Case<'_>, wanted: &Wanted, pattern: &str) -> Diagnostic {
    let Case { bill, invoice, .. } = case;
    let details = invoice.details.iter().filter(|detail| wanted.has_line(detail.item.0 as usize + 1));
    let mut known: Vec<_> = details.map(|detail| bill.subject(bill.charge(detail.charge)).resource).collect();
    known.sort_unstable();
    known.dedup();
    let known = known.into_iter().filter(|resource| *resource != EMPTY).map(|resource| bill.names.get(resource));
    let known: Vec<&str> = known.collect();
    let on = wanted.line.map_or_else(|| invoice.number.clone(), |line| format!("line {line} of {}", invoice.number));
    Diagnostic::error(format!("{on} has no rows of a resource {pattern:?}")).with_hint(
        match (crate::diagnostic::nearest(pattern, known.iter().copied()), known.len()) {
            (Some(near), _) => format!("did you mean {near:?}?"),
            (None, 0) => "none of its rows is of a resource".to_owned(),
            (None, count) => {
                let shown: Vec<&str> = known.iter().take(5).copied().collect();
                let more = if count > shown.len() { ", …" } else { "" };
                format!("* and ? are wildcards; its resources: {}{more}", shown.join(", "))
            }
        },
    )
}
