//! The options of `export`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::export::{Encoding, Target, encoding_of};
use crate::model::period::BillingMonth;

/// Options of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Month to export, 202208 or 2022-08: its invoices, and the credit notes and corrected invoices of them
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Program or format to export to
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub to: Target,
    /// Write to PATH instead of export/MONTH/FORMAT.csv; - is stdout
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Export only this customer's documents (repeatable)
    #[arg(long = "customer", value_name = "ID")]
    pub customers: Vec<String>,
    /// Export only the document with this number (repeatable)
    #[arg(long = "number", value_name = "NUMBER")]
    pub numbers: Vec<String>,
    /// Export only what was not exported to this format before
    #[arg(long, conflicts_with = "draft")]
    pub new: bool,
    /// Export what `build --draft` would make of a month that is not issued; the file's name says so
    #[arg(long)]
    pub draft: bool,
    /// Check these files of JP PINT, of any program, instead of exporting
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["out", "customers", "numbers", "new", "draft"])]
    pub check: Vec<PathBuf>,
    /// Encoding other than the program's usual one
    #[arg(long, value_name = "ENCODING", value_enum)]
    pub encoding: Option<Encoding>,
    /// Template for --to template
    #[arg(long, value_name = "FILE", required_if_eq("to", "template"))]
    pub template: Option<PathBuf>,
    /// Keep to the limits of Yayoi's online edition, in as many files as that takes
    #[arg(long)]
    pub online: bool,
    /// Number of the first slip for Yayoi
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub first_slip: u32,
    /// Write texts that begin with = + - @ without the apostrophe that keeps spreadsheets from running them
    #[arg(long)]
    pub no_guard: bool,
}

impl Export {
    /// Says which options do not fit the format, and the way out.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        let is_to = |target| self.to == target;
        let is_table = !is_to(Target::Json) && !is_to(Target::Template) && !is_to(Target::JpPint);
        let is_utf_8 = self.to.is_by_document();
        for (option, given, fits, of) in [
            ("--online", self.online, is_to(Target::Yayoi), "yayoi"),
            ("--first-slip", self.first_slip != 1, is_to(Target::Yayoi), "yayoi"),
            ("--template", self.template.is_some(), is_to(Target::Template), "template"),
            ("--check", !self.check.is_empty(), is_to(Target::JpPint), "jp-pint"),
            ("--encoding", self.encoding.is_some(), !is_utf_8, "csv"),
            ("--no-guard", self.no_guard, is_table, "csv"),
        ] {
            if given && !fits {
                let message = format!("{option} says nothing to an export to {}", self.to.name());
                return Err((message, format!("leave it out, or export --to {of}")));
            }
        }
        encoding_of(self.to, self.encoding).map_err(|problem| (problem.message, problem.hint.unwrap_or_default()))?;
        match self.out.as_deref().filter(|out| out.file_name().is_none()) {
            None => Ok(()),
            Some(out) => {
                let message = format!("expected a file after --out, found {:?}", out.display());
                Err((message, "name a file, or - for stdout".to_owned()))
            }
        }
    }

    /// Whether only some documents of the month are asked for.
    pub fn is_partial(&self) -> bool {
        !self.customers.is_empty() || !self.numbers.is_empty()
    }

    /// Whether the file goes to stdout.
    pub fn is_for_stdout(&self) -> bool {
        self.out.as_deref() == Some(Path::new("-"))
    }
}
