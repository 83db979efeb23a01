//! Ids that a spreadsheet rounded and then wrote with all their digits: `440101000000000` for every SIM. One such id may
//! be real; a bill in which all are has lost whom its rows are for.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::refused_rows::RUINED_IDS;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, Charge, EMPTY, NameId, Subject};
use crate::model::identifier::is_rounded;

/// Refuses a file whose ids of digits are all rounded, where they must have been several. Its subjects stand in
/// `bill.subjects` from `first` on: looking at them alone costs nothing beside reading millions of rows.
pub(super) fn of_file(bill: &Bill, file: u16, first: usize) -> Option<Diagnostic> {
    let subjects = bill.subjects.get(first..)?;
    let is_number = |id: &NameId| *id != EMPTY && bill.names.get(*id).bytes().all(|byte| byte.is_ascii_digit());
    let ids: BTreeSet<NameId> = subjects.iter().map(|subject| subject.resource).filter(is_number).collect();
    if ids.is_empty() || !ids.iter().all(|id| is_rounded(bill.names.get(*id))) {
        return None;
    }
    let rows = || bill.charges.iter().filter(|row| row.file == file && ids.contains(&bill.subject(row).resource));
    let mut of_ids = subjects.iter().filter(|subject| ids.contains(&subject.resource));
    let one: Option<&Subject> = of_ids.next();
    let is_one_resource = ids.len() == 1 && of_ids.all(|other| Some(other) == one) && !repeats(bill, rows());
    let first = rows().next().filter(|_| !is_one_resource)?;
    let (path, row) = bill.origin(first);
    let shown = bill.names.get(bill.subject(first).resource);
    let message = format!("all ids of the bill end in zeros, such as {shown}: a spreadsheet rounded them");
    let note = match (rows().count(), ids.len()) {
        (rows, 1) => format!("{rows} rows have this id"),
        (rows, ids) => format!("{rows} rows have {ids} such ids"),
    };
    Some(Diagnostic::error(message).at(Place::line(path, row)).with_note(note).with_hint(RUINED_IDS))
}

/// Whether a resource, item and day has several rows: a provider writes one.
fn repeats<'a>(bill: &Bill, mut rows: impl Iterator<Item = &'a Charge>) -> bool {
    let mut seen = FxHashSet::default();
    !rows.all(|row| seen.insert((bill.subject(row).resource, row.item, row.day)))
}
