//! The command line: definitions only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::period::BillingMonth;

/// Bills end customers for SORACOM, SAKURA Cloud and KORE: splits a provider's monthly bill by your rules, adds markup
/// and tax, and writes an invoice for each customer as PDF, HTML, JSON and CSV.
#[derive(Debug, Parser)]
#[command(name = "invoicer", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str =
    "Exit codes: 0 done, 1 refused (nothing was written), 2 could not run (I/O, network), 64 wrong usage.";

/// Options of all commands.
#[derive(Debug, Args)]
pub struct Global {
    /// Work in the workspace of DIR instead of the current directory
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Print only errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more about what is done
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
    /// Show no progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a workspace that builds at once: a company, two customers, a sample month
    Init {
        /// Directory to write to; created when it does not exist
        #[arg(value_name = "DIR", default_value = ".")]
        target: PathBuf,
    },
    /// Say everything `build` would refuse; write nothing
    Check(Check),
    /// Download the bills of the API sources into billing/MONTH/
    Fetch(Fetch),
    /// Write every customer's invoice for a month
    Build(Build),
    /// Show what each source has, and which months are fetched, built and issued
    Status(Status),
    /// Compare our sums with the provider's own, source by source
    Reconcile(Reconcile),
    /// Show how an invoice came about: rows, rules, shares, prices, rounding and tax, to be checked with a calculator
    Explain(Explain),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Month to check, 202208 or 2022-08; without it only the workspace's files
    #[arg(value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Refuse the month for any warning
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Options of `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// Month to download, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Only this source (repeatable)
    #[arg(long = "source", value_name = "NAME")]
    pub sources: Vec<String>,
    /// Ask again for what is there, and replace it
    #[arg(long)]
    pub force: bool,
    /// Take a month that is not closed yet; it is good for drafts only
    #[arg(long)]
    pub draft: bool,
}

/// Options of `build`.
#[derive(Debug, Args)]
pub struct Build {
    /// Month to bill, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Write only this customer's documents (repeatable); the month is computed whole all the same
    #[arg(long = "customer", value_name = "ID")]
    pub customers: Vec<String>,
    /// Directory for the month's directory, instead of the workspace's out/
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Kinds of documents to write
    #[arg(long, value_name = "FORMATS", value_enum, value_delimiter = ',', default_values_t = Format::ALL)]
    pub format: Vec<Format>,
    /// Number of documents made at once; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Allow bills that are not final and unassigned charges; every page says DRAFT
    #[arg(long)]
    pub draft: bool,
    /// Never ask a provider: bills that were not fetched are an error
    #[arg(long)]
    pub offline: bool,
    /// Refuse the month for any warning
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print summary.json instead of the files written
    #[arg(long)]
    pub json: bool,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Only this month, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Ask no provider; show what is here
    #[arg(long)]
    pub offline: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile`.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Month to compare, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Ask the providers again and show what changed since the month was fetched, row by row
    #[arg(long)]
    pub fetch: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Number of the invoice; or its month and customer, as in 202208/acme
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Only this line of the invoice, with its rows
    #[arg(value_name = "LINE")]
    pub line: Option<usize>,
    /// Only the rows of resources with this id; * and ? are wildcards
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// Print JSON, with every row
    #[arg(long)]
    pub json: bool,
}

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// For printing and sending
    Pdf,
    /// For reading in a browser
    Html,
    /// The record everything else is made from
    Json,
    /// Every row, for a spreadsheet
    Csv,
}

impl Format {
    /// All kinds.
    pub const ALL: [Format; 4] = [Format::Pdf, Format::Html, Format::Json, Format::Csv];

    /// The ending of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Html => "html",
            Format::Json => "json",
            Format::Csv => "csv",
        }
    }
}
