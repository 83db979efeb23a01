//! Values in messages and excerpts that must not be shown.

use super::place::floor_boundary;

/// Words that name a secret, in keys and headers.
const SECRETS: [&str; 7] = ["pass", "pwd", "secret", "token", "apikey", "authkey", "credential"];

/// Whether a key names something that must not be shown.
pub fn names_secret(key: &str) -> bool {
    let plain: String = key.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    SECRETS.iter().any(|word| plain.contains(word))
}

/// The most bytes of a key that are looked at: in a line of equals signs each would be looked at for all others.
const LONGEST_KEY: usize = 200;

/// A text as it may be shown: someone who writes a password where none belongs must not find it in a log.
pub(super) fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    // Nothing after the equals sign of such a key is shown, wherever in the line it stands.
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

/// Where the equals sign of the first secret stands.
fn secret(text: &str) -> Option<usize> {
    let is_secret = |index: &usize| {
        let before = text[..*index].trim_end();
        let key = &before[floor_boundary(before, before.len().saturating_sub(LONGEST_KEY))..];
        key.rsplit(parts_keys).next().is_some_and(names_secret)
    };
    text.match_indices('=').map(|(index, _)| index).find(is_secret)
}

/// Whether a character stands between the keys of a line, a table or the query of a URL.
fn parts_keys(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | ',' | '?' | '&')
}

/// What may be shown after the value of a secret in the query of a URL, whose equals sign stands at `index`; nothing after
/// a secret elsewhere, which can have any signs.
fn after_parameter(text: &str, index: usize) -> &str {
    let key = text[..index].rfind(parts_keys);
    match key.and_then(|start| text[start..].chars().next()) {
        Some('?' | '&') => {
            text[index..].find(|c: char| c.is_whitespace() || c == '&').map_or("", |end| &text[index + end..])
        }
        _ => "",
    }
}
