//! The files of an issued month in `out/`, compared with what the records say of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::discrepancy::{Difference, Discrepancy, DiscrepancyKind};
use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::ledger::Ledger;
use crate::model::audience::INTERNAL;
use crate::model::period::BillingMonth;
use crate::month::rebuilt;
use crate::out::{self, Manifest};
use crate::staging::{Written, digest, hash};

/// A file that may be in a month's directory of `out/`.
#[derive(Default)]
pub(super) struct Output {
    /// Number of its document; none for review files.
    pub(super) number: Option<String>,
    /// The recorded hash and, for a file recorded with costs inside, that of the file without them.
    pub(super) sha256: Vec<String>,
    /// Whether it may differ from the record in a way that cannot be computed, so that nothing can be said of it.
    is_uncertain: bool,
}

impl Output {
    fn takes(&self, sha256: &str) -> bool {
        self.is_uncertain || self.sha256.iter().any(|known| known == sha256)
    }
}

/// The files of a month's directory by path.
pub(super) type Outputs = BTreeMap<String, Output>;

pub(super) fn recorded(ledger: &Ledger, month: BillingMonth) -> Outputs {
    let mut outputs = Outputs::new();
    for record in ledger.of_month(month).map(|stored| &stored.record) {
        let of_documents = record
            .documents
            .iter()
            .flat_map(|document| document.outputs.iter().map(|output| (Some(document.number.clone()), output)));
        for (number, file) in of_documents.chain(record.review.iter().map(|file| (None, file))) {
            outputs
                .insert(file.path.clone(), Output { number, sha256: vec![file.sha256.clone()], is_uncertain: false });
        }
    }
    outputs
}

/// Excuses what `out/` rightly has otherwise than the records: the review page of a corrected month, and the files that are
/// made otherwise than by the version that issued them. What they should be follows from kept copies and bills, which are
/// changed: those are reported, and not the files.
pub(super) fn excuse(ledger: &Ledger, month: BillingMonth, outputs: &mut Outputs) {
    let is_corrected = ledger.of_month(month).nth(1).is_some();
    for stored in ledger.of_month(month) {
        let review = stored.record.review.iter().filter(|_| is_corrected).map(|file| file.path.as_str());
        let documents = stored.record.documents.iter().flat_map(|document| &document.outputs);
        let documents = documents.map(|file| file.path.as_str()).filter(|path| {
            let is_internal = path.starts_with(INTERNAL) && stored.record.tool != out::tool();
            is_internal || stored.has_costs_inside() && !path.ends_with(".html")
        });
        for path in review.chain(documents) {
            outputs.entry(path.to_owned()).or_default().is_uncertain = true;
        }
    }
}

/// Note that customers' files in `out/` still have costs inside, as they were sent.
pub(super) fn costs_outside(root: &Path, ledger: &Ledger, month: BillingMonth) -> Option<Diagnostic> {
    let directory = root.join("out").join(month.to_string());
    let documents = ledger.of_month(month).filter(|stored| stored.has_costs_inside());
    let mut sent = documents.flat_map(|stored| &stored.record.documents).flat_map(|document| &document.outputs);
    let has_costs = |output: &&Written| {
        !output.path.ends_with(".html")
            && digest(&directory.join(&output.path)).is_ok_and(|(_, sha256)| sha256 == output.sha256)
    };
    let path = &sent.find(has_costs)?.path;
    let message = format!("customers' files of {month} hold the issuer's costs: an earlier version made them");
    let diagnostic = Diagnostic::note(message).at(Place::file(format!("out/{month}/{path}")));
    Some(
        diagnostic.with_hint(format!("`invoicer build {month}` makes them again without costs, with the same figures")),
    )
}

/// Files in `out/` that differ from the issued ones. Missing files are no finding: `out/` is safe to delete.
pub(super) fn changed(root: &Path, month: BillingMonth, outputs: &Outputs) -> Vec<Discrepancy> {
    let directory = root.join("out").join(month.to_string());
    let differs = |(path, output): (&String, &Output)| {
        let bytes = files::read(&directory.join(path), files::DATA).ok()?;
        (!output.takes(&hash(&bytes))).then(|| Discrepancy {
            kind: DiscrepancyKind::Document,
            file: Some(format!("out/{month}/{path}")),
            number: output.number.clone(),
            message: Difference::of("the file is not the one issued"),
        })
    };
    outputs.iter().filter_map(differs).collect()
}

/// Finding for a `manifest.json` that differs from the one the records give for its files.
pub(super) fn changed_manifest(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    outputs: &Outputs,
) -> Option<Discrepancy> {
    let path = format!("out/{month}/manifest.json");
    let bytes = files::read(&root.join(&path), files::DATA).ok()?;
    let listed: Option<Manifest> = serde_json::from_slice(&bytes).ok();
    let is_known = |file: &Written| outputs.get(&file.path).is_some_and(|output| output.takes(&file.sha256));
    let listed = listed.map(|listed| listed.outputs).filter(|listed| listed.iter().all(is_known));
    let expected = listed.and_then(|listed| out::to_json(&rebuilt::manifest(ledger, month, listed)).ok());
    if expected.as_ref() == Some(&bytes) {
        return None;
    }
    let message = Difference::of("the manifest is not that of what was issued");
    Some(Discrepancy { kind: DiscrepancyKind::Document, file: Some(path), number: None, message })
}
