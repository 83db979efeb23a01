//! Finds the tags of a Tera template as Tera's own lexer does: none in text, comments and raw blocks, and no end of a
//! tag within a string.

use std::ops::Range;

/// A tag, `{% … %}`, or a printed value, `{{ … }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'s> {
    /// Its byte range.
    pub(super) range: Range<usize>,
    /// Whether it is a tag; otherwise a printed value.
    pub(super) is_tag: bool,
    /// Whether it trims the white space before, and behind it.
    pub(super) trims_before: bool,
    pub(super) trims_behind: bool,
    /// Its tokens.
    pub(super) tokens: Vec<Sign<'s>>,
}

/// A word, a string, a number, or one character of anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign<'s> {
    Word(&'s str),
    Text,
    Number,
    Other(char),
}

impl<'s> Sign<'s> {
    pub(super) fn word(&self) -> Option<&'s str> {
        if let Sign::Word(word) = self { Some(word) } else { None }
    }
}

impl<'s> Piece<'s> {
    /// Its words, in order.
    pub(super) fn words(&self) -> Vec<&'s str> {
        self.tokens.iter().filter_map(Sign::word).collect()
    }
}

/// All tags and printed values of a template; none where a tag, string or comment has no end.
pub(super) fn pieces(source: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(start) = next_mark(source, at) {
        let rest = source.get(start..)?;
        if rest.starts_with("{#") {
            at = start + 2 + rest.get(2..)?.find("#}")? + 2;
            continue;
        }
        if rest.starts_with("{%") && is_end(rest.get(2..)?, "raw") {
            at = raw_end(source, start + 2)?;
            continue;
        }
        let piece = piece(source, start)?;
        at = piece.range.end;
        pieces.push(piece);
    }
    Some(pieces)
}

/// The next `{{`, `{%` or `{#`.
fn next_mark(source: &str, from: usize) -> Option<usize> {
    let bytes = source.as_bytes().get(from..)?;
    bytes.windows(2).position(|pair| matches!(pair, b"{{" | b"{%" | b"{#")).map(|at| from + at)
}

/// Whether a tag, given from behind its `{%`, consists of this word only.
fn is_end(inside: &str, word: &str) -> bool {
    let blank = |letter: char| letter.is_ascii_whitespace();
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start_matches(blank);
    inside.strip_prefix(word).is_some_and(|rest| {
        let rest = rest.trim_start_matches(blank);
        rest.strip_prefix('-').unwrap_or(rest).starts_with("%}")
    })
}

/// The position behind the `{% endraw %}` of a raw block.
fn raw_end(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += source.get(at..)?.find("{%")? + 2;
        if is_end(source.get(at..)?, "endraw") {
            return Some(at + source.get(at..)?.find("%}")? + 2);
        }
    }
}

fn piece(source: &str, start: usize) -> Option<Piece<'_>> {
    let is_tag = source.get(start..start + 2)? == "{%";
    let end = if is_tag { "%}" } else { "}}" };
    let trims_before = source.get(start + 2..)?.starts_with('-');
    let mut at = start + 2 + usize::from(trims_before);
    let mut tokens = Vec::new();
    loop {
        let rest = source.get(at..)?;
        let trimmed = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace());
        at += rest.len() - trimmed.len();
        let trims_behind = trimmed.strip_prefix('-').is_some_and(|rest| rest.starts_with(end));
        if trims_behind || trimmed.starts_with(end) {
            let range = start..at + end.len() + usize::from(trims_behind);
            return Some(Piece { range, is_tag, trims_before, trims_behind, tokens });
        }
        let first = trimmed.chars().next()?;
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let (token, length) = match first {
            '"' | '\'' | '`' => (Sign::Text, string_length(trimmed, first)?),
            '0'..='9' => {
                let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
                (Sign::Number, trimmed.find(|letter| !is_number(letter)).unwrap_or(trimmed.len()))
            }
            _ if word(first) => {
                let length = trimmed.find(|letter| !word(letter)).unwrap_or(trimmed.len());
                (Sign::Word(trimmed.get(..length)?), length)
            }
            other => (Sign::Other(other), other.len_utf8()),
        };
        tokens.push(token);
        at += length;
    }
}

/// The bytes of the string that starts here, with both quotes.
fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = !escaped && *letter == quote;
        escaped = !escaped && *letter == '\\';
        ends
    });
    end.map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_where_tera_ends_them() {
        let found = |source: &str| {
            let pieces = pieces(source)?;
            Some(pieces.into_iter().map(|piece| source[piece.range].to_owned()).collect::<Vec<String>>())
        };
        let list = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>());
        assert_eq!(found("a { b {{ c }} {%- d -%}e"), list(&["{{ c }}", "{%- d -%}"]));
        assert_eq!(found(r#"{{ "}}" ~ '\'}}' ~ `%}` }}"#), list(&[r#"{{ "}}" ~ '\'}}' ~ `%}` }}"#]));
        assert_eq!(found("{# {{ a }} #}{%-raw-%}{{ b }}{% endraw %}{{ c }}"), list(&["{{ c }}"]));
        assert_eq!(found("{{ {\"a\": {\"b\": 1} } }}"), list(&["{{ {\"a\": {\"b\": 1} } }}"]));
        for broken in ["{{ a", "{% \"a %}", "{# a", "{% raw %}{{ a }}"] {
            assert_eq!(found(broken), None, "{broken}");
        }
    }
}
