//! Tests that an explanation which does not give the printed amount is an error.

use std::path::Path;

use super::*;
use crate::billing::{BilledMonth, invoices};
use crate::model::invoice::Status;
use crate::{sources, workspace};

fn case(name: &str) -> (Settings, Bill, BilledMonth) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    let settings = workspace::load(&root).unwrap().settings;
    let bill = sources::read(&root, &settings, "202208".parse().unwrap(), false).unwrap();
    let billed = invoices(&bill, &settings, Status::Built, &[]).unwrap();
    (settings, bill, billed)
}

fn refused(name: &str, change: impl Fn(&mut Invoice)) -> String {
    let (settings, bill, mut billed) = case(name);
    let invoice = &mut billed.invoices[0];
    assert!(explain(&bill, &settings, invoice, &Wanted::default()).is_ok());
    change(invoice);
    explain(&bill, &settings, invoice, &Wanted::default()).unwrap_err()[0].message.clone()
}

#[test]
fn a_changed_figure_is_never_explained_away() {
    let one = Amount::whole(1);
    for (name, expected, change) in [
        (
            "worked-example",
            "line 2 (uploadDataCharge) is 1",
            (|invoice, one| invoice.items[1].amount = one) as Alteration,
        ),
        ("worked-example", "line 1 costs 1", |invoice, one| invoice.items[0].cost = one),
        ("worked-example", "standard 10% is 335 and 1 of tax", |invoice, one| invoice.tax_subtotals[0].tax = one),
        ("worked-example", "the total is 1", |invoice, one| invoice.total = one),
        ("worked-example", "the share of billing/202208/soracom.csv:6 is -31.4075", |invoice, _| {
            let cost = Amount::parse(b"-31.4075").unwrap();
            invoice.shares[0].cost = cost;
            let exact = cost.times(Amount::parse(b"1.15").unwrap()).unwrap();
            let detail = invoice.details.iter_mut().find(|detail| detail.portion == 1).unwrap();
            detail.amount = crate::model::packed::Packed::new(exact, &mut invoice.long_amounts);
        }),
        ("worked-example", "soracom.csv:2 is 1", |invoice, one| {
            let detail = invoice.details.iter_mut().find(|detail| detail.portion == 0 && detail.item.0 == 0).unwrap();
            detail.amount = crate::model::packed::Packed::new(one, &mut invoice.long_amounts);
        }),
        ("tiers-fees-and-minimum", "line 3 (運用保守料) is 1", |invoice, one| invoice.items[2].amount = one),
        ("tiers-fees-and-minimum", "line 5 (最低利用料金調整) is 1", |invoice, one| {
            invoice.items[4].amount = one
        }),
        ("rounding-per-invoice", "line 4 (端数調整) is 1", |invoice, one| invoice.items[3].amount = one),
    ] {
        let message = refused(name, |invoice| change(invoice, one));
        assert!(message.starts_with("the explanation does not give what is printed: "), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

type Alteration = fn(&mut Invoice, Amount);
