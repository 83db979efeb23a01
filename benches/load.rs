//! How the program bears load, and how that grows: `cargo bench --bench load [-- SCALE [PART]]`.
//!
//! - `fetch`: 200 months one after the other from a server with 10,000 SIMs, a hundred on a page, that refuses answers and
//!   cuts them off now and then, in a fixed sequence; every file kept must be byte for byte what the server has. Before
//!   that, one month of a quarter, half and all of the SIMs without faults.
//! - `build`: a month of 10,000 customers with charges of three providers, built and issued; and a quarter and half of them.
//! - `verify`: 120 months of 25 customers, built and issued in turn, all verified when there are 30, 60 and 120.
//! - `list`: the list of 25,000, 50,000 and 100,000 documents of 120 months.
//!
//! SCALE is in thousandths of that (1000 by default), PART one of the four. Each command is run by the program itself,
//! cold. Printed are the seconds of processors and on the clock, the most memory and the most files it had open, and how
//! they grow from size to size. Memory and files are looked at every five milliseconds.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

#[allow(dead_code, reason = "the tests use all of it")]
#[allow(clippy::unwrap_used, reason = "as tests do")]
#[path = "../tests/suite/http_server.rs"]
mod http_server;
#[path = "support/many_months.rs"]
mod many_months;
#[path = "support/paged_soracom.rs"]
mod paged_soracom;
#[path = "support/processors.rs"]
mod processors;
#[path = "support/small_customers.rs"]
mod small_customers;
#[path = "support/three_providers.rs"]
mod three_providers;
#[path = "support/watched.rs"]
mod watched;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use http_server::Server;
use invoicer::model::period::BillingMonth;
use many_months::{copy_bill, months, records};
use processors::Outcome;
use watched::{Cost, Growth, watched};

/// The full load.
const SIMS: u32 = 10_000;
const FETCHED: u32 = 200;
const CUSTOMERS: u32 = 10_000;
const ISSUED: u32 = 120;
const DOCUMENTS: u32 = 100_000;
/// Customers of each issued month that is verified: fewer than are listed, whose documents are never made.
const VERIFIED: u32 = 25;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        [] => all(1000),
        [scale] => all(scale.parse()?),
        [scale, part] => one(part, scale.parse()?),
        _ => Err("usage: cargo bench --bench load [-- SCALE [fetch|build|verify|list]]".into()),
    }
}

fn all(scale: u32) -> Outcome<()> {
    ["fetch", "build", "verify", "list"].into_iter().try_for_each(|part| one(part, scale))
}

fn one(part: &str, scale: u32) -> Outcome<()> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{scale}"));
    let of = |full: u32| (full * scale / 1000).max(4);
    match part {
        "fetch" => fetches(&fresh(&directory.join(part))?, of(SIMS), of(FETCHED)),
        "build" => builds(&directory, of(CUSTOMERS)),
        "verify" => verifies(&fresh(&directory.join(part))?, of(ISSUED), VERIFIED.min(of(CUSTOMERS))),
        "list" => lists(&fresh(&directory.join(part))?, of(ISSUED), of(DOCUMENTS)),
        _ => Err(format!("no part of the load: {part}").into()),
    }
}

/// A directory with nothing in it.
fn fresh(directory: &Path) -> Outcome<PathBuf> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    Ok(directory.to_owned())
}

/// A quarter, half and all of it.
fn sizes(full: u32) -> [u32; 3] {
    [full / 4, full / 2, full]
}

fn program(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
    command.arg("-C").arg(root).args(arguments).arg("--quiet");
    command
}

fn fetches(directory: &Path, sims: u32, count: u32) -> Outcome<()> {
    let month: BillingMonth = "202208".parse()?;
    let mut of_sims = Growth::of("fetch of a month without faults", "SIMs");
    for sims in sizes(sims) {
        let server = paged_soracom::start(sims, None);
        let root = directory.join(format!("sims-{sims}"));
        of_sims.add(sims, fetched(&root, &server, month)?);
        compared(&root, sims, month)?;
    }
    of_sims.print();

    println!("with faults, {sims} SIMs:");
    let mut of_months = Growth::of("fetch of months one after the other", "months");
    let (root, mut cost, mut answers, mut files) = (directory.join("soak"), Cost::default(), 0, 0);
    for (number, month) in (1..).zip(months(count as usize)?) {
        let server = paged_soracom::start(sims, Some(u64::from(number)));
        cost = cost.and(fetched(&root, &server, month)?);
        answers += server.asked().len();
        if sizes(count).contains(&number) {
            of_months.add(number, cost);
        }
    }
    for month in months(count as usize)? {
        files += compared(&root, sims, month)?;
    }
    of_months.print();
    println!("  {answers} requests for {files} files, each of them byte for byte what the server has");
    Ok(())
}

fn fetched(root: &Path, server: &Server, month: BillingMonth) -> Outcome<Cost> {
    let settings = format!(
        "[issuer]\nname = \"Sample\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-api\"\nendpoint = \"{}\"\n",
        server.url()
    );
    fs::create_dir_all(root.join("customers"))?;
    fs::write(root.join("invoicer.toml"), settings)?;
    fs::write(root.join("customers/acme.toml"), "name = \"Acme\"\n[[match]]\ntag = { customer = \"acme\" }\n")?;
    let mut command = program(root, &["fetch", &month.to_string()]);
    command.env_clear().env("INVOICER_ALLOW_ENDPOINT", "127.0.0.1").env("HOME", root).envs(paged_soracom::KEYS);
    watched(&mut command)
}

/// Compares the files of a fetched month with what the server has under their URLs; returns how many they are.
fn compared(root: &Path, sims: u32, month: BillingMonth) -> Outcome<usize> {
    let directory = root.join(format!("billing/{month}/soracom"));
    let provenance: serde_json::Value = serde_json::from_slice(&fs::read(directory.join("provenance.json"))?)?;
    let files = provenance["files"].as_array().ok_or("no files")?;
    for file in files {
        let [name, url] = ["path", "url"].map(|key| file[key].as_str().unwrap_or_default());
        let target = url.splitn(4, '/').nth(3).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let right = paged_soracom::body(sims, &format!("/{path}"), query);
        if right.is_none_or(|right| fs::read(directory.join(name)).ok() != Some(right.into_bytes())) {
            return Err(format!("{month}: {name} is not what the server has").into());
        }
    }
    // The pages, the bill, the export and the groups.
    match files.len() == sims.div_ceil(100) as usize + 3 {
        true => Ok(files.len()),
        false => Err(format!("{month}: {} files", files.len()).into()),
    }
}

fn builds(directory: &Path, customers: u32) -> Outcome<()> {
    let (mut built, mut issued) = (Vec::new(), Vec::new());
    for customers in sizes(customers) {
        let root = three_providers::workspace(directory, customers)?;
        for written in ["issued", "out"] {
            if root.join(written).exists() {
                fs::remove_dir_all(root.join(written))?;
            }
        }
        built.push((customers, watched(&mut program(&root, &["build", "202208"]))?));
        issued.push((customers, watched(&mut program(&root, &["issue", "202208"]))?));
    }
    Growth::print_all("build of three providers", "customers", built);
    Growth::print_all("issue", "customers", issued);
    Ok(())
}

fn verifies(root: &Path, count: u32, customers: u32) -> Outcome<()> {
    let months = months(count as usize)?;
    many_months::copy_workspace(&small_customers::workspace(customers, "classic")?, root)?;
    copy_bill(root, &months)?;
    let (mut issued, mut verified, mut cost) = (Vec::new(), Vec::new(), Cost::default());
    for (number, month) in (1..).zip(months) {
        watched(&mut program(root, &["build", &month.to_string()]))?;
        cost = cost.and(watched(&mut program(root, &["issue", &month.to_string()]))?);
        if sizes(count).contains(&number) {
            issued.push((number, cost));
            verified.push((number, watched(&mut program(root, &["verify", "--all"]))?));
        }
    }
    println!("{customers} customers a month:");
    Growth::print_all("issue, month after month", "months", issued);
    Growth::print_all("verify --all", "months", verified);
    Ok(())
}

fn lists(directory: &Path, count: u32, documents: u32) -> Outcome<()> {
    let issued = directory.join("issued");
    many_months::copy_workspace(&small_customers::workspace(1, "classic")?, &issued)?;
    watched(&mut program(&issued, &["build", "202208"]))?;
    watched(&mut program(&issued, &["issue", "202208"]))?;
    let months = months(count as usize)?;
    let mut costs = Vec::new();
    for documents in sizes(documents) {
        let root = directory.join(format!("{documents}"));
        let each = documents.div_ceil(count);
        records(&root, &issued, &months, each as usize)?;
        let each_way: &[&[&str]] = &[&["list"], &["list", "--json"], &["list", "--customer", "c00001"]];
        let run = |arguments: &&[&str]| watched(&mut program(&root, arguments));
        costs.push((each * count, each_way.iter().map(run).collect::<Outcome<Vec<Cost>>>()?));
    }
    for (index, what) in ["list", "list --json", "list of one customer"].into_iter().enumerate() {
        let of_one = costs.iter().map(|(documents, costs)| (*documents, costs[index]));
        Growth::print_all(what, "documents", of_one);
    }
    Ok(())
}
