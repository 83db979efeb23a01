//! The options of a month that several machines build together.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::model::period::BillingMonth;
use crate::model::shard::ShardChoice;

/// Which part of a month `build` makes.
#[derive(Debug, Default, Args)]
pub struct Shards {
    /// Write only this part of the documents to DIR, for `merge`: 3/7, or env/7 for the number that the environment gives
    #[arg(
        long,
        value_name = "I/N",
        requires = "out",
        conflicts_with_all = ["customers", "as_issued", "open"]
    )]
    pub shard: Option<ShardChoice>,
    /// Refuse to build a shard of other inputs than those of this file, which `plan` wrote
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub plan: Option<PathBuf>,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Month to divide, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Number of shards
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000))]
    pub shards: u32,
    /// Write to FILE instead of shards.json
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Allow bills that are not final and unassigned charges, as for a draft
    #[arg(long)]
    pub draft: bool,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME")]
    pub finals: Vec<String>,
    /// Treat warnings as errors
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print the plan instead of the file written
    #[arg(long)]
    pub json: bool,
}

/// Options of `merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Month to put together, 202208 or 2022-08
    #[arg(value_name = "MONTH")]
    pub month: BillingMonth,
    /// Directories of the shards, in any order
    #[arg(value_name = "DIR", required = true)]
    pub directories: Vec<PathBuf>,
    /// Take this source's bill of the month as final, for kinds whose bills do not say so (repeatable)
    #[arg(long = "final", value_name = "NAME")]
    pub finals: Vec<String>,
    /// Treat warnings as errors
    #[arg(long)]
    pub deny_warnings: bool,
    /// Open the review page when the month is put together
    #[arg(long)]
    pub open: bool,
    /// Print summary.json instead of the files written
    #[arg(long)]
    pub json: bool,
}
