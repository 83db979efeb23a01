//! AWS's manifest of an export: the list of its parts, which AWS writes last.
//!
//! An export lies in `EXPORT/data/…` and its manifest in `EXPORT/metadata/…`, and AWS recommends to read the list to know
//! which files to take: <https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html>.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place, Problems, cannot, json_fault};
use crate::files;
use crate::model::plain::beginning;

/// The files of a bill.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Those with rows.
    pub(super) parts: Vec<String>,
    /// Those that say which parts there are, and what the provider invoiced.
    pub(super) others: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "dataFiles")]
    data_files: Vec<String>,
}

/// The parts of a bill among the files that the source's path names: where a manifest lies beside them, exactly the files
/// that it lists; elsewhere all.
///
/// # Errors
/// A manifest that cannot be read or lists a missing file, and two manifests of an export.
pub(super) fn listed(root: &Path, named: Vec<String>) -> Result<Listed, Problems> {
    let mut listed = Listed::default();
    let mut rest = named;
    let mut problems = Problems::default();
    let directories: BTreeSet<String> = rest.iter().flat_map(|path| directories(path)).map(str::to_owned).collect();
    // A directory comes after those below it.
    for export in directories.iter().rev() {
        let manifests = files::expand(root, &format!("{export}/metadata/**/*Manifest.json"))?;
        let Some(manifest) = manifests.first() else { continue };
        let is_beside = |path: &String| path.strip_prefix(export.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let (beside, others) = rest.into_iter().partition(is_beside);
        rest = others;
        if manifests.len() > 1 {
            problems.push(several(&manifests));
        } else if let Some(parts) = problems.keep(parts_of(root, manifest, export, beside)) {
            listed.parts.extend(parts);
            listed.others.push(manifest.clone());
        }
    }
    problems.check()?;
    listed.parts.extend(rest);
    listed.parts.sort();
    Ok(listed)
}

/// The directories that a file is in, below each other.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).filter(|directory| !directory.is_empty())
}

fn several(manifests: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error("an export has several manifests, so it is unclear which files are its parts");
    let diagnostic = manifests[1..]
        .iter()
        .fold(diagnostic.at(Place::file(&manifests[0])), |diagnostic, other| diagnostic.with_note(other.clone()));
    diagnostic.with_hint("keep the manifest of the newest delivery, with its files, and move the others away")
}

/// The parts that a manifest lists, of the files `beside` it.
fn parts_of(root: &Path, manifest: &str, export: &str, beside: Vec<String>) -> Result<Vec<String>, Diagnostic> {
    let place = || Place::file(manifest);
    let bytes = files::read(&root.join(manifest), files::TEXT).with_context(|| cannot("read the file", manifest))?;
    let list: Manifest = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("this is not a manifest of AWS: {}", json_fault(&error));
        Diagnostic::error(message).at(place()).with_hint("fetch the whole export again")
    })?;
    let mut parts: Vec<String> = Vec::new();
    let mut missing = Vec::new();
    for key in &list.data_files {
        // The key is a URL in a bucket, the beginning of which was left out when the file was downloaded.
        let found = beside.iter().map(|path| (common_end(key, &path[export.len()..]), path)).max();
        match found {
            Some((1.., path)) if !parts.contains(path) => parts.push(path.clone()),
            _ => missing.push(beginning(key.rsplit('/').next().unwrap_or(key))),
        }
    }
    if list.data_files.is_empty() {
        let diagnostic = Diagnostic::error("the manifest lists no files").at(place());
        return Err(diagnostic.with_hint("fetch the whole export again, or move the manifest away"));
    }
    if missing.is_empty() {
        return Ok(parts);
    }
    let files = match missing.len() {
        1 => "1 file that the manifest lists is missing".to_owned(),
        count => format!("{count} files that the manifest lists are missing"),
    };
    let diagnostic = Diagnostic::error(files).at(place());
    let diagnostic = missing.into_iter().take(5).fold(diagnostic, Diagnostic::with_note);
    Err(diagnostic.with_hint("download them, too, or widen the source's path so that it names them"))
}

/// Number of equal components at the ends of two paths.
fn common_end(one: &str, other: &str) -> usize {
    one.rsplit('/').zip(other.rsplit('/')).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_the_ends_of_their_keys() {
        for (key, path, expected) in [
            ("s3://b/focus/e/data/P=2024-09/e-00001.csv.gz", "/data/P=2024-09/e-00001.csv.gz", 3),
            ("s3://b/focus/e/data/P=2024-09/e-00001.csv.gz", "/e-00001.csv.gz", 1),
            ("s3://b/focus/e/data/P=2024-09/e-00001.csv.gz", "/data/P=2024-09/e-00002.csv.gz", 0),
        ] {
            assert_eq!(common_end(key, path), expected, "{path}");
        }
    }

    #[test]
    fn a_manifest_names_the_parts_of_its_export_alone() {
        let root = std::env::temp_dir().join(format!("invoicer-manifest-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for path in ["a/data/1.csv", "a/data/2.csv", "a/data/old.csv", "b/1.csv"] {
            write(path, "");
        }
        write("a/metadata/p/a-Manifest.json", r#"{"dataFiles":["s3://x/a/data/2.csv","s3://x/a/data/1.csv"]}"#);
        let named = files::expand(&root, "**/*.csv").unwrap();
        assert_eq!(named, ["a/data/1.csv", "a/data/2.csv", "a/data/old.csv", "b/1.csv"]);
        let found = listed(&root, named.clone());
        // A file in the place of another: one of two that have the same name.
        write("a/metadata/p/a-Manifest.json", r#"{"dataFiles":["s3://x/a/data/1.csv","s3://x/a/more/1.csv"]}"#);
        let missing = listed(&root, named);
        std::fs::remove_dir_all(&root).unwrap();
        let parts = ["a/data/1.csv", "a/data/2.csv", "b/1.csv"].map(str::to_owned).to_vec();
        assert_eq!(found, Ok(Listed { parts, others: vec!["a/metadata/p/a-Manifest.json".to_owned()] }));
        assert_eq!(missing.unwrap_err()[0].notes, ["1.csv"]);
    }
}
