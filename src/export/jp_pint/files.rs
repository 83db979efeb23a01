//! The e-invoices of a selection, a file for each document.

use std::collections::{BTreeMap, BTreeSet};

use super::{EInvoice, Source};
use crate::diagnostic::{Diagnostic, Problems};
use crate::export::{Export, ExportFile, Selection};
use crate::ledger::Document;
use crate::model::matcher::normalized;
use crate::model::plain::is_name;

/// Makes the e-invoices of the documents whose files are there, all of them or none, and says to whom each goes.
///
/// # Errors
/// Everything that any of them lacks, and whatever the checks find.
pub(in crate::export) fn files(selection: &Selection<'_>) -> Result<Export, Problems> {
    let (mut export, mut problems) = (Export::default(), Problems::default());
    let mut names = names(&selection.all);
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

/// The names of the files of a month's documents by their numbers: `NUMBER.xml`, or the name of the document's files where no
/// file can be called like its number.
///
/// A name that an earlier document has, or one that differs from it only in case, which some file systems ignore, ends with
/// -2, -3 and so on. So exports of single documents never replace each other's files, and as further documents come last,
/// names stay what they are.
fn names<'a>(documents: &[&'a Document]) -> BTreeMap<&'a str, String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for document in documents {
        let number = &document.number;
        let stem = if is_name(&format!("{number}-0000.xml")) { number.as_str() } else { document.file_name() };
        let mut name = format!("{stem}.xml");
        for count in 2.. {
            if taken.insert(normalized(&name).to_lowercase()) {
                break;
            }
            name = format!("{stem}-{count}.xml");
        }
        names.insert(number.as_str(), name);
    }
    names
}
