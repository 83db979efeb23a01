//! A month of many small customers.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::processors::Outcome;

/// Rows of the bill for each customer.
const ROWS: u32 = 40;

/// A workspace of that many customers with two pages each; kept for the next run.
pub(crate) fn workspace(customers: u32, design: &str) -> Outcome<PathBuf> {
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
