//! Credit notes (適格返還請求書, 消費税法57条の4 3項): an issued invoice taken back, whole or line by line.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::{DocumentKind, Invoice, LineItem, Original, TaxSubtotal};
use crate::model::rounding::Rounding;
use crate::model::tax::{TaxCategory, TaxRate};

/// What of an invoice is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything that was not taken back before.
    Whole,
    /// These lines.
    Lines(Vec<CreditedLine>),
}

/// A line of an invoice that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditedLine {
    /// The line, counted from 1.
    pub line: usize,
    /// How much of it before tax, with the line's sign; all that is left where absent.
    pub amount: Option<Amount>,
}

/// What earlier credit notes took back of an invoice: sums of their figures, which have the opposite sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credited {
    /// By line, counted from 1.
    pub lines: BTreeMap<usize, Amount>,
    /// By category and rate: the tax, and the tax in yen.
    pub taxes: BTreeMap<(TaxCategory, TaxRate), (Amount, Amount)>,
}

/// What a credit note is made of besides the invoice.
#[derive(Clone, Debug)]
pub struct CreditTerms<'a> {
    /// Its number.
    pub number: String,
    /// Date of return.
    pub date: NaiveDate,
    /// Why.
    pub reason: &'a str,
    /// What of the invoice.
    pub extent: &'a Extent,
    /// How tax is rounded.
    pub rounding: Rounding,
    /// The rate from the invoice's currency to yen, where it is another.
    pub to_yen: Option<Amount>,
}

/// The credit note for an issued invoice. With the earlier ones it takes back no more than was billed, and what
/// completes a rate takes back exactly the tax that is left: invoice and credit notes then add up to nought.
///
/// The file name is left to be filled in. Beside the note stand the invoice's line numbers of its items.
///
/// # Errors
/// Lines that the invoice does not have or that are named twice, more than is left of one, nothing left at all, figures
/// with too many digits.
pub fn credit(
    invoice: &Invoice,
    before: &Credited,
    terms: CreditTerms<'_>,
) -> Result<(Invoice, Vec<usize>), Diagnostic> {
    let too_long = |error: TooLong| Diagnostic::error(format!("the credit note cannot be computed exactly: {error}"));
    let (lines, items): (Vec<usize>, Vec<LineItem>) = items(invoice, before, terms.extent)?.into_iter().unzip();
    if items.iter().all(|item| item.amount.is_zero()) && !invoice.items.iter().all(|item| item.amount.is_zero()) {
        let hint = "its credit notes take back all of it already: `invoicer list` names them";
        return Err(Diagnostic::error(format!("nothing is left of {} to take back", invoice.number)).with_hint(hint));
    }
    let tax_subtotals = taxes(invoice, before, &items, &terms).map_err(too_long)?;
    let subtotal = Sum::of(items.iter().map(|item| item.amount)).map_err(too_long)?;
    let cost = Sum::of(items.iter().map(|item| item.cost)).map_err(too_long)?;
    let tax = Sum::of(tax_subtotals.iter().map(|subtotal| subtotal.tax)).map_err(too_long)?;
    let total = subtotal.plus(tax).map_err(too_long)?;
    let note = Invoice {
        customer: invoice.customer,
        kind: DocumentKind::CreditNote,
        original: Some(Original {
            number: invoice.number.clone(),
            issue_date: invoice.issue_date,
            reason: terms.reason.to_owned(),
        }),
        number: terms.number,
        file_name: String::new(),
        status: invoice.status,
        issue_date: terms.date,
        due_date: terms.date,
        currency: invoice.currency,
        items,
        details: Vec::new(),
        long_amounts: Vec::new(),
        shares: Vec::new(),
        unit_prices: Vec::new(),
        tax_subtotals,
        subtotal,
        tax,
        total,
        cost,
    };
    Ok((note, lines))
}

/// The lines that are taken back, with their numbers.
fn items(invoice: &Invoice, before: &Credited, extent: &Extent) -> Result<Vec<(usize, LineItem)>, Diagnostic> {
    let left = |line: usize| -> Result<Amount, Diagnostic> {
        let credited = before.lines.get(&line).copied().unwrap_or(Amount::ZERO);
        let sum = invoice.items[line - 1].amount.plus(credited);
        sum.map_err(|error| Diagnostic::error(format!("what is left of line {line} cannot be computed: {error}")))
    };
    match extent {
        Extent::Whole => (1..=invoice.items.len())
            .map(|line| Ok((line, left(line)?)))
            // A line of nought is taken back with the rest, one that was taken back before is not.
            .filter(|found| !matches!(found, Ok((line, left)) if left.is_zero() && before.lines.contains_key(line)))
            .map(|found| found.map(|(line, left)| (line, taken_back(&invoice.items[line - 1], left))))
            .collect(),
        Extent::Lines(lines) => {
            let mut items = Vec::with_capacity(lines.len());
            for (index, wanted) in lines.iter().enumerate() {
                let line = wanted.line;
                if line == 0 || line > invoice.items.len() {
                    let message = format!("{} has no line {line}", invoice.number);
                    let hint = format!("its lines are 1 to {}", invoice.items.len());
                    return Err(Diagnostic::error(message).with_hint(hint));
                }
                if lines[..index].iter().any(|other| other.line == line) {
                    let hint = "name it once, with the sum of what is to be taken back of it";
                    return Err(Diagnostic::error(format!("line {line} is named twice")).with_hint(hint));
                }
                items.push((line, partly(invoice, line, wanted.amount, left(line)?)?));
            }
            Ok(items)
        }
    }
}

fn partly(invoice: &Invoice, line: usize, amount: Option<Amount>, left: Amount) -> Result<LineItem, Diagnostic> {
    let item = &invoice.items[line - 1];
    let currency = invoice.currency;
    let amount = amount.unwrap_or(left);
    let hint = format!("line {line}, {:?}, has {left} {currency} left of {}", item.name, item.amount);
    let refused = |message: String| Err(Diagnostic::error(message).with_hint(hint.clone()));
    if amount.scale() > currency.decimals() && amount != left {
        return refused(format!("{amount} {currency} has more decimals than the currency"));
    }
    if amount.is_zero() || amount.is_negative() != left.is_negative() || exceeds(amount, left) {
        return refused(format!("{amount} {currency} cannot be taken back of line {line} of {}", invoice.number));
    }
    Ok(taken_back(item, amount))
}

/// Whether an amount is farther from nought than another of the same sign.
fn exceeds(amount: Amount, left: Amount) -> bool {
    amount.minus(left).is_ok_and(|beyond| !beyond.is_zero() && beyond.is_negative() == left.is_negative())
}

/// A line with the opposite sign. Of a part of it, neither quantity nor cost can be told.
fn taken_back(item: &LineItem, amount: Amount) -> LineItem {
    let whole = amount == item.amount;
    LineItem {
        quantity: item.quantity.filter(|_| whole).map(Amount::negated),
        unit_price: item.unit_price.filter(|_| whole),
        cost: if whole { item.cost.negated() } else { Amount::ZERO },
        amount: amount.negated(),
        ..item.clone()
    }
}

/// Tax on what is taken back, on its absolute value and in the direction of the invoice's own (japan.md §1.6: rounding
/// −172.8 down gives −172); what completes a rate takes back the tax that is left of it.
fn taxes(
    invoice: &Invoice,
    before: &Credited,
    items: &[LineItem],
    terms: &CreditTerms<'_>,
) -> Result<Vec<TaxSubtotal>, TooLong> {
    let mut taxes = Vec::new();
    for billed in &invoice.tax_subtotals {
        let of_rate = |item: &&LineItem| (item.tax_category, item.tax_rate) == (billed.category, billed.rate);
        if !items.iter().any(|item| of_rate(&item)) {
            continue;
        }
        let taxable = Sum::of(items.iter().filter(of_rate).map(|item| item.amount))?;
        let (tax, tax_jpy) = before.taxes.get(&(billed.category, billed.rate)).copied().unwrap_or_default();
        let tax_left = billed.tax.plus(tax)?;
        let jpy_left = billed.tax_jpy.map(|billed| billed.plus(tax_jpy)).transpose()?;
        let completes = completes(invoice, before, items, billed)?;
        let exact = taxable.times(billed.rate.factor())?;
        let rounded = |exact: Amount, decimals: u32, left: Amount| -> Result<Amount, TooLong> {
            let tax = terms.rounding.apply(exact, decimals)?;
            // Parts that were each rounded up must not add up to more than was billed.
            let beyond = tax.is_negative() != left.is_negative() && exceeds(tax.negated(), left);
            Ok(if completes || beyond { left.negated() } else { tax })
        };
        let jpy = |left: Amount| match terms.to_yen {
            Some(rate) => rounded(exact.times(rate)?, Currency::Jpy.decimals(), left),
            None => Ok(left.negated()),
        };
        taxes.push(TaxSubtotal {
            category: billed.category,
            rate: billed.rate,
            taxable,
            tax: rounded(exact, invoice.currency.decimals(), tax_left)?,
            tax_jpy: jpy_left.map(jpy).transpose()?,
        });
    }
    Ok(taxes)
}

/// Whether nothing is left of any line of a rate.
fn completes(invoice: &Invoice, before: &Credited, items: &[LineItem], billed: &TaxSubtotal) -> Result<bool, TooLong> {
    let of_rate = |item: &LineItem| (item.tax_category, item.tax_rate) == (billed.category, billed.rate);
    let mut left = Sum::default();
    let mut any = false;
    for (index, item) in invoice.items.iter().enumerate().filter(|(_, item)| of_rate(item)) {
        let credited = before.lines.get(&(index + 1)).copied().unwrap_or(Amount::ZERO);
        left.add(item.amount)?;
        left.add(credited)?;
        any = true;
    }
    for item in items.iter().filter(|item| of_rate(item)) {
        left.add(item.amount)?;
    }
    Ok(any && left.total()?.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invoice::{ItemKind, Status};

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    fn rate(category: TaxCategory) -> TaxRate {
        TaxRate { percent: if category == TaxCategory::Standard { 10 } else { 8 } }
    }

    fn item(name: &str, value: &str, category: TaxCategory) -> LineItem {
        LineItem {
            source: "soracom".to_owned(),
            name: name.to_owned(),
            kind: ItemKind::Usage,
            quantity: Some(amount("2")),
            unit: "",
            unit_price: None,
            cost: amount("7"),
            amount: amount(value),
            tax_category: category,
            tax_rate: rate(category),
        }
    }

    /// Two rates, tax rounded up: 1,003 at 10 % is 100.3, so 101; 333 at 8 % is 26.64, so 27.
    fn invoice() -> Invoice {
        let subtotal = |category, taxable: &str, tax: &str| TaxSubtotal {
            category,
            rate: rate(category),
            taxable: amount(taxable),
            tax: amount(tax),
            tax_jpy: None,
        };
        Invoice {
            customer: 0,
            kind: DocumentKind::Invoice,
            original: None,
            number: "INV-1".to_owned(),
            file_name: "INV-1".to_owned(),
            status: Status::Issued,
            issue_date: NaiveDate::from_ymd_opt(2022, 9, 1).unwrap(),
            due_date: NaiveDate::from_ymd_opt(2022, 9, 30).unwrap(),
            currency: Currency::Jpy,
            items: vec![
                item("basicCharge", "1100", TaxCategory::Standard),
                item("water", "333", TaxCategory::Reduced),
                item("coupon", "-97", TaxCategory::Standard),
            ],
            details: Vec::new(),
            long_amounts: Vec::new(),
            shares: Vec::new(),
            unit_prices: Vec::new(),
            tax_subtotals: vec![
                subtotal(TaxCategory::Standard, "1003", "101"),
                subtotal(TaxCategory::Reduced, "333", "27"),
            ],
            subtotal: amount("1336"),
            tax: amount("128"),
            total: amount("1464"),
            cost: amount("21"),
        }
    }

    fn taken(before: &Credited, extent: &Extent) -> Result<(Invoice, Vec<usize>), Diagnostic> {
        let terms = CreditTerms {
            number: "CN-1".to_owned(),
            date: NaiveDate::from_ymd_opt(2022, 9, 12).unwrap(),
            reason: "x",
            extent,
            rounding: Rounding::Up,
            to_yen: None,
        };
        credit(&invoice(), before, terms)
    }

    fn lines(lines: &[(usize, Option<&str>)]) -> Extent {
        let line = |(line, value): &(usize, Option<&str>)| CreditedLine { line: *line, amount: value.map(amount) };
        Extent::Lines(lines.iter().map(line).collect())
    }

    fn add(before: &mut Credited, (note, lines): &(Invoice, Vec<usize>)) {
        for (line, item) in lines.iter().zip(&note.items) {
            let sum = before.lines.entry(*line).or_default();
            *sum = sum.plus(item.amount).unwrap();
        }
        for tax in &note.tax_subtotals {
            let sum = before.taxes.entry((tax.category, tax.rate)).or_default();
            sum.0 = sum.0.plus(tax.tax).unwrap();
            sum.1 = sum.1.plus(tax.tax_jpy.unwrap_or_default()).unwrap();
        }
    }

    fn figures(note: &Invoice) -> [String; 4] {
        [note.subtotal, note.tax, note.total, note.cost].map(|figure| figure.to_string())
    }

    #[test]
    fn the_whole_invoice_is_negated_in_every_figure() {
        let (note, lines) = taken(&Credited::default(), &Extent::Whole).unwrap();
        assert_eq!(lines, [1, 2, 3]);
        assert_eq!(figures(&note), ["-1336", "-128", "-1464", "-21"]);
        let amounts: Vec<String> = note.items.iter().map(|item| item.amount.to_string()).collect();
        assert_eq!(amounts, ["-1100", "-333", "97"]);
        assert_eq!(note.items[0].quantity, Some(amount("-2")));
        let taxes: Vec<String> = note.tax_subtotals.iter().map(|tax| format!("{} {}", tax.taxable, tax.tax)).collect();
        assert_eq!(taxes, ["-1003 -101", "-333 -27"]);
        assert_eq!(note.original.unwrap().number, "INV-1");
    }

    /// 501 and 502 of 1,100: 50.1 and 50.2, each rounded up to 51; together 102 would be more than the 101 billed.
    #[test]
    fn parts_never_take_back_more_tax_than_was_billed() {
        let mut before = Credited::default();
        let first = taken(&before, &lines(&[(1, Some("501"))])).unwrap();
        assert_eq!(figures(&first.0), ["-501", "-51", "-552", "0"]);
        assert_eq!(first.0.items[0].quantity, None);
        add(&mut before, &first);
        let second = taken(&before, &lines(&[(1, Some("502"))])).unwrap();
        assert_eq!(figures(&second.0), ["-502", "-50", "-552", "0"]);
        add(&mut before, &second);
        // What is left: 97 of line 1, the coupon of -97, and all of line 2.
        let rest = taken(&before, &Extent::Whole).unwrap();
        assert_eq!(rest.1, [1, 2, 3]);
        assert_eq!(figures(&rest.0), ["-333", "-27", "-360", "-14"]);
        add(&mut before, &rest);
        let message = taken(&before, &Extent::Whole).unwrap_err().message;
        assert_eq!(message, "nothing is left of INV-1 to take back");
    }

    /// 10.01 dollars at 10 % are 1.001, so 1.01; at 140.5 yen they are 140.6405 yen, so 141. Of these, 5 dollars take back
    /// 0.50 and 70.25 yen, so 71; the rest what is left, 0.51 and 70 yen.
    #[test]
    fn tax_in_yen_is_taken_back_like_the_tax_itself() {
        let mut invoice = invoice();
        invoice.currency = Currency::Usd;
        invoice.items = vec![item("Data", "10.01", TaxCategory::Standard)];
        invoice.tax_subtotals = vec![TaxSubtotal {
            category: TaxCategory::Standard,
            rate: rate(TaxCategory::Standard),
            taxable: amount("10.01"),
            tax: amount("1.01"),
            tax_jpy: Some(amount("141")),
        }];
        let taken = |before: &Credited, extent: &Extent| {
            let terms = CreditTerms { to_yen: Some(amount("140.5")), ..up(&invoice, extent) };
            let (note, lines) = credit(&invoice, before, terms).unwrap();
            let [TaxSubtotal { taxable, tax, tax_jpy: Some(yen), .. }] = note.tax_subtotals[..] else { panic!() };
            ([taxable, tax, yen].map(|figure| figure.to_string()), (note, lines))
        };
        let mut before = Credited::default();
        let (figures, part) = taken(&before, &lines(&[(1, Some("5"))]));
        assert_eq!(figures, ["-5", "-0.5", "-71"]);
        add(&mut before, &part);
        assert_eq!(taken(&before, &Extent::Whole).0, ["-5.01", "-0.51", "-70"]);
        assert_eq!(taken(&Credited::default(), &Extent::Whole).0, ["-10.01", "-1.01", "-141"]);
    }

    /// A line's rest without an amount: line 3 is a discount, so that taking it back asks for 97 and the tax on it.
    #[test]
    fn a_discount_can_be_taken_back_too() {
        let (note, _) = taken(&Credited::default(), &lines(&[(3, None)])).unwrap();
        assert_eq!(figures(&note), ["97", "10", "107", "-7"]);
    }

    /// An invoice of any lines, taxed as the law says, computed here with whole numbers: a rate's base times 10 or 8 over
    /// 100, rounded away from nought.
    fn any_invoice(lines: &[(i64, bool)]) -> Invoice {
        let mut invoice = invoice();
        let category = |reduced| if reduced { TaxCategory::Reduced } else { TaxCategory::Standard };
        let line = |(value, reduced): &(i64, bool)| item("any", &value.to_string(), category(*reduced));
        invoice.items = lines.iter().map(line).collect();
        let mut bases: BTreeMap<(TaxCategory, TaxRate), i64> = BTreeMap::new();
        for (value, reduced) in lines {
            *bases.entry((category(*reduced), rate(category(*reduced)))).or_default() += value;
        }
        let tax =
            |base: i64, rate: TaxRate| base.signum() * (base.abs() * i64::from(rate.percent) + 99).div_euclid(100);
        let subtotal = |(&(category, rate), &base): (&(TaxCategory, TaxRate), &i64)| TaxSubtotal {
            category,
            rate,
            taxable: Amount::whole(base),
            tax: Amount::whole(tax(base, rate)),
            tax_jpy: None,
        };
        invoice.tax_subtotals = bases.iter().map(subtotal).collect();
        invoice
    }

    fn up<'a>(invoice: &Invoice, extent: &'a Extent) -> CreditTerms<'a> {
        let (date, rounding) = (invoice.issue_date, Rounding::Up);
        CreditTerms { number: "CN".to_owned(), date, reason: "x", extent, rounding, to_yen: None }
    }

    proptest::proptest! {
        /// Whatever parts are taken back in whatever order, with the rest it is exactly what was billed: line by line, and
        /// tax by tax.
        #[test]
        fn parts_and_the_rest_add_up_to_the_invoice(
            lines in proptest::collection::vec((-500i64..3000, proptest::bool::ANY), 1..6),
            parts in proptest::collection::vec((0usize..6, 1i64..4000), 0..8),
        ) {
            let invoice = any_invoice(&lines);
            let mut left: Vec<i64> = lines.iter().map(|(value, _)| *value).collect();
            let mut before = Credited::default();
            for (line, wanted) in parts {
                let line = line % left.len();
                let part = left[line].signum() * wanted.min(left[line].abs());
                if part == 0 {
                    continue;
                }
                left[line] -= part;
                let extent = Extent::Lines(vec![CreditedLine { line: line + 1, amount: Some(Amount::whole(part)) }]);
                let note = credit(&invoice, &before, up(&invoice, &extent)).unwrap();
                add(&mut before, &note);
            }
            if left.iter().any(|left| *left != 0) {
                let note = credit(&invoice, &before, up(&invoice, &Extent::Whole)).unwrap();
                add(&mut before, &note);
            }
            for (index, item) in invoice.items.iter().enumerate() {
                let credited = before.lines.get(&(index + 1)).copied().unwrap_or_default();
                proptest::prop_assert!(item.amount.plus(credited).unwrap().is_zero());
            }
            for tax in &invoice.tax_subtotals {
                let credited = before.taxes.get(&(tax.category, tax.rate)).copied().unwrap_or_default();
                proptest::prop_assert_eq!(tax.tax.plus(credited.0).unwrap(), Amount::ZERO);
            }
        }
    }

    #[test]
    fn more_than_was_billed_is_refused() {
        for (extent, message) in [
            (lines(&[(4, None)]), "INV-1 has no line 4"),
            (lines(&[(0, None)]), "INV-1 has no line 0"),
            (lines(&[(1, None), (1, Some("1"))]), "line 1 is named twice"),
            (lines(&[(1, Some("1101"))]), "1101 JPY cannot be taken back of line 1 of INV-1"),
            (lines(&[(1, Some("-1"))]), "-1 JPY cannot be taken back of line 1 of INV-1"),
            (lines(&[(3, Some("97"))]), "97 JPY cannot be taken back of line 3 of INV-1"),
            (lines(&[(3, Some("-98"))]), "-98 JPY cannot be taken back of line 3 of INV-1"),
            (lines(&[(1, Some("0"))]), "0 JPY cannot be taken back of line 1 of INV-1"),
            (lines(&[(1, Some("0.5"))]), "0.5 JPY has more decimals than the currency"),
        ] {
            assert_eq!(taken(&Credited::default(), &extent).unwrap_err().message, message);
        }
    }
}
