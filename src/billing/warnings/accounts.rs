//! Warnings about invoices that do not say where to pay.

use super::Month;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::warning::WarningCode;

/// Invoices without an account although others have one: an account in their currency is missing. An issuer without any
/// `[[issuer.bank]]` means to have none.
pub(super) fn without_account(month: Month<'_>) -> Vec<Diagnostic> {
    let Month { settings, billed, .. } = month;
    if settings.issuer.banks.is_empty() {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    for invoice in &billed.invoices {
        let customer = &settings.customers[invoice.customer];
        let (currency, language) = (invoice.currency, customer.invoice.language);
        if !settings.issuer.accounts(language, currency, &customer.id).is_empty() {
            continue;
        }
        let message = format!("the invoices of \"{}\" are in {currency} and name no account to pay to", customer.id);
        let warning = Diagnostic::finding(WarningCode::NoAccount, message, currency.code());
        let hint = format!("add an [[issuer.bank]] with currency = \"{currency}\"");
        warnings.push(warning.concerning(&customer.id).at(Place::file(&customer.path)).with_hint(hint));
    }
    warnings
}
