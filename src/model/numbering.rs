//! [`Numbering`]: where running numbers begin and when they begin again.

use super::period::BillingMonth;
use super::settings::{Pattern, PatternField};

/// How running numbers (`{seq}`) count. There is one sequence for all customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The first number where none was given yet.
    pub start: u64,
    /// When numbers begin again.
    pub restart: Restart,
    /// The month in which a fiscal year begins, 1 to 12.
    pub fiscal_year_start: u32,
}

/// When running numbers begin again, by the month that is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    Never,
    /// With each calendar year.
    Year,
    /// With each fiscal year.
    FiscalYear,
    /// With each month.
    Month,
}

impl Restart {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Restart); 4] = [
        ("never", Restart::Never),
        ("year", Restart::Year),
        ("fiscal-year", Restart::FiscalYear),
        ("month", Restart::Month),
    ];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        Restart::NAMES.iter().find(|(_, restart)| *restart == self).map_or("", |(name, _)| name)
    }
}

impl Default for Numbering {
    fn default() -> Numbering {
        Numbering { start: 1, restart: Restart::Never, fiscal_year_start: 4 }
    }
}

impl Numbering {
    /// The fiscal year of a month (年度), by the calendar year in which it begins.
    pub fn fiscal_year(self, month: BillingMonth) -> i32 {
        month.year() - i32::from(month.number() < self.fiscal_year_start)
    }

    /// The text of a placeholder that follows from the month that is billed; none for other placeholders.
    pub fn field(self, field: PatternField, month: BillingMonth) -> Option<String> {
        match field {
            PatternField::Month => Some(month.to_string()),
            PatternField::Year => Some(format!("{:04}", month.year())),
            PatternField::ShortYear => Some(format!("{:02}", month.year().rem_euclid(100))),
            PatternField::MonthNumber => Some(format!("{:02}", month.number())),
            PatternField::FiscalYear => Some(format!("{:04}", self.fiscal_year(month))),
            _ => None,
        }
    }

    /// Whether two months are numbered in one sequence.
    pub fn is_one_sequence(self, one: BillingMonth, other: BillingMonth) -> bool {
        match self.restart {
            Restart::Never => true,
            Restart::Year => one.year() == other.year(),
            Restart::FiscalYear => self.fiscal_year(one) == self.fiscal_year(other),
            Restart::Month => one == other,
        }
    }

    /// Whether numbers of that pattern differ from one sequence to the next, so that none is given twice.
    pub fn tells_sequences_apart(self, number: &Pattern) -> bool {
        let has = |wanted: PatternField| number.has(|field| field == wanted);
        let calendar = has(PatternField::Year) || has(PatternField::ShortYear);
        let fiscal = has(PatternField::FiscalYear);
        // A month's number names one month within a year of either kind.
        let month = has(PatternField::Month) || has(PatternField::MonthNumber) && (calendar || fiscal);
        let years_agree = self.fiscal_year_start == 1;
        match self.restart {
            Restart::Never => true,
            Restart::Year => month || calendar || fiscal && years_agree,
            Restart::FiscalYear => month || fiscal || calendar && years_agree,
            Restart::Month => month,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::PatternPart;

    const ALL: [PatternField; 5] = [
        PatternField::Month,
        PatternField::Year,
        PatternField::ShortYear,
        PatternField::MonthNumber,
        PatternField::FiscalYear,
    ];

    fn months() -> Vec<BillingMonth> {
        std::iter::successors(Some("202001".parse::<BillingMonth>().unwrap()), |month| Some(month.next()))
            .take(60)
            .collect()
    }

    #[test]
    fn fiscal_years_begin_in_their_month() {
        for (month, start, expected) in
            [("202203", 4, 2021), ("202204", 4, 2022), ("202201", 1, 2022), ("202212", 12, 2022), ("202211", 12, 2021)]
        {
            let numbering = Numbering { fiscal_year_start: start, ..Numbering::default() };
            assert_eq!(numbering.fiscal_year(month.parse().unwrap()), expected, "{month} from {start}");
        }
    }

    /// Every set of placeholders, over five years, with every beginning of the fiscal year: a pattern is good exactly when
    /// no two months of different sequences fill it alike. {yy} alone repeats after a century.
    #[test]
    fn patterns_are_good_exactly_when_no_number_repeats() {
        for start in 1..=12 {
            for (_, restart) in Restart::NAMES {
                let numbering = Numbering { start: 1, restart, fiscal_year_start: start };
                for set in 0..1 << ALL.len() {
                    let fields: Vec<PatternField> = ALL
                        .into_iter()
                        .enumerate()
                        .filter(|(bit, _)| set >> bit & 1 == 1)
                        .map(|(_, field)| field)
                        .collect();
                    let pattern = Pattern(fields.iter().map(|field| PatternPart::Field(*field)).collect());
                    let filled =
                        |month: BillingMonth| pattern.fill(|field| numbering.field(field, month).unwrap() + "/");
                    let months = months();
                    let repeats = months.iter().any(|one| {
                        months
                            .iter()
                            .any(|other| !numbering.is_one_sequence(*one, *other) && filled(*one) == filled(*other))
                    });
                    assert_eq!(numbering.tells_sequences_apart(&pattern), !repeats, "{numbering:?} {fields:?}");
                }
            }
        }
    }
}
