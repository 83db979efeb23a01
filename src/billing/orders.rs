//! Customers' orders, and invoices that wait.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::customer::Customer;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;

/// Refuses an invoice that must name an order and names none.
pub(super) fn check_order_number(
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
) -> Result<(), Diagnostic> {
    if !customer.order_required || settings.order_number(month, customer).is_some() {
        return Ok(());
    }
    let id = &customer.id;
    let message = format!("the invoice of \"{id}\" for {month} needs the number of an order, and there is none");
    let hint = format!(
        "add order-number = \"…\" to [customer.{id}] in adjustments/{month}.toml, or an order-number with from and until to \
         {}",
        customer.path
    );
    Err(Diagnostic::error(message).at(Place::file(&customer.path)).with_hint(hint))
}

/// Error for an invoice that may not be issued; none where nothing holds it back.
pub fn held(settings: &Settings, month: BillingMonth, customer: &Customer) -> Option<Diagnostic> {
    let notes = settings.document_notes(month, customer)?;
    let reason = notes.hold.as_ref()?;
    let message = format!("the invoice of \"{}\" for {month} is on hold: {reason}", customer.id);
    let diagnostic = Diagnostic::error(message).concerning(&customer.id).at(Place::start_of(&notes.hold_definition));
    Some(diagnostic.with_hint("remove `hold` when it may be issued, and build the month again"))
}

/// [`held`] as a warning, for a month that is built and not issued. Its facts are the reason, in the issuer's own words.
pub(super) fn on_hold(settings: &Settings, month: BillingMonth, customer: &Customer) -> Option<Diagnostic> {
    let Diagnostic { message, place, hint, .. } = held(settings, month, customer)?;
    let reason = settings.document_notes(month, customer)?.hold.as_ref()?;
    let warning = Diagnostic::finding(WarningCode::OnHold, message, reason).concerning(&customer.id);
    Some(Diagnostic { place, hint, ..warning })
}
