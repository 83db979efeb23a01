//! Converts usage records to charges.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::directory::Directory;
use super::pages::PageFile;
use super::records::{self, Scope};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Bill, Charge, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::figures::grouped;
use crate::model::packed::Packed;
use crate::sources::refused_rows::listing;

/// Item of every charge, because KORE names none.
const ITEM: &str = "Super SIM data";

/// Quantities are whole bytes.
const UNIT: &str = "byte";

/// Reads usage records into a bill; for a draft, including those that KORE has not billed yet, which cost nothing so
/// far.
///
/// # Errors
/// Those of [`records::read`], and records that are not billed yet.
pub(super) fn read(
    bill: &mut Bill,
    source: u16,
    directory: &Directory,
    files: &[PageFile],
    draft: bool,
) -> Result<(), Problems> {
    let item = bill.names.intern(ITEM);
    let unit = bill.names.intern(UNIT);
    bill.note_unit(source, item, unit);
    let (month, currency) = (bill.month, bill.sources[usize::from(source)].currency);
    let mut subjects: FxHashMap<Scope, SubjectId> = FxHashMap::default();
    let mut unbilled = Unbilled::default();
    records::read(files, month, currency, |page, row, usage| {
        if !usage.is_billed {
            unbilled.add(page, row, &usage);
        }
        let subject = *subjects.entry(usage.scope).or_insert_with_key(|scope| add(bill, source, directory, scope));
        if usage.cost.is_zero() && usage.bytes.is_none_or(Amount::is_zero) {
            return;
        }
        let long = &mut bill.long_amounts;
        bill.charges.push(Charge {
            quantity: usage.bytes.map_or(Packed::NONE, |bytes| Packed::new(bytes, long)),
            cost: Packed::new(usage.cost, long),
            subject,
            item,
            unit_price: NO_PRICE,
            row,
            file: page.file,
            day: usage.day,
            stated_kind: None,
            other_period: 0,
            unit: 0,
        });
    })?;
    let name = &bill.sources[usize::from(source)].name;
    match unbilled.refused(&format!("invoicer fetch {month} --source {name} --force")) {
        Some(refusal) if !draft => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// Records with bytes but without billed amount or unit: KORE counts bytes before it bills them, and sends nulls until
/// then.
#[derive(Default)]
struct Unbilled {
    /// Page and row of the first such record.
    first: Option<(String, u32)>,
    records: usize,
    /// Bytes of each record, by SIM or fleet.
    resources: BTreeMap<String, Vec<Amount>>,
}

impl Unbilled {
    fn add(&mut self, page: &PageFile, row: u32, usage: &records::Usage) {
        self.first.get_or_insert_with(|| (page.path.clone(), row));
        self.records += 1;
        let Scope { account, sim, fleet, .. } = &usage.scope;
        let id = [sim, fleet, account].into_iter().find(|id| !id.is_empty()).cloned().unwrap_or_default();
        self.resources.entry(id).or_default().extend(usage.bytes);
    }

    fn refused(self, fetch: &str) -> Option<Diagnostic> {
        let (path, row) = self.first?;
        let message = match self.records {
            1 => "1 usage record has bytes but no billed amount or unit: KORE has not billed it yet".to_owned(),
            count => {
                format!("{count} usage records have bytes but no billed amount or unit: KORE has not billed them yet")
            }
        };
        let line = |(id, bytes): (String, Vec<Amount>)| {
            let records = if bytes.len() == 1 { "1 record".to_owned() } else { format!("{} records", bytes.len()) };
            let sum = Sum::of(bytes);
            let bytes = sum.map_or_else(|_| "too many".to_owned(), |bytes| grouped(bytes, 0));
            format!("{id}: {bytes} bytes in {records}")
        };
        let lines: Vec<String> = self.resources.into_iter().map(line).collect();
        let hint = format!("fetch the month again once KORE has billed it: {fetch}; until then, build with --draft");
        Some(listing(Diagnostic::error(message).at(Place::line(path, row)), &lines).with_hint(hint))
    }
}

/// Adds the SIM or fleet of records as a subject.
fn add(bill: &mut Bill, source: u16, directory: &Directory, scope: &Scope) -> SubjectId {
    let sim = directory.sim(&scope.sim);
    // Records by SIM do not name the fleet, so this uses the SIM's fleet at the time of the fetch.
    let fleet = match (scope.fleet.as_str(), sim.and_then(|sim| sim.fleet_sid.as_deref())) {
        ("", Some(fleet)) => fleet,
        (fleet, _) => fleet,
    };
    let fleet_name = directory.fleet_name(fleet);
    let (resource, resource_name) = match scope.sim.as_str() {
        "" => (fleet, fleet_name),
        sid => (sid, sim.and_then(|sim| sim.unique_name.as_deref()).unwrap_or("")),
    };
    let iccid = sim.and_then(|sim| sim.iccid.as_deref()).unwrap_or("");
    let tags = [("iccid", iccid), ("network", &scope.network), ("country", &scope.country)];
    let names = &mut bill.names;
    let tags: Vec<(NameId, NameId)> =
        tags.iter().map(|(tag, value)| (names.intern(tag), names.intern(value))).collect();
    let mut groups = vec![names.intern(fleet_name), names.intern(fleet)];
    groups.retain(|group| *group != EMPTY);
    let subject = Subject {
        source,
        account: names.intern(&scope.account),
        resource: names.intern(resource),
        resource_name: names.intern(resource_name),
        product: EMPTY,
        groups: groups.into_boxed_slice(),
        tags: tags.into_iter().filter(|(_, value)| *value != EMPTY).collect(),
    };
    let id = SubjectId(bill.subjects.len() as u32);
    bill.subjects.push(subject);
    id
}
