//! [`Pattern`]: a text with slots, such as `{1} has no line {2}`.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// A text with slots for what differs.
#[derive(Debug)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    /// What every fitting text has.
    Text(String),
    /// What differs; never empty. The digit of `{1}`.
    Slot(char),
}

impl Pattern {
    pub(super) fn of(text: &str) -> Pattern {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, slot, after)) = next_slot(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Slot(slot));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Pattern { pieces }
    }

    pub(super) fn has_slots(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Slot(_)))
    }

    /// Length of what is not in slots.
    pub(super) fn own_length(&self) -> usize {
        self.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum()
    }

    /// What stands in the slots, if the text fits: each takes as little as it can.
    pub(super) fn fit<'t>(&self, text: &'t str) -> Option<Vec<(char, &'t str)>> {
        let mut found = Vec::new();
        fits(&self.pieces, text, &mut found).then_some(found)
    }
}

fn fits<'t>(pieces: &[Piece], text: &'t str, found: &mut Vec<(char, &'t str)>) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(own), rest @ ..] => text.strip_prefix(own.as_str()).is_some_and(|text| fits(rest, text, found)),
        [Piece::Slot(slot)] => {
            found.push((*slot, text));
            !text.is_empty()
        }
        [Piece::Slot(slot), rest @ ..] => {
            let Some(Piece::Text(own)) = rest.first() else { return false };
            let known = found.len();
            for (at, _) in text.match_indices(own.as_str()).filter(|(at, _)| *at > 0) {
                found.truncate(known);
                found.push((*slot, &text[..at]));
                if fits(rest, &text[at..], found) {
                    return true;
                }
            }
            false
        }
    }
}

/// A text with its slots filled. Japanese has a space only beside a word of another script, so a space around a slot goes
/// where both its sides are full-width.
pub(super) fn fill<'a>(text: &str, part: impl Fn(char) -> Cow<'a, str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, slot, after)) = next_slot(rest) {
        let part = part(slot);
        filled.push_str(before);
        let left = filled.strip_suffix(' ').and_then(|left| left.chars().next_back());
        if left.is_some_and(is_wide) && part.chars().next().is_some_and(is_wide) {
            filled.pop();
        }
        filled.push_str(&part);
        let right = after.strip_prefix(' ').filter(|right| right.chars().next().is_some_and(is_wide));
        rest = right.filter(|_| filled.chars().next_back().is_some_and(is_wide)).unwrap_or(after);
    }
    filled.push_str(rest);
    filled
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

/// The first slot of a text, with what is before and after it.
pub(super) fn next_slot(text: &str) -> Option<(&str, char, &str)> {
    let is_slot = |(at, _): &(usize, &str)| {
        let inside = &text.as_bytes()[at + 1..];
        matches!(inside, [b'1'..=b'9', b'}', ..])
    };
    let (at, _) = text.match_indices('{').find(is_slot)?;
    Some((&text[..at], char::from(text.as_bytes()[at + 1]), &text[at + 3..]))
}
