//! Names that documents of UBL 2.1 and JP PINT have alike.

/// The document.
pub(super) const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";

/// `cac:`, elements with others inside.
pub(super) const AGGREGATE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";

/// `cbc:`, elements with values.
pub(super) const BASIC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";

/// The specification: JP PINT of version 1.
pub(super) const CUSTOMIZATION: &str = "urn:peppol:pint:billing-1@jp-1";

/// The process.
pub(super) const PROFILE: &str = "urn:peppol:bis:billing";

/// The kind of document: JP PINT has one for invoices and credit notes.
pub(super) const TYPE: &str = "380";
