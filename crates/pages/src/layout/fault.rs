//! Faults in the HTML and where they are. All are collected, so that one run reports everything.

use std::{cell::RefCell, collections::BTreeMap};

/// More faults than this are no help: they usually have one cause.
const FAULTS_KEPT: usize = 200;

/// One thing in the HTML or CSS that cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line in the HTML, from 1.
    pub line: u32,
    /// Column in the line, in characters from 1.
    pub column: u32,
    /// The offending source text, such as `float: left`.
    pub fragment: String,
    /// Lower case, no full stop.
    pub message: String,
    /// How to fix it, where that is known.
    pub hint: Option<String>,
    /// Whether the content has no room on the page.
    pub is_outside: bool,
    /// Name of the font file at fault, as the caller gave it; the HTML is then not to blame.
    pub file: Option<String>,
}

/// A character that no face has; 〓 is printed in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The character.
    pub character: char,
    /// Number of occurrences.
    pub times: usize,
    /// Line of the first occurrence in the HTML, from 1.
    pub line: u32,
    /// Column in the line, in characters from 1.
    pub column: u32,
    /// The text around the first occurrence.
    pub text: String,
}

struct Found {
    offset: usize,
    fragment: String,
    message: String,
    hint: Option<String>,
    is_outside: bool,
    file: Option<String>,
}

/// A character without a glyph: first occurrence, the text around it, number of occurrences.
struct Lost {
    offset: usize,
    text: String,
    times: usize,
}

/// Collects faults by byte offset; lines and columns are computed once, at the end.
pub(crate) struct Faults<'a> {
    source: &'a str,
    found: RefCell<Vec<Found>>,
    missing: RefCell<BTreeMap<char, Lost>>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, found: RefCell::default(), missing: RefCell::default() }
    }

    pub(crate) fn add(&self, offset: usize, fragment: &str, message: impl Into<String>) {
        self.push(offset, fragment, message.into(), None);
    }

    pub(crate) fn add_with_hint(
        &self,
        offset: usize,
        fragment: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(offset, fragment, message.into(), Some(hint.into()));
    }

    /// Adds content that reaches beyond the page or its margins.
    pub(crate) fn add_outside(&self, offset: usize, fragment: &str, message: &str) {
        self.push(offset, fragment, message.to_owned(), None);
        if let Some(last) = self.found.borrow_mut().last_mut() {
            last.is_outside = true;
        }
    }

    /// Adds a font file that was accepted, but turns out to be unusable.
    pub(crate) fn add_face(&self, file: &str, message: &str) {
        self.push(0, file, message.to_owned(), Some("save the font again, or take another file".to_owned()));
        if let Some(last) = self.found.borrow_mut().last_mut() {
            last.file = Some(file.to_owned());
        }
    }

    /// Counts a character without a glyph, in a text that starts at `offset`.
    pub(crate) fn add_missing(&self, offset: usize, text: &str, character: char) {
        let mut missing = self.missing.borrow_mut();
        let lost = missing.entry(character).or_insert_with(|| {
            let offset = self.find_from(offset, character);
            Lost { offset, text: text.trim().to_owned(), times: 0 }
        });
        lost.times += 1;
    }

    fn push(&self, offset: usize, fragment: &str, message: String, hint: Option<String>) {
        let mut found = self.found.borrow_mut();
        let known = found.iter().any(|other| other.offset == offset && other.message == message);
        if found.len() < FAULTS_KEPT && !known {
            found.push(Found { offset, fragment: shorten(fragment), message, hint, is_outside: false, file: None });
        }
    }

    /// Offset of the first `character` from `offset` on; `offset` itself if the source writes it as a reference.
    fn find_from(&self, offset: usize, character: char) -> usize {
        let rest = self.source.get(offset..).unwrap_or_default();
        rest.find(character).map_or(offset, |at| offset + at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// The characters without a glyph, in the order of their first occurrences.
    pub(crate) fn missing(self) -> Vec<Missing> {
        let mut missing: Vec<(char, Lost)> = self.missing.into_inner().into_iter().collect();
        missing.sort_by_key(|(character, lost)| (lost.offset, *character));
        let mut places = Places { source: self.source, offset: 0, line: 1, line_start: 0 };
        let told = |(character, lost): (char, Lost)| {
            let (line, column) = places.of(lost.offset);
            Missing { character, times: lost.times, line, column, text: lost.text }
        };
        missing.into_iter().map(told).collect()
    }

    /// All faults in source order.
    pub(crate) fn into_vec(self) -> Vec<Fault> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|fault| fault.offset);
        let mut places = Places { source: self.source, offset: 0, line: 1, line_start: 0 };
        found
            .into_iter()
            .map(|fault| {
                let (line, column) = places.of(fault.offset);
                let Found { fragment, message, hint, is_outside, file, .. } = fault;
                Fault { line, column, fragment, message, hint, is_outside, file }
            })
            .collect()
    }
}

/// Converts ascending byte offsets to lines and columns in one pass.
struct Places<'a> {
    source: &'a str,
    offset: usize,
    line: u32,
    line_start: usize,
}

impl Places<'_> {
    fn of(&mut self, offset: usize) -> (u32, u32) {
        let end = offset.min(self.source.len());
        for (index, byte) in self.source.bytes().enumerate().take(end).skip(self.offset) {
            if byte == b'\n' {
                self.line += 1;
                self.line_start = index + 1;
            }
        }
        self.offset = end.max(self.offset);
        let before = self.source.get(self.line_start..end).unwrap_or_default();
        (self.line, u32::try_from(before.chars().count()).unwrap_or(u32::MAX - 1) + 1)
    }
}

fn shorten(fragment: &str) -> String {
    let line = fragment.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= 80 {
        return line.to_owned();
    }
    line.chars().take(79).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let faults = Faults::new("一行目\n二x");
        faults.add("一行目\n二".len(), "x", "second");
        faults.add("一".len(), "行", "first");
        let found: Vec<_> =
            faults.into_vec().into_iter().map(|fault| (fault.line, fault.column, fault.message)).collect();
        assert_eq!(found, [(1, 2, "first".to_owned()), (2, 2, "second".to_owned())]);
    }
}
