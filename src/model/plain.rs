//! Checks names and paths read from this program's own files. Anything this program would not have written comes from
//! somebody else and must not lead outside the directory.

/// Maximum length of a name in file systems, in bytes.
const LONGEST_NAME: usize = 255;

/// Maximum length of a path in operating systems, in bytes.
const LONGEST_PATH: usize = 4096;

/// Whether a text is the name of one file or directory, which on no system leads up, down or to another drive.
pub fn is_name(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let is_separate = |c: char| matches!(c, '/' | '\\') || c.is_control();
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'/' | b'\\');
    // Nearly all are of ASCII alone.
    let is_whole = || text.bytes().all(is_plain) || !text.contains(is_separate);
    !matches!(text, "" | "." | "..") && text.len() <= LONGEST_NAME && !is_drive && is_whole()
}

/// Whether a text is a path with `/` that stays below the directory it starts from.
pub fn is_path(text: &str) -> bool {
    text.len() <= LONGEST_PATH && text.split('/').all(is_name)
}

/// Whether a text is a SHA-256 as lower-case hex.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is a single line of 1 to `most` characters.
pub fn is_line(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().nth(most).is_none() && !text.contains(char::is_control)
}

/// The beginning of a text, for messages of the form "expected X, found Y".
pub fn beginning(text: &str) -> String {
    let mut beginning: String = text.chars().take(60).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_stay_where_they_are() {
        let long = "x".repeat(5000);
        for text in
            ["", ".", "..", "/", "a/", "/etc/x", "../x", "a/../../b", "a//b", "a\0b", "a\\b", "C:\\x", "c:x", &long]
        {
            assert!(!is_name(text) && !is_path(text), "{text:?}");
        }
        for text in ["a", "...", ".a", "INV-1.pdf", "アクメ", "12:30", "a b"] {
            assert!(is_name(text) && is_path(text) && is_path(&format!("x/{text}")), "{text:?}");
        }
        assert!(!is_name("a/b") && is_path("a/b"));
        assert!(!is_path(&"a/".repeat(3000)) && !is_path("a/\u{1b}"));
    }

    #[test]
    fn hashes_and_lines() {
        assert!(is_sha256(&"0a".repeat(32)));
        for text in ["", "0a", &"0A".repeat(32), &"0g".repeat(32), &"0a".repeat(33)] {
            assert!(!is_sha256(text), "{text}");
        }
        assert!(is_line("INV/1 号", 7) && !is_line("INV/1 号", 6) && !is_line("", 1) && !is_line("a\u{9b}", 9));
    }
}
