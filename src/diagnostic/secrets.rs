//! Masks secret values in messages and excerpts.

use super::place::floor_boundary;

/// Words in keys and headers that name a secret.
const SECRETS: [&str; 7] = ["pass", "pwd", "secret", "token", "apikey", "authkey", "credential"];

/// Whether a key names a secret.
pub fn names_secret(key: &str) -> bool {
    let plain: String = key.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    SECRETS.iter().any(|word| plain.contains(word))
}

/// Maximum bytes searched for a key. Without a limit, a line of equals signs would take quadratic time.
const LONGEST_KEY: usize = 200;

/// The text with secrets masked: a password written where none belongs must not end up in a log.
pub(super) fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    // Hides everything after the equals sign of such a key, wherever it is in the line.
    while let Some(index) = secret(rest) {
        shown.push_str(&rest[..index]);
        shown.push_str("= ***");
        rest = after_parameter(rest, index);
    }
    shown.push_str(rest);
    match (shown.split_once("://"), shown.find('@')) {
        (Some((scheme, rest)), Some(at)) if at > scheme.len() + 3 && rest[..at - scheme.len() - 3].contains(':') => {
            format!("{scheme}://***{}", &shown[at..])
        }
        _ => shown,
    }
}

/// The position of the first secret's equals sign.
fn secret(text: &str) -> Option<usize> {
    let is_secret = |index: &usize| {
        let before = text[..*index].trim_end();
        let key = &before[floor_boundary(before, before.len().saturating_sub(LONGEST_KEY))..];
        key.rsplit(parts_keys).next().is_some_and(names_secret)
    };
    text.match_indices('=').map(|(index, _)| index).find(is_secret)
}

/// Whether a character separates keys in a line, a table or the query of a URL.
fn parts_keys(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | ',' | '?' | '&')
}

/// The text after a secret in the query of a URL, whose equals sign is at `index`. Empty for a secret elsewhere, which
/// may contain any character.
fn after_parameter(text: &str, index: usize) -> &str {
    let key = text[..index].rfind(parts_keys);
    match key.and_then(|start| text[start..].chars().next()) {
        Some('?' | '&') => {
            text[index..].find(|c: char| c.is_whitespace() || c == '&').map_or("", |end| &text[index + end..])
        }
        _ => "",
    }
}
