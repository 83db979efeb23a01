//! [`Decoded`]: a file's bytes as UTF-8, whatever its encoding, as a stream.

use std::fmt;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, SHIFT_JIS, UTF_8};

use crate::model::mapping::TextEncoding;

/// A file in an encoding.
pub(super) struct Decoded<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// The part of `input` that is not decoded yet.
    from: usize,
    until: usize,
    /// What is decoded, and the part of it that was read already.
    output: Vec<u8>,
    given: usize,
    /// Whether the source has ended and the decoder was told so, which it must be once.
    is_finished: bool,
    /// Of what was decoded so far: the bytes, the lines, and the bytes of the last line.
    place: NotEncoded,
}

/// Where a file has bytes that are none of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotEncoded {
    /// The line, from 1.
    pub(super) line: u32,
    /// The byte in the line, from 1.
    pub(super) byte: usize,
    /// Whether the file begins with the mark of UTF-16.
    pub(super) is_utf16: bool,
}

impl fmt::Display for NotEncoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, byte {}", self.line, self.byte)
    }
}

impl std::error::Error for NotEncoded {}

impl<R> Decoded<R> {
    /// The decoder of windows-31j is that of Shift_JIS: browsers' tables are those of Windows.
    pub(super) fn new(source: R, encoding: TextEncoding) -> Decoded<R> {
        let encoding = match encoding {
            TextEncoding::Utf8 => UTF_8,
            TextEncoding::Cp932 => SHIFT_JIS,
        };
        Decoded {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; 1 << 14],
            from: 0,
            until: 0,
            output: Vec::new(),
            given: 0,
            is_finished: false,
            place: NotEncoded { line: 1, byte: 1, is_utf16: false },
        }
    }

    /// Moves the place behind bytes that were decoded.
    fn pass(&mut self, length: usize) {
        let passed = &self.input[self.from..self.from + length];
        match memchr::memrchr(b'\n', passed) {
            None => self.place.byte += length,
            Some(last) => {
                self.place.line += memchr::memchr_iter(b'\n', passed).count() as u32;
                self.place.byte = length - last;
            }
        }
        self.from += length;
    }
}

impl<R: Read> Decoded<R> {
    /// Decodes what comes next in the source.
    fn advance(&mut self) -> io::Result<()> {
        if self.from == self.until {
            (self.from, self.until) = (0, self.source.read(&mut self.input)?);
            self.is_finished = self.until == 0;
            let is_first = (self.place.line, self.place.byte) == (1, 1);
            let marks: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
            self.place.is_utf16 |= is_first && marks.iter().any(|mark| self.input[..self.until].starts_with(mark));
        }
        let input = &self.input[self.from..self.until];
        // A byte of any encoding is at most three of UTF-8, and one more character may have been begun before.
        self.output.resize(3 * input.len() + 16, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.output, self.is_finished);
        self.output.truncate(written);
        self.given = 0;
        self.pass(read);
        match result {
            DecoderResult::Malformed(length, behind) => {
                self.is_finished = true;
                let back = usize::from(length) + usize::from(behind);
                let byte = self.place.byte.saturating_sub(back).max(1);
                Err(io::Error::other(NotEncoded { byte, ..self.place }))
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() && !self.is_finished {
            self.advance()?;
        }
        let rest = &self.output[self.given..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

/// The text of bytes that are shown but not read: as UTF-8, or else as cp932 where they are that.
pub(super) fn shown(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives a byte at a time: characters are cut anywhere.
    struct Single<'b>(&'b [u8]);

    impl Read for Single<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(buffer.len()).min(1);
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn decoded(bytes: &[u8], encoding: TextEncoding) -> Result<String, String> {
        let mut texts: Vec<Result<String, String>> = Vec::new();
        let sources: [Box<dyn Read + '_>; 2] = [Box::new(bytes), Box::new(Single(bytes))];
        for source in sources {
            let mut text = Vec::new();
            let read = Decoded::new(source, encoding).read_to_end(&mut text);
            texts.push(read.map(|_| String::from_utf8(text).unwrap()).map_err(|error| error.to_string()));
        }
        assert_eq!(texts[0], texts[1]);
        texts.remove(0)
    }

    #[test]
    fn both_encodings_are_read() {
        let text = "ｱ表,①髙\r\n\\1,234~\n";
        let cp932 = b"\xb1\x95\x5c,\x87\x40\xfb\xfc\r\n\\1,234~\n";
        assert_eq!(decoded(cp932, TextEncoding::Cp932).as_deref(), Ok(text));
        assert_eq!(decoded(text.as_bytes(), TextEncoding::Utf8).as_deref(), Ok(text));
        let long = text.repeat(5000);
        assert_eq!(decoded(long.as_bytes(), TextEncoding::Utf8), Ok(long));
    }

    #[test]
    fn other_bytes_have_a_place() {
        for (bytes, encoding, expected) in [
            (&b"a,b\nc\xff,d"[..], TextEncoding::Utf8, "line 2, byte 2"),
            // あ of cp932, and a character of UTF-8 that is cut off.
            (b"a,\x82\xa0", TextEncoding::Utf8, "line 1, byte 3"),
            (b"\n\n\xe3\x81", TextEncoding::Utf8, "line 3, byte 1"),
            (b"a\n\x82\xa0\x82", TextEncoding::Cp932, "line 2, byte 3"),
            (b"\x82\xa0\n\xa0", TextEncoding::Cp932, "line 2, byte 1"),
        ] {
            assert_eq!(decoded(bytes, encoding), Err(expected.to_owned()), "{bytes:?}");
        }
    }
}
