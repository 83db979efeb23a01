//! Finds the columns of a FOCUS bill by their names.

use csv::ByteRecord;

use super::super::cells::shown;
use super::super::column_text::CellText;
use super::super::table;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::column_text::columns_of;
use crate::model::focus::{CostColumn, FocusSettings, QuantityColumns, TAG_PREFIX};
use crate::model::matcher::Glob;

/// A column: its position and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) at: usize,
    pub(super) name: &'static str,
}

/// Positions of the columns that are read.
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) billed: Column,
    /// What charges cost, where that is not the billed cost.
    pub(super) cost: Option<Column>,
    pub(super) billing_account: Column,
    pub(super) currency: Column,
    pub(super) billing_start: Column,
    pub(super) billing_end: Column,
    pub(super) start: Column,
    pub(super) end: Column,
    pub(super) category: Column,
    pub(super) class: Option<Column>,
    pub(super) sub_account: Option<Column>,
    pub(super) sub_account_name: Option<Column>,
    pub(super) resource: Option<Column>,
    pub(super) resource_name: Option<Column>,
    pub(super) sku: Option<Column>,
    pub(super) tags: Option<Column>,
    pub(super) invoice: Option<Column>,
    /// Quantity and its unit.
    pub(super) quantity: Option<(Column, Column)>,
    pub(super) unit_price: Option<Column>,
    /// A commitment that covers the row, and what the row costs with it.
    pub(super) commitment: Option<(Column, Column)>,
    pub(super) item: CellText,
    /// What cells must match for the row to be read.
    pub(super) filter: Vec<(usize, Glob)>,
    /// Columns that rules match as tags, with the tag's name.
    pub(super) tag_columns: Vec<(String, usize)>,
    /// Every column that identifies the subject of a charge.
    pub(super) identity: Vec<usize>,
}

/// The columns that every version has and every row fills.
const NEEDED: [&str; 9] = [
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ServiceName",
];

/// Columns by which a version is recognised, the newest first: the first of which any is there. Version 1.4 has dropped
/// those of providers' names that 1.3 still has.
const VERSIONS: [(&str, &[&str]); 4] = [
    ("1.3", &["ServiceProviderName", "HostProviderName", "AllocatedResourceId"]),
    ("1.2", &["InvoiceId", "PricingCurrency", "BillingAccountType", "SubAccountType"]),
    (
        "1.1",
        &["ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "CapacityReservationId", "CommitmentDiscountQuantity"],
    ),
    ("1.0", &["ChargeClass", "ChargeFrequency", "EffectiveCost", "ListCost", "SubAccountId", "ServiceCategory"]),
];

/// The version of FOCUS that a bill seems to have; none where it has hardly a column of FOCUS.
fn version(names: &[&str]) -> Option<&'static str> {
    let has_any = |columns: &&[&str]| columns.iter().any(|column| names.contains(column));
    let newest = VERSIONS.iter().find(|(_, columns)| has_any(columns))?.0;
    let old = ["ProviderName", "PublisherName"].iter().any(|column| names.contains(column));
    Some(if newest == "1.3" && !old { "1.4" } else { newest })
}

impl Columns {
    /// Reads the header row.
    ///
    /// # Errors
    /// Columns that are missing, or there twice; a header that is not UTF-8.
    pub(super) fn find(header: &ByteRecord, settings: &FocusSettings, path: &str) -> Result<Columns, Diagnostic> {
        let names = table::names(header, path)?;
        let place = || Place::line(path, 1).with_excerpt(shown(header));
        let found = |name: &str| names.iter().position(|known| *known == name);
        let column = |name: &'static str| Some(Column { at: found(name)?, name });
        let (cost, quantity) = (settings.cost, settings.quantity.columns());
        check_all_there(&names, settings).map_err(|problem| problem.at(place()))?;
        let needed = |name: &'static str| column(name).expect("all needed columns are there");
        let named = |name: &str| found(name).expect("all columns of the settings are there");
        let tag_columns = settings.tag_columns.iter();
        let tag_columns = tag_columns.filter_map(|name| Some((format!("{TAG_PREFIX}{name}"), found(name)?)));
        let mut columns = Columns {
            count: names.len(),
            billed: needed("BilledCost"),
            cost: (cost != CostColumn::Billed).then(|| needed(cost.column())),
            billing_account: needed("BillingAccountId"),
            currency: needed("BillingCurrency"),
            billing_start: needed("BillingPeriodStart"),
            billing_end: needed("BillingPeriodEnd"),
            start: needed("ChargePeriodStart"),
            end: needed("ChargePeriodEnd"),
            category: needed("ChargeCategory"),
            class: column("ChargeClass"),
            sub_account: column("SubAccountId"),
            sub_account_name: column("SubAccountName"),
            resource: column("ResourceId"),
            resource_name: column("ResourceName"),
            sku: column("SkuId"),
            tags: column("Tags"),
            invoice: column("InvoiceId"),
            quantity: column(quantity.0).zip(column(quantity.1)),
            unit_price: unit_price(settings).and_then(column),
            commitment: column("CommitmentDiscountId").zip(column("EffectiveCost")),
            item: CellText::of(&settings.item, named),
            filter: settings.filter.iter().map(|(name, glob)| (named(name), glob.clone())).collect(),
            tag_columns: tag_columns.collect(),
            identity: Vec::new(),
        };
        columns.identity = columns.identity();
        Ok(columns)
    }

    fn identity(&self) -> Vec<usize> {
        let usual = [self.sub_account, self.sub_account_name, self.resource, self.resource_name, self.sku, self.tags];
        let usual = usual.into_iter().flatten().map(|column| column.at).chain([self.billing_account.at]);
        let mut identity: Vec<usize> = usual.chain(self.tag_columns.iter().map(|(_, at)| *at)).collect();
        identity.sort_unstable();
        identity.dedup();
        identity
    }
}

/// The column of the price per unit of the quantity that is read.
fn unit_price(settings: &FocusSettings) -> Option<&'static str> {
    match (settings.quantity, settings.cost) {
        (QuantityColumns::Consumed, _) => None,
        (QuantityColumns::Pricing, CostColumn::List) => Some("ListUnitPrice"),
        (QuantityColumns::Pricing, _) => Some("ContractedUnitPrice"),
    }
}

/// Refuses a bill that lacks columns which are needed or that the source names, or has one twice.
fn check_all_there(names: &[&str], settings: &FocusSettings) -> Result<(), Diagnostic> {
    let is_missing = |name: &str| !names.contains(&name);
    let (quantity, unit) = settings.quantity.columns();
    let mut missing: Vec<&str> = NEEDED.into_iter().filter(|name| is_missing(name)).collect();
    if missing.len() > NEEDED.len() / 2 {
        let diagnostic = match names {
            [only] if only.contains(['\t', ';']) => Diagnostic::error("the bill's cells are not separated by commas"),
            _ => Diagnostic::error("the file is not a bill in FOCUS"),
        };
        let hint = "export the bill as CSV in FOCUS 1.0 to 1.4; docs/cloud.md in invoicer's repository says how";
        return Err(diagnostic.with_hint(hint));
    }
    let wanted = [settings.cost.column()].into_iter().chain((!is_missing(quantity)).then_some(unit));
    for name in wanted.chain(columns_of(&settings.item)).chain(settings.filter.iter().map(|(name, _)| name.as_str())) {
        if is_missing(name) && !missing.contains(&name) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        let twice = names.iter().enumerate().find(|(at, name)| !name.is_empty() && names[..*at].contains(name));
        return match twice {
            None => Ok(()),
            Some((_, name)) => Err(Diagnostic::error(format!("the bill has two columns {name}"))
                .with_hint("export the bill again; no column of FOCUS is there twice")),
        };
    }
    let lacking = match missing.as_slice() {
        [one] => format!("the bill has no column {one}"),
        several => format!("the bill has no columns {}", several.join(", ")),
    };
    let diagnostic = Diagnostic::error(lacking);
    let diagnostic = match version(names) {
        Some(version) => diagnostic.with_note(format!("by its other columns it is FOCUS {version}")),
        None => diagnostic,
    };
    let otherwise = |name: &&str| names.iter().find(|known| known.eq_ignore_ascii_case(name));
    Err(match missing.iter().find_map(otherwise) {
        Some(near) => diagnostic.with_hint(format!("there is a column \"{near}\"; names are case-sensitive")),
        None => diagnostic.with_hint("export the bill with all columns of FOCUS, or name other columns in [[source]]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_recognised_by_their_columns() {
        for (names, expected) in [
            (&["BilledCost", "ChargeClass", "ProviderName"][..], Some("1.0")),
            (&["BilledCost", "SkuMeter", "ProviderName"], Some("1.1")),
            (&["BilledCost", "InvoiceId", "SkuMeter", "ProviderName"], Some("1.2")),
            (&["InvoiceId", "ServiceProviderName", "ProviderName"], Some("1.3")),
            (&["InvoiceId", "ServiceProviderName", "HostProviderName"], Some("1.4")),
            (&["imsi", "date"], None),
        ] {
            assert_eq!(version(names), expected, "{names:?}");
        }
    }
}
