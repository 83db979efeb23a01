//! The numbers that a month's invoices get when it is issued.

use crate::billing;
use crate::ledger::Ledger;
use crate::model::invoice::Invoice;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

/// The number of an invoice, and the running number in it.
pub(super) struct InvoiceNumber {
    /// The number.
    pub(super) number: String,
    /// The running number (`{seq}`), where its pattern has one.
    pub(super) running: Option<u64>,
}

/// The numbers of a month's invoices: running numbers continue those of the ledger without a gap, in the order of the
/// customers' ids. Customers are sorted by id, and invoices by customer.
pub(super) fn numbers(
    ledger: &Ledger,
    settings: &Settings,
    month: BillingMonth,
    invoices: &[Invoice],
) -> Vec<InvoiceNumber> {
    let mut next = None;
    let number = |invoice: &Invoice| {
        let customer = &settings.customers[invoice.customer];
        let running = customer.has_running_number().then(|| {
            let running = next.unwrap_or_else(|| ledger.next_running(month, customer.invoice.numbering));
            next = Some(running + 1);
            running
        });
        InvoiceNumber { number: billing::number(month, customer, running), running }
    };
    invoices.iter().map(number).collect()
}
