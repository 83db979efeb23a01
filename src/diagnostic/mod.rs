//! [`Diagnostic`]: an error, warning or note with its place and hint. Every refusal of the program is a list of these.
//!
//! ```text
//! error: expected a percentage or a factor, found "15％"
//!   --> customers/acme.toml:12:10
//!    |
//! 12 | markup = "15％"
//!    |          ^^^^^
//! hint: write "15%" or "0.15"
//! ```

mod cause;
mod kinds;
mod place;
mod problems;
mod render;
mod report;
mod secrets;

pub use cause::{cause, json_fault};
pub use kinds::{EACH, first_of_each_kind};
pub use place::Place;
pub use problems::{Figure, Located, MayBeUnnamed, Problems, cannot, too_long};
pub use render::printable;
pub(crate) use render::{is_invisible, is_obeyed};
pub use report::{Diagnostic, Finding, Severity, Stop};
pub use secrets::names_secret;

/// The known word nearest to a mistyped one, if any is near enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let folded = word.to_lowercase();
    // A word in capitals is as near as one mistyped letter, however short it is.
    let distance = |candidate: &str| match candidate != word && candidate.to_lowercase() == folded {
        true => 1,
        false => strsim::damerau_levenshtein(word, candidate),
    };
    let mut near: Vec<(usize, &str)> = known.into_iter().map(|candidate| (distance(candidate), candidate)).collect();
    near.sort_unstable();
    near.first().filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| *candidate)
}

/// `1 row`, or as many.
pub fn row_count(count: usize) -> String {
    counted(count, "row")
}

/// `1 invoice`, or as many.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests;
