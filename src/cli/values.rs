//! Values of options that the model has no type for.

use std::convert::Infallible;

use chrono::NaiveDate;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::model::amount::Amount;
use crate::model::format::Format;
use crate::model::mail::Mailbox;
use crate::model::matcher::Glob;
use crate::model::period::BillingMonth;
use crate::model::plain::is_sha256;
use crate::model::tax::TaxCategory;

pub(super) fn credited_line(text: &str) -> Result<(usize, Option<Amount>), String> {
    let (line, amount) = text.split_once('=').map_or((text, None), |(line, amount)| (line, Some(amount)));
    let line = line.parse().map_err(|_| format!("expected a line such as 3 or 3=500, found {text:?}"))?;
    Ok((line, amount.map(money).transpose()?))
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.contains(char::is_control) {
        true => Err("expected a reason on one line, such as \"credited by support, ticket 4711\"".to_owned()),
        false => Ok(text.to_owned()),
    }
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    Mailbox::parse(text).map_err(|_| format!("expected an e-mail address such as me@example.jp, found {text:?}"))
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() || text.contains(char::is_control) {
        true => Err("expected a name on one line, such as \"初期設定費\"".to_owned()),
        false => Ok(text.to_owned()),
    }
}

pub(super) fn sha256(text: &str) -> Result<String, String> {
    let hash = text.trim().to_ascii_lowercase();
    match is_sha256(&hash) {
        true => Ok(hash),
        false => Err(format!("expected a SHA-256, 64 hexadecimal digits, found {text:?}")),
    }
}

/// A known category, or one that has a rate of the workspace's own.
pub(super) fn tax_category(text: &str) -> Result<TaxCategory, String> {
    let known = TaxCategory::NAMES.map(|(name, _)| name).join(", ");
    TaxCategory::named(text).ok_or_else(|| format!("expected {known}, or a category of a [[tax.rate]], found {text:?}"))
}

pub(super) fn glob(text: &str) -> Result<Glob, Infallible> {
    Ok(Glob::new(text))
}

pub(super) fn money(text: &str) -> Result<Amount, String> {
    Amount::parse(text.as_bytes()).map_err(|_| format!("expected an amount such as 500, found {text:?}"))
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

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        &Format::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Format::Pdf => "For printing and sending",
            Format::Html => "For reading in a browser",
            Format::Json => "The record everything else is made from",
            Format::Csv => "Every row, for a spreadsheet",
        };
        Some(PossibleValue::new(self.extension()).help(help))
    }
}
