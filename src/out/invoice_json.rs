//! An invoice as JSON: the record that all other documents print, with every detail. Money and quantities are strings.
//! The customer's record lacks the fields that only the issuer may see.

use std::borrow::Cow;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::to_json;
use crate::diagnostic::{Diagnostic, Figure};
use crate::model::amount::{Amount, TooLong};
use crate::model::audience::Audience;
use crate::model::bank_account::{AccountKind, BankAccount};
use crate::model::charge::{Bill, Charge, OtherPeriod};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{
    AdjustedLine, Detail, DocumentKind, Invoice, ItemKind, LineItem, Original, Returned, Share, ShareOf, Status,
    TaxSubtotal,
};
use crate::model::issuer::{Accounts, Issuer};
use crate::model::item_label::{ItemLabel, ItemTables};
use crate::model::printed::{self, PrintedFigures, PrintedItem};
use crate::model::settings::{Language, Settings};
use crate::model::tax::{TaxCategory, TaxRate};
use crate::model::tax_table::TaxRegime;
use crate::render;

/// The JSON of an invoice for an audience: the customer's lacks costs, origins and shares.
///
/// # Errors
/// When a converted cost has too many digits.
pub fn invoice_json(
    bill: &Bill,
    settings: &Settings,
    invoice: &Invoice,
    audience: Audience,
) -> Result<Vec<u8>, Diagnostic> {
    let customer = &settings.customers[invoice.customer];
    let details = Details::new(bill, settings, invoice, audience);
    to_json(&InvoiceRecord {
        number: &invoice.number,
        kind: invoice.kind,
        original: invoice
            .original
            .as_ref()
            .map(|original| OriginalRecord::of(original, invoice.returned.as_ref(), invoice.total)),
        month: bill.month.to_string(),
        status: invoice.status,
        issue_date: invoice.issue_date.to_string(),
        due_date: invoice.due_date.to_string(),
        currency: invoice.currency,
        tax_regime: invoice.tax_regime,
        language: customer.invoice.language.tag(),
        subject: render::subject(customer, bill.month),
        order_number: invoice.order_number.as_deref(),
        issuer: issuer(&settings.issuer, customer),
        customer: recipient(customer),
        items: details.items().of(format_args!("the items of {}", invoice.number))?,
        details,
        tax_subtotals: &invoice.tax_subtotals,
        subtotal: invoice.subtotal,
        tax: invoice.tax,
        total: invoice.total,
    })
}

#[derive(Serialize)]
struct InvoiceRecord<'a> {
    number: &'a str,
    kind: DocumentKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<OriginalRecord<'a>>,
    month: String,
    status: Status,
    issue_date: String,
    due_date: String,
    currency: Currency,
    /// Absent for Japan's.
    #[serde(skip_serializing_if = "TaxRegime::is_japan")]
    tax_regime: TaxRegime,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<&'a str>,
    issuer: IssuerRecord<'a>,
    customer: CustomerRecord<'a>,
    items: Vec<ItemRecord<'a>>,
    details: Details<'a>,
    tax_subtotals: &'a [TaxSubtotal],
    subtotal: Amount,
    tax: Amount,
    total: Amount,
}

/// The invoice that a credit note takes back, with what is left of it, or that a corrected invoice replaces.
#[derive(Serialize)]
struct OriginalRecord<'a> {
    #[serde(flatten)]
    original: &'a Original,
    #[serde(flatten)]
    returned: Option<ReturnedRecord>,
}

#[derive(Serialize)]
struct ReturnedRecord {
    total: Amount,
    returned_before: Amount,
    returned: Amount,
    left: Amount,
}

impl<'a> OriginalRecord<'a> {
    fn of(original: &'a Original, returned: Option<&Returned>, total: Amount) -> OriginalRecord<'a> {
        let record = |of: &Returned| ReturnedRecord {
            total: of.invoiced,
            returned_before: of.before,
            returned: total.negated(),
            left: of.left,
        };
        OriginalRecord { original, returned: returned.map(record) }
    }
}

#[derive(Serialize)]
struct IssuerRecord<'a> {
    name: &'a str,
    registration_number: Option<&'a str>,
    postal_code: Option<&'a str>,
    address: &'a [String],
    phone: Option<&'a str>,
    email: Option<&'a str>,
    bank_accounts: &'a [String],
    /// Absent rather than empty, as they are from documents older than that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    banks: Vec<BankRecord<'a>>,
}

#[derive(Serialize)]
struct BankRecord<'a> {
    bank: &'a str,
    branch: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    number: Option<&'a str>,
    name: &'a str,
    bic: Option<&'a str>,
    iban: Option<&'a str>,
    currency: Currency,
}

fn bank(account: &BankAccount, language: Language) -> BankRecord<'_> {
    BankRecord {
        bank: account.bank.of(language),
        branch: account.branch.as_ref().map(|branch| branch.of(language).as_str()),
        kind: account.kind.map(AccountKind::name),
        number: account.number.as_deref(),
        name: account.name.of(language),
        bic: account.bic.as_deref(),
        iban: account.iban.as_deref(),
        currency: account.currency,
    }
}

fn issuer<'a>(issuer: &'a Issuer, customer: &'a Customer) -> IssuerRecord<'a> {
    let (language, currency) = (customer.invoice.language, customer.invoice.currency);
    let (bank_accounts, banks) = match issuer.accounts(language, currency, &customer.id) {
        Accounts::Lines(lines) => (lines, Vec::new()),
        Accounts::Banks(banks) => (&[][..], banks.into_iter().map(|account| bank(account, language)).collect()),
    };
    let registration_number = issuer.registration_number.as_deref();
    let issuer = issuer.of(language);
    IssuerRecord {
        name: &issuer.name,
        registration_number,
        postal_code: issuer.postal_code.as_deref(),
        address: &issuer.address,
        phone: issuer.phone.as_deref(),
        email: issuer.email.as_deref(),
        bank_accounts,
        banks,
    }
}

#[derive(Serialize)]
struct CustomerRecord<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    honorific: &'a str,
    department: Option<&'a str>,
    contact: Option<&'a str>,
    registration_number: Option<&'a str>,
    postal_code: Option<&'a str>,
    address: &'a [String],
}

fn recipient(customer: &Customer) -> CustomerRecord<'_> {
    CustomerRecord {
        id: &customer.id,
        name: &customer.name,
        code: customer.code.as_deref(),
        reference: customer.reference.as_deref(),
        honorific: &customer.honorific,
        department: customer.department.as_deref(),
        contact: customer.contact.as_deref(),
        registration_number: customer.registration_number.as_deref(),
        postal_code: customer.postal_code.as_deref(),
        address: &customer.address,
    }
}

#[derive(Serialize)]
struct ItemRecord<'a> {
    line: usize,
    /// The line of the invoice that a line of a credit note takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_line: Option<usize>,
    source: &'a str,
    name: &'a str,
    /// What is printed after the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    qualifier: Option<&'a str>,
    kind: ItemKind,
    quantity: Option<Amount>,
    unit: &'a str,
    unit_price: Option<Amount>,
    /// For the issuer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Amount>,
    amount: Amount,
    tax_category: TaxCategory,
    tax_rate: TaxRate,
    /// Whether the amount includes the tax; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_included: Option<bool>,
    #[serde(flatten)]
    adjusted: Option<AdjustedRecord<'a>>,
    /// Where the invoice lists it, for customers whose invoices have sections.
    #[serde(flatten)]
    section: Option<SectionRecord<'a>>,
    /// What the reader sees of it, unless the document is older than that.
    #[serde(flatten)]
    shown: Option<ShownItem<'a>>,
}

/// What an adjustment has besides.
#[derive(Serialize)]
struct AdjustedRecord<'a> {
    /// For the issuer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// The section of an item; both are none outside sections.
#[derive(Serialize)]
struct SectionRecord<'a> {
    /// The value of its charges; none too where they have several, or it has none.
    section: Option<&'a str>,
    section_name: Option<&'a str>,
}

fn section(item: &LineItem) -> SectionRecord<'_> {
    let section = item.section.as_ref();
    SectionRecord {
        section: section.and_then(|section| section.value.as_deref()),
        section_name: section.map(|section| section.name.as_str()),
    }
}

/// An item as documents show it; the provider's name and figures stand beside it.
#[derive(Serialize)]
struct ShownItem<'a> {
    label: Cow<'a, str>,
    heading: Option<&'a str>,
    printed: PrintedRecord<'a>,
}

/// Quantity and unit price as they are printed, without groups of three; none where none is printed.
#[derive(Serialize)]
struct PrintedRecord<'a> {
    quantity: Option<String>,
    unit: &'a str,
    unit_price: Option<Amount>,
}

/// The details, built one by one while they are written, because a large customer has hundreds of thousands.
pub(super) struct Details<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
    audience: Audience,
    /// The month, then its dates: by [`Charge::day`](crate::model::charge::Charge::day).
    dates: Vec<String>,
    /// The days and months of [`Bill::other_periods`].
    other_periods: Vec<String>,
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.invoice.details.len()))?;
        for detail in &self.invoice.details {
            list.serialize_element(&self.record(detail).map_err(serde::ser::Error::custom)?)?;
        }
        list.end()
    }
}

#[derive(Serialize)]
pub(super) struct DetailRecord<'a> {
    pub(super) item: u32,
    pub(super) source: &'a str,
    pub(super) date: &'a str,
    pub(super) resource: &'a str,
    pub(super) resource_name: &'a str,
    pub(super) name: &'a str,
    pub(super) quantity: Option<Amount>,
    pub(super) unit: &'a str,
    pub(super) unit_price: Option<Amount>,
    /// For the issuer only, as the two below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost: Option<Amount>,
    pub(super) amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Origin<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) share: Option<ShareRecord>,
}

#[derive(Serialize)]
pub(super) struct Origin<'a> {
    pub(super) file: &'a str,
    pub(super) row: u32,
}

#[derive(Serialize)]
pub(super) struct ShareRecord {
    /// Cost of the whole charge, in the source's currency.
    pub(super) of: Amount,
    /// The customer's weight over the sum of all weights.
    pub(super) ratio: String,
}

fn shown<'a>(item: &'a LineItem, label: ItemLabel<'a>, printed: PrintedFigures) -> ShownItem<'a> {
    let PrintedFigures { quantity, unit_price } = printed;
    ShownItem {
        label: label.name_of(item),
        heading: label.heading,
        printed: PrintedRecord {
            quantity: quantity.map(|quantity| quantity.plain()),
            unit: quantity.map_or("", |_| label.unit.unwrap_or(&item.unit)),
            unit_price,
        },
    }
}

impl<'a> Details<'a> {
    pub(super) fn new(bill: &'a Bill, settings: &'a Settings, invoice: &'a Invoice, audience: Audience) -> Details<'a> {
        let day = |day: u32| bill.month.day(day).map_or_else(String::new, |date| date.to_string());
        let dates = std::iter::once(bill.month.first().format("%Y-%m").to_string()).chain((1..=31).map(day)).collect();
        let other_periods = bill.other_periods.values().iter().map(OtherPeriod::to_string).collect();
        Details { bill, settings, invoice, audience, dates, other_periods }
    }

    /// [`Bill::date_text`] without a new text for each charge.
    fn date(&self, charge: &Charge) -> &str {
        let (texts, index) = match usize::from(charge.other_period).checked_sub(1) {
            Some(other) => (&self.other_periods, other),
            None => (&self.dates, usize::from(charge.day)),
        };
        texts.get(index).map_or("", String::as_str)
    }

    fn items(&self) -> Result<Vec<ItemRecord<'a>>, TooLong> {
        let labels = ItemTables::of_customer(self.settings, self.invoice.customer).labels(self.invoice);
        let customer = &self.settings.customers[self.invoice.customer];
        let of_pages = match self.settings.document_form.has_printed_returns() {
            true => self.invoice.as_printed(),
            false => Cow::Borrowed(self.invoice),
        };
        let printed = printed::items(&of_pages, &customer.pricing, &labels)?;
        let record =
            |(index, (item, (label, printed))): (usize, (&'a LineItem, (ItemLabel<'a>, PrintedItem)))| ItemRecord {
                line: index + 1,
                original_line: self.invoice.returned.as_ref().and_then(|_| self.invoice.line_of(index)),
                source: &item.source,
                name: &item.name,
                qualifier: item.qualifier.as_deref(),
                kind: item.kind,
                quantity: item.quantity,
                unit: &item.unit,
                unit_price: item.unit_price,
                cost: self.for_issuer(|| item.cost),
                amount: item.amount,
                tax_category: item.tax_category,
                tax_rate: item.tax_rate,
                tax_included: item.tax_included.then_some(true),
                adjusted: item.adjusted.as_ref().map(|own| self.adjusted(own)),
                section: customer.has_sections().then(|| section(item)),
                shown: self.settings.document_form.has_labels().then(|| shown(item, label, printed.figures)),
            };
        Ok(self.invoice.items.iter().zip(labels.into_iter().zip(printed)).enumerate().map(record).collect())
    }

    fn adjusted(&self, own: &'a AdjustedLine) -> AdjustedRecord<'a> {
        AdjustedRecord {
            adjustment: self.for_issuer(|| own.id.as_str()),
            date: own.date.map(|date| date.to_string()),
            supply: own.supply.map(|supply| supply.to_string()),
            note: own.note.as_deref(),
        }
    }

    /// A value that only the issuer sees.
    fn for_issuer<T>(&self, fact: impl FnOnce() -> T) -> Option<T> {
        (self.audience == Audience::Issuer).then(fact)
    }

    /// A detail with its texts; costs are in the invoice's currency.
    pub(super) fn record(&self, detail: &Detail) -> Result<DetailRecord<'_>, TooLong> {
        let Details { bill, settings, invoice, .. } = *self;
        let charge = bill.charge(detail.charge);
        let subject = bill.subject(charge);
        let share = invoice.share(detail);
        let quantity = invoice.detail_quantity(bill, detail);
        let source = bill.source(charge);
        let cost = || {
            let rate = settings.known_rate(bill.month, source.currency, invoice.currency);
            invoice.detail_cost(bill, detail).times(rate)
        };
        let origin = || {
            let (file, row) = bill.origin(charge);
            Origin { file, row }
        };
        let share_record = |share: &Share| ShareRecord {
            of: match share.of {
                ShareOf::Charge | ShareOf::Days(_) => bill.cost(charge),
                ShareOf::Unclaimed { cost, .. } => cost,
            },
            ratio: format!("{}/{}", share.ratio.0, share.ratio.1),
        };
        Ok(DetailRecord {
            item: detail.item.0 + 1,
            source: &source.name,
            date: self.date(charge),
            resource: bill.names.get(subject.resource),
            resource_name: bill.names.get(subject.resource_name),
            name: bill.names.get(charge.item),
            quantity,
            unit: quantity.map_or("", |_| bill.unit_of(charge)),
            unit_price: invoice.unit_price(detail),
            cost: self.for_issuer(cost).transpose()?,
            amount: invoice.amount(detail),
            origin: self.for_issuer(origin),
            share: share.and_then(|share| self.for_issuer(|| share_record(share))),
        })
    }

    /// The whole of an item that no detail is of: a fee, the minimum, 端数調整.
    pub(super) fn of_item(&self, index: usize) -> DetailRecord<'_> {
        let item = &self.invoice.items[index];
        DetailRecord {
            item: index as u32 + 1,
            source: &item.source,
            date: &self.dates[0],
            resource: "",
            resource_name: "",
            name: &item.name,
            quantity: item.quantity,
            unit: &item.unit,
            unit_price: item.unit_price,
            cost: self.for_issuer(|| item.cost),
            amount: item.amount,
            origin: None,
            share: None,
        }
    }
}
