//! What templates see of the appendix: groups of rows.

use serde::Serialize;

use super::figures::Split;

/// A part of the appendix with a sum: a resource or, in a summary, a group of resources.
#[derive(Debug, Default, Serialize)]
pub struct GroupView<'a> {
    pub id: String,
    pub resource: &'a str,
    pub resource_name: &'a str,
    /// Above the first group of each section of the invoice: its name.
    pub division: String,
    /// The name of its section, where a group is only part of one.
    #[serde(skip)]
    pub part_of: String,
    /// Where its section stands.
    #[serde(skip)]
    pub section: usize,
    /// Name and id, or the name of the group; empty in a summary without groups.
    pub heading: String,
    /// The rows of `rows` and `resource`.
    pub rows: Vec<DetailView<'a>>,
    /// The columns of figures of `daily` and `summary`; the sum is behind them.
    pub columns: Vec<ColumnView<'a>>,
    /// The rows of `daily` and `summary`.
    pub table: Vec<TableRow<'a>>,
    /// How many columns `table` has.
    pub span: String,
    /// Whether the id is too long for one line.
    pub long_id: bool,
    /// The sums of the columns, and that of all.
    pub sums: Vec<String>,
    pub subtotal: Split,
}

#[derive(Debug, Serialize)]
pub struct DetailView<'a> {
    /// For links from the invoice's row; empty but for the first row of each item.
    pub id: String,
    /// The line of the invoice, where the row has an id.
    pub item: String,
    pub date: String,
    pub name: &'a str,
    pub label: &'a str,
    pub quantity: String,
    pub unit: &'a str,
    pub unit_price: String,
    pub amount: Split,
    /// Whether it is a share of a charge common to several customers.
    pub shared: bool,
    /// Whether it is a part of a charge divided by days.
    pub by_days: bool,
    #[serde(skip)]
    pub is_rounded: bool,
}

/// A column of figures.
#[derive(Debug, Serialize)]
pub struct ColumnView<'a> {
    /// For links from the invoice's row; empty but for the first column of each item.
    pub id: String,
    pub label: &'a str,
    /// The provider's names of what is in it.
    pub name: String,
    /// The line of the invoice; empty above the sums of several.
    pub item: String,
    /// Whether charges in it are shares.
    pub shared: bool,
    /// Whether charges in it are divided by days.
    pub by_days: bool,
}

/// A day or a resource.
#[derive(Debug, Default, Serialize)]
pub struct TableRow<'a> {
    /// For links from the contents; empty but for rows that they list.
    pub id: String,
    pub date: String,
    pub name: &'a str,
    pub resource: &'a str,
    pub cells: Vec<String>,
    pub total: String,
}

/// An entry of the table of contents.
#[derive(Debug, Serialize)]
pub struct ContentsRow {
    /// Where it leads.
    pub id: String,
    pub heading: String,
    /// Empty where the entry is no group.
    pub subtotal: Split,
}
