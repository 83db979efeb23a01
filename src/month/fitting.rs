//! Well filled pages: an invoice is laid out as designed and, where that leaves a page nearly empty or parts the way to
//! pay from the first page, with less and less room for what matters less, until its pages are right.
//!
//! [`judge`] is the rule, over pages that are laid out; [`Trials`] tries one setting after another.

use std::collections::BTreeMap;
use std::mem::take;

use crate::diagnostic::{Diagnostic, Place};
use crate::model::customer::Customer;
use crate::render::{AppendixFit, ChartFit, Fit, InvoiceView, LEAST_ROWS, Percent, RowFit, TotalsFit};
use pages::layout::Document;

/// Fewer rows than these are no reason for a second page as long as anything can give way on the first.
const FEW_ROWS: usize = 6;

/// The elements of a template that have to end on the first page, by their ids.
const ON_FIRST_PAGE: [&str; 4] = ["total", "due", "summary", "bank"];

/// What begins the id of each row of the items.
const ROW: &str = "item-";

/// The least of a page's height that is filled on all pages but the last.
const LEAST_FILLED: u32 = 50;

/// How the pages before the appendix came out.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// Whether total, due date, taxes and bank accounts are on the first page.
    pays_on_first: bool,
    /// Pages with too few rows, or nearly empty ones before the last.
    thin: usize,
    rows: usize,
    /// Rows behind the first page.
    rows_left: usize,
    /// The last page that anything but story and appendix is on.
    last: usize,
    /// Whether the first page is less than half full.
    hollow_first: bool,
}

impl Verdict {
    fn is_good(&self) -> bool {
        self.pays_on_first && self.thin == 0
    }

    /// Whether so little is left over that the first page should take it.
    fn leaves_little(&self) -> bool {
        self.rows_left < FEW_ROWS || self.rows < 2 * LEAST_ROWS
    }

    /// Where story and appendix begin. They fill any page that items leave short: a second one, and a first one that
    /// would be less than half full with them behind it.
    fn appendix(&self, has_more: bool) -> AppendixFit {
        if self.last > 0 || self.hollow_first && has_more { AppendixFit::Below } else { AppendixFit::Page }
    }
}

/// The rule: total, due date, taxes and bank accounts end on the first page; of several pages, each has at least
/// [`LEAST_ROWS`] rows, though the first may have none; each but the last is at least half full. Story and appendix are
/// not part of it: they break anywhere, and begin where [`Verdict::appendix`] says.
fn judge(document: &Document) -> Verdict {
    let mut pays_on_first = true;
    let mut rows = BTreeMap::<usize, usize>::new();
    let mut last = 0;
    for place in &document.places {
        let end = place.end.0;
        if place.id.starts_with(ROW) {
            *rows.entry(place.start.0).or_default() += 1;
        } else if ON_FIRST_PAGE.contains(&place.id.as_ref()) {
            pays_on_first &= end == 0;
        } else if place.id.as_ref() != "notes" {
            continue;
        }
        last = last.max(end);
    }
    let on = |page: usize| rows.get(&page).copied().unwrap_or(0);
    let is_hollow = |page: usize| document.pages.get(page).is_some_and(|page| page.filled_percent() < LEAST_FILLED);
    let is_thin = |page: usize| {
        let too_few = on(page) < LEAST_ROWS && (page > 0 || on(page) > 0);
        last > 0 && (too_few || page < last && is_hollow(page))
    };
    let count = rows.values().sum::<usize>();
    Verdict {
        pays_on_first,
        thin: (0..=last).filter(|page| is_thin(*page)).count(),
        rows: count,
        rows_left: count - on(0),
        last,
        hollow_first: is_hollow(0),
    }
}

/// The settings in the order in which they are tried: the chart gives way first, then the height of rows, then the place
/// of totals. What moves totals makes room for rows again, so chart and rows begin as designed.
fn candidates(leaves_little: bool) -> impl Iterator<Item = Fit> {
    let squeezed = [
        (ChartFit::Full, RowFit::Normal),
        (ChartFit::Small, RowFit::Normal),
        (ChartFit::None, RowFit::Normal),
        (ChartFit::None, RowFit::Tight),
    ];
    let with = move |totals: TotalsFit| {
        squeezed.into_iter().map(move |(chart, rows)| Fit { chart, rows, totals, ..Fit::default() })
    };
    let below = with(TotalsFit::Below).skip(1).filter(move |_| leaves_little);
    below.chain(with(TotalsFit::Above)).chain(with(TotalsFit::Alone))
}

/// The sizes of the addressee that are tried in the window of an envelope; below, an address is no longer read.
const ADDRESSEE_SIZES: [u8; 7] = [90, 80, 70, 62, 55, 49, 44];

/// Whether the addressee ends within the window of the envelope; a template without either element has no window.
fn is_in_window(document: &Document) -> bool {
    let end = |id: &str| document.places.iter().find(|place| place.id.as_ref() == id).map(|place| place.end);
    match (end("addressee"), end("window")) {
        (Some((page, bottom)), Some((window_page, window_bottom))) => (page, bottom) <= (window_page, window_bottom),
        _ => true,
    }
}

/// How an invoice is tried with another setting.
pub(super) struct Trials<'a> {
    pub customer: &'a Customer,
    /// Fills in the template.
    pub render: &'a dyn Fn(&InvoiceView<'_>) -> Result<String, Diagnostic>,
    /// Lays out the result; `None` where that fails.
    pub lay_out: &'a dyn Fn(&str) -> Option<Document>,
}

impl Trials<'_> {
    /// [`choose`](Trials::choose) for an invoice that is not laid out yet; its appendix never is.
    ///
    /// # Errors
    /// As there.
    pub(super) fn choose_alone(&self, view: &mut InvoiceView<'_>) -> Result<(), Diagnostic> {
        let designed = without_appendix(view, |view| (self.render)(view).map(|html| (self.lay_out)(&html)))?;
        // A page with faults is shown as it is.
        designed.map_or(Ok(()), |designed| self.choose(view, &designed))
    }

    /// Sets `view.fit` to the first setting whose pages are right or, where none is, to the one with the fewest faults.
    /// `designed` is the invoice as designed, with or without its appendix. The appendix is left out of all that is tried:
    /// it comes last, and may be long. Where an envelope has a window, the addressee is made to fit it first.
    ///
    /// # Errors
    /// A mistake in the template; an addressee that no size makes fit the window.
    pub(super) fn choose(&self, view: &mut InvoiceView<'_>, designed: &Document) -> Result<(), Diagnostic> {
        let verdict = judge(designed);
        let is_in_window = is_in_window(designed);
        let has_more = view.has_story || view.has_appendix;
        if verdict.is_good() && verdict.appendix(has_more) == AppendixFit::Page && is_in_window {
            return Ok(());
        }
        view.fit = without_appendix(view, |view| {
            let verdict = if is_in_window { verdict } else { self.shrink_addressee(view)? };
            self.best(view, verdict, has_more)
        })?;
        Ok(())
    }

    /// Sets the largest size at which the addressee fits the window; returns how the pages come out then.
    fn shrink_addressee(&self, view: &mut InvoiceView<'_>) -> Result<Verdict, Diagnostic> {
        for size in ADDRESSEE_SIZES {
            view.fit.addressee = Percent(size);
            if let Some(document) = (self.lay_out)(&(self.render)(view)?).filter(is_in_window) {
                return Ok(judge(&document));
            }
        }
        let Customer { id, path, invoice, .. } = self.customer;
        let message = format!(
            "the addressee of \"{id}\" does not fit the envelope's window, {} mm wide and {} mm high",
            invoice.window.width, invoice.window.height
        );
        let hint = "shorten the name or address, or put envelope = \"none\" into the customer's [invoice]";
        Err(Diagnostic::error(message).at(Place::file(path)).with_hint(hint))
    }

    /// The setting with the fewest faults, the first of several.
    fn best(&self, view: &mut InvoiceView<'_>, designed: Verdict, has_more: bool) -> Result<Fit, Diagnostic> {
        let (addressee, leaves_little) = (view.fit.addressee, designed.leaves_little());
        let mut best = (view.fit, designed);
        // A template that takes no notice of a setting gives the same page, which needs no other layout.
        let mut tried = Vec::new();
        if !best.1.is_good() {
            tried.push((self.render)(view)?);
        }
        for fit in candidates(leaves_little) {
            if best.1.is_good() {
                break;
            }
            view.fit = Fit { addressee, ..fit };
            let html = (self.render)(view)?;
            if tried.contains(&html) {
                continue;
            }
            let verdict = (self.lay_out)(&html).map(|document| judge(&document));
            tried.push(html);
            let faults = |verdict: &Verdict| (!verdict.pays_on_first, verdict.thin);
            if let Some(verdict) = verdict.filter(|verdict| faults(verdict) < faults(&best.1)) {
                best = (view.fit, verdict);
            }
        }
        let (fit, verdict) = best;
        Ok(Fit { appendix: verdict.appendix(has_more), continued: verdict.rows_left > 0, ..fit })
    }
}

/// Runs something with a view whose appendix is taken away meanwhile.
fn without_appendix<'v, T>(view: &mut InvoiceView<'v>, run: impl FnOnce(&mut InvoiceView<'v>) -> T) -> T {
    let (appendix, has_appendix, has_contents) =
        (take(&mut view.appendix), take(&mut view.has_appendix), take(&mut view.has_contents));
    let result = run(view);
    (view.appendix, view.has_appendix, view.has_contents) = (appendix, has_appendix, has_contents);
    result
}

#[cfg(test)]
mod tests {
    use pages::layout::{Area, Item, Layer, Mark, NamedPlace, Page};

    use super::*;

    /// Pages of paper of the height 100, each filled to so many percent, and where elements are.
    fn document(filled: &[f32], places: &[(&str, usize)]) -> Document {
        let page = |height: &f32| {
            let area = Area { height: *height, ..Area::default() };
            let items = vec![Item::Picture { index: 0, area }];
            let layer = Layer { items, marks: vec![Mark { first: 0, element: 0 }], ..Layer::default() };
            Page { height: 100.0, layers: vec![layer], ..Page::default() }
        };
        let place =
            |(id, page): &(&str, usize)| NamedPlace { id: (*id).into(), start: (*page, 0.0), end: (*page, 0.0) };
        Document {
            pages: filled.iter().map(page).collect(),
            places: places.iter().map(place).collect(),
            ..Document::default()
        }
    }

    /// That many rows on each page, and the other elements.
    fn judged(filled: &[f32], rows: &[usize], others: &[(&str, usize)]) -> Verdict {
        let pages = rows.iter().enumerate().flat_map(|(page, count)| std::iter::repeat_n(page, *count));
        let ids: Vec<(String, usize)> =
            pages.zip(1..).map(|(page, line): (usize, usize)| (format!("item-{line}"), page)).collect();
        let ids = ids.iter().map(|(id, page)| (id.as_str(), *page));
        judge(&document(filled, &ids.chain(others.iter().copied()).collect::<Vec<_>>()))
    }

    #[test]
    fn one_page_is_good_however_few_rows_it_has() {
        assert!(judged(&[30.0, 90.0], &[1], &[("bank", 0), ("summary", 0), ("appendix", 1)]).is_good());
    }

    #[test]
    fn what_follows_fills_a_page_less_than_half_full() {
        let appendix = |first: f32, rows: &[usize], has_more| judged(&[first, 90.0], rows, &[]).appendix(has_more);
        assert_eq!(appendix(49.0, &[2], true), AppendixFit::Below);
        assert_eq!(appendix(49.0, &[2], false), AppendixFit::Page);
        assert_eq!(appendix(50.0, &[2], true), AppendixFit::Page);
        assert_eq!(appendix(90.0, &[9, 9], true), AppendixFit::Below);
    }

    #[test]
    fn the_way_to_pay_is_on_the_first_page() {
        for id in ["total", "due", "summary", "bank"] {
            assert!(judged(&[90.0, 90.0], &[9, 9], &[(id, 0)]).is_good());
            let verdict = judged(&[90.0, 90.0], &[9, 9], &[(id, 1)]);
            assert!(!verdict.pays_on_first && !verdict.is_good(), "{id}");
        }
        // Notes may go on where the page has rows.
        assert!(judged(&[90.0, 90.0], &[9, 9], &[("notes", 1)]).is_good());
        assert!(!judged(&[90.0, 20.0], &[18, 0], &[("notes", 1)]).is_good());
    }

    #[test]
    fn pages_with_rows_have_five_and_all_but_the_last_are_half_full() {
        assert!(judged(&[90.0, 20.0], &[12, 5], &[]).is_good());
        assert!(!judged(&[90.0, 20.0], &[13, 4], &[]).is_good());
        assert!(!judged(&[90.0, 90.0], &[4, 30], &[]).is_good());
        assert!(judged(&[60.0, 90.0], &[0, 9], &[]).is_good());
        assert!(!judged(&[49.0, 90.0], &[0, 9], &[]).is_good());
        assert!(!judged(&[90.0, 49.0, 20.0], &[9, 9, 9], &[]).is_good());
    }

    #[test]
    fn few_rows_make_the_first_page_give_way() {
        assert!(judged(&[90.0, 20.0], &[20, 5], &[]).leaves_little());
        assert!(!judged(&[90.0, 20.0], &[20, 6], &[]).leaves_little());
        // Only what stands below the items is left over.
        assert!(judged(&[90.0, 20.0], &[20], &[("bank", 1)]).leaves_little());
        // Nine rows cannot be split into five and five.
        assert!(judged(&[90.0, 20.0], &[1, 8], &[]).leaves_little());
    }

    #[test]
    fn totals_move_last() {
        let tried: Vec<_> = candidates(true).map(|fit| (fit.totals, fit.chart, fit.rows)).collect();
        assert_eq!(tried[0], (TotalsFit::Below, ChartFit::Small, RowFit::Normal));
        assert_eq!(tried[2], (TotalsFit::Below, ChartFit::None, RowFit::Tight));
        assert_eq!(tried[3], (TotalsFit::Above, ChartFit::Full, RowFit::Normal));
        assert_eq!(candidates(false).next(), Some(Fit { totals: TotalsFit::Above, ..Fit::default() }));
    }
}
