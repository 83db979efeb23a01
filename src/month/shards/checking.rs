//! Compares shards with each other and with the month as it is computed here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;

use super::Basis;
use super::found::Found;
use super::plan::division;
use super::record::{Figures, ShardSums, file_name};
use crate::diagnostic::{Diagnostic, cannot};
use crate::files;
use crate::model::format::Format;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::month::computed::ComputedMonth;
use crate::month::documents::paths;

/// Shards that were not made as parts of the same build as the first.
pub(super) fn as_one_build(all: &[Found]) -> Vec<Diagnostic> {
    let Some((first, others)) = all.split_first() else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for other in others {
        if other.shard.count() != first.shard.count() {
            let message = format!("shard {} and shard {} are of different divisions", other.shard, first.shard);
            let problem = other.record_problem(message).with_note(first.record_shown());
            problems.push(problem.with_hint("build all shards with the same N in --shard I/N"));
        } else if options(other) != options(first) {
            let message = format!("shard {} was built with other options than shard {}", other.shard, first.shard);
            let told = |found: &Found| format!("shard {}: {}", found.shard, options(found));
            let problem = other.record_problem(message).with_note(told(other)).with_note(told(first));
            problems.push(problem.with_hint("build all shards with the same --format and --draft"));
        }
    }
    problems
}

/// The options of `build` on which the documents depend.
fn options(found: &Found) -> String {
    format!("{}{}", found.formats().trim_start(), found.draft())
}

/// Maximum number of missing shards named.
const SHOWN: usize = 20;

/// Shards that are there twice or not at all.
pub(super) fn each_once(all: &[Found], month: BillingMonth) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for pair in all.windows(2).filter(|pair| pair[0].shard == pair[1].shard) {
        let message = format!("shard {} is there twice", pair[1].shard);
        let problem = pair[1].record_problem(message).with_note(pair[0].record_shown());
        problems.push(problem.with_hint("name each shard once"));
    }
    let numbers: BTreeSet<u32> = all.iter().map(|found| found.shard.number()).collect();
    let Some(first) = all.first() else {
        return problems;
    };
    let count = first.shard.count();
    let missing: Vec<String> =
        (1..=count).filter(|number| !numbers.contains(number)).map(|number| format!("{number}/{count}")).collect();
    if let Some(first) = missing.first() {
        let message = match missing.len() {
            1 => format!("shard {first} is missing"),
            several => format!("{several} shards are missing: {}", named(&missing)),
        };
        let hint = format!("name its directory too, or build it: invoicer build {month} --shard {first} --out DIR");
        problems.push(Diagnostic::error(message).with_hint(hint));
    }
    problems
}

fn named(all: &[String]) -> String {
    let named = all[..all.len().min(SHOWN)].join(", ");
    if all.len() > SHOWN { format!("{named}, …") } else { named }
}

/// Refuses a shard of other inputs than are here.
pub(super) fn inputs(found: &Found, here: &Basis) -> Result<(), Diagnostic> {
    let message = format!("shard {} was made from other inputs than are here", found.shard);
    found.record.basis.check(here, message, &found.record_shown(), &found.again())
}

/// What each shard has to hold, as it is computed here.
pub(super) struct Customers {
    /// By shard, from the first: the figures of its customers, by id.
    figures: Vec<BTreeMap<String, Figures>>,
    /// By shard, from the first: the paths of its documents.
    paths: Vec<BTreeSet<String>>,
}

impl Customers {
    pub(super) fn of(computed: &ComputedMonth, formats: &[Format], count: usize) -> Customers {
        let (mut figures, mut all) = (vec![BTreeMap::new(); count], vec![BTreeSet::new(); count]);
        let settings = &computed.workspace.settings;
        let division = division(computed, u32::try_from(count).unwrap_or(u32::MAX));
        for (invoice, (number, _)) in computed.billed.invoices.iter().zip(division) {
            let place = number as usize - 1;
            figures[place].insert(settings.customers[invoice.customer].id.clone(), Figures::of(invoice));
            all[place].extend(paths(settings, invoice, formats));
        }
        Customers { figures, paths: all }
    }
}

/// Invoices that a shard should not have or lacks, and figures that differ.
pub(super) fn invoices(found: &Found, customers: &Customers) -> Vec<Diagnostic> {
    let problem = |message: String| found.record_problem(message);
    let shard = found.shard;
    let expected = &customers.figures[shard.number() as usize - 1];
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for invoice in &found.record.customers {
        match expected.get(&invoice.id) {
            Some(_) if !seen.insert(&invoice.id) => {
                problems.push(problem(format!("shard {shard} has two invoices of {:?}", invoice.id)));
            }
            None => {
                let id = beginning(&invoice.id);
                problems.push(problem(format!("shard {shard} has an invoice of {id:?}, which is not in it")));
            }
            Some(figures) if *figures != invoice.figures => {
                let message = format!("shard {shard} has other figures of {:?} than the month has here", invoice.id);
                problems.push(problem(message));
            }
            Some(_) => {}
        }
    }
    for id in expected.keys().filter(|id| !seen.contains(id)) {
        problems.push(problem(format!("shard {shard} has no invoice of {id:?}")));
    }
    if problems.is_empty() {
        let figures: Vec<Figures> = expected.values().copied().collect();
        match ShardSums::of(&figures) {
            Ok(sums) if sums == found.record.sums => {}
            Ok(_) => problems.push(problem(format!("the sums of shard {shard} are not those of its invoices"))),
            Err(error) => problems.push(error),
        }
    }
    problems
}

/// Files that no build of the month writes, and documents that the record does not list or that are gone.
pub(super) fn files(found: &Found, customers: &Customers) -> Vec<Diagnostic> {
    let shard = found.shard;
    let expected = &customers.paths[shard.number() as usize - 1];
    let listed = files::below(&found.directory.path);
    let present = match listed.with_context(|| cannot("read the directory", &found.directory.shown)) {
        Ok(present) => present,
        Err(error) => return vec![error.into()],
    };
    let mut problems = Vec::new();
    let record = file_name(shard.number());
    let is_expected = |path: &str| path == record || expected.contains(path);
    for entry in present.iter().filter(|entry| !entry.is_file || !is_expected(&entry.path)) {
        let foreign = found.problem(&entry.path, format!("the file is none of shard {shard}"));
        problems
            .push(foreign.with_hint("move it away: a shard's directory has the files of its build and nothing else"));
    }
    let present: BTreeSet<&str> = present.iter().map(|entry| entry.path.as_str()).collect();
    for path in expected {
        if !present.contains(path.as_str()) {
            problems.push(found.problem(path, format!("the document of shard {shard} is missing")));
        } else if found.hash(path).is_none() {
            problems.push(found.problem(path, format!("the record of shard {shard} does not list the document")));
        }
    }
    let unlisted = found.record.files.iter().filter(|file| !expected.contains(&file.path));
    for file in unlisted {
        let path = beginning(&file.path);
        let message = format!("the record of shard {shard} lists {path:?}, which is none of its documents");
        problems.push(found.record_problem(message));
    }
    problems
}
