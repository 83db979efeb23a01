#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::model::accounting::AccountRule;
use crate::model::currency::Currency;
use crate::model::invoice::DocumentKind;
use crate::model::matcher::Glob;
use crate::model::rounding::Rounding;

fn whole(value: i64) -> Amount {
    Amount::whole(value)
}

fn group(category: TaxCategory, percent: u32, included: bool) -> TaxGroup {
    TaxGroup { category, rate: TaxRate::whole(percent), included }
}

/// A line of that name and price; one named `…-tax` takes the tax out of the prices before it.
fn line(name: &str, amount: i64, group: TaxGroup) -> Line {
    let kind = if name.ends_with("-tax") { ItemKind::IncludedTax } else { ItemKind::Usage };
    Line {
        line: 1,
        source: Some("soracom".to_owned()),
        name: name.to_owned(),
        qualifier: None,
        kind,
        amount: whole(amount),
        tax_category: group.category,
        tax_rate: group.rate,
        tax_included: group.included,
        adjustment: None,
        section: None,
    }
}

fn subtotal(group: TaxGroup, taxable: i64, tax: i64) -> TaxSubtotal {
    TaxSubtotal {
        category: group.category,
        rate: group.rate,
        name: None,
        taxable: whole(taxable),
        tax: whole(tax),
        tax_jpy: None,
        tax_included: group.included,
    }
}

/// An invoice INV-1 of acme, issued and due on 1 September 2022.
pub(in crate::export) fn document(items: Vec<Line>, tax_subtotals: Vec<TaxSubtotal>) -> Document {
    let sum = |amount: fn(&TaxSubtotal) -> Amount| Sum::of(tax_subtotals.iter().map(amount)).unwrap();
    let (subtotal, tax) = (sum(|it| it.taxable), sum(|it| it.tax));
    let day = NaiveDate::from_ymd_opt(2022, 9, 1).unwrap();
    Document {
        number: "INV-1".to_owned(),
        kind: DocumentKind::Invoice,
        version: 1,
        running: None,
        customer: "acme".to_owned(),
        customer_name: "アクメ".to_owned(),
        issue_date: day,
        due_date: day,
        order_number: None,
        currency: Currency::JPY,
        tax_regime: Default::default(),
        original: None,
        whole: false,
        items,
        tax_subtotals,
        subtotal,
        tax,
        total: subtotal.plus(tax).unwrap(),
        cost: Amount::ZERO,
        file: "acme/INV-1".to_owned(),
        outputs: Vec::new(),
    }
}

/// Lines whose names begin with `b` have an account of their own.
fn two_accounts() -> Accounting {
    Accounting { rules: vec![rule("b*", "通信サービス売上")], ..Accounting::default() }
}

fn rule(item: &str, sales: &str) -> AccountRule {
    AccountRule {
        customer: None,
        item: Some(Glob::new(item)),
        source: None,
        kind: None,
        sales: sales.to_owned(),
        definition: Default::default(),
    }
}

/// Account, category, taxable and tax of each posting.
fn posted(document: &Document, accounting: &Accounting) -> Vec<(String, String, i64, i64)> {
    let number = |amount: Amount| i64::try_from(amount.coefficient_at(0).unwrap()).unwrap();
    let postings = postings(document, accounting).unwrap();
    let shown = |it: &Posting| {
        let rate = format!("{} {}", it.category.name(), it.rate);
        (it.account.clone(), rate, number(it.taxable), number(it.tax))
    };
    postings.iter().map(shown).collect()
}

fn expected(all: &[(&str, &str, i64, i64)]) -> Vec<(String, String, i64, i64)> {
    all.iter()
        .map(|(account, rate, taxable, tax)| ((*account).to_owned(), (*rate).to_owned(), *taxable, *tax))
        .collect()
}

/// Three rates: 333 at 10 % (33.3, up 34), 199 at 8 % (15.92, up 16), 1,000 exempt.
#[test]
fn three_rates() {
    let (standard, reduced) = (group(TaxCategory::Standard, 10, false), group(TaxCategory::Reduced, 8, false));
    let exempt = group(TaxCategory::Exempt, 0, false);
    let items = vec![
        line("a1", 200, standard),
        line("a2", 199, reduced),
        line("a3", 133, standard),
        line("roaming", 1000, exempt),
    ];
    let taxes = vec![subtotal(standard, 333, 34), subtotal(reduced, 199, 16), subtotal(exempt, 1000, 0)];
    let sales = "売上高";
    assert_eq!(
        posted(&document(items, taxes), &Accounting::default()),
        expected(&[(sales, "standard 10%", 333, 34), (sales, "reduced 8%", 199, 16), (sales, "exempt 0%", 1000, 0)])
    );
}

/// 34 yen over 200 and 133: 20.42… and 13.57…, so the missing yen goes to the second.
#[test]
fn two_accounts_share_the_tax_of_one_rate() {
    let standard = group(TaxCategory::Standard, 10, false);
    let items = vec![line("a", 200, standard), line("b", 133, standard)];
    assert_eq!(
        posted(&document(items, vec![subtotal(standard, 333, 34)]), &two_accounts()),
        expected(&[("売上高", "standard 10%", 200, 20), ("通信サービス売上", "standard 10%", 133, 14)])
    );
}

/// The same taken back: each figure mirrored. Then a discount of its own account: 17 yen over 200 and −35, together 165:
/// 20.606… and −3.606…; 20 − 3 is 17.
#[test]
fn below_zero() {
    let standard = group(TaxCategory::Standard, 10, false);
    let items = vec![line("a", -200, standard), line("b", -133, standard)];
    assert_eq!(
        posted(&document(items, vec![subtotal(standard, -333, -34)]), &two_accounts()),
        expected(&[("売上高", "standard 10%", -200, -20), ("通信サービス売上", "standard 10%", -133, -14)])
    );
    let items = vec![line("a", 200, standard), line("b", -35, standard)];
    assert_eq!(
        posted(&document(items, vec![subtotal(standard, 165, 17)]), &two_accounts()),
        expected(&[("売上高", "standard 10%", 200, 20), ("通信サービス売上", "standard 10%", -35, -3)])
    );
}

/// Prices with tax: 980 and 330 at 10/110 are 119.09…, up 120. Over 980 and 330: 89.77… and 30.22…, so 90 and 30 are taken
/// off: 890 and 300. A price of 100 without tax has 10 of its own, in the same posting.
#[test]
fn prices_with_tax_lose_it_in_their_own_accounts() {
    let (with, without) = (group(TaxCategory::Standard, 10, true), group(TaxCategory::Standard, 10, false));
    let items =
        vec![line("a", 980, with), line("b", 330, with), line("included-tax", -120, with), line("a2", 100, without)];
    let taxes = vec![subtotal(with, 1190, 120), subtotal(without, 100, 10)];
    assert_eq!(
        posted(&document(items, taxes), &two_accounts()),
        expected(&[("売上高", "standard 10%", 990, 100), ("通信サービス売上", "standard 10%", 300, 30)])
    );
}

/// Rounded on the invoice: 10.25 of the first account, 20.5 and 0.7 of the second, and 0.55 make 32. 10.8 and 21.2 are 11 and
/// 21; of the tax of 4 (3.2, up), 1.375 and 2.625, the second gets 3.
#[test]
fn lines_finer_than_a_yen_are_booked_in_yen() {
    let standard = group(TaxCategory::Standard, 10, false);
    let exact = |name: &str, amount: &str| Line {
        amount: Amount::parse(amount.as_bytes()).unwrap(),
        ..line(name, 0, standard)
    };
    let mut rounding = exact("端数調整", "0.55");
    rounding.kind = ItemKind::Rounding;
    let items = vec![exact("a", "10.25"), exact("b", "20.5"), exact("b2", "0.7"), rounding];
    assert_eq!(
        posted(&document(items, vec![subtotal(standard, 32, 4)]), &two_accounts()),
        expected(&[("売上高", "standard 10%", 11, 1), ("通信サービス売上", "standard 10%", 21, 3)])
    );
}

/// An adjustment of a month before October 2019 has its own row and rate; lines that cancel each other leave nothing.
#[test]
fn other_months_and_lines_of_nothing() {
    let (now, then) = (group(TaxCategory::Standard, 10, false), group(TaxCategory::Standard, 8, false));
    let items =
        vec![line("a", 500, now), line("a", 250, then), line("b", 70, now), line("b", -70, now), line("c", 0, then)];
    assert_eq!(
        posted(&document(items, vec![subtotal(now, 500, 50), subtotal(then, 250, 20)]), &two_accounts()),
        expected(&[("売上高", "standard 10%", 500, 50), ("売上高", "standard 8%", 250, 20)])
    );
}

/// A price with tax above zero and one without below it cannot be one posting: their taxes have different signs.
#[test]
fn postings_of_different_signs_stay_apart() {
    let (with, without) = (group(TaxCategory::Standard, 10, true), group(TaxCategory::Standard, 10, false));
    let items = vec![line("a", 110, with), line("included-tax", -10, with), line("a2", -50, without)];
    let taxes = vec![subtotal(with, 100, 10), subtotal(without, -50, -5)];
    assert_eq!(
        posted(&document(items, taxes), &Accounting::default()),
        expected(&[("売上高", "standard 10%", 100, 10), ("売上高", "standard 10%", -50, -5)])
    );
}

#[test]
fn rules_match_by_every_key_and_the_first_decides() {
    let standard = group(TaxCategory::Standard, 10, false);
    let mut fee = line("運用保守料", 100, standard);
    (fee.kind, fee.source) = (ItemKind::Fee, Some(String::new()));
    let items = vec![line("basicCharge", 200, standard), fee, line("vpgCharge", 300, standard)];
    let of = |change: &dyn Fn(&mut AccountRule)| {
        let mut rule = AccountRule { item: None, ..rule("*", "A") };
        change(&mut rule);
        let rules = vec![rule, AccountRule { item: None, ..self::rule("*", "B") }];
        let document = document(items.clone(), vec![subtotal(standard, 600, 60)]);
        posted(&document, &Accounting { rules, ..Accounting::default() })
    };
    let a_and_b = |a: i64, b: i64| expected(&[("A", "standard 10%", a, a / 10), ("B", "standard 10%", b, b / 10)]);
    assert_eq!(of(&|rule| rule.item = Some(Glob::new("basic*"))), a_and_b(200, 400));
    assert_eq!(
        of(&|rule| rule.source = Some(Glob::new("sora*"))),
        expected(&[("A", "standard 10%", 500, 50), ("B", "standard 10%", 100, 10)])
    );
    assert_eq!(of(&|rule| rule.kind = Some(ItemKind::Fee)).len(), 2);
    assert_eq!(of(&|rule| rule.customer = Some(Glob::new("acme"))), expected(&[("A", "standard 10%", 600, 60)]));
    assert_eq!(of(&|rule| rule.customer = Some(Glob::new("bravo"))), expected(&[("B", "standard 10%", 600, 60)]));
}

#[test]
fn records_without_sources_and_records_that_do_not_add_up_are_refused() {
    let standard = group(TaxCategory::Standard, 10, false);
    let mut old = line("basicCharge", 200, standard);
    old.source = None;
    let of_source = AccountRule { item: None, source: Some(Glob::new("soracom")), ..rule("*", "A") };
    let accounting = Accounting { rules: vec![of_source], ..Accounting::default() };
    let document = document(vec![old], vec![subtotal(standard, 200, 20)]);
    assert!(matches!(postings(&document, &accounting), Err(Unposted::NoSource { .. })));
    assert!(postings(&document, &Accounting::default()).is_ok());
    for change in [
        |document: &mut Document| document.items[0].amount = Amount::whole(201),
        |document: &mut Document| document.tax = Amount::whole(21),
        |document: &mut Document| document.total = Amount::whole(221),
        |document: &mut Document| document.subtotal = Amount::whole(199),
    ] {
        let mut wrong = document.clone();
        change(&mut wrong);
        assert!(matches!(postings(&wrong, &Accounting::default()), Err(Unposted::Unequal { .. })));
    }
}

proptest! {
    /// Whatever lines a document has: Σ taxable + Σ tax = total, Σ tax of each rate = the document's, and an account has
    /// what its lines add up to.
    #[test]
    fn postings_add_up(
        lines in proptest::collection::vec((0usize..4, 0usize..3, -5_000i64..20_000), 1..20),
        mode in 0usize..4,
    ) {
        let groups = [
            group(TaxCategory::Standard, 10, false),
            group(TaxCategory::Standard, 10, true),
            group(TaxCategory::Reduced, 8, false),
            group(TaxCategory::OutOfScope, 0, false),
        ];
        let rounding = Rounding::NAMES[mode].1;
        let mut items: Vec<Line> =
            lines.iter().map(|(of, account, amount)| line(["a", "b", "c"][*account], *amount, groups[*of])).collect();
        let mut taxes = Vec::new();
        for group in groups {
            let prices = items.iter().filter(|line| group_of(line) == group).map(|line| line.amount);
            let prices = Sum::of(prices).unwrap();
            let tax = group.tax(prices, rounding, 0).unwrap();
            if group.included {
                items.push(Line { amount: tax.negated(), ..line("included-tax", 0, group) });
            }
            let taxable = if group.included { prices.minus(tax).unwrap() } else { prices };
            taxes.push(TaxSubtotal { taxable, tax, ..subtotal(group, 0, 0) });
        }
        let rules = vec![rule("b", "B"), rule("c", "C")];
        let document = document(items, taxes);
        let postings = postings(&document, &Accounting { rules, ..Accounting::default() }).unwrap();
        let sum = |amounts: Vec<Amount>| Sum::of(amounts.into_iter()).unwrap();
        let totals = sum(postings.iter().map(|it| it.total().unwrap()).collect());
        prop_assert_eq!(totals, document.total);
        for tax in &document.tax_subtotals {
            let same = |category, rate| (category, rate) == (tax.category, tax.rate);
            let posted = postings.iter().filter(|it| same(it.category, it.rate)).map(|it| it.tax).collect();
            let stated = document.tax_subtotals.iter().filter(|it| same(it.category, it.rate)).map(|it| it.tax).collect();
            prop_assert_eq!(sum(posted), sum(stated));
        }
        for posting in &postings {
            prop_assert!(posting.taxable.is_negative() == posting.tax.is_negative() || posting.tax.is_zero() || posting.taxable.is_zero());
        }
    }
}
