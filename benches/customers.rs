//! What a month of many small customers costs: `cargo bench --bench customers [-- CUSTOMERS [DESIGN]]`.
//!
//! A workspace of 10,000 customers, each with 40 rows and so two pages, is built by the program itself: PDF, HTML, JSON
//! and CSV for each. Printed are the processor time per invoice, of all threads and the system for them, and the time on
//! the clock. Reading the bill and the customers' files is part of it. The best of several runs counts: what else the
//! machine does only ever adds.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

#[path = "support/processors.rs"]
mod processors;
#[path = "support/small_customers.rs"]
mod small_customers;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use processors::{Outcome, children_time};
use small_customers::workspace;

const RUNS: usize = 3;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        [] => builds(10_000, "classic"),
        [customers] => builds(customers.parse()?, "classic"),
        [customers, design] => builds(customers.parse()?, design),
        _ => Err("usage: cargo bench --bench customers [-- CUSTOMERS [DESIGN]]".into()),
    }
}

fn builds(customers: u32, design: &str) -> Outcome<()> {
    let root = workspace(customers, design)?;
    let mut times = Vec::new();
    for run in 1..=RUNS {
        let (before, start) = (children_time()?, Instant::now());
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
        command.arg("-C").arg(&root).args(["build", "202208", "--quiet"]).stdout(Stdio::null());
        if !command.status()?.success() {
            return Err("the month was not built".into());
        }
        let (clock, busy) = (start.elapsed().as_secs_f64(), children_time()? - before);
        let each = busy * 1000.0 / f64::from(customers);
        println!("run {run}: {clock:.1} s on the clock, {busy:.1} s of processors, {each:.2} ms an invoice");
        times.push(each);
    }
    let out = root.join("out/202208/c00001");
    let mut sizes: Vec<String> = Vec::new();
    for file in fs::read_dir(out)? {
        let file = file?;
        sizes.push(format!("{} {}", file.path().extension().unwrap_or_default().display(), file.metadata()?.len()));
    }
    sizes.sort();
    println!("one customer's files in bytes: {}", sizes.join(", "));
    let best = times.into_iter().fold(f64::INFINITY, f64::min);
    println!("best {best:.2} ms of processors an invoice; the target is at most 6 ms");
    Ok(())
}
