//! Texts as TOML writes them.

/// A text as a basic string of TOML, with its quotes.
pub fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key of TOML, in quotes where it needs them.
pub fn toml_key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { toml_text(name) }
}

#[cfg(test)]
mod tests {
    use super::{toml_key, toml_text};

    #[test]
    fn what_would_end_a_string_or_a_line_is_escaped() {
        assert_eq!(toml_text("a\"b\\c\u{7f}\td"), "\"a\\\"b\\\\c\\u007F\\u0009d\"");
    }

    #[test]
    fn keys_are_quoted_where_they_need_it() {
        // The space between the two words is U+3000, which Rust's own quotes would write as \u{3000}.
        let keys = ["customer", "a-b_1", "", "山田\u{3000}商店", "a b"];
        assert_eq!(keys.map(toml_key), ["customer", "a-b_1", "\"\"", "\"山田\u{3000}商店\"", "\"a b\""]);
    }
}
