//! What rules with wildcards cost beside literal ones: `cargo bench --bench globs [-- RULES RESOURCES ROWS]`.
//!
//! A month of RESOURCES SIMs and ROWS rows (30,000 and 1,000,000 by default) belongs to ten customers, who claim it by RULES
//! rules (3,000 by default): by a tag without wildcards, by the beginning of an id (`resource = "4401000017*"`), by the end of
//! one, and by one with `?`. It is read, allocated and priced to invoices in memory on two cores, each kind of rule by a
//! process of its own. Printed are the processor times and their ratios to that of the literal rules in the same run.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

#[path = "support/plain_workspace.rs"]
mod plain_workspace;
#[path = "support/processors.rs"]
mod processors;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use invoicer::diagnostic::Problems;
use invoicer::model::invoice::Status;
use invoicer::month::computed;
use invoicer::workspace;
use processors::{Outcome, children_time};

const RUNS: usize = 5;
const CUSTOMERS: u32 = 10;
/// The kinds of rules; the first is what the others are compared with.
const KINDS: [&str; 4] = ["literal", "start", "end", "one"];

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["invoices", directory] => invoices(Path::new(directory)),
        [] => compare(3000, 30_000, 1_000_000),
        [rules, resources, rows] => compare(rules.parse()?, resources.parse()?, rows.parse()?),
        _ => Err("usage: cargo bench --bench globs [-- RULES RESOURCES ROWS]".into()),
    }
}

fn compare(rules: u32, resources: u32, rows: u32) -> Outcome<()> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("globs-{rules}-{resources}-{rows}"));
    if !root.exists() {
        KINDS.iter().try_for_each(|kind| generate(&root.join(kind), kind, [rules, resources, rows]))?;
    }
    let mut ratios = vec![Vec::new(); KINDS.len()];
    for run in 1..=RUNS {
        let times = KINDS.iter().map(|kind| seconds(&root.join(kind))).collect::<Outcome<Vec<f64>>>()?;
        let words: Vec<String> = KINDS.iter().zip(&times).map(|(kind, time)| format!("{kind} {time:.2} s")).collect();
        println!("run {run}: {} of processors", words.join(", "));
        times.iter().zip(&mut ratios).for_each(|(time, ratios)| ratios.push(time / times[0]));
    }
    for (kind, mut ratios) in KINDS.iter().zip(ratios).skip(1) {
        ratios.sort_by(f64::total_cmp);
        println!("median ratio of {kind} to literal {:.2}; the target is at most 1.50", ratios[RUNS / 2]);
    }
    Ok(())
}

/// The id of a SIM: all begin with the same five digits, those of one rule with ten, and end alike with five others.
fn sim(rule: u32, index: u32) -> String {
    format!("44010{rule:05}{index:05}{rule:05}")
}

fn generate(root: &Path, kind: &str, [rules, resources, rows]: [u32; 3]) -> Outcome<()> {
    for directory in ["customers", "billing/202208"] {
        fs::create_dir_all(root.join(directory))?;
    }
    fs::write(root.join("invoicer.toml"), plain_workspace::SETTINGS)?;
    for customer in 0..CUSTOMERS {
        let mut text = format!("name = \"Customer {customer}\"\n");
        for rule in (customer..rules).step_by(CUSTOMERS as usize) {
            let pattern = match kind {
                "start" => format!("resource = \"44010{rule:05}*\""),
                "end" => format!("resource = \"44*{rule:05}\""),
                "one" => format!("resource = \"44010{rule:05}?????{rule:05}\""),
                _ => format!("tag = {{ rule = \"{rule}\" }}"),
            };
            writeln!(text, "[[match]]\n{pattern}")?;
        }
        fs::write(root.join(format!("customers/c{customer}.toml")), text)?;
    }
    let each = (resources / rules).max(1);
    let mut bill = "imsi,date,billItemName,unitPrice,quantity,amount,rule\n".to_owned();
    for row in 0..rows {
        let (resource, round) = (row % resources, row / resources);
        let (rule, index) = (resource / each % rules, resource % each);
        let item = ["basicCharge", "uploadDataCharge", "downloadDataCharge"][(round % 3) as usize];
        writeln!(bill, "{},202208{:02},{item},10,1,10,{rule}", sim(rule, index), round / 3 % 31 + 1)?;
    }
    fs::write(root.join("billing/202208/soracom.csv"), bill)?;
    Ok(())
}

/// Processor seconds of a process that bills the month.
fn seconds(root: &Path) -> Outcome<f64> {
    let before = children_time()?;
    let status = Command::new(std::env::current_exe()?).arg("invoices").arg(root).status()?;
    if !status.success() {
        return Err("the month was not billed".into());
    }
    Ok(children_time()? - before)
}

fn invoices(root: &Path) -> Outcome<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let failed = |problems: Problems| problems.iter().map(|problem| problem.render(false)).collect::<String>();
    let workspace = workspace::load(root).map_err(failed)?;
    let month = "202208".parse()?;
    let computed = pool.install(|| computed::invoices(root, &workspace.settings, month, Status::Built, &[]));
    let (bill, billed) = computed.map_err(failed)?;
    let details: usize = billed.invoices.iter().map(|invoice| invoice.details.len()).sum();
    if details != bill.charges.len() {
        return Err("rows were lost".into());
    }
    Ok(())
}
