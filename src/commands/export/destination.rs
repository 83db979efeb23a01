//! Where exported files go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cli;
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::export::{ExportFile, Target};
use crate::files;
use crate::ledger;
use crate::staging;

/// Directory of the files, relative to the workspace's root. It is safe to delete.
const DIRECTORY: &str = "export";

/// Entries of a workspace that people wrote, downloaded or issued: nothing is exported into them.
const OWN: [&str; 8] =
    [ledger::DIRECTORY, "billing", "customers", "adjustments", "assignments", "templates", "assets", "invoicer.toml"];

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
    /// The place that the user named, or `export/MONTH/FORMAT`. New documents after the first that were noted go to a place
    /// of their own, `FORMAT-new-N` with N the first that is not noted: the files before hold others. An interrupted run was
    /// not noted, and its files are replaced.
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
            let ending = match (arguments.draft, arguments.new && arguments.to != Target::JpPint) {
                (true, _) => "-draft".to_owned(),
                (_, true) if noted > 0 => format!("-new-{}", noted + 1),
                _ => String::new(),
            };
            return Ok(Destination {
                shown: directory.strip_prefix(current).unwrap_or(&directory).to_path_buf(),
                directory,
                stem: format!("{}{ending}", arguments.to.name()),
                extension: arguments.to.extension().to_owned(),
                is_chosen: false,
            });
        };
        let path = current.join(chosen);
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let Some(stem) = text(path.file_stem()) else {
            let diagnostic = Diagnostic::error(format!("expected a file after --out, found {:?}", chosen.display()));
            return Err(diagnostic.with_hint("name a file, or - for stdout"));
        };
        check_not_own(root, &path, chosen)?;
        Ok(Destination {
            directory: path.parent().unwrap_or(current).to_path_buf(),
            shown: chosen.parent().unwrap_or(Path::new("")).to_path_buf(),
            stem,
            extension: text(path.extension()).unwrap_or_default(),
            is_chosen: true,
        })
    }

    /// Writes the files and returns their paths as the user would write them. Files with one of the hashes are kept.
    ///
    /// # Errors
    /// When one cannot be written; nothing is written where one is to be kept.
    pub(super) fn write(&self, files: &[ExportFile], kept: &BTreeSet<&str>) -> Result<Vec<String>, Diagnostic> {
        let name = |(index, file): (usize, &ExportFile)| match &file.name {
            Some(name) => format!("{}/{name}", self.base()),
            None if files.len() == 1 => self.base(),
            None => self.part(index + 1),
        };
        let names: Vec<String> = files.iter().enumerate().map(name).collect();
        names.iter().try_for_each(|name| self.check_not_kept(name, kept))?;
        for (name, file) in names.iter().zip(files) {
            staging::replace(&self.directory.join(name), &self.shown(name), &file.bytes)?;
        }
        if !self.is_chosen {
            self.clear(&names)?;
        }
        Ok(names.iter().map(|name| self.shown(name)).collect())
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

    /// Removes the parts of an earlier export to the same place, so that nobody imports them again.
    fn clear(&self, written: &[String]) -> Result<(), Diagnostic> {
        let is_part = |name: &str| {
            let middle =
                name.strip_prefix(&self.stem).and_then(|rest| rest.strip_suffix(&format!(".{}", self.extension)));
            middle.is_some_and(|middle| {
                let number = middle.strip_prefix('-').unwrap_or(middle);
                middle.is_empty() || !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
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

/// Refuses a path into what the workspace is made of: `--out issued/202208.json` must not cost anyone a record.
fn check_not_own(root: &Path, path: &Path, chosen: &Path) -> Result<(), Diagnostic> {
    let parent = path.parent().unwrap_or(path);
    let real = parent.canonicalize().unwrap_or_else(|_| parent.to_path_buf());
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let inside = real.join(path.file_name().unwrap_or_default());
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
