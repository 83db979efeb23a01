//! Every figure that an invoice prints, in one list: what is measured is what is shortened.

use super::appendix::{Split, fraction_width, shared_fraction_width};
use super::shorten::shorten;
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
            texts.extend([&mut row.quantity, &mut row.unit_price]);
            texts.extend([&mut row.amount, &mut row.heading_amount, &mut row.division_amount]);
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
        let rows = self.charges.iter().chain(&self.discounts).chain(&self.adjustments);
        let amounts = rows.flat_map(RowView::amounts).chain([self.discounts_total.as_str(), &self.subtotal]);
        self.items_fraction_width = shared_fraction_width(amounts);
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
