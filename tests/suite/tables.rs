//! Any provider's table by a mapping of its columns: what becomes of each row, and what `source try` shows of it.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::common::{Sandbox, copy_tree};
use crate::issuing::good;
use crate::reproducer::Reproducer;

fn of_repository(path: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path), sandbox.path());
    sandbox
}

/// A workspace with one source: its keys, its columns, and the file of August 2022.
fn workspace(currency: &str, keys: &str, columns: &str, bill: impl AsRef<[u8]>) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"サンプル通信株式会社\"\n\n[[fx]]\nmonth = \"202208\"\nfrom = \"EUR\"\nto = \"JPY\"\n\
             rate = \"160\"\n\n[[source]]\nname = \"mobile\"\nkind = \"table-csv\"\npath = \"billing/{{month}}/mobile*\"\n\
             currency = \"{currency}\"\n{keys}\n[source.columns]\n{columns}\n"
        ),
    );
    sandbox.write("customers/acme.toml", "name = \"アクメ株式会社\"\n\n[[match]]\nitem = \"*\"\n");
    sandbox.write("billing/202208/mobile.csv", bill.as_ref());
    sandbox
}

/// What `source try` makes of the file, as JSON.
fn tried(sandbox: &Sandbox) -> Value {
    let path = "billing/202208/mobile.csv";
    let run = good(sandbox.run(&["source", "try", "mobile", path, "--json", "--rows", "1000"]));
    serde_json::from_str(&run.stdout).unwrap()
}

/// The charges as `date account/resource/name/group item: kind quantity unit × price = amount`, absent parts left out.
fn charges(trial: &Value) -> Vec<String> {
    let charge = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        let group = row["groups"][0].as_str().unwrap_or("").to_owned();
        let subject = [text("account"), text("resource"), text("resource_name"), group].join("/");
        let [date, item, kind, quantity] = ["date", "item", "kind", "quantity"].map(text);
        let [unit, price, amount] = ["unit", "unit_price", "amount"].map(text);
        format!("{date} {subject} {item}: {kind} {quantity} {unit} × {price} = {amount}")
    };
    trial["first"].as_array().unwrap().iter().map(charge).collect()
}

/// Number of rows, of charges, and of rows left out by their reasons.
fn counts(trial: &Value) -> (u64, u64, Vec<(String, u64)>) {
    let left_out = trial["left_out"].as_array().unwrap().iter();
    let left_out = left_out.map(|of| (of["reason"].as_str().unwrap().to_owned(), of["rows"].as_u64().unwrap()));
    (trial["rows"].as_u64().unwrap(), trial["charges"].as_u64().unwrap(), left_out.collect())
}

/// `examples/tables`: the figures of its README.
#[test]
fn three_tables_are_billed_as_worked_out() {
    let sandbox = of_repository("examples/tables");
    let run = good(sandbox.run(&["build", "202409"]));
    for line in [
        "eu: 5 rows read: 4 charges, 1 left out\n",
        "mobile: 6 rows read: 4 charges, 2 left out\n",
        "mobile: left out as the provider's tax: 1 row, ¥376\n",
        "sim: 5 rows read: 3 charges, 2 left out\n",
    ] {
        assert!(run.stderr.contains(line), "{}", run.stderr);
    }
    let figures = |customer: &str| {
        let invoice = sandbox.json(&format!("out/202409/{customer}/INV-202409-{customer}.json"));
        let items = invoice["items"].as_array().unwrap().iter();
        let items =
            items.map(|item| format!("{} {}", item["name"].as_str().unwrap(), item["amount"].as_str().unwrap()));
        let mut items: Vec<String> = items.collect();
        items.sort();
        (items.join(", "), ["subtotal", "tax", "total"].map(|key| invoice[key].as_str().unwrap().to_owned()).join(" "))
    };
    let (items, sums) = figures("acme");
    assert_eq!(items, "Data overage 480, IoT 128kbps 312, IoT Flat 327, データ回線 月額 3GB 1440, 追加データ 1GB 480");
    assert_eq!(sums, "3039 304 3343");
    let (items, sums) = figures("bravo");
    assert_eq!(items, "IoT 1Mbps 1176, IoT Flat 164, まとめ割引 -288, データ回線 月額 10GB 2880");
    assert_eq!(sums, "3932 394 4326");

    let run = good(sandbox.run(&["reconcile", "202409", "--json"]));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let figures = |one: &Value| ["total", "total_with_tax"].map(|key| one[key].as_str().unwrap().to_owned()).join(" ");
    let totals: Vec<String> = found.as_array().unwrap().iter().map(figures).collect();
    assert_eq!(totals, ["5.05 5.05", "3760 4136", "1240 1364"]);
    assert_eq!([&found[1]["difference"], &found[2]["difference"]], ["0", "0"]);
    assert_eq!(found[0]["invoices"][0]["difference"], "0");

    good(sandbox.run(&["issue", "202409"]));
    good(sandbox.run(&["verify", "202409"]));
    sandbox.write("billing/202409/sim.total", "1365\n");
    let run = sandbox.run(&["verify", "202409"]);
    assert!(run.code == 1 && run.stderr.contains("billing/202409/sim.total"), "{}", run.stderr);
}

#[test]
fn a_file_is_tried_before_it_is_billed() {
    let sandbox = of_repository("examples/tables");
    let run = good(sandbox.run(&["source", "try", "mobile", "billing/202409/mobile.csv", "--rows", "2"]));
    let expected = "\
line  date        resource       item                  kind   quantity  unit price  amount
   5  2024-09-01  020-0000-0001  データ回線 月額 3GB   usage    1 回線       1,200  ¥1,200
   6  2024-09-01  020-0000-0002  データ回線 月額 10GB  usage    1 回線       2,400  ¥2,400
202409: 4 charges, ¥3,760 without tax
left out by skip: 1 row, line 10
left out as the provider's tax: 1 row, line 9
";
    assert_eq!(run.stdout, expected);

    // A table with mistakes shows its other rows, and everything that is wrong.
    let bill = "品名,金額,数量,単価\nデータ,100,1,90\nデータ,1O,,\n,\n合計,5\n";
    let keys = "tax = \"excluded\"\nskip = { \"品名\" = \"合計\" }\n";
    let columns = "item = \"品名\"\namount = \"金額\"\nquantity = \"数量\"\nunit-price = \"単価\"";
    let sandbox = workspace("JPY", keys, columns, bill);
    let run = sandbox.run(&["source", "try", "mobile", "billing/202208/mobile.csv"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("202208: 1 charge, ¥100 without tax\n"), "{}", run.stdout);
    assert!(run.stdout.contains("left out by skip: 1 row, line 5\n"), "{}", run.stdout);
    assert!(run.stdout.contains("left out as empty: 1 row, line 4\n"), "{}", run.stdout);
    assert!(run.stdout.contains("quantity × unit price is not the amount: 1 row, line 2\n"), "{}", run.stdout);
    assert!(run.stderr.contains("expected a number in 金額, found \"1O\""), "{}", run.stderr);

    // Of the other kinds, too; and wherever the file lies.
    let sandbox = of_repository("tests/cases/focus");
    let part = "billing/202208/aws/data/part-00001.csv";
    let run = good(sandbox.run(&["source", "try", "aws", part, "--json"]));
    let trial: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(trial["month"], "202208");
    assert!(trial["charges"].as_u64().unwrap() > 0, "{trial}");
    let elsewhere = Sandbox::new();
    elsewhere.write("x.csv", "date,billItemName,amount\n20220801,basicCharge,10\n");
    let sandbox = of_repository("tests/cases/csv-as-providers-write-it");
    let file = elsewhere.path().join("x.csv").display().to_string();
    let run = sandbox.run(&["source", "try", "soracom", &file, "--month", "2022-08"]);
    assert!(run.stdout.contains("basicCharge"), "{}{}", run.stdout, run.stderr);
}

/// Tables as providers write them, each with the charges that a person reads in it.
#[test]
fn tables_are_read_as_their_mapping_says() {
    let japanese = "利用日,品名,金額\r\n2022年8月31日,データ,\\1\r\n";
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
    let day = "date = \"利用日\"\nitem = \"品名\"\namount = \"金額\"";
    let all = "date = \"d\"\nitem = \"{a} – {b}\"\nresource = \"r\"\nresource-name = \"n\"\naccount = \"k\"\ngroup = \"g\"\n\
               quantity = \"q\"\nunit = \"u\"\nunit-price = \"p\"\namount = \"m\"";
    let numbered = "date = \"1\"\nitem = \"2\"\namount = \"4\"\nunit = { text = \"GB\" }\nquantity = \"3\"";
    let cases: [(&str, &str, &str, Vec<u8>, &[&str]); 9] = [
        ("JPY", "encoding = \"cp932\"\n", day, cp932.into(), &["2022-08-31 /// データ: usage -  × - = 1"]),
        // A line break and spaces in names, other columns, a title with a quote in it, an unfinished last line.
        (
            "JPY",
            "header-row = 2\n",
            "item = \"品名 （商品）\"\namount = \"金額\"\nresource = \"回線 番号\"",
            "5\" 表\n番号,\"品名\n（商品）\",  金額 ,\"回線\r\n番号\",備考,備考\n1,a  b,5,=\"0801\",,\n2,\"c\nd\",6,x,,".into(),
            &["2022-08 /0801// a b: usage -  × - = 5", "2022-08 /x// c d: usage -  × - = 6"],
        ),
        (
            "JPY",
            "header-row = 0\nfirst-row = 2\ndate-format = [\"%d/%m/%Y\", \"\"]\n",
            numbered,
            "a,a,a,a\n31/8/2022,x,0.5,10\n,y,,-3\n".into(),
            &["2022-08-31 /// x: usage 0.5 GB × 20 = 10", "2022-08 /// y: discount -  × - = -3"],
        ),
        (
            "EUR",
            "delimiter = \"\\t\"\ndecimal = \",\"\nthousands = \".\"\n",
            all,
            "d\ta\tb\tr\tn\tk\tg\tq\tu\tp\tm\n2022-08-05\tx\t\tR1\tN 1\tK\tG\t1.000\tMB\t0,0125 €\t12,50 EUR\n\
             2022-08-05\tx\tz\tR1\t\tK\t\t2\t\t\t(1,5)\n"
                .into(),
            &["2022-08-05 K/R1/N 1/G x –: usage 1000 MB × 0.0125 = 12.5", "2022-08-05 K/R1// x – z: discount 2  × -0.75 = -1.5"],
        ),
        // Discounts without a minus, and another row below zero.
        (
            "JPY",
            "discount = { \"品名\" = [\"*割引\", \"クーポン\"] }\ndiscount-sign = \"positive\"\nthousands = \",\"\n",
            day,
            "利用日,品名,金額\n20220801,長期割引,\"1,000\"\n202208,クーポン,0\n2022/8/1,返金,▲5\n".into(),
            &[
                "2022-08-01 /// 長期割引: discount -  × - = -1000",
                "2022-08 /// クーポン: discount -  × - = 0",
                "2022-08-01 /// 返金: discount -  × - = -5",
            ],
        ),
        // Only rows of one currency, with the fullest of names.
        (
            "EUR",
            "where = { \"c\" = [\"EUR\", \"\"] }\n",
            "item = \"{i}\"\namount = \"m\"",
            "i,c,m\nx,USD,1\ny,EUR,2\nz,,3\n".into(),
            &["2022-08 /// y: usage -  × - = 2", "2022-08 /// z: usage -  × - = 3"],
        ),
        (
            "JPY",
            "other-months = \"skip\"\n",
            day,
            "利用日,品名,金額\n2022-07-31,a,1\n2022-08-01,b,2\n2022-09,c,3\n".into(),
            &["2022-08-01 /// b: usage -  × - = 2"],
        ),
        // What cannot be told apart from a row of a total is a row.
        ("JPY", "", day, "利用日,品名,金額\n2022-08-01,合計,123456789012345678901234.5\n".into(), &[
            "2022-08-01 /// 合計: usage -  × - = 123456789012345678901234.5",
        ]),
        ("JPY", "", day, "利用日,品名,金額\n".into(), &[]),
    ];
    for (currency, keys, columns, bill, expected) in cases {
        let sandbox = workspace(currency, &format!("tax = \"excluded\"\n{keys}"), columns, &bill);
        assert_eq!(charges(&tried(&sandbox)), expected, "{keys}");
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        compressed.write_all(&bill).unwrap();
        sandbox.write("billing/202208/mobile.csv", compressed.finish().unwrap());
        assert_eq!(charges(&tried(&sandbox)), expected, "{keys}, compressed");
    }
}

#[test]
fn tax_comes_off_exactly() {
    // 110 ÷ 1.1, 3.3 ÷ 1.1 and -55 ÷ 1.1; the price of one is 330 ÷ 1.1 ÷ 4.
    let keys = "tax = \"included\"\n";
    let columns = "item = \"品名\"\namount = \"金額\"\nquantity = \"数量\"\nunit-price = \"単価\"";
    let bill = "品名,金額,数量,単価\na,110,,\nb,3.3,,\nc,-55,,\nd,330,4,82.5\n";
    let sandbox = workspace("JPY", keys, columns, bill);
    let amounts = |sandbox: &Sandbox| -> Vec<(String, String)> {
        let trial = tried(sandbox);
        let rows = trial["first"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        rows.map(|row| (text(&row["amount"]), text(&row["unit_price"]))).collect()
    };
    let owned = |rows: &[(&str, &str)]| -> Vec<(String, String)> {
        rows.iter().map(|(amount, price)| ((*amount).to_owned(), (*price).to_owned())).collect()
    };
    assert_eq!(amounts(&sandbox), owned(&[("100", "-"), ("3", "-"), ("-50", "-"), ("300", "75")]));
    // Before the rate was 10 % it was 8: 108 ÷ 1.08.
    sandbox.write("old.csv", "品名,金額,数量,単価\na,108,,\n");
    let run = good(sandbox.run(&["source", "try", "mobile", "old.csv", "--month", "201908", "--json"]));
    assert!(run.stdout.contains("\"amount\": \"100\""), "{}", run.stdout);

    // By a column of the tax, with whatever rates: 980 - 89, 500 - 0, -110 + 10.
    let columns = "item = \"品名\"\namount = \"金額\"\ntax = \"税\"";
    let sandbox = workspace("JPY", keys, columns, "品名,金額,税\na,980,89\nb,500,0\nc,▲110,▲10\n");
    assert_eq!(amounts(&sandbox), owned(&[("891", "-"), ("500", "-"), ("-100", "-")]));
    let run = good(sandbox.run(&["reconcile", "202208", "--json"]));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    // 891 + 500 - 100, and 89 - 10 of tax.
    assert_eq!([&found[0]["total"], &found[0]["total_with_tax"]], ["1291", "1370"]);
}

#[test]
fn the_providers_tax_is_what_its_rows_state() {
    let columns = "item = \"品名\"\namount = \"金額\"\ninvoice = \"請求番号\"\n";
    let bill = "品名,金額,請求番号,税\na,105,A-1,10\nb,21,A-2,3\n消費税,12,A-1,0\nc,1,,0\n";
    let with_tax = |currency: &str, keys: &str, columns: &str| {
        let sandbox = workspace(currency, &format!("tax = \"excluded\"\n{keys}"), columns, bill);
        let run = good(sandbox.run(&["reconcile", "202208", "--json"]));
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        let invoices = found[0]["invoices"].as_array().unwrap().iter();
        let invoices: Vec<String> = invoices
            .map(|one| {
                format!("{} {}: {}", one["invoice"].as_str().unwrap(), one["rows"], one["total"].as_str().unwrap())
            })
            .collect();
        (found[0]["total_with_tax"].as_str().unwrap().to_owned(), invoices.join(", "))
    };
    let skip = "skip = { \"品名\" = \"消費税\" }\n";
    let expected = |total: &str, invoices: &str| (total.to_owned(), invoices.to_owned());
    // 127 × 1.1 = 139.7, 105 × 1.1 = 115.5 and 21 × 1.1 = 23.1, each rounded up.
    assert_eq!(with_tax("JPY", skip, columns), expected("140", "A-1 1: 116, A-2 1: 24"));
    // Nothing where the provider is abroad.
    assert_eq!(with_tax("EUR", skip, columns), expected("127", "A-1 1: 105, A-2 1: 21"));
    let rows = "tax-rows = { \"品名\" = \"消費税\" }\n";
    assert_eq!(with_tax("JPY", rows, columns), expected("139", "A-1 1: 117, A-2 1: 21"));
    let column = format!("{columns}tax = \"税\"\n");
    assert_eq!(with_tax("JPY", skip, &column), expected("140", "A-1 1: 115, A-2 1: 24"));
}

#[test]
fn amounts_of_invoices_and_of_the_month_are_compared() {
    let columns = "item = \"品名\"\namount = \"金額\"\ninvoice = \"請求番号\"\n";
    let sandbox = workspace("EUR", "tax = \"excluded\"\n", columns, "品名,金額,請求番号\na,1.5,A-1\nb,2,A-2\n");
    sandbox.write("billing/202208/mobile.total", "A-1 1.50\nA-2 2.25\n3.5\n");
    let run = sandbox.run(&["reconcile", "202208"]);
    assert_eq!(run.code, 1);
    let message =
        "\"mobile\" does not reconcile in the invoice A-2: ours €2.00, the provider's €2.25, difference -€0.25";
    assert!(run.stderr.contains(message) && !run.stderr.contains("invoice A-1"), "{}", run.stderr);
    let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert!(run.stderr.contains(&format!("warning[not-reconciled]: {message}")), "{}", run.stderr);
    let inputs = sandbox.json("out/202208/manifest.json")["inputs"].to_string();
    assert!(inputs.contains("billing/202208/mobile.total"), "{inputs}");
}

#[test]
fn a_table_is_final_unless_it_says_otherwise() {
    let sandbox = Reproducer::named("table-still-open").workspace();
    good(sandbox.run(&["source", "try", "mobile", "billing/202208/mobile.csv"]));
    good(sandbox.run(&["build", "202208", "--draft"]));
    assert_eq!(sandbox.run(&["issue", "202208"]).code, 1);
    good(sandbox.run(&["build", "202208", "--final", "mobile"]));
    good(sandbox.run(&["issue", "202208", "--final", "mobile"]));
    good(sandbox.run(&["verify", "202208"]));
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let other = Reproducer::named("table-number-beyond-the-columns").workspace();
    other.write("invoicer.toml", settings.replace("final = false\n", ""));
    other.write("billing/202208/mobile.csv", "利用日,品名,回線,金額\n2022/8/1,a,090,1\n");
    good(other.run(&["build", "202208"]));
}

/// Rows of every sort in an order from a fixed seed, each counted as it is written.
#[test]
fn every_row_lands_once() {
    let mut seed: u64 = 20_220_831;
    let mut below = |limit: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    let keys = "tax = \"excluded\"\nthousands = \",\"\nother-months = \"skip\"\nskip = { \"品名\" = [\"小計\", \"合計*\"] }\n\
                where = { \"部署\" = \"営業*\" }\ntax-rows = { \"品名\" = \"消費税\" }\ndiscount = { \"品名\" = \"割引\" }\n";
    let columns = "date = \"日\"\nitem = \"品名\"\nresource = \"回線\"\namount = \"金額\"";
    for _ in 0..20 {
        let (mut bill, mut wanted, mut tax, mut cost) = ("日,品名,回線,金額,部署\n".to_owned(), [0; 6], 0, 0);
        for row in 0..below(60) {
            let amount = below(5000) as i64;
            let grouped = match amount {
                1000.. => format!("\"{},{:03}\"", amount / 1000, amount % 1000),
                _ => amount.to_string(),
            };
            let sort = below(7) as usize;
            match sort {
                0 => bill += &format!("2022/8/{},a,r{row},{grouped},営業1\n", 1 + below(31)),
                1 => bill += &format!("2022-08,割引,,▲{amount},営業\n"),
                2 => bill += ",,,,\n\n",
                3 => bill += &format!("小計,小計\n,合計 {row},\"1,234\"\n"),
                4 => bill += &format!("2022/8/1,a,r{row},{grouped},総務\n"),
                5 => bill += &format!(",消費税,,¥{amount},営業\n"),
                _ => bill += &format!("2022/9/1,a,r{row},{grouped},営業\n"),
            }
            match sort {
                0 => (wanted[0], cost) = (wanted[0] + 1, cost + amount),
                1 => (wanted[0], cost) = (wanted[0] + 1, cost - amount),
                2 => wanted[1] += 1,
                3 => wanted[2] += 2,
                4 => wanted[3] += 1,
                5 => (wanted[4], tax) = (wanted[4] + 1, tax + amount),
                _ => wanted[5] += 1,
            }
        }
        // The first cell of 小計 is not in the column of items.
        let keys = keys.replace("skip = {", "skip = { \"日\" = \"小計\",");
        let sandbox = workspace("JPY", &keys, columns, &bill);
        let trial = tried(&sandbox);
        let names = ["empty", "skip", "where", "tax", "other-month"].iter().zip(&wanted[1..]);
        let left_out: Vec<(String, u64)> =
            names.filter(|(_, rows)| **rows > 0).map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
        assert_eq!(counts(&trial), (wanted.iter().sum(), wanted[0], left_out), "{bill}");
        assert_eq!(trial["total"], cost.to_string(), "{bill}");
        let run = good(sandbox.run(&["reconcile", "202208", "--json"]));
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found[0]["total_with_tax"], (cost + tax).to_string(), "{bill}");
    }
}
