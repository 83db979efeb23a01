//! The customer's data files of issued documents, byte for byte as they were issued, with the rules they were made by.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::reproduced::Reproduction;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::export::jp_pint::IssuedFiles;
use crate::ledger::{self, Document, Ledger, Stored};
use crate::model::audience::Audience;
use crate::model::format::Format;
use crate::model::invoice::DocumentKind;
use crate::model::settings::Settings;
use crate::out;
use crate::staging::hash;
use crate::workspace;

/// Reads the files of documents that were kept when they were issued, and makes the others again, in the order of the
/// documents; with or without the CSV.
///
/// # Errors
/// Kept files that are missing or have changed, and documents that no longer come out as they were issued.
pub fn as_issued(
    root: &Path,
    ledger: &Ledger,
    documents: &[(&Stored, &Document)],
    with_csv: bool,
) -> Result<Vec<IssuedFiles>, Problems> {
    let mut origins: BTreeMap<&str, Origin> = BTreeMap::new();
    let mut files = Vec::new();
    for (stored, document) in documents {
        let record = rules_of(ledger, stored, document)?;
        let is_kept = |format| stored.record.kept.contains(&format);
        let is_complete = is_kept(Format::Json) && (!with_csv || is_kept(Format::Csv));
        let known = origins.remove(record.name.as_str());
        let origin = match known {
            Some(origin) if is_complete || matches!(origin, Origin::Made(..)) => origin,
            _ if is_complete => Origin::kept(root, record)?,
            _ => Origin::made(root, ledger, record)?,
        };
        files.push(origin.files(root, stored, document, with_csv)?);
        origins.insert(&record.name, origin);
    }
    Ok(files)
}

/// The copies of the rules that documents were issued by, in the order of the documents: those of their records, for a
/// credit note those of its invoice.
///
/// # Errors
/// Copies that cannot be read.
pub fn rules(root: &Path, ledger: &Ledger, documents: &[(&Stored, &Document)]) -> Result<Vec<Arc<Settings>>, Problems> {
    let mut known: BTreeMap<&str, Arc<Settings>> = BTreeMap::new();
    let mut all = Vec::with_capacity(documents.len());
    for (stored, document) in documents {
        let record = rules_of(ledger, stored, document)?;
        let rules = match known.get(record.name.as_str()) {
            Some(rules) => Arc::clone(rules),
            None => kept_rules(root, record)?,
        };
        known.insert(&record.name, Arc::clone(&rules));
        all.push(rules);
    }
    Ok(all)
}

/// The copy of a record's rules.
fn kept_rules(root: &Path, record: &Stored) -> Result<Arc<Settings>, Problems> {
    let rules = workspace::load_kept(&root.join(record.rules_directory()), record.record.month)?;
    Ok(Arc::new(rules.settings))
}

/// The record whose rules a document was made by: its own or, for a credit note, that of its invoice.
fn rules_of<'l>(ledger: &'l Ledger, stored: &'l Stored, document: &Document) -> Result<&'l Stored, Diagnostic> {
    let original = document.original.as_ref().filter(|_| document.kind == DocumentKind::CreditNote);
    let Some(original) = original else {
        return Ok(stored);
    };
    ledger.find(&original.number).map(|(stored, _)| stored).ok_or_else(|| {
        let message = format!("{} takes back {}, which no record has", document.number, original.number);
        Diagnostic::error(message)
            .at(Place::file(stored.path()))
            .with_hint("put back issued/ as git or a backup has it")
    })
}

/// What documents of one record's rules come from.
enum Origin {
    /// Only the rules are needed: the files were kept.
    Kept(Arc<Settings>),
    /// The month is made again.
    Made(Arc<Settings>, Box<Reproduction>),
}

impl Origin {
    fn kept(root: &Path, record: &Stored) -> Result<Origin, Problems> {
        Ok(Origin::Kept(kept_rules(root, record)?))
    }

    fn made(root: &Path, ledger: &Ledger, record: &Stored) -> Result<Origin, Problems> {
        let reproduction = Reproduction::of(root, ledger, record)?;
        Ok(Origin::Made(Arc::new(reproduction.workspace.settings.clone()), Box::new(reproduction)))
    }

    fn files(
        &self,
        root: &Path,
        stored: &Stored,
        document: &Document,
        with_csv: bool,
    ) -> Result<IssuedFiles, Diagnostic> {
        let read = |format: Format| match self {
            Origin::Made(_, reproduction) if !stored.record.kept.contains(&format) => {
                // Somebody may have put there what was sent.
                let sent = || ledger::kept(root, stored, document, format);
                made(reproduction, stored, document, format).or_else(|problem| sent().map_err(|_| problem))
            }
            _ => ledger::kept(root, stored, document, format),
        };
        let (Origin::Kept(rules) | Origin::Made(rules, _)) = self;
        let csv = with_csv.then(|| Ok::<_, Diagnostic>((format!("{}.csv", document.file_name()), read(Format::Csv)?)));
        Ok(IssuedFiles { json: read(Format::Json)?, csv: csv.transpose()?, rules: Arc::clone(rules) })
    }
}

/// A file of a document that was made again, which must be the one that was issued. Only where that held the issuer's costs
/// too, its figures are compared instead.
fn made(
    reproduction: &Reproduction,
    stored: &Stored,
    document: &Document,
    format: Format,
) -> Result<Vec<u8>, Diagnostic> {
    let differs = || {
        let place = Place::file(stored.path());
        let message = format!("{} does not come out as it was issued", document.number);
        Diagnostic::error(message).at(place).with_hint("`invoicer verify` says what has changed")
    };
    let (invoice, _) = reproduction.document(&document.number).ok_or_else(differs)?;
    let (bill, settings) = (&reproduction.bill, &reproduction.workspace.settings);
    let bytes = match format {
        Format::Csv => out::invoice_csv(bill, settings, invoice, Audience::Customer)?,
        _ => out::invoice_json(bill, settings, invoice, Audience::Customer)?,
    };
    let is_same = match stored.has_costs_inside() {
        true => document.difference_from(invoice).is_none(),
        false => document.output(format).is_some_and(|output| output.sha256 == hash(&bytes)),
    };
    if is_same { Ok(bytes) } else { Err(differs()) }
}
