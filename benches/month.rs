//! How fast a month is billed, and in how much memory: `cargo bench --bench month [-- ROWS]`.
//!
//! A generated month of 3 million rows for 200 customers is read, allocated and priced to invoices in memory, on two
//! cores, beside a bare pass of the csv crate over the same file in the same run. Printed are the ratio of the two and
//! the peak memory per row. The same month is also billed with tables of assignments, a row for each three of the bill,
//! instead of tags: printed are the ratio of the times and the additional memory per row. Each measurement is a process
//! of its own, so that their memory does not add up. Ratios are of times on the clock, as the targets are, which need a
//! machine with two idle cores; in brackets are those of processor times, which hold where there is none.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use invoicer::billing::BilledMonth;
use invoicer::diagnostic::Problems;
use invoicer::model::charge::Bill;
use invoicer::model::invoice::Status;
use invoicer::month::computed;
use invoicer::workspace;

#[path = "support/generator.rs"]
mod generator;
#[path = "support/processors.rs"]
mod processors;

use generator::generator;
use processors::{Outcome, children_time};

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

/// Seconds, peak memory in KiB and number of rows, as a child prints them, with what it took of processors.
struct Measure {
    seconds: f64,
    /// Seconds of processors, of all of the child.
    busy: f64,
    peak: u64,
    rows: u64,
}

fn compare(rows: &str) -> Outcome<()> {
    let directory = generate(rows)?;
    let assigned = with_assignments(&directory)?;
    let (mut ratios, mut with_tables) = (Vec::new(), Vec::new());
    let (mut busy, mut busy_with_tables) = (Vec::new(), Vec::new());
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
        busy.push(self::ratio(invoices.busy, pass.busy));
        let tables = child("invoices", &assigned)?;
        let ratio = self::ratio(tables.seconds, invoices.seconds);
        println!(
            "run {run}: with assignments {:.3} s, ratio {ratio:.2}; {} bytes a row more",
            tables.seconds,
            tables.peak.saturating_sub(invoices.peak) * 1024 / tables.rows.max(1),
        );
        with_tables.push(ratio);
        busy_with_tables.push(self::ratio(tables.busy, invoices.busy));
    }
    println!(
        "median ratio of assignments to tags {:.2} ({:.2}); the target is at most 1.50 and 64 bytes",
        median(with_tables),
        median(busy_with_tables)
    );
    println!("median ratio {:.2} ({:.2}); for 3000000 rows the target is at most 2.00", median(ratios), median(busy));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratio(time: f64, base: f64) -> f64 {
    time / base
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

fn generate(rows: &str) -> Outcome<PathBuf> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("month-{rows}"));
    let is_there = directory.join("invoicer.toml").exists();
    if !is_there && !generator().args(["--rows", rows, "--out"]).arg(&directory).status()?.success() {
        return Err("the month could not be generated".into());
    }
    Ok(directory)
}

/// The month with tables of assignments instead of tags, in a directory beside it: a row of the table for each three of
/// the bill. Half of them are the past of the month's SIMs, the others are of SIMs that have left; every tenth
/// of the month's SIMs changes hands.
fn with_assignments(directory: &Path) -> Outcome<PathBuf> {
    let assigned = directory.with_extension("assigned");
    if assigned.join("assignments/soracom.csv").exists() {
        return Ok(assigned);
    }
    let bill = "billing/202208/soracom.csv";
    for created in ["customers", "billing/202208", "assignments"] {
        std::fs::create_dir_all(assigned.join(created))?;
    }
    for entry in std::fs::read_dir(directory.join("customers"))? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        let name = text.lines().next().unwrap_or_default().to_owned();
        std::fs::write(assigned.join("customers").join(entry.file_name()), name + "\n")?;
    }
    let text = std::fs::read_to_string(directory.join("invoicer.toml"))?;
    let source = "kind = \"soracom-csv\"";
    let tables = format!("{source}\nassignments = \"assignments/*.csv\"");
    std::fs::write(assigned.join("invoicer.toml"), text.replacen(source, &tables, 1))?;
    if !assigned.join(bill).exists() {
        std::fs::hard_link(directory.join(bill), assigned.join(bill))?;
    }
    let mut reader = csv::Reader::from_path(directory.join(bill))?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name);
    let (imsi, customer) = (column("imsi").ok_or("no imsi")?, column("customer").ok_or("no customer")?);
    let mut sims = std::collections::BTreeMap::new();
    let mut rows = 0_usize;
    for record in reader.records() {
        let record = record?;
        rows += 1;
        if !record[imsi].is_empty() && !record[customer].is_empty() {
            sims.insert(record[imsi].to_owned(), record[customer].to_owned());
        }
    }
    let wanted = rows / 3;
    let past = (wanted / 2 / sims.len().max(1)).max(1);
    let mut table = String::from("resource,customer,from,until,plan,note\n");
    let mut count = 0;
    let customers: Vec<&String> = sims.values().collect();
    // Not in the order of the resources, as a table that grows month by month.
    for year in (0..past).rev() {
        for (index, (sim, customer)) in sims.iter().enumerate() {
            match (year, index % 10) {
                (0, 0) => {
                    let next = customers[(index + 1) % customers.len()];
                    table.push_str(&format!("{sim},{customer},2022-01-01,2022-08-10,plan-D,\n"));
                    table.push_str(&format!("{sim},{next},2022-08-11,,plan-D,\n"));
                }
                (0, _) => table.push_str(&format!("{sim},{customer},2022-01-01,,plan-D,\n")),
                _ => table.push_str(&format!("{sim},{customer},{0}-01-01,{0}-12-31,plan-D,\n", 2022 - year)),
            }
            count += 1 + usize::from(year == 0 && index % 10 == 0);
        }
    }
    for index in count..wanted {
        let customer = customers[index % customers.len()];
        table.push_str(&format!("9{index:014},{customer},2020-01-01,2022-07-31,plan-D,\n"));
    }
    std::fs::write(assigned.join("assignments/soracom.csv"), table)?;
    Ok(assigned)
}

fn child(what: &str, directory: &Path) -> Outcome<Measure> {
    let before = children_time()?;
    let output = Command::new(std::env::current_exe()?).arg(what).arg(directory).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields.as_slice() {
        [seconds, peak, rows] => Ok(Measure {
            seconds: seconds.parse()?,
            busy: children_time()? - before,
            peak: peak.parse()?,
            rows: rows.parse()?,
        }),
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
