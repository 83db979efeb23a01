//! Finds the place of a printed text in the workspace's TOML files.

use toml::de::{DeTable, DeValue};

use crate::diagnostic::Place;

/// Tables whose strings match charges or are never printed, so that no printed text comes from them.
const NEVER_PRINTED: [&str; 9] = ["match", "of", "pricing", "tax", "allocation", "warnings", "mail", "issue", "fonts"];

/// Finds a character of a printed text: in a string that equals the text or, failing that, is a part of it. Searches
/// the files, each with its path relative to the root, in their order.
pub fn place_of_text(files: &[(String, Vec<u8>)], text: &str, character: char) -> Option<Place> {
    let texts = files.iter().filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)));
    let texts: Vec<(&str, &str)> = texts.collect();
    let of_ending = |ending: &str| -> Vec<(&str, &str)> {
        texts.iter().filter(|(path, _)| path.ends_with(ending)).copied().collect()
    };
    let (files, rows) = (of_ending(".toml"), of_ending(".csv"));
    let whole = |value: &str| value == text;
    let part = |value: &str| value.contains(character) && text.contains(value);
    let among = |fits: &dyn Fn(&str) -> bool| {
        files.iter().find_map(|(path, source)| {
            let (table, _) = DeTable::parse_recoverable(source);
            let span = find(table.get_ref(), fits)?;
            // Points at the character itself, unless it is written as an escape.
            let at = source.get(span.clone()).and_then(|written| written.find(character)).map(|at| span.start + at);
            let span = at.map_or(span, |at| at..at + character.len_utf8());
            Some(Place::span(path, source, span))
        })
    };
    among(&whole).or_else(|| among(&part)).or_else(|| in_rows(&rows, character))
}

/// The first place of a character in CSV files, whose cells are nearly all printed.
fn in_rows(files: &[(&str, &str)], character: char) -> Option<Place> {
    files.iter().find_map(|(path, text)| {
        let at = text.find(character)?;
        Some(Place::span(path, text, at..at + character.len_utf8()))
    })
}

/// The first string that fits, in file order.
fn find(table: &DeTable<'_>, fits: &dyn Fn(&str) -> bool) -> Option<std::ops::Range<usize>> {
    let mut found = Vec::new();
    collect(table, fits, &mut found);
    found.into_iter().min_by_key(|span| span.start)
}

fn collect(table: &DeTable<'_>, fits: &dyn Fn(&str) -> bool, found: &mut Vec<std::ops::Range<usize>>) {
    let printed = table.iter().filter(|(key, _)| !NEVER_PRINTED.contains(&key.get_ref().as_ref()));
    printed.for_each(|(_, value)| of_value(value, fits, found));
}

fn of_value(value: &toml::Spanned<DeValue<'_>>, fits: &dyn Fn(&str) -> bool, found: &mut Vec<std::ops::Range<usize>>) {
    match value.get_ref() {
        DeValue::String(text) if fits(text) => found.push(value.span()),
        DeValue::Array(values) => values.iter().for_each(|value| of_value(value, fits, found)),
        DeValue::Table(table) => collect(table, fits, found),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_the_string_that_is_printed() {
        let source = "name = \"支店\"\n[[match]]\nresource-name = \"A𓀀\"\n\n[invoice]\nnotes = [\n  \"一行目\",\n  \"二𓀀\",\n]\n\
            [[fee]]\nname = \"\\U00013001料\"\n";
        let files = vec![("customers/acme.toml".to_owned(), source.as_bytes().to_vec())];
        let place = |text, character| {
            place_of_text(&files, text, character).map(|place| (place.line, place.column, place.length))
        };
        assert_eq!(place("二𓀀", '𓀀'), Some((Some(8), Some(5), 1)));
        assert_eq!(place("備考: 二𓀀", '𓀀'), Some((Some(8), Some(5), 1)));
        // An escape has no character to point at.
        assert_eq!(place("\u{13001}料", '\u{13001}'), Some((Some(11), Some(8), 13)));
        // A rule's pattern is never printed.
        assert_eq!(place("A𓀀", '𓀀'), None);
    }
}
