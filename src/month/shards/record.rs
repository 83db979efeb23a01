//! [`ShardRecord`]: what one machine made of a month, as `shard-I.json` beside the documents. It is the issuer's, like
//! everything in a shard's directory outside the customers' own.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Basis;
use super::plan::division;
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::files;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::format::Format;
use crate::model::invoice::Invoice;
use crate::model::period::BillingMonth;
use crate::model::shard::Shard;
use crate::month::computed::ComputedMonth;
use crate::month::documents::MadeDocuments;
use crate::month::glyphs::Lost;
use crate::out;
use crate::printer::Printer;
use crate::render::Documents;
use crate::staging::{Staging, Written};

/// What a shard made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// What the month was computed from.
    #[serde(flatten)]
    pub basis: Basis,
    /// Kinds of its documents.
    pub formats: Vec<Format>,
    /// Its number, counted from 1.
    pub shard: u32,
    /// The number of all shards.
    pub shards: u32,
    /// Its invoices, by customer id.
    pub customers: Vec<ShardInvoice>,
    /// Their sums, by currency.
    pub sums: Vec<ShardSums>,
    /// Its documents, relative to its directory.
    pub files: Vec<Written>,
}

/// An invoice of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardInvoice {
    /// Customer id.
    pub id: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Pages of its PDF, when one was made.
    pub pages: Option<usize>,
    /// Characters of the bills that its PDF lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_characters: Vec<Lost>,
}

/// Figures of an invoice, or sums of such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Currency of the figures.
    pub currency: Currency,
    /// What the provider charges.
    pub cost: Amount,
    /// Total before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// Total with tax.
    pub total: Amount,
}

impl Figures {
    /// The figures of an invoice.
    pub fn of(invoice: &Invoice) -> Figures {
        let Invoice { currency, cost, subtotal, tax, total, .. } = *invoice;
        Figures { currency, cost, subtotal, tax, total }
    }
}

/// Sums of a shard's invoices in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSums {
    /// How many invoices there are.
    pub invoices: usize,
    /// The sums.
    #[serde(flatten)]
    pub figures: Figures,
}

impl ShardSums {
    /// The sums of invoices, by currency.
    ///
    /// # Errors
    /// When a sum has too many digits.
    pub fn of(all: &[Figures]) -> Result<Vec<ShardSums>, Diagnostic> {
        let mut currencies: Vec<Currency> = all.iter().map(|figures| figures.currency).collect();
        currencies.sort();
        currencies.dedup();
        let sums = currencies.into_iter().map(|currency| -> Result<ShardSums, TooLong> {
            let of_currency = || all.iter().filter(|figures| figures.currency == currency);
            let sum = |figure: fn(&Figures) -> Amount| Sum::of(of_currency().map(figure));
            let figures = Figures {
                currency,
                cost: sum(|figures| figures.cost)?,
                subtotal: sum(|figures| figures.subtotal)?,
                tax: sum(|figures| figures.tax)?,
                total: sum(|figures| figures.total)?,
            };
            Ok(ShardSums { invoices: of_currency().count(), figures })
        });
        sums.collect::<Result<_, TooLong>>().of("the sums of the shard")
    }
}

/// Name of the record of the shard with that number.
pub(super) fn file_name(number: u32) -> String {
    format!("shard-{number}.json")
}

/// The numbers of the shards that have records in a directory.
pub(super) fn numbers_in(directory: &Path) -> Vec<u32> {
    let number = |name: &str| {
        let number = name.strip_prefix("shard-")?.strip_suffix(".json")?.parse().ok()?;
        (file_name(number) == name).then_some(number)
    };
    let names = files::names(directory).unwrap_or_default();
    names.iter().filter_map(|name| number(name.to_str()?)).collect()
}

/// A file in a shard's directory that its record does not list; none where all of them are the shard's.
///
/// # Errors
/// When the directory or its record cannot be read.
pub fn foreign_file(directory: &Path, number: u32) -> io::Result<Option<String>> {
    let name = file_name(number);
    let record: ShardRecord = serde_json::from_slice(&files::read(&directory.join(&name), files::DATA)?)?;
    let own: BTreeSet<&str> = record.files.iter().map(|file| file.path.as_str()).chain([name.as_str()]).collect();
    let is_foreign = |entry: &files::Entry| !entry.is_file || !own.contains(entry.path.as_str());
    Ok(files::below(directory)?.into_iter().find(is_foreign).map(|entry| entry.path))
}

/// The shard that a directory holds: its number and month; none where it holds none, or several.
pub fn held(directory: &Path) -> Option<(u32, BillingMonth)> {
    let [number] = *numbers_in(directory).as_slice() else {
        return None;
    };
    let bytes = files::read(&directory.join(file_name(number)), files::DATA).ok()?;
    let record: ShardRecord = serde_json::from_slice(&bytes).ok()?;
    Some((number, record.basis.month))
}

impl ShardRecord {
    /// Makes the documents of a shard, and its record beside them.
    ///
    /// # Errors
    /// Mistakes in templates, files that cannot be written, warnings where they are denied.
    pub fn write(
        computed: &mut ComputedMonth,
        shard: Shard,
        basis: Basis,
        formats: &[Format],
        staging: &Staging,
        printer: &Printer,
    ) -> Result<ShardRecord, Problems> {
        let division = division(computed, shard.count()).into_iter();
        let all = computed.billed.invoices.iter().zip(division);
        let customers: BTreeSet<usize> =
            all.filter(|(_, (number, _))| *number == shard.number()).map(|(invoice, _)| invoice.customer).collect();
        let is_chosen = |invoice: &Invoice| customers.contains(&invoice.customer);
        let mut formats = formats.to_vec();
        formats.sort();
        formats.dedup();
        let made = computed.write_documents(&is_chosen, &formats, staging, printer)?;
        let all = computed.billed.invoices.iter().zip(&made);
        let chosen = all.filter(|(invoice, _)| is_chosen(invoice));
        let customers: Vec<ShardInvoice> =
            chosen.map(|(invoice, made)| ShardInvoice::of(computed, invoice, made)).collect();
        computed.warn_of(made)?;
        let figures: Vec<Figures> = customers.iter().map(|customer| customer.figures).collect();
        let record = ShardRecord {
            basis,
            formats,
            shard: shard.number(),
            shards: shard.count(),
            sums: ShardSums::of(&figures)?,
            customers,
            files: staging.written(),
        };
        staging.write(&file_name(shard.number()), &out::to_json(&record)?)?;
        Ok(record)
    }
}

impl ShardInvoice {
    fn of(computed: &ComputedMonth, invoice: &Invoice, made: &MadeDocuments) -> ShardInvoice {
        ShardInvoice {
            id: computed.workspace.settings.customers[invoice.customer].id.clone(),
            figures: Figures::of(invoice),
            pages: made.documents.pages,
            missing_characters: made.lost.clone(),
        }
    }

    /// What was made of the invoice, as the build of the whole month would know it.
    pub(super) fn made(&self, formats: &[Format]) -> MadeDocuments {
        MadeDocuments { documents: Documents::of(formats, self.pages), lost: self.missing_characters.clone() }
    }
}
