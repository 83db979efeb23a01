//! How fast a month is billed, and in how much memory: `cargo bench --bench month [-- ROWS]`.
//!
//! A generated month of 3 million rows for 200 customers is read, allocated and priced to invoices in memory, on two
//! cores, beside a bare pass of the csv crate over the same file in the same run. Printed are the ratio of the two and
//! the peak memory per row. Each measurement is a process of its own, so that their memory does not add up.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use invoicer::billing::BilledMonth;
use invoicer::diagnostic::Problems;
use invoicer::model::charge::Bill;
use invoicer::model::invoice::Status;
use invoicer::month::computed;
use invoicer::workspace;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 5;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["pass", directory] => measured(|| bare_pass(Path::new(directory))),
        ["invoices", directory] => measured(|| invoices(Path::new(directory))),
        [] => compare("3000000"),
        [rows] => compare(rows),
        _ => Err("usage: cargo bench --bench month [-- ROWS]".into()),
    }
}

/// Seconds, peak memory in KiB and number of rows, as a child prints them.
struct Measure {
    seconds: f64,
    peak: u64,
    rows: u64,
}

fn compare(rows: &str) -> Outcome<()> {
    let directory = generate(rows)?;
    let mut ratios = Vec::new();
    for run in 1..=RUNS {
        let pass = child("pass", &directory)?;
        let invoices = child("invoices", &directory)?;
        let ratio = ratio(invoices.seconds, pass.seconds);
        println!(
            "run {run}: csv pass {:.3} s, invoices {:.3} s, ratio {ratio:.2}; peak {:.1} MiB = {} bytes a row",
            pass.seconds,
            invoices.seconds,
            mebibytes(invoices.peak),
            invoices.peak * 1024 / invoices.rows.max(1),
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}; for 3000000 rows the target is at most 2.00", ratios[RUNS / 2]);
    Ok(())
}

#[expect(clippy::float_arithmetic, reason = "times, not money")]
fn ratio(time: f64, base: f64) -> f64 {
    time / base
}

#[expect(clippy::float_arithmetic, reason = "memory, not money")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

fn generate(rows: &str) -> Outcome<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("month-{rows}"));
    if !directory.join("invoicer.toml").exists() {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = Command::new(cargo);
        command.args([
            "run",
            "--profile",
            if cfg!(debug_assertions) { "dev" } else { "release" },
            "--quiet",
            "--example",
            "generate_month",
            "--",
            "large",
            "--rows",
            rows,
            "--out",
        ]);
        if !command.arg(&directory).status()?.success() {
            return Err("the month could not be generated".into());
        }
    }
    Ok(directory)
}

fn child(what: &str, directory: &Path) -> Outcome<Measure> {
    let output = Command::new(std::env::current_exe()?).arg(what).arg(directory).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields.as_slice() {
        [seconds, peak, rows] => Ok(Measure { seconds: seconds.parse()?, peak: peak.parse()?, rows: rows.parse()? }),
        _ => Err(format!("unexpected output: {text}").into()),
    }
}

/// Runs `work`, which gives its number of rows and what it made; that is only dropped when the figures are taken.
fn measured<T>(work: impl FnOnce() -> Outcome<(u64, T)>) -> Outcome<()> {
    let start = Instant::now();
    let (rows, _made) = work()?;
    println!("{} {} {rows}", start.elapsed().as_secs_f64(), peak_memory());
    Ok(())
}

/// The most memory this process ever had resident, in KiB; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn bare_pass(directory: &Path) -> Outcome<(u64, csv::Reader<std::fs::File>)> {
    let mut reader = csv::Reader::from_path(directory.join("billing/202208/soracom.csv"))?;
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record)? {
        rows += 1;
    }
    Ok((rows, reader))
}

fn invoices(directory: &Path) -> Outcome<(u64, (Bill, BilledMonth))> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let failed = |problems: Problems| problems.iter().map(|problem| problem.render(false)).collect::<String>();
    let workspace = workspace::load(directory).map_err(failed)?;
    let month = "202208".parse()?;
    let computed = pool.install(|| computed::invoices(directory, &workspace.settings, month, Status::Built, &[]));
    let (bill, billed) = computed.map_err(failed)?;
    let details: usize = billed.invoices.iter().map(|invoice| invoice.details.len()).sum();
    if details < bill.charges.len() {
        return Err("rows were lost".into());
    }
    Ok((bill.charges.len() as u64, (bill, billed)))
}
