//! `name: value` in a block or a `style` attribute.

use std::borrow::Cow;

use super::scanner::{Scanner, without_comments};
use crate::layout::fault::Faults;

/// `name: value` as written.
#[derive(Debug, Clone)]
pub(super) struct Declaration<'a> {
    pub(super) name: String,
    pub(super) value: Cow<'a, str>,
    pub(super) important: bool,
    pub(super) offset: usize,
    pub(super) source: &'a str,
}

/// The declarations of a block or of a `style` attribute.
pub(super) fn declarations<'a>(mut scanner: Scanner<'a>, faults: &Faults<'_>) -> Vec<Declaration<'a>> {
    let mut found = Vec::new();
    loop {
        scanner.skip_space_and_comments();
        match scanner.peek() {
            None => return found,
            Some(b';') => scanner.position += 1,
            Some(_) => found.extend(declaration(&mut scanner, faults)),
        }
    }
}

/// One declaration, up to its `;`.
pub(super) fn declaration<'a>(scanner: &mut Scanner<'a>, faults: &Faults<'_>) -> Option<Declaration<'a>> {
    let (offset, source) = scanner.take_until(b";");
    let Some((name, value)) = source.split_once(':') else {
        faults.add(offset, source, "expected a declaration like color: black");
        return None;
    };
    let name = name.trim();
    let name = if name.starts_with("--") { name.to_owned() } else { name.to_ascii_lowercase() };
    if value.contains('{') || value.contains('}') {
        faults.add(offset, source, "expected ; after a declaration");
        return None;
    }
    let (value, important) = match without_comments(value) {
        Cow::Borrowed(value) => {
            let (value, important) = split_important(value);
            (Cow::Borrowed(value), important)
        }
        Cow::Owned(value) => {
            let (value, important) = split_important(&value);
            (Cow::Owned(value.to_owned()), important)
        }
    };
    Some(Declaration { name, value, important, offset, source: source.trim() })
}

fn split_important(value: &str) -> (&str, bool) {
    match value.rsplit_once('!') {
        Some((rest, word)) if word.trim().eq_ignore_ascii_case("important") => (rest.trim_end(), true),
        _ => (value, false),
    }
}
