//! Finds diagnostics of the same kind, so that a mistake in ten thousand files is not printed ten thousand times.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Diagnostic, Severity};

/// Maximum number of files whose diagnostics of a kind are printed one by one.
pub const EACH: usize = 5;

/// The diagnostics of each kind in the first `most` files that have any, in their order. The last one of a kind comes with
/// the number of those left out. One without a place counts as a file.
pub fn first_of_each_kind<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    most: usize,
) -> Vec<(&'d Diagnostic, usize)> {
    let mut shown: Vec<(&Diagnostic, usize)> = Vec::new();
    let mut kinds: BTreeMap<(Severity, String), Kind<'_>> = BTreeMap::new();
    for diagnostic in diagnostics {
        let kind = kinds.entry((diagnostic.severity, shape(&diagnostic.message))).or_default();
        let path = diagnostic.place.as_ref().map(|place| place.path.as_str());
        let is_known = path.is_some_and(|path| kind.files.contains(path));
        if !is_known && kind.files.len() + kind.without_place >= most {
            kind.more += 1;
            continue;
        }
        match path {
            Some(path) => drop(kind.files.insert(path)),
            None => kind.without_place += 1,
        }
        kind.last = shown.len();
        shown.push((diagnostic, 0));
    }
    kinds.into_values().for_each(|kind| shown[kind.last].1 = kind.more);
    shown
}

/// What is shown of a kind so far.
#[derive(Default)]
struct Kind<'d> {
    files: BTreeSet<&'d str>,
    without_place: usize,
    /// Where the last one is among all that are shown.
    last: usize,
    /// How many are left out.
    more: usize,
}

/// A message without what differs from one file to the next: what it quotes, and words with digits or slashes, which are
/// numbers, months and paths.
fn shape(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    let mut letters = message.chars();
    while let Some(letter) = letters.next() {
        plain.push(letter);
        if letter == '"' || letter == '`' {
            while let Some(inner) = letters.next() {
                match inner {
                    '\\' => drop(letters.next()),
                    inner if inner == letter => break,
                    _ => {}
                }
            }
        }
    }
    let is_name = |word: &&str| word.contains(|letter: char| letter == '/' || letter.is_ascii_digit());
    let words = plain.split(' ').map(|word| if is_name(&word) { "" } else { word });
    words.collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Place;

    #[test]
    fn what_differs_between_files_is_no_part_of_the_shape() {
        for (one, other) in [
            ("unknown key `markpu` in [pricing]", "unknown key `x` in [pricing]"),
            ("expected a rate, found \"1 \\\" 5\"", "expected a rate, found \"2\""),
            ("202208 is issued", "202209 is issued"),
            ("cannot read customers/a.toml: permission denied", "cannot read customers/b.toml: permission denied"),
            ("INV-1 has no line 9", "INV-22 has no line 10"),
        ] {
            assert_eq!(shape(one), shape(other));
        }
        for (one, other) in [
            ("unknown key `a` in [pricing]", "unknown key `a` in [invoice]"),
            ("cannot read a/b: permission denied", "cannot read a/b: it does not exist"),
            ("expected a rate, found \"1\"", "expected a rate, found nothing"),
        ] {
            assert_ne!(shape(one), shape(other));
        }
    }

    #[test]
    fn many_of_a_kind_in_one_file_are_all_told() {
        let of = |file: usize| Diagnostic::error("the name is missing").at(Place::file(format!("{file}.toml")));
        let all: Vec<Diagnostic> = [1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 1, 7].map(of).to_vec();
        let shown = first_of_each_kind(&all, EACH);
        // All but those of files 6 and 7.
        assert_eq!(shown.iter().map(|(_, more)| *more).collect::<Vec<usize>>(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    }

    /// 10,000 of one kind with two of another between them, and a warning with the words of the first.
    #[test]
    fn a_flood_is_told_by_its_first_and_a_count() {
        let mut all: Vec<Diagnostic> =
            (0..10_000).map(|number| Diagnostic::error(format!("unknown key `k{number}` in [pricing]"))).collect();
        all.insert(3, Diagnostic::error("the name is missing"));
        all.insert(9000, Diagnostic::error("the name is missing"));
        all.push(Diagnostic::warning("unknown key `k` in [pricing]"));
        let shown: Vec<(&str, usize)> =
            first_of_each_kind(&all, EACH).into_iter().map(|(one, more)| (one.message.as_str(), more)).collect();
        let key = |number: usize| format!("unknown key `k{number}` in [pricing]");
        let keys = [key(0), key(1), key(2), key(3), key(4)];
        let expected = [
            (keys[0].as_str(), 0),
            (keys[1].as_str(), 0),
            (keys[2].as_str(), 0),
            ("the name is missing", 0),
            (keys[3].as_str(), 0),
            (keys[4].as_str(), 9995),
            ("the name is missing", 0),
            ("unknown key `k` in [pricing]", 0),
        ];
        assert_eq!(shown, expected);
        assert_eq!(first_of_each_kind(&all[..5], EACH).len(), 5);
        assert_eq!(first_of_each_kind(&all, usize::MAX).len(), all.len());
    }
}
