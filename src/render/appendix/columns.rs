//! Which columns the appendix has, and how wide they are.

use serde::Serialize;

use super::closing::ClosingRow;
use super::figures::text_width;
use super::groups::GroupView;

/// Columns of the appendix that have any content, and their widths.
#[derive(Debug, Default, Serialize)]
pub struct AppendixColumns {
    pub date: bool,
    pub quantity: bool,
    pub unit: bool,
    pub unit_price: bool,
    pub fraction: bool,
    pub shared: bool,
    /// Whether a quantity was cut.
    pub rounded: bool,
    /// Whether an amount has more decimals than are printed.
    pub rounded_amount: bool,
    /// Widths of columns in CSS; empty where the design's own widths are enough.
    pub quantity_width: String,
    pub unit_price_width: String,
    pub amount_width: String,
}

/// Padding on both sides of a cell, in tenths of points: 3 mm.
const PADDING: usize = 85;

/// Maximum width of all columns of figures, in tenths of points: 115 mm, so that names keep room beside dates and
/// units.
const FIGURES: usize = 3260;

impl AppendixColumns {
    /// Fits the columns to their figures. Returns the length of the longest fraction in characters, and whether all
    /// figures fit: in columns of fixed width, a figure that is too long would be printed over its neighbour.
    pub(crate) fn fit(&mut self, groups: &[GroupView<'_>], closing: &[ClosingRow<'_>]) -> (usize, bool) {
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
        let (quantity, quantity_width) = fitted(widest(&mut rows().map(|row| &row.quantity)), 794);
        let (unit_price, unit_price_width) = fitted(widest(&mut rows().map(|row| &row.unit_price)), 567);
        let (amount, amount_width) = fitted(widest(&mut amounts().map(|amount| &amount.whole)), 510);
        let fraction = if self.fraction { longest_fraction * 61 + 20 } else { 0 };
        self.quantity_width = quantity_width;
        self.unit_price_width = unit_price_width;
        self.amount_width = amount_width;
        let columns = [(self.quantity, quantity), (self.unit_price, unit_price), (true, amount + fraction)];
        let taken: usize = columns.into_iter().filter(|(is_there, _)| *is_there).map(|(_, width)| width).sum();
        (longest_fraction, taken <= FIGURES)
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
                date: String::new(),
                name: "data",
                label: "data",
                quantity: quantity.to_owned(),
                unit: "",
                unit_price: String::new(),
                amount: amount(),
                shared: false,
                is_rounded: false,
            };
            let group = GroupView {
                id: String::new(),
                resource: "",
                resource_name: "",
                heading: String::new(),
                rows: vec![row],
                subtotal: amount(),
            };
            let mut columns = AppendixColumns { quantity: true, ..AppendixColumns::default() };
            let (_, has_room) = columns.fit(&[group], &[]);
            (columns.quantity_width, columns.amount_width, has_room)
        };
        let widths = |quantity: &str, amount: &str| (quantity.to_owned(), amount.to_owned(), true);
        assert_eq!(fitted("12,345,678,901", "¥12,345"), widths("", ""));
        assert_eq!(fitted("123,456,789,012", "¥1,234,567"), widths("89.8pt", "64.6pt"));
        let long = "1,234,567,890,123,456,789,012,345,678";
        assert!(!fitted(long, long).2);
    }
}
