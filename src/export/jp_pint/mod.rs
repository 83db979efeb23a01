//! JP PINT 1.1.3, Japan's invoices in the Peppol network: an issued document as UBL 2.1, checked before anybody sees it.
//!
//! What was issued comes from the document's own JSON, so an e-invoice states what the PDF states. Addresses in the network,
//! accounts by their codes and codes of units are those of the workspace now: they say where and how, not what.

mod check;
mod element;
pub(super) mod files;
mod invoice;
mod issued;
mod lines;
mod names;
mod source;
mod taxes;
mod ubl;

pub use check::{TaxRule, check};
pub use source::{Csv, IssuedFiles, Source};

use invoice::Document;
use issued::Issued;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::customer::Customer;
use crate::model::peppol::{JAPAN, PeppolId};
use crate::model::settings::Settings;

/// Bytes above which some receivers refuse an attachment.
const LARGE_ATTACHMENT: usize = 5 << 20;

/// Why the tax of prices with and without tax may be one that JP PINT does not allow.
const MIXED_PRICES: &str = "its prices with and without tax were rounded apart; JP PINT has one tax for each rate";

/// A document as JP PINT.
#[derive(Clone, Debug)]
pub struct EInvoice {
    /// Number of the document.
    pub number: String,
    /// Who receives it.
    pub receiver: PeppolId,
    /// Whether the receiver's address is only its registration number: it may have registered itself otherwise.
    pub is_assumed: bool,
    /// The UBL.
    pub bytes: Vec<u8>,
    /// What is unusual but right.
    pub warnings: Vec<Diagnostic>,
}

impl EInvoice {
    /// Makes the e-invoice of a document and checks it.
    ///
    /// # Errors
    /// Everything that the document lacks, and whatever the checks find.
    pub fn of(source: &Source<'_>) -> Result<EInvoice, Problems> {
        let issued = Issued::read(source.json).map_err(|problem| problem.at(Place::file(source.path)))?;
        if !issued.tax_regime.is_japan() {
            let message = format!("{} does not state Japan's consumption tax, which JP PINT is for", issued.number);
            let hint = "leave it out with --number or --customer; --to csv and --to json have its figures";
            return Err(Diagnostic::error(message).at(Place::file(source.path)).with_hint(hint).into());
        }
        let mut problems = Problems::default();
        let mut warnings = Vec::new();
        let sender = problems.keep(sender(source.now, &issued, &mut warnings));
        let receiver = problems.keep(receiver(source, &issued));
        let (Some(sender), Some((customer, receiver, is_assumed))) = (sender, receiver) else {
            return Err(problems);
        };
        warnings.extend(large_attachment(source, &issued.number));
        let document = Document { source, issued: &issued, customer, sender, receiver: receiver.clone() };
        let bytes = document.write()?;
        let rounding = source.rounding(&issued.customer.id);
        let rule = rounding.map(|rounding| TaxRule { rounding, subtotals: &issued.tax_subtotals });
        let found: Problems = check(source.path, &bytes, rule).into_iter().collect();
        let found =
            if issued.has_mixed_prices() { found.each(|problem| problem.with_note(MIXED_PRICES)) } else { found };
        found.check()?;
        Ok(EInvoice { number: issued.number, receiver, is_assumed, bytes, warnings })
    }
}

/// The number of the document that an e-invoice states; none of what is no invoice in UBL.
pub fn number_of(bytes: &[u8]) -> Option<String> {
    element::parse(bytes).ok()?.text_at("cbc:ID").map(str::to_owned)
}

/// The issuer's address: its own, or the corporate number in its registration number.
fn sender(settings: &Settings, issued: &Issued, warnings: &mut Vec<Diagnostic>) -> Result<PeppolId, Diagnostic> {
    let number = issued.issuer.registration_number.as_deref();
    if number.is_none() {
        if issued.month.last() >= check::REGISTERED_SINCE {
            let hint = "add registration-number = \"T…\" to [issuer] before issuing: supplies since 2023-10-01 need it";
            let message = format!("{} was issued without a registration number", issued.number);
            return Err(Diagnostic::error(message).with_hint(hint));
        }
        let message = format!("{} has no registration number", issued.number);
        warnings.push(Diagnostic::warning(message).with_note("supplies before 2023-10-01 need none"));
    }
    let own = settings.issuer.peppol.clone();
    own.or_else(|| number.map(PeppolId::of_corporate_number)).ok_or_else(|| {
        let hint = "add peppol = \"0188:7000012050002\" to [issuer]";
        Diagnostic::error("the issuer has no address in the Peppol network").with_hint(hint)
    })
}

/// The customer, its address, and whether that is only assumed.
fn receiver<'a>(source: &Source<'a>, issued: &Issued) -> Result<(&'a Customer, PeppolId, bool), Diagnostic> {
    let customer = source.customer(&issued.customer.id)?;
    let id = &customer.id;
    if customer.country != JAPAN {
        let message = format!("the customer \"{id}\" is in {}: JP PINT is for receivers in Japan", customer.country);
        let hint = "such an invoice is one of Peppol BIS Billing 3.0, which this program does not write: leave it out with --customer";
        return Err(Diagnostic::error(message).at(Place::file(&customer.path)).with_hint(hint));
    }
    if let Some(own) = &customer.peppol {
        return Ok((customer, own.clone(), false));
    }
    let registered = issued.customer.registration_number.as_deref().or(customer.registration_number.as_deref());
    let assumed = registered.map(PeppolId::of_registration_number);
    assumed.map(|assumed| (customer, assumed, true)).ok_or_else(|| {
        let message = format!("the customer \"{id}\" has no address in the Peppol network");
        let hint =
            "add [peppol] with id = \"0221:T…\" or \"0188:…\" to its file, as the customer has registered itself";
        Diagnostic::error(message).at(Place::file(&customer.path)).with_hint(hint)
    })
}

fn large_attachment(source: &Source<'_>, number: &str) -> Option<Diagnostic> {
    let (name, bytes) = source.csv.filter(|(_, bytes)| bytes.len() > LARGE_ATTACHMENT)?;
    let message = format!("{name}, attached to {number}, is larger than {} MiB", LARGE_ATTACHMENT >> 20);
    let hint = "some receivers refuse such an e-invoice: attach = [] leaves the CSV out";
    Some(
        Diagnostic::warning(message)
            .at(Place::file(source.path))
            .with_note(format!("{} bytes", bytes.len()))
            .with_hint(hint),
    )
}
