//! [`InvoiceView`]: what a template sees of an invoice, the contract with templates. Every number is already text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::appendix::{
    Appendix, AppendixColumns, ClosingRow, ContentsRow, GroupView, appendix, fraction_width, needs_contents,
    shared_fraction_width,
};
use super::chart::{ChartView, chart};
use super::divisions::has_sections;
use super::finance::{BankView, accounts, subject_line};
use super::fit::Fit;
use super::format::{date_text, grouped, money, month_text, period_text};
use super::item_rows::{ItemRows, is_marked};
use super::story::{StoryView, story_view};
use crate::billing::story::story;
use crate::model::amount::{Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::history::History;
use crate::model::invoice::{DocumentKind, Invoice, ItemKind, LineItem, Status, TaxSubtotal};
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::model::price::RoundAt;
use crate::model::printed;
use crate::model::settings::{DetailLevel, EnvelopeWindow, Language, Settings};
use crate::model::tax::TaxCategory;
use crate::model::tax_table::TaxRegime;

/// The fields of `invoice.html`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "templates/README.md documents the fields for those who use them")]
pub struct InvoiceView<'a> {
    pub kind: DocumentKind,
    pub original: OriginalView<'a>,
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
    pub order_number: &'a str,
    pub currency: &'static str,
    pub currency_code: &'static str,
    pub subject: String,
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
    pub has_tax: bool,
    pub has_reduced: bool,
    pub has_tax_included: bool,
    pub has_quantity: bool,
    pub has_unit: bool,
    pub has_unit_price: bool,
    pub has_divisions: bool,
    pub has_headings: bool,
    pub has_item_notes: bool,
    pub has_rounded_quantity: bool,
    pub has_rounded_amount: bool,
    pub items_fraction_width: String,
    pub item_columns: String,
    pub item_columns_before_amount: String,
    pub has_tax_jpy: bool,
    pub fit: Fit,
    pub envelope: EnvelopeView,
    pub fx_note: String,
    pub chart: ChartView,
    pub has_story: bool,
    pub story: StoryView,
    pub notes: Vec<&'a str>,
    pub details: &'static str,
    pub has_contents: bool,
    /// Whether only layout knows if the appendix needs a table of contents.
    #[serde(skip)]
    pub may_need_contents: bool,
    pub contents: Vec<ContentsRow>,
    pub has_appendix: bool,
    pub appendix: Vec<GroupView<'a>>,
    pub appendix_sums: Vec<String>,
    pub without_charges: String,
    pub appendix_has: AppendixColumns,
    pub appendix_columns: String,
    pub appendix_columns_before_amount: String,
    pub appendix_fraction_width: String,
    pub appendix_rounded: bool,
    pub closing: Vec<ClosingRow<'a>>,
}

/// The invoice that a credit note takes back or a corrected invoice replaces; empty on all others.
#[derive(Debug, Default, Serialize)]
pub struct OriginalView<'a> {
    pub number: &'a str,
    pub issue_date: String,
    pub reason: &'a str,
    pub refund_note: &'a str,
    /// What a credit note says of the invoice's total.
    pub total: String,
    pub returned_before: String,
    pub returned: String,
    pub left: String,
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
    pub bank_accounts: Vec<String>,
    pub banks: Vec<BankView<'a>>,
}

/// The envelope, and its window on the paper in millimetres.
#[derive(Debug, Serialize)]
pub struct EnvelopeView {
    pub kind: &'static str,
    pub left: i64,
    pub top: i64,
    pub width: i64,
    pub height: i64,
}

#[derive(Debug, Serialize)]
pub struct CustomerView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub code: &'a str,
    pub reference: &'a str,
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
    /// For links and for the rule of full pages: two rows of a credit note may have one line, or none.
    pub id: String,
    /// Position among the invoice's items.
    #[serde(skip)]
    pub index: usize,
    /// The id of the part of the appendix that shows what it consists of; empty where none does.
    pub part: String,
    /// Whether it is on the page of the row before it: the last rows of an invoice stay together.
    pub stays: bool,
    pub kind: ItemKind,
    pub source: &'a str,
    /// Above the first row of each section (`[invoice] sections`): its name.
    pub division: &'a str,
    /// The sum of the rows of the section, beside it.
    pub division_amount: String,
    /// Heading above the first row of each source, where there are several.
    pub section: &'a str,
    /// Above the first row of each heading: the heading.
    pub heading: &'a str,
    /// The sum of the rows below the heading, beside it.
    pub heading_amount: String,
    /// Whether a heading lists the row.
    pub is_headed: bool,
    /// The provider's name.
    pub name: Cow<'a, str>,
    /// The name for readers.
    pub label: Cow<'a, str>,
    pub note: Cow<'a, str>,
    pub mark: String,
    pub quantity: String,
    pub unit: &'a str,
    pub unit_price: String,
    pub amount: String,
    pub tax_category: TaxCategory,
    pub tax_rate: String,
}

impl RowView<'_> {
    /// What it prints in the column of amounts, where point stands below point.
    pub(super) fn amounts(&self) -> [&str; 3] {
        [&self.amount, &self.heading_amount, &self.division_amount]
    }
}

#[derive(Debug, Serialize)]
pub struct TaxView {
    pub label: String,
    pub taxable: String,
    pub tax_label: String,
    pub tax: String,
    pub tax_jpy: String,
}

/// Converts an image's workspace path to the value of `src`.
pub(crate) type ImageLink<'a> = &'a dyn Fn(&str) -> String;

/// The view of an invoice; `told` are the issued months, of which it may tell.
///
/// # Errors
/// When a subtotal of the appendix has too many digits.
pub fn view<'a>(
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
    labels: &'a BTreeMap<String, String>,
    image: ImageLink<'_>,
    told: &History,
) -> Result<InvoiceView<'a>, TooLong> {
    let customer = &settings.customers[invoice.customer];
    let language = customer.invoice.language;
    let item_labels = ItemTables::of_customer(settings, invoice.customer).labels(invoice);
    let printed = printed::items(invoice, &customer.pricing, &item_labels)?;
    let table = ItemRows { settings, invoice, item_labels: &item_labels, printed: &printed, words: labels, language };
    let (mut charges, mut discounts, mut adjustments) = (
        table.rows(|item| item.section.is_some() || item.kind.is_charged())?,
        table.rows(|item| item.section.is_none() && item.kind == ItemKind::Discount)?,
        table.rows(|item| matches!(item.kind, ItemKind::Carried | ItemKind::IncludedTax | ItemKind::Rounding))?,
    );
    let is_listed = |item: &LineItem| item.section.is_none() && item.kind == ItemKind::Discount;
    let of_discounts = invoice.items.iter().zip(&printed).filter(|(item, _)| is_listed(item));
    let discounts_total = Sum::of(of_discounts.map(|(_, printed)| printed.amount))?;
    let last_rows = charges.iter_mut().chain(&mut discounts).chain(&mut adjustments).rev();
    last_rows.take(LEAST_ROWS - 1).for_each(|row| row.stays = true);
    let all_rows = || charges.iter().chain(&discounts).chain(&adjustments);
    let has_quantity = all_rows().any(|row| !row.quantity.is_empty());
    let has_unit = all_rows().any(|row| !row.unit.is_empty());
    let has_unit_price = all_rows().any(|row| !row.unit_price.is_empty());
    let has_tax = invoice.tax_regime != TaxRegime::None;
    let optional_columns = count(&[has_quantity, has_unit, has_unit_price, has_tax]);
    let has_headings = all_rows().any(|row| row.is_headed);
    let has_item_notes = all_rows().any(|row| !row.note.is_empty());
    let Appendix {
        level,
        groups: appendix,
        sums: appendix_sums,
        columns: appendix_has,
        contents,
        closing,
        longest_fraction,
        without_charges,
        anchors,
    } = appendix(bill, customer, invoice, labels, &item_labels)?;
    for row in charges.iter_mut().chain(&mut discounts).chain(&mut adjustments) {
        row.part.clone_from(&anchors[row.index]);
    }
    let all_rows = || charges.iter().chain(&discounts).chain(&adjustments);
    let (may_need_contents, has_contents) = needs_contents(&appendix, &contents);
    let issuer = issuer(settings, customer, labels, image);
    let story = match customer.invoice.story && invoice.kind == DocumentKind::Invoice {
        true => {
            let tables = ItemTables::of_customer(settings, invoice.customer);
            let story = story(bill, &tables, invoice, customer, told)?;
            story_view(&story, invoice, bill.month, language, labels, &item_labels, &printed)?
        }
        false => None,
    };
    let plain = |amount| money(amount, invoice.currency, 0);
    let discounts_total = if discounts.is_empty() { String::new() } else { plain(discounts_total) };
    let subtotal = plain(invoice.subtotal);
    let amounts = all_rows().flat_map(RowView::amounts).chain([discounts_total.as_str(), &subtotal]);
    let items_fraction_width = shared_fraction_width(amounts);
    Ok(InvoiceView {
        kind: invoice.kind,
        original: original(invoice, language),
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
        order_number: invoice.order_number.as_deref().unwrap_or_default(),
        currency: invoice.currency.code(),
        currency_code: match invoice.currency {
            Currency::JPY => "",
            currency if settings.document_form.has_currency_code() => currency.code(),
            _ => "",
        },
        subject: subject_line(customer, bill.month, labels),
        issuer,
        customer: recipient(customer),
        subtotal,
        tax: plain(invoice.tax),
        total: plain(invoice.total),
        discounts_total,
        has_tax,
        has_reduced: invoice.items.iter().any(|item| is_marked(item, invoice)),
        has_tax_included: invoice.items.iter().any(|item| item.tax_included),
        has_quantity,
        has_unit,
        has_unit_price,
        has_divisions: has_sections(invoice),
        has_headings,
        has_item_notes,
        has_rounded_quantity: table.has_rounded_quantity(),
        has_rounded_amount: table.has_rounded_amount(),
        items_fraction_width,
        item_columns: (3 + optional_columns).to_string(),
        item_columns_before_amount: (2 + optional_columns).to_string(),
        has_tax_jpy: invoice.tax_subtotals.iter().any(|tax| tax.tax_jpy.is_some()),
        fit: Fit::default(),
        envelope: envelope(customer),
        tax_subtotals: invoice.tax_subtotals.iter().map(|tax| tax_view(tax, invoice.currency, language)).collect(),
        fx_note: fx_note(bill, settings, invoice),
        // A chart of what is taken back would say nothing.
        chart: match invoice.kind {
            DocumentKind::Invoice => chart(bill, invoice, language, labels, &item_labels),
            DocumentKind::CreditNote => ChartView::default(),
        },
        has_story: story.is_some(),
        story: story.unwrap_or_default(),
        // Notes are about paying, and a credit note asks for no payment.
        notes: match invoice.kind {
            DocumentKind::Invoice => notes(settings, bill.month, customer),
            DocumentKind::CreditNote => Vec::new(),
        },
        details: detail_level_name(level),
        charges,
        discounts,
        adjustments,
        has_contents,
        may_need_contents: may_need_contents && !has_contents,
        contents,
        // Where no resource is listed, the way to the subtotal still is.
        has_appendix: !closing.is_empty(),
        appendix,
        appendix_sums,
        without_charges: if without_charges > 0 { without_charges.to_string() } else { String::new() },
        appendix_columns: (2 + count(&[
            appendix_has.date,
            appendix_has.quantity,
            appendix_has.unit,
            appendix_has.unit_price,
            appendix_has.fraction,
        ]))
        .to_string(),
        appendix_columns_before_amount: (1 + count(&[
            appendix_has.date,
            appendix_has.quantity,
            appendix_has.unit,
            appendix_has.unit_price,
        ]))
        .to_string(),
        appendix_has,
        appendix_fraction_width: fraction_width(longest_fraction),
        appendix_rounded: customer.pricing.round_at == RoundAt::Line,
        closing,
    })
}

/// The fewest rows of the items that a page has beside other pages with rows.
pub const LEAST_ROWS: usize = 5;

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|flag| **flag).count()
}

fn original(invoice: &Invoice, language: Language) -> OriginalView<'_> {
    let Some(original) = &invoice.original else {
        return OriginalView::default();
    };
    let view = OriginalView {
        number: &original.number,
        issue_date: date_text(original.issue_date, language),
        reason: &original.reason,
        refund_note: optional(&original.refund_note),
        ..OriginalView::default()
    };
    let Some(returned) = &invoice.returned else {
        return view;
    };
    let plain = |amount| money(amount, invoice.currency, 0);
    OriginalView {
        total: plain(returned.invoiced),
        returned_before: if returned.before.is_zero() { String::new() } else { plain(returned.before) },
        returned: plain(invoice.total),
        left: plain(returned.left),
        ..view
    }
}

fn detail_level_name(level: DetailLevel) -> &'static str {
    match level {
        DetailLevel::Rows => "rows",
        DetailLevel::Daily => "daily",
        DetailLevel::Resource => "resource",
        DetailLevel::Summary => "summary",
        DetailLevel::None => "none",
    }
}

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn issuer<'a>(
    settings: &'a Settings,
    customer: &'a Customer,
    words: &'a BTreeMap<String, String>,
    image: ImageLink<'_>,
) -> IssuerView<'a> {
    let language = customer.invoice.language;
    let issuer = settings.issuer.of(language);
    let named = settings.issuer.accounts(language, customer.invoice.currency, &customer.id);
    let (bank_accounts, banks) = accounts(&named, language, words);
    IssuerView {
        name: &issuer.name,
        registration_number: optional(&settings.issuer.registration_number),
        postal_code: optional(&issuer.postal_code),
        address: &issuer.address,
        phone: optional(&issuer.phone),
        email: optional(&issuer.email),
        logo: issuer.logo.as_deref().map_or_else(String::new, image),
        seal: issuer.seal.as_deref().map_or_else(String::new, image),
        bank_accounts,
        banks,
    }
}

fn envelope(customer: &Customer) -> EnvelopeView {
    let EnvelopeWindow { left, top, width, height } = customer.invoice.window;
    EnvelopeView { kind: customer.invoice.envelope.name(), left, top, width, height }
}

/// The sentences at the foot of the first page: the usual ones, then that of the month.
fn notes<'a>(settings: &'a Settings, month: BillingMonth, customer: &'a Customer) -> Vec<&'a str> {
    let of_month = settings.document_notes(month, customer).and_then(|notes| notes.note.as_deref());
    customer.invoice.notes.iter().map(String::as_str).chain(of_month).collect()
}

fn recipient(customer: &Customer) -> CustomerView<'_> {
    let japanese = customer.invoice.language == Language::Japanese;
    // An English letter has no 御中 or 様.
    let honorific = if japanese || !matches!(customer.honorific.as_str(), "御中" | "様") {
        customer.honorific.as_str()
    } else {
        ""
    };
    CustomerView {
        id: &customer.id,
        name: &customer.name,
        code: optional(&customer.code),
        reference: optional(&customer.reference),
        honorific,
        department: optional(&customer.department),
        contact: optional(&customer.contact),
        registration_number: optional(&customer.registration_number),
        postal_code: optional(&customer.postal_code),
        address: &customer.address,
    }
}

/// The terms that the law and accountants use for categories without tax.
pub(super) fn category_word(category: TaxCategory, language: Language) -> &'static str {
    match (category, language) {
        (TaxCategory::Exempt, Language::Japanese) => "免税",
        (TaxCategory::NonTaxable, Language::Japanese) => "非課税",
        (TaxCategory::OutOfScope, Language::Japanese) => "不課税",
        (TaxCategory::Exempt, Language::English) => "Exempt",
        (TaxCategory::NonTaxable, Language::English) => "Non-taxable",
        (TaxCategory::OutOfScope, Language::English) => "Out of scope",
        (TaxCategory::Standard | TaxCategory::Reduced | TaxCategory::Own(_), _) => "",
    }
}

fn tax_view(tax: &TaxSubtotal, currency: Currency, language: Language) -> TaxView {
    let taxed = tax.category.is_taxed();
    let mark = if tax.category == TaxCategory::Reduced && tax.name.is_none() { " ※" } else { "" };
    let (of_prices, in_prices) = match (tax.tax_included, language) {
        (false, _) => ("", ""),
        (true, Language::Japanese) => ("（税込価格分）", "・税込価格分"),
        (true, Language::English) => (", prices incl. tax", ", in prices"),
    };
    let label = match (taxed, language) {
        _ if let Some(name) = &tax.name => format!("{name} {}{of_prices}", tax.rate),
        (true, Language::Japanese) => format!("{}対象{of_prices}{mark}", tax.rate),
        (true, Language::English) => format!("Subject to {}{of_prices}{mark}", tax.rate),
        (false, Language::Japanese) => format!("{}対象", category_word(tax.category, language)),
        (false, Language::English) => category_word(tax.category, language).to_owned(),
    };
    let tax_label = match (taxed, language) {
        _ if let Some(name) = &tax.name => format!("{name} {}{of_prices}", tax.rate),
        (false, _) => String::new(),
        (true, Language::Japanese) => format!("消費税（{}{in_prices}）{}", tax.rate, mark.trim_start()),
        (true, Language::English) => format!("Consumption tax ({}{in_prices}){mark}", tax.rate),
    };
    TaxView {
        label,
        taxable: money(tax.taxable, currency, 0),
        tax_label,
        tax: if taxed { money(tax.tax, currency, 0) } else { String::new() },
        tax_jpy: tax.tax_jpy.map_or_else(String::new, |tax| money(tax, Currency::JPY, 0)),
    }
}

/// The exchange rates that the invoice was computed with, one per line.
fn fx_note(bill: &Bill, settings: &Settings, invoice: &Invoice) -> String {
    let mut pairs: Vec<(Currency, Currency)> = Vec::new();
    if invoice.currency != Currency::JPY && invoice.tax_regime.is_japan() {
        pairs.push((invoice.currency, Currency::JPY));
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
    pairs.iter().filter_map(entry).collect::<Vec<String>>().join("\n")
}
