//! Values that providers' JSON writes in more than one form.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::model::amount::Amount;

/// A number, bare or in quotation marks, read from its digits and never through binary floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Amount);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let text = bare(deserializer)?;
        Amount::parse(text.trim().as_bytes())
            .map(Number)
            .map_err(|_| D::Error::custom(format!("expected a number, found {text:?}")))
    }
}

/// An id, as text or as a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = bare(deserializer)?;
        let is_id = !text.is_empty() && !text.starts_with(['{', '[']) && !["null", "true", "false"].contains(&&*text);
        if is_id { Ok(Id(text)) } else { Err(D::Error::custom(format!("expected an id, found {text:?}"))) }
    }
}

/// The text of a string, or the raw text of any other value.
fn bare<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).map_err(D::Error::custom),
        false => Ok(raw.get().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_ids_their_text() {
        #[derive(Deserialize)]
        struct Row {
            amount: Number,
            id: Id,
            other: Option<Number>,
        }
        let read = |text: &str| serde_json::from_str::<Row>(text);
        for text in [r#"{"amount": 0.1000000000000000055, "id": 1}"#, r#"{"amount":"0.1000000000000000055","id":"1"}"#]
        {
            let row = read(text).unwrap();
            assert_eq!(row.amount.0.to_string(), "0.1000000000000000055");
            assert_eq!(row.id.0, "1");
            assert!(row.other.is_none());
        }
        assert_eq!(read(r#"{"amount": 1.9E-7, "id": "0012", "other": null}"#).unwrap().id.0, "0012");
        for text in [r#"{"amount": "x", "id": 1}"#, r#"{"amount": 1, "id": null}"#, r#"{"amount": {}, "id": 1}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
