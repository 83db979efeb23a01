//! Assembles priced items into an [`Invoice`]: number, dates, totals.

use unicode_normalization::UnicodeNormalization;

use super::carrying;
use super::pricing::{PricedCustomer, missing_rate};
use super::taxation;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::figures::money;
use crate::model::invoice::{DocumentKind, Invoice, LineItem, Status, TaxSubtotal};
use crate::model::period::BillingMonth;
use crate::model::schedule;
use crate::model::settings::{PatternField, Settings};
use crate::model::tax::TaxCategory;
use crate::model::warning::WarningCode;

/// Assembles the invoice of the customer at `index`.
///
/// # Errors
/// A subtotal below zero, categories that adjustments bring below zero, a missing rate to yen, figures with too many digits.
pub(super) fn assemble(
    bill: &Bill,
    settings: &Settings,
    index: usize,
    priced: PricedCustomer,
    status: Status,
    remarks: &mut Vec<Diagnostic>,
) -> Result<Invoice, Problems> {
    let customer = &settings.customers[index];
    let currency = customer.invoice.currency;
    let to_yen = rate_to_yen(bill.month, settings, customer)?;
    let (rounding, _) = settings.tax_rounding(index);
    let mut tax_subtotals = taxation::tax(&priced.items, rounding, currency, to_yen)?;
    taxation::name(&mut tax_subtotals, &settings.taxes, bill.month, customer.invoice.language);
    let subtotal = Sum::of(priced.items.iter().map(|item| item.amount))?;
    let cost = Sum::of(priced.items.iter().map(|item| item.cost))?;
    let tax = Sum::of(tax_subtotals.iter().map(|subtotal| subtotal.tax))?;
    let total = subtotal.plus(tax)?;
    if subtotal.is_negative() {
        let exact = carrying::exact_sum(priced.exact_sum, &priced.items)?;
        let problem = below_zero(customer, exact, &tax_subtotals);
        return Err(with_adjustments(problem, settings, bill.month, customer, priced.items.iter()).into());
    }
    check_bases(settings, bill.month, customer, &tax_subtotals, &priced.items, remarks)?;
    remarks.extend(total.is_negative().then(|| negative_total(customer, total, tax)));
    let pricing = &customer.invoice;
    let (issue_date, due_date) =
        schedule::dates(bill.month, pricing.issue_date, pricing.due_date, pricing.due_on_holiday);
    if due_date < issue_date {
        let message =
            format!("the invoice of \"{}\" is due on {due_date}, before its issue on {issue_date}", customer.id);
        let facts = format!("{due_date} < {issue_date}");
        remarks.push(
            Diagnostic::finding(WarningCode::DueBeforeIssue, message, facts)
                .concerning(&customer.id)
                .at(Place::file(&customer.path))
                .with_hint("check issue-date and due-date in [invoice]"),
        );
    }
    let mut invoice = Invoice {
        customer: index,
        kind: DocumentKind::Invoice,
        original: None,
        returned: None,
        number: number(bill.month, customer, None),
        file_name: String::new(),
        status,
        issue_date,
        due_date,
        order_number: settings.order_number(bill.month, customer).map(str::to_owned),
        currency,
        tax_regime: settings.taxes.regime,
        items: priced.items,
        details: priced.details,
        shares: priced.shares,
        category_parts: priced.category_parts,
        unit_prices: priced.unit_prices,
        long_amounts: priced.long_amounts,
        tax_subtotals,
        subtotal,
        tax,
        total,
        cost,
    };
    invoice.file_name = file_name(bill.month, customer, &invoice);
    Ok(invoice)
}

/// Yen for one unit of an invoice's currency; none for invoices in yen, and for those that state no Japanese tax.
///
/// # Errors
/// When the month has no rate to yen.
pub(super) fn rate_to_yen(
    month: BillingMonth,
    settings: &Settings,
    customer: &Customer,
) -> Result<Option<Amount>, Diagnostic> {
    let currency = customer.invoice.currency;
    if currency == Currency::JPY || !settings.taxes.regime.is_japan() {
        return Ok(None);
    }
    settings.fx_rate(month, currency, Currency::JPY).map(Some).ok_or_else(|| {
        let who = format!("\"{}\" needs it: an invoice in another currency states its tax in yen too", customer.id);
        missing_rate(month, currency, Currency::JPY, &who)
    })
}

/// An invoice's number. `issue` assigns the running number; until then it reads "draft".
pub fn number(month: BillingMonth, customer: &Customer, running: Option<u64>) -> String {
    customer.invoice.number.fill(|field| match field {
        PatternField::Sequence(digits) => running.map_or("draft".to_owned(), |running| format!("{running:0digits$}")),
        field => common_field(field, month, customer),
    })
}

/// Name of a document's files without extension, from `file-name`.
pub fn file_name(month: BillingMonth, customer: &Customer, invoice: &Invoice) -> String {
    file_name_of(&customer.invoice.file_name.fill(|field| match field {
        PatternField::Number => invoice.number.clone(),
        PatternField::CustomerName => customer.name.clone(),
        PatternField::IssueDate => invoice.issue_date.to_string(),
        PatternField::Total => invoice.total.to_text(invoice.currency.decimals()),
        field => common_field(field, month, customer),
    }))
}

fn common_field(field: PatternField, month: BillingMonth, customer: &Customer) -> String {
    match field {
        PatternField::Customer => customer.id.clone(),
        // The patterns were checked when the workspace was read: the others follow from the month.
        field => customer.invoice.numbering.field(field, month).unwrap_or_default(),
    }
}

/// A text as a file name for any system: in NFC, at most 200 bytes, with `_` for characters that some system forbids.
fn file_name_of(text: &str) -> String {
    let safe = |c: char| {
        if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') || c.is_control() { '_' } else { c }
    };
    let mut name: String = text.nfc().map(safe).collect();
    while name.len() > 200 {
        name.pop();
    }
    // Windows drops trailing dots and spaces; elsewhere a leading dot hides a file.
    let name = name.trim_end_matches(['.', ' ']).trim_start_matches(['.', ' ']);
    if name.is_empty() { "invoice".to_owned() } else { name.to_owned() }
}

fn below_zero(customer: &Customer, exact: Amount, taxes: &[TaxSubtotal]) -> Diagnostic {
    let currency = customer.invoice.currency;
    let per_category = taxes.iter().map(|tax| format!("{} {} {currency}", tax.category.name(), tax.taxable));
    Diagnostic::error(format!("the subtotal of \"{}\" is exactly {exact} {currency}, below zero", customer.id))
        .at(Place::file(&customer.path))
        .with_note(format!("by tax category: {}", per_category.collect::<Vec<String>>().join(", ")))
        .with_note("discounts exceed what the customer used; giving money back is a credit note's business, not an invoice's")
        .with_hint("set a minimum or discounts = \"keep\" in the customer's [pricing], or below-zero = \"carry\" in its [invoice]: the next \
                    month then takes what is below zero")
}

/// Reports tax categories and rates whose items, with and without tax in their prices, add up to less than zero: it refuses
/// what adjustments lower, because no invoice can give that money back, and warns of what others are to blame for.
fn check_bases(
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
    taxes: &[TaxSubtotal],
    items: &[LineItem],
    remarks: &mut Vec<Diagnostic>,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for kind in taxes.chunk_by(|one, next| (one.category, one.rate) == (next.category, next.rate)) {
        let (category, rate) = (kind[0].category, kind[0].rate);
        let taxable = Sum::of(kind.iter().map(|tax| tax.taxable))?;
        if !taxable.is_negative() {
            continue;
        }
        let of_kind = || items.iter().filter(|item| (item.tax_category, item.tax_rate) == (category, rate));
        let adjusted = of_kind().filter(|item| item.adjusted.is_some());
        let lowered = adjusted.map(|item| item.tax_group().without_tax(item.amount));
        if Sum::of(lowered.collect::<Result<Vec<Amount>, TooLong>>()?)?.is_negative() {
            let problem = lowered_base(customer, &kind[0], taxable);
            problems.push(with_adjustments(problem, settings, month, customer, of_kind()));
        } else {
            remarks.push(negative_base(customer, category, taxable));
        }
    }
    problems.check()
}

fn lowered_base(customer: &Customer, tax: &TaxSubtotal, taxable: Amount) -> Diagnostic {
    let (category, rate) = (tax.category.name(), tax.rate);
    let taxable = money(taxable, customer.invoice.currency, 0);
    let message =
        format!("adjustments bring the {category} items of \"{}\" at {rate} to {taxable}, below zero", customer.id);
    let hint = "giving money back is a credit note's business: take back what was issued with `invoicer credit`";
    Diagnostic::error(message).with_hint(hint)
}

fn negative_base(customer: &Customer, category: TaxCategory, taxable: Amount) -> Diagnostic {
    let category = category.name();
    let message = format!("the {} items of \"{}\" add up to {}, below zero", category, customer.id, taxable);
    let facts = format!("{category}: {}", money(taxable, customer.invoice.currency, 0));
    Diagnostic::finding(WarningCode::NegativeBase, message, facts)
        .concerning(&customer.id)
        .at(Place::file(&customer.path))
        .with_hint("give the discount the tax category of what it reduces with [[tax.rule]]")
}

/// Names the adjustments that give money back, and begins at the first.
fn with_adjustments<'l>(
    mut diagnostic: Diagnostic,
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
    items: impl Iterator<Item = &'l LineItem>,
) -> Diagnostic {
    let currency = customer.invoice.currency;
    let mut is_first = true;
    for (item, own) in items.filter_map(|item| Some((item, item.adjusted.as_ref()?))) {
        let definition = settings.adjustments_of(month, customer).iter().find(|adjustment| adjustment.id == own.id);
        let Some(definition) =
            definition.map(|adjustment| &adjustment.definition).filter(|_| item.amount.is_negative())
        else {
            continue;
        };
        if is_first {
            diagnostic = diagnostic.at(Place::start_of(definition));
        }
        is_first = false;
        let amount = money(item.amount, currency, 0);
        diagnostic =
            diagnostic.with_note(format!("\"{}\" is {amount} ({}:{})", own.id, definition.path, definition.line));
    }
    diagnostic
}

/// Nobody can pay a total below zero. The rules refuse such a subtotal only (billing-rules §4), and taxes below zero can exceed
/// what is left of it.
fn negative_total(customer: &Customer, total: Amount, tax: Amount) -> Diagnostic {
    let currency = customer.invoice.currency;
    let (total, tax) = (money(total, currency, 0), money(tax, currency, 0));
    let message = format!("the total of \"{}\" is {total}, below zero: its taxes come to {tax}", customer.id);
    Diagnostic::finding(WarningCode::NegativeTotal, message, total)
        .concerning(&customer.id)
        .at(Place::file(&customer.path))
        .with_hint("give the discount the tax category of what it reduces with [[tax.rule]], or hold the invoice back (docs/adjustments.md)")
}

#[cfg(test)]
mod tests {
    use super::file_name_of;

    #[test]
    fn file_names_are_safe_everywhere() {
        assert_eq!(file_name_of("20221031_㈱国税商事_110000"), "20221031_㈱国税商事_110000");
        assert_eq!(file_name_of("../a/b:c*?\"<>|\n"), "_a_b_c_______");
        assert_eq!(file_name_of("..."), "invoice");
        assert_eq!(file_name_of("カ\u{3099}"), "ガ");
        let long = file_name_of(&"髙".repeat(100));
        assert!(long.len() <= 200 && long.chars().all(|c| c == '髙'));
    }
}
