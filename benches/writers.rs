//! How fast an invoice's CSV and JSON are written: `cargo bench --bench writers [-- ROWS]`.
//!
//! A month of ROWS rows (300,000 by default) of one customer is billed, and its two files for the issuer are made in memory.
//! Beside each, in the same process, the cells and values of the same file are written by the csv crate and by serde_json,
//! which make the same number of bytes: printed are the times and their ratios. Each measurement is a process of its own.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

#[path = "support/plain_workspace.rs"]
mod plain_workspace;
#[path = "support/processors.rs"]
mod processors;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use invoicer::diagnostic::Problems;
use invoicer::model::audience::Audience;
use invoicer::model::invoice::Status;
use invoicer::month::computed;
use invoicer::out;
use invoicer::workspace;
use processors::{Outcome, children_time};

const RUNS: usize = 5;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["written", directory] => written(Path::new(directory)),
        [] => compare(300_000),
        [rows] => compare(rows.parse()?),
        _ => Err("usage: cargo bench --bench writers [-- ROWS]".into()),
    }
}

fn compare(rows: u32) -> Outcome<()> {
    let root = workspace(rows)?;
    let (mut csv, mut json) = (Vec::new(), Vec::new());
    let before = children_time()?;
    for run in 1..=RUNS {
        let output = Command::new(std::env::current_exe()?).arg("written").arg(&root).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let text = String::from_utf8(output.stdout)?;
        let times: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [own_csv, bare_csv, own_json, bare_json] = times[..] else {
            return Err(format!("unexpected output: {text}").into());
        };
        println!("run {run}: CSV {own_csv:.3} s, bare {bare_csv:.3} s; JSON {own_json:.3} s, bare {bare_json:.3} s");
        csv.push(own_csv / bare_csv);
        json.push(own_json / bare_json);
    }
    println!("{:.1} s of processors in all", children_time()? - before);
    for (name, mut ratios) in [("CSV", csv), ("JSON", json)] {
        ratios.sort_by(f64::total_cmp);
        println!("median ratio of {name} to a bare write {:.2}; the target is at most 1.50", ratios[RUNS / 2]);
    }
    Ok(())
}

fn workspace(rows: u32) -> Outcome<PathBuf> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("writers-{rows}"));
    if root.join("invoicer.toml").exists() {
        return Ok(root);
    }
    for directory in ["customers", "billing/202208"] {
        fs::create_dir_all(root.join(directory))?;
    }
    fs::write(root.join("customers/acme.toml"), "name = \"Acme\"\n\n[[match]]\nresource = \"44*\"\n")?;
    let mut bill = "imsi,date,billItemName,unitPrice,quantity,amount,name\n".to_owned();
    for row in 0..rows {
        let (day, upload) = (row / 2 % 31 + 1, row * 7919 % 900_001);
        let (item, price, quantity, amount) = match row % 2 {
            0 => ("basicCharge", "10", 1, "10".to_owned()),
            // 0.00001 JPY a byte, to five decimals.
            _ => ("uploadDataCharge", "0.00001", upload, format!("{}.{:05}", upload / 100_000, upload % 100_000)),
        };
        let imsi = 440_109_900_000_000 + u64::from(row / 62);
        writeln!(bill, "{imsi},202208{day:02},{item},{price},{quantity},{amount},meter-{:05}", row / 62)?;
    }
    fs::write(root.join("billing/202208/soracom.csv"), bill)?;
    fs::write(root.join("invoicer.toml"), plain_workspace::SETTINGS)?;
    Ok(root)
}

/// Prints the seconds of the CSV, of a bare one, of the JSON and of a bare one.
fn written(root: &Path) -> Outcome<()> {
    let failed = |problems: Problems| problems.iter().map(|problem| problem.render(false)).collect::<String>();
    let workspace = workspace::load(root).map_err(failed)?;
    let settings = &workspace.settings;
    let computed = computed::invoices(root, settings, "202208".parse()?, Status::Built, &[]);
    let (bill, billed) = computed.map_err(failed)?;
    let invoice = billed.invoices.first().ok_or("no invoice")?;
    let made = |problem: invoicer::diagnostic::Diagnostic| problem.message;

    let (own_csv, csv) = timed(|| Ok(out::invoice_csv(&bill, settings, invoice, Audience::Issuer).map_err(made)?))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_slice());
    let records = reader.byte_records().collect::<Result<Vec<csv::ByteRecord>, csv::Error>>()?;
    let (bare_csv, bare) = timed(|| {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        records.iter().try_for_each(|record| writer.write_byte_record(record))?;
        Ok(writer.into_inner().map_err(|error| error.to_string())?)
    })?;
    drop(records);
    same_length(&csv, &bare)?;

    let (own_json, json) = timed(|| Ok(out::invoice_json(&bill, settings, invoice, Audience::Issuer).map_err(made)?))?;
    let value: serde_json::Value = serde_json::from_slice(&json)?;
    let (bare_json, bare) = timed(|| Ok(serde_json::to_vec_pretty(&value)?))?;
    same_length(&json, &bare)?;
    println!("{own_csv} {bare_csv} {own_json} {bare_json}");
    Ok(())
}

/// Both write the same but for a byte order mark or a last line feed.
fn same_length(own: &[u8], bare: &[u8]) -> Outcome<()> {
    if own.len().abs_diff(bare.len()) > 3 {
        return Err(format!("{} bytes beside {}", own.len(), bare.len()).into());
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let start = Instant::now();
    let made = work()?;
    Ok((start.elapsed().as_secs_f64(), made))
}
