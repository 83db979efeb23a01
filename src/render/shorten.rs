//! Shortens amounts with more characters than a page has room for and marks them with `…`. JSON and CSV hold all
//! digits.

use super::appendix::{Split, fraction_width, shared_fraction_width};
use super::view::{InvoiceView, RowView};

impl InvoiceView<'_> {
    /// The number of characters of the longest amount, price or quantity.
    pub fn longest_amount(&mut self) -> usize {
        let mut longest = 0;
        self.each_figure(&mut |figure| longest = longest.max(figure.length()));
        longest
    }

    /// Visits every figure that is printed. Texts for those who do not see the chart take no room, and keep theirs whole.
    fn each_figure(&mut self, visit: &mut dyn FnMut(Figure<'_>)) {
        let mut texts: Vec<&mut String> =
            vec![&mut self.subtotal, &mut self.tax, &mut self.total, &mut self.discounts_total];
        let original = &mut self.original;
        texts.extend([&mut original.total, &mut original.returned_before, &mut original.returned, &mut original.left]);
        for row in self.charges.iter_mut().chain(&mut self.discounts).chain(&mut self.adjustments) {
            texts.extend([&mut row.quantity, &mut row.unit_price, &mut row.amount, &mut row.heading_amount]);
        }
        texts.extend(self.tax_subtotals.iter_mut().flat_map(|tax| [&mut tax.taxable, &mut tax.tax, &mut tax.tax_jpy]));
        texts.push(&mut self.chart.peak);
        texts.extend(&mut self.chart.scale);
        let story = &mut self.story;
        texts.extend([&mut story.before, &mut story.now, &mut story.change]);
        for item in &mut story.items {
            texts.extend([&mut item.before, &mut item.now, &mut item.change]);
            texts.extend(item.reasons.iter_mut().map(|reason| &mut reason.amount));
        }
        texts.extend(&mut story.months_scale);
        let bars = self.chart.bars.iter_mut().chain(&mut story.months).chain(&mut story.groups);
        texts.extend(bars.map(|bar| &mut bar.amount));
        for group in &mut self.appendix {
            for detail in &mut group.rows {
                texts.extend([&mut detail.quantity, &mut detail.unit_price]);
                visit(Figure::Split(&mut detail.amount));
            }
            visit(Figure::Split(&mut group.subtotal));
            texts.extend(group.table.iter_mut().flat_map(|row| row.cells.iter_mut().chain([&mut row.total])));
            texts.extend(&mut group.sums);
        }
        texts.extend(&mut self.appendix_sums);
        texts.into_iter().for_each(|text| visit(Figure::Text(text)));
        self.contents.iter_mut().for_each(|entry| visit(Figure::Split(&mut entry.subtotal)));
        self.closing.iter_mut().for_each(|row| visit(Figure::Split(&mut row.amount)));
    }

    /// Whether all figures fit into the columns of the appendix, whose width is fixed.
    pub fn has_room(&mut self) -> bool {
        !self.has_appendix || self.appendix_has.fit(&self.appendix, &self.appendix_sums, &self.closing).1
    }

    /// Shortens every amount, price and quantity with more characters than `limit`.
    pub fn shorten(&mut self, limit: usize) {
        self.each_figure(&mut |figure| figure.shorten(limit));
        let (longest_fraction, _) = self.appendix_has.fit(&self.appendix, &self.appendix_sums, &self.closing);
        self.appendix_fraction_width = fraction_width(longest_fraction);
        let amounts = self.rows().flat_map(|row| [row.amount.as_str(), row.heading_amount.as_str()]);
        self.items_fraction_width =
            shared_fraction_width(amounts.chain([self.discounts_total.as_str(), self.subtotal.as_str()]));
    }

    fn rows(&self) -> impl Iterator<Item = &RowView<'_>> {
        self.charges.iter().chain(&self.discounts).chain(&self.adjustments)
    }
}

/// A figure on the page.
enum Figure<'f> {
    Text(&'f mut String),
    Split(&'f mut Split),
}

impl Figure<'_> {
    fn length(&self) -> usize {
        match self {
            Figure::Text(text) => text.chars().count(),
            Figure::Split(split) => split.whole.chars().count() + split.fraction.chars().count(),
        }
    }

    fn shorten(self, limit: usize) {
        match self {
            Figure::Text(text) => shorten(text, limit),
            Figure::Split(split) => {
                let mut text = format!("{}{}", split.whole, split.fraction);
                shorten(&mut text, limit);
                let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
                *split = Split { whole: whole.to_owned(), fraction: fraction.to_owned() };
            }
        }
    }
}

/// Cuts off decimals or, where the whole part alone is too long, groups of three in the middle: `¥1,234.567…`,
/// `¥1,234,…,678`. An amount that cannot be cut further stays too long.
pub(super) fn shorten(amount: &mut String, limit: usize) {
    if amount.chars().count() <= limit {
        return;
    }
    let (whole, fraction) =
        amount.split_once('.').map_or((amount.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let length = whole.chars().count();
    // A figure with no decimal before the mark would look as if its whole part was cut.
    let decimals = limit.saturating_sub(length + ".…".chars().count());
    let shortened = match fraction {
        Some(fraction) if length + ".…".chars().count() <= limit => {
            format!("{whole}.{}…", fraction.chars().take(decimals).collect::<String>())
        }
        _ => {
            let end = if fraction.is_some() { ".…" } else { "" };
            without_middle(whole, limit.saturating_sub(end.chars().count())) + end
        }
    };
    *amount = shortened;
}

fn without_middle(whole: &str, limit: usize) -> String {
    let groups: Vec<&str> = whole.split(',').collect();
    let [first, middle @ .., last] = groups.as_slice() else {
        return whole.to_owned();
    };
    if middle.is_empty() || whole.chars().count() <= limit {
        return whole.to_owned();
    }
    let mut start = (*first).to_owned();
    let rest = format!(",…,{last}");
    for group in middle.iter().take_while(|group| **group != "…") {
        if start.chars().count() + 1 + group.len() + rest.chars().count() > limit {
            break;
        }
        start = format!("{start},{group}");
    }
    start + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by hand: `¥1,234.567…` has 11 characters.
    #[test]
    fn decimals_go_first_and_then_the_middle() {
        for (amount, limit, expected) in [
            ("¥1,234.5678", 11, "¥1,234.5678"),
            ("¥1,234.56789", 11, "¥1,234.567…"),
            ("-$0.0000000012", 10, "-$0.00000…"),
            ("¥123,456,789.5", 14, "¥123,456,789.5"),
            ("¥123,456,789.25", 14, "¥123,456,789.…"),
            ("¥123,456,789.25", 13, "¥123,…,789.…"),
            ("1,561,728,381,006,172", 15, "1,561,728,…,172"),
            ("1,561,728,381,006,172", 14, "1,561,…,172"),
            ("-¥1,561,728,381,006,172", 10, "-¥1,…,172"),
            ("¥1,561,728", 3, "¥1,…,728"),
            ("¥561,728", 3, "¥561,728"),
            ("", 3, ""),
        ] {
            let mut text = amount.to_owned();
            shorten(&mut text, limit);
            assert_eq!(text, expected, "{amount} in {limit}");
        }
    }

    #[test]
    fn shortening_step_by_step_is_shortening_at_once() {
        for amount in ["¥1,561,728,381,006,172.123456789012", "-12,345,678,901,234", "0.1234567890123456789"] {
            let (mut steps, mut once) = (amount.to_owned(), amount.to_owned());
            for limit in [30, 24, 18, 14, 11] {
                shorten(&mut steps, limit);
            }
            shorten(&mut once, 11);
            assert_eq!(steps, once, "{amount}");
        }
    }
}
