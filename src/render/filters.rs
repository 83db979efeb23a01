//! What templates can do with a text: [`register`] adds the filters to Tera.

use base64::Engine;
use tera::{Kwargs, State, Tera, Value};

/// The filters `css_string` and `svg_image`.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("css_string", css_string);
    tera.register_filter("svg_image", svg_image);
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

/// An SVG drawing as what stands in the `src` of an image.
fn svg_image(text: &str, _: Kwargs, _: &State<'_>) -> Value {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text.trim());
    Value::safe_string(&format!("data:image/svg+xml;base64,{encoded}"))
}
