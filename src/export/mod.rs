//! Issued documents for other programs: journal entries for the books, figures as data, e-invoices.
//!
//! ```text
//! issued/MONTH.json ─ Selection ─ Booking (Posting) ─ freee, moneyforward, yayoi, csv, json, template ─ ExportFile
//!                              └─ jp-pint, focus: a file for each document, from its own JSON
//! ```
//!
//! Every figure is that of the record. Only two things are computed that no document has: the parts of the accounts in a
//! rate's tax, and the yen of documents in another currency.

mod booking;
mod encoding;
mod entries;
mod file_names;
mod focus;
mod freee;
pub mod jp_pint;
mod listing;
mod moneyforward;
mod postings;
pub mod search_index;
mod share;
mod table;
mod tax_labels;
mod values;
mod yayoi;
mod yen;

use std::path::Path;

use crate::diagnostic::{Diagnostic, Problems};
use crate::ledger::{Document, Stored};
use crate::model::accounting::Program;
use crate::model::customer::Customer;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
pub use encoding::{Encoding, of as encoding_of};

/// What documents are exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// freee 会計: import of deals (取引)
    Freee,
    /// マネーフォワード クラウド会計: import of journal entries (仕訳帳)
    #[value(name = "moneyforward")]
    MoneyForward,
    /// 弥生会計: import of journal entries (仕訳データ)
    Yayoi,
    /// CSV: a row for each document, sales account, tax category and rate
    Csv,
    /// JSON: the documents with their postings
    Json,
    /// A template of yours, for any other program
    Template,
    /// Peppol in Japan: e-invoices by JP PINT 1.1.3, a file for each document, checked
    #[value(name = "jp-pint")]
    JpPint,
    /// FOCUS 1.2: what each customer is charged, as its tools read the bills of clouds, a file for each document
    Focus,
}

/// The names of [`Target`]s on the command line, in directories and journals.
const TARGETS: [(&str, Target); 8] = [
    ("freee", Target::Freee),
    ("moneyforward", Target::MoneyForward),
    ("yayoi", Target::Yayoi),
    ("csv", Target::Csv),
    ("json", Target::Json),
    ("template", Target::Template),
    ("jp-pint", Target::JpPint),
    ("focus", Target::Focus),
];

impl Target {
    /// Its name on the command line and in journals.
    pub fn name(self) -> &'static str {
        TARGETS.iter().find(|(_, target)| *target == self).map_or("", |(name, _)| name)
    }

    /// Whether it is a program that takes yen alone.
    pub fn is_in_yen(self) -> bool {
        matches!(self, Target::Freee | Target::MoneyForward | Target::Yayoi)
    }

    /// Whether each document has a file of its own, made of the document's own files.
    pub fn is_by_document(self) -> bool {
        matches!(self, Target::JpPint | Target::Focus)
    }

    /// Extension of its files, where their names are not given.
    pub fn extension(self) -> &'static str {
        match self {
            Target::Freee | Target::MoneyForward | Target::Yayoi | Target::Csv => "csv",
            Target::Json => "json",
            Target::Template => "txt",
            // A directory.
            Target::JpPint | Target::Focus => "",
        }
    }

    /// The encodings of its files, the usual one first.
    fn encodings(self) -> &'static [Encoding] {
        match self {
            Target::Freee | Target::Json | Target::JpPint | Target::Focus => &[Encoding::Utf8],
            Target::MoneyForward | Target::Csv | Target::Template => &[Encoding::Utf8, Encoding::Cp932],
            Target::Yayoi => &[Encoding::Cp932],
        }
    }
}

/// The documents to export, and the workspace as it is now.
#[derive(Clone)]
pub struct Selection<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// The month that they bill.
    pub month: BillingMonth,
    /// The workspace's settings.
    pub settings: &'a Settings,
    /// The documents, in the order of their records.
    pub documents: Vec<Selected<'a>>,
    /// All documents of the month, in the order of their records.
    pub all: Vec<&'a Document>,
}

impl Selection<'_> {
    /// The numbers of the documents to export.
    pub fn numbers(&self) -> Vec<&str> {
        self.documents.iter().map(|selected| selected.document.number.as_str()).collect()
    }
}

/// A document to export.
#[derive(Clone, Copy)]
pub struct Selected<'a> {
    /// The record that issued it; none for a draft.
    pub stored: Option<&'a Stored>,
    /// The document.
    pub document: &'a Document,
    /// Its customer's file as it is now; none where it is gone.
    pub customer: Option<&'a Customer>,
    /// The settings that it was issued by, for its exchange rate; a draft has those of the workspace.
    pub rates: Option<&'a Settings>,
    /// Its own data files, for what is made of them.
    pub files: Option<&'a jp_pint::IssuedFiles>,
}

/// How to write.
#[derive(Clone, Debug)]
pub struct Options {
    /// Encoding other than the usual one.
    pub encoding: Option<Encoding>,
    /// Whether free text that a spreadsheet would run as a formula gets an apostrophe.
    pub guard: bool,
    /// Whether the limits of Yayoi's online edition hold.
    pub online: bool,
    /// Yayoi's number of the first slip.
    pub first_slip: u32,
    /// The path of the user's template as shown, and its text.
    pub template: Option<(String, String)>,
}

/// A file to write.
#[derive(Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Its name in a directory, where each document has a file of its own.
    pub name: Option<String>,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The numbers of its documents.
    pub numbers: Vec<String>,
}

/// What is exported.
#[derive(Debug, Default)]
pub struct Export {
    /// The files: several where the program takes only so much at once.
    pub files: Vec<ExportFile>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Makes the files of a target.
///
/// # Errors
/// Everything that the target cannot take, all at once.
pub fn files(selection: &Selection<'_>, target: Target, options: &Options) -> Result<Export, Problems> {
    let encoding = encoding::of(target, options.encoding)?;
    // A file of one document books nothing.
    let bookings = if target.is_by_document() { Vec::new() } else { booking::bookings(selection)? };
    let writing = table::Writing { encoding, guard: options.guard };
    let entries = |program| entries::all(&bookings, program, selection.settings);
    let alone = |files| Export { files, warnings: Vec::new() };
    let of_program = |program, files| Export { files, warnings: booking::same_partners(&bookings, program) };
    Ok(match target {
        Target::Freee => of_program(Program::Freee, freee::files(&entries(Program::Freee)?, writing)?),
        Target::MoneyForward => {
            let files = moneyforward::files(&entries(Program::MoneyForward)?, writing)?;
            of_program(Program::MoneyForward, files)
        }
        Target::Yayoi => of_program(Program::Yayoi, yayoi::files(&entries(Program::Yayoi)?, writing, options)?),
        Target::Csv => alone(listing::files(&bookings, writing)?),
        Target::Json => alone(vec![values::json(selection, &bookings)?]),
        Target::Template => {
            let template = options.template.as_ref().ok_or_else(without_template)?;
            alone(vec![values::filled(selection, &bookings, template, encoding)?])
        }
        Target::JpPint => jp_pint::files::files(selection)?,
        Target::Focus => focus::files(selection, options.guard)?,
    })
}

/// The number of the document that an exported file of its own is of; none of any other file.
pub fn number_of(bytes: &[u8]) -> Option<String> {
    jp_pint::number_of(bytes).or_else(|| focus::number_of(bytes))
}

fn without_template() -> Diagnostic {
    Diagnostic::error("an export to a template needs one").with_hint("add --template FILE")
}
