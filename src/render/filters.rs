//! Filters for templates: [`register`] adds them to Tera.

use base64::Engine;
use tera::{Kwargs, State, Tera, TeraResult, Value};

/// Adds the filters `css_string`, `svg_image` and `at_point`.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("css_string", css_string);
    tera.register_filter("svg_image", svg_image);
    tera.register_filter("at_point", at_point);
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
