//! Where exported files go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cli;
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::export::{ExportFile, Target, number_of};
use crate::files;
use crate::ledger;
use crate::staging;

/// Directory of the files, relative to the workspace's root. It is safe to delete.
const DIRECTORY: &str = "export";

/// Entries of a workspace that people wrote, downloaded or issued, and `out`, of which customers get parts: nothing is exported
/// into them.
const OWN: [&str; 9] = [
    ledger::DIRECTORY,
    "billing",
    "customers",
    "adjustments",
    "assignments",
    "templates",
    "assets",
    "invoicer.toml",
    "out",
];

/// The place of an export's files.
pub(super) struct Destination {
    directory: PathBuf,
    /// The directory as the user would write it.
    shown: PathBuf,
    stem: String,
    extension: String,
    /// Whether the user named it; otherwise files of an earlier export are cleared away.
    is_chosen: bool,
}

impl Destination {
    /// The place that the user named, or `export/MONTH/FORMAT`. Drafts and parts of a month go to places of their own, and so
    /// do new documents after the first that were noted: to `FORMAT-new-N` with N the first that is not noted, because the
    /// files before hold others. An interrupted run was not noted, and its files are replaced.
    ///
    /// # Errors
    /// A path into what the workspace is made of, and one without a name.
    pub(super) fn of(
        root: &Path,
        current: &Path,
        arguments: &cli::Export,
        noted: usize,
    ) -> Result<Destination, Diagnostic> {
        let Some(chosen) = &arguments.out else {
            let directory = root.join(DIRECTORY).join(arguments.month.to_string());
            // E-invoices and the like are files of their own anyway.
            let is_one_file = !arguments.to.is_by_document();
            let mut stem = arguments.to.name().to_owned();
            match arguments.draft {
                true => stem.push_str("-draft"),
                false if arguments.new && is_one_file && noted > 0 => stem.push_str(&format!("-new-{}", noted + 1)),
                false => {}
            }
            if arguments.is_partial() && is_one_file && !arguments.new {
                stem.push_str("-part");
            }
            return Ok(Destination {
                shown: directory.strip_prefix(current).unwrap_or(&directory).to_path_buf(),
                directory,
                stem,
                extension: arguments.to.extension().to_owned(),
                is_chosen: false,
            });
        };
        let path = files::place(current, chosen);
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        check_kind(&path, chosen, arguments.to)?;
        check_not_own(root, &path, chosen)?;
        Ok(Destination {
            directory: path.parent().unwrap_or(current).to_path_buf(),
            shown: chosen.parent().unwrap_or(Path::new("")).to_path_buf(),
            stem: text(path.file_stem()).unwrap_or_default(),
            extension: text(path.extension()).unwrap_or_default(),
            is_chosen: true,
        })
    }

    /// Its name as the user would write it, if it is a named pipe or a device: it holds nothing, but passes on what it gets.
    pub(super) fn stream(&self) -> Option<String> {
        let found = self.directory.join(self.base()).metadata().ok()?;
        (!found.is_file() && !found.is_dir()).then(|| self.shown(&self.base()))
    }

    /// Writes to a [`stream`](Self::stream).
    ///
    /// # Errors
    /// When its reader does not take all.
    pub(super) fn pass(&self, bytes: &[u8]) -> Result<(), Diagnostic> {
        staging::write_through(&self.directory.join(self.base()), &self.shown(&self.base()), bytes)
    }

    /// Writes the files and returns their paths as the user would write them. Files with one of the hashes are kept.
    ///
    /// # Errors
    /// When one cannot be written; nothing is written where one is to be kept, or is of another document.
    pub(super) fn write(&self, files: &[ExportFile], kept: &BTreeSet<&str>) -> Result<Vec<String>, Diagnostic> {
        let name = |(index, file): (usize, &ExportFile)| match &file.name {
            Some(name) => format!("{}/{name}", self.base()),
            None if files.len() == 1 => self.base(),
            None => self.part(index + 1),
        };
        let names: Vec<String> = files.iter().enumerate().map(name).collect();
        names.iter().try_for_each(|name| self.check_not_kept(name, kept))?;
        names.iter().zip(files).try_for_each(|(name, file)| self.check_same_document(name, file))?;
        for (name, file) in names.iter().zip(files) {
            staging::replace(&self.real(name)?, &self.shown(name), &file.bytes)?;
        }
        if !self.is_chosen {
            self.clear(&names)?;
        }
        Ok(names.iter().map(|name| self.shown(name)).collect())
    }

    /// The file to replace: that which a link of the user's points to, or that of the name.
    fn real(&self, name: &str) -> Result<PathBuf, Diagnostic> {
        let path = self.directory.join(name);
        match self.is_chosen && path.is_symlink() {
            true => Ok(path.canonicalize().with_context(|| cannot("follow the link", self.shown(name)))?),
            false => Ok(path),
        }
    }

    /// A file's path as the user would write it.
    fn shown(&self, name: &str) -> String {
        self.shown.join(name).display().to_string()
    }

    /// Refuses to replace a file with one of the hashes.
    fn check_not_kept(&self, name: &str, kept: &BTreeSet<&str>) -> Result<(), Diagnostic> {
        let path = self.directory.join(name);
        if kept.is_empty() || !path.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(());
        }
        let shown = self.shown(name);
        let (_, sha256) = staging::digest(&path).with_context(|| cannot("read the file", &shown))?;
        if !kept.contains(sha256.as_str()) {
            return Ok(());
        }
        let diagnostic = Diagnostic::error("this file holds documents that were exported before");
        let hint = "move it away once it is imported, or name another file after --out";
        Err(diagnostic.at(Place::file(shown)).with_hint(hint))
    }

    /// Refuses to replace another document's file: numbers of two months may have one name where their characters cannot stand
    /// in it.
    fn check_same_document(&self, name: &str, file: &ExportFile) -> Result<(), Diagnostic> {
        let path = self.directory.join(name);
        if file.name.is_none() || !path.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(());
        }
        let shown = self.shown(name);
        let bytes = files::read(&path, files::DATA).with_context(|| cannot("read the file", &shown))?;
        match number_of(&bytes) {
            Some(other) if !file.numbers.contains(&other) => {
                let own = file.numbers.first().map_or("", String::as_str);
                let diagnostic = Diagnostic::error(format!("this file is of the document {other}, not of {own}"));
                let hint = "name a directory for each month after --out";
                Err(diagnostic.at(Place::file(shown)).with_hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// The name of a file that holds everything; of a directory where each document has its own.
    fn base(&self) -> String {
        match self.extension.as_str() {
            "" => self.stem.clone(),
            extension => format!("{}.{extension}", self.stem),
        }
    }

    fn part(&self, number: usize) -> String {
        match self.extension.as_str() {
            "" => format!("{}-{number}", self.stem),
            extension => format!("{}-{number}.{extension}", self.stem),
        }
    }

    /// Removes the parts of an earlier export to the same place, so that nobody imports them again: FORMAT-1, FORMAT-2 and so
    /// on. No export has a thousand of them, so FORMAT-2022 is somebody's own file.
    fn clear(&self, written: &[String]) -> Result<(), Diagnostic> {
        let is_part = |name: &str| {
            let middle =
                name.strip_prefix(&self.stem).and_then(|rest| rest.strip_suffix(&format!(".{}", self.extension)));
            let is_number =
                |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            middle.is_some_and(|middle| middle.is_empty() || middle.strip_prefix('-').is_some_and(is_number))
        };
        let shown = || self.shown.display().to_string();
        let names = files::names(&self.directory).with_context(|| cannot("read the directory", shown()))?;
        for name in names.iter().filter_map(|name| name.to_str()) {
            if is_part(name) && !written.iter().any(|own| own == name) {
                fs::remove_file(self.directory.join(name))
                    .with_context(|| cannot("remove the file", self.shown(name)))?;
            }
        }
        Ok(())
    }
}

/// Refuses a directory where a file is to be, and a file where a directory of e-invoices is to be.
fn check_kind(path: &Path, chosen: &Path, target: Target) -> Result<(), Diagnostic> {
    let shown = chosen.display().to_string();
    let found = path.metadata();
    let is_dir = found.as_ref().is_ok_and(|found| found.is_dir());
    let (message, hint) = match target {
        target if target.is_by_document() && found.is_ok_and(|found| found.is_file()) => (
            "expected a directory after --out, found a file",
            "each document is a file of its own: name a directory".to_owned(),
        ),
        target if target.is_by_document() => return Ok(()),
        _ if is_dir => {
            let file = chosen.join(format!("{}.{}", target.name(), target.extension()));
            ("expected a file after --out, found a directory", format!("name a file in it: --out {}", file.display()))
        }
        _ => return Ok(()),
    };
    Err(Diagnostic::error(message).at(Place::file(shown)).with_hint(hint))
}

/// Refuses a path into what the workspace is made of: `--out issued/202208.json` must not cost anyone a record.
fn check_not_own(root: &Path, path: &Path, chosen: &Path) -> Result<(), Diagnostic> {
    let parent = path.parent().unwrap_or(path);
    let real = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    // A link is followed, so what it points to counts.
    let inside = path.canonicalize().unwrap_or_else(|_| real.join(path.file_name().unwrap_or_default()));
    let first = inside.strip_prefix(&root).ok().and_then(|inside| inside.iter().next()?.to_str());
    match first.filter(|first| OWN.contains(first)) {
        None => Ok(()),
        Some(own) => {
            let diagnostic =
                Diagnostic::error(format!("nothing is exported into {own}, which the workspace is made of"));
            let diagnostic = diagnostic.at(Place::file(chosen.display().to_string()));
            Err(diagnostic.with_hint("name a file elsewhere, or leave out --out"))
        }
    }
}
