//! Charges fees for a part of the month: by the days on which a customer has a resource, or is a customer.

use super::ownership::HeldDays;
use crate::model::amount::{Amount, TooLong};
use crate::model::charge::NameId;
use crate::model::customer::Customer;
use crate::model::days::MonthDays;
use crate::model::period::BillingMonth;
use crate::model::price::{Fee, Prorate};
use crate::model::settings::Language;

/// The days on which one customer has resources.
#[derive(Clone, Copy)]
pub(super) struct HeldBy<'h> {
    pub(super) held: &'h HeldDays,
    /// Index of the customer in the settings.
    pub(super) customer: usize,
}

impl HeldBy<'_> {
    /// The days of the month on which the customer has a resource that it used.
    pub(super) fn days(self, month: BillingMonth, resource: (u16, NameId)) -> MonthDays {
        self.held.of(month, self.customer, resource)
    }
}

/// A line of a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChargedFee {
    /// Index of the fee.
    pub(super) fee: usize,
    /// Number of months, or of resources held on the same days.
    pub(super) count: i64,
    /// The days it is charged for.
    pub(super) days: MonthDays,
}

impl ChargedFee {
    /// Whether it is charged for a part of the month only.
    pub(super) fn is_part(&self, month: BillingMonth) -> bool {
        self.days != MonthDays::all(month)
    }

    /// Its price, where `exact` is that of a full month before rounding: rounded once, in the customer's mode.
    ///
    /// # Errors
    /// When it has too many digits.
    pub(super) fn price(
        &self,
        fee: &Fee,
        exact: Amount,
        month: BillingMonth,
        customer: &Customer,
    ) -> Result<Amount, TooLong> {
        let (charged, whole) = counted(fee.prorate, self.days, month);
        let decimals = customer.invoice.currency.decimals();
        let product = exact.times(Amount::whole(i64::from(charged)))?;
        customer.pricing.rounding.quotient(product, Amount::whole(i64::from(whole)), decimals)
    }

    /// The days as they are printed after its name, where they are not all of the month.
    pub(super) fn qualifier(&self, month: BillingMonth, language: Language) -> Option<String> {
        self.is_part(month).then(|| printed_days(self.days, month, language))
    }
}

/// The days that are charged, and those of a full month.
pub(super) fn counted(prorate: Prorate, days: MonthDays, month: BillingMonth) -> (u32, u32) {
    let last = MonthDays::all(month).count();
    match prorate {
        Prorate::None => (1, 1),
        Prorate::Days => (days.count(), last),
        // m(d) = min(d, 30), and 30 for the last day of the month: the parts of every month add up to 30.
        Prorate::Thirty => {
            let mark = |day: u32| if day >= last { 30 } else { day.min(30) };
            let runs = days.runs().into_iter();
            (runs.map(|(first, last)| mark(u32::from(last)) - mark(u32::from(first) - 1)).sum(), 30)
        }
    }
}

/// `8/11–8/31 (21日)`
fn printed_days(days: MonthDays, month: BillingMonth, language: Language) -> String {
    let count = days.count();
    let first = month.first();
    let run = |(from, until): (u8, u8)| {
        let (month, name) = (first.format("%-m"), first.format("%B"));
        match (language, from == until) {
            (Language::Japanese, true) => format!("{month}/{from}"),
            (Language::Japanese, false) => format!("{month}/{from}–{month}/{until}"),
            (Language::English, true) => format!("{from} {name}"),
            (Language::English, false) => format!("{from}–{until} {name}"),
        }
    };
    let runs = days.runs().into_iter().map(run).collect::<Vec<String>>().join(", ");
    match (language, count) {
        (Language::Japanese, _) => format!("{runs} ({count}日)"),
        (Language::English, 1) => format!("{runs} (1 day)"),
        (Language::English, _) => format!("{runs} ({count} days)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::days::DayRange;

    fn days(month: &str, from: u32, until: u32) -> (MonthDays, BillingMonth) {
        let month: BillingMonth = month.parse().unwrap();
        (DayRange { from: month.day(from), until: month.day(until) }.in_month(month), month)
    }

    /// A 31st alone counts nothing, and the last day of February counts for the days up to the 30th.
    #[test]
    fn parts_of_a_month_add_up_to_thirty_days() {
        for (of, from, until, expected) in [
            ("202202", 1, 10, 10),
            ("202202", 11, 28, 20),
            ("202208", 1, 30, 30),
            ("202208", 31, 31, 0),
            ("202208", 1, 31, 30),
            ("202208", 11, 31, 20),
            ("202402", 1, 28, 28),
            ("202402", 29, 29, 2),
            ("202209", 30, 30, 1),
            ("202202", 28, 28, 3),
        ] {
            let (held, month) = days(of, from, until);
            assert_eq!(counted(Prorate::Thirty, held, month), (expected, 30), "{of} {from}-{until}");
        }
        for of in ["202202", "202402", "202204", "202208"] {
            let last = of.parse::<BillingMonth>().unwrap().last().format("%-d").to_string().parse::<u32>().unwrap();
            for first in 1..=last {
                for second in first..last {
                    let part = |from, until| {
                        let (held, month) = days(of, from, until);
                        if from > until { 0 } else { counted(Prorate::Thirty, held, month).0 }
                    };
                    let parts = part(1, first - 1) + part(first, second) + part(second + 1, last);
                    let parts = if first == 1 { part(1, second) + part(second + 1, last) } else { parts };
                    assert_eq!(parts, 30, "{of} {first} {second}");
                }
            }
        }
    }

    #[test]
    fn the_days_are_printed() {
        let (held, month) = days("202208", 11, 31);
        assert_eq!(printed_days(held, month, Language::Japanese), "8/11–8/31 (21日)");
        assert_eq!(printed_days(held, month, Language::English), "11–31 August (21 days)");
        let several = held.without(days("202208", 12, 30).0).union(days("202208", 1, 3).0);
        assert_eq!(printed_days(several, month, Language::Japanese), "8/1–8/3, 8/11, 8/31 (5日)");
        let (one, month) = days("202208", 5, 5);
        assert_eq!(printed_days(one, month, Language::English), "5 August (1 day)");
    }
}
