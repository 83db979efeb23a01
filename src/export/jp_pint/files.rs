//! The e-invoices of a selection, a file for each document.

use super::{EInvoice, Source};
use crate::diagnostic::{Diagnostic, Problems};
use crate::export::file_names::file_names;
use crate::export::{Export, ExportFile, Selection};

/// Makes the e-invoices of the documents whose files are there, all of them or none, and says to whom each goes.
///
/// # Errors
/// Everything that any of them lacks, and whatever the checks find.
pub(in crate::export) fn files(selection: &Selection<'_>) -> Result<Export, Problems> {
    let (mut export, mut problems) = (Export::default(), Problems::default());
    let mut names = file_names(&selection.all, "xml");
    for selected in &selection.documents {
        let Some(files) = selected.files else {
            continue;
        };
        let name = names.remove(selected.document.number.as_str()).unwrap_or_default();
        let source = Source {
            json: &files.json,
            csv: files.csv.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
            as_issued: &files.rules,
            now: selection.settings,
            path: &name,
        };
        if let Some(made) = problems.keep(EInvoice::of(&source)) {
            export.warnings.push(receiver(&made));
            export.warnings.extend(made.warnings);
            export.files.push(ExportFile { name: Some(name), bytes: made.bytes, numbers: vec![made.number] });
        }
    }
    problems.check()?;
    Ok(export)
}

/// To whom an e-invoice goes.
fn receiver(made: &EInvoice) -> Diagnostic {
    let note = Diagnostic::note(format!("{} goes to {}", made.number, made.receiver));
    match made.is_assumed {
        false => note,
        true => {
            note.with_hint("this is its registration number: if it is registered otherwise, add [peppol] with its id")
        }
    }
}
