//! What a template sees of an invoice: [`InvoiceView`], the templates' contract. Every number is text already.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{date_text, grouped, money, month_text, period_text};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, EMPTY, NameId};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, Invoice, ItemKind, LineItem, Status, TaxSubtotal};
use crate::model::settings::{DetailLevel, Language, Settings};
use crate::model::tax::TaxCategory;

/// The fields of `invoice.html`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "templates/README.md documents the fields for those who use them")]
pub struct InvoiceView<'a> {
    pub language: &'static str,
    pub draft: bool,
    pub labels: &'a BTreeMap<String, String>,
    pub title: &'a str,
    pub number: &'a str,
    pub month: String,
    pub month_name: String,
    pub period: String,
    pub issue_date: String,
    pub due_date: String,
    pub currency: &'static str,
    pub issuer: IssuerView<'a>,
    pub customer: CustomerView<'a>,
    pub subtotal: String,
    pub tax: String,
    pub total: String,
    pub charges: Vec<RowView<'a>>,
    pub discounts: Vec<RowView<'a>>,
    pub discounts_total: String,
    pub adjustments: Vec<RowView<'a>>,
    pub tax_subtotals: Vec<TaxView>,
    pub has_reduced: bool,
    pub has_quantity: bool,
    pub has_unit: bool,
    pub has_unit_price: bool,
    pub item_columns: String,
    pub item_columns_before_amount: String,
    pub has_tax_jpy: bool,
    pub long_first_page: bool,
    pub fx_note: String,
    pub notes: &'a [String],
    pub details: &'static str,
    pub appendix: Vec<GroupView<'a>>,
    pub appendix_has: AppendixColumns,
    pub appendix_columns_before_amount: String,
    pub appendix_fraction_width: String,
}

/// Which columns of the appendix hold anything.
#[derive(Debug, Default, Serialize)]
pub struct AppendixColumns {
    pub date: bool,
    pub quantity: bool,
    pub unit: bool,
    pub unit_price: bool,
    pub fraction: bool,
    pub shared: bool,
}

#[derive(Debug, Serialize)]
pub struct IssuerView<'a> {
    pub name: &'a str,
    pub registration_number: &'a str,
    pub postal_code: &'a str,
    pub address: &'a [String],
    pub phone: &'a str,
    pub email: &'a str,
    pub logo: String,
    pub seal: String,
    pub bank_accounts: &'a [String],
}

#[derive(Debug, Serialize)]
pub struct CustomerView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub honorific: &'a str,
    pub department: &'a str,
    pub contact: &'a str,
    pub registration_number: &'a str,
    pub postal_code: &'a str,
    pub address: &'a [String],
}

#[derive(Debug, Serialize)]
pub struct RowView<'a> {
    pub line: String,
    pub kind: ItemKind,
    pub source: &'a str,
    pub name: &'a str,
    pub mark: &'static str,
    pub quantity: String,
    pub unit: &'static str,
    pub unit_price: String,
    pub amount: String,
    pub tax_category: TaxCategory,
    pub tax_rate: String,
}

#[derive(Debug, Serialize)]
pub struct TaxView {
    pub label: String,
    pub taxable: String,
    pub tax_label: String,
    pub tax: String,
    pub tax_jpy: String,
}

#[derive(Debug, Serialize)]
pub struct GroupView<'a> {
    pub resource: &'a str,
    pub resource_name: &'a str,
    pub heading: String,
    pub rows: Vec<DetailView<'a>>,
    pub subtotal: Split,
}

#[derive(Debug, Serialize)]
pub struct DetailView<'a> {
    pub date: String,
    pub name: &'a str,
    pub quantity: String,
    pub unit: &'static str,
    pub unit_price: String,
    pub amount: Split,
    pub shared: bool,
}

/// An amount in two pieces, so that figures with many decimals can stand below each other at their points.
#[derive(Debug, Serialize)]
pub struct Split {
    pub whole: String,
    pub fraction: String,
}

impl Split {
    fn new(amount: Amount, currency: Currency) -> Split {
        let text = money(amount, currency, 0);
        match text.split_once('.') {
            Some((whole, fraction)) => Split { whole: whole.to_owned(), fraction: format!(".{fraction}") },
            None => Split { whole: text, fraction: String::new() },
        }
    }
}

/// Where templates find images: a function from a workspace path to what stands in `src`.
pub(crate) type ImageLink<'a> = &'a dyn Fn(&str) -> String;

/// The view of an invoice.
///
/// # Errors
/// When a subtotal of the appendix has too many digits.
pub fn view<'a>(
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
    labels: &'a BTreeMap<String, String>,
    image: ImageLink<'_>,
) -> Result<InvoiceView<'a>, TooLong> {
    let customer = &settings.customers[invoice.customer];
    let language = customer.invoice.language;
    let rows = |wanted: fn(ItemKind) -> bool| rows(invoice, language, wanted);
    let (charges, discounts, adjustments) = (
        rows(|kind| matches!(kind, ItemKind::Usage | ItemKind::Fee | ItemKind::Minimum)),
        rows(|kind| kind == ItemKind::Discount),
        rows(|kind| kind == ItemKind::Rounding),
    );
    let discounts_total =
        Sum::of(invoice.items.iter().filter(|item| item.kind == ItemKind::Discount).map(|item| item.amount))?;
    let all_rows = || charges.iter().chain(&discounts).chain(&adjustments);
    let has_quantity = all_rows().any(|row| !row.quantity.is_empty());
    let has_unit = all_rows().any(|row| !row.unit.is_empty());
    let has_unit_price = all_rows().any(|row| !row.unit_price.is_empty());
    let optional_columns = count(&[has_quantity, has_unit, has_unit_price]);
    let (appendix, appendix_has, longest_fraction) = appendix(bill, customer, invoice, labels)?;
    let plain = |amount| money(amount, invoice.currency, 0);
    Ok(InvoiceView {
        language: language.tag(),
        draft: invoice.status == Status::Draft,
        title: labels.get("title").map_or("", String::as_str),
        labels,
        number: &invoice.number,
        month: bill.month.to_string(),
        month_name: month_text(bill.month, language),
        period: period_text(bill.month, language),
        issue_date: date_text(invoice.issue_date, language),
        due_date: date_text(invoice.due_date, language),
        currency: invoice.currency.code(),
        issuer: issuer(settings, image),
        customer: recipient(customer),
        subtotal: plain(invoice.subtotal),
        tax: plain(invoice.tax),
        total: plain(invoice.total),
        discounts_total: if discounts.is_empty() { String::new() } else { plain(discounts_total) },
        has_reduced: invoice.items.iter().any(|item| item.tax_category == TaxCategory::Reduced),
        has_quantity,
        has_unit,
        has_unit_price,
        item_columns: (4 + optional_columns).to_string(),
        item_columns_before_amount: (3 + optional_columns).to_string(),
        has_tax_jpy: invoice.tax_subtotals.iter().any(|tax| tax.tax_jpy.is_some()),
        long_first_page: is_long(settings, customer, invoice),
        tax_subtotals: invoice.tax_subtotals.iter().map(|tax| tax_view(tax, invoice.currency, language)).collect(),
        fx_note: fx_note(bill, settings, invoice),
        notes: &customer.invoice.notes,
        details: detail_level_name(customer.invoice.details),
        charges,
        discounts,
        adjustments,
        appendix,
        appendix_columns_before_amount: (1 + count(&[
            appendix_has.date,
            appendix_has.quantity,
            appendix_has.unit,
            appendix_has.unit_price,
        ]))
        .to_string(),
        appendix_has,
        appendix_fraction_width: fraction_width(longest_fraction),
    })
}

/// The width of a column for fractions of that many characters at 8 pt, in CSS: digits of the built-in face are up to
/// 0.76 em wide, the point is narrower by what the cell's padding takes.
fn fraction_width(characters: usize) -> String {
    let tenths_of_points = characters * 61 + 20;
    format!("{}.{}pt", tenths_of_points / 10, tenths_of_points % 10)
}

/// The most decimals a price is printed with. A price per byte has more and says nothing to a reader; JSON and CSV hold
/// all prices.
const PRICE_DECIMALS: u32 = 6;

fn price_text(price: Option<Amount>) -> String {
    price.filter(|price| price.scale() <= PRICE_DECIMALS).map_or_else(String::new, |price| grouped(price, 0))
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|flag| **flag).count()
}

/// Whether totals, taxes and notes would not fit on the first page below the items, so that they come before them.
/// Estimated in lines; a template is free to ignore it.
fn is_long(settings: &Settings, customer: &Customer, invoice: &Invoice) -> bool {
    let extra = |text: &str, width: usize| unicode_width::UnicodeWidthStr::width(text) / width;
    let items: usize = invoice.items.iter().map(|item| 1 + extra(&item.name, 44)).sum();
    let notes: usize = customer.invoice.notes.iter().map(|note| 1 + extra(note, 100)).sum();
    let banks: usize = settings.issuer.bank_accounts.iter().map(|account| 1 + extra(account, 52)).sum();
    let addressee = extra(&customer.name, 40)
        + usize::from(customer.department.is_some())
        + usize::from(customer.contact.is_some());
    let sections = usize::from(invoice.items.iter().any(|item| item.kind == ItemKind::Discount)) * 2;
    items + notes + banks + addressee + sections + settings.issuer.address.len() + invoice.tax_subtotals.len() > 20
}

fn detail_level_name(level: DetailLevel) -> &'static str {
    match level {
        DetailLevel::Rows => "rows",
        DetailLevel::Daily => "daily",
        DetailLevel::Resource => "resource",
        DetailLevel::None => "none",
    }
}

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn issuer<'a>(settings: &'a Settings, image: ImageLink<'_>) -> IssuerView<'a> {
    let issuer = &settings.issuer;
    IssuerView {
        name: &issuer.name,
        registration_number: optional(&issuer.registration_number),
        postal_code: optional(&issuer.postal_code),
        address: &issuer.address,
        phone: optional(&issuer.phone),
        email: optional(&issuer.email),
        logo: issuer.logo.as_deref().map_or_else(String::new, image),
        seal: issuer.seal.as_deref().map_or_else(String::new, image),
        bank_accounts: &issuer.bank_accounts,
    }
}

fn recipient(customer: &Customer) -> CustomerView<'_> {
    let japanese = customer.invoice.language == Language::Japanese;
    // 御中 and 様 are Japanese; an English letter has none.
    let honorific = if japanese || !matches!(customer.honorific.as_str(), "御中" | "様") {
        customer.honorific.as_str()
    } else {
        ""
    };
    CustomerView {
        id: &customer.id,
        name: &customer.name,
        honorific,
        department: optional(&customer.department),
        contact: optional(&customer.contact),
        registration_number: optional(&customer.registration_number),
        postal_code: optional(&customer.postal_code),
        address: &customer.address,
    }
}

fn rows(invoice: &Invoice, language: Language, wanted: fn(ItemKind) -> bool) -> Vec<RowView<'_>> {
    let items = invoice.items.iter().enumerate().filter(|(_, item)| wanted(item.kind));
    items.map(|(index, item)| row(index, item, invoice.currency, language)).collect()
}

fn row(index: usize, item: &LineItem, currency: Currency, language: Language) -> RowView<'_> {
    RowView {
        line: (index + 1).to_string(),
        kind: item.kind,
        source: &item.source,
        name: &item.name,
        mark: if item.tax_category == TaxCategory::Reduced { "※" } else { "" },
        quantity: item.quantity.map_or_else(String::new, |quantity| grouped(quantity, 0)),
        unit: item.unit,
        unit_price: price_text(item.unit_price),
        amount: money(item.amount, currency, 0),
        tax_category: item.tax_category,
        tax_rate: match item.tax_category.is_taxed() {
            true => item.tax_rate.to_string(),
            false => category_word(item.tax_category, language).to_owned(),
        },
    }
}

/// The words of the law and of accountants for categories without tax.
fn category_word(category: TaxCategory, language: Language) -> &'static str {
    match (category, language) {
        (TaxCategory::Exempt, Language::Japanese) => "免税",
        (TaxCategory::NonTaxable, Language::Japanese) => "非課税",
        (TaxCategory::OutOfScope, Language::Japanese) => "不課税",
        (TaxCategory::Exempt, Language::English) => "Exempt",
        (TaxCategory::NonTaxable, Language::English) => "Non-taxable",
        (TaxCategory::OutOfScope, Language::English) => "Out of scope",
        (TaxCategory::Standard | TaxCategory::Reduced, _) => "",
    }
}

fn tax_view(tax: &TaxSubtotal, currency: Currency, language: Language) -> TaxView {
    let taxed = tax.category.is_taxed();
    let mark = if tax.category == TaxCategory::Reduced { " ※" } else { "" };
    let label = match (taxed, language) {
        (true, Language::Japanese) => format!("{}対象{mark}", tax.rate),
        (true, Language::English) => format!("Subject to {}{mark}", tax.rate),
        (false, Language::Japanese) => format!("{}対象", category_word(tax.category, language)),
        (false, Language::English) => category_word(tax.category, language).to_owned(),
    };
    let tax_label = match (taxed, language) {
        (false, _) => String::new(),
        (true, Language::Japanese) => format!("消費税（{}）{}", tax.rate, mark.trim_start()),
        (true, Language::English) => format!("Consumption tax ({}){mark}", tax.rate),
    };
    TaxView {
        label,
        taxable: money(tax.taxable, currency, 0),
        tax_label,
        tax: if taxed { money(tax.tax, currency, 0) } else { String::new() },
        tax_jpy: tax.tax_jpy.map_or_else(String::new, |tax| money(tax, Currency::Jpy, 0)),
    }
}

/// The rates the invoice was computed with, each on a line of its own.
fn fx_note(bill: &Bill, settings: &Settings, invoice: &Invoice) -> String {
    let mut pairs: Vec<(Currency, Currency)> = Vec::new();
    if invoice.currency != Currency::Jpy {
        pairs.push((invoice.currency, Currency::Jpy));
    }
    for source in bill.sources.iter().filter(|source| source.currency != invoice.currency) {
        let used = invoice.items.iter().any(|item| item.source == source.name);
        if used && !pairs.contains(&(source.currency, invoice.currency)) {
            pairs.push((source.currency, invoice.currency));
        }
    }
    let entry = |(from, to): &(Currency, Currency)| {
        let fx = settings.fx_entry(bill.month, *from, *to)?;
        let note = fx.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
        Some(format!("1 {from} = {} {to}{note}", grouped(fx.rate, 0)))
    };
    pairs.iter().filter_map(entry).collect::<Vec<String>>().join(" / ")
}

/// What a line of the appendix adds up.
struct Line {
    day: u8,
    name: NameId,
    resource: NameId,
    resource_name: NameId,
    quantity: Option<Sum>,
    unit_price: Option<Amount>,
    amount: Sum,
    shared: bool,
}

/// Groups, columns and the length of the longest fraction in characters.
type Appendix<'a> = (Vec<GroupView<'a>>, AppendixColumns, usize);

fn appendix<'a>(
    bill: &'a Bill,
    customer: &Customer,
    invoice: &'a Invoice,
    labels: &BTreeMap<String, String>,
) -> Result<Appendix<'a>, TooLong> {
    let mut columns = AppendixColumns::default();
    if customer.invoice.details == DetailLevel::None {
        return Ok((Vec::new(), columns, 0));
    }
    let lines = lines(bill, invoice, customer.invoice.details)?;
    let mut by_resource: BTreeMap<(bool, &str), Vec<&Line>> = BTreeMap::new();
    for line in &lines {
        // Charges of no resource come last.
        let key = (line.resource == EMPTY, bill.names.get(line.resource));
        by_resource.entry(key).or_default().push(line);
    }
    let mut groups = Vec::with_capacity(by_resource.len());
    let mut longest = 0;
    for ((_, resource), lines) in by_resource {
        let mut rows = Vec::with_capacity(lines.len());
        let mut subtotal = Sum::default();
        for line in &lines {
            let amount = line.amount.total()?;
            subtotal.add(amount)?;
            let row = detail_row(bill, line, amount, invoice.currency)?;
            columns.date |= !row.date.is_empty();
            columns.quantity |= !row.quantity.is_empty();
            columns.unit |= !row.unit.is_empty();
            columns.unit_price |= !row.unit_price.is_empty();
            columns.shared |= row.shared;
            longest = longest.max(row.amount.fraction.len());
            rows.push(row);
        }
        let resource_name = lines.first().map_or("", |line| bill.names.get(line.resource_name));
        let heading = match (resource, resource_name) {
            ("", _) => labels.get("no_resource").cloned().unwrap_or_default(),
            (resource, "") => resource.to_owned(),
            (resource, name) => format!("{resource}　{name}"),
        };
        let subtotal = Split::new(subtotal.total()?, invoice.currency);
        longest = longest.max(subtotal.fraction.len());
        groups.push(GroupView { resource, resource_name, heading, rows, subtotal });
    }
    columns.fraction = longest > 0;
    Ok((groups, columns, longest))
}

fn detail_row<'a>(bill: &'a Bill, line: &Line, amount: Amount, currency: Currency) -> Result<DetailView<'a>, TooLong> {
    use chrono::Datelike;
    let date = match line.day {
        0 => String::new(),
        day => format!("{:02}-{day:02}", bill.month.first().month()),
    };
    Ok(DetailView {
        date,
        name: bill.names.get(line.name),
        quantity: match line.quantity {
            Some(quantity) => grouped(quantity.total()?, 0),
            None => String::new(),
        },
        unit: "",
        unit_price: price_text(line.unit_price),
        amount: Split::new(amount, currency),
        shared: line.shared,
    })
}

/// The invoice's details as lines: one each, or added up by day and item, or by item.
fn lines(bill: &Bill, invoice: &Invoice, level: DetailLevel) -> Result<Vec<Line>, TooLong> {
    let mut lines: Vec<Line> = Vec::new();
    let mut known: BTreeMap<(NameId, u8, NameId, bool), usize> = BTreeMap::new();
    for detail in &invoice.details {
        let new = line(bill, invoice, detail, level)?;
        let index = match level {
            DetailLevel::Rows | DetailLevel::None => lines.len(),
            DetailLevel::Daily | DetailLevel::Resource => {
                *known.entry((new.resource, new.day, new.name, new.shared)).or_insert(lines.len())
            }
        };
        match lines.get_mut(index) {
            None => lines.push(new),
            Some(line) => {
                line.amount.add(invoice.amount(detail))?;
                line.quantity = match (line.quantity, new.quantity) {
                    (Some(mut sum), Some(more)) => {
                        sum.add(more.total()?)?;
                        Some(sum)
                    }
                    _ => None,
                };
                line.unit_price = line.unit_price.filter(|price| Some(*price) == new.unit_price);
            }
        }
    }
    Ok(lines)
}

fn line(bill: &Bill, invoice: &Invoice, detail: &Detail, level: DetailLevel) -> Result<Line, TooLong> {
    let charge = bill.charge(detail.charge);
    let subject = bill.subject(charge);
    let share = invoice.share(detail);
    let quantity = share.map_or_else(|| bill.quantity(charge), |share| share.quantity);
    let mut amount = Sum::default();
    amount.add(invoice.amount(detail))?;
    let sum = |quantity| {
        let mut sum = Sum::default();
        sum.add(quantity).map(|()| sum)
    };
    Ok(Line {
        day: if level == DetailLevel::Resource { 0 } else { charge.day },
        name: charge.item,
        resource: subject.resource,
        resource_name: subject.resource_name,
        quantity: quantity.map(sum).transpose()?,
        unit_price: invoice.unit_price(detail),
        amount,
        shared: share.is_some(),
    })
}
