//! Says which customer was meant where there is none of that id.

use crate::diagnostic::{Diagnostic, nearest};

/// Adds the nearest customer's id, or all ids.
pub(super) fn unknown_customer(diagnostic: Diagnostic, id: &str, ids: &[&str]) -> Diagnostic {
    diagnostic.with_hint(match nearest(id, ids.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("customers: {}", ids.join(", ")),
    })
}
