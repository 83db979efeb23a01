//! The command line, as definitions only.

mod export;
mod help;
mod language;
mod shards;
mod values;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::amount::Amount;
use crate::model::endpoint::AllowedHost;
use crate::model::format::Format;
use crate::model::language::Language;
use crate::model::mail::Mailbox;
use crate::model::matcher::Glob;
use crate::model::period::{BillingMonth, MonthRange};
use crate::model::tax::TaxCategory;
pub use export::Export;
pub use help::{EXAMPLES, command, manual, parse};
pub use language::{asked_language, shown};
pub use shards::{Merge, Plan, Shards};
pub use values::DateBound;
use values::{credited_line, glob, mailbox, money, name, reason, sha256, tax_category};

/// Bills end customers for SORACOM, SAKURA Cloud and KORE: splits a provider's monthly bill by your rules, adds markup
/// and tax, and writes an invoice for each customer as PDF, HTML, JSON and CSV.
#[derive(Debug, Parser)]
#[command(name = "invoicer", version, arg_required_else_help = true)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Debug, Args)]
pub struct Global {
    /// Use the workspace in DIR instead of the current directory
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Print only errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print details: every step, every warning, the files written
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
    /// Do not show progress
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Language of help, tables and messages; by default that of LC_ALL, LC_MESSAGES or LANG
    #[arg(long, value_name = "LANG", value_enum, global = true)]
    pub lang: Option<Lang>,
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

/// A language of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Japanese
    Ja,
    /// English
    En,
}

impl Global {
    /// The language of the terminal; that of the locale unless the user asks for one.
    pub fn language(&self, of_locale: Language) -> Language {
        self.lang.map_or(of_locale, Language::from)
    }
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Language {
        match lang {
            Lang::Ja => Language::Japanese,
            Lang::En => Language::English,
        }
    }
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
    /// Report everything `build` would refuse, without writing anything
    Check(Check),
    /// Download the bills of the API sources into billing/MONTH/
    Fetch(Fetch),
    /// Add something that a customer pays or gets back in one month alone
    Adjust(Adjust),
    /// Write all customers' invoices for a month
    Build(Build),
    /// Divide a month's documents over several machines: write who is in which shard to shards.json
    Plan(Plan),
    /// Put the shards of a month together, as one `build` would have written it
    Merge(Merge),
    /// Show which months each source has, and which are fetched, built and issued
    Status(Status),
    /// Compare the totals read with the provider's own, source by source
    Reconcile(Reconcile),
    /// See what a source makes of a file, before it is billed
    Source(Source),
    /// List a month's items with the names that customers see, and print tables to name the rest
    Items(Items),
    /// Show who has which resource from when to when, with gaps and overlaps
    Assignments(Assignments),
    /// Show how an invoice was computed, from rows and rules to rounding and tax, for checking with a calculator
    Explain(Explain),
    /// Assign the numbers of a reviewed month and lock it in issued/MONTH.json
    Issue(Issue),
    /// Check that issued documents, the files they were made from and the results are unchanged
    Verify(Verify),
    /// Cancel an issued invoice with a credit note (適格返還請求書), and issue a corrected one on request
    Credit(Credit),
    /// Send issued documents by mail, each once; shows first what would go to whom
    Send(Send),
    /// List issued documents
    List(List),
    /// Write a month's issued documents for accounting programs, as data or as e-invoices
    Export(Export),
    /// Show what other prices would have yielded, customer by customer, without writing anything
    Whatif(Whatif),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of invoicer, or of one of its commands
    Man {
        /// The command
        #[arg(value_name = "COMMAND", value_parser = help::name_of_command)]
        command: Option<String>,
    },
}

impl Command {
    /// Hosts besides the providers' own that the command may send keys to.
    pub fn allowed_endpoints(&self) -> &[AllowedHost] {
        match self {
            Command::Fetch(Fetch { network, .. })
            | Command::Build(Build { network, .. })
            | Command::Status(Status { network, .. })
            | Command::Reconcile(Reconcile { network, .. }) => &network.allowed_endpoints,
            _ => &[],
        }
    }
}

/// Options of all commands that may contact a provider.
#[derive(Debug, Default, Args)]
pub struct Network {
    /// Allow sending keys to an `endpoint` of the workspace: HOST or HOST:PORT (repeatable)
    #[arg(long = "allow-endpoint", value_name = "HOST")]
    pub allowed_endpoints: Vec<AllowedHost>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Month to check, 202208 or 2022-08; without it, only the workspace's files are checked
    #[arg(value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Check only this customer's documents (repeatable)
    #[arg(long = "customer", value_name = "ID", requires = "month")]
    pub customers: Vec<String>,
    /// Directory that `build --out` would write to
    #[arg(long, value_name = "DIR", requires = "month")]
    pub out: Option<PathBuf>,
    /// Allow bills that are not final and unassigned charges, as for a draft
    #[arg(long, requires = "month")]
    pub draft: bool,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME", requires = "month")]
    pub finals: Vec<String>,
    /// Check an issued month as it was issued, regardless of the current rules
    #[arg(long, requires = "month")]
    pub as_issued: bool,
    /// Treat warnings as errors
    #[arg(long)]
    pub deny_warnings: bool,
    /// Only list the charges that no customer claims, with the tables that would claim them
    #[arg(long, requires = "month", conflicts_with_all = ["customers", "out", "as_issued", "deny_warnings"])]
    pub unclaimed: bool,
}

/// Options of `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// Month to download, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Download only this source (repeatable)
    #[arg(long = "source", value_name = "NAME")]
    pub sources: Vec<String>,
    /// Download again what is already there, and replace it
    #[arg(long)]
    pub force: bool,
    /// Accept a month that is not closed yet; it can only be used for drafts
    #[arg(long)]
    pub draft: bool,
    /// Accept a bill whose rows do not add up to the provider's total, for this reason; needs exactly one --source
    #[arg(long, value_name = "REASON", value_parser = reason, requires = "sources")]
    pub accept_difference: Option<String>,
    /// Hosts that may be contacted
    #[command(flatten)]
    pub network: Network,
}

/// Options of `build`.
#[derive(Debug, Args)]
pub struct Build {
    /// Month to bill, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Write only this customer's documents (repeatable); the whole month is still computed
    #[arg(long = "customer", value_name = "ID")]
    pub customers: Vec<String>,
    /// Write the month's directory to DIR instead of the workspace's out/
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Kinds of documents to write
    #[arg(long, value_name = "FORMATS", value_enum, value_delimiter = ',', default_values_t = Format::ALL)]
    pub format: Vec<Format>,
    /// Number of documents to make at once; by default one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Allow bills that are not final and unassigned charges; every page says DRAFT
    #[arg(long)]
    pub draft: bool,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME")]
    pub finals: Vec<String>,
    /// Make an issued month's documents as they were issued, regardless of the current rules
    #[arg(long)]
    pub as_issued: bool,
    /// Never contact a provider; bills that were not fetched are an error
    #[arg(long)]
    pub offline: bool,
    /// Hosts that may be contacted
    #[command(flatten)]
    pub network: Network,
    /// Treat warnings as errors
    #[arg(long)]
    pub deny_warnings: bool,
    /// Open the review page when the month is built
    #[arg(long)]
    pub open: bool,
    /// Print summary.json instead of the files written
    #[arg(long)]
    pub json: bool,
    /// Which part of the documents to write
    #[command(flatten)]
    pub shards: Shards,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Show only this month, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME", requires = "month")]
    pub finals: Vec<String>,
    /// Contact no provider; show only what is on this disk
    #[arg(long)]
    pub offline: bool,
    /// Hosts that may be contacted
    #[command(flatten)]
    pub network: Network,
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
    /// Download the bills again and show, row by row, what changed since the month was fetched
    #[arg(long)]
    pub fetch: bool,
    /// Hosts that may be contacted
    #[command(flatten)]
    pub network: Network,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `items`.
#[derive(Debug, Args)]
pub struct Items {
    /// Month whose items to list, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// List only items of this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// List only the items of this customer's invoice, including fees, with the names from its own file
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// Print tables for items without a name, to fill in and append to invoicer.toml
    #[arg(long, conflicts_with = "json")]
    pub stubs: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The commands of `source`.
#[derive(Debug, Args)]
pub struct Source {
    /// What to do.
    #[command(subcommand)]
    pub command: SourceCommand,
}

/// What to do with a source.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Show the first rows of a file as charges, and which rows are left out and why; writes nothing
    Try(Try),
}

/// Options of `source try`.
#[derive(Debug, Args)]
pub struct Try {
    /// Name of the source, whose kind reads files
    #[arg(value_name = "NAME")]
    pub name: String,
    /// File to read, wherever it lies
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Month of the file, 202208 or 2022-08; by default the one that its path names
    #[arg(long, value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Number of charges to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `assignments`.
#[derive(Debug, Args)]
pub struct Assignments {
    /// Show only this month, 202208 or 2022-08, with the charges of days on which nobody has a resource
    #[arg(long, value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Show only resources with this id; * and ? are wildcards
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// Show only resources that this customer has at some time
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Number of the invoice, or its month and customer, as in 202208/acme
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Show only this line of the invoice, with its rows
    #[arg(value_name = "LINE")]
    pub line: Option<usize>,
    /// Show only rows of resources with this id; * and ? are wildcards
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
    /// Compare with the customer's invoice for this month, item by item
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["line", "resource"])]
    pub against: Option<BillingMonth>,
    /// Print JSON, with every row
    #[arg(long)]
    pub json: bool,
}

/// Options of `issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Month to issue, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME")]
    pub finals: Vec<String>,
    /// Treat warnings as errors
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print issued/MONTH.json and the head of the chain instead of the files written
    #[arg(long)]
    pub json: bool,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Month to verify, 202208 or 2022-08
    #[arg(value_name = "MONTH", required_unless_present = "all", conflicts_with = "all")]
    pub month: Option<BillingMonth>,
    /// Verify every issued month
    #[arg(long)]
    pub all: bool,
    /// Compare only with the rules kept when the month was issued, not with the current ones
    #[arg(long)]
    pub as_issued: bool,
    /// Also refuse unless issued/ still contains this head, which `issue` or `credit` printed, or a line of a journal with
    /// this hash (repeatable)
    #[arg(long, value_name = "SHA256", value_parser = sha256)]
    pub against: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `whatif`.
#[derive(Debug, Args)]
pub struct Whatif {
    /// File with the other prices: `[pricing]` as in invoicer.toml, `[customers.ID.pricing]` as in a customer's file
    #[arg(long, value_name = "FILE")]
    pub pricing: PathBuf,
    /// Month, or first and last month, as in 202205..202208
    #[arg(long, value_name = "FROM..UNTIL")]
    pub months: MonthRange,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `credit`.
#[derive(Debug, Args)]
pub struct Credit {
    /// Number of the invoice
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Reason for the credit note; printed on the documents
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How the money returns; printed on the credit note, and `refund-note` of the invoice's rules where it is absent
    #[arg(long, value_name = "TEXT")]
    pub refund_note: Option<String>,
    /// Issue the invoice again from the current inputs, under a new number
    #[arg(long, conflicts_with = "lines")]
    pub reissue: bool,
    /// Credit only this line, or only this amount of it before tax (repeatable): 3 or 3=500
    #[arg(long = "line", value_name = "LINE[=AMOUNT]", value_parser = credited_line, allow_hyphen_values = true)]
    pub lines: Vec<(usize, Option<Amount>)>,
    /// Credit the same lines and amounts a second time for the same reason
    #[arg(long)]
    pub again: bool,
    /// Date of the credit note and of the corrected invoice; by default today in Japan
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Due date of the corrected invoice, instead of the one that `due-date` gives
    #[arg(long, value_name = "YYYY-MM-DD", requires = "reissue")]
    pub due_date: Option<NaiveDate>,
    /// Print the new record and the head of the chain instead of the files written
    #[arg(long)]
    pub json: bool,
}

/// Options of `adjust`.
#[derive(Debug, Args)]
pub struct Adjust {
    /// Month of the adjustment, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Customer that is charged, by its id
    #[arg(long, value_name = "ID")]
    pub customer: String,
    /// Name printed on the invoice
    #[arg(long, value_name = "TEXT", value_parser = name)]
    pub name: String,
    /// Amount before tax, in the currency of the customer's invoices; below zero for a discount
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_hyphen_values = true)]
    pub amount: Amount,
    /// Tax category; the customer's without it
    #[arg(long, value_name = "CATEGORY", value_parser = tax_category)]
    pub tax_category: Option<TaxCategory>,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// List only documents issued on or after this date: 2022-09-01, or a month: 202209
    #[arg(long, value_name = "DATE")]
    pub from: Option<DateBound>,
    /// List only documents issued on or before this date
    #[arg(long, value_name = "DATE")]
    pub until: Option<DateBound>,
    /// List only documents of this customer: its id, or part of its name (repeatable)
    #[arg(long = "customer", value_name = "CUSTOMER")]
    pub customers: Vec<String>,
    /// List only documents with an order number that fits this pattern: PO-4711, or PO-*
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub order_number: Option<Glob>,
    /// List only documents with at least this total, including tax; totals of credit notes are negative
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_hyphen_values = true)]
    pub min: Option<Amount>,
    /// List only documents with at most this total, including tax
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_hyphen_values = true)]
    pub max: Option<Amount>,
    /// Write the listed documents to PATH, as CSV or, where it ends in .html, as a page, with links to the kept files; to
    /// issued-documents.csv without PATH
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "issued-documents.csv", conflicts_with = "json")]
    pub export_index: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// Month whose documents to send, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Send the messages; without it, only show what would go to whom
    #[arg(long, conflicts_with = "eml")]
    pub yes: bool,
    /// Only documents of this customer (repeatable)
    #[arg(long = "customer", value_name = "ID")]
    pub customers: Vec<String>,
    /// Only the document with this number, also an invoice that was taken back (repeatable)
    #[arg(long = "number", value_name = "NUMBER")]
    pub numbers: Vec<String>,
    /// Write the messages as drafts for a mail program to DIR, and send nothing
    #[arg(long, value_name = "DIR")]
    pub eml: Option<PathBuf>,
    /// Send test copies to this address instead of to the customers
    #[arg(long = "to", value_name = "ADDRESS", value_parser = mailbox, conflicts_with = "eml")]
    pub test: Option<Mailbox>,
    /// Send only this document, and once more; needs --reason
    #[arg(long, value_name = "NUMBER", requires = "reason", conflicts_with_all = ["customers", "numbers", "test", "eml"])]
    pub resend: Option<String>,
    /// Reason for sending again; kept in the journal
    #[arg(long, value_name = "TEXT", value_parser = reason, requires = "resend")]
    pub reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
