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
    /// What differs; never empty. The digit of `{1}`, and whether it stands between quotes or backticks.
    Slot(char, bool),
}

/// Whether a slot may begin or end inside a quotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotations {
    /// No: `"Books and Co"` is not split at its `and`.
    Whole,
    /// Yes, for texts with a single quote, such as one about that character.
    Cut,
}

/// What stands in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'t> {
    /// The digit of `{1}`.
    pub(super) slot: char,
    pub(super) text: &'t str,
    /// Whether it stands between quotes or backticks: a name of the user's, never a text of the program.
    pub(super) is_quoted: bool,
}

impl Pattern {
    pub(super) fn of(text: &str) -> Pattern {
        let mut pieces = Vec::new();
        let (mut rest, mut open) = (text, None);
        while let Some((before, slot, after)) = next_slot(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            open = open_quote(before, open);
            // A single quote is elsewhere an apostrophe.
            let is_quoted = open.is_some() || before.ends_with('\'') && after.starts_with('\'');
            pieces.push(Piece::Slot(slot, is_quoted));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Pattern { pieces }
    }

    pub(super) fn has_slots(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Slot(..)))
    }

    /// Length of what is not in slots.
    pub(super) fn own_length(&self) -> usize {
        self.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum()
    }

    /// What stands in the slots, if the text fits: each takes as little as it can.
    pub(super) fn fit<'t>(&self, text: &'t str, quotations: Quotations) -> Option<Vec<Part<'t>>> {
        let mut found = Vec::new();
        fits(&self.pieces, text, quotations, &mut found).then_some(found)
    }
}

fn fits<'t>(pieces: &[Piece], text: &'t str, quotations: Quotations, found: &mut Vec<Part<'t>>) -> bool {
    let may_take = |text: &str, is_quoted| {
        let is_whole = || is_quoted || open_quote(text, None).is_none();
        !text.is_empty() && (quotations == Quotations::Cut || is_whole())
    };
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(own), rest @ ..] => {
            text.strip_prefix(own.as_str()).is_some_and(|text| fits(rest, text, quotations, found))
        }
        [Piece::Slot(slot, is_quoted)] => {
            found.push(Part { slot: *slot, text, is_quoted: *is_quoted });
            may_take(text, *is_quoted)
        }
        [Piece::Slot(slot, is_quoted), rest @ ..] => {
            let Some(Piece::Text(own)) = rest.first() else { return false };
            let known = found.len();
            for (at, _) in text.match_indices(own.as_str()).filter(|(at, _)| may_take(&text[..*at], *is_quoted)) {
                found.truncate(known);
                found.push(Part { slot: *slot, text: &text[..at], is_quoted: *is_quoted });
                if fits(rest, &text[at..], quotations, found) {
                    return true;
                }
            }
            false
        }
    }
}

/// The quote or backtick that is open after a text, when `open` was before it.
fn open_quote(text: &str, mut open: Option<char>) -> Option<char> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match open {
            // Names are printed by `{:?}`, which escapes a quote.
            Some('"') if c == '\\' => drop(chars.next()),
            Some(quote) if c == quote => open = None,
            None if matches!(c, '"' | '`') => open = Some(c),
            _ => {}
        }
    }
    open
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
