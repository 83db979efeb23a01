//! Says which customer was meant where there is none of that id.

use crate::diagnostic::nearest;

/// The hint for an unknown id: the nearest customer's, or all ids.
pub fn known_customers(id: &str, ids: &[&str]) -> String {
    match nearest(id, ids.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("customers: {}", ids.join(", ")),
    }
}
