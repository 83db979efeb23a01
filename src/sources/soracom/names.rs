//! Adds names and tags that the CSV lacks, from the lists of SIMs and groups fetched with it.
//!
//! The CSV takes precedence, because it is the bill. The lists are from the day of the fetch; they add the name of a
//! SIM, its group, and tags for which the CSV has no column at all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::diagnostic::Diagnostic;
use crate::model::charge::{Bill, EMPTY, NameId};
use crate::sources::snapshot::Snapshot;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sim {
    sim_id: Option<String>,
    group_id: Option<String>,
    #[serde(default)]
    tags: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    profiles: Option<BTreeMap<String, Profile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    primary_imsi: Option<String>,
    #[serde(default)]
    subscribers: Option<BTreeMap<String, serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    group_id: Option<String>,
    #[serde(default)]
    tags: Option<BTreeMap<String, Option<String>>>,
}

/// All pages of a listing.
fn lists<T: serde::de::DeserializeOwned>(snapshot: &Snapshot, listing: &str) -> Result<Vec<T>, Diagnostic> {
    let mut all = Vec::new();
    for name in snapshot.files(&format!("{listing}-")) {
        let page: Option<Vec<T>> = snapshot.json(name, &format!("SORACOM's list of {listing}"))?;
        all.extend(page.into_iter().flatten());
    }
    Ok(all)
}

/// Adds names and tags that the CSV lacks to the bill's subjects of that source.
///
/// # Errors
/// Lists that cannot be read.
pub(super) fn fill_in(bill: &mut Bill, source: u16, snapshot: &Snapshot) -> Result<(), Diagnostic> {
    let sims: Vec<Sim> = lists(snapshot, "sims")?;
    let groups: Vec<Group> = lists(snapshot, "groups")?;
    let name_of = |tags: &Option<BTreeMap<String, Option<String>>>| {
        tags.as_ref().and_then(|tags| tags.get("name")?.clone()).filter(|name| !name.is_empty())
    };
    let group_names: BTreeMap<String, String> =
        groups.into_iter().filter_map(|group| Some((group.group_id?, name_of(&group.tags)?))).collect();
    // A SIM may have several IMSIs, and the CSV names any of them.
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for (index, sim) in sims.iter().enumerate() {
        let profiles = sim.profiles.iter().flatten().map(|(_, profile)| profile);
        let imsis = profiles.flat_map(|profile| {
            profile.primary_imsi.iter().chain(profile.subscribers.iter().flat_map(|subscribers| subscribers.keys()))
        });
        for id in imsis.chain(&sim.sim_id) {
            by_id.entry(id.clone()).or_insert(index);
        }
    }
    let is_of_source = |subject: &&mut crate::model::charge::Subject| subject.source == source;
    let columns: BTreeSet<String> = bill
        .subjects
        .iter()
        .filter(|subject| subject.source == source)
        .flat_map(|subject| subject.tags.iter().map(|(tag, _)| bill.names.get(*tag).to_owned()))
        .collect();
    let names = &mut bill.names;
    for subject in bill.subjects.iter_mut().filter(is_of_source) {
        let sim = by_id.get(names.get(subject.resource)).and_then(|index| sims.get(*index));
        if let Some(sim) = sim {
            if subject.resource_name == EMPTY
                && !columns.contains("name")
                && let Some(name) = name_of(&sim.tags)
            {
                subject.resource_name = names.intern(&name);
            }
            if subject.groups.is_empty()
                && let Some(group) = sim.group_id.as_deref().filter(|group| !group.is_empty())
            {
                subject.groups = Box::new([names.intern(group)]);
            }
            let more = sim.tags.iter().flatten().filter_map(|(tag, value)| Some((tag, value.as_deref()?)));
            let more = more.filter(|(tag, value)| !value.is_empty() && !columns.contains(*tag));
            let more: Vec<(NameId, NameId)> =
                more.map(|(tag, value)| (names.intern(tag), names.intern(value))).collect();
            subject.tags = subject.tags.iter().copied().chain(more).collect();
        }
        let known: Vec<&String> =
            subject.groups.iter().filter_map(|group| group_names.get(names.get(*group))).collect();
        let known: Vec<NameId> = known.into_iter().map(|name| names.intern(name)).collect();
        let new: Vec<NameId> = known.into_iter().filter(|name| !subject.groups.contains(name)).collect();
        subject.groups = subject.groups.iter().copied().chain(new).collect();
    }
    Ok(())
}
