//! Refuses bills whose ids a spreadsheet rounded and wrote out with all digits: `440101000000000` for every SIM. One
//! such id may be real, but where all ids are rounded it is lost whom the rows are for.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::refused_rows::RUINED_IDS;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, Charge, EMPTY, NameId, Subject};
use crate::model::identifier::is_rounded;

/// Error for a file whose numeric ids are all rounded, where there must have been several. The file's subjects are
/// those from `first` on in `bill.subjects`; checking only them costs nothing compared with reading millions of rows.
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

/// Whether a resource, item and day has several rows, where providers write one.
fn repeats<'a>(bill: &Bill, mut rows: impl Iterator<Item = &'a Charge>) -> bool {
    let mut seen = FxHashSet::default();
    !rows.all(|row| seen.insert((bill.subject(row).resource, row.item, row.day)))
}
