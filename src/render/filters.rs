//! Filters and escaping for templates: [`register`] adds them to Tera.

use std::io::{self, Write};

use base64::Engine;
use tera::{Kwargs, State, Tera, TeraResult, Value};

/// Adds the filters `css_string`, `svg_image` and `at_point`, and [`escape`].
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("css_string", css_string);
    tera.register_filter("svg_image", svg_image);
    tera.register_filter("at_point", at_point);
    tera.set_escape_fn(escape);
}

/// Tera's own escaping, which writes byte by byte: pictures of issuers are long.
pub(super) fn escape(text: &str, output: &mut dyn Write) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        let (plain, behind) = rest.split_at(at);
        output.write_all(plain.as_bytes())?;
        let (special, behind) = behind.split_at(1);
        tera::escape_html(special, output)?;
        rest = behind;
    }
    output.write_all(rest.as_bytes())
}

/// A text as templates print it.
pub fn escaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    escape(text, &mut bytes).expect("memory takes every byte");
    String::from_utf8(bytes).expect("escaping gives text")
}

/// A text as a quoted CSS string, for `content` in page margins: nothing in it can end the string or the style.
fn css_string(text: &str, _: Kwargs, _: &State<'_>) -> Value {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '<' | '>' | '&' | '\'' | '{' | '}' | ';') || c.is_control() {
            quoted.push_str(&format!("\\{:06x}", c as u32));
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    Value::safe_string(&quoted)
}

/// An SVG drawing as a data URL for an image's `src`.
fn svg_image(text: &str, _: Kwargs, _: &State<'_>) -> Value {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text.trim());
    Value::safe_string(&format!("data:image/svg+xml;base64,{encoded}"))
}

/// An amount with its fraction, if any, in an element of its own, `class="fraction"`: where all fractions have the same
/// width, amounts in a column align at their points. With `aligned=false`, the amount unchanged.
fn at_point(amount: &str, arguments: Kwargs, _: &State<'_>) -> TeraResult<Value> {
    if !arguments.must_get::<bool>("aligned")? {
        return Ok(Value::normal_string(amount));
    }
    if amount.contains(['<', '>', '&']) {
        return Err(tera::Error::message(format!("at_point expects an amount, found {amount:?}")));
    }
    let (whole, fraction) = amount.split_at(amount.find('.').unwrap_or(amount.len()));
    Ok(Value::safe_string(&format!("{whole}<span class=\"fraction\">{fraction}</span>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_tera_escapes_them() {
        for text in ["", "plain", "<&>\"'", "株式会社<b>", "a&b", "&", "data:image/png;base64,iVBORw0+/="] {
            let mut bytes = Vec::new();
            tera::escape_html(text, &mut bytes).unwrap();
            assert_eq!(escaped(text).as_bytes(), bytes, "{text}");
        }
        assert_eq!(escaped("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
