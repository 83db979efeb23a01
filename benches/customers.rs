//! What a month of many small customers costs: `cargo bench --bench customers [-- CUSTOMERS [DESIGN]]`.
//!
//! A workspace of 10,000 customers, each with 40 rows and so two pages, is built by the program itself: PDF, HTML, JSON
//! and CSV for each. Printed are the processor time per invoice, of all threads and the system for them, and the time on
//! the clock. Reading the bill and the customers' files is part of it. The best of several runs counts: what else the
//! machine does only ever adds.

#![allow(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints its figures, none of them money")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 3;
const ROWS: u32 = 40;
/// Linux counts processor time in hundredths of a second for its users.
const TICKS: f64 = 100.0;

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

/// Processor seconds of all children so far, their system calls included; 0 where the system does not say.
fn children_time() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name, in brackets, may hold spaces. Of the fields behind it the 14th and 15th count (proc(5)).
    let fields = status.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Vec<f64> = fields.split_whitespace().skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

fn workspace(customers: u32, design: &str) -> Outcome<PathBuf> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("customers-{customers}-{design}"));
    if root.join("invoicer.toml").exists() {
        return Ok(root);
    }
    for directory in ["assets", "customers", "billing/202208"] {
        fs::create_dir_all(root.join(directory))?;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for image in ["assets/logo.svg", "assets/seal.png"] {
        fs::copy(repository.join(image), root.join(image))?;
    }
    let mut bill = "imsi,date,billItemName,unitPrice,quantity,amount,name,customer\n".to_owned();
    for number in 1..=customers {
        let id = format!("c{number:05}");
        let customer = format!(
            "name = \"株式会社サンプル{number:05}\"\ncontact = \"山田 太郎\"\npostal-code = \"530-0001\"\n\
            address = [\"大阪府大阪市北区梅田1-1\"]\n\n[[match]]\ntag = {{ customer = \"{id}\" }}\n"
        );
        fs::write(root.join(format!("customers/{id}.toml")), customer)?;
        for row in 0..ROWS {
            let (day, upload) = (row / 2 + 1, (number * 7919 + row * 104_729) % 900_001);
            let (item, price, quantity, amount) = match row % 2 {
                0 => ("basicCharge", "10", 1, "10".to_owned()),
                // 0.00001 JPY a byte, to five decimals.
                _ => ("uploadDataCharge", "0.00001", upload, format!("{}.{:05}", upload / 100_000, upload % 100_000)),
            };
            let imsi = 440_109_900_000_000 + u64::from(number);
            writeln!(bill, "{imsi},202208{day:02},{item},{price},{quantity},{amount},meter-{number:05},{id}")?;
        }
    }
    fs::write(root.join("billing/202208/soracom.csv"), bill)?;
    fs::write(root.join("invoicer.toml"), WORKSPACE.replace("DESIGN", design))?;
    Ok(root)
}

const WORKSPACE: &str = r#"[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"
postal-code = "100-0001"
address = ["東京都千代田区千代田1-1", "サンプルビル3F"]
phone = "03-0000-0000"
email = "billing@example.jp"
logo = "assets/logo.svg"
seal = "assets/seal.png"
bank-accounts = ["サンプル銀行 本店 普通 1234567 サンプルツウシン(カ"]

[invoice]
template = "DESIGN"
number = "INV-{month}-{customer}"
issue-date = "next-month-1"
due-date = "next-month-end"
details = "rows"
notes = ["恐れ入りますが、振込手数料は貴社にてご負担ください。"]

[pricing]
markup = "15%"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom.csv"
currency = "JPY"
"#;
