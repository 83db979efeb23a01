//! The amounts of a document's postings in yen.

use super::booking::Booking;
use super::postings::Posting;
use super::share::share;
use crate::diagnostic::{Diagnostic, Figure, Place};
use crate::model::accounting::Foreign;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::rounding::Rounding;
use crate::model::settings::Settings;

/// What a posting brings to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YenAmounts {
    /// With tax.
    pub(super) total: Amount,
    /// The tax in it.
    pub(super) tax: Amount,
}

/// The amounts of each posting: those of the document in yen, or, with `foreign = "convert"`, its total by the rate of the
/// month as it was issued, the tax that it states in yen, and as sales the rest, divided by what was taxed.
///
/// # Errors
/// Documents in another currency that are not to be converted, or lack the rate or the tax in yen.
pub(super) fn amounts(booking: &Booking<'_>, settings: &Settings) -> Result<Vec<YenAmounts>, Diagnostic> {
    let document = booking.document;
    let figure = || format!("the postings of {}", document.number);
    if document.currency == Currency::JPY {
        let own = |posting: &Posting| Ok(YenAmounts { total: posting.total()?, tax: posting.tax });
        return booking.postings.iter().map(own).collect::<Result<_, TooLong>>().of(figure());
    }
    if settings.accounting.foreign == Foreign::Error {
        let message = format!("{} is in {}, and this format takes yen only", document.number, document.currency);
        let hint =
            "foreign = \"convert\" in [accounting] converts it by [[fx]]; --to csv and --to json take any currency";
        return Err(booking.placed(Diagnostic::error(message).with_hint(hint)));
    }
    let Some(rate) = booking.rates.unwrap_or(settings).fx_rate(booking.month, document.currency, Currency::JPY) else {
        let message = format!(
            "{} is in {}, and there is no rate to JPY for {}",
            document.number, document.currency, booking.month
        );
        if booking.stored.is_some() {
            let hint = "it was issued without one: enter it by hand; --to csv has its figures";
            return Err(booking.placed(Diagnostic::error(message).with_hint(hint)));
        }
        let hint = format!(
            "add [[fx]] with month = \"{}\", from = \"{}\", to = \"JPY\" and the rate to invoicer.toml",
            booking.month, document.currency
        );
        return Err(Diagnostic::error(message).at(Place::file("invoicer.toml")).with_hint(hint));
    };
    let stated = |posting: &Posting| match posting.tax_jpy {
        Some(tax) => Ok(tax),
        None if posting.tax.is_zero() => Ok(Amount::ZERO),
        None => {
            let message = format!("the record of {} does not state its tax in yen", document.number);
            let problem = Diagnostic::error(message).with_hint("enter it by hand; --to csv has its figures");
            Err(booking.placed(problem))
        }
    };
    let taxes = booking.postings.iter().map(stated).collect::<Result<Vec<Amount>, Diagnostic>>()?;
    converted(booking, rate, &taxes).of(figure())
}

fn converted(booking: &Booking<'_>, rate: Amount, taxes: &[Amount]) -> Result<Vec<YenAmounts>, TooLong> {
    let total = Rounding::HalfUp.apply(booking.document.total.times(rate)?, 0)?;
    let sales = total.minus(Sum::of(taxes.iter().copied())?)?;
    let taxable: Vec<Amount> = booking.postings.iter().map(|posting| posting.taxable).collect();
    let parts = share(sales, &taxable, 0)?;
    parts.into_iter().zip(taxes).map(|(part, tax)| Ok(YenAmounts { total: part.plus(*tax)?, tax: *tax })).collect()
}
