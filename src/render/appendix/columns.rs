//! Which columns the appendix has, and how wide they are.

use serde::Serialize;

use super::closing::ClosingRow;
use super::figures::{id_width, text_width};
use super::groups::GroupView;

/// Width of the tables of `daily` and `summary`, and the least that their names and dates get, in tenths of points: 175 mm,
/// 30 mm and 15 mm.
pub(super) const WIDTH: usize = 4960;
pub(super) const NAME_LEAST: usize = 850;
pub(super) const DATE: usize = 425;

/// Padding on both sides of their cells, and the least width of a column of figures: 2.4 mm and 14 mm.
const CELL_PADDING: usize = 68;
pub(super) const CELL_LEAST: usize = 397;

/// The width that columns of figures get where there is room: 22 mm.
const CELL_WIDE: usize = 624;

/// The width of a cell with a figure, in the size of those tables: 7.5 pt.
pub(super) fn cell_width(text: &str) -> usize {
    text_width(text) * 15 / 16 + CELL_PADDING
}

/// The width of a cell with an id.
pub(super) fn id_cell_width(id: &str) -> usize {
    id_width(id) * 15 / 16 + CELL_PADDING
}

/// The widest column of ids, whose longer ones wrap: 72 mm.
pub(super) const ID_MOST: usize = 2050;

/// The widest id in a heading, over all columns.
pub(super) const HEADING_ID_MOST: usize = 4400;

/// Columns of the appendix that have any content, and their widths.
#[derive(Debug, Default, Serialize)]
pub struct AppendixColumns {
    pub date: bool,
    pub quantity: bool,
    pub unit: bool,
    pub unit_price: bool,
    pub fraction: bool,
    pub shared: bool,
    pub by_days: bool,
    /// Whether a quantity was cut.
    pub rounded: bool,
    /// Whether an amount has more decimals than are printed.
    pub rounded_amount: bool,
    /// Widths of columns in CSS; empty where the design's own widths are enough.
    pub date_width: String,
    pub quantity_width: String,
    pub unit_price_width: String,
    pub amount_width: String,
    /// Whether rows of a summary have ids.
    pub id: bool,
    /// How many columns are before the figures of `daily` and `summary`.
    pub lead: String,
    /// Widths of the columns of `daily` and `summary` in CSS.
    pub id_width: String,
    pub cell_width: String,
    pub total_width: String,
    /// Whether the longest id is too long for a line of its own.
    pub long_id: bool,
}

/// Padding on both sides of a cell, in tenths of points: 3 mm.
const PADDING: usize = 85;

/// Maximum width of all columns of figures, in tenths of points: 115 mm, so that names keep room beside dates and
/// units.
const FIGURES: usize = 3260;

impl AppendixColumns {
    /// Fits the columns to their figures. Returns the length of the longest fraction in characters, and whether all
    /// figures fit: in columns of fixed width, a figure that is too long would be printed over its neighbour.
    pub(crate) fn fit(
        &mut self,
        groups: &[GroupView<'_>],
        all_sums: &[String],
        closing: &[ClosingRow<'_>],
    ) -> (usize, bool) {
        let rows = || groups.iter().flat_map(|group| &group.rows);
        let sums = || groups.iter().map(|group| &group.subtotal).chain(closing.iter().map(|row| &row.amount));
        let amounts = || rows().map(|row| &row.amount).chain(sums());
        let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text_width(text)).max().unwrap_or(0);
        let longest_fraction = amounts().map(|amount| amount.fraction.len()).max().unwrap_or(0);
        self.fraction = longest_fraction > 0;
        // A figure may use half of the padding before its column gets wider than the design's 28, 20 or 18 mm.
        let fitted = |text: usize, usual: usize| {
            let is_wider = text + PADDING / 2 > usual;
            let width = if is_wider { text + PADDING } else { usual };
            (width, if is_wider { format!("{}.{}pt", width / 10, width % 10) } else { String::new() })
        };
        // Dates of other months have their year.
        self.date_width = fitted(widest(&mut rows().map(|row| &row.date)), DATE).1;
        let (quantity, quantity_width) = fitted(widest(&mut rows().map(|row| &row.quantity)), 794);
        let (unit_price, unit_price_width) = fitted(widest(&mut rows().map(|row| &row.unit_price)), 567);
        let (amount, amount_width) = fitted(widest(&mut amounts().map(|amount| &amount.whole)), 510);
        let fraction = if self.fraction { longest_fraction * 61 + 20 } else { 0 };
        self.quantity_width = quantity_width;
        self.unit_price_width = unit_price_width;
        self.amount_width = amount_width;
        let tables_fit = self.fit_tables(groups, all_sums);
        let columns = [(self.quantity, quantity), (self.unit_price, unit_price), (true, amount + fraction)];
        let taken: usize = columns.into_iter().filter(|(is_there, _)| *is_there).map(|(_, width)| width).sum();
        (longest_fraction, taken <= FIGURES && tables_fit)
    }

    /// Fits the columns of `daily` and `summary`; returns whether names keep their room.
    fn fit_tables(&mut self, groups: &[GroupView<'_>], all_sums: &[String]) -> bool {
        let rows = || groups.iter().flat_map(|group| &group.table);
        let ids = rows().map(|row| row.resource).filter(|id| !id.is_empty());
        let id = ids.map(id_cell_width).max().unwrap_or(0);
        let (mut cell, mut total) = (CELL_LEAST, CELL_LEAST);
        let named = |group: &GroupView<'_>| group.columns.iter().filter(|column| !column.item.is_empty()).count();
        for group in groups {
            for texts in
                group.table.iter().map(|row| &row.cells).chain([&group.sums]).map(Vec::as_slice).chain([all_sums])
            {
                let (items, sums) = texts.split_at(named(group).min(texts.len()));
                cell = items.iter().map(|text| cell_width(text)).fold(cell, usize::max);
                total = sums.iter().map(|text| cell_width(text)).fold(total, usize::max);
            }
        }
        total = rows().map(|row| cell_width(&row.total)).fold(total, usize::max);
        (self.id, self.long_id) = (id > 0, id > ID_MOST);
        self.lead = if self.id { "2" } else { "1" }.to_owned();
        let id = id.min(ID_MOST);
        // Dates of other months have their year; the words for a whole month never got more room.
        let long = rows().map(|row| &row.date).filter(|date| date.starts_with(|first: char| first.is_ascii_digit()));
        let date = long.map(|date| cell_width(date)).fold(DATE, usize::max);
        let name = if self.id { NAME_LEAST } else { date };
        let taken = |group: &GroupView<'_>| {
            let sums = group.columns.len() - named(group) + 1;
            name + id + named(group) * cell + sums * total
        };
        let tables = || groups.iter().filter(|group| !group.columns.is_empty());
        let most = tables().map(taken).max().unwrap_or(0);
        // Half of the room that is left lets the names of items break less; the other half is that of names.
        let columns = tables().map(named).max().unwrap_or(0).max(1);
        let wide = (cell + WIDTH.saturating_sub(most) / 2 / columns).min(CELL_WIDE).max(cell);
        let css = |width: usize| format!("{}.{}pt", width / 10, width % 10);
        (self.id_width, self.cell_width, self.total_width) = (css(id), css(wide), css(total));
        // Names can do with a little less.
        most <= WIDTH + NAME_LEAST / 4
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Split;
    use super::super::groups::DetailView;
    use super::*;

    /// Tenths of points by hand: 123,456,789,012 takes 12 × 61 + 3 × 27 = 813, and 85 of padding; ¥1,234,567 takes
    /// 80 + 7 × 61 + 2 × 27 = 561 and 85.
    #[test]
    fn columns_get_wider_only_for_long_figures() {
        let fitted = |quantity: &str, amount: &str| {
            let amount = || Split { whole: amount.to_owned(), fraction: String::new() };
            let row = DetailView {
                id: String::new(),
                item: String::new(),
                date: String::new(),
                name: "data",
                label: "data",
                quantity: quantity.to_owned(),
                unit: "",
                unit_price: String::new(),
                amount: amount(),
                shared: false,
                by_days: false,
                is_rounded: false,
            };
            let group = GroupView { rows: vec![row], subtotal: amount(), ..GroupView::default() };
            let mut columns = AppendixColumns { quantity: true, ..AppendixColumns::default() };
            let (_, has_room) = columns.fit(&[group], &[], &[]);
            (columns.quantity_width, columns.amount_width, has_room)
        };
        let widths = |quantity: &str, amount: &str| (quantity.to_owned(), amount.to_owned(), true);
        assert_eq!(fitted("12,345,678,901", "¥12,345"), widths("", ""));
        assert_eq!(fitted("123,456,789,012", "¥1,234,567"), widths("89.8pt", "64.6pt"));
        let long = "1,234,567,890,123,456,789,012,345,678";
        assert!(!fitted(long, long).2);
    }
}
