//! [`Encoding`]: the bytes of a file for another program.

use unicode_normalization::UnicodeNormalization;

use super::Target;
use crate::diagnostic::Diagnostic;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    /// UTF-8; tables with the byte order mark without which Excel garbles Japanese
    #[value(name = "utf-8")]
    Utf8,
    /// Shift_JIS as Windows has it, code page 932
    Cp932,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Cp932 => "cp932",
        }
    }

    /// The bytes of a text, or its first character that cannot be written.
    pub(super) fn encode(self, text: &str) -> Result<Vec<u8>, char> {
        match self {
            Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
            Encoding::Cp932 => cp932(text),
        }
    }
}

/// The encoding of a target's files.
///
/// # Errors
/// When the program does not read the one that was asked for.
pub fn of(target: Target, asked: Option<Encoding>) -> Result<Encoding, Diagnostic> {
    let known = target.encodings();
    let encoding = asked.unwrap_or(known[0]);
    if known.contains(&encoding) {
        return Ok(encoding);
    }
    let names = known.iter().map(|known| known.name()).collect::<Vec<&str>>().join(", ");
    let message = format!("files for {} are not written as {}", target.name(), encoding.name());
    Err(Diagnostic::error(message).with_hint(format!("leave out --encoding; encodings for {}: {names}", target.name())))
}

/// What Windows and encoding_rs lack and what everybody writes in its place.
const REPLACED: [(char, char); 4] = [('〜', '～'), ('—', '―'), ('‖', '∥'), ('−', '-')];

/// A text in code page 932. It is composed first: a decomposed が has no bytes there.
///
/// Each character must come back as itself: the encoder would write a backslash for ¥, a tilde for ‾, and
/// `&#12316;` for what it lacks.
fn cp932(text: &str) -> Result<Vec<u8>, char> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut letter = [0; 4];
    for c in text.nfc() {
        let c = REPLACED.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
        if c.is_ascii() {
            bytes.push(c as u8);
            continue;
        }
        let text: &str = c.encode_utf8(&mut letter);
        let (encoded, _, is_lost) = encoding_rs::SHIFT_JIS.encode(text);
        let back = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&encoded);
        if is_lost || back.as_deref() != Some(text) {
            return Err(c);
        }
        bytes.extend_from_slice(&encoded);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are those of Microsoft's table of code page 932.
    #[test]
    fn characters_of_windows() {
        for (text, expected) in [
            ("A\\~", vec![0x41, 0x5c, 0x7e]),
            ("ア", vec![0x83, 0x41]),
            ("ｱ", vec![0xb1]),
            ("㈱①髙﨑", vec![0x87, 0x8a, 0x87, 0x40, 0xfb, 0xfc, 0xfa, 0xb1]),
            // が decomposed.
            ("か\u{3099}", vec![0x82, 0xaa]),
            ("〜～", vec![0x81, 0x60, 0x81, 0x60]),
            ("—―", vec![0x81, 0x5c, 0x81, 0x5c]),
            ("‖∥", vec![0x81, 0x61, 0x81, 0x61]),
            ("−-", vec![0x2d, 0x2d]),
            ("－", vec![0x81, 0x7c]),
            ("￥", vec![0x81, 0x8f]),
        ] {
            assert_eq!(cp932(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_characters_are_refused() {
        for (text, first) in
            [("a¥", '¥'), ("‾", '‾'), ("吉𠮷", '𠮷'), ("한", '한'), ("é", 'é'), ("🍣", '🍣'), ("€", '€')]
        {
            assert_eq!(cp932(text), Err(first), "{text}");
        }
    }
}
