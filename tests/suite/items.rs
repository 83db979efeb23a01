//! `[[item]]`: what customers read of items, in every kind of document, and that no amount moves by it.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{Run, Sandbox, as_laid_out, copy_tree};
use crate::properties::{csv, rows, workspace};

const ISSUER: &str = "[issuer]\nname = \"サンプル通信株式会社\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\n\
                      path = \"billing/{month}/*.csv\"\n";

const HEADER: &str = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n";

/// A workspace of the customer acme: what follows in its file and in `invoicer.toml`, and rows of item, unit price,
/// quantity and amount.
fn shop(settings: &str, customer: &str, rows: &[[&str; 4]]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", format!("{ISSUER}{settings}"));
    let customer = format!("name = \"アクメ株式会社\"\n[[match]]\ntag = {{ customer = \"acme\" }}\n{customer}");
    sandbox.write("customers/acme.toml", customer);
    let row = |[item, price, quantity, amount]: &[&str; 4]| {
        format!("440101234500001,20220801,{item},{price},{quantity},{amount},acme\n")
    };
    sandbox.write("billing/202208/a.csv", format!("{HEADER}{}", rows.iter().map(row).collect::<String>()));
    sandbox
}

pub(crate) fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    run
}

pub(crate) fn text(sandbox: &Sandbox, path: &str) -> String {
    String::from_utf8(sandbox.read(path)).unwrap()
}

pub(crate) fn build(sandbox: &Sandbox) -> Value {
    good(sandbox.run(&["build", "202208", "--quiet", "--format", "json,csv,html"]));
    sandbox.json("out/202208/acme/INV-202208-acme.json")
}

pub(crate) fn html(sandbox: &Sandbox) -> String {
    build(sandbox);
    text(sandbox, "out/202208/acme/INV-202208-acme.html")
}

/// The text of a page without marks, as one reads it.
fn read(html: &str) -> String {
    let body = html.split("<body").nth(1).unwrap();
    let pieces = body.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
    pieces.collect::<Vec<&str>>().join("|")
}

/// The text of the pages of the PDF.
fn printed(sandbox: &Sandbox) -> String {
    use pages::layout::{Faces, Item, lay_out};
    let picture = |_: &str| Err("no picture is expected".to_owned());
    let document = lay_out(&as_laid_out(&html(sandbox)), &Faces::built_in(), &picture).unwrap();
    let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
    let texts = items.filter_map(|item| if let Item::Text(text) = item { Some(text.text.as_ref()) } else { None });
    texts.collect::<Vec<&str>>().join("|")
}

/// The table of the items, row by row.
pub(crate) fn item_rows(html: &str) -> Vec<String> {
    let table = html.split("<table class=\"items\">").nth(1).unwrap().split("</table>").next().unwrap();
    let rows = table.split("<tr").skip(2).map(|row| row.split_once('>').unwrap().1);
    let cells = |row: &str| {
        let cells = row.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1);
        let plain = |cell: &str| {
            let pieces = cell.split('<').enumerate();
            let texts = pieces.map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').unwrap().1 });
            texts.collect::<String>().trim().to_owned()
        };
        cells.map(plain).filter(|cell| !cell.is_empty()).collect::<Vec<String>>().join(" ")
    };
    rows.map(cells).collect()
}

/// 29,119,514,991 bytes are 27,770.5335… MB of 1,048,576 bytes; at 0.0000007877349853515625 a byte, that is 0.826 a MB
/// and 22,938.46… yen, rounded up 22,939.
#[test]
fn quantities_and_prices_are_scaled_and_the_amount_is_not_touched() {
    let own = "[invoice]\ndetails = \"resource\"\n[[pricing.rule]]\nitem = \"*\"\nunit-price = \"0.0000007877349853515625\"\n";
    let sandbox = shop("", own, &[["downloadDataCharge", "0.0000002", "29119514991", "5823.9"]]);
    let invoice = build(&sandbox);
    let item = &invoice["items"][0];
    assert_eq!(item["quantity"], "29119514991");
    assert_eq!(item["unit_price"], "0.0000007877349853515625");
    assert_eq!(
        (&item["unit"], &item["name"], &item["amount"]),
        (&json!(""), &json!("downloadDataCharge"), &json!("22939"))
    );
    assert_eq!((&item["label"], &item["heading"]), (&json!("データ通信料（下り）"), &Value::Null));
    assert_eq!(item["printed"], json!({ "quantity": "27770.53", "unit": "MB", "unit_price": "0.826" }));
    let html = text(&sandbox, "out/202208/acme/INV-202208-acme.html");
    assert_eq!(item_rows(&html), ["1 データ通信料（下り） 27,770.53 MB 0.826 10% ¥22,939"]);
    // On the invoice and in the appendix, with the provider's name for those who ask for it; the note stands once.
    for link in ["#use-1", "#item-1"] {
        let name = format!("title=\"downloadDataCharge\"><a href=\"{link}\" data-optional>データ通信料（下り）<");
        assert_eq!(html.matches(&name).count(), 1, "{link}");
    }
    assert_eq!(html.matches("27,770.53").count(), 2);
    assert_eq!(html.matches("数量は端数を四捨五入して表示しています。").count(), 1);
    let csv = text(&sandbox, "out/202208/acme/INV-202208-acme.csv");
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().ends_with(",tax_category,tax_rate,label,heading"), "{csv}");
    let row = ",downloadDataCharge,29119514991,,0.0000007877349853515625,22938.4607148799896240234375,";
    let line = lines.next().unwrap();
    assert!(line.contains(row) && line.ends_with(",JPY,standard,10%,データ通信料（下り）,"), "{csv}");
    let csv = text(&sandbox, "out/202208/internal/acme/INV-202208-acme.csv");
    assert!(csv.lines().next().unwrap().ends_with(",file,row,share_of,share_ratio,label,heading"), "{csv}");
}

#[test]
fn each_key_is_that_of_the_first_table_that_has_it() {
    let settings = "[[item]]\nitem = \"*DataCharge\"\nheading = \"通信料\"\nnote = \"全体\"\n\
                    [[item]]\nitem = \"down*\"\nname = \"下り\"\nunit = \"GB\"\nscale = \"1073741824\"\ndecimals = 3\n";
    let rows = [["downloadDataCharge", "", "1610612736", "10"], ["uploadDataCharge", "", "524288", "10"]];
    let printed = |customer: &str, item: usize| {
        let invoice = build(&shop(settings, customer, &rows));
        let item = &invoice["items"][item];
        (
            item["label"].clone(),
            item["heading"].clone(),
            item["printed"]["quantity"].clone(),
            item["printed"]["unit"].clone(),
        )
    };
    // 1610612736 = 1.5 × 2^30, 524288 = 0.5 × 2^20.
    let expected = |texts: [&str; 4]| texts.map(Value::from).into();
    assert_eq!(printed("", 0), expected(["下り", "通信料", "1.500", "GB"]));
    assert_eq!(printed("", 1), expected(["データ通信料（上り）", "通信料", "0.50", "MB"]));
    let own = "[[item]]\nitem = \"downloadDataCharge\"\nname = \"ダウンロード\"\ndecimals = 0\n";
    assert_eq!(printed(own, 0), expected(["ダウンロード", "通信料", "2", "GB"]));
    // A unit is of its own scale: bytes must not be printed as so many thousand-millionths of them.
    let own = "[[item]]\nitem = \"downloadDataCharge\"\nunit = \"バイト\"\n";
    assert_eq!(printed(own, 0), expected(["下り", "通信料", "1610612736.000", "バイト"]));
}

#[test]
fn a_language_falls_back_to_the_only_one_and_then_to_the_provider() {
    let settings = "[[item]]\nitem = \"a\"\nname = { ja = \"甲\", en = \"First\" }\n\
                    [[item]]\nitem = \"b\"\nname = { ja = \"乙\" }\n[[item]]\nitem = \"c\"\nname = { en = \"Third\" }\n\
                    [[item]]\nitem = \"d\"\nheading = \"x\"\n";
    let rows = ["a", "b", "c", "d"].map(|item| [item, "", "1", "10"]);
    for (language, expected) in [("ja", ["甲", "乙", "Third", "d"]), ("en", ["First", "乙", "Third", "d"])] {
        let sandbox = shop(settings, &format!("[invoice]\nlanguage = \"{language}\"\n"), &rows);
        let invoice = build(&sandbox);
        let labels: Vec<&Value> = invoice["items"].as_array().unwrap().iter().map(|item| &item["label"]).collect();
        assert_eq!(labels, expected, "{language}");
    }
}

/// Headings by their smallest order, then items by theirs, then as on the bill; what has no heading comes last.
#[test]
fn headings_sum_their_items_and_order_them() {
    let settings = "[[tax.rule]]\nitem = \"water\"\ncategory = \"reduced\"\n\
        [[item]]\nitem = \"data-*\"\nheading = \"通信料\"\n[[item]]\nitem = \"data-b\"\norder = 5\n\
        [[item]]\nitem = \"line-z\"\norder = 1\n[[item]]\nitem = \"line-*\"\nheading = \"回線\"\norder = 9\n\
        [[item]]\nitem = \"line-*\"\nname = \"回線料\"\n[[item]]\nitem = \"plain-b\"\norder = 0\n\
        [[item]]\nitem = \"water\"\nheading = \"通信料\"\norder = 7\n[[item]]\nkind = \"fee\"\nheading = \"保守\"\nnote = \"毎月\"\n\
        [[item]]\nkind = \"discount\"\nname = \"無料枠\"\nquantity = \"hide\"\nheading = \"割引\"\n";
    let fee = "[[fee]]\nname = \"保守料\"\namount = \"500\"\n[pricing]\nminimum = \"3000\"\n";
    let rows = [
        ["data-a", "", "1", "100"],
        ["data-b", "", "1", "20"],
        ["line-a", "", "1", "300"],
        ["line-z", "", "2", "4"],
        ["plain-a", "", "1", "7"],
        ["plain-b", "", "1", "8"],
        ["water", "", "1", "50"],
        ["free", "", "1", "-9"],
    ];
    let sandbox = shop(settings, fee, &rows);
    let html = html(&sandbox);
    // 500 + 100 + 20 + 300 + 4 + 7 + 8 + 50 − 9 = 980; 2,020 are missing to the minimum.
    let expected = [
        "回線 ¥304",
        "4 回線料 2 10% ¥4",
        "3 回線料 1 10% ¥300",
        "通信料 ¥170",
        "2 data-b 1 10% ¥20",
        "7 water ※ 1 8% ¥50",
        "1 data-a 1 10% ¥100",
        "保守 ¥500",
        "8 保守料毎月 1 500 10% ¥500",
        "6 plain-b 1 10% ¥8",
        "5 plain-a 1 10% ¥7",
        "9 最低利用料金調整 10% ¥2,020",
        "お値引き",
        "割引 -¥9",
        "10 無料枠 10% -¥9",
        "お値引き合計 -¥9",
    ];
    assert_eq!(item_rows(&html), expected);
    let printed = printed(&sandbox);
    for once in ["回線|", "通信料|", "保守|", "毎月", "保守料|", "割引|"] {
        let found = format!("{printed}|").matches(&format!("|{once}")).count();
        assert_eq!(found, 1, "{once}: {printed}");
    }
    // The record keeps its own order and numbers.
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let names: Vec<&Value> = invoice["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    let expected =
        ["data-a", "data-b", "line-a", "line-z", "plain-a", "plain-b", "water", "保守料", "最低利用料金調整", "free"];
    assert_eq!(names, expected);
    assert_eq!(invoice["items"][9]["printed"], json!({ "quantity": null, "unit": "", "unit_price": null }));
}

/// Every label and heading of the repository's own month is on the pages of its invoices, in both languages, and no name
/// of the provider's.
#[test]
fn the_sample_month_prints_no_name_of_the_provider() {
    let sandbox = Sandbox::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["billing", "customers", "assets"] {
        copy_tree(&root.join(directory), &sandbox.path().join(directory));
    }
    std::fs::copy(root.join("invoicer.toml"), sandbox.path().join("invoicer.toml")).unwrap();
    let run = good(sandbox.run(&["build", "202208", "--format", "html,json"]));
    assert!(!run.stderr.contains("-item]"), "{}", run.stderr);
    let mut count = 0;
    for customer in sandbox.json("out/202208/summary.json")["customers"].as_array().unwrap() {
        let id = customer["id"].as_str().unwrap();
        let invoice = sandbox.json(&format!("out/202208/{id}/INV-202208-{id}.json"));
        let page = read(&text(&sandbox, &format!("out/202208/{id}/INV-202208-{id}.html")));
        let first = page.split("|ご利用明細|").next().unwrap().split("|Usage details|").next().unwrap();
        for item in invoice["items"].as_array().unwrap() {
            let (name, label) = (item["name"].as_str().unwrap(), item["label"].as_str().unwrap());
            assert!(name == label || !page.contains(&format!("|{name}")), "{id}: {name}");
            assert!(first.contains(&format!("|{label}")), "{id}: {label} is not on the first page: {first}");
            if let Some(heading) = item["heading"].as_str() {
                assert_eq!(first.matches(&format!("|{heading}|")).count(), 1, "{id}: {heading}");
            }
            assert!(id != "harbourline" || label.is_ascii(), "an English invoice says {label}");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} items");
    let review = text(&sandbox, "out/202208/index.html");
    assert!(review.contains("title=\"uploadDataCharge\">データ通信料（上り）"), "the review page has no labels");
}

#[test]
fn the_chart_shows_labels() {
    let settings = "[invoice]\ntemplate = \"modern\"\n[[item]]\nitem = \"a\"\nname = \"甲\"\n[[item]]\nitem = \"b\"\nname = \"乙\"\n";
    let sandbox = shop(settings, "", &[["a", "", "1", "10"], ["b", "", "1", "5"]]);
    let html = html(&sandbox);
    let chart = html.split("<table class=\"bars\">").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(chart.contains(">甲<") && chart.contains(">乙<") && !chart.contains(">a<"), "{chart}");
}

#[test]
fn both_names_are_explained_and_warned_of() {
    let settings = "[pricing]\nmarkup = \"-50%\"\n[[item]]\nitem = \"a\"\nname = \"甲\"\n";
    let sandbox = shop(settings, "", &[["a", "", "1", "10"], ["b", "", "1", "5"]]);
    let run = good(sandbox.run(&["build", "202208", "--format", "json"]));
    assert!(run.stderr.contains("甲 (a): ¥5 for ¥10"), "{}", run.stderr);
    let unnamed = "warning[unnamed-item]: b of \"soracom\" is printed by the provider's name on 1 invoice\n";
    assert!(run.stderr.contains(unnamed) && run.stderr.matches("unnamed-item]:").count() == 1, "{}", run.stderr);
    let explained = good(sandbox.run(&["explain", "202208/acme"])).stdout;
    assert!(explained.contains("甲 (a)") && explained.contains(" b "), "{explained}");
    let explained: Value =
        serde_json::from_str(&good(sandbox.run(&["explain", "202208/acme", "1", "--json"])).stdout).unwrap();
    assert_eq!((&explained["lines"][0]["name"], &explained["lines"][0]["label"]), (&json!("a"), &json!("甲")));
    // Silenced for the customer, and for the workspace.
    let ignore = "[warnings]\nignore = [\"unnamed-item\", \"below-cost\"]\n";
    let sandbox = shop(settings, ignore, &[["a", "", "1", "10"], ["b", "", "1", "5"]]);
    assert_eq!(good(sandbox.run(&["check", "202208", "--quiet"])).stderr, "");
}

#[test]
fn tables_without_effect_are_warned_of() {
    let settings = "[warnings]\nignore = [\"unnamed-item\"]\n\
        [[item]]\nitem = \"a\"\nname = \"甲\"\n[[item]]\nitem = \"gone\"\nname = \"乙\"\n\
        [[item]]\nsource = \"later\"\nname = \"丙\"\n[[item]]\nkind = \"rounding\"\nname = \"丁\"\n\
        [[source]]\nname = \"later\"\nkind = \"soracom-csv\"\npath = \"later/{month}.csv\"\nfrom = \"202209\"\n";
    let own = "[[item]]\nitem = \"mine\"\nname = \"戊\"\n";
    let sandbox = shop(settings, own, &[["a", "", "1", "10"]]);
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let summary = sandbox.json("out/202208/summary.json");
    let found: Vec<(&Value, &Value)> = summary["warning_details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| (&warning["code"], &warning["customer"]))
        .collect();
    // The table of a source that does not exist yet waits for it.
    let code = json!("unused-item");
    assert_eq!(found, [(&code, &Value::Null), (&code, &Value::Null), (&code, &json!("acme"))], "{summary}");
}

#[test]
fn items_lists_what_the_bill_has_and_stubs_name_it() {
    let settings = "[[item]]\nitem = \"a\"\nname = { ja = \"甲\", en = \"First\" }\n";
    let fee = "[[fee]]\nname = \"保守料\"\namount = \"500\"\n";
    let rows = [
        ["a", "2", "5", "10"],
        ["a", "3", "5", "15"],
        ["b \"x\"", "", "", "1.5"],
        ["basicCharge", "10", "1", "10"],
        ["a", "", "1", "-4"],
    ];
    let rows = rows.map(|row| [if row[0].contains('"') { "\"b \"\"x\"\"\"" } else { row[0] }, row[1], row[2], row[3]]);
    let sandbox = shop(settings, fee, &rows);
    let expected = "source   item         kind      rows  quantity  cost  unit price  ja        en\n\
                    soracom  a            usage        2        10   ¥25        2..3  甲        First\n\
                    soracom  a            discount     1         1   -¥4           -  甲        First\n\
                    soracom  b \"x\"        usage        1         -  ¥1.5           -  -         -\n\
                    soracom  basicCharge  usage        1         1   ¥10          10  基本料金  Basic charge\n";
    assert_eq!(good(sandbox.run(&["items", "202208"])).stdout, expected);
    let json: Value = serde_json::from_str(&good(sandbox.run(&["items", "202208", "--json"])).stdout).unwrap();
    assert_eq!(
        json[0],
        json!({
            "source": "soracom", "item": "a", "kind": "usage", "rows": 2, "quantity": "10", "unit": "", "cost": "25",
            "currency": "JPY", "unit_price": { "least": "2", "most": "3" }, "labels": { "ja": "甲", "en": "First" }
        })
    );
    let of_customer = good(sandbox.run(&["items", "202208", "--customer", "acme"])).stdout;
    assert!(of_customer.contains("-        保守料       fee          -         1     -"), "{of_customer}");
    let stubs = good(sandbox.run(&["items", "202208", "--stubs"])).stdout;
    let expected = "[[item]]  # 1 row\nitem = \"b \\\"x\\\"\"\nname = { ja = \"b \\\"x\\\"\", en = \"b \\\"x\\\"\" }\n";
    assert_eq!(stubs, expected);
    // Appended as they are, they are read and leave nothing to name.
    sandbox.write("invoicer.toml", format!("{ISSUER}{settings}{stubs}"));
    let run = good(sandbox.run(&["items", "202208", "--stubs"]));
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "every item has a name\n"));
    assert!(!good(sandbox.run(&["check", "202208"])).stderr.contains("unnamed-item"));
}

/// The characters of patterns, and those that no name has.
#[test]
fn each_stub_names_its_own_item() {
    let rows = [["a*b", "", "", "1"], ["aXb", "", "", "2"], ["\"c\nd\"", "", "", "4"]];
    let sandbox = shop("", "", &rows);
    let stubs = good(sandbox.run(&["items", "202208", "--stubs"])).stdout;
    sandbox.write("invoicer.toml", format!("{ISSUER}{stubs}"));
    good(sandbox.run(&["build", "202208", "--format", "json"]));
    let invoice = sandbox.json("out/202208/acme/INV-202208-acme.json");
    let items = invoice["items"].as_array().unwrap().iter();
    let labels: Vec<[&str; 2]> = items.map(|item| ["amount", "label"].map(|key| item[key].as_str().unwrap())).collect();
    assert_eq!(labels, [["1", "a*b"], ["2", "aXb"], ["4", "c d"]], "{invoice}");
}

#[test]
fn a_credit_note_has_the_names_its_invoice_was_issued_with() {
    let settings = |name: &str| format!("[[item]]\nitem = \"a\"\nname = \"{name}\"\nheading = \"見出し\"\n");
    let sandbox = shop(&settings("以前の名"), "", &[["a", "2", "5", "10"]]);
    good(sandbox.run(&["build", "202208"]));
    good(sandbox.run(&["issue", "202208"]));
    sandbox.write("invoicer.toml", format!("{ISSUER}{}", settings("新しい名")));
    good(sandbox.run(&["credit", "INV-202208-acme", "--reason", "解約", "--date", "2022-09-20"]));
    let note = "out/202208/acme/CN-INV-202208-acme";
    let item = &sandbox.json(&format!("{note}.json"))["items"][0];
    assert_eq!((&item["label"], &item["heading"], &item["name"]), (&json!("以前の名"), &json!("見出し"), &json!("a")));
    let html = text(&sandbox, &format!("{note}.html"));
    assert_eq!(item_rows(&html), ["見出し ¥10", "1 以前の名 5 2 10% ¥10"]);
    let explained = good(sandbox.run(&["explain", "CN-INV-202208-acme"])).stdout;
    assert!(explained.contains("以前の名 (a)"), "{explained}");
    // Other names are no other figures: the month is still what was issued.
    good(sandbox.run(&["verify", "202208"]));
    good(sandbox.run(&["build", "202208"]));
}

/// `tests/data/record-format-2`: 2 × 10 of basicCharge and 10 of 100,000,000 bytes, issued and in part credited before items
/// had names. The hashes in its records are those of the files made then.
#[test]
fn months_issued_before_items_had_names_are_made_again_to_the_byte() {
    let sandbox = Sandbox::new();
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/record-format-2"), sandbox.path());
    good(sandbox.run(&["build", "202207", "--as-issued", "--format", "json,csv"]));
    for number in ["INV-202207-0001", "CN-INV-202207-0001"] {
        let item = &sandbox.json(&format!("out/202207/acme/{number}.json"))["items"][0];
        assert!(item.get("label").is_none() && item.get("printed").is_none(), "{item}");
        let csv = text(&sandbox, &format!("out/202207/acme/{number}.csv"));
        assert!(csv.lines().next().unwrap().ends_with(",tax_rate"), "{csv}");
    }
    let explained = good(sandbox.run(&["explain", "INV-202207-0001"])).stdout;
    assert!(explained.contains(" basicCharge ") && !explained.contains("基本料金"), "{explained}");
}

/// `[[item]]` tables with any keys, for the items of random workspaces.
fn tables() -> impl Strategy<Value = String> {
    let item = prop_oneof![Just("item*"), Just("item0"), Just("item1"), Just("*3"), Just("freeTier"), Just("*")];
    let table =
        (item, 0u8..32, 1u32..5_000_000, 0u32..10, -5i64..5).prop_map(|(item, keys, scale, decimals, order)| {
            let has = |bit: u8, line: String| if keys & bit == 0 { String::new() } else { line };
            format!(
                "[[item]]\nitem = \"{item}\"\norder = {order}\n{}{}{}{}{}",
                has(1, "name = { ja = \"品\", en = \"Item\" }\n".to_owned()),
                has(2, format!("unit = \"U\"\nscale = \"{}.{:03}\"\n", scale / 1000, scale % 1000)),
                has(4, format!("decimals = {decimals}\n")),
                has(8, "heading = \"見出し\"\nnote = \"注\"\n".to_owned()),
                has(16, "quantity = \"hide\"\n".to_owned()),
            )
        });
    proptest::collection::vec(table, 1..6).prop_map(|tables| tables.concat())
}

/// The invoices of a month without what `[[item]]` adds, and the summary.
fn without_labels(sandbox: &Sandbox) -> Option<Vec<Value>> {
    let run = sandbox.run(&["build", "202208", "--format", "json", "--quiet"]);
    if run.code != 0 {
        return None;
    }
    let mut summary = sandbox.json("out/202208/summary.json");
    let ids: Vec<String> =
        summary["customers"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    for key in ["warnings", "warning_details"] {
        summary.as_object_mut().unwrap().remove(key).unwrap();
    }
    let mut all = vec![summary];
    for id in ids {
        for place in [id.clone(), format!("internal/{id}")] {
            let mut invoice = sandbox.json(&format!("out/202208/{place}/INV-202208-{id}.json"));
            for item in invoice["items"].as_array_mut().unwrap() {
                for key in ["label", "heading", "printed"] {
                    item.as_object_mut().unwrap().remove(key).unwrap();
                }
            }
            all.push(invoice);
        }
    }
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_but_labels_depends_on_items(
        rows in rows(),
        discount in 0i64..5_000,
        round_at in prop_oneof![Just("line"), Just("item"), Just("invoice")],
        tables in tables(),
    ) {
        let sandbox = workspace(round_at, "up", "amount");
        sandbox.write("billing/202208/a.csv", csv(&rows, discount));
        let plain = without_labels(&sandbox);
        let settings = text(&sandbox, "invoicer.toml");
        sandbox.write("invoicer.toml", format!("{settings}{tables}"));
        prop_assert_eq!(without_labels(&sandbox), plain);
    }
}
