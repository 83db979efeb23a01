//! [`Record`]: one file of `issued/`, written once and never changed.

use std::ops::Deref;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::amount::Amount;
use crate::model::audience::INTERNAL;
use crate::model::carried::Carried;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::format::Format;
use crate::model::invoice::{DocumentKind, Invoice, ItemKind, Original, TaxSubtotal, qualified};
use crate::model::period::BillingMonth;
use crate::model::settings::DocumentForm;
use crate::model::tax::{TaxCategory, TaxRate};
use crate::model::tax_table::TaxRegime;
use crate::model::text::Text;
use crate::staging::Written;

/// Record format that this program writes.
pub const FORMAT: u32 = 5;

/// Record format whose documents held the issuer's costs, origins and shares in the customers' files: JSON, CSV and the
/// JSON inside the PDF. Since format 2 they are under [`INTERNAL`] only; otherwise the formats are the same, so that all can be read.
pub const COSTS_INSIDE: u32 = 1;

/// First record format whose documents have labels of items ([`ItemLabel`](crate::model::item_label::ItemLabel)). Documents of
/// older records, and credit notes that take them back, are made without: a label that is built in now must not change what
/// was issued.
const LABELLED_SINCE: u32 = 3;

/// First record format whose documents in a foreign currency print its code.
const CODED_SINCE: u32 = 4;

/// First record format whose documents list a fee below zero with the discounts, and whose credit notes have what their
/// pages print in the JSON and the invoice's lines in the CSV. Only since then are there adjustments and numbers of orders.
const ADJUSTED_SINCE: u32 = 5;

/// First record format whose credit notes print amounts above zero, the invoice's line numbers and what is left of it.
const STATED_SINCE: u32 = 4;

/// The documents issued together: a month's invoices, or a credit note with or without the corrected invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<S = String> {
    /// Format of this file.
    pub format: u32,
    /// Name and version of the program that wrote it.
    pub tool: S,
    /// The month billed.
    pub month: BillingMonth,
    /// The previous record; none for the first.
    pub previous: Option<Previous>,
    /// The providers' bills it was made from, relative to the workspace's root.
    pub bills: Vec<Written<S>>,
    /// The workspace's own files it was made from, relative to the workspace's root; a copy of each is kept beside the
    /// record. Empty for a credit note alone, which is made from those of its invoice.
    pub rules: Vec<Written<S>>,
    /// The adjustments of the month, relative to the workspace's root; a copy of each is kept beside the rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Written<S>>,
    /// The review files as they were when it was issued; copies are kept beside the record too.
    pub review: Vec<Written<S>>,
    /// The kinds of documents that are kept beside the record, byte for byte as they were issued. Records written before
    /// there were such have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Format>,
    /// Rests below zero that the month takes from earlier months and leaves to the next.
    #[serde(default, skip_serializing_if = "Carried::is_empty")]
    pub carried: Carried,
    /// The documents, in the order of their numbers.
    pub documents: Vec<Document<S>>,
}

impl Record {
    /// Whether its credit notes state what they take back of which line, and what is left.
    pub fn has_stated_returns(&self) -> bool {
        self.format >= STATED_SINCE
    }

    /// Whether documents with numbers of orders can be in it.
    pub fn has_order_numbers(&self) -> bool {
        self.format >= ADJUSTED_SINCE
    }

    /// The files of its documents that are kept.
    pub fn kept_files(&self) -> Vec<Written> {
        let of_document = |document: &Document| -> Vec<Written> {
            self.kept.iter().filter_map(|format| document.output(*format).cloned()).collect()
        };
        self.documents.iter().flat_map(of_document).collect()
    }

    /// How its documents show what they hold.
    pub fn document_form(&self) -> DocumentForm {
        match self.format {
            ..LABELLED_SINCE => DocumentForm::Plain,
            LABELLED_SINCE..CODED_SINCE => DocumentForm::Labelled,
            CODED_SINCE..ADJUSTED_SINCE => DocumentForm::Coded,
            _ => DocumentForm::Adjusted,
        }
    }
}

impl Record<Text<'_>> {
    /// What is listed of it: of its documents neither lines and taxes nor files but the PDF, which of a hundred thousand
    /// documents are most of the memory.
    pub(super) fn listed(self) -> Record {
        Record {
            format: self.format,
            tool: self.tool.into_string(),
            month: self.month,
            previous: self.previous,
            bills: Vec::new(),
            rules: Vec::new(),
            adjustments: Vec::new(),
            review: Vec::new(),
            kept: self.kept,
            carried: self.carried,
            documents: self.documents.into_iter().map(Document::listed).collect(),
        }
    }
}

/// The previous record with its hash, so that no record can be changed, removed or inserted without a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its file in `issued/`.
    pub file: String,
    /// SHA-256 of its bytes, as lower-case hex.
    pub sha256: String,
}

/// An invoice or credit note as it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<S = String> {
    /// Its number.
    pub number: S,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// 1 for an invoice, and one more for each that replaces it; an invoice's credit notes are counted too.
    pub version: u32,
    /// The running number (`{seq}`) within its number, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<u64>,
    /// The customer's id.
    pub customer: S,
    /// The customer's name.
    pub customer_name: S,
    /// Date of issue.
    pub issue_date: NaiveDate,
    /// Date by which payment is due; for a credit note, its date of issue.
    pub due_date: NaiveDate,
    /// The customer's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_number: Option<S>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Whose tax it states; absent for Japan's.
    #[serde(default, skip_serializing_if = "TaxRegime::is_japan")]
    pub tax_regime: TaxRegime,
    /// The invoice it takes back or replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original<S>>,
    /// For a credit note: whether it takes back everything that was left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
    /// The lines.
    pub items: Vec<Line<S>>,
    /// Tax per category and rate.
    pub tax_subtotals: Vec<TaxSubtotal>,
    /// Sum of the lines.
    pub subtotal: Amount,
    /// Sum of the taxes.
    pub tax: Amount,
    /// Amount to pay; negative when it is paid back.
    pub total: Amount,
    /// What the provider charges for it.
    pub cost: Amount,
    /// Path of its files without extension, relative to the month's directory of `out/`.
    pub file: S,
    /// Its files, the customer's and the issuer's, relative to the month's directory of `out/`.
    pub outputs: Vec<Written<S>>,
}

/// A line of a [`Document`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<S = String> {
    /// Its number on the invoice; on a credit note, the number of the line it takes back, or 0 for a 端数調整 (rounding
    /// adjustment) that the invoice did not have in that category.
    pub line: usize,
    /// The source of its charges, empty where it has none; records written before there was this field have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<S>,
    /// Bill item or fee.
    pub name: S,
    /// What is printed after the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<S>,
    /// Kind of the line.
    pub kind: ItemKind,
    /// Amount before tax, unless it includes the tax.
    pub amount: Amount,
    /// Tax category.
    pub tax_category: TaxCategory,
    /// Tax rate.
    pub tax_rate: TaxRate,
    /// Whether the amount includes the tax.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// The id of the adjustment that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<S>,
    /// The printed name of the section that lists it; none where the invoice has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<S>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The [`file`](Document::file) of the document that a file of a month's directory belongs to: `acme/INV-1` for
/// `acme/INV-1.pdf` and `internal/acme/INV-1.json`.
pub fn file_of(path: &str) -> &str {
    let inside = path.strip_prefix(INTERNAL).and_then(|path| path.strip_prefix('/')).filter(|path| path.contains('/'));
    let path = inside.unwrap_or(path);
    path.rsplit_once('.').map_or(path, |(name, _)| name)
}

/// The fields of a [`Document`] that do not come from its [`Invoice`].
#[derive(Clone, Debug)]
pub struct Naming {
    /// The customer's id.
    pub customer: String,
    /// The customer's name.
    pub customer_name: String,
    /// See [`Document::version`].
    pub version: u32,
    /// See [`Document::running`].
    pub running: Option<u64>,
    /// See [`Document::whole`].
    pub whole: bool,
    /// The numbers of the lines, as in [`Line::line`].
    pub lines: Vec<usize>,
    /// Whether lines have their [`source`](Line::source).
    pub sources: bool,
}

impl Naming {
    /// The naming of a customer's invoice, whose lines are numbered from 1.
    pub fn of_invoice(customer: &Customer, invoice: &Invoice, version: u32, running: Option<u64>) -> Naming {
        Naming {
            customer: customer.id.clone(),
            customer_name: customer.name.clone(),
            version,
            running,
            whole: false,
            lines: (1..=invoice.items.len()).collect(),
            sources: true,
        }
    }

    /// The naming of a recorded document, for the same invoice or credit note computed again. A credit note takes its
    /// line numbers from the record; an invoice's lines are numbered as it has them now.
    fn of_record(recorded: &Document, computed: &Invoice) -> Naming {
        let lines = match recorded.kind {
            DocumentKind::Invoice => (1..=computed.items.len()).collect(),
            DocumentKind::CreditNote => recorded.items.iter().map(|line| line.line).collect(),
        };
        Naming {
            customer: recorded.customer.clone(),
            customer_name: recorded.customer_name.clone(),
            version: recorded.version,
            running: recorded.running,
            whole: recorded.whole,
            lines,
            sources: recorded.has_sources(),
        }
    }
}

impl<S: Deref<Target = str>> Document<S> {
    /// The customer's file of that kind.
    pub fn output(&self, format: Format) -> Option<&Written<S>> {
        let is_it = |output: &&Written<S>| {
            let ending = output.path.strip_prefix(&*self.file).and_then(|ending| ending.strip_prefix('.'));
            ending == Some(format.extension())
        };
        self.outputs.iter().find(is_it)
    }
}

impl Document<Text<'_>> {
    fn listed(self) -> Document {
        let original = |original: Original<Text<'_>>| Original {
            number: original.number.into_string(),
            issue_date: original.issue_date,
            reason: original.reason.into_string(),
            refund_note: None,
        };
        let pdf = self.outputs.into_iter().find(|output| output.path.ends_with(".pdf"));
        let pdf = pdf.map(|pdf| Written { path: pdf.path.into_string(), sha256: pdf.sha256.into_string() });
        Document {
            number: self.number.into_string(),
            kind: self.kind,
            version: self.version,
            running: self.running,
            customer: self.customer.into_string(),
            customer_name: self.customer_name.into_string(),
            issue_date: self.issue_date,
            due_date: self.due_date,
            order_number: self.order_number.map(Text::into_string),
            currency: self.currency,
            tax_regime: self.tax_regime,
            original: self.original.map(original),
            whole: self.whole,
            items: Vec::new(),
            tax_subtotals: Vec::new(),
            subtotal: self.subtotal,
            tax: self.tax,
            total: self.total,
            cost: self.cost,
            file: self.file.into_string(),
            outputs: pdf.into_iter().collect(),
        }
    }
}

impl Document {
    /// Records an invoice or credit note; `outputs` is left empty for the caller to fill in.
    pub fn of(invoice: &Invoice, naming: Naming) -> Document {
        let lines = naming.lines.iter().zip(&invoice.items);
        Document {
            number: invoice.number.clone(),
            kind: invoice.kind,
            version: naming.version,
            running: naming.running,
            issue_date: invoice.issue_date,
            due_date: invoice.due_date,
            order_number: invoice.order_number.clone(),
            currency: invoice.currency,
            tax_regime: invoice.tax_regime,
            original: invoice.original.clone(),
            whole: naming.whole,
            items: lines
                .map(|(line, item)| Line {
                    line: *line,
                    source: naming.sources.then(|| item.source.clone()),
                    name: item.name.clone(),
                    qualifier: item.qualifier.clone(),
                    kind: item.kind,
                    amount: item.amount,
                    tax_category: item.tax_category,
                    tax_rate: item.tax_rate,
                    tax_included: item.tax_included,
                    adjustment: item.adjusted.as_ref().map(|own| own.id.clone()),
                    section: item.section.as_ref().map(|section| section.name.clone()),
                })
                .collect(),
            tax_subtotals: invoice.tax_subtotals.clone(),
            subtotal: invoice.subtotal,
            tax: invoice.tax,
            total: invoice.total,
            cost: invoice.cost,
            file: format!("{}/{}", naming.customer, invoice.file_name),
            outputs: Vec::new(),
            customer: naming.customer,
            customer_name: naming.customer_name,
        }
    }

    /// Whether its lines say which source they are of.
    pub fn has_sources(&self) -> bool {
        self.items.iter().any(|line| line.source.is_some())
    }

    /// The credit note's lines that the user asked for. A 端数調整 (rounding adjustment) and the tax in prices follow from
    /// them.
    pub fn credited_lines(&self) -> impl Iterator<Item = &Line> {
        self.items.iter().filter(|item| !item.kind.follows_from_others())
    }

    /// Name of its files without directory and extension.
    pub fn file_name(&self) -> &str {
        self.file.rsplit_once('/').map_or(&self.file, |(_, name)| name)
    }

    /// Message on how the recomputed invoice or credit note differs from this record; none where all figures are equal.
    pub fn difference_from(&self, computed: &Invoice) -> Option<String> {
        self.figures_difference(&Document::of(computed, Naming::of_record(self, computed)))
    }

    /// Message on how the figures of `computed` differ from this record's: totals first, otherwise lines and taxes.
    pub fn figures_difference(&self, computed: &Document) -> Option<String> {
        let figures = |document: &Document| {
            (document.currency, document.tax_regime, document.subtotal, document.tax, document.total)
        };
        let parts = (&self.items, &self.tax_subtotals);
        if figures(self) == figures(computed) && parts == (&computed.items, &computed.tax_subtotals) {
            return None;
        }
        let money = |document: &Document| format!("{} {}", document.total, document.currency);
        if (self.total, self.currency) != (computed.total, computed.currency) {
            return Some(format!("total {} when issued, {} now", money(self), money(computed)));
        }
        let lines = |document: &Document| -> Vec<String> {
            let text = |line: &Line| {
                let name = qualified(&line.name, line.qualifier.as_deref());
                match &line.section {
                    Some(section) => format!("{section}: {name} {}", line.amount),
                    None => format!("{name} {}", line.amount),
                }
            };
            document.items.iter().map(text).collect()
        };
        let (before, now) = (lines(self), lines(computed));
        let gone = before.iter().filter(|line| !now.contains(line)).map(|line| format!("-{line}"));
        let new = now.iter().filter(|line| !before.contains(line)).map(|line| format!("+{line}"));
        let changed: Vec<String> = gone.chain(new).take(4).collect();
        let changed = if changed.is_empty() { "order or taxes".to_owned() } else { changed.join(", ") };
        Some(format!("same total {}, other lines: {changed}", money(self)))
    }
}
