//! Tables with a column for each of the items used most, one for all others and one for the sum: a row a day of each
//! resource (`daily`), or a row a resource (`summary`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::columns::{CELL_LEAST, DATE, ID_MOST, NAME_LEAST, WIDTH, cell_width, id_cell_width};
use super::figures::Split;
use super::groups::{ColumnView, GroupView, TableRow};
use super::resources::{Resource, Resources};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, ChargeDate};
use crate::model::figures::{grouped, money};
use crate::model::invoice::{Detail, Invoice, ItemKind};
use crate::model::item_label::ItemLabel;
use crate::model::natural::natural;
use crate::model::printed;
use crate::model::settings::Grouping;
use crate::render::divisions::has_sections;
use crate::render::format::distinct;

/// The most items with a column of their own.
const COLUMNS_MOST: usize = 7;

/// What one column can show: all items that read alike.
struct Candidate<'a> {
    label: &'a str,
    /// The provider's names of them.
    names: Vec<&'a str>,
    /// The smallest of their positions.
    item: usize,
    /// Where the invoice lists them.
    place: (bool, i64, usize),
    /// Whether any of it is a share.
    shared: bool,
    /// Whether any of it is divided by days.
    by_days: bool,
}

/// The sums of a row by candidate; none where it has no detail of it.
type Cells = Vec<Option<Sum>>;

/// Everything that tables are made of.
pub(super) struct Matrix<'a, 'd> {
    bill: &'a Bill,
    invoice: &'a Invoice,
    candidates: Vec<Candidate<'a>>,
    /// The candidate of each item.
    by_item: Vec<usize>,
    /// By item, where its section stands.
    divisions: &'d [usize],
    words: Words<'a>,
    /// Decimals of all cells, so that they stand below each other.
    decimals: u32,
    /// Anchors of items in the tables made so far, by candidate.
    anchors: Vec<String>,
    /// Whether any amount is printed with fewer decimals than it has.
    pub(super) has_rounded: bool,
}

/// Words of the tables.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) discounts: &'a str,
    pub(super) others: &'a str,
    /// For charges of no single day.
    pub(super) whole_month: &'a str,
    pub(super) no_resource: &'a str,
    /// For what is in no group.
    pub(super) no_group: &'a str,
}

impl<'a, 'd> Matrix<'a, 'd> {
    pub(super) fn new(
        bill: &'a Bill,
        invoice: &'a Invoice,
        item_labels: &[ItemLabel<'a>],
        divisions: &'d [usize],
        words: Words<'a>,
    ) -> Matrix<'a, 'd> {
        let mut candidates: Vec<Candidate<'a>> = Vec::new();
        let mut known: BTreeMap<(bool, &str), usize> = BTreeMap::new();
        let mut by_item = Vec::with_capacity(invoice.items.len());
        for (index, (item, label)) in invoice.items.iter().zip(item_labels).enumerate() {
            let is_discount = item.kind == ItemKind::Discount;
            let text = if is_discount { words.discounts } else { label.name_or(&item.name) };
            let order = label.order.unwrap_or(i64::MAX);
            let place = (is_discount, order, index);
            let candidate = *known.entry((is_discount, text)).or_insert(candidates.len());
            match candidates.get_mut(candidate) {
                None => {
                    let names = vec![item.name.as_str()];
                    candidates.push(Candidate {
                        label: text,
                        names,
                        item: index,
                        place,
                        shared: false,
                        by_days: false,
                    });
                }
                Some(known) => {
                    known.place = known.place.min(place);
                    known.names.push(&item.name);
                }
            }
            by_item.push(candidate);
        }
        for detail in &invoice.details {
            let Some(share) = invoice.share(detail) else { continue };
            let candidate = &mut candidates[by_item[detail.item.0 as usize]];
            candidate.shared |= !share.is_own();
            candidate.by_days |= share.is_own();
        }
        let anchors = vec![String::new(); candidates.len()];
        Matrix { bill, invoice, candidates, by_item, divisions, words, decimals: 0, anchors, has_rounded: false }
    }

    /// The anchor of each item in the tables; empty where they do not have it.
    pub(super) fn anchors(&self) -> Vec<String> {
        self.by_item.iter().map(|candidate| self.anchors[*candidate].clone()).collect()
    }

    /// A table for each resource, with a row a day.
    pub(super) fn days(&mut self, resources: &Resources<'a>) -> Result<Vec<GroupView<'a>>, TooLong> {
        let tables = self.sums(|detail| {
            let date = self.bill.date(self.bill.charge(detail.charge));
            Some(((self.division(detail), resources.place(self.bill, detail)?), date))
        })?;
        self.set_decimals(&tables)?;
        let mut groups = Vec::with_capacity(tables.len());
        for ((section, table), rows) in &tables {
            let columns = self.columns(rows.values(), WIDTH - DATE)?;
            let mut lines = Vec::with_capacity(rows.len());
            for (date, cells) in rows {
                let date = match date {
                    ChargeDate::Other(other) => other.to_string(),
                    ChargeDate::Month => self.words.whole_month.to_owned(),
                    ChargeDate::Day(day) => format!("{:02}-{day:02}", self.bill.month.number()),
                };
                let (cells, total) = self.line(cells, &columns)?;
                lines.push(TableRow { date, cells, total, ..TableRow::default() });
            }
            let resource = &resources.list[*table];
            let mut group = self.group(rows.values(), lines, &columns, groups.len())?;
            (group.resource, group.resource_name) = (resource.id, self.name_of(resource));
            group.section = *section;
            groups.push(group);
        }
        Ok(groups)
    }

    /// A table for each group or, where the invoice has sections, for each of them, with a row a resource, and the sums of
    /// all of them; all have the same columns.
    pub(super) fn summary(&mut self, resources: &Resources<'a>, grouping: &Grouping) -> Result<Summary<'a>, TooLong> {
        let has_sections = has_sections(self.invoice);
        let details = || self.invoice.details.iter();
        let names: BTreeSet<&'a str> = details().map(|detail| self.group_of(detail, grouping)).collect();
        let mut names: Vec<&'a str> = names.into_iter().collect();
        names.sort_by(|one, other| one.is_empty().cmp(&other.is_empty()).then_with(|| natural(one, other)));
        let places: BTreeMap<&str, usize> = names.iter().zip(0..).map(|(name, place)| (*name, place)).collect();
        let tables = self.sums(|detail| {
            let group = match has_sections {
                true => self.division(detail),
                false => *places.get(self.group_of(detail, grouping))?,
            };
            Some(((group, 0), resources.place(self.bill, detail)?))
        })?;
        self.set_decimals(&tables)?;
        let longest = resources.list.iter().map(|resource| id_cell_width(resource.id)).max().unwrap_or(0);
        let all = || tables.values().flat_map(BTreeMap::values);
        let columns = self.columns(all(), WIDTH - NAME_LEAST - longest.min(ID_MOST))?;
        let mut groups = Vec::with_capacity(tables.len());
        for ((table, _), rows) in &tables {
            let mut lines = Vec::with_capacity(rows.len());
            for (place, cells) in rows {
                let resource = &resources.list[*place];
                let (cells, total) = self.line(cells, &columns)?;
                let (name, resource) = (self.name_of(resource), resource.id);
                lines.push(TableRow { name, resource, cells, total, ..TableRow::default() });
            }
            let mut group = self.group(rows.values(), lines, &columns, groups.len())?;
            group.section = *table;
            group.heading = match (grouping, names.get(*table)) {
                // The section names it.
                _ if has_sections => String::new(),
                (Grouping::None, _) | (_, None) => String::new(),
                (_, Some(&"")) => self.words.no_group.to_owned(),
                (_, Some(name)) => (*name).to_owned(),
            };
            groups.push(group);
        }
        let (mut sums, total) = self.line(&merged(all())?, &columns)?;
        sums.push(total);
        Ok(Summary { groups, sums })
    }

    /// Where the section of a detail stands.
    fn division(&self, detail: &Detail) -> usize {
        self.divisions[detail.item.0 as usize]
    }

    fn name_of(&self, resource: &Resource<'a>) -> &'a str {
        if resource.id.is_empty() { self.words.no_resource } else { resource.name }
    }

    /// The group that a detail is listed in; empty where its row names none.
    fn group_of(&self, detail: &Detail, grouping: &Grouping) -> &'a str {
        // The tags of what several customers share may name others.
        if self.invoice.share(detail).is_some() {
            return "";
        }
        self.bill.group(self.bill.charge(detail.charge).subject, grouping)
    }

    /// The sums of the details that have a place: a table and a row in it.
    fn sums<K: Ord>(&self, place: impl Fn(&Detail) -> Option<((usize, usize), K)>) -> Result<Tables<K>, TooLong> {
        let mut tables = Tables::new();
        for detail in &self.invoice.details {
            let Some((table, row)) = place(detail) else { continue };
            let rows = tables.entry(table).or_default();
            let cells = rows.entry(row).or_insert_with(|| vec![None; self.candidates.len()]);
            let cell = &mut cells[self.by_item[detail.item.0 as usize]];
            cell.get_or_insert_default().add(self.invoice.amount(detail))?;
        }
        Ok(tables)
    }

    /// Finds how many decimals all cells are printed with.
    fn set_decimals<K>(&mut self, tables: &Tables<K>) -> Result<(), TooLong> {
        let least = self.invoice.currency.decimals();
        self.decimals = least;
        for cells in tables.values().flat_map(BTreeMap::values) {
            for exact in cells.iter().flatten() {
                let exact = exact.total()?;
                let printed = printed::amount(exact, self.invoice.currency)?;
                self.has_rounded |= printed != exact;
                if printed.scale() > least {
                    self.decimals = least + printed::MORE_DECIMALS;
                }
            }
        }
        Ok(())
    }

    /// The columns that rows have in a width: for the items that most rows have, for the others, and for the sum.
    fn columns<'c>(&self, rows: impl Iterator<Item = &'c Cells> + Clone, room: usize) -> Result<Columns, TooLong> {
        let all = merged(rows.clone())?;
        let mut used: Vec<usize> = (0..all.len()).filter(|candidate| all[*candidate].is_some()).collect();
        let mut counts = vec![0_usize; all.len()];
        let (mut widest, mut widest_sum) = (CELL_LEAST, CELL_LEAST);
        let lines: Vec<&Cells> = rows.collect();
        for cells in lines.into_iter().chain([&all]) {
            for (candidate, cell) in cells.iter().enumerate() {
                let Some(amount) = cell.map(Sum::total).transpose()? else { continue };
                counts[candidate] += usize::from(!amount.is_zero());
                widest = widest.max(cell_width(&self.cell(amount)?));
            }
            widest_sum = widest_sum.max(cell_width(&self.line(cells, &Columns::default())?.1));
        }
        let fitting = |sums: usize| (room.saturating_sub(sums * widest_sum) / widest).clamp(1, COLUMNS_MOST);
        let mut others = Vec::new();
        if used.len() > fitting(1) {
            let magnitude = |candidate: &usize| all[*candidate].and_then(|sum| sum.total().ok()).map(Amount::magnitude);
            used.sort_by_key(|candidate| (Reverse(counts[*candidate]), Reverse(magnitude(candidate)), *candidate));
            // The others' column is as wide as that of the sums.
            others = used.split_off(fitting(2).min(used.len() - 1));
        }
        used.sort_by_key(|candidate| self.candidates[*candidate].place);
        Ok(Columns { items: used, others })
    }

    /// The printed cells of a row and its sum; a cell is empty where the row has nothing of it.
    fn line(&self, cells: &Cells, columns: &Columns) -> Result<(Vec<String>, String), TooLong> {
        let text = |cell: Option<Sum>| match cell {
            Some(sum) => self.cell(sum.total()?),
            None => Ok(String::new()),
        };
        let mut texts =
            columns.items.iter().map(|item| text(cells[*item])).collect::<Result<Vec<String>, TooLong>>()?;
        if !columns.others.is_empty() {
            texts.push(text(sum_of(columns.others.iter().filter_map(|other| cells[*other]))?)?);
        }
        let total = sum_of(cells.iter().flatten().copied())?.unwrap_or_default().total()?;
        let currency = self.invoice.currency;
        Ok((texts, money(printed::amount(total, currency)?, currency, self.decimals)))
    }

    /// An amount without the sign of its currency, which the sums have.
    fn cell(&self, exact: Amount) -> Result<String, TooLong> {
        Ok(grouped(printed::amount(exact, self.invoice.currency)?, self.decimals))
    }

    /// A table of these rows, at its position among the tables.
    fn group<'c>(
        &mut self,
        rows: impl Iterator<Item = &'c Cells> + Clone,
        table: Vec<TableRow<'a>>,
        columns: &Columns,
        position: usize,
    ) -> Result<GroupView<'a>, TooLong> {
        let all = merged(rows)?;
        let (mut sums, total) = self.line(&all, columns)?;
        sums.push(total);
        let exact = sum_of(all.iter().flatten().copied())?.unwrap_or_default().total()?;
        let currency = self.invoice.currency;
        let subtotal = Split::new(printed::amount(exact, currency)?, currency);
        let mut views = Vec::with_capacity(columns.items.len() + 1);
        for item in &columns.items {
            let line = self.candidates[*item].item + 1;
            let id = self.anchor(&[*item], format!("use-{line}"));
            let Candidate { label, shared, by_days, .. } = self.candidates[*item];
            let name = self.names(&[*item]);
            views.push(ColumnView { id, label, name, item: line.to_string(), shared, by_days });
        }
        if !columns.others.is_empty() {
            let id = self.anchor(&columns.others, format!("others-{}", position + 1));
            let shared = columns.others.iter().any(|other| self.candidates[*other].shared);
            let by_days = columns.others.iter().any(|other| self.candidates[*other].by_days);
            let name = self.names(&columns.others);
            views.push(ColumnView { id, label: self.words.others, name, item: String::new(), shared, by_days });
        }
        let id = format!("group-{}", position + 1);
        Ok(GroupView { id, columns: views, table, sums, subtotal, ..GroupView::default() })
    }

    /// The provider's names of candidates, each once.
    fn names(&self, candidates: &[usize]) -> String {
        distinct(candidates.iter().flat_map(|candidate| &self.candidates[*candidate].names).copied())
    }

    /// The anchor of a column, where it is the first that shows one of these candidates; else none.
    fn anchor(&mut self, candidates: &[usize], id: String) -> String {
        let mut is_first = false;
        for candidate in candidates {
            let anchor = &mut self.anchors[*candidate];
            if anchor.is_empty() {
                anchor.clone_from(&id);
                is_first = true;
            }
        }
        if is_first { id } else { String::new() }
    }
}

/// The sums of rows by table, which is one of a section, and row.
type Tables<K> = BTreeMap<(usize, usize), BTreeMap<K, Cells>>;

/// Candidates with a column each, in the order of the columns, and those that share one.
#[derive(Default)]
struct Columns {
    items: Vec<usize>,
    others: Vec<usize>,
}

/// The tables of a summary, and the sums of all of them as in [`GroupView::sums`].
pub(super) struct Summary<'a> {
    pub(super) groups: Vec<GroupView<'a>>,
    pub(super) sums: Vec<String>,
}

fn sum_of(sums: impl Iterator<Item = Sum>) -> Result<Option<Sum>, TooLong> {
    let mut all: Option<Sum> = None;
    for sum in sums {
        all.get_or_insert_default().merge(sum)?;
    }
    Ok(all)
}

/// The sums of rows by candidate.
fn merged<'c>(rows: impl Iterator<Item = &'c Cells>) -> Result<Cells, TooLong> {
    let mut all = Cells::new();
    for cells in rows {
        all.resize(cells.len(), None);
        for (sum, cell) in all.iter_mut().zip(cells) {
            if let Some(cell) = cell {
                sum.get_or_insert_default().merge(*cell)?;
            }
        }
    }
    Ok(all)
}
