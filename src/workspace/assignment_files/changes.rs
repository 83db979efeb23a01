//! [`changed_rows`]: the rows of a table of assignments that differ between two versions of it, for a month.

use csv::{ByteRecord, ReaderBuilder};
use rustc_hash::FxHashSet;

use super::super::day_values::days_between;
use super::{COLUMNS, columns_of, text};
use crate::model::period::BillingMonth;

/// A row as it counts: resource, customer, from and until.
type Cells = [String; 4];

/// The rows that only one of two versions of a table has and that concern a month: `line 3: …` of the new version and
/// `no longer: …` of the old one. Columns for people do not count, nor does the order. Only resources that a customer has for
/// whom `concerns` holds are compared.
pub fn changed_rows(old: &[u8], new: &[u8], month: BillingMonth, concerns: impl Fn(&str) -> bool) -> Vec<String> {
    let (mut old, mut new) = (rows(old, month), rows(new, month));
    let concerned = old.iter().chain(&new).filter(|(cells, _)| concerns(&cells[1]));
    let resources: FxHashSet<String> = concerned.map(|(cells, _)| cells[0].clone()).collect();
    old.retain(|(cells, _)| resources.contains(&cells[0]));
    new.retain(|(cells, _)| resources.contains(&cells[0]));
    let mut changed = Vec::new();
    old.sort();
    let mut is_kept = vec![false; old.len()];
    for (cells, line) in &new {
        let first = old.partition_point(|(known, _)| known < cells);
        let same = (first..old.len()).take_while(|index| old[*index].0 == *cells).find(|index| !is_kept[*index]);
        match same {
            Some(index) => is_kept[index] = true,
            None => changed.push(format!("line {line}: {}", cells.join(","))),
        }
    }
    let mut gone: Vec<&(Cells, u64)> = old.iter().zip(is_kept).filter(|(_, kept)| !kept).map(|(row, _)| row).collect();
    gone.sort_by_key(|(_, line)| *line);
    changed.extend(gone.into_iter().map(|(cells, _)| format!("no longer: {}", cells.join(","))));
    changed
}

/// The rows that hold on a day of the month, with their lines; none of a table that cannot be read.
fn rows(bytes: &[u8], month: BillingMonth) -> Vec<(Cells, u64)> {
    let Ok(text) = text("", bytes) else {
        return Vec::new();
    };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    let mut columns = None;
    let mut rows = Vec::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        match &columns {
            None => match columns_of(&record) {
                Ok(found) => columns = Some(found),
                Err(_) => return Vec::new(),
            },
            Some(columns) => {
                let cell = |index: usize| {
                    String::from_utf8_lossy(record.get(columns.0[index]).unwrap_or_default()).into_owned()
                };
                let cells: Cells = std::array::from_fn(cell);
                let days = days_between([&cells[2], &cells[3]]);
                if days.is_ok_and(|days| !days.in_month(month).is_empty()) {
                    rows.push((cells, record.position().map_or(0, csv::Position::line)));
                }
            }
        }
    }
    rows
}

/// Whether a file of the rules can be a table of assignments.
pub fn is_table(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    COLUMNS[..2].iter().all(|column| first.contains(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_month_that_count_differently_are_named() {
        let old = "resource,customer,from,until,note\n1,acme,,2022-08-10,a\n1,bravo,2022-08-11,,\n2,acme,,202207,\n";
        let new = "note,resource,customer,from,until\nb,1,acme,,2022-08-10\n,1,bravo,2022-08-12,\n,2,acme,,202206\n";
        let changed = |month: &str| changed_rows(old.as_bytes(), new.as_bytes(), month.parse().unwrap(), |_| true);
        assert_eq!(changed("202208"), ["line 3: 1,bravo,2022-08-12,", "no longer: 1,bravo,2022-08-11,"]);
        assert_eq!(changed("202207"), ["no longer: 2,acme,,202207"]);
        assert_eq!(changed_rows(old.as_bytes(), old.as_bytes(), "202208".parse().unwrap(), |_| true), [""; 0]);
    }

    /// acme's new days of 2 are its own matter; those of 1 are bravo's, too, who has the rest of the month.
    #[test]
    fn rows_concern_who_has_their_resource() {
        let old = "resource,customer,from,until\n1,acme,,2022-08-10\n1,bravo,2022-08-11,\n2,acme,,\n";
        let new = "resource,customer,from,until\n1,acme,,2022-08-09\n1,bravo,2022-08-11,\n2,acme,2022-08-02,\n";
        let changed = |concerns: fn(&str) -> bool| {
            changed_rows(old.as_bytes(), new.as_bytes(), "202208".parse().unwrap(), concerns)
        };
        assert_eq!(
            changed(|customer| customer == "bravo"),
            ["line 2: 1,acme,,2022-08-09", "no longer: 1,acme,,2022-08-10"]
        );
        assert_eq!(changed(|customer| customer == "charlie"), [""; 0]);
    }
}
