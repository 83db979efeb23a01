//! Names of exports that are a file for each document.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::Document;
use crate::model::matcher::normalized;
use crate::model::plain::is_name;

/// The names of the files of a month's documents by their numbers: `NUMBER.xml` or with another ending, or the name of the document's files where no
/// file can be called like its number.
///
/// A name that an earlier document has, or one that differs from it only in case, which some file systems ignore, ends with
/// -2, -3 and so on. So exports of single documents never replace each other's files, and as further documents come last,
/// names stay what they are.
pub(super) fn file_names<'a>(documents: &[&'a Document], ending: &str) -> BTreeMap<&'a str, String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for document in documents {
        let number = &document.number;
        let stem = if is_name(&format!("{number}-0000.{ending}")) { number.as_str() } else { document.file_name() };
        let mut name = format!("{stem}.{ending}");
        for count in 2.. {
            if taken.insert(normalized(&name).to_lowercase()) {
                break;
            }
            name = format!("{stem}-{count}.{ending}");
        }
        names.insert(number.as_str(), name);
    }
    names
}
