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

#[cfg(test)]
mod tests {
    use super::toml_text;

    #[test]
    fn what_would_end_a_string_or_a_line_is_escaped() {
        assert_eq!(toml_text("a\"b\\c\u{7f}\td"), "\"a\\\"b\\\\c\\u007F\\u0009d\"");
    }
}
