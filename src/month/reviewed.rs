//! Checks that a month could be reviewed before it is issued: the last build in `out/` must be complete, from the same
//! inputs and, where invoices have a story, the same issued months, and its files unchanged.

use std::collections::BTreeSet;
use std::path::Path;

use super::computed::{ComputedMonth, Inputs};
use super::evidence::changed_files;
use super::summary::{self, Summary};
use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::model::invoice::Status;
use crate::model::plain;
use crate::out::{self, Manifest};
use crate::staging::Written;

/// Refuses a month whose last build is not what would be issued now.
///
/// # Errors
/// The first difference from the last build.
pub(super) fn check_reviewed(root: &Path, computed: &ComputedMonth, inputs: &Inputs) -> Result<(), Diagnostic> {
    let month = computed.bill.month;
    let shown = format!("out/{month}");
    let directory = root.join(&shown);
    let refused = |(message, path): (String, String)| {
        let again = format!("run `invoicer build {month}`, review {shown}/index.html, then issue the month");
        Diagnostic::error(message).at(Place::file(path)).with_hint(again)
    };
    let whole = |message: String| refused((message, shown.clone()));
    let manifest = files::read(&directory.join("manifest.json"), files::DATA).ok();
    let manifest: Option<Manifest> = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let summary = summary::read(&directory, month).and_then(|read| read.summary.ok());
    let (Some(manifest), Some(summary)) = (manifest, summary) else {
        return Err(whole(format!("{month} has not been built, so nobody has reviewed it")));
    };
    if summary.status == Status::Draft {
        return Err(whole(format!("the last build of {month} is a draft")));
    }
    if manifest.tool != out::tool() {
        return Err(whole(format!("the last build of {month} is by {}, this is {}", manifest.tool, out::tool())));
    }
    if *summary.carried != computed.billed.carried {
        return Err(whole(format!("what {month} carries over from earlier months has changed since it was built")));
    }
    let written = inputs.written();
    for (message, now, built) in [
        (format!("the inputs of {month} have changed since it was built"), &written, &manifest.inputs),
        // A story prints what was issued before.
        (
            format!("the earlier months in the stories of {month} have changed since it was built"),
            &computed.story_files,
            &manifest.story,
        ),
    ] {
        let changed = changed_inputs(now, built);
        if !changed.is_empty() {
            let diagnostic = Diagnostic { place: None, ..whole(message) };
            let notes = changed.iter().map(|path| format!("{path} has changed"));
            return Err(notes.fold(diagnostic, Diagnostic::with_note));
        }
    }
    if let Some((message, path)) = edited_output(&directory, &manifest) {
        return Err(refused((message, format!("{shown}/{path}"))));
    }
    match without_pdf(computed, &summary, &manifest) {
        None => Ok(()),
        Some(id) => Err(whole(format!("the last build of {month} has no PDF for \"{id}\""))),
    }
}

/// Files that only one of the lists has, or that have different hashes.
fn changed_inputs(now: &[Written], built: &[Written]) -> Vec<String> {
    let only = |these: &[Written], those: &[Written]| -> Vec<String> {
        let those: BTreeSet<&Written> = those.iter().collect();
        these.iter().filter(|file| !those.contains(file)).map(|file| file.path.clone()).collect()
    };
    let mut changed = [only(now, built), only(built, now)].concat();
    changed.sort();
    changed.dedup();
    changed
}

/// Message on the first file that changed since the build wrote it, and its path in the month's directory.
fn edited_output(directory: &Path, manifest: &Manifest) -> Option<(String, String)> {
    if let Some(file) = manifest.outputs.iter().find(|file| !plain::is_path(&file.path)) {
        let name = plain::beginning(&file.path);
        let message = format!("`invoicer build` did not write this: {name:?} is no file of it");
        return Some((message, "manifest.json".to_owned()));
    }
    let edited = changed_files(directory, &manifest.outputs).into_iter().next()?;
    Some(("the file has changed since the build wrote it".to_owned(), edited.path))
}

/// The first customer without a PDF in the build.
fn without_pdf<'c>(computed: &'c ComputedMonth, summary: &Summary<'_>, manifest: &Manifest) -> Option<&'c str> {
    let customers = &computed.workspace.settings.customers;
    let mut ids = computed.billed.invoices.iter().map(|invoice| customers[invoice.customer].id.as_str());
    let listed: BTreeSet<&str> = summary.customers.iter().map(|customer| customer.id.as_ref()).collect();
    let pdfs = manifest.outputs.iter().filter(|file| file.path.ends_with(".pdf"));
    let with_pdf: BTreeSet<&str> = pdfs.filter_map(|file| Some(file.path.split_once('/')?.0)).collect();
    ids.find(|id| !listed.contains(id) || !with_pdf.contains(id))
}
