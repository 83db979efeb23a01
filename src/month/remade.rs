//! Makes the documents of an issued month again and compares them with their record. Where another version of the program
//! would make them differently, the documents that were kept take their place: what was issued never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

use super::documents::{DocumentWriter, Sink};
use super::rendered::pdf_with_costs;
use super::reproduced::Reproduction;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::ledger::{self, Document, Ledger, Stored};
use crate::model::audience::INTERNAL;
use crate::model::format::Format;
use crate::model::invoice::Invoice;
use crate::out;
use crate::printer::Printer;
use crate::staging::{Written, hash};

/// Which documents to make again, and where from.
pub struct Remaking<'a> {
    /// The workspace's root, where the kept documents are.
    pub root: &'a Path,
    /// Everything issued.
    pub ledger: &'a Ledger,
    /// Kinds of documents.
    pub formats: &'a [Format],
    /// Which documents.
    pub wanted: &'a (dyn Fn(&Document) -> bool + Sync),
    /// Takes the files.
    pub sink: &'a Sink<'a>,
    /// What the progress bar says.
    pub doing: &'static str,
}

/// How the documents made again compare with those issued.
#[derive(Default)]
pub struct Remade {
    /// Numbers of the documents of which kept files were put back.
    pub restored: BTreeSet<String>,
    /// Files for the issuer that another version made, with other bytes and the same figures.
    pub internal: Vec<Written>,
    /// Files that another version issued and this one makes differently, with the same figures, and that are not kept: they
    /// are left out.
    pub left_out: Vec<LeftOut>,
    /// Files that differ for any other reason.
    pub problems: Vec<Diagnostic>,
}

/// A file that cannot be made again as it was issued.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The file in the month's directory.
    pub path: String,
    /// Where a copy of the file that was sent would be used.
    pub copy: String,
    /// Whether other kinds of the document were kept, so that the user chose to keep this one not.
    pub is_chosen: bool,
}

impl Remade {
    /// Whether all documents are as issued, though this version makes some of them differently.
    pub fn is_by_another_version(&self) -> bool {
        !self.restored.is_empty() || !self.internal.is_empty() || !self.left_out.is_empty()
    }
}

/// A document to make again.
struct Original<'a> {
    stored: &'a Stored,
    recorded: &'a Document,
    invoice: &'a Invoice,
    /// Whether this version of the program did not issue it.
    is_of_another_version: bool,
    /// Whether it was sent with the issuer's costs inside; see [`ledger::COSTS_INSIDE`].
    has_costs_inside: bool,
}

impl Original<'_> {
    /// The kinds to make. Where another version issued the document, laying it out again would prove nothing.
    fn made(&self, formats: &[Format]) -> Vec<Format> {
        formats.iter().copied().filter(|format| !self.is_put_back(*format)).collect()
    }

    fn is_put_back(&self, format: Format) -> bool {
        // JSON and CSV are always made: the issuer's files of these kinds are not kept.
        self.is_of_another_version
            && matches!(format, Format::Pdf | Format::Html)
            && self.stored.record.kept.contains(&format)
    }

    /// Message on how its figures differ from those recorded.
    fn difference(&self) -> Option<String> {
        self.recorded.difference_from(self.invoice)
    }

    fn kept(&self, root: &Path, format: Format) -> Result<Vec<u8>, Diagnostic> {
        ledger::kept(root, self.stored, self.recorded, format)
    }

    /// The kind of a customer's file of the document.
    fn format_of(&self, path: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| self.recorded.output(*format).is_some_and(|output| output.path == path))
    }
}

impl Reproduction {
    /// Makes documents again, and compares each with the issued one.
    ///
    /// Documents that were sent with costs inside are made without, so only their figures are compared. For the issuer
    /// the PDF that was sent is made too, where it can still be reproduced.
    ///
    /// # Errors
    /// Documents that cannot be made, and whatever the sink refuses.
    pub fn write(&self, remaking: &Remaking<'_>, printer: &Printer) -> Result<Remade, Problems> {
        let records: BTreeMap<&str, &Stored> =
            remaking.ledger.documents().map(|(stored, document)| (document.number.as_str(), stored)).collect();
        let tool = out::tool();
        let chosen = self.documents.iter().filter(|(_, recorded)| (remaking.wanted)(recorded));
        let originals: Vec<Original<'_>> = chosen
            .filter_map(|(invoice, recorded)| {
                let stored = *records.get(recorded.number.as_str())?;
                Some(Original {
                    stored,
                    recorded,
                    invoice,
                    is_of_another_version: stored.record.tool != tool,
                    has_costs_inside: stored.has_costs_inside(),
                })
            })
            .collect();
        let comparison = Comparison::new(self, &originals, remaking);
        let compared = |path: &str, bytes: &[u8]| comparison.take(path, bytes);
        let mut by_formats: BTreeMap<Vec<Format>, Vec<&Invoice>> = BTreeMap::new();
        for original in &originals {
            by_formats.entry(original.made(remaking.formats)).or_default().push(original.invoice);
        }
        for (formats, invoices) in by_formats.iter().filter(|(formats, _)| !formats.is_empty()) {
            self.writer(formats).write(invoices, &compared, printer, remaking.doing)?;
        }
        comparison.put_back()?;
        comparison.add_sent(&self.writer(remaking.formats))?;
        Ok(comparison.finish())
    }

    fn writer<'a>(&'a self, formats: &'a [Format]) -> DocumentWriter<'a> {
        DocumentWriter::new(&self.workspace, &self.assets, &self.bill, &self.told, formats)
    }
}

/// The files made so far.
struct Comparison<'a> {
    reproduction: &'a Reproduction,
    remaking: &'a Remaking<'a>,
    originals: &'a [Original<'a>],
    /// By [`Document::file`].
    by_file: BTreeMap<&'a str, &'a Original<'a>>,
    /// Recorded hashes by path.
    recorded: BTreeMap<&'a str, &'a str>,
    found: Mutex<Remade>,
}

/// Why the mutex is never poisoned.
const UNPOISONED: &str = "no thread panics while it adds to what was found";

impl<'a> Comparison<'a> {
    fn new(
        reproduction: &'a Reproduction,
        originals: &'a [Original<'a>],
        remaking: &'a Remaking<'a>,
    ) -> Comparison<'a> {
        let outputs = originals.iter().flat_map(|original| &original.recorded.outputs);
        Comparison {
            reproduction,
            remaking,
            originals,
            by_file: originals.iter().map(|original| (original.recorded.file.as_str(), original)).collect(),
            recorded: outputs.map(|output| (output.path.as_str(), output.sha256.as_str())).collect(),
            found: Mutex::default(),
        }
    }

    fn add(&self, add: impl FnOnce(&mut Remade)) {
        add(&mut self.found.lock().expect(UNPOISONED));
    }

    /// Takes a file as this version makes it, or what was issued in its place.
    fn take(&self, path: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        let original = self.by_file.get(ledger::file_of(path)).copied();
        let Some(original) = original else {
            self.add(|found| found.problems.push(self.differs(path)));
            return Ok(());
        };
        if original.has_costs_inside || self.recorded.get(path).is_some_and(|sha256| *sha256 == hash(bytes)) {
            return (self.remaking.sink)(path, bytes);
        }
        if let Some(difference) = original.difference() {
            self.add(|found| found.problems.push(self.differs(path).with_note(difference)));
            return Ok(());
        }
        match original.format_of(path) {
            Some(format) => self.take_kept(original, path, format),
            None if original.is_of_another_version && self.recorded.contains_key(path) => {
                let written = Written { path: path.to_owned(), sha256: hash(bytes) };
                self.add(|found| found.internal.push(written));
                (self.remaking.sink)(path, bytes)
            }
            None => {
                self.add(|found| found.problems.push(self.differs(path)));
                Ok(())
            }
        }
    }

    /// Takes the kept file in place of one with the same figures that this version makes differently.
    fn take_kept(&self, original: &Original<'_>, path: &str, format: Format) -> Result<(), Diagnostic> {
        let is_listed = original.stored.record.kept.contains(&format);
        match original.kept(self.remaking.root, format) {
            Ok(bytes) => {
                self.add(|found| {
                    found.restored.insert(original.recorded.number.clone());
                });
                (self.remaking.sink)(path, &bytes)?;
            }
            Err(problem) if is_listed => self.add(|found| found.problems.push(problem)),
            Err(_) if original.is_of_another_version => {
                let left_out = LeftOut {
                    path: path.to_owned(),
                    copy: format!("{}/{path}", original.stored.documents_directory()),
                    is_chosen: !original.stored.record.kept.is_empty(),
                };
                self.add(|found| found.left_out.push(left_out));
            }
            Err(_) => self.add(|found| found.problems.push(self.differs(path))),
        }
        Ok(())
    }

    fn differs(&self, path: &str) -> Diagnostic {
        let month = self.reproduction.bill.month;
        Diagnostic::error("the rebuilt document differs from the issued one")
            .at(Place::file(format!("out/{month}/{path}")))
    }

    /// Puts back the kept files of documents that this version does not lay out.
    fn put_back(&self) -> Result<(), Diagnostic> {
        let formats = self.remaking.formats.iter().copied();
        let files: Vec<(&Original<'_>, Format)> =
            formats.flat_map(|format| self.originals.iter().map(move |original| (original, format))).collect();
        files.into_par_iter().filter(|(original, format)| original.is_put_back(*format)).try_for_each(
            |(original, format)| {
                let Some(output) = original.recorded.output(format) else {
                    return Ok(());
                };
                self.take_kept(original, &output.path, format)
            },
        )
    }

    /// Adds the PDFs as they were sent, with costs inside, to the issuer's files, as evidence for the hashes in the record:
    /// those that this version still lays out in the same way. Reports those with other figures.
    fn add_sent(&self, writer: &DocumentWriter<'_>) -> Result<(), Problems> {
        let with_costs: Vec<&Original<'_>> =
            self.originals.iter().filter(|original| original.has_costs_inside).collect();
        if self.remaking.formats.contains(&Format::Pdf) {
            with_costs.par_iter().try_for_each(|original| sent(writer, original, self.remaking.sink))?;
        }
        for original in with_costs {
            if let Some(difference) = original.difference() {
                let problems =
                    original.recorded.outputs.iter().map(|it| self.differs(&it.path).with_note(difference.clone()));
                self.add(|found| found.problems.extend(problems));
            }
        }
        Ok(())
    }

    /// What was found, in an order that does not depend on which thread was first.
    fn finish(self) -> Remade {
        let mut found = self.found.into_inner().expect(UNPOISONED);
        found.problems.sort_by_cached_key(|problem| problem.place.as_ref().map(|place| place.path.clone()));
        found.internal.sort();
        found.left_out.sort();
        found
    }
}

/// Writes the PDF as it was sent, with costs inside; none where this version of the program lays out pages differently.
fn sent(writer: &DocumentWriter<'_>, original: &Original<'_>, sink: &Sink<'_>) -> Result<(), Problems> {
    let Some(output) = original.recorded.output(Format::Pdf) else {
        return Ok(());
    };
    let bytes = pdf_with_costs(writer, original.invoice)?;
    match hash(&bytes) == output.sha256 {
        true => Ok(sink(&format!("{INTERNAL}/{}", output.path), &bytes)?),
        false => Ok(()),
    }
}
