//! How fast a bill in FOCUS is read, and in how much memory: `cargo bench --bench focus [-- ROWS]`.
//!
//! A generated bill of a million rows of 1.1 KB with the columns that AWS exports in FOCUS 1.2 is read as one file, and as four compressed parts,
//! beside a bare pass of the csv crate over the one file in the same run. Printed are the speed as a share of that pass, by
//! the time of processors, and the peak memory per row. Each measurement is a process of its own, so that their memory does not add up.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use invoicer::diagnostic::Problems;
use invoicer::model::charge::Bill;
use invoicer::{sources, workspace};

#[path = "support/processors.rs"]
mod processors;

use processors::{Outcome, children_time};

const RUNS: usize = 5;
const PARTS: usize = 4;

fn main() -> Outcome<()> {
    // Cargo passes `--bench`; only what follows `--` is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["pass", directory] => measured(|| bare_pass(Path::new(directory))),
        ["read", directory] => measured(|| read(Path::new(directory))),
        [] => compare(1_000_000),
        [rows] => compare(rows.parse()?),
        _ => Err("usage: cargo bench --bench focus [-- ROWS]".into()),
    }
}

fn compare(rows: usize) -> Outcome<()> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let whole = generate(&root.join(format!("focus-{rows}")), rows, 1)?;
    let parts = generate(&root.join(format!("focus-{rows}-parts")), rows, PARTS)?;
    let mut shares = Vec::new();
    for run in 1..=RUNS {
        let pass = child("pass", &whole)?.seconds;
        let one = child("read", &whole)?;
        let several = child("read", &parts)?;
        let share = |seconds: f64| 100.0 * pass / seconds;
        let each = |peak: u64| (peak * 1024).saturating_sub(64 << 20) / rows as u64;
        println!(
            "run {run}: csv pass {pass:.3} s; one file {:.3} s = {:.0} %, {} bytes a row beyond 64 MiB; {PARTS} compressed parts \
             {:.3} s = {:.0} %, {} bytes",
            one.seconds,
            share(one.seconds),
            each(one.peak),
            several.seconds,
            share(several.seconds),
            each(several.peak),
        );
        shares.push(share(one.seconds));
    }
    shares.sort_by(f64::total_cmp);
    println!(
        "median {:.0} % of a pass; for 1000000 rows the target is at least 60 %, and 100 bytes a row",
        shares[RUNS / 2]
    );
    Ok(())
}

const HEADER: &str = "AvailabilityZone,BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,\
BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,\
CommitmentDiscountCategory,CommitmentDiscountId,CommitmentDiscountName,CommitmentDiscountStatus,CommitmentDiscountType,\
ConsumedQuantity,ConsumedUnit,ContractedCost,ContractedUnitPrice,EffectiveCost,InvoiceIssuerName,ListCost,ListUnitPrice,\
PricingCategory,PricingQuantity,PricingUnit,ProviderName,PublisherName,RegionId,RegionName,ResourceId,ResourceName,\
ResourceType,ServiceCategory,ServiceName,SkuId,SkuPriceId,SubAccountId,SubAccountName,Tags,x_Operation,x_UsageType,\
BillingAccountType,SubAccountType,InvoiceId,PricingCurrency,SkuMeter,SkuPriceDetails\n";

const SERVICES: [(&str, &str); 4] = [
    ("Amazon Elastic Compute Cloud", "Hours"),
    ("Amazon Simple Storage Service", "GB-Mo"),
    ("AWS Data Transfer", "GB"),
    ("Amazon Relational Database Service", "Hours"),
];

/// A workspace with a bill in so many parts; several are compressed. A resource has a row for each day and service.
fn generate(directory: &Path, rows: usize, parts: usize) -> Outcome<PathBuf> {
    if directory.join("invoicer.toml").exists() {
        return Ok(directory.to_owned());
    }
    let bills = directory.join("billing/202208");
    std::fs::create_dir_all(&bills)?;
    for part in 0..parts {
        let range = rows * part / parts..rows * (part + 1) / parts;
        if parts == 1 {
            write_rows(BufWriter::new(File::create(bills.join("aws.csv"))?), range)?.flush()?;
        } else {
            let file = BufWriter::new(File::create(bills.join(format!("aws-{part}.csv.gz")))?);
            write_rows(GzEncoder::new(file, Compression::fast()), range)?.finish()?;
        }
    }
    std::fs::create_dir_all(directory.join("customers"))?;
    std::fs::write(directory.join("customers/acme.toml"), "name = \"Acme\"\n[[match]]\naccount = \"*\"\n")?;
    std::fs::write(directory.join("invoicer.toml"), WORKSPACE)?;
    Ok(directory.to_owned())
}

fn write_rows<W: Write>(mut out: W, rows: std::ops::Range<usize>) -> Outcome<W> {
    out.write_all(HEADER.as_bytes())?;
    for row in rows {
        let (service, unit) = SERVICES[row % 4];
        let day = row / 4 % 31;
        let resource = row / 124;
        let account = 100_000_000_000 + resource % 200;
        let micros = (row * 7919) % 9_000_011;
        let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
        let end = if day == 30 { "2022-09-01".to_owned() } else { format!("2022-08-{:02}", day + 2) };
        writeln!(
            out,
            "apne1-az{az},{whole}.{rest:06},999988887777,Payer,USD,2022-09-01T00:00:00Z,2022-08-01T00:00:00Z,Usage,,\
             \"$0.0{price} per {unit}, of {service}\",Usage-Based,{end}T00:00:00Z,2022-08-{start:02}T00:00:00Z,,,,,,\
             {micros}.25,{unit},{whole}.{rest:06},0.0{price},{whole}.{rest:06},\"Amazon Web Services, Inc.\",{whole}.{rest:06},\
             0.0{price},Standard,{micros}.25,{unit},AWS,Amazon Web Services,ap-northeast-1,Asia Pacific (Tokyo),\
             arn:aws:ec2:ap-northeast-1:{account}:instance/i-{resource:017x},web-{resource},Instance,Compute,{service},\
             SKU{sku:08},SKU{sku:08}.JRTCKXETXF,{account},account-{number},\"{{\"\"team\"\": \"\"t{number}\"\", \"\"env\"\": \"\"prod\"\", \"\"cost-center\"\": \"\"CC-{number:06}\"\", \
             \"\"application\"\": \"\"storefront-{number}\"\", \"\"managed-by\"\": \"\"terraform\"\"}}\",\
             RunInstances,APN1-BoxUsage:m5.large,Billing Account,Sub Account,INV-2022-08-000001,USD,Compute Usage,\
             \"{{\"\"InstanceType\"\": \"\"m5.large\"\", \"\"InstanceSeries\"\": \"\"M5\"\", \"\"OperatingSystem\"\": \"\"Linux\"\", \
             \"\"CoreCount\"\": 2, \"\"MemorySize\"\": 8, \"\"x_Tenancy\"\": \"\"Shared\"\", \"\"x_PreInstalledSoftware\"\": \"\"NA\"\", \
             \"\"x_LicenseModel\"\": \"\"No License required\"\", \"\"x_CapacityStatus\"\": \"\"Used\"\", \
             \"\"x_NetworkPerformance\"\": \"\"Up to 10 Gigabit\"\", \"\"x_Processor\"\": \"\"Intel Xeon Platinum 8175\"\"}}\"",
            az = resource % 3 + 1,
            price = row % 4 + 1,
            start = day + 1,
            sku = row % 4,
            number = resource % 200,
        )?;
    }
    Ok(out)
}

const WORKSPACE: &str = r#"[issuer]
name = "Reseller"

[invoice]
currency = "USD"

[[source]]
name = "aws"
kind = "focus-csv"
path = "billing/{month}/aws*.csv*"
currency = "USD"
item = "{ServiceName} {RegionId}"
final = true
"#;

/// Processor seconds of a child, and its peak memory in KiB, which it prints.
struct Measure {
    seconds: f64,
    peak: u64,
}

fn child(what: &str, directory: &Path) -> Outcome<Measure> {
    let before = children_time()?;
    let output = Command::new(std::env::current_exe()?).arg(what).arg(directory).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let peak = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Measure { seconds: children_time()? - before, peak })
}

/// Runs `work`; what it made is only dropped when the memory is known.
fn measured<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<()> {
    let _made = work()?;
    println!("{}", peak_memory());
    Ok(())
}

/// The most memory this process ever had resident, in KiB; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn bare_pass(directory: &Path) -> Outcome<usize> {
    let mut reader = csv::Reader::from_path(directory.join("billing/202208/aws.csv"))?;
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

fn read(directory: &Path) -> Outcome<Bill> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let failed = |problems: Problems| problems.iter().map(|problem| problem.render(false)).collect::<String>();
    let workspace = workspace::load(directory).map_err(failed)?;
    let month = "202208".parse()?;
    Ok(pool.install(|| sources::read(directory, &workspace.settings, month, false)).map_err(failed)?)
}
