//! [`changed_entries`]: what differs between two versions of a file of adjustments, for some customers.

use std::collections::{BTreeMap, BTreeSet};

use csv::ReaderBuilder;
use toml::{Table, Value};

/// What a file says, by customer and what it is called in messages: the id of an adjustment, or `[customer.acme]`.
type FileEntries = BTreeMap<(String, String), Vec<Value>>;

/// The ids of adjustments and the tables of customers that differ between two versions of a file, of customers for whom
/// `concerns` holds; none where a version cannot be read. Remarks do not count, nor does the order.
pub fn changed_entries(path: &str, old: &[u8], new: &[u8], concerns: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let (old, new) = (entries(path, old)?, entries(path, new)?);
    let all: BTreeSet<&(String, String)> = old.keys().chain(new.keys()).collect();
    let changed = all.into_iter().filter(|key| concerns(&key.0) && old.get(key) != new.get(key));
    // An adjustment that went from one customer to another is named once.
    let labels: BTreeSet<&str> = changed.map(|(_, label)| label.as_str()).collect();
    Some(labels.into_iter().map(str::to_owned).collect())
}

fn entries(path: &str, bytes: &[u8]) -> Option<FileEntries> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    if path.ends_with(".csv") { rows(text) } else { tables(text) }
}

fn tables(text: &str) -> Option<FileEntries> {
    let table: Table = toml::from_str(text).ok()?;
    let mut entries = FileEntries::new();
    for adjustment in table.get("adjustment").and_then(Value::as_array).into_iter().flatten() {
        add(&mut entries, adjustment.clone());
    }
    for (id, notes) in table.get("customer").and_then(Value::as_table).into_iter().flatten() {
        entries.insert((id.clone(), format!("[customer.{id}]")), vec![notes.clone()]);
    }
    Some(entries)
}

fn rows(text: &str) -> Option<FileEntries> {
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().ok()?.clone();
    let mut entries = FileEntries::new();
    for row in reader.records() {
        let row = row.ok()?;
        let cells = header.iter().zip(&row).filter(|(_, cell)| !cell.is_empty());
        let cells: Table = cells.map(|(key, cell)| (key.to_owned(), Value::String(cell.to_owned()))).collect();
        add(&mut entries, Value::Table(cells));
    }
    Some(entries)
}

fn add(entries: &mut FileEntries, adjustment: Value) {
    let text = |key: &str| adjustment.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    entries.entry((text("customer"), text("id"))).or_default().push(adjustment);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str, old: &str, new: &str, customer: &str) -> Option<Vec<String>> {
        changed_entries(path, old.as_bytes(), new.as_bytes(), |id| id == customer)
    }

    #[test]
    fn only_what_a_customer_has_is_compared() {
        let old = "[[adjustment]]\nid = \"a\"\ncustomer = \"acme\"\namount = 5\n\
                   [[adjustment]]\nid = \"b\"\ncustomer = \"bravo\"\namount = 5\n[customer.bravo]\nnote = \"ONE\"\n";
        let new = "# a remark\n[[adjustment]]\nid = \"b\"\ncustomer = \"bravo\"\namount = 5\n\
                   [[adjustment]]\nid = \"a\"\ncustomer = \"acme\"\namount = 6\n[customer.bravo]\nnote = \"TWO\"\n";
        let of = |customer: &str| changed("adjustments/202208.toml", old, new, customer).unwrap();
        assert_eq!(of("acme"), ["a"]);
        assert_eq!(of("bravo"), ["[customer.bravo]"]);
        assert_eq!(changed("adjustments/202208.toml", old, "[[", "acme"), None);
    }

    #[test]
    fn a_row_that_goes_to_another_customer_concerns_both() {
        let old = "id,customer,name,amount\na,acme,x,5\nb,bravo,x,5\n";
        let new = "name,id,customer,amount,note\nx,a,bravo,5,\nx,b,bravo,5,\n";
        let of = |customer: &str| changed("adjustments/202208-x.csv", old, new, customer).unwrap();
        assert_eq!((of("acme"), of("bravo")), (vec!["a".to_owned()], vec!["a".to_owned()]));
        assert_eq!(of("charlie"), [""; 0]);
    }
}
