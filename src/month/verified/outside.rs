//! What `out/` says of months of which `issued/` has nothing: their documents say that they were issued.

use std::path::Path;

use serde::Deserialize;

use super::discrepancy::{Difference, Discrepancy, DiscrepancyKind};
use crate::files;
use crate::ledger::Ledger;
use crate::model::audience::INTERNAL;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::out::Manifest;

/// Maximum number of documents named.
const SHOWN: usize = 3;

/// What is read of a document.
#[derive(Deserialize)]
struct Made {
    number: String,
    status: Status,
}

/// Months whose documents in `out/` were issued, though no record has them.
pub(super) fn without_record(root: &Path, ledger: &Ledger) -> Vec<Discrepancy> {
    let names = files::names(&root.join("out")).unwrap_or_default();
    let months = names.iter().filter_map(|name| {
        let month: BillingMonth = name.to_str()?.parse().ok()?;
        (month.to_string() == name.to_str()? && ledger.of_month(month).next().is_none()).then_some(month)
    });
    months.filter_map(|month| finding(root, month)).collect()
}

fn finding(root: &Path, month: BillingMonth) -> Option<Discrepancy> {
    let directory = format!("out/{month}");
    let read = |path: &str| files::read(&root.join(&directory).join(path), files::DATA).ok();
    let manifest: Manifest = serde_json::from_slice(&read("manifest.json")?).ok()?;
    let paths = manifest.outputs.iter().map(|file| file.path.as_str());
    let paths = paths.filter(|path| path.contains('/') && path.ends_with(".json") && !path.starts_with(INTERNAL));
    let made = paths.filter_map(|path| serde_json::from_slice::<Made>(&read(path)?).ok());
    let issued: Vec<String> = made.filter(|made| made.status == Status::Issued).map(|made| made.number).collect();
    let named = issued.iter().take(SHOWN).cloned().collect::<Vec<String>>().join(", ");
    let named = if issued.len() > SHOWN { format!("{named}, …") } else { named };
    let message = format!("no record has the documents here, which were issued: {named}");
    (!issued.is_empty()).then(|| Discrepancy {
        kind: DiscrepancyKind::Lock,
        file: Some(directory.clone()),
        number: None,
        message: Difference::of(message),
    })
}
