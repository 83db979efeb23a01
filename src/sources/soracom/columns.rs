//! Finds the columns of a billing CSV.

use csv::ByteRecord;

use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::model::identifier::IdAlphabet;
use crate::model::matcher::normalized;
use crate::sources::cells::{cell, shown};

/// Columns that name a resource; the first that is not empty counts.
const RESOURCE_COLUMNS: [&str; 9] = [
    "imsi",
    "simId",
    "vpgId",
    "loraGatewayId",
    "loraDeviceId",
    "sigfoxDeviceId",
    "deviceId",
    "gadgetId",
    "soraCamDeviceId",
];

/// Columns whose ids have only decimal digits; the others have letters or hexadecimal digits.
const DIGIT_COLUMNS: [&str; 3] = ["imsi", "simId", "iccid"];

/// Columns of the charge itself.
const CHARGE_COLUMNS: [&str; 5] = ["date", "billItemName", "unitPrice", "quantity", "amount"];

/// Columns that hold a group, in NFC. SORACOM's page shows their headers only in a picture, so all spellings are read.
const GROUP_COLUMNS: [&str; 4] = ["groupName", "groupId", "group", "グループ名"];

/// Positions of the columns.
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) date: usize,
    pub(super) item: usize,
    pub(super) amount: usize,
    pub(super) unit_price: Option<usize>,
    pub(super) quantity: Option<usize>,
    /// Columns that name a resource, by priority.
    pub(super) resources: Vec<usize>,
    /// Every column of ids, including tags: position, name and alphabet of the ids.
    pub(super) ids: Vec<(usize, &'static str, IdAlphabet)>,
    pub(super) groups: Vec<usize>,
    pub(super) tags: Vec<(String, usize)>,
    /// The tag `name`, which names the resource.
    pub(super) name: Option<usize>,
    /// The operator, where the file has that column.
    pub(super) account: Option<usize>,
    /// Every column that identifies the subject of a charge, in the file's order.
    pub(super) identity: Vec<usize>,
}

impl Columns {
    /// Reads the header row.
    ///
    /// # Errors
    /// When a required column is missing, or the header is not UTF-8.
    pub(super) fn find(header: &ByteRecord, more_groups: &[String], path: &str) -> Result<Columns, Diagnostic> {
        let place = || Place::line(path, 1).with_excerpt(shown(header));
        let cells: Result<Vec<&str>, _> =
            (0..header.len()).map(|index| std::str::from_utf8(cell(header, index))).collect();
        let cells = cells.map_err(|_| {
            let hint = "save the file as it was downloaded; a spreadsheet may have changed its encoding";
            Diagnostic::error("the header is not UTF-8").at(place()).with_hint(hint)
        })?;
        let position = |name: &str| cells.iter().position(|cell| *cell == name);
        let required = |name: &str| {
            position(name).ok_or_else(|| {
                let diagnostic = Diagnostic::error(format!("the bill has no column {name}")).at(place());
                match nearest(name, cells.iter().copied()) {
                    _ if cells.len() == 1 && cells[0].contains(['\t', ';']) => diagnostic.with_hint(
                        "expected commas between the cells; a spreadsheet may have changed them: fetch the file again",
                    ),
                    Some(near) => {
                        diagnostic.with_hint(format!("there is a column \"{near}\"; names are case-sensitive"))
                    }
                    None => diagnostic
                        .with_hint("expected SORACOM's detailed billing CSV: date, billItemName and amount at least"),
                }
            })
        };
        // Of two equal headers, the first is the amount item: a tag can be named "date".
        let is_amount_item = |index: usize, cell: &str| {
            (RESOURCE_COLUMNS.contains(&cell) || CHARGE_COLUMNS.contains(&cell)) && position(cell) == Some(index)
        };
        let is_group = |cell: &str| {
            let cell = normalized(cell);
            GROUP_COLUMNS.contains(&cell.as_ref()) || more_groups.iter().any(|name| *name == cell)
        };
        let others = || cells.iter().enumerate().filter(|(index, cell)| !is_amount_item(*index, cell));
        let charge_columns: Vec<usize> = CHARGE_COLUMNS.iter().filter_map(|name| position(name)).collect();
        let tags = others().filter(|(_, cell)| !is_group(cell));
        let named = |name: &'static str| cells.iter().position(move |cell| cell.eq_ignore_ascii_case(name));
        let ids = RESOURCE_COLUMNS.iter().chain(["iccid"].iter()).filter_map(|name| {
            let alphabet = if DIGIT_COLUMNS.contains(name) { IdAlphabet::Digits } else { IdAlphabet::Any };
            Some((named(name)?, *name, alphabet))
        });
        Ok(Columns {
            count: cells.len(),
            date: required("date")?,
            item: required("billItemName")?,
            amount: required("amount")?,
            unit_price: position("unitPrice"),
            quantity: position("quantity"),
            ids: ids.collect(),
            resources: RESOURCE_COLUMNS.iter().filter_map(|name| position(name)).collect(),
            groups: others().filter(|(_, cell)| is_group(cell)).map(|(index, _)| index).collect(),
            tags: tags.map(|(index, cell)| ((*cell).to_owned(), index)).collect(),
            name: position("name"),
            account: position("operatorId"),
            identity: (0..cells.len()).filter(|index| !charge_columns.contains(index)).collect(),
        })
    }
}
