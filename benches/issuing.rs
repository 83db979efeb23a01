//! What issuing, listing and crediting cost beside building: `cargo bench --bench issuing [-- CUSTOMERS]`.
//!
//! A month of CUSTOMERS customers (3,000 by default) is built, issued, listed, and one of its invoices credited, each by the
//! program itself in a process of its own. Printed are the processor times of all threads, and of the system for them, with
//! their ratios to that of `build`. Most of what `issue` does is to make all documents once more and to check those of the
//! last build; `credit` makes two.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

#[path = "support/processors.rs"]
mod processors;
#[path = "support/small_customers.rs"]
mod small_customers;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use processors::{Outcome, children_time};
use small_customers::workspace;

const RUNS: usize = 5;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.as_slice() {
        [] => compare(3000),
        [customers] => compare(customers.parse()?),
        _ => Err("usage: cargo bench --bench issuing [-- CUSTOMERS]".into()),
    }
}

fn compare(customers: u32) -> Outcome<()> {
    let root = workspace(customers, "classic")?;
    let (mut issued, mut listed, mut credited) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=RUNS {
        for written in ["issued", "out"] {
            if root.join(written).exists() {
                fs::remove_dir_all(root.join(written))?;
            }
        }
        let build = seconds(&root, &["build", "202208"])?;
        let issue = seconds(&root, &["issue", "202208"])?;
        let list = seconds(&root, &["list"])?;
        let credit = seconds(&root, &["credit", "INV-202208-c00001", "--reason", "x", "--date", "2022-10-01"])?;
        println!(
            "run {run}: build {build:.2} s, issue {issue:.2} s, list {list:.2} s, credit {credit:.2} s of processors"
        );
        issued.push(issue / build);
        listed.push(list);
        credited.push(credit / build);
    }
    println!("median ratio of issue to build {:.2}; the target is at most 1.10", median(issued));
    println!("median ratio of credit to build {:.3}; for 10000 customers the target is at most 0.05", median(credited));
    println!("median of list {:.2} s; for 100000 documents the target is at most 1 s", median(listed));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Processor seconds of a command.
fn seconds(root: &Path, arguments: &[&str]) -> Outcome<f64> {
    let before = children_time()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
    command.arg("-C").arg(root).args(arguments).arg("--quiet").stdout(Stdio::null());
    if !command.status()?.success() {
        return Err(format!("{arguments:?} failed").into());
    }
    Ok(children_time()? - before)
}
