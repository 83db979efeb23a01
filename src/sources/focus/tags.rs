//! Reads the column Tags: a JSON object of texts, numbers, true, false and null.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::plain::beginning;
use crate::sources::refused_rows::Refusal;

/// Tags with a value, by name, in their order.
pub(super) type Tags = Vec<(String, String)>;

/// Reads a cell. Numbers stay as they are written; null is an absent tag.
pub(super) fn tags(cell: &str) -> Result<Tags, Refusal> {
    let refused = |what: &str| {
        let message = format!("expected a flat JSON object such as {{\"team\":\"a\"}} in Tags, found {what}");
        ("tags", message, "export the bill again; a program may have cut the cell off or changed its quotes")
    };
    let mut deserializer = serde_json::Deserializer::from_str(cell);
    let pairs = deserializer.deserialize_map(Pairs).map_err(|_| refused(&shown(cell)))?;
    deserializer.end().map_err(|_| refused(&shown(cell)))?;
    let mut tags = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let value = match value.get().as_bytes() {
            [b'"', ..] => serde_json::from_str(value.get()).map_err(|_| refused(&shown(cell)))?,
            [b'{' | b'[', ..] => return Err(refused(&format!("a list or an object as the value of {name:?}"))),
            b"null" => continue,
            _ => value.get().to_owned(),
        };
        if tags.iter().any(|(other, _): &(String, String)| *other == name) {
            return Err(refused(&format!("{:?} twice", beginning(&name))));
        }
        tags.push((name, value));
    }
    Ok(tags)
}

fn shown(cell: &str) -> String {
    format!("{:?}", beginning(cell))
}

/// The members of an object in their order.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_their_text() {
        let read = tags(r#"{"a":"x\"y","n":1.50,"e":1E3,"t":true,"f":false,"z":null,"":"empty"}"#).unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [("a", "x\"y"), ("n", "1.50"), ("e", "1E3"), ("t", "true"), ("f", "false"), ("", "empty")];
        assert_eq!(read, expected);
        assert_eq!(tags(" {} ").unwrap(), []);
    }

    #[test]
    fn other_json_is_refused() {
        for cell in [
            r#"["a"]"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":1"#,
            r#"{"a":1,"b":2,"a":1}"#,
            "a=b",
            "{}{}",
            r#""a""#,
            "null",
        ] {
            assert_eq!(tags(cell).unwrap_err().0, "tags", "{cell}");
        }
    }
}
