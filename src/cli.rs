//! The command line, as definitions only.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::amount::Amount;
use crate::model::endpoint::AllowedHost;
use crate::model::period::{BillingMonth, MonthRange};

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
    /// List a month's items and what customers read in their place; print tables to name the rest
    Items(Items),
    /// Show how an invoice came about: rows, rules, shares, prices, rounding and tax, to be checked with a calculator
    Explain(Explain),
    /// Give a reviewed month its numbers and lock it in issued/MONTH.json
    Issue(Issue),
    /// Say whether what was issued, what it was made from and what it gives are still the same
    Verify(Verify),
    /// Take an issued invoice back with a credit note (適格返還請求書), and issue it again corrected
    Credit(Credit),
    /// List what was issued
    List(List),
    /// Show what other prices would have given, customer by customer; write nothing
    Whatif(Whatif),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
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

/// Options of all commands that may ask a provider.
#[derive(Debug, Default, Args)]
pub struct Network {
    /// Allow an `endpoint` of the workspace to be sent keys: HOST, or HOST:PORT (repeatable)
    #[arg(long = "allow-endpoint", value_name = "HOST")]
    pub allowed_endpoints: Vec<AllowedHost>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Month to check, 202208 or 2022-08; without it only the workspace's files
    #[arg(value_name = "MONTH")]
    pub month: Option<BillingMonth>,
    /// Check only this customer's documents, as `build` would write only them (repeatable)
    #[arg(long = "customer", value_name = "ID", requires = "month")]
    pub customers: Vec<String>,
    /// Directory that `build --out` would write to
    #[arg(long, value_name = "DIR", requires = "month")]
    pub out: Option<PathBuf>,
    /// Check a draft: bills that are not final and unassigned charges are allowed
    #[arg(long, requires = "month")]
    pub draft: bool,
    /// Check an issued month as it was issued, whatever the present rules would give
    #[arg(long, requires = "month")]
    pub as_issued: bool,
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
    /// Take a bill whose rows do not add up to the provider's total, for this reason; name its one --source
    #[arg(long, value_name = "REASON", value_parser = reason, requires = "sources")]
    pub accept_difference: Option<String>,
    /// Who may be asked
    #[command(flatten)]
    pub network: Network,
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
    /// Make an issued month's documents as they were issued, whatever the present rules would give
    #[arg(long)]
    pub as_issued: bool,
    /// Never ask a provider: bills that were not fetched are an error
    #[arg(long)]
    pub offline: bool,
    /// Who may be asked
    #[command(flatten)]
    pub network: Network,
    /// Refuse the month for any warning
    #[arg(long)]
    pub deny_warnings: bool,
    /// Open the review page when the month is built
    #[arg(long)]
    pub open: bool,
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
    /// Who may be asked
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
    /// Ask the providers again and show what changed since the month was fetched, row by row
    #[arg(long)]
    pub fetch: bool,
    /// Who may be asked
    #[command(flatten)]
    pub network: Network,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `items`.
#[derive(Debug, Args)]
pub struct Items {
    /// Month whose items are listed, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Only the items of this source
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Only what this customer's invoice has, fees included, with the names of its own file
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// Print the tables that items without a name lack, to be filled in and appended to invoicer.toml
    #[arg(long, conflicts_with = "json")]
    pub stubs: bool,
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

/// Options of `issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// Month to issue, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Refuse the month for any warning
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print issued/MONTH.json instead of the files written
    #[arg(long)]
    pub json: bool,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Month to verify, 202208 or 2022-08
    #[arg(value_name = "MONTH", required_unless_present = "all", conflicts_with = "all")]
    pub month: Option<BillingMonth>,
    /// Every month that is issued
    #[arg(long)]
    pub all: bool,
    /// Do not compare with the workspace's present rules, only with those kept when the month was issued
    #[arg(long)]
    pub as_issued: bool,
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
    /// Why it is taken back; printed on the documents
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Issue the invoice again from the present inputs, under a new number
    #[arg(long, conflicts_with = "lines")]
    pub reissue: bool,
    /// Only this line, or so much of it before tax (repeatable): 3 or 3=500
    #[arg(long = "line", value_name = "LINE[=AMOUNT]", value_parser = credited_line, allow_hyphen_values = true)]
    pub lines: Vec<(usize, Option<Amount>)>,
    /// Take the same lines and amounts back once more, for the same reason
    #[arg(long)]
    pub again: bool,
    /// Date of the credit note and the corrected invoice; today in Japan by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Date the corrected invoice is due, instead of what `due-date` says
    #[arg(long, value_name = "YYYY-MM-DD", requires = "reissue")]
    pub due_date: Option<NaiveDate>,
    /// Print the new record instead of the files written
    #[arg(long)]
    pub json: bool,
}

fn credited_line(text: &str) -> Result<(usize, Option<Amount>), String> {
    let (line, amount) = text.split_once('=').map_or((text, None), |(line, amount)| (line, Some(amount)));
    let line = line.parse().map_err(|_| format!("expected a line such as 3 or 3=500, found {text:?}"))?;
    Ok((line, amount.map(money).transpose()?))
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.contains(char::is_control) {
        true => Err("expected a reason on one line, such as \"credited by support, ticket 4711\"".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn money(text: &str) -> Result<Amount, String> {
    Amount::parse(text.as_bytes()).map_err(|_| format!("expected an amount such as 500, found {text:?}"))
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Issued on this date or later: 2022-09-01, or a month: 202209
    #[arg(long, value_name = "DATE")]
    pub from: Option<DateBound>,
    /// Issued on this date or earlier
    #[arg(long, value_name = "DATE")]
    pub until: Option<DateBound>,
    /// Only of this customer: its id, or part of its name (repeatable)
    #[arg(long = "customer", value_name = "CUSTOMER")]
    pub customers: Vec<String>,
    /// With at least this total, tax included; totals of credit notes are below zero
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_hyphen_values = true)]
    pub min: Option<Amount>,
    /// With at most this total
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_hyphen_values = true)]
    pub max: Option<Amount>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A day, or the days of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateBound {
    /// One day.
    Day(NaiveDate),
    /// All of a month.
    Month(BillingMonth),
}

impl DateBound {
    /// The first of the days.
    pub fn first(self) -> NaiveDate {
        match self {
            DateBound::Day(day) => day,
            DateBound::Month(month) => month.first(),
        }
    }

    /// The last of the days.
    pub fn last(self) -> NaiveDate {
        match self {
            DateBound::Day(day) => day,
            DateBound::Month(month) => month.last(),
        }
    }
}

impl std::str::FromStr for DateBound {
    type Err = String;

    fn from_str(text: &str) -> Result<DateBound, String> {
        let day = text.parse().map(DateBound::Day).ok();
        let month = || text.parse().map(DateBound::Month).ok();
        day.or_else(month).ok_or_else(|| "expected a date such as 2022-09-01, or a month such as 202209".to_owned())
    }
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

    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Html => "html",
            Format::Json => "json",
            Format::Csv => "csv",
        }
    }
}
