//! [`Posting`]: what a document brings to one account of sales at one rate of tax.

use super::share::{in_units, share};
use crate::ledger::{Document, Line};
use crate::model::accounting::Accounting;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::invoice::TaxSubtotal;
use crate::model::item_kind::ItemKind;
use crate::model::tax::{TaxCategory, TaxGroup, TaxRate};

/// The sum of a document's lines of one sales account, tax category and rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    /// Account of sales.
    pub(super) account: String,
    /// Category.
    pub(super) category: TaxCategory,
    /// Rate.
    pub(super) rate: TaxRate,
    /// Sum of the lines before tax.
    pub(super) taxable: Amount,
    /// Part in the document's tax of that rate.
    pub(super) tax: Amount,
    /// The same in yen, where the document is in another currency and states it.
    pub(super) tax_jpy: Option<Amount>,
}

impl Posting {
    /// Amount with tax.
    ///
    /// # Errors
    /// When it has too many digits.
    pub(super) fn total(&self) -> Result<Amount, TooLong> {
        self.taxable.plus(self.tax)
    }

    /// Whether this and another posting of the same account and rate can be one: none is above zero where the other is
    /// below. Prices with and without tax are taxed apart, and a tax of the other sign cannot be booked.
    fn takes(&self, other: &Posting) -> bool {
        (&self.account, self.category, self.rate) == (&other.account, other.category, other.rate)
            && (self.taxable.is_negative() == other.taxable.is_negative()
                || self.taxable.is_zero()
                || other.taxable.is_zero())
    }

    fn add(&mut self, other: &Posting) -> Result<(), TooLong> {
        self.taxable = self.taxable.plus(other.taxable)?;
        self.tax = self.tax.plus(other.tax)?;
        self.tax_jpy = match (self.tax_jpy, other.tax_jpy) {
            (Some(own), Some(other)) => Some(own.plus(other)?),
            (own, other) => own.or(other),
        };
        Ok(())
    }
}

/// Why a document has no postings.
#[derive(Debug)]
pub(super) enum Unposted {
    /// A rule asks for the source of a line, which its record does not have.
    NoSource {
        /// Name of the line.
        name: String,
        /// Line of the rule in `invoicer.toml`.
        rule: u32,
    },
    /// The record does not add up.
    Unequal {
        /// What does not.
        what: String,
        /// The sum of the lines.
        sum: Amount,
        /// What the record says.
        recorded: Amount,
    },
    /// A sum has too many digits.
    TooLong,
}

impl From<TooLong> for Unposted {
    fn from(_: TooLong) -> Unposted {
        Unposted::TooLong
    }
}

/// The postings of a document: those of each rate in the order of its tax rows, and in each the accounts in the order of
/// the lines.
///
/// # Errors
/// Records that do not add up; rules that need what the record does not have.
pub(super) fn postings(document: &Document, accounting: &Accounting) -> Result<Vec<Posting>, Unposted> {
    let lines = accounts_of(document, accounting)?;
    let mut accounts: Vec<&str> = Vec::new();
    for (_, account) in &lines {
        if !accounts.contains(account) {
            accounts.push(account);
        }
    }
    let mut postings: Vec<Posting> = Vec::new();
    for tax in &document.tax_subtotals {
        for posting in of_rate(document, tax, &lines, &accounts)? {
            match postings.iter_mut().find(|known| known.takes(&posting)) {
                Some(known) => known.add(&posting)?,
                None => postings.push(posting),
            }
        }
    }
    let sum = |amount: fn(&Posting) -> Amount| Sum::of(postings.iter().map(amount));
    equal("the lines", sum(|posting| posting.taxable)?, document.subtotal)?;
    equal("the taxes", sum(|posting| posting.tax)?, document.tax)?;
    equal("subtotal and tax", document.subtotal.plus(document.tax)?, document.total)?;
    postings.retain(|posting| !posting.taxable.is_zero() || !posting.tax.is_zero());
    Ok(postings)
}

fn equal(what: &str, sum: Amount, recorded: Amount) -> Result<(), Unposted> {
    if sum == recorded { Ok(()) } else { Err(Unposted::Unequal { what: what.to_owned(), sum, recorded }) }
}

/// The postings of one tax row, an account each.
fn of_rate(
    document: &Document,
    tax: &TaxSubtotal,
    lines: &[(&Line, &str)],
    accounts: &[&str],
) -> Result<Vec<Posting>, Unposted> {
    let group = tax.group();
    let of_group: Vec<&(&Line, &str)> = lines.iter().filter(|(line, _)| group_of(line) == group).collect();
    let accounts: Vec<&str> =
        accounts.iter().filter(|account| of_group.iter().any(|(_, of)| of == *account)).copied().collect();
    let prices = |account: &&str| Sum::of(of_group.iter().filter(|(_, of)| of == account).map(|(line, _)| line.amount));
    let prices: Vec<Amount> = accounts.iter().map(prices).collect::<Result<_, _>>()?;
    let what = format!("the lines of {} {}", tax.category.name(), tax.rate);
    equal(&what, Sum::of(prices.iter().copied())?, tax.prices()?)?;
    // With `round-at = "invoice"` lines are finer than what can be booked, and one line makes their sum whole.
    let prices = in_units(&prices, document.currency.decimals())?;
    let taxes = share(tax.tax, &prices, document.currency.decimals())?;
    let in_yen = match tax.tax_jpy {
        Some(tax_jpy) => share(tax_jpy, &prices, 0)?.into_iter().map(Some).collect(),
        None => vec![None; prices.len()],
    };
    let posting = |(((account, price), tax), tax_jpy): (((&str, Amount), Amount), Option<Amount>)| {
        let taxable = if group.included { price.minus(tax)? } else { price };
        Ok(Posting { account: account.to_owned(), category: group.category, rate: group.rate, taxable, tax, tax_jpy })
    };
    accounts.into_iter().zip(prices).zip(taxes).zip(in_yen).map(posting).collect()
}

fn group_of(line: &Line) -> TaxGroup {
    TaxGroup { category: line.tax_category, rate: line.tax_rate, included: line.tax_included }
}

/// The lines with the accounts of what was sold. The line that takes the tax out of prices is of all of them: the tax that
/// each account gets is taken off there.
fn accounts_of<'a>(document: &'a Document, accounting: &'a Accounting) -> Result<Vec<(&'a Line, &'a str)>, Unposted> {
    let has_sources = document.has_sources();
    let of_line = |line: &'a Line| Ok((line, account_of(document, line, has_sources, accounting)?));
    document.items.iter().filter(|line| line.kind != ItemKind::IncludedTax).map(of_line).collect()
}

fn account_of<'a>(
    document: &Document,
    line: &Line,
    has_sources: bool,
    accounting: &'a Accounting,
) -> Result<&'a str, Unposted> {
    for rule in &accounting.rules {
        let fits = rule.customer.as_ref().is_none_or(|glob| glob.matches(&document.customer))
            && rule.item.as_ref().is_none_or(|glob| glob.matches(&line.name))
            && rule.kind.is_none_or(|kind| kind == line.kind);
        if !fits {
            continue;
        }
        let Some(glob) = &rule.source else {
            return Ok(&rule.sales);
        };
        // Only a provider's charges and discounts have a source; in older records these do not say which.
        let may_have_one = matches!(line.kind, ItemKind::Usage | ItemKind::Discount) && line.adjustment.is_none();
        if !has_sources && may_have_one {
            return Err(Unposted::NoSource { name: line.name.clone(), rule: rule.definition.line });
        }
        if glob.matches(line.source.as_deref().unwrap_or_default()) {
            return Ok(&rule.sales);
        }
    }
    Ok(&accounting.sales)
}

#[cfg(test)]
pub(super) mod tests;
