//! What is wrong with a document, and what checks need to know of it.

use chrono::{Datelike, NaiveDate};

use crate::diagnostic::{Diagnostic, Place};
use crate::export::jp_pint::element::Element;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;

/// What other checks need of the document as a whole.
pub(super) struct Facts {
    /// Its currency; none where it is missing.
    pub(super) currency: Option<String>,
    /// First and last day of its period, or the day of issue.
    pub(super) days: Option<(NaiveDate, NaiveDate)>,
    /// Whether it gives money back.
    pub(super) is_credit_note: bool,
}

impl Facts {
    /// The month of its period.
    pub(super) fn month(&self) -> Option<BillingMonth> {
        let (first, _) = self.days?;
        format!("{:04}{:02}", first.year(), first.month()).parse().ok()
    }

    /// The most decimals of its amounts.
    pub(super) fn decimals(&self) -> u32 {
        let currency = self.currency.as_deref().and_then(Currency::of);
        currency.map_or(2, Currency::decimals)
    }
}

/// What is wrong so far.
pub(super) struct Findings<'p> {
    path: &'p str,
    /// The number of the invoice's line that is being checked: many files are one line of text.
    line: Option<String>,
    found: Vec<Diagnostic>,
}

impl<'p> Findings<'p> {
    /// None so far, of the file that is called so.
    pub(super) fn of(path: &'p str) -> Findings<'p> {
        Findings { path, line: None, found: Vec::new() }
    }

    /// All of them in the order of the file, so that what is wrong can be mended from top to bottom.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|finding| finding.place.as_ref().and_then(|place| place.line));
        self.found
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Checks each of the invoice's lines.
    pub(super) fn each_line(&mut self, root: &Element, mut check: impl FnMut(&Element, &mut Findings<'p>)) {
        for line in root.all("cac:InvoiceLine") {
            self.line = line.text_at("cbc:ID").map(beginning);
            check(line, self);
        }
        self.line = None;
    }

    /// Adds one at an element.
    pub(super) fn add(&mut self, element: &Element, message: impl Into<String>) {
        let found = Diagnostic::error(message).at(Place::line(self.path, element.line));
        self.found.push(match &self.line {
            Some(line) => found.with_note(format!("in line {line:?} of the invoice")),
            None => found,
        });
    }

    /// Adds one at an element, with the way out.
    pub(super) fn add_with_hint(&mut self, element: &Element, message: impl Into<String>, hint: &str) {
        self.add(element, message);
        if let Some(found) = self.found.pop() {
            self.found.push(found.with_hint(hint));
        }
    }

    /// The text at a path, which must be there.
    pub(super) fn require<'e>(&mut self, element: &'e Element, path: &str) -> Option<&'e str> {
        let text = element.text_at(path);
        if text.is_none() {
            self.add(element, format!("missing {path} in {}", element.name));
        }
        text
    }

    /// The amount at a path, which must be there, in the document's currency.
    pub(super) fn require_amount(&mut self, element: &Element, path: &str, facts: &Facts) -> Option<Amount> {
        self.require(element, path)?;
        self.amount(element.at(path)?, facts)
    }

    /// An amount of the document's currency with at most two decimals.
    pub(super) fn amount(&mut self, element: &Element, facts: &Facts) -> Option<Amount> {
        let amount = self.number(element)?;
        if amount.scale() > 2 {
            self.add(element, format!("expected at most two decimals in {}, found {amount}", element.name));
        }
        let (found, expected) = (element.attribute("currencyID"), facts.currency.as_deref());
        if expected.is_some() && found != expected {
            let message = format!(
                "expected {} in {}, the document's currency, found {:?}",
                expected.unwrap_or_default(),
                element.name,
                beginning(found.unwrap_or_default())
            );
            self.add(element, message);
        }
        Some(amount)
    }

    /// A decimal number.
    pub(super) fn number(&mut self, element: &Element) -> Option<Amount> {
        let number = number(element);
        if number.is_none() {
            self.add(
                element,
                format!("expected a decimal number in {}, found {:?}", element.name, beginning(element.text.trim())),
            );
        }
        number
    }
}

/// A decimal number without an exponent; none for other texts.
pub(super) fn number(element: &Element) -> Option<Amount> {
    let text = element.text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    Amount::parse(text.as_bytes()).ok().filter(|_| is_plain)
}
