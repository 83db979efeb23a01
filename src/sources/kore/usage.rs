//! Usage records as charges.

use rustc_hash::FxHashMap;

use super::directory::Directory;
use super::pages::PageFile;
use super::records::{self, Scope};
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::charge::{Bill, Charge, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::packed::Packed;

/// The item of every charge: the provider names none.
const ITEM: &str = "Super SIM data";

/// Quantities are whole bytes.
const UNIT: &str = "byte";

/// Reads usage records into a bill.
///
/// # Errors
/// What [`records::read`] refuses.
pub(super) fn read(
    bill: &mut Bill,
    source: u16,
    directory: &Directory,
    files: &[PageFile],
) -> Result<(), Vec<Diagnostic>> {
    let item = bill.names.intern(ITEM);
    bill.units.insert((source, item), UNIT);
    let (month, currency) = (bill.month, bill.sources[usize::from(source)].currency);
    let mut subjects: FxHashMap<Scope, SubjectId> = FxHashMap::default();
    records::read(files, month, currency, |page, row, usage| {
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
        });
    })
}

/// Adds what records were measured for as a subject.
fn add(bill: &mut Bill, source: u16, directory: &Directory, scope: &Scope) -> SubjectId {
    let sim = directory.sim(&scope.sim);
    // Records by SIM do not say the fleet: it is the one the SIM is in when the month is fetched.
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
