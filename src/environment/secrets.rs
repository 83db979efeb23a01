//! [`Secrets`]: text that must not be shown, and how to find it in text from a server.
//!
//! A server knows the keys that requests carry and may return them, on purpose or in an error, as they are or in the
//! encodings of URLs, JSON and headers. Each text is searched as it is, and again after each layer of encoding is
//! removed.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Secret;

/// Shorter secrets are not searched for: they would be found in ordinary words.
const SHORTEST: usize = 4;

/// Shorter secrets have too few Base64 characters that depend on them alone.
const SHORTEST_IN_BASE64: usize = 6;

/// Number of nested encodings that are removed.
const LAYERS: usize = 4;

/// Printed in place of a secret.
const MASK: &str = "***";

/// The secrets known so far.
#[derive(Default)]
pub struct Secrets(Mutex<BTreeSet<Vec<u8>>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

impl Secrets {
    /// Masks a secret from now on.
    pub fn conceal(&self, secret: &Secret) {
        let bytes = secret.expose().as_bytes();
        if bytes.len() >= SHORTEST {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(bytes.to_vec());
        }
    }

    /// The text with every known secret masked: plain, percent-encoded, in Base64, with the escapes of JSON, one encoding
    /// within another, and cut short before an ellipsis.
    pub fn masked(&self, text: &str) -> String {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.is_empty() {
            return text.to_owned();
        }
        let in_base64: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| base64_cores(secret)).collect();
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut view = View::of(text);
        for _ in 0..LAYERS {
            found.extend(secrets.iter().flat_map(|secret| view.find(secret, is_same)));
            found.extend(in_base64.iter().flat_map(|core| view.find_in_base64(core)));
            found.extend(secrets.iter().flat_map(|secret| view.find_cut_short(secret, is_same, SHORTEST)));
            let cut = |core: &Vec<u8>| view.find_cut_short(core, is_same_in_base64, SHORTEST_IN_BASE64);
            found.extend(in_base64.iter().flat_map(cut));
            match view.decoded() {
                Some(decoded) => view = decoded,
                None => break,
            }
        }
        without(text, found)
    }
}

/// Replaces ranges of the text by the mask.
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        // A range that starts inside the previous one belongs to the same mask.
        if range.start >= done {
            out.push_str(&text[done..text.floor_char_boundary(range.start)]);
            out.push_str(MASK);
        }
        done = done.max(text.ceil_char_boundary(range.end));
    }
    out.push_str(&text[done..]);
    out
}

/// A text with some layers of encoding removed: its bytes, and the range of the text that each comes from.
struct View {
    bytes: Vec<u8>,
    source: Vec<Range<usize>>,
}

impl View {
    fn of(text: &str) -> View {
        View { bytes: text.bytes().collect(), source: (0..text.len()).map(|index| index..index + 1).collect() }
    }

    /// The ranges of the text that contain `needle`.
    fn find(&self, needle: &[u8], same: fn(u8, u8) -> bool) -> Vec<Range<usize>> {
        let here = |start: &usize| self.bytes[*start..].iter().zip(needle).all(|(found, wanted)| same(*wanted, *found));
        let last = (self.bytes.len() + 1).saturating_sub(needle.len());
        (0..last).filter(here).map(|start| self.range(start, start + needle.len())).collect()
    }

    /// The ranges that contain it in Base64, with the characters around it that contain the rest of its bits.
    fn find_in_base64(&self, core: &[u8]) -> Vec<Range<usize>> {
        let here = |start: &usize| {
            self.bytes[*start..].iter().zip(core).all(|(found, wanted)| is_same_in_base64(*wanted, *found))
        };
        let last = (self.bytes.len() + 1).saturating_sub(core.len());
        let widened = |start: usize| {
            let end = start + core.len();
            let before = self.bytes[..start].iter().rev().take(2).take_while(|byte| is_base64(**byte)).count();
            let after = self.bytes[end..].iter().take(3).take_while(|byte| is_base64(**byte)).count();
            self.range(start - before, end + after)
        };
        (0..last).filter(here).map(widened).collect()
    }

    /// Beginnings of `needle`, at least `least` bytes long, that a message cut off: they would reveal a part of it.
    fn find_cut_short(&self, needle: &[u8], same: fn(u8, u8) -> bool, least: usize) -> Vec<Range<usize>> {
        let ends = memchr::memmem::find_iter(&self.bytes, "…".as_bytes());
        let found = ends.filter_map(|end| {
            // The last escape can be cut off, too.
            let broken = (1..=5).rev().filter(|length| *length <= end);
            let broken = broken.map(|length| end - length).find(|start| matches!(self.bytes[*start], b'%' | b'\\'));
            [Some(end), broken].into_iter().flatten().find_map(|last| {
                let is_beginning = |length: &usize| {
                    let before = &self.bytes[last - length..last];
                    before.iter().zip(needle).all(|(found, wanted)| same(*wanted, *found))
                };
                let length = (least..needle.len().min(last + 1)).rev().find(is_beginning)?;
                Some(self.range(last - length, end))
            })
        });
        found.collect()
    }

    fn range(&self, start: usize, end: usize) -> Range<usize> {
        self.source[start].start..self.source[end - 1].end
    }

    /// Removes one layer of encoding: percent-encoding, and escapes of JSON and Rust; none if there are none.
    fn decoded(&self) -> Option<View> {
        let mut decoded = View { bytes: Vec::with_capacity(self.bytes.len()), source: Vec::new() };
        let (mut index, mut changed) = (0, false);
        while index < self.bytes.len() {
            let mut bytes = [0; 4];
            let (length, found): (usize, &[u8]) = match escape(&self.bytes[index..]) {
                Some((length, Escaped::Byte(byte))) => {
                    bytes[0] = byte;
                    (length, &bytes[..1])
                }
                Some((length, Escaped::Char(letter))) => (length, letter.encode_utf8(&mut bytes).as_bytes()),
                None => (1, &self.bytes[index..=index]),
            };
            changed |= length > 1;
            let range = self.range(index, index + length);
            for byte in found {
                decoded.bytes.push(*byte);
                decoded.source.push(range.clone());
            }
            index += length;
        }
        changed.then_some(decoded)
    }
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// The escape at the start of the text, if there is one, and its length.
fn escape(text: &[u8]) -> Option<(usize, Escaped)> {
    match text {
        [b'%', high, low, ..] => Some((3, Escaped::Byte(u8::try_from(hex(&[*high, *low])?).ok()?))),
        // Rust's escapes in messages.
        [b'\\', b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|byte| *byte == b'}')?;
            Some((4 + length, Escaped::Char(char::from_u32(hex(&rest[..length])?)?)))
        }
        [b'\\', b'u', ..] => {
            let unit = |text: &[u8]| hex(text.strip_prefix(b"\\u")?.get(..4)?);
            let first = unit(text)?;
            match (char::from_u32(first), text.get(6..).and_then(unit)) {
                (Some(letter), _) => Some((6, Escaped::Char(letter))),
                (None, Some(second @ 0xdc00..=0xdfff)) if first < 0xdc00 => {
                    let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    Some((12, Escaped::Char(char::from_u32(code)?)))
                }
                _ => None,
            }
        }
        [b'\\', letter, ..] => {
            let byte = match letter {
                b'"' | b'\\' | b'/' | b'\'' => *letter,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                b'0' => 0,
                _ => return None,
            };
            Some((2, Escaped::Byte(byte)))
        }
        _ => None,
    }
}

/// Parses hexadecimal digits, at least one.
fn hex(digits: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let value = digits.iter().try_fold(0_u32, |value, byte| Some(value << 4 | digit(byte)?));
    value.filter(|_| !digits.is_empty())
}

/// Compares bytes; HTML forms encode a space as a plus sign.
fn is_same(wanted: u8, found: u8) -> bool {
    wanted == found || wanted == b' ' && found == b'+'
}

/// Compares Base64 characters; URLs use a different alphabet.
fn is_same_in_base64(wanted: u8, found: u8) -> bool {
    wanted == found || matches!((wanted, found), (b'+', b'-') | (b'/', b'_'))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

/// The Base64 characters that depend on a secret alone, for each position at which it can start: three bytes are four
/// characters, so there are three.
fn base64_cores(secret: &[u8]) -> Vec<Vec<u8>> {
    if secret.len() < SHORTEST_IN_BASE64 {
        return Vec::new();
    }
    let core = |before: usize| {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(secret.iter().copied()).collect();
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        STANDARD_NO_PAD.encode(bytes).as_bytes()[first..last].to_vec()
    };
    (0..3).map(core).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Secrets {
        let secrets = Secrets::default();
        texts.iter().for_each(|text| secrets.conceal(&Secret::new(*text)));
        secrets
    }

    #[test]
    fn a_secret_is_masked_however_it_is_encoded() {
        let known = secrets(&["hunter2/ひ\"+ x"]);
        for (text, expected) in [
            ("is hunter2/ひ\"+ x.", "is ***."),
            // Percent-encoded as in a query, in a form, wholly, in lower case, and twice.
            ("?k=hunter2%2F%E3%81%B2%22%2B%20x&n=1", "?k=***&n=1"),
            ("k=hunter2%2F%E3%81%B2%22%2B+x&n=1", "k=***&n=1"),
            ("%68%75%6e%74%65%72%32%2f%e3%81%b2%22%2b%20%78", "***"),
            ("a%2568unter2%252F%25E3%2581%25B2%2522%252B%2520xb", "a***b"),
            // Escapes of JSON, of which any character can be one; Rust's own.
            (r#"{"m":"hunter2\/ひ\"+ x"}"#, r#"{"m":"***"}"#),
            (r#"{"m":"\u0068unter2/\u3072\u0022+ x"}"#, r#"{"m":"***"}"#),
            (r#"invalid type: string "hunter2/\u{3072}\"+ x", expected"#, r#"invalid type: string "***", expected"#),
            // JSON within a URL.
            ("?q=hunter2%5C%2F%5Cu3072%5C%22%2B%20x", "?q=***"),
            // Cut where a message ends.
            ("says: hunter2/…", "says: ***…"),
            ("says: %68%75%6e%74%65%7…", "says: ***…"),
            (r"says: \u0068\u0075\u006e\u0074\u00…", "says: ***…"),
            ("nothing of it: hunt, hunter", "nothing of it: hunt, hunter"),
        ] {
            assert_eq!(known.masked(text), expected);
        }
    }

    #[test]
    fn a_secret_is_masked_in_base64_wherever_it_begins() {
        let known = secrets(&["s3cr3t>>>??? key"]);
        // printf 'id:s3cr3t>>>??? key' | base64, and with fewer letters before it; the alphabet of URLs; percent-encoded.
        for text in [
            "czNjcjN0Pj4+Pz8/IGtleQ==",
            "aWQ6czNjcjN0Pj4+Pz8/IGtleQ==",
            "OnMzY3IzdD4+Pj8/PyBrZXk=",
            "aTpzM2NyM3Q+Pj4/Pz8ga2V5",
            "OnMzY3IzdD4-Pj8_PyBrZXk",
            "OnMzY3IzdD4%2BPj8%2FPyBrZXk%3D",
        ] {
            let shown = known.masked(&format!("Basic {text} was sent"));
            assert!(shown.starts_with("Basic ") && shown.ends_with("*** was sent"), "{text}: {shown}");
            assert!(shown.len() <= "Basic aW*** was sent".len(), "{text}: {shown}");
        }
    }

    #[test]
    fn secrets_with_surrogates_and_those_that_overlap() {
        let known = secrets(&["pa\u{1f511}ss", "ss-and-more"]);
        assert_eq!(known.masked(r"x pa\ud83d\udd11ss-and-more x"), "x *** x");
        assert_eq!(known.masked("pa\u{1f511}"), "pa\u{1f511}");
    }

    #[test]
    fn any_text_is_safe_to_search() {
        let known = secrets(&["ひみつ", "%41%41"]);
        for text in [
            "",
            "…",
            "ひ…",
            "%",
            "%4",
            "%zz",
            "\\",
            "\\u",
            "\\u{",
            "\\u{110000}",
            "\\ud800",
            "\\udc00\\ud800",
            "%E3%81",
            "ひみつ",
        ] {
            assert!(!known.masked(text).contains("ひみつ"));
        }
        assert_eq!(secrets(&["x", "abc"]).masked("x abc"), "x abc");
        assert_eq!(known.masked("%2541%2541 and %41%41"), "*** and ***");
    }
}
