//! Colours: opaque sRGB, or nothing.

use super::value::{Units, function};

/// An opaque colour or `transparent`; translucent colours are not in the closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Color(pub(crate) Option<[u8; 3]>);

impl Color {
    pub(crate) const BLACK: Color = Color(Some([0, 0, 0]));
    pub(crate) const TRANSPARENT: Color = Color(None);
}

/// Parses a colour; callers handle `currentcolor`.
pub(super) fn parse(text: &str) -> Result<Color, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix('#') {
        return hexadecimal(digits).ok_or_else(|| format!("expected a colour like #1a2b3c, found {text}"));
    }
    if let Some(arguments) = function(&lower, "rgb").or_else(|| function(&lower, "rgba")) {
        return rgb(arguments).ok_or_else(|| format!("expected an opaque colour like rgb(26, 43, 60), found {text}"));
    }
    if lower == "transparent" {
        return Ok(Color::TRANSPARENT);
    }
    NAMED
        .iter()
        .find(|(name, _)| *name == lower)
        .map(|(_, [red, green, blue])| Color(Some([*red, *green, *blue])))
        .ok_or_else(|| format!("expected a colour, found {text}"))
}

/// Parses a colour where `currentcolor` is not allowed.
pub(super) fn parse_one(text: &str, _: Units) -> Result<Color, String> {
    parse(text)
}

/// Parses a colour; `None` is `currentcolor`.
pub(super) fn parse_current(text: &str, _: Units) -> Result<Option<Color>, String> {
    if text == "currentcolor" { Ok(None) } else { parse(text).map(Some) }
}

fn hexadecimal(digits: &str) -> Option<Color> {
    let values: Option<Vec<u8>> =
        digits.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let channels = match values?.as_slice() {
        [red, green, blue] | [red, green, blue, 15] => [red * 17, green * 17, blue * 17],
        [a, b, c, d, e, f] | [a, b, c, d, e, f, 15, 15] => [a * 16 + b, c * 16 + d, e * 16 + f],
        [_, _, _, 0] | [_, _, _, _, _, _, 0, 0] => return Some(Color::TRANSPARENT),
        _ => return None,
    };
    Some(Color(Some(channels)))
}

fn rgb(arguments: &str) -> Option<Color> {
    let parts: Vec<&str> = arguments
        .split(|letter: char| letter == ',' || letter == '/' || letter.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    let channel = |part: &str| -> Option<u8> {
        let value = match part.strip_suffix('%') {
            Some(share) => share.parse::<f64>().ok()? * 2.55,
            None => part.parse::<f64>().ok()?,
        };
        Some(value.round().clamp(0.0, 255.0) as u8)
    };
    let (channels, alpha) = match parts.as_slice() {
        [red, green, blue] => ([red, green, blue], "1"),
        [red, green, blue, alpha] => ([red, green, blue], *alpha),
        _ => return None,
    };
    let alpha = match alpha.strip_suffix('%') {
        Some(share) => share.parse::<f64>().ok()? / 100.0,
        None => alpha.parse::<f64>().ok()?,
    };
    if alpha <= 0.0 {
        return Some(Color::TRANSPARENT);
    }
    if alpha < 1.0 {
        return None;
    }
    Some(Color(Some([channel(channels[0])?, channel(channels[1])?, channel(channels[2])?])))
}

/// The colour names of CSS Color 3 that an invoice is likely to use.
const NAMED: &[(&str, [u8; 3])] = &[
    ("black", [0, 0, 0]),
    ("white", [255, 255, 255]),
    ("silver", [192, 192, 192]),
    ("gray", [128, 128, 128]),
    ("grey", [128, 128, 128]),
    ("darkgray", [169, 169, 169]),
    ("darkgrey", [169, 169, 169]),
    ("dimgray", [105, 105, 105]),
    ("dimgrey", [105, 105, 105]),
    ("lightgray", [211, 211, 211]),
    ("lightgrey", [211, 211, 211]),
    ("gainsboro", [220, 220, 220]),
    ("whitesmoke", [245, 245, 245]),
    ("slategray", [112, 128, 144]),
    ("darkslategray", [47, 79, 79]),
    ("red", [255, 0, 0]),
    ("darkred", [139, 0, 0]),
    ("crimson", [220, 20, 60]),
    ("firebrick", [178, 34, 34]),
    ("tomato", [255, 99, 71]),
    ("maroon", [128, 0, 0]),
    ("pink", [255, 192, 203]),
    ("orange", [255, 165, 0]),
    ("gold", [255, 215, 0]),
    ("yellow", [255, 255, 0]),
    ("lightyellow", [255, 255, 224]),
    ("ivory", [255, 255, 240]),
    ("beige", [245, 245, 220]),
    ("brown", [165, 42, 42]),
    ("olive", [128, 128, 0]),
    ("lime", [0, 255, 0]),
    ("green", [0, 128, 0]),
    ("darkgreen", [0, 100, 0]),
    ("lightgreen", [144, 238, 144]),
    ("honeydew", [240, 255, 240]),
    ("teal", [0, 128, 128]),
    ("aqua", [0, 255, 255]),
    ("cyan", [0, 255, 255]),
    ("blue", [0, 0, 255]),
    ("navy", [0, 0, 128]),
    ("darkblue", [0, 0, 139]),
    ("royalblue", [65, 105, 225]),
    ("steelblue", [70, 130, 180]),
    ("skyblue", [135, 206, 235]),
    ("lightblue", [173, 216, 230]),
    ("aliceblue", [240, 248, 255]),
    ("lavender", [230, 230, 250]),
    ("purple", [128, 0, 128]),
    ("fuchsia", [255, 0, 255]),
    ("magenta", [255, 0, 255]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_agree() {
        for text in ["#0f8", "#00FF88", "rgb(0,255,136)", "rgb(0 255 136)", "rgba(0, 255, 136, 1)", "#00ff88ff"] {
            assert_eq!(parse(text), Ok(Color(Some([0, 255, 136]))), "{text}");
        }
        assert_eq!(parse("rgba(1,2,3,0)"), Ok(Color::TRANSPARENT));
        assert!(parse("rgba(1,2,3,.5)").is_err());
        assert!(parse("#12345").is_err());
    }
}
