//! What is kept beside a record: copies of the rules and review files, and the documents as they were issued.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::{DIRECTORY, Document, Stored};
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;
use crate::model::format::Format;
use crate::staging::{Purpose, Staging, Written, hash};

/// Directory of the copies of the rules.
pub(super) const RULES: &str = "workspace";

const HINT: &str = "issued/ is never edited: put back what git or a backup has";

/// Directory of the kept documents.
pub(super) const DOCUMENTS: &str = "documents";

/// The workspace's own files and the review files of a record, with their bytes, and its documents.
#[derive(Clone, Copy)]
pub struct Copies<'a> {
    /// The rules.
    pub rules: &'a [(String, Vec<u8>)],
    /// The month's adjustments.
    pub adjustments: &'a [(String, Vec<u8>)],
    /// The review files.
    pub review: &'a [(&'static str, Vec<u8>)],
    /// The documents to keep, with the hashes of the record.
    pub documents: &'a [Written],
    /// Reads one of the documents, which are too many to be in memory together.
    pub read: &'a (dyn Fn(&str) -> Result<Vec<u8>, Diagnostic> + Sync),
}

/// Paths and hashes of the rules and review files among [`Copies`], for the record.
pub struct CopyList {
    /// The rules.
    pub rules: Vec<Written>,
    /// The month's adjustments.
    pub adjustments: Vec<Written>,
    /// The review files.
    pub review: Vec<Written>,
}

/// Paths and hashes of copies, for the record; [`keep`] writes them.
///
/// # Errors
/// Rules outside the workspace.
pub fn copies(
    rules: &[(String, Vec<u8>)],
    adjustments: &[(String, Vec<u8>)],
    review: &[(&'static str, Vec<u8>)],
) -> Result<CopyList, Diagnostic> {
    if let Some(problem) = rules.iter().find_map(|(path, _)| outside(path)) {
        return Err(problem);
    }
    let written = |path: &str, bytes: &[u8]| Written { path: path.to_owned(), sha256: hash(bytes) };
    let all = |files: &[(String, Vec<u8>)]| {
        let mut all: Vec<Written> = files.iter().map(|(path, bytes)| written(path, bytes)).collect();
        all.sort();
        all.dedup();
        all
    };
    let review = review.iter().map(|(path, bytes)| written(path, bytes)).collect();
    Ok(CopyList { rules: all(rules), adjustments: all(adjustments), review })
}

/// Writes copies beside the record that is about to be written under that name, and replaces what an interrupted run left
/// there.
///
/// # Errors
/// When nothing can be written, or a document is no longer the one that the record is about.
pub fn keep(root: &Path, name: &str, copies: Copies<'_>) -> Result<(), Diagnostic> {
    let Copies { rules, adjustments, review, documents, read } = copies;
    let shown = PathBuf::from(DIRECTORY).join(name);
    let busy = format!("another run issues {name}");
    let purpose = Purpose { shown: shown.clone(), what: "the copies", busy, other: "" };
    let staging = Staging::begin(root.join(&shown), &root.join(DIRECTORY).join(format!(".{name}")), purpose)?;
    for (path, bytes) in rules.iter().chain(adjustments) {
        staging.write(&format!("{RULES}/{path}"), bytes)?;
    }
    for (path, bytes) in review {
        staging.write(path, bytes)?;
    }
    documents.par_iter().try_for_each(|document| {
        let bytes = read(&document.path)?;
        let sha256 = hash(&bytes);
        if sha256 != document.sha256 {
            let message = format!("{} changed while it was issued", document.path);
            return Err(Diagnostic::could_not_run(message).with_hint("nothing was issued: run the command again"));
        }
        staging.write_hashed(&format!("{DOCUMENTS}/{}", document.path), &bytes, sha256)
    })?;
    staging.sync()?;
    staging.commit()?;
    Ok(())
}

/// A document's file as it was issued: the bytes that were kept, never those of `out/`. A file that was put among the kept
/// ones later is as good where it has the hash of the record.
///
/// # Errors
/// When no such file was kept, it is missing or cannot be read, or its hash is not the one in the record.
pub fn kept(root: &Path, stored: &Stored, document: &Document, format: Format) -> Result<Vec<u8>, Diagnostic> {
    let not_kept = |way_out: String| {
        let message = format!("the {} of {} was not kept when it was issued", format.extension(), document.number);
        Diagnostic::error(message).at(Place::file(stored.path())).with_hint(way_out)
    };
    let Some(file) = document.output(format) else {
        return Err(not_kept("`invoicer list` shows the files of what was issued".to_owned()));
    };
    let path = format!("{}/{}", stored.documents_directory(), file.path);
    let wrong = |message: &str| Diagnostic::error(message).at(Place::file(&path)).with_hint(HINT);
    if leads_elsewhere(&root.join(stored.documents_directory()), &file.path) {
        return Err(wrong(NO_FILE));
    }
    match files::read(&root.join(&path), files::DATA) {
        Ok(bytes) if hash(&bytes) == file.sha256 => Ok(bytes),
        Ok(_) => Err(wrong("the kept document was changed since it was issued")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            match stored.record.kept.contains(&format) {
                true => Err(wrong("the kept document is gone")),
                false => Err(not_kept(format!("put the file that was sent at {path}: its hash is in the record"))),
            }
        }
        Err(error) => {
            let context = cannot("read the file", &path).with_hint(HINT);
            Err(anyhow::Error::from(error).context(context).into())
        }
    }
}

/// What is wrong with a kept document that is a link or the like: what it leads to is nothing that was kept.
pub const NO_FILE: &str = "the kept document is a link or something else that is no file";

/// Whether a link is on the way from a directory to a file in it.
fn leads_elsewhere(directory: &Path, path: &str) -> bool {
    let full = directory.join(path);
    full.ancestors().take_while(|part| part.starts_with(directory)).any(Path::is_symlink)
}

/// The directories of kept documents in `issued/`, each with the name of its record, also of records that are gone. Those
/// without files are left out.
pub fn kept_directories(root: &Path) -> Vec<(String, String)> {
    let names = files::names(&root.join(DIRECTORY)).unwrap_or_default();
    let names = names.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| !name.starts_with('.'));
    let of_name = |name: String| {
        let directory = format!("{DIRECTORY}/{name}/{DOCUMENTS}");
        let has_files = files::below(&root.join(&directory)).is_ok_and(|entries| !entries.is_empty());
        has_files.then_some((name, directory))
    };
    names.filter_map(of_name).collect()
}

impl Stored {
    /// Directory of its kept documents, relative to the workspace's root. A file has the path there that it has in the
    /// month's directory of `out/`.
    pub fn documents_directory(&self) -> String {
        format!("{DIRECTORY}/{}/{DOCUMENTS}", self.name)
    }
}

/// Error for a rules file outside the workspace: a month made from it can be built but not issued.
pub fn outside(path: &str) -> Option<Diagnostic> {
    let message = "the file lies outside the workspace, so no copy of it can be kept when the month is issued";
    let hint = "copy it into the workspace: what was issued must be possible to make again";
    (!is_inside(path)).then(|| Diagnostic::error(message).at(Place::file(path)).with_hint(hint))
}

/// [`outside`] for a provider's bill: a record never refers to a file outside the workspace.
pub fn bill_outside(path: &str) -> Option<Diagnostic> {
    let message = "the bill lies outside the workspace, so the month cannot be issued from it";
    let hint = "keep bills in billing/, with the records that are made from them";
    (!is_inside(path)).then(|| Diagnostic::error(message).at(Place::file(path)).with_hint(hint))
}

fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}
