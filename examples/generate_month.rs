//! Writes synthetic SORACOM billing months: the sample month of this repository, and benchmark workspaces of any size. Also the
//! bills in FOCUS of `examples/focus`.
//!
//! Everything is made up from a fixed seed, so the same arguments give the same bytes. No real bill went into it.
//!
//! **Shape** (as SORACOM documents its detailed billing CSV): UTF-8 with a byte order mark; amount columns, then tag and
//! group columns; billing records, then discount records; one row per resource, day (UTC) and item; `date` is `yyyyMMdd`,
//! or `yyyyMM` for what belongs to the month; a cell with a comma or a quote is quoted, a quote inside is doubled;
//! discounts are negative and carry no resource; amounts exclude tax.
//!
//! **Units**: money in JPY; data items count bytes and are priced per byte (0.2 JPY/MiB = 0.00000019073486328125
//! JPY/byte); the others count requests, messages, hours, days or pieces. An amount is unit price × quantity, cut toward
//! zero to [`SAMPLE_DECIMALS`] or [`LARGE_DECIMALS`] decimals.
//!
//! **Item names**: public sources document `basicCharge`, `uploadDataCharge` and `downloadDataCharge`, and name
//! `dailyChargeTotal` and `dailyDataTrafficChargeTotal` as scopes of a coupon; that a coupon's row bears its scope as
//! name is an assumption. Every other item name, the header `groupName`, every price, the sign of a free tier's unit
//! price and the order of rows within a block are invented for the sample and say nothing about SORACOM's bills.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fmt};

const HELP: &str = "\
Writes synthetic billing months.

Usage:
  generate_month sample --out DIR
      writes DIR/soracom.csv: the month 202208 of the repository's own workspace, always the same bytes
  generate_month focus --out DIR
      writes DIR/aws/ and DIR/azure/: the month 202409 of examples/focus, always the same bytes
  generate_month large [--rows N] [--customers N] [--seed N] --out DIR
      writes a whole workspace into the new directory DIR: invoicer.toml, customers/cNNN.toml and
      billing/202208/soracom.csv with exactly N data rows

Options of large:
  --rows N        data rows, header not counted [default: 3000000, about 274 MB]
  --customers N   end customers, at most one per SIM; a SIM has 93 rows [default: 200, or fewer in a small month]
  --seed N        another month of the same shape [default: 202208]
";

const MONTH: u64 = 202_208;
const DAYS: u64 = 31;
const SAMPLE_DECIMALS: u32 = 10;
const LARGE_DECIMALS: u32 = 5;
const BYTE_ORDER_MARK: &str = "\u{feff}";

fn main() -> ExitCode {
    match arguments(env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => report(&format!("{message}\n\n{HELP}"), 64),
        Err(Failure::Refused(message)) => report(&message, 1),
        Err(Failure::File(path, error)) => report(&format!("{}: {error}", path.display()), 2),
    }
}

fn report(message: &str, code: u8) -> ExitCode {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}

enum Failure {
    Usage(String),
    Refused(String),
    File(PathBuf, io::Error),
}

/// Names the file in whatever an operation on it failed with.
fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Failure> {
    result.map_err(|error| Failure::File(path.to_owned(), error))
}

enum Command {
    Help,
    Sample { out: PathBuf },
    Focus { out: PathBuf },
    Large { out: PathBuf, rows: u64, customers: Option<u64>, seed: u64 },
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let verb = words.next().ok_or_else(|| Failure::Usage("expected sample, focus or large".into()))?;
    let (mut out, mut rows, mut customers, mut seed) = (None, 3_000_000, None, MONTH);
    if matches!(verb.as_str(), "help" | "-h" | "--help") {
        return Ok(Command::Help);
    }
    while let Some(flag) = words.next() {
        if matches!(flag.as_str(), "-h" | "--help") {
            return Ok(Command::Help);
        }
        let value = words.next().ok_or_else(|| Failure::Usage(format!("{flag} needs a value")))?;
        let number =
            || value.parse().map_err(|_| Failure::Usage(format!("{flag}: expected a whole number, found {value}")));
        match (flag.as_str(), verb.as_str()) {
            ("--out", _) => out = Some(PathBuf::from(&value)),
            ("--rows", "large") => rows = number()?,
            ("--customers", "large") => customers = Some(number()?),
            ("--seed", "large") => seed = number()?,
            _ => return Err(Failure::Usage(format!("{verb} has no option {flag}"))),
        }
    }
    let out = out.ok_or_else(|| Failure::Usage("--out is missing".into()));
    match verb.as_str() {
        "sample" => Ok(Command::Sample { out: out? }),
        "focus" => Ok(Command::Focus { out: out? }),
        "large" => Ok(Command::Large { out: out?, rows, customers, seed }),
        _ => Err(Failure::Usage(format!("expected sample, focus or large, found {verb}"))),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Help => at(Path::new("stdout"), io::stdout().write_all(HELP.as_bytes())),
        Command::Sample { out } => {
            at(&out, fs::create_dir_all(&out))?;
            let path = out.join("soracom.csv");
            at(&path, Bill::create(&path, SAMPLE_DECIMALS).and_then(sample_month))
        }
        Command::Focus { out } => focus::month(&out).map_err(|error| Failure::File(out, error)),
        Command::Large { out, rows, customers, seed } => large_workspace(&out, rows, customers, seed),
    }
}

// ---- rows ------------------------------------------------------------------------------------------------------------

/// A bill item and its exact unit price, `digits` / 10^`scale`.
#[derive(Clone, Copy)]
struct Item {
    name: &'static str,
    unit_price: &'static str,
    digits: i64,
    scale: u32,
}

const fn item(name: &'static str, unit_price: &'static str) -> Item {
    let text = unit_price.as_bytes();
    let (mut digits, mut scale, mut fraction, mut sign, mut place) = (0, 0, false, 1, 0);
    while place < text.len() {
        match text[place] {
            b'-' => sign = -1,
            b'.' => fraction = true,
            digit => {
                digits = digits * 10 + (digit - b'0') as i64;
                scale += fraction as u32;
            }
        }
        place += 1;
    }
    Item { name, unit_price, digits: digits * sign, scale }
}

/// A number of units of 10^-`scale`, printed without trailing zeros.
struct Decimal(i128, u32);

impl Decimal {
    /// Drops the decimals beyond `decimals`, toward zero.
    fn cut(self, decimals: u32) -> Self {
        let surplus = self.1.saturating_sub(decimals);
        Decimal(self.0 / 10_i128.pow(surplus), self.1 - surplus)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_i128.pow(self.1);
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, mut fraction, mut width) = (self.0.abs() / one, self.0.abs() % one, self.1 as usize);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, "{sign}{whole}.{fraction:0width$}")
    }
}

/// The start and the end of every row of one resource: its id columns, and its tag and group columns with their quotes.
struct Resource {
    ids: String,
    tags: String,
}

impl Resource {
    fn new(ids: &[&str], tags: &[&str]) -> Self {
        let cells = |cells: &[&str]| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
        Resource { ids: cells(ids), tags: cells(tags) }
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The CSV file being written; amounts are cut to `decimals`.
struct Bill {
    out: BufWriter<File>,
    decimals: u32,
    rows: u64,
}

impl Bill {
    fn create(path: &Path, decimals: u32) -> io::Result<Self> {
        Ok(Bill { out: BufWriter::with_capacity(1 << 20, File::create(path)?), decimals, rows: 0 })
    }

    fn header(&mut self, ids: &str, tags: &str) -> io::Result<()> {
        writeln!(self.out, "{BYTE_ORDER_MARK}{ids},date,billItemName,unitPrice,quantity,amount,{tags}")
    }

    fn charge(&mut self, resource: &Resource, date: u64, item: &Item, quantity: u64) -> io::Result<()> {
        let amount = Decimal(i128::from(item.digits) * i128::from(quantity), item.scale).cut(self.decimals);
        self.rows += 1;
        let Resource { ids, tags } = resource;
        writeln!(self.out, "{ids},{date},{},{},{quantity},{amount},{tags}", item.name, item.unit_price)
    }

    /// A discount that states neither a unit price nor a quantity, `hundredths` of a yen.
    fn discount(&mut self, resource: &Resource, name: &str, hundredths: u64) -> io::Result<()> {
        let amount = Decimal(-i128::from(hundredths), 2);
        self.rows += 1;
        writeln!(self.out, "{},{MONTH},{name},,,{amount},{}", resource.ids, resource.tags)
    }
}

fn day(day: u64) -> u64 {
    MONTH * 100 + day
}

/// `SplitMix64`: sixty-four bits of state, the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

// ---- the sample month ------------------------------------------------------------------------------------------------

const MIB: u64 = 1 << 20;

// Documented names, invented prices.
const BASIC: Item = item("basicCharge", "10");
const BASIC_GLOBAL: Item = item("basicCharge", "8.5");
const BASIC_SUSPENDED: Item = item("basicCharge", "0");
const UPLOAD: Item = item("uploadDataCharge", "0.00000019073486328125");
const DOWNLOAD: Item = item("downloadDataCharge", "0.000000667572021484375");
// Invented names and prices.
const ROAMING: Item = item("roamingDataCharge", "0.0000019073486328125");
const MESSAGE: Item = item("smsSentCharge", "4.4");
const BEAM: Item = item("beamRequestCharge", "0.00099");
const FUNNEL: Item = item("funnelRequestCharge", "0.0018");
const HARVEST: Item = item("harvestWriteCharge", "0.004");
const NAPTER: Item = item("napterAccessCharge", "5");
const ACTIVATION: Item = item("simActivationCharge", "900");
const CAMERA: Item = item("soraCamLicenseCharge", "900");
const GATEWAY: Item = item("vpgUsageCharge", "50");
const SUPPORT: Item = item("supportPlanCharge", "9800");
const FREE_BASIC: Item = item("freeTierBasicCharge", "-10");
const FREE_BEAM: Item = item("freeTierBeamRequestCharge", "-0.00099");

/// What a SIM uses on a day on which it is on: with this chance, a quantity in this range.
struct Use {
    item: Item,
    percent: u64,
    low: u64,
    high: u64,
}

const fn uses(item: Item, percent: u64, low: u64, high: u64) -> Use {
    Use { item, percent, low, high }
}

/// SIMs that share a customer, a group and a way of life. `#` in the name becomes the last three digits of the IMSI.
struct Fleet {
    customer: &'static str,
    group: &'static str,
    name: &'static str,
    sites: &'static [&'static str],
    first_imsi: u64,
    sims: u64,
    first_day: u64,
    basic: Item,
    days_on: u64,
    uses: &'static [Use],
}

const RECORDER: &[Use] =
    &[uses(UPLOAD, 100, 250 * MIB, 550 * MIB), uses(DOWNLOAD, 100, 2 * MIB, 10 * MIB), uses(BEAM, 60, 500, 1_500)];
const SIGNAGE: &[Use] = &[uses(UPLOAD, 100, 90_000, 400_000), uses(DOWNLOAD, 100, 20 * MIB, 80 * MIB)];
const TICKETS: &[Use] = &[
    uses(UPLOAD, 100, 400_000, 2_500_000),
    uses(DOWNLOAD, 90, 60_000, 300_000),
    uses(FUNNEL, 30, 80, 900),
    uses(NAPTER, 4, 1, 2),
];
const CONTAINER: &[Use] =
    &[uses(UPLOAD, 45, 300_000, 1_200_000), uses(ROAMING, 55, 3 * MIB, 14 * MIB), uses(MESSAGE, 12, 1, 3)];
const GREENHOUSE: &[Use] = &[
    uses(UPLOAD, 100, 700_000, 1_400_000),
    uses(DOWNLOAD, 70, 20_000, 90_000),
    uses(HARVEST, 100, 2_780, 3_160),
    uses(BEAM, 35, 200, 800),
];
const WARD: &[Use] = &[uses(UPLOAD, 100, 2 * MIB, 9 * MIB), uses(DOWNLOAD, 100, 8 * MIB, 30 * MIB)];
const WEATHER: &[Use] = &[uses(UPLOAD, 95, 150_000, 600_000), uses(BEAM, 95, 140, 150)];

#[rustfmt::skip] // a table reads better in rows
const FLEETS: &[Fleet] = &[
    Fleet { customer: "zuiun", group: "車載,第1営業所", name: "#号車 ドラレコ", first_imsi: 440_109_912_300_101,
        sites: &["本町車庫", "本町車庫, 整備棟"],
        sims: 18, first_day: 1, basic: BASIC, days_on: 86, uses: RECORDER },
    Fleet { customer: "zuiun", group: "車載,第2営業所 \"湾岸\"", name: "#号車 ドラレコ", first_imsi: 440_109_912_300_201,
        sites: &["湾岸車庫 \"A\"", "湾岸車庫 \"B\", 屋外"],
        sims: 16, first_day: 1, basic: BASIC, days_on: 84, uses: RECORDER },
    Fleet { customer: "zuiun", group: "車載,第2営業所 \"湾岸\"", name: "#号車 \"新車\"", first_imsi: 440_109_912_300_217,
        sites: &["湾岸車庫 \"A\""],
        sims: 2, first_day: 17, basic: BASIC, days_on: 90, uses: RECORDER },
    Fleet { customer: "zuiun", group: "停留所サイネージ", name: "表示器-#", first_imsi: 440_109_912_300_301,
        sites: &["駅前 1番のりば", "市役所前, 北行き", "山﨑病院前", "髙砂団地 \"中央\""],
        sims: 14, first_day: 1, basic: BASIC, days_on: 100, uses: SIGNAGE },
    Fleet { customer: "zuiun", group: "券売機", name: "券売機 #", first_imsi: 440_109_912_300_401,
        sites: &["駅前案内所, 1階", "湾岸ターミナル"],
        sims: 12, first_day: 1, basic: BASIC, days_on: 100, uses: TICKETS },
    Fleet { customer: "harbourline", group: "reefer, \"north\" loop", name: "Reefer #", first_imsi: 295_059_912_300_701,
        sites: &["Yokohama, Honmoku", "Kobe \"Port Island\""],
        sims: 10, first_day: 1, basic: BASIC_GLOBAL, days_on: 92, uses: CONTAINER },
    Fleet { customer: "midorino", group: "ハウス", name: "環境センサー #", first_imsi: 440_109_912_301_001,
        sites: &["ハウス \"1号\", 北", "ハウス \"2号\", 南", "育苗棟"],
        sims: 11, first_day: 1, basic: BASIC, days_on: 99, uses: GREENHOUSE },
    Fleet { customer: "midorino", group: "ハウス", name: "予備機 #", first_imsi: 440_109_912_301_012,
        sites: &["倉庫"],
        sims: 1, first_day: 1, basic: BASIC_SUSPENDED, days_on: 0, uses: &[] },
    Fleet { customer: "", group: "shirakaba-\"本院\",病棟", name: "ナースコール中継 #", first_imsi: 440_109_912_302_001,
        sites: &["3階東, 詰所", "4階西"],
        sims: 4, first_day: 1, basic: BASIC, days_on: 100, uses: WARD },
    Fleet { customer: "", group: "shirakaba-訪問看護", name: "訪問タブレット #", first_imsi: 440_109_912_302_011,
        sites: &["訪問看護ステーション"],
        sims: 2, first_day: 1, basic: BASIC, days_on: 74, uses: WARD },
    Fleet { customer: "", group: "", name: "プレス機-#", first_imsi: 440_109_912_303_001,
        sites: &[""],
        sims: 1, first_day: 29, basic: BASIC, days_on: 60, uses: WEATHER },
    Fleet { customer: "", group: "個人", name: "yamamoto-気象台-#", first_imsi: 440_109_912_304_001,
        sites: &["ベランダ", "畑, 南側"],
        sims: 2, first_day: 1, basic: BASIC, days_on: 97, uses: WEATHER },
];

const CAMERAS: [&str; 4] = ["02005E1000A1", "02005E1000A2", "02005E1000A3", "02005E1000A4"];
const GATEWAYS: [&str; 2] = ["vpg-zuiun-01", "vpg-common-01"];

/// Days in order for each SIM, then what belongs to the month, then gateways, then discounts.
fn sample_month(mut bill: Bill) -> io::Result<()> {
    let untagged = ["", "", "", ""];
    let nobody = Resource::new(&["", "", ""], &untagged);
    let mut random = Random(MONTH);
    bill.header("imsi,vpgId,soraCamDeviceId", "name,customer,site,groupName")?;
    for fleet in FLEETS {
        fleet_month(&mut bill, fleet, &mut random)?;
    }
    for camera in CAMERAS {
        bill.charge(&Resource::new(&["", "", camera], &untagged), MONTH, &CAMERA, 1)?;
    }
    for gateway in GATEWAYS {
        for date in 1..=DAYS {
            bill.charge(&Resource::new(&["", gateway, ""], &untagged), day(date), &GATEWAY, 24)?;
        }
    }
    bill.charge(&nobody, MONTH, &SUPPORT, 1)?;
    bill.charge(&nobody, MONTH, &FREE_BASIC, 31)?;
    bill.charge(&nobody, MONTH, &FREE_BEAM, 100_000)?;
    bill.discount(&nobody, "dailyDataTrafficChargeTotal", 123_450)?;
    bill.discount(&nobody, "dailyChargeTotal", 500_000)?;
    bill.out.flush()
}

fn fleet_month(bill: &mut Bill, fleet: &Fleet, random: &mut Random) -> io::Result<()> {
    for (sim, site) in (0..fleet.sims).zip(fleet.sites.iter().cycle()) {
        let imsi = fleet.first_imsi + sim;
        let name = fleet.name.replace('#', &(imsi % 1_000).to_string());
        let tags = [&name, fleet.customer, site, fleet.group];
        let resource = Resource::new(&[&imsi.to_string(), "", ""], &tags);
        for date in fleet.first_day..=DAYS {
            bill.charge(&resource, day(date), &fleet.basic, 1)?;
            if !random.happens(fleet.days_on) {
                continue;
            }
            for used in fleet.uses {
                let quantity = random.between(used.low, used.high);
                if random.happens(used.percent) {
                    bill.charge(&resource, day(date), &used.item, quantity)?;
                }
            }
        }
        if fleet.first_day > 1 {
            bill.charge(&resource, MONTH, &ACTIVATION, 1)?;
        }
    }
    Ok(())
}

// ---- benchmark workspaces --------------------------------------------------------------------------------------------

const ROWS_PER_SIM: u64 = DAYS * 3;

const LARGE_WORKSPACE: &str = r#"# Written by `cargo run --example generate_month -- large`.
[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"
postal-code = "100-0001"
address = ["東京都千代田区千代田1-1"]
bank-accounts = ["サンプル銀行 本店 普通 1234567 サンプルツウシン(カ"]

[invoice]
currency = "JPY"
language = "ja"
number = "INV-{month}-{customer}"
issue-date = "next-month-1"
due-date = "next-month-end"
due-on-holiday = "next"
details = "resource"

[pricing]
markup = "15%"
rounding = "up"
round-at = "item"
discounts = "marked-up"

[tax]
rounding = "up"

[allocation]
unassigned = "error"
[[allocation.share]]
match = { resource = "vpg-*" }
by = "amount"

[[source]]
name = "soracom"
kind = "soracom-csv"
path = "billing/{month}/soracom*.csv"
currency = "JPY"
"#;

/// How many rows of each sort a benchmark month has; together exactly the rows asked for.
struct Shape {
    sim_rows: u64,
    sims: u64,
    gateways: u64,
    discounts: u64,
}

impl Shape {
    fn of(rows: u64) -> Self {
        let gateways = (rows / 1_000).min(3);
        let discounts = (rows / 100).min(300);
        let sim_rows = rows - gateways * DAYS - discounts;
        Shape { sim_rows, sims: sim_rows.div_ceil(ROWS_PER_SIM), gateways, discounts }
    }
}

fn large_workspace(out: &Path, rows: u64, customers: Option<u64>, seed: u64) -> Result<(), Failure> {
    if rows == 0 {
        return Err(Failure::Usage("--rows: expected at least 1".into()));
    }
    let shape = Shape::of(rows);
    let customers = customers.unwrap_or(shape.sims.min(200));
    if customers == 0 || customers > shape.sims {
        let Shape { sims, .. } = shape;
        return Err(Failure::Refused(format!(
            "{rows} rows hold {sims} SIMs, enough for 1 to {sims} customers, not {customers}"
        )));
    }
    let billing = out.join("billing").join(MONTH.to_string());
    at(&billing, fs::create_dir_all(out))?;
    if at(out, fs::read_dir(out))?.next().is_some() {
        return Err(Failure::Refused(format!("{}: expected a new or empty directory", out.display())));
    }
    at(&billing, fs::create_dir_all(&billing))?;
    write_file(&out.join("invoicer.toml"), LARGE_WORKSPACE)?;
    let directory = out.join("customers");
    at(&directory, fs::create_dir_all(&directory))?;
    for number in 1..=customers {
        let customer =
            format!("name = \"株式会社サンプル{number:03}\"\n\n[[match]]\ntag = {{ customer = \"c{number:03}\" }}\n");
        write_file(&directory.join(format!("c{number:03}.toml")), &customer)?;
    }
    let path = billing.join("soracom.csv");
    at(&path, Bill::create(&path, LARGE_DECIMALS).and_then(|bill| large_month(bill, &shape, customers, Random(seed))))
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    at(path, fs::write(path, text))
}

/// Every customer has a SIM; the rest go more often to the customers with small numbers, so that sizes differ.
fn large_month(mut bill: Bill, shape: &Shape, customers: u64, mut random: Random) -> io::Result<()> {
    bill.header("imsi,vpgId", "name,customer,groupName")?;
    for sim in 0..shape.sims {
        let skewed = random.between(1, customers).min(random.between(1, customers));
        let number = if sim < customers { sim + 1 } else { skewed };
        let (imsi, name) = (440_109_900_000_000 + sim, format!("meter-{sim:05}"));
        let resource =
            Resource::new(&[&imsi.to_string(), ""], &[&name, &format!("c{number:03}"), &format!("G-{}", sim % 9)]);
        for date in 1..=DAYS {
            let upload = random.between(20_000, 3_000_000);
            let download = random.between(5_000, 900_000);
            for (item, quantity) in [(BASIC, 1), (UPLOAD, upload), (DOWNLOAD, download)] {
                if bill.rows < shape.sim_rows {
                    bill.charge(&resource, day(date), &item, quantity)?;
                }
            }
        }
    }
    for gateway in 1..=shape.gateways {
        let resource = Resource::new(&["", &format!("vpg-{gateway:04}")], &["", "", ""]);
        for date in 1..=DAYS {
            bill.charge(&resource, day(date), &GATEWAY, 24)?;
        }
    }
    let nobody = Resource::new(&["", ""], &["", "", ""]);
    for _ in 0..shape.discounts {
        bill.discount(&nobody, "dailyChargeTotal", random.between(100, 5_000))?;
    }
    bill.out.flush()
}

// ---- bills in FOCUS --------------------------------------------------------------------------------------------------

/// The month of `examples/focus`. AWS exports version 1.0 in two parts, one of them compressed, with a manifest; a part of an
/// earlier export still lies beside them. Azure exports version 1.2, with other columns in another order, the word NULL in
/// empty cells and times without zone.
mod focus {
    use std::fs;
    use std::io::{self, Write};
    use std::path::Path;

    use flate2::{Compression, GzBuilder};

    use super::quoted;

    const AWS: &[&str] = &[
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ChargeCategory",
        "ChargeClass",
        "ChargeDescription",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "CommitmentDiscountId",
        "ContractedCost",
        "ContractedUnitPrice",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "PricingQuantity",
        "PricingUnit",
        "ProviderName",
        "RegionId",
        "ResourceId",
        "ServiceName",
        "SubAccountId",
        "SubAccountName",
        "Tags",
        "x_Operation",
    ];
    const AZURE: &[&str] = &[
        "InvoiceId",
        "BillingAccountId",
        "SubAccountId",
        "SubAccountName",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ChargeCategory",
        "ChargeClass",
        "ServiceName",
        "ResourceId",
        "ResourceName",
        "RegionId",
        "PricingQuantity",
        "PricingUnit",
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "ContractedUnitPrice",
        "BillingCurrency",
        "InvoiceIssuerName",
        "ProviderName",
        "Tags",
    ];

    const OWN: &str = "111111111111";
    const SHARED: &str = "222222222222";
    const PAYER: &str = "999999999999";

    /// Cells that differ from the usual ones of a row.
    type Cells<'a> = &'a [(&'a str, &'a str)];

    pub(super) fn month(out: &Path) -> io::Result<()> {
        let data = out.join("aws/data");
        let metadata = out.join("aws/metadata");
        for directory in [&data, &metadata, &out.join("azure")] {
            fs::create_dir_all(directory)?;
        }
        // Paid for by the savings plan.
        let mut covered = usage("2", OWN, "i-0a2", "Amazon EC2", "24", "Hours", "0", "0");
        covered.extend([("CommitmentDiscountId", "sp-1"), ("EffectiveCost", "0.6")]);
        let first = aws(&[
            usage("1", OWN, "i-0a1", "Amazon EC2", "24", "Hours", "0.0416", "0.9984"),
            usage("2", OWN, "i-0a1", "Amazon EC2", "24", "Hours", "0.0416", "0.9984"),
            covered,
            usage("2", OWN, "", "AWS Data Transfer", "6E-7", "GB", "0.2", "1.2E-7"),
            vec![
                ("SubAccountId", OWN),
                ("ServiceName", "Amazon S3"),
                ("ResourceId", "acme-archive"),
                ("ChargePeriodStart", "2024-09-01T00:00:00Z"),
                ("ChargePeriodEnd", "2024-10-01T00:00:00Z"),
                ("PricingQuantity", "100.5"),
                ("PricingUnit", "GB-Mo"),
                ("ContractedUnitPrice", "0.023"),
                ("BilledCost", "2.3115"),
            ],
            vec![
                ("SubAccountId", OWN),
                ("ServiceName", "Amazon EC2"),
                ("ChargeCategory", "Credit"),
                ("ChargeDescription", "Promotional credit"),
                ("BilledCost", "-0.5"),
            ],
        ]);
        let tagged = ("Tags", "{\"customer\":\"bravo\",\"stage\":2,\"old\":null}");
        let mut machine = usage("1", SHARED, "i-0b1", "Amazon EC2", "24", "Hours", "0.192", "4.608");
        machine.push(tagged);
        let mut functions = usage("3", SHARED, "report", "AWS Lambda", "1000000", "Requests", "2E-7", "0.2");
        functions.push(tagged);
        let second = aws(&[
            machine,
            functions,
            // August, put right in September's bill.
            vec![
                ("SubAccountId", SHARED),
                ("ServiceName", "Amazon EC2"),
                ("ResourceId", "i-0b1"),
                ("ChargeClass", "Correction"),
                ("ChargePeriodStart", "2024-08-31T00:00:00Z"),
                ("ChargePeriodEnd", "2024-09-01T00:00:00Z"),
                ("BilledCost", "-1.25"),
                tagged,
            ],
            vec![
                ("ChargeCategory", "Purchase"),
                ("ServiceName", "Compute Savings Plans"),
                ("BilledCost", "30"),
                ("ChargePeriodStart", "2024-09-01T00:00:00Z"),
                ("ChargePeriodEnd", "2024-10-01T00:00:00Z"),
                ("CommitmentDiscountId", "sp-1"),
            ],
            vec![
                ("ServiceName", "AWS Support (Business)"),
                ("BilledCost", "100"),
                ("ChargePeriodStart", "2024-09-01T00:00:00Z"),
                ("ChargePeriodEnd", "2024-10-01T00:00:00Z"),
            ],
            vec![
                ("SubAccountId", OWN),
                ("ServiceName", "Scanner"),
                ("InvoiceIssuerName", "Example Vendor"),
                ("BilledCost", "20"),
            ],
            vec![("ChargeCategory", "Tax"), ("ServiceName", "Tax"), ("BilledCost", "13.74")],
        ]);
        fs::write(data.join("part-00001.csv"), &first)?;
        let mut packed = GzBuilder::new().write(Vec::new(), Compression::default());
        packed.write_all(second.as_bytes())?;
        fs::write(data.join("part-00002.csv.gz"), packed.finish()?)?;
        // What an export before the final one has left: the manifest does not list it.
        fs::write(
            data.join("part-00000-old.csv"),
            aws(&[usage("1", OWN, "i-0a1", "Amazon EC2", "1", "Hours", "9", "9")]),
        )?;
        let manifest = "{\n  \"dataFiles\": [\n    \"s3://example/focus/data/part-00001.csv\",\n    \
                        \"s3://example/focus/data/part-00002.csv.gz\"\n  ]\n}\n";
        fs::write(metadata.join("focus-Manifest.json"), manifest)?;
        fs::write(out.join("azure/part_0_0001.csv"), azure())
    }

    /// A charge of one day.
    #[expect(clippy::too_many_arguments, reason = "the cells of a row, in a line that is read as one")]
    fn usage<'a>(
        day: &str,
        account: &'a str,
        resource: &'a str,
        service: &'a str,
        quantity: &'a str,
        unit: &'a str,
        price: &'a str,
        cost: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        let (start, end) = match day {
            "1" => ("2024-09-01T00:00:00Z", "2024-09-02T00:00:00Z"),
            "2" => ("2024-09-02T00:00:00Z", "2024-09-03T00:00:00Z"),
            _ => ("2024-09-03T00:00:00Z", "2024-09-04T00:00:00Z"),
        };
        vec![
            ("SubAccountId", account),
            ("ResourceId", resource),
            ("ServiceName", service),
            ("PricingQuantity", quantity),
            ("PricingUnit", unit),
            ("ContractedUnitPrice", price),
            ("BilledCost", cost),
            ("ChargePeriodStart", start),
            ("ChargePeriodEnd", end),
            ("RegionId", "ap-northeast-1"),
        ]
    }

    fn aws(rows: &[Vec<(&str, &str)>]) -> String {
        let usual: Cells<'_> = &[
            ("BillingAccountId", PAYER),
            ("BillingCurrency", "USD"),
            ("BillingPeriodStart", "2024-09-01T00:00:00Z"),
            ("BillingPeriodEnd", "2024-10-01T00:00:00Z"),
            ("ChargeCategory", "Usage"),
            ("ContractedCost", "0"),
            ("EffectiveCost", "0"),
            ("ListCost", "0"),
            ("ProviderName", "AWS"),
            ("InvoiceIssuerName", "Amazon Web Services Japan G.K."),
            ("ChargePeriodStart", "2024-09-30T00:00:00Z"),
            ("ChargePeriodEnd", "2024-10-01T00:00:00Z"),
        ];
        table(AWS, usual, "", rows)
    }

    fn azure() -> String {
        let usual: Cells<'_> = &[
            ("InvoiceId", "E0100A1B2C"),
            ("BillingAccountId", "/providers/Microsoft.Billing/billingAccounts/7000"),
            ("BillingPeriodStart", "2024-09-01 00:00:00"),
            ("BillingPeriodEnd", "2024-10-01 00:00"),
            ("ChargeCategory", "Usage"),
            ("BillingCurrency", "EUR"),
            ("InvoiceIssuerName", "Microsoft"),
            ("ProviderName", "Microsoft"),
            ("EffectiveCost", "0"),
            ("ListCost", "0"),
            ("ContractedCost", "0"),
            ("SubAccountId", "/subscriptions/0a-01"),
            ("SubAccountName", "acme-web"),
            ("RegionId", "japaneast"),
            ("Tags", "{}"),
        ];
        let machine = |start, end, quantity, cost| {
            vec![
                ("ServiceName", "Virtual Machines"),
                ("ResourceId", "/subscriptions/0a-01/vm/web-1"),
                ("ResourceName", "web-1"),
                ("ChargePeriodStart", start),
                ("ChargePeriodEnd", end),
                ("PricingQuantity", quantity),
                ("PricingUnit", "Hour"),
                ("ContractedUnitPrice", "0.05"),
                ("BilledCost", cost),
            ]
        };
        let rows = [
            machine("2024-09-01 00:00:00", "2024-09-02 00:00:00", "24", "1.2"),
            machine("2024-09-02 00:00:00", "2024-09-03 00:00:00", "12.5", "0.625"),
            vec![
                ("ServiceName", "Storage"),
                ("ResourceId", "/subscriptions/0b-02/disk/data"),
                ("ResourceName", "data"),
                ("SubAccountId", "/subscriptions/0b-02"),
                ("SubAccountName", "tools"),
                ("Tags", "{\"customer\":\"bravo\"}"),
                ("ChargePeriodStart", "2024-09-01 00:00:00"),
                ("ChargePeriodEnd", "2024-10-01 00:00:00"),
                ("PricingQuantity", "64"),
                ("PricingUnit", "GB/Month"),
                ("ContractedUnitPrice", "0.04"),
                ("BilledCost", "2.56"),
            ],
        ];
        table(AZURE, usual, "NULL", &rows)
    }

    /// A table with a header; cells that neither a row nor `usual` has are `empty`.
    fn table(columns: &[&str], usual: Cells<'_>, empty: &str, rows: &[Vec<(&str, &str)>]) -> String {
        let mut text = columns.join(",") + "\n";
        for row in rows {
            let cell = |column: &&str| {
                let own = row.iter().chain(usual).find(|(name, _)| name == column);
                quoted(own.map_or(empty, |(_, value)| value))
            };
            text += &(columns.iter().map(cell).collect::<Vec<String>>().join(",") + "\n");
        }
        text
    }
}
