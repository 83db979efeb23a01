//! `export --to focus`: what customers are charged, as their own tools read it.

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::good;

type Row = BTreeMap<String, String>;

fn rows(sandbox: &Sandbox, path: &str) -> Vec<Row> {
    csv::Reader::from_reader(&sandbox.read(path)[..]).deserialize().map(Result::unwrap).collect()
}

fn sum<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Decimal {
    rows.into_iter().map(|row| row["BilledCost"].parse::<Decimal>().unwrap()).sum()
}

fn cells(row: &Row, columns: &str) -> String {
    columns.split(' ').map(|column| row[column].as_str()).collect::<Vec<&str>>().join("|")
}

/// Two customers, 15 % up on each item, tax 10 % up, and a discount of the account that both share.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"Reseller Inc.\"\n[invoice]\nlanguage = \"en\"\n[pricing]\nmarkup = \"15%\"\n[[source]]\n\
         name = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/soracom*.csv\"\n",
    );
    for (id, more) in [("acme", "[[fee]]\nname = \"Support\"\namount = 100\n"), ("bravo", "")] {
        let text = format!("name = \"{id} Ltd.\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n{more}");
        sandbox.write(&format!("customers/{id}.toml"), text);
    }
    sandbox.write(
        "billing/202208/soracom.csv",
        "imsi,date,billItemName,unitPrice,quantity,amount,name,customer\n\
         440100000000001,20220801,basicCharge,310,1,310,a-1,acme\n\
         440100000000001,20220801,uploadDataCharge,,,0.2,a-1,acme\n\
         440100000000001,20220831,uploadDataCharge,,,12.35,a-1,acme\n\
         440100000000002,20220801,basicCharge,155,1,155,b-1,bravo\n\
         ,202208,couponDiscount,,,-46.5,,\n",
    );
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    sandbox
}

/// 310 × 1.15 = 356.5, up 357: 0.5 more. 0.2 × 1.15 = 0.23 and 12.35 × 1.15 = 14.2025 are 14.4325, up 15: 0.5675 more. Of the
/// discount -46.5 acme has 322.55 of 477.55, -31.4073; × 1.15 = -36.118395, up -37: -0.881605. With the fee of 100 the subtotal
/// is 435; the tax on it is no row.
#[test]
fn a_month_by_hand() {
    let sandbox = shop();
    let exported = good(sandbox.run(&["export", "202208", "--to", "focus"]));
    let names = ["export/202208/focus/INV-202208-acme.csv", "export/202208/focus/INV-202208-bravo.csv"];
    assert_eq!(exported.stdout.lines().collect::<Vec<&str>>(), names);
    let rows = rows(&sandbox, names[0]);
    let shown =
        "ChargeCategory BilledCost ChargePeriodStart ChargePeriodEnd ResourceId ServiceName x_InvoiceLine x_ItemName";
    let day = |from: u32| match from {
        31 => "2022-08-31T00:00:00Z|2022-09-01T00:00:00Z".to_owned(),
        _ => format!("2022-08-{from:02}T00:00:00Z|2022-08-{:02}T00:00:00Z", from + 1),
    };
    let (first, last, month) = (day(1), day(31), "2022-08-01T00:00:00Z|2022-09-01T00:00:00Z");
    let found: Vec<String> = rows.iter().map(|row| cells(row, shown)).collect();
    let sim = "440100000000001";
    assert_eq!(
        found,
        [
            format!("Usage|356.5|{first}|{sim}|Basic charge|1|basicCharge"),
            format!("Adjustment|0.5|{month}||Basic charge|1|basicCharge"),
            format!("Usage|0.23|{first}|{sim}|Data, upload|2|uploadDataCharge"),
            format!("Usage|14.2025|{last}|{sim}|Data, upload|2|uploadDataCharge"),
            format!("Adjustment|0.5675|{month}||Data, upload|2|uploadDataCharge"),
            format!("Purchase|100|{month}||Support|3|Support"),
            format!("Credit|-36.118395|{month}||couponDiscount|4|couponDiscount"),
            format!("Adjustment|-0.881605|{month}||couponDiscount|4|couponDiscount"),
        ]
    );
    assert_eq!(sum(&rows), 435.into());
    let same = "BillingAccountId BillingAccountName BillingCurrency BillingPeriodStart BillingPeriodEnd InvoiceId InvoiceIssuerName \
                ProviderName PublisherName ChargeClass";
    for row in &rows {
        let expected = "acme|acme Ltd.|JPY|2022-08-01T00:00:00Z|2022-09-01T00:00:00Z|INV-202208-acme|Reseller Inc.|Reseller Inc.|Reseller Inc.|";
        assert_eq!(cells(row, same), expected);
        for cost in ["ListCost", "ContractedCost", "EffectiveCost"] {
            assert_eq!(row[cost], row["BilledCost"]);
        }
    }
    let usage = "ChargeFrequency PricingQuantity PricingUnit ConsumedQuantity ContractedUnitPrice ListUnitPrice ResourceName ResourceType \
                 ServiceCategory Tags";
    assert_eq!(cells(&rows[0], usage), "Usage-Based|1|Unit|1|356.5||a-1|Resource|Internet of Things|");
    assert_eq!(rows[1]["ChargeDescription"], "Rounding of line 1");
}

/// Every figure and word that only the issuer's record has, and everything of the other customer.
#[test]
fn nothing_of_the_issuers_costs_is_in_the_file() {
    let sandbox = shop();
    good(sandbox.run(&["export", "202208", "--to", "focus"]));
    let file = String::from_utf8(sandbox.read("export/202208/focus/INV-202208-acme.csv")).unwrap();
    let cells: Vec<&str> = file.split([',', '\r', '\n', '"']).collect();
    let internal = sandbox.json("out/202208/internal/acme/INV-202208-acme.json");
    let mut secrets: Vec<String> =
        vec!["bravo".into(), "soracom.csv".into(), "15%".into(), "1.15".into(), "46.5".into()];
    for record in internal["items"].as_array().unwrap().iter().chain(internal["details"].as_array().unwrap()) {
        // The fee costs nothing.
        secrets.extend(record["cost"].as_str().map(str::to_owned).filter(|cost| cost != "0"));
    }
    for customer in sandbox.json("out/202208/summary.json")["customers"].as_array().unwrap() {
        secrets.extend(["cost", "margin"].map(|key| customer[key].as_str().unwrap().to_owned()));
    }
    assert!(secrets.contains(&"310".to_owned()) && secrets.contains(&"12.35".to_owned()), "{secrets:?}");
    for secret in &secrets {
        assert!(!cells.iter().any(|cell| cell == secret || cell.trim_start_matches('-') == secret), "{secret}");
    }
    for word in ["bravo", "soracom.csv", "155", "tag", "markup", "margin"] {
        assert!(!file.contains(word), "{word}");
    }
}

/// The customer's own invoicer reads the file: the same sums for each resource, and the subtotal.
#[test]
fn our_own_reader_reads_it_back() {
    let reseller = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/focus"), reseller.path());
    good(reseller.run(&["build", "202208"]));
    good(reseller.run(&["issue", "202208"]));
    good(reseller.run(&["export", "202208", "--to", "focus", "--out", "files"]));
    for id in ["acme", "bravo"] {
        let path = format!("files/INV-202208-{id}.csv");
        let rows = rows(&reseller, &path);
        let invoice = reseller.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
        let customer = Sandbox::new();
        customer.write(
            "invoicer.toml",
            "[issuer]\nname = \"x\"\n[invoice]\ncurrency = \"USD\"\n[[fx]]\nmonth = \"202208\"\nfrom = \"USD\"\nto = \"JPY\"\n\
             rate = \"1\"\n[[source]]\nname = \"reseller\"\nkind = \"focus-csv\"\npath = \"billing/{month}/*.csv\"\n\
             currency = \"USD\"\nfinal = true\n",
        );
        customer.write("customers/own.toml", "name = \"own\"\n[[match]]\nitem = \"*\"\n");
        customer.write("billing/202208/reseller.csv", reseller.read(&path));
        good(customer.run(&["build", "202208"]));
        let source = customer.json("out/202208/summary.json")["sources"][0].clone();
        assert_eq!(source["total"], invoice["subtotal"], "{id}");
        let of = |key: &str, amount: &str, list: &Value| {
            let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
            for one in list.as_array().unwrap() {
                let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
                *sums.entry(word(key)).or_default() += word(amount).parse::<Decimal>().unwrap();
            }
            sums.remove("");
            sums
        };
        let read = of("resource", "cost", &customer.json("out/202208/internal/own/INV-202208-own.json")["details"]);
        assert_eq!(read, of("resource", "amount", &invoice["details"]), "{id}");
        assert_eq!(sum(&rows), invoice["subtotal"].as_str().unwrap().parse().unwrap(), "{id}");
    }
}

/// 100 of the fee are taken back.
#[test]
fn credit_notes_are_corrections_below_zero() {
    let sandbox = shop();
    let credit = ["credit", "INV-202208-acme", "--reason", "x", "--line", "3=100", "--date", "2022-09-20"];
    good(sandbox.run(&credit));
    let part = ["export", "202208", "--to", "focus", "--number", "CN-INV-202208-acme", "--out", "notes"];
    good(sandbox.run(&part));
    let rows = rows(&sandbox, "notes/CN-INV-202208-acme.csv");
    let shown = "ChargeCategory ChargeClass BilledCost InvoiceId PricingQuantity ConsumedQuantity";
    let found: Vec<String> = rows.iter().map(|row| cells(row, shown)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("Purchase|Correction|-100|CN-INV-202208-acme|"), "{found:?}");
}

#[test]
fn files_are_written_like_those_of_other_formats() {
    let sandbox = shop();
    let export = |more: &[&str]| sandbox.run(&[&["export", "202208", "--to", "focus"], more].concat());
    assert_eq!(good(export(&["--new"])).stdout.lines().count(), 2);
    let journal = String::from_utf8(sandbox.read("issued/202208.exported.jsonl")).unwrap();
    assert_eq!(journal.matches("\"format\":\"focus\"").count(), 2, "{journal}");
    assert!(good(export(&["--new"])).stderr.contains("nothing new to export to focus"));
    let stdout = good(export(&["--customer", "acme", "--out", "-"])).stdout;
    assert_eq!(stdout.as_bytes(), sandbox.read("export/202208/focus/INV-202208-acme.csv"));
    let refused = export(&["--out", "-"]);
    assert!(refused.code == 1 && refused.stderr.contains("the export takes 2 files"), "{}", refused.stderr);
    sandbox.write("file.csv", "");
    let refused = export(&["--out", "file.csv"]);
    assert!(refused.stderr.contains("expected a directory after --out, found a file"), "{}", refused.stderr);
    // Another document's file is never replaced.
    let own = String::from_utf8(sandbox.read("export/202208/focus/INV-202208-acme.csv")).unwrap();
    sandbox.write("shared/INV-202208-acme.csv", own.replace("INV-202208-acme", "INV-202209-acme"));
    let refused = export(&["--out", "shared"]);
    assert!(refused.stderr.contains("of the document INV-202209-acme, not of INV-202208-acme"), "{}", refused.stderr);
    assert!(!sandbox.path().join("shared/INV-202208-bravo.csv").exists());
}

#[test]
fn drafts_have_a_place_of_their_own() {
    let sandbox = shop();
    sandbox.write(
        "billing/202210/soracom.csv",
        String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap().replace("202208", "202210"),
    );
    let drafts = good(sandbox.run(&["export", "202210", "--to", "focus", "--draft"])).stdout;
    assert!(drafts.lines().all(|path| path.starts_with("export/202210/focus-draft/INV-202210-")), "{drafts}");
    assert!(!sandbox.path().join("issued/202210.exported.jsonl").exists());
}
