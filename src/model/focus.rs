//! [`FocusSettings`]: how the rows of a FOCUS bill become charges; and [`FocusFigures`], sums of rows that are no charges.
//!
//! FOCUS is the FinOps Open Cost and Usage Specification, <https://focus.finops.org>, versions 1.0 to 1.4.

use std::collections::{BTreeMap, BTreeSet};

use super::amount::{Amount, Sum, TooLong};
use super::column_text::{ColumnText, TextPart};
use super::matcher::Glob;

/// The column that a charge's cost is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostColumn {
    /// What the provider invoices.
    #[default]
    Billed,
    /// What was used, with what was paid in advance spread over it.
    Effective,
    /// By the negotiated unit price.
    Contracted,
    /// By the public unit price.
    List,
}

impl CostColumn {
    /// The names in TOML.
    pub const NAMES: [(&'static str, CostColumn); 4] = [
        ("billed", CostColumn::Billed),
        ("effective", CostColumn::Effective),
        ("contracted", CostColumn::Contracted),
        ("list", CostColumn::List),
    ];

    /// The name of the column.
    pub fn column(self) -> &'static str {
        match self {
            CostColumn::Billed => "BilledCost",
            CostColumn::Effective => "EffectiveCost",
            CostColumn::Contracted => "ContractedCost",
            CostColumn::List => "ListCost",
        }
    }
}

/// The columns that a charge's quantity and unit are read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuantityColumns {
    /// The quantity that unit prices are for.
    #[default]
    Pricing,
    /// The quantity that was measured.
    Consumed,
}

impl QuantityColumns {
    /// The names in TOML.
    pub const NAMES: [(&'static str, QuantityColumns); 2] =
        [("pricing", QuantityColumns::Pricing), ("consumed", QuantityColumns::Consumed)];

    /// The names of the columns of quantity and unit.
    pub fn columns(self) -> (&'static str, &'static str) {
        match self {
            QuantityColumns::Pricing => ("PricingQuantity", "PricingUnit"),
            QuantityColumns::Consumed => ("ConsumedQuantity", "ConsumedUnit"),
        }
    }
}

/// What becomes of rows with the provider's tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaxRows {
    /// They are no charges; their sum is compared with the provider's invoice.
    #[default]
    LeaveOut,
    /// The bill is refused.
    Refuse,
}

impl TaxRows {
    /// The names in TOML.
    pub const NAMES: [(&'static str, TaxRows); 2] = [("leave-out", TaxRows::LeaveOut), ("refuse", TaxRows::Refuse)];
}

/// What becomes of rows of another billing month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherMonths {
    /// The bill is refused.
    #[default]
    Refuse,
    /// They are left out, and counted.
    Skip,
}

impl OtherMonths {
    /// The names in TOML.
    pub const NAMES: [(&'static str, OtherMonths); 2] = [("refuse", OtherMonths::Refuse), ("skip", OtherMonths::Skip)];
}

/// What precedes the name of a column where it is matched as a tag: `focus:RegionId`.
pub const TAG_PREFIX: &str = "focus:";

/// `cost`, `quantity`, `item`, `where`, `taxes` and `other-months` of a `[[source]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FocusSettings {
    /// `cost`
    pub cost: CostColumn,
    /// `quantity`
    pub quantity: QuantityColumns,
    /// `item`
    pub item: ColumnText,
    /// `where`: what the cells of columns must match for a row to be read.
    pub filter: Vec<(String, Glob)>,
    /// `taxes`
    pub taxes: TaxRows,
    /// `other-months`
    pub other_months: OtherMonths,
    /// The columns that rules match as tags. Only they are kept: with all of them a row would take three times the memory.
    pub tag_columns: BTreeSet<String>,
}

impl Default for FocusSettings {
    fn default() -> FocusSettings {
        FocusSettings {
            cost: CostColumn::default(),
            quantity: QuantityColumns::default(),
            item: vec![TextPart::Column("ServiceName".to_owned())],
            filter: Vec::new(),
            taxes: TaxRows::default(),
            other_months: OtherMonths::default(),
            tag_columns: BTreeSet::new(),
        }
    }
}

/// Rows and the sum of a figure of theirs.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountedSum {
    /// Number of rows.
    pub rows: usize,
    /// The sum.
    pub sum: Sum,
}

impl CountedSum {
    /// Adds a row.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn add(&mut self, amount: Amount) -> Result<(), TooLong> {
        self.rows += 1;
        self.sum.add(amount)
    }

    fn merge(&mut self, other: CountedSum) -> Result<(), TooLong> {
        self.rows += other.rows;
        self.sum.merge(other.sum)
    }
}

/// Sums of a FOCUS bill besides its charges.
#[derive(Clone, Debug, Default)]
pub struct FocusFigures {
    /// BilledCost of the rows that are charges.
    pub billed: CountedSum,
    /// BilledCost of the rows with the provider's tax.
    pub taxes: CountedSum,
    /// BilledCost of the rows that `where` leaves out, by currency.
    pub left_out: BTreeMap<String, CountedSum>,
    /// Number of rows of other billing months.
    pub other_months: usize,
    /// EffectiveCost of rows that a commitment covers and that cost nothing by themselves.
    pub covered: CountedSum,
    /// BilledCost of all rows of the month by invoice and currency; the invoice is empty where the bill names none.
    pub invoices: BTreeMap<(String, String), CountedSum>,
}

impl FocusFigures {
    /// Adds those of another part of the bill.
    ///
    /// # Errors
    /// When an exact sum has too many digits.
    pub fn merge(&mut self, other: FocusFigures) -> Result<(), TooLong> {
        self.billed.merge(other.billed)?;
        self.taxes.merge(other.taxes)?;
        self.covered.merge(other.covered)?;
        self.other_months += other.other_months;
        for (currency, sum) in other.left_out {
            self.left_out.entry(currency).or_default().merge(sum)?;
        }
        for (invoice, sum) in other.invoices {
            self.invoices.entry(invoice).or_default().merge(sum)?;
        }
        Ok(())
    }
}
