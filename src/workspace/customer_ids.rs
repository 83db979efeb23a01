//! Says which customer was meant where there is none of that id.

use crate::diagnostic::nearest;

/// Most ids that a hint lists.
const LISTED: usize = 12;

/// The hint for an unknown id: the nearest customer's, or all ids, or the first of many.
pub fn known_customers(id: &str, ids: &[&str]) -> String {
    match nearest(id, ids.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if ids.len() > LISTED => format!("the first of {} customers: {}", ids.len(), ids[..LISTED].join(", ")),
        None => format!("customers: {}", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::known_customers;

    #[test]
    fn many_customers_do_not_flood_the_terminal() {
        let ids: Vec<String> = (0..300).map(|number| format!("c{number:03}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(known_customers("c0011", &ids), "did you mean \"c001\"?");
        let first = "c000, c001, c002, c003, c004, c005, c006, c007, c008, c009, c010, c011";
        assert_eq!(known_customers("acme", &ids), format!("the first of 300 customers: {first}"));
        assert_eq!(known_customers("acme", &ids[..2]), "customers: c000, c001");
    }
}
