//! [`PriceChange`]: what customers would have paid for past months by other prices.

use std::collections::{BTreeMap, BTreeSet};

use super::carried;
use super::standing::{StandingFigures, standing_figures};
use crate::billing::comparison::{
    CarriedChange, ComparedMonth, Comparison, Figures, MonthFigures, OldFigures, compare, converted, figures,
};
use crate::billing::{self, BilledMonth};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::ledger::Ledger;
use crate::model::amount::{Amount, TooLong};
use crate::model::carried::{Carried, CustomerRest};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::sources;
use crate::sources::snapshot::Snapshot;
use crate::workspace::{self, Workspace};

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the months";

/// Other prices for a workspace.
pub struct PriceChange<'a> {
    /// The workspace with its present prices.
    pub workspace: &'a Workspace,
    /// What was issued.
    pub ledger: &'a Ledger,
    /// The workspace's settings with the new prices.
    pub new: &'a Settings,
    /// The file of the new prices, as the user wrote it.
    pub path: &'a str,
}

impl PriceChange<'_> {
    /// Compares what customers pay for months by the old prices and by the new.
    ///
    /// # Errors
    /// Months without a bill, and whatever stops a month from being computed.
    pub fn compare(&self, months: &[BillingMonth]) -> Result<Comparison, Problems> {
        self.check_bills(months)?;
        let first = months.iter().min().copied();
        let mut rests = first.map_or_else(Default::default, |first| [Rests::from(first), Rests::from(first)]);
        // One month at a time, so that a year of bills need not fit in memory.
        let compared: Result<Vec<ComparedMonth>, Problems> =
            months.iter().map(|month| self.month(*month, &mut rests)).collect();
        let carried = changed_rests(&rests);
        Ok(Comparison { carried, ..compare(&compared?).of(SUMS)? })
    }

    /// Compares a month, with what the months before it have left by the old prices and by the new.
    fn month(&self, month: BillingMonth, rests: &mut [Rests; 2]) -> Result<ComparedMonth, Problems> {
        let root = &self.workspace.root;
        // Nothing is issued here, so a bill may still change.
        let bill = sources::read(root, &self.reading(month)?, month, true)?;
        let known = carried::taken(self.ledger, &root.join("out"), month);
        let [by_old, by_new] = rests;
        let (old_figures, old, carried) = self.old(&bill, &known, by_old)?;
        by_old.follow(&carried);
        let with_new = |problems: Problems| noted(problems, &format!("with the prices of {}", self.path));
        let (new, billed) = computed(self.new, &bill, &by_new.of_month(&known)).map_err(with_new)?;
        by_new.follow(&billed.carried);
        Ok(ComparedMonth { month, old_figures, old, new, converted: converted(&bill, self.new, &billed) })
    }

    /// The settings to read a month's bills with: they keep the columns that any of the compared rules matches.
    fn reading(&self, month: BillingMonth) -> Result<Settings, Problems> {
        let Workspace { root, settings, .. } = self.workspace;
        let mut settings = settings.clone();
        if settings.sources.iter().any(|source| source.kind.is_focus()) {
            let mut columns = workspace::tag_columns(self.new);
            if let Some(stored) = self.ledger.latest_rules(month) {
                let then = workspace::load_kept(&root.join(stored.rules_directory()), month)?;
                columns.extend(workspace::tag_columns(&then.settings));
            }
            workspace::keep_columns(&mut settings.sources, &columns);
        }
        Ok(settings)
    }

    /// Checks that every month has a bill, and reports all that have none at once.
    fn check_bills(&self, months: &[BillingMonth]) -> Result<(), Problems> {
        let Workspace { root, settings, .. } = self.workspace;
        let has_bill = |source: &SourceSettings, month: BillingMonth| match source.kind.is_csv() {
            true => sources::has_files(root, source, month),
            // Reading a snapshot reports what is wrong with it.
            false => !matches!(Snapshot::open(root, source, month), Ok(None)),
        };
        let without: Vec<String> = months
            .iter()
            // A workspace without sources has adjustments alone.
            .filter(|month| {
                !settings.sources.is_empty() && !settings.sources_of(**month).any(|source| has_bill(source, **month))
            })
            .map(|month| month.to_string())
            .collect();
        if without.is_empty() {
            return Ok(());
        }
        let diagnostic = Diagnostic::error(format!("there are no bills of {}", without.join(", ")));
        let hint = "name months that have bills: `invoicer status` shows them";
        Err(diagnostic.at(Place::file("billing")).with_hint(hint).into())
    }

    /// What customers pay with the old prices, and what is carried: as issued or, for a month that is not issued, by the
    /// current rules. `known` are the rests that the month takes as things are.
    fn old(
        &self,
        bill: &Bill,
        known: &[CustomerRest],
        rests: &Rests,
    ) -> Result<(OldFigures, MonthFigures, Carried), Problems> {
        let (Some(stored), Some(first)) = (self.ledger.latest_rules(bill.month), self.ledger.month(bill.month)) else {
            let present = computed(&self.workspace.settings, bill, &rests.of_month(known));
            let (old, billed) = present.map_err(|problems| noted(problems, "with the present prices"))?;
            return Ok((OldFigures::Rules, old, billed.carried));
        };
        let directory = self.workspace.root.join(stored.rules_directory());
        let rules = workspace::load_kept(&directory, bill.month)?;
        let (then, _) = computed(&rules.settings, bill, known)?;
        let standing = standing_figures(self.ledger, bill.month).of(SUMS)?;
        Ok((OldFigures::Issued, issued(&then, standing).of(SUMS)?, first.record.carried.clone()))
    }
}

/// What the compared months leave below zero by one set of prices (`below-zero = "carry"`). Other prices leave other rests,
/// so those of the records and of built months hold only for what came before the first month.
#[derive(Default)]
struct Rests {
    /// The first month.
    first: Option<BillingMonth>,
    /// Left by compared months and not taken yet.
    open: Vec<CustomerRest>,
    /// Taken by compared months: customers and the months that left the rests.
    gone: BTreeSet<(String, BillingMonth)>,
}

impl Rests {
    fn from(first: BillingMonth) -> Rests {
        Rests { first: Some(first), ..Rests::default() }
    }

    /// The rests that the next month takes. `known` are those that it takes as things are.
    fn of_month(&self, known: &[CustomerRest]) -> Vec<CustomerRest> {
        let is_before = |rest: &&CustomerRest| {
            Some(rest.month) < self.first && !self.gone.contains(&(rest.customer.clone(), rest.month))
        };
        let mut rests: Vec<CustomerRest> = known.iter().filter(is_before).chain(&self.open).cloned().collect();
        rests.sort_by(|one, other| (&one.customer, one.month).cmp(&(&other.customer, other.month)));
        rests
    }

    /// Goes on to the next month.
    fn follow(&mut self, carried: &Carried) {
        self.gone.extend(carried.taken.iter().map(|rest| (rest.customer.clone(), rest.month)));
        self.open.retain(|rest| !self.gone.contains(&(rest.customer.clone(), rest.month)));
        self.open.extend(carried.left.iter().cloned());
    }
}

/// What is left below zero after the last month, by the old prices and by the new.
fn changed_rests(rests: &[Rests; 2]) -> Vec<CarriedChange> {
    let mut changes: BTreeMap<(&str, Currency), CarriedChange> = BTreeMap::new();
    for (is_new, rest) in
        [false, true].into_iter().zip(rests).flat_map(|(is_new, of)| of.open.iter().map(move |rest| (is_new, rest)))
    {
        let change = changes.entry((&rest.customer, rest.currency)).or_insert_with(|| CarriedChange {
            customer: rest.customer.clone(),
            currency: rest.currency,
            old: Vec::new(),
            new: Vec::new(),
        });
        let of_side = if is_new { &mut change.new } else { &mut change.old };
        of_side.extend(rest.rests.iter().copied());
    }
    changes.into_values().collect()
}

/// What was issued of a month. The records have all figures except kept discounts, which are computed from the rules of that
/// time: they give `then`. The cost of what was taken back stays, because the provider charges for it all the same.
fn issued(
    then: &MonthFigures,
    standing: impl IntoIterator<Item = (String, StandingFigures)>,
) -> Result<MonthFigures, TooLong> {
    let unbilled =
        |figures: &Figures| Figures::new([Amount::ZERO, Amount::ZERO, Amount::ZERO, figures.cost], figures.kept);
    let unbilled = then.iter().map(|(key, figures)| Ok((key.clone(), unbilled(figures)?)));
    let mut issued: MonthFigures = unbilled.collect::<Result<_, TooLong>>()?;
    for (customer, StandingFigures { currency, subtotal, tax, total, cost }) in standing {
        let key = (customer, currency);
        let kept = then.get(&key).map_or(Amount::ZERO, |figures| figures.kept);
        issued.insert(key, Figures::new([subtotal, tax, total, cost], kept)?);
    }
    Ok(issued)
}

fn computed(settings: &Settings, bill: &Bill, taken: &[CustomerRest]) -> Result<(MonthFigures, BilledMonth), Problems> {
    let billed = billing::invoices(bill, settings, Status::Built, taken)?;
    Ok((figures(bill, settings, &billed).of(SUMS)?, billed))
}

fn noted(problems: Problems, note: &str) -> Problems {
    problems.each(|problem| problem.with_note(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acme was issued 1,100 yen at a cost of 800, of which a discount of 50 was kept: 1000 − 800 + 50 are left. Beta's invoice
    /// was taken back whole: nothing comes in, and the provider's 300 are to be paid.
    #[test]
    fn what_was_taken_back_still_costs() {
        let amounts = |amounts: [i64; 4]| amounts.map(Amount::whole);
        let figures = |all: [i64; 4], kept: i64| Figures::new(amounts(all), Amount::whole(kept)).unwrap();
        let key = |customer: &str| (customer.to_owned(), Currency::JPY);
        let then = MonthFigures::from([
            (key("acme"), figures([900, 90, 990, 800], -50)),
            (key("beta"), figures([400, 40, 440, 300], 0)),
        ]);
        let [subtotal, tax, total, cost] = amounts([1000, 100, 1100, 800]);
        let standing = StandingFigures { currency: Currency::JPY, subtotal, tax, total, cost };
        let issued = issued(&then, [("acme".to_owned(), standing)]).unwrap();
        assert_eq!(issued[&key("acme")].margin, Amount::whole(250));
        assert_eq!(issued[&key("acme")].subtotal, Amount::whole(1000));
        assert_eq!(issued[&key("beta")].margin, Amount::whole(-300));
    }
}
