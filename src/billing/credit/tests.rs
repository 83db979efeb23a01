use super::*;
use crate::model::currency::Currency;
use crate::model::invoice::{ItemKind, Status, TaxSubtotal};
use crate::model::tax::{TaxCategory, TaxRate};
use crate::model::tax_table::TaxRegime;

fn amount(text: &str) -> Amount {
    Amount::parse(text.as_bytes()).unwrap()
}

fn rate(category: TaxCategory) -> TaxRate {
    TaxRate::whole(if category == TaxCategory::Standard { 10 } else { 8 })
}

fn item(name: &str, value: &str, category: TaxCategory) -> LineItem {
    LineItem {
        source: "soracom".to_owned(),
        name: name.to_owned(),
        kind: ItemKind::Usage,
        quantity: Some(amount("2")),
        unit: "".into(),
        unit_price: None,
        cost: amount("7"),
        amount: amount(value),
        tax_category: category,
        tax_rate: rate(category),
        tax_included: false,
        qualifier: None,
        adjusted: None,
        section: None,
    }
}

/// Two rates, tax rounded up: 1,003 at 10 % is 100.3, so 101; 333 at 8 % is 26.64, so 27.
fn invoice() -> Invoice {
    let subtotal = |category, taxable: &str, tax: &str| TaxSubtotal {
        category,
        rate: rate(category),
        name: None,
        taxable: amount(taxable),
        tax: amount(tax),
        tax_jpy: None,
        tax_included: false,
    };
    Invoice {
        customer: 0,
        kind: DocumentKind::Invoice,
        original: None,
        returned: None,
        number: "INV-1".to_owned(),
        file_name: "INV-1".to_owned(),
        status: Status::Issued,
        issue_date: NaiveDate::from_ymd_opt(2022, 9, 1).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2022, 9, 30).unwrap(),
        order_number: None,
        currency: Currency::JPY,
        tax_regime: TaxRegime::Japan,
        items: vec![
            item("basicCharge", "1100", TaxCategory::Standard),
            item("water", "333", TaxCategory::Reduced),
            item("coupon", "-97", TaxCategory::Standard),
        ],
        details: Vec::new(),
        long_amounts: Vec::new(),
        shares: Vec::new(),
        category_parts: Vec::new(),
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
    let invoice = invoice();
    credit(&invoice, before, by(Rounding::Up, &invoice, extent))
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
        let sum = before.rates.entry(tax.group()).or_default();
        sum.base = sum.base.plus(tax.taxable).unwrap();
        sum.tax = sum.tax.plus(tax.tax).unwrap();
        sum.tax_jpy = sum.tax_jpy.plus(tax.tax_jpy.unwrap_or_default()).unwrap();
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

/// 501 and then 502 of the 1,003 that line 1 and the coupon come to: 50.1, up to 51; 100.3 in all, up to 101, so 50. The
/// cost of 7 for 1,100 in proportion: 3.18818…, then 6.38272… in all.
#[test]
fn parts_never_take_back_more_tax_than_was_billed() {
    let mut before = Credited::default();
    let first = taken(&before, &lines(&[(1, Some("501"))])).unwrap();
    assert_eq!(figures(&first.0), ["-501", "-51", "-552", "-3.1881"]);
    assert_eq!(first.0.items[0].quantity, None);
    add(&mut before, &first);
    let second = taken(&before, &lines(&[(1, Some("502"))])).unwrap();
    assert_eq!(figures(&second.0), ["-502", "-50", "-552", "-3.1946"]);
    add(&mut before, &second);
    // What is left: 97 of line 1, the coupon of -97, and all of line 2.
    let rest = taken(&before, &Extent::Whole).unwrap();
    assert_eq!(rest.1, [1, 2, 3]);
    assert_eq!(figures(&rest.0), ["-333", "-27", "-360", "-14.6173"]);
    add(&mut before, &rest);
    let message = taken(&before, &Extent::Whole).unwrap_err().message;
    assert_eq!(message, "nothing is left of INV-1 to take back");
}

/// 10.01 dollars at 10 % are 1.001, so 1.01; at 140.5 yen they are 140.6405 yen, so 141. Of these, 5 dollars take back
/// 0.50 and 70.25 yen, so 71; 4 more, 0.90 in all and 126.45 yen, so 0.40 and 127 − 71 = 56; the rest what is left, 0.11 and
/// 14 yen.
#[test]
fn tax_in_yen_is_taken_back_like_the_tax_itself() {
    let mut invoice = invoice();
    invoice.currency = Currency::USD;
    invoice.items = vec![item("Data", "10.01", TaxCategory::Standard)];
    invoice.total = amount("11.02");
    invoice.tax_subtotals = vec![TaxSubtotal {
        category: TaxCategory::Standard,
        rate: rate(TaxCategory::Standard),
        name: None,
        taxable: amount("10.01"),
        tax: amount("1.01"),
        tax_jpy: Some(amount("141")),
        tax_included: false,
    }];
    let taken = |before: &Credited, extent: &Extent| {
        let terms = CreditTerms { to_yen: Some(amount("140.5")), ..by(Rounding::Up, &invoice, extent) };
        let (note, lines) = credit(&invoice, before, terms).unwrap();
        let [TaxSubtotal { taxable, tax, tax_jpy: Some(yen), .. }] = note.tax_subtotals[..] else { panic!() };
        ([taxable, tax, yen].map(|figure| figure.to_string()), (note, lines))
    };
    let mut before = Credited::default();
    let (figures, part) = taken(&before, &lines(&[(1, Some("5"))]));
    assert_eq!(figures, ["-5", "-0.5", "-71"]);
    add(&mut before, &part);
    let (figures, part) = taken(&before, &lines(&[(1, Some("4"))]));
    assert_eq!(figures, ["-4", "-0.4", "-56"]);
    add(&mut before, &part);
    assert_eq!(taken(&before, &Extent::Whole).0, ["-1.01", "-0.11", "-14"]);
    assert_eq!(taken(&Credited::default(), &Extent::Whole).0, ["-10.01", "-1.01", "-141"]);
}

/// Line 3 is a coupon of −97 on line 1, which leaves 1,003 of the standard rate.
#[test]
fn what_reduced_the_invoice_is_taken_back_with_what_it_reduced() {
    let refused = |extent: &[(usize, Option<&str>)]| {
        let refusal = taken(&Credited::default(), &lines(extent)).unwrap_err();
        (refusal.message, refusal.hint.unwrap())
    };
    let (message, hint) = refused(&[(3, None)]);
    assert_eq!(
        message,
        "taking back line 3 of INV-1 would charge 97 JPY for standard 10% items: a credit note only gives back"
    );
    assert_eq!(
        hint,
        "take a discount back together with lines that it reduces, such as --line 1, or leave out --line to take back all \
         that is left"
    );
    // Not even where another rate gives back more.
    assert_eq!(refused(&[(2, None), (3, None)]).0, message);
    let (message, hint) = refused(&[(1, None), (2, None)]);
    assert_eq!(message, "line 1 of INV-1 is 1100 JPY, but only 1003 JPY of standard 10% items are left to take back");
    assert_eq!(
        hint,
        "take back what reduced them too with --line 3, name less than that with --line LINE=AMOUNT, at most 1003 in all, \
         or leave out --line to take back all that is left"
    );
    let (note, _) = taken(&Credited::default(), &lines(&[(1, None), (3, None)])).unwrap();
    assert_eq!(figures(&note), ["-1003", "-101", "-1104", "-14"]);
    let nothing = taken(&Credited::default(), &lines(&[(1, Some("97")), (3, None)])).unwrap_err().message;
    assert_eq!(nothing, "taking back lines 1, 3 of INV-1 would give back nothing: the amounts add up to zero");
}

/// billing-rules §8: acme is billed 357 + 15 − 37 = 335 and 34 of tax, 369. Parts of 1 and 2 of line 1: 0.1, up to 1; 0.3 in
/// all, still 1, so 0; then 7: 1 in all, so 0; 1 more: 1.1, so 2 in all; 324 more complete the 335 and the tax of 34.
#[test]
fn the_parts_of_the_worked_example() {
    let mut invoice = invoice();
    invoice.items = vec![
        item("basicCharge", "357", TaxCategory::Standard),
        item("uploadDataCharge", "15", TaxCategory::Standard),
        item("accountDiscount", "-37", TaxCategory::Standard),
    ];
    invoice.tax_subtotals = taxed(&invoice.items, Rounding::Up);
    (invoice.subtotal, invoice.tax, invoice.total) = (amount("335"), amount("34"), amount("369"));
    assert_eq!(invoice.tax_subtotals[0].tax, amount("34"));
    let mut before = Credited::default();
    let part = |before: &Credited, extent: &Extent| credit(&invoice, before, by(Rounding::Up, &invoice, extent));
    // 357 + 15 are 372, and with tax of 37.2, so 38, they would be 410 of 369.
    let refused = part(&before, &lines(&[(1, None), (2, None)])).unwrap_err().message;
    assert_eq!(
        refused,
        "lines 1, 2 of INV-1 are 372 JPY, but only 335 JPY of standard 10% items are left to take back"
    );
    for (value, expected) in [
        ("1", ["-1", "-1", "-2"]),
        ("2", ["-2", "0", "-2"]),
        ("7", ["-7", "0", "-7"]),
        ("1", ["-1", "-1", "-2"]),
        ("324", ["-324", "-32", "-356"]),
    ] {
        let note = part(&before, &lines(&[(1, Some(value))])).unwrap();
        assert_eq!(figures(&note.0)[..3], expected, "{value}");
        add(&mut before, &note);
    }
    let refused = part(&before, &lines(&[(2, None)])).unwrap_err().message;
    assert_eq!(refused, "line 2 of INV-1 is 15 JPY, but only 0 JPY of standard 10% items are left to take back");
    // 22 + 15 − 37 are left: nothing, but line by line.
    let (rest, _) = part(&before, &Extent::Whole).unwrap();
    assert_eq!((figures(&rest)[..3].join(" "), rest.items.len()), ("0 0 0".to_owned(), 3));
}

/// A base of 15 at 10 % in half-even: 1.5, so 2. Of it 5 would bear 0.5, so 0, and 10 then 2, of exactly 1.0. Each takes
/// back 1 instead: 5 its ceiling, 10 exactly 1. In a base of 25 (2.5, so 2) the same 5 bears 0, and 20 bears 2.
#[test]
fn half_even_parts_lie_between_floor_and_ceiling_too() {
    for (base, first, second) in [("15", "-1", "-1"), ("25", "0", "-2")] {
        let mut invoice = invoice();
        invoice.items = vec![item("x", base, TaxCategory::Standard)];
        invoice.tax_subtotals = taxed(&invoice.items, Rounding::HalfEven);
        invoice.total = amount(base).plus(amount("2")).unwrap();
        let mut before = Credited::default();
        let extent = lines(&[(1, Some("5"))]);
        let note = credit(&invoice, &before, by(Rounding::HalfEven, &invoice, &extent)).unwrap();
        assert_eq!(figures(&note.0)[1], first, "{base}");
        add(&mut before, &note);
        let note = credit(&invoice, &before, by(Rounding::HalfEven, &invoice, &Extent::Whole)).unwrap();
        assert_eq!(figures(&note.0)[1], second, "{base}");
    }
}

/// A rate below zero beside another: 100 at 10 % and a discount of −50 at 8 % are 50, and 10 − 4 of tax: 56. The 100 alone
/// would be 110 of 56 with tax; the discount alone would charge 54.
#[test]
fn a_note_never_exceeds_the_total() {
    let mut invoice = invoice();
    invoice.items = vec![item("x", "100", TaxCategory::Standard), item("y", "-50", TaxCategory::Reduced)];
    invoice.tax_subtotals = taxed(&invoice.items, Rounding::Down);
    invoice.total = amount("56");
    let part = |extent: &Extent| credit(&invoice, &Credited::default(), by(Rounding::Down, &invoice, extent));
    let refused = |extent: &[(usize, Option<&str>)]| part(&lines(extent)).unwrap_err().message;
    assert_eq!(refused(&[(1, None)]), "line 1 of INV-1: 110 JPY with tax, of which only 56 JPY are left to take back");
    assert_eq!(refused(&[(2, None)]), "taking back line 2 of INV-1 would charge 54 JPY: a credit note only gives back");
    assert_eq!(figures(&part(&lines(&[(1, Some("50"))])).unwrap().0)[..3], ["-50", "-5", "-55"]);
    assert_eq!(figures(&part(&lines(&[(1, None), (2, None)])).unwrap().0)[..3], ["-50", "-6", "-56"]);
}

/// `round-at = "invoice"`, up: lines of 100.35 and 50.2 add up to 150.55, so 151, with 0.45 of 端数調整 (line 3).
/// Line 2 first: 50.2, up to 51, so 0.8 more; then 40 of line 1: 90.2 in all, up to 91, so 40; the rest 60, which is the
/// 60.35 that are left less 0.35, as 0.45 − 0.8 = −0.35.
#[test]
fn exact_lines_are_rounded_like_the_invoice() {
    let mut invoice = invoice();
    let rounding = LineItem { kind: ItemKind::Rounding, ..item("端数調整", "0.45", TaxCategory::Standard) };
    invoice.items = vec![
        item("a", "100.35", TaxCategory::Standard),
        item("b", "50.2", TaxCategory::Standard),
        LineItem { cost: Amount::ZERO, quantity: None, ..rounding },
    ];
    invoice.tax_subtotals = taxed(&invoice.items, Rounding::Up);
    (invoice.subtotal, invoice.tax, invoice.total) = (amount("151"), amount("16"), amount("167"));
    let mut before = Credited::default();
    let mut part = |extent: Extent| {
        let note = credit(&invoice, &before, by(Rounding::Up, &invoice, &extent)).unwrap();
        add(&mut before, &note);
        let amounts = note.1.iter().zip(&note.0.items).map(|(line, item)| format!("{line}: {}", item.amount));
        (amounts.collect::<Vec<_>>().join(", "), figures(&note.0)[..3].join(" "))
    };
    let expected = |lines: &str, figures: &str| (lines.to_owned(), figures.to_owned());
    assert_eq!(part(lines(&[(2, None)])), expected("2: -50.2, 3: -0.8", "-51 -6 -57"));
    // 91 in all at 10 % are 9.1, so 10, of which 6 are taken back.
    assert_eq!(part(lines(&[(1, Some("40"))])), expected("1: -40", "-40 -4 -44"));
    assert_eq!(part(Extent::Whole), expected("1: -60.35, 3: 0.35", "-60 -6 -66"));
    let own = lines(&[(3, None)]);
    let refused = credit(&invoice, &Credited::default(), by(Rounding::Up, &invoice, &own)).unwrap_err().message;
    assert_eq!(refused, "line 3 of INV-1, \"端数調整\", cannot be taken back by itself");
}

/// 100.5 and 50.5 are 151 and need no 端数調整; line 1 alone does: 100.5, up to 101. What it adds comes off the rest.
#[test]
fn an_adjustment_that_the_invoice_did_not_need() {
    let mut invoice = invoice();
    invoice.items = vec![item("a", "100.5", TaxCategory::Standard), item("b", "50.5", TaxCategory::Standard)];
    invoice.tax_subtotals = taxed(&invoice.items, Rounding::Up);
    (invoice.subtotal, invoice.tax, invoice.total) = (amount("151"), amount("16"), amount("167"));
    let mut before = Credited::default();
    let extent = lines(&[(1, None)]);
    let (note, numbers) = credit(&invoice, &before, by(Rounding::Up, &invoice, &extent)).unwrap();
    assert_eq!((numbers.as_slice(), note.items[1].amount), (&[1, NO_LINE][..], amount("-0.5")));
    assert_eq!((note.items[1].kind, note.items[1].name.as_str()), (ItemKind::Rounding, "端数調整"));
    assert_eq!(figures(&note)[..3], ["-101", "-11", "-112"]);
    add(&mut before, &(note, numbers));
    let (rest, numbers) = credit(&invoice, &before, by(Rounding::Up, &invoice, &Extent::Whole)).unwrap();
    assert_eq!((numbers.as_slice(), rest.items[1].amount), (&[2, NO_LINE][..], amount("0.5")));
    assert_eq!(figures(&rest)[..3], ["-50", "-5", "-55"]);
}

fn by<'a>(tax_rounding: Rounding, invoice: &Invoice, extent: &'a Extent) -> CreditTerms<'a> {
    CreditTerms {
        number: "CN-1".to_owned(),
        date: invoice.issue_date,
        refund_note: None,
        reason: "x",
        extent,
        rounding: Rounding::Up,
        tax_rounding,
        language: Language::Japanese,
        to_yen: None,
    }
}

/// The tax of prices in hundredths by the law, in whole numbers: 10 or 8 over 100 of them, or over 110 or 108 where they
/// include it.
fn tax_of(group: TaxGroup, prices: i128, rounding: Rounding) -> i128 {
    let percent = i128::from(group.rate.whole_percent().unwrap());
    divided(prices * percent, 100 * (100 + if group.included { percent } else { 0 }), rounding)
}

/// The taxes of lines in hundredths.
fn taxed(items: &[LineItem], rounding: Rounding) -> Vec<TaxSubtotal> {
    let mut sums: BTreeMap<TaxGroup, i128> = BTreeMap::new();
    for item in items {
        *sums.entry(item.tax_group()).or_default() += item.amount.coefficient_at(2).unwrap();
    }
    let subtotal = |(&group, &prices): (&TaxGroup, &i128)| {
        let tax = tax_of(group, prices, rounding);
        let TaxGroup { category, rate, included } = group;
        let taxable = if included { prices - 100 * tax } else { prices };
        let (taxable, tax) = (Amount::new(taxable, 2).unwrap(), Amount::new(tax, 0).unwrap());
        TaxSubtotal { category, rate, name: None, taxable, tax, tax_jpy: None, tax_included: included }
    };
    sums.iter().map(subtotal).collect()
}

/// A quotient in whole numbers, rounded on its absolute value.
fn divided(value: i128, by: i128, rounding: Rounding) -> i128 {
    let (whole, rest) = (value.abs() / by, value.abs() % by);
    let away = match rounding {
        Rounding::Up => rest > 0,
        Rounding::Down => false,
        Rounding::HalfUp => 2 * rest >= by,
        Rounding::HalfEven => 2 * rest > by || 2 * rest == by && whole % 2 == 1,
    };
    value.signum() * (whole + i128::from(away))
}

const MODES: [Rounding; 4] = [Rounding::Up, Rounding::Down, Rounding::HalfUp, Rounding::HalfEven];

/// An invoice of any lines, in hundredths where `exact`, with the 端数調整 that `round-at = "invoice"` gives it.
fn any_invoice(lines: &[(i64, (bool, bool))], exact: bool, mode: Rounding, tax_mode: Rounding) -> Invoice {
    let mut invoice = invoice();
    let category = |reduced| if reduced { TaxCategory::Reduced } else { TaxCategory::Standard };
    let hundredths = |value: i64| if exact { i128::from(value) } else { i128::from(value) * 100 };
    let amount = |hundredths: i128| Amount::new(hundredths, 2).unwrap();
    invoice.items = Vec::new();
    let any = |name: &str, (reduced, tax_included): (bool, bool)| LineItem {
        tax_included,
        ..item(name, "0", category(reduced))
    };
    for (value, of) in lines {
        invoice.items.push(LineItem { amount: amount(hundredths(*value)), ..any("any", *of) });
    }
    for of in [(false, false), (false, true), (true, false), (true, true)] {
        let sum: i128 = lines.iter().filter(|line| line.1 == of).map(|line| hundredths(line.0)).sum();
        let difference = 100 * divided(sum, 100, mode) - sum;
        if difference != 0 {
            let amount = amount(difference);
            invoice.items.push(LineItem {
                kind: ItemKind::Rounding,
                cost: Amount::ZERO,
                amount,
                ..any("端数調整", of)
            });
        }
    }
    invoice.tax_subtotals = taxed(&invoice.items, tax_mode);
    for tax in invoice.tax_subtotals.iter().filter(|tax| tax.tax_included && !tax.tax.is_zero()) {
        let amount = tax.tax.negated();
        let line = any("税", (tax.category == TaxCategory::Reduced, true));
        invoice.items.push(LineItem { kind: ItemKind::IncludedTax, cost: Amount::ZERO, amount, ..line });
    }
    invoice.subtotal = Sum::of(invoice.items.iter().map(|item| item.amount)).unwrap();
    invoice.tax = Sum::of(invoice.tax_subtotals.iter().map(|tax| tax.tax)).unwrap();
    invoice.total = invoice.subtotal.plus(invoice.tax).unwrap();
    invoice
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1000))]

    /// Whatever parts are taken back in whatever order: no rate or total exceeds what was billed, no note charges, each
    /// tax lies between floor and ceiling of the exact one, and with the rest everything adds up to what was billed:
    /// lines, bases, taxes and costs.
    #[test]
    fn parts_and_the_rest_add_up_to_the_invoice(
        billed in proptest::collection::vec((-900i64..3000, (proptest::bool::ANY, proptest::bool::ANY)), 1..6),
        parts in proptest::collection::vec(proptest::collection::vec((0usize..6, 1i64..4000), 1..4), 0..8),
        exact in proptest::bool::ANY,
        modes in (0usize..4, 0usize..4),
    ) {
        let (mode, tax_mode) = (MODES[modes.0], MODES[modes.1]);
        let invoice = any_invoice(&billed, exact, mode, tax_mode);
        proptest::prop_assume!(invoice.total.is_positive() && !invoice.subtotal.is_negative());
        // A line of zero has nothing to take back, and so no cost.
        proptest::prop_assume!(billed.iter().all(|(value, _)| *value != 0));
        let mut before = Credited::default();
        let mut total = Amount::ZERO;
        let mut cost = Amount::ZERO;
        let mut notes = Vec::new();
        for wanted in parts {
            let mut chosen: BTreeMap<usize, Amount> = BTreeMap::new();
            for (line, value) in wanted {
                let line = line % billed.len() + 1;
                let left = before.left_of_line(&invoice, line).unwrap();
                let value = Amount::whole(if left.is_negative() { -value } else { value });
                chosen.insert(line, if value.magnitude() < left.magnitude() { value } else { left });
            }
            let chosen = chosen.into_iter().map(|(line, amount)| CreditedLine { line, amount: Some(amount) });
            let extent = Extent::Lines(chosen.collect());
            // Refused parts change nothing; other tests say which parts are refused.
            if let Ok(note) = credit(&invoice, &before, CreditTerms { rounding: mode, ..by(tax_mode, &invoice, &extent) }) {
                proptest::prop_assert!(note.0.total.is_negative());
                add(&mut before, &note);
                notes.push(note.0);
            }
        }
        if let Ok(note) = credit(&invoice, &before, CreditTerms { rounding: mode, ..by(tax_mode, &invoice, &Extent::Whole) }) {
            proptest::prop_assert!(!note.0.total.is_positive());
            add(&mut before, &note);
            notes.push(note.0);
        }
        let mut so_far: BTreeMap<TaxGroup, (Amount, Amount)> = BTreeMap::new();
        for note in &notes {
            let items = Sum::of(note.items.iter().map(|item| item.amount)).unwrap();
            proptest::prop_assert_eq!(items, note.subtotal);
            proptest::prop_assert_eq!(note.subtotal.scale(), 0);
            for tax in &note.tax_subtotals {
                let exact = |mode| {
                    let prices = tax.prices().unwrap().magnitude().coefficient_at(2).unwrap();
                    Amount::new(tax_of(tax.group(), prices, mode), 0).unwrap()
                };
                let (floor, ceiling) = (exact(Rounding::Down), exact(Rounding::Up));
                let tax_given = tax.tax.magnitude();
                proptest::prop_assert!(floor <= tax_given && tax_given <= ceiling, "{tax_given} of {tax:?}");
                let sums = so_far.entry(tax.group()).or_default();
                *sums = (sums.0.plus(tax.taxable).unwrap(), sums.1.plus(tax.tax).unwrap());
                let of = invoice.tax_subtotals.iter().find(|of| of.group() == tax.group());
                let of = of.unwrap();
                for (sum, billed) in [(sums.0, of.taxable), (sums.1, of.tax)] {
                    proptest::prop_assert!(sum.magnitude() <= billed.magnitude());
                    proptest::prop_assert!(sum.is_zero() || sum.is_negative() != billed.is_negative());
                }
                if tax_mode != Rounding::HalfEven {
                    let prices = if tax.tax_included { sums.0.plus(sums.1).unwrap() } else { sums.0 };
                    let exact = tax_of(tax.group(), prices.negated().coefficient_at(2).unwrap(), tax_mode);
                    proptest::prop_assert_eq!(sums.1.negated(), Amount::new(exact, 0).unwrap());
                }
            }
            total = total.plus(note.total).unwrap();
            cost = cost.plus(note.cost).unwrap();
            proptest::prop_assert!(total.magnitude() <= invoice.total);
        }
        for line in 1..=billed.len() {
            proptest::prop_assert!(before.left_of_line(&invoice, line).unwrap().is_zero());
        }
        proptest::prop_assert_eq!(total.negated(), invoice.total);
        for tax in &invoice.tax_subtotals {
            let credited = before.of_group(tax.group());
            proptest::prop_assert_eq!((credited.base.negated(), credited.tax.negated()), (tax.taxable, tax.tax));
        }
        proptest::prop_assert_eq!(cost.negated(), Sum::of(invoice.items.iter().map(|item| item.cost)).unwrap());
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
