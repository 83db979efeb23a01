//! A month of many customers, each with charges of SORACOM, SAKURA Cloud and KORE.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::processors::Outcome;

/// Rows of each customer: days of a SIM with two items each, servers, days of another SIM.
const DAYS: u32 = 10;
const SERVERS: u32 = 4;
const USED: u32 = 8;
/// Records on a page of KORE.
const PAGE: usize = 249;
const ACCOUNT: &str = "AC000000000000000000000000000000a1";

/// A workspace of that many customers, below `directory`; kept for the next run.
pub(crate) fn workspace(directory: &Path, customers: u32) -> Outcome<PathBuf> {
    let root = directory.join(format!("three-{customers}"));
    if root.join("invoicer.toml").exists() {
        return Ok(root);
    }
    for directory in ["customers", "billing/202208/kore"] {
        fs::create_dir_all(root.join(directory))?;
    }
    for number in 1..=customers {
        let text = format!(
            "name = \"株式会社サンプル{number:05}\"\npostal-code = \"530-0001\"\naddress = [\"大阪府大阪市北区梅田1-1\"]\n\n\
             [[match]]\ntag = {{ customer = \"c{number:05}\" }}\n[[match]]\nresource-name = \"c{number:05}-*\"\n\n\
             [[fee]]\nname = \"Super SIM 基本料\"\namount = \"300\"\nper = \"resource\"\nmatch = {{ source = \"kore\" }}\n"
        );
        fs::write(root.join(format!("customers/c{number:05}.toml")), text)?;
    }
    let month = root.join("billing/202208");
    fs::write(month.join("soracom.csv"), soracom(customers)?)?;
    fs::write(month.join("sakura.csv"), sakura(customers)?)?;
    kore(&month.join("kore"), customers)?;
    fs::write(root.join("invoicer.toml"), SETTINGS)?;
    Ok(root)
}

fn soracom(customers: u32) -> Outcome<String> {
    let mut text = "\u{feff}imsi,date,billItemName,unitPrice,quantity,amount,customer\n".to_owned();
    for number in 1..=customers {
        for day in 1..=DAYS {
            let imsi = 440_100_000_000_000 + u64::from(number);
            let upload = (number * 7919 + day * 104_729) % 900_001;
            writeln!(text, "{imsi},202208{day:02},basicCharge,10,1,10,c{number:05}")?;
            // 0.00001 JPY a byte, to five decimals.
            let amount = format!("{}.{:05}", upload / 100_000, upload % 100_000);
            writeln!(text, "{imsi},202208{day:02},uploadDataCharge,0.00001,{upload},{amount},c{number:05}")?;
        }
    }
    Ok(text)
}

fn sakura(customers: u32) -> Outcome<String> {
    let mut text = "\u{feff}\"No.\",\"請求書番号\",\"利用年月\",\"入金状況\",\"会員ID\",\"アカウントコード\",\
        \"リソースID\",\"サービスコード\",\"サービス名\",\"ゾーンID\",\"ゾーン名\",\"日数\",\"時間\",\"料金(税抜)\",\"消費税\",\
        \"リソース名\"\n"
        .to_owned();
    for number in 1..=customers {
        for server in 0..SERVERS {
            let (row, id) = ((number - 1) * SERVERS + server, 112_700_000_000_u64);
            let (line, id) = (row + 1, id + u64::from(row));
            writeln!(
                text,
                "\"{line}\",\"000012345\",\"2022/08\",\"入金済み\",\"abc00001\",\"shop\",\"{id}\",\"50118\",\
                 \"サーバ/1Core-{}GB\",\"is1b\",\"石狩第2ゾーン\",\"31\",\"0\",\"{}\",\"{}\",\"c{number:05}-web-{server}\"",
                server + 1,
                1500 + 10 * server,
                150 + server,
            )?;
        }
    }
    Ok(text)
}

fn kore(directory: &Path, customers: u32) -> Outcome<()> {
    let mut usage = Vec::new();
    for number in 1..=customers {
        for day in 1..=USED {
            let bytes = u64::from(number * 7919 % 10_007) * 1000;
            usage.push(format!(
                "{{\"period\":{{\"start_time\":\"2022-08-{day:02}T00:00:00Z\",\"end_time\":\"2022-08-{:02}T00:00:00Z\"}},\
                 \"account_sid\":\"{ACCOUNT}\",\"data_upload\":0,\"data_download\":{bytes},\"data_total\":{bytes},\
                 \"data_total_billed\":\"0.{:04}\",\"billed_unit\":\"USD\",\"sim_sid\":\"HS{number:032x}\",\
                 \"fleet_sid\":null,\"network_sid\":null,\"iso_country\":null}}",
                day + 1,
                number * 31 % 10_000,
            ));
        }
    }
    let sim = |number: u32| {
        format!(
            "{{\"sid\":\"HS{number:032x}\",\"account_sid\":\"{ACCOUNT}\",\"unique_name\":\"c{number:05}-sim\",\
             \"status\":\"active\",\"fleet_sid\":null,\"iccid\":\"8988307000{number:010}\"}}"
        )
    };
    let sims: Vec<String> = (1..=customers).map(sim).collect();
    pages(directory, "usage", ("UsageRecords", "usage_records"), &usage)?;
    pages(directory, "sims", ("Sims", "sims"), &sims)?;
    pages(directory, "fleets", ("Fleets", "fleets"), &[])
}

/// Writes a listing as it was received, page by page.
fn pages(directory: &Path, file: &str, (path, key): (&str, &str), records: &[String]) -> Outcome<()> {
    let count = records.len().div_ceil(PAGE).max(1);
    let url = |page: usize| format!("\"https://supersim.api.korewireless.com/v1/{path}?PageSize={PAGE}&Page={page}\"");
    for page in 0..count {
        let shown: Vec<&str> = records.iter().skip(page * PAGE).take(PAGE).map(String::as_str).collect();
        let next = if page + 1 < count { url(page + 1) } else { "null".to_owned() };
        let previous = page.checked_sub(1).map_or_else(|| "null".to_owned(), url);
        let text = format!(
            "{{\"{key}\":[{}],\"meta\":{{\"first_page_url\":{},\"key\":\"{key}\",\"next_page_url\":{next},\"page\":{page},\
             \"page_size\":{PAGE},\"previous_page_url\":{previous},\"url\":{}}}}}\n",
            shown.join(",\n"),
            url(0),
            url(page),
        );
        fs::write(directory.join(format!("{file}-{page:04}.json")), text)?;
    }
    Ok(())
}

const SETTINGS: &str = r#"[issuer]
name = "サンプル通信株式会社"
registration-number = "T7000012050002"
postal-code = "100-0001"
address = ["東京都千代田区千代田1-1"]
bank-accounts = ["サンプル銀行 本店 普通 1234567 サンプルツウシン(カ"]

[invoice]
details = "rows"

[pricing]
markup = "15%"

[[fx]]
month = "202208"
from = "USD"
to = "JPY"
rate = "138.70"
note = "TTM, 2022-08-31"

[[source]]
name = "soracom"
title = "SORACOM Air"
kind = "soracom-csv"
path = "billing/{month}/soracom.csv"

[[source]]
name = "sakura"
title = "さくらのクラウド"
kind = "sakura-csv"
path = "billing/{month}/sakura.csv"

[[source]]
name = "kore"
title = "KORE Super SIM"
kind = "kore-api"

[[item]]
source = "kore"
name = "データ通信料"
"#;
