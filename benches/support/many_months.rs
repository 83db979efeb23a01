//! Many months: their names, a bill for each, and records of what was issued for them.

use std::fs;
use std::path::Path;

use invoicer::ledger::Ledger;
use invoicer::model::period::BillingMonth;
use invoicer::staging::hash;
use serde_json::{Value, json};

use super::processors::Outcome;

/// The last month, and that of the workspace of [`small_customers`](super::small_customers).
const LAST: &str = "202208";

/// That many months up to August 2022, the oldest first.
pub(crate) fn months(count: usize) -> Outcome<Vec<BillingMonth>> {
    let last: BillingMonth = LAST.parse()?;
    let mut months: Vec<BillingMonth> = last.earlier(count.saturating_sub(1)).collect();
    months.reverse();
    months.push(last);
    Ok(months)
}

/// Copies a workspace without what was built and issued in it.
pub(crate) fn copy_workspace(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true if entry.file_name() == "issued" || entry.file_name() == "out" => {}
            true => copy_workspace(&path, &target)?,
            false => fs::copy(&path, &target).map(drop)?,
        }
    }
    Ok(())
}

/// Gives a workspace with the bill of August 2022 the same bill for the other months.
pub(crate) fn copy_bill(root: &Path, months: &[BillingMonth]) -> Outcome<()> {
    let bill = fs::read_to_string(root.join(format!("billing/{LAST}/soracom.csv")))?;
    for month in months {
        let directory = root.join(format!("billing/{month}"));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("soracom.csv"), bill.replace(&format!(",{LAST}"), &format!(",{month}")))?;
    }
    Ok(())
}

/// Writes the records of those months into a new workspace, each with `documents` documents: all are copies of the first one
/// that `issued`, another workspace, has for August 2022, under numbers, names and dates of their own.
pub(crate) fn records(root: &Path, issued: &Path, months: &[BillingMonth], documents: usize) -> Outcome<()> {
    let text = fs::read(issued.join(format!("issued/{LAST}.json")))?;
    let mut record: Value = serde_json::from_slice(&text)?;
    let document = record["documents"][0].take().to_string();
    let customer = "c00001";
    fs::create_dir_all(root.join("issued"))?;
    fs::copy(issued.join("invoicer.toml"), root.join("invoicer.toml"))?;
    let mut previous = Value::Null;
    for month in months {
        let copy = |number: usize| -> Outcome<Value> {
            let own = document.replace(customer, &format!("c{number:05}")).replace(LAST, &month.to_string());
            let mut own: Value = serde_json::from_str(&own)?;
            own["issue_date"] = json!(month.next().first());
            own["due_date"] = json!(month.next().last());
            Ok(own)
        };
        record["documents"] = (1..=documents).map(copy).collect::<Outcome<Value>>()?;
        record["month"] = json!(month);
        record["previous"] = previous;
        let bytes = serde_json::to_vec_pretty(&record)?;
        previous = json!({ "file": format!("{month}.json"), "sha256": hash(&bytes) });
        fs::write(root.join(format!("issued/{month}.json")), bytes)?;
    }
    let ledger =
        Ledger::open(root).map_err(|problems| problems.iter().map(|it| it.render(false)).collect::<String>())?;
    ledger.write_index(root).map_err(|problem| problem.message)?;
    Ok(())
}
