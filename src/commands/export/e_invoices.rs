//! What exports of a file for each document have besides: the documents' own files, and the checks of e-invoices of any program.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Problems, cannot};
use crate::export::jp_pint::{IssuedFiles, check};
use crate::export::{Selection, Target};
use crate::files;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::peppol::Attachment;
use crate::model::settings::Settings;
use crate::month::as_issued::as_issued;
use crate::printer::Printer;

/// The files of the selected documents as they were issued, in their order.
///
/// # Errors
/// Documents that no longer are what was issued.
pub(super) fn issued_files(
    ledger: &Ledger,
    selection: &Selection<'_>,
    target: Target,
) -> Result<Vec<IssuedFiles>, Problems> {
    let issued = selection.documents.iter().filter_map(|selected| Some((selected.stored?, selected.document)));
    let issued: Vec<(&Stored, &Document)> = issued.collect();
    let with_csv = is_with_csv(target, selection.settings);
    as_issued(selection.root, ledger, &issued, with_csv)
}

/// Whether a target takes the documents' CSV besides their JSON.
pub(super) fn is_with_csv(target: Target, settings: &Settings) -> bool {
    target == Target::JpPint && settings.jp_pint.attach.contains(&Attachment::Csv)
}

/// Checks files of any program.
///
/// # Errors
/// Everything that is wrong with any of them.
pub(super) fn check_files(current: &Path, paths: &[PathBuf], printer: &Printer) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for path in paths {
        let shown = path.display().to_string();
        let read = files::read(&current.join(path), files::DATA).with_context(|| cannot("read the file", &shown));
        if let Some(bytes) = problems.keep(read.map_err(Diagnostic::from)) {
            problems.extend(check(&shown, &bytes, None));
        }
    }
    problems.check()?;
    match paths {
        [path] => printer.status(&format!("no mistakes in {}", path.display())),
        paths => printer.status(&format!("no mistakes in {} files", paths.len())),
    }
    Ok(())
}
