//! Figures that a person can check: what pages print multiplies out and adds up. Expected figures are worked out by hand;
//! those of random workspaces are computed anew from the printed text, in integers.

use num_bigint::BigInt;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::properties::{csv, rows, workspace};

const SETTINGS: &str = "[issuer]\nname = \"見本\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\n\
                        path = \"billing/{month}/*.csv\"\n";
const HEADER: &str = "imsi,name,date,billItemName,unitPrice,quantity,amount,customer\n";

/// A workspace of acme and bravo: what follows in `invoicer.toml` and in acme's file, and the bill's rows.
fn shop(settings: &str, acme: &str, bill: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", format!("{SETTINGS}{settings}"));
    for (id, more) in [("acme", acme), ("bravo", "")] {
        let text = format!("name = \"{id}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n{more}");
        sandbox.write(&format!("customers/{id}.toml"), text);
    }
    sandbox.write("billing/202208/a.csv", format!("{HEADER}{bill}"));
    sandbox
}

fn build(sandbox: &Sandbox) {
    let run = sandbox.run(&["build", "202208", "--quiet", "--format", "json,csv,html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

fn file(sandbox: &Sandbox, ending: &str) -> String {
    String::from_utf8(sandbox.read(&format!("out/202208/acme/INV-202208-acme.{ending}"))).unwrap()
}

/// The rows of a page: the class of each cell that is not empty, and its text.
fn cells(html: &str) -> Vec<Vec<(String, String)>> {
    let body = html.split("<body").nth(1).unwrap();
    let cell = |cell: &str| {
        let (attributes, content) = cell.split_once('>').unwrap();
        let class = attributes.split("class=").nth(1).unwrap_or_default();
        let class = class.trim_start_matches('"').split(['"', ' ']).next().unwrap_or_default();
        let class =
            if class == "r" { attributes.rsplit([' ', '"']).find(|word| !word.is_empty()).unwrap() } else { class };
        let pieces = content.split('<').enumerate();
        let texts =
            pieces.map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
        (class.to_owned(), texts.collect::<String>().trim().to_owned())
    };
    let row = |row: &str| {
        let row = row.split("</tr>").next().unwrap();
        row.split("<td").skip(1).map(cell).filter(|(_, text)| !text.is_empty()).collect::<Vec<_>>()
    };
    body.split("<tr").skip(1).map(row).filter(|row| !row.is_empty()).collect()
}

/// The rows of the appendix, or of one of its tables by its id, as text.
fn table(html: &str, id: &str) -> Vec<String> {
    let table = html.split(&format!("<table id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no table {id}"));
    let rows = cells(&format!("<body>{}", table.split("</table>").next().unwrap()));
    let joined = |row: Vec<(String, String)>| {
        let mut text = String::new();
        for (class, cell) in row {
            // A fraction belongs to the whole part before it.
            text += if class == "x" || text.is_empty() { "" } else { " " };
            text += &cell;
        }
        text
    };
    rows.into_iter().map(joined).collect()
}

/// 310, 12.35 and −46.5 of a line of acme's and two thirds of 1,000, which are 666.6667 (billing-rules §2), plus 15 %:
/// 356.5, 14.2025, −53.475 and 766.666705. Rounded up 357, 15, −54 and 767, with the fee of 500 that is 1,585; the minimum
/// adds 1,415. The appendix has 356.5 + 14.2025 + 766.666705 = 1,137.369205 of usage.
const BILL: &str = "440101234500001,meter,20220801,basicCharge,310,1,310,acme\n\
                    440101234500001,meter,20220802,uploadDataCharge,0.247,52428800,12.35,acme\n\
                    440101234500001,meter,20220803,volumeDiscount,,,-46.5,acme\n\
                    440101234500002,gate,20220804,supportCharge,1000,1,1000,\n\
                    440101234500003,meter,20220801,basicCharge,310,1,310,bravo\n";
const RULES: &str = "[pricing]\nmarkup = \"15%\"\n[[allocation.share]]\nmatch = { item = \"support*\" }\n\
                     weights = { acme = 2, bravo = 1 }\n";
const FEES: &str = "[[fee]]\nname = \"保守料\"\namount = \"500\"\n[pricing]\nminimum = \"3000\"\n";

#[test]
fn the_appendix_ends_with_the_way_to_the_subtotal() {
    for (language, labels) in [
        ("ja", ["ご利用明細計", "手数料", "最低利用料金調整", "お値引き", "端数", "小計（税抜）"]),
        ("en", ["Usage details", "Fees", "Minimum charge adjustment", "Discounts", "Rounding", "Subtotal (excl. tax)"]),
    ] {
        let sandbox = shop(RULES, &format!("[invoice]\nlanguage = \"{language}\"\n{FEES}"), BILL);
        build(&sandbox);
        let html = file(&sandbox, "html");
        // 1,137.37 + 500 + 1,415 − 53.48 is 2,998.89, and 1.11 less than 3,000.
        let amounts = ["¥1,137.37", "¥500", "¥1,415", "-¥53.48", "¥1.11", "¥3,000"];
        let expected: Vec<String> =
            labels.iter().zip(amounts).map(|(label, amount)| format!("{label} {amount}")).collect();
        assert_eq!(table(&html, "closing"), expected);
        let note = ["正確な金額は JSON・CSV のデータにあります", "the JSON and CSV files have the exact ones"];
        assert_eq!(note.iter().map(|note| html.matches(note).count()).sum::<usize>(), 1);
        // The page rounds; the data does not.
        assert!(!html.contains("766.666") && html.contains("<td class=m>¥766</td><td class=x>.67</td>"));
        assert!(file(&sandbox, "json").contains("\"766.666705\"") && file(&sandbox, "csv").contains(",766.666705,"));
    }
}

#[test]
fn what_is_zero_is_no_row_of_the_way_to_the_subtotal() {
    let sandbox = shop("", "", "440101234500001,meter,20220801,basicCharge,310,1,310,acme\n");
    build(&sandbox);
    let html = file(&sandbox, "html");
    assert_eq!(table(&html, "closing"), ["ご利用明細計 ¥310", "小計（税抜） ¥310"]);
    assert!(!html.contains("四捨五入"), "nothing is rounded here");
    let none =
        shop("", "[invoice]\ndetails = \"none\"\n", "440101234500001,meter,20220801,basicCharge,310,1,310,acme\n");
    build(&none);
    assert!(!file(&none, "html").contains("closing\""), "nothing to close without an appendix");
}

/// 2/3 × 1,150 is 766.67. Two thirds of a gateway's 30 hours are 20; of 7 hours they are 4.6667, which is clearer than 14/3.
#[test]
fn a_share_is_printed_as_a_fraction_where_that_is_clearer() {
    let bill = format!(
        "{BILL}440101234500002,gate,20220804,supportHours,10,30,300,\n440101234500002,gate,20220804,supportMinutes,10,7,70,\n"
    );
    let sandbox = shop(RULES, "[invoice]\nlanguage = \"en\"\n", &bill);
    build(&sandbox);
    let html = file(&sandbox, "html");
    // By name: the gate is before the meter.
    let group = table(&html, "group-1");
    assert_eq!(
        group,
        [
            "08-04 supportChargeShared 2/3 1,150 ¥766.67",
            "08-04 supportHoursShared 20 11.5 ¥230",
            // 46.6667 × 1.15 = 53.666705; 4.6667 × 11.5 = 53.66705.
            "08-04 supportMinutesShared 4.6667 11.5 ¥53.67",
            "Subtotal ¥1,050.33"
        ]
        .map(|row| row.to_owned())
    );
    let items: Value = serde_json::from_str(&file(&sandbox, "json")).unwrap();
    let support = items["items"].as_array().unwrap().iter().find(|item| item["name"] == "supportCharge").unwrap();
    // The exact quantity stays, and the rest of the customers' files does not know of thirds.
    assert_eq!((&support["quantity"], &support["printed"]["quantity"]), (&json!("0.6667"), &json!("2/3")));
}

/// What one used of its own is what it used: only shares are fractions. 5/12 = 0.41666…; 13 is no denominator.
#[test]
fn only_shares_are_fractions() {
    let bill = "440101234500001,meter,20220801,dataGb,100,0.6667,66.67,acme\n\
                440101234500002,gate,20220804,a,,1,12,\n440101234500002,gate,20220804,b,,1,13,\n";
    let rule = |item: &str, acme: u8, bravo: u8| {
        format!(
            "[[allocation.share]]\nmatch = {{ item = \"{item}\" }}\nweights = {{ acme = {acme}, bravo = {bravo} }}\n"
        )
    };
    let sandbox = shop(&format!("{}{}", rule("a", 5, 7), rule("b", 5, 8)), "", bill);
    build(&sandbox);
    let html = file(&sandbox, "html");
    assert_eq!(table(&html, "group-2"), ["08-01 dataGb 0.6667 100 ¥66.67", "小計 ¥66.67"]);
    assert_eq!(table(&html, "group-1"), ["08-04 a按分 5/12 ¥5", "08-04 b按分 0.3846 ¥5", "小計 ¥10"]);
}

/// Rounded up, 3 × 1.1 = 3.3 is 4. The second row's amount is not its price times its quantity, as with SORACOM it need not
/// be; 333,333,333 bytes are 317.89 MB, and at 3 yen a MB 953.67, but 953.674… from the bytes is rounded up to 954 either way.
#[test]
fn a_price_is_printed_only_where_it_multiplies_out() {
    let settings = "[[item]]\nitem = \"c\"\nunit = \"MB\"\nscale = \"1048576\"\ndecimals = 2\n\
                    [[item]]\nitem = \"d\"\nunit = \"GB\"\nscale = \"1073741824\"\ndecimals = 0\n";
    // A GB at 3,072 yen: 0.31044… of it is printed as 0, which times any price is nothing.
    let price = "0.0000028610229492187500";
    let own = format!("[[pricing.rule]]\nitem = \"[cd]\"\nunit-price = \"{price}\"\n").replace("[cd]", "?");
    let own = format!(
        "[[pricing.rule]]\nitem = \"a\"\nmarkup = \"0%\"\n[[pricing.rule]]\nitem = \"b\"\nmarkup = \"0%\"\n{own}"
    );
    let bill = "440101234500001,meter,20220801,a,1.1,3,3.3,acme\n440101234500001,meter,20220801,b,1,10,12,acme\n\
                440101234500001,meter,20220801,c,,333333333,900,acme\n440101234500001,meter,20220801,d,,333333333,900,acme\n";
    let sandbox = shop(settings, &own, bill);
    build(&sandbox);
    let html = file(&sandbox, "html");
    let rows = cells(&html);
    let text = |row: &Vec<(String, String)>| row.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ");
    let items: Vec<String> = rows.iter().filter(|row| row[0].0 == "no").map(text).collect();
    assert_eq!(items, ["1 a 3 1.1 10% ¥4", "2 b 10 10% ¥12", "3 c 317.89 MB 3 10% ¥954", "4 d 0 GB 10% ¥954"]);
    // In the appendix 317.89 × 3 = 953.67 and 333,333,333 × 0.00000286… = 953.6743: the same cents.
    let expected = ["08-01 a 3 1.1 ¥3.3", "08-01 b 10 ¥12", "08-01 c 317.89 MB 3 ¥953.67", "08-01 d 0 GB ¥953.67"];
    assert_eq!(table(&html, "group-1")[..4], expected);
    let invoice: Value = serde_json::from_str(&file(&sandbox, "json")).unwrap();
    let prices = |key: &str| {
        let items = invoice["items"].as_array().unwrap().iter();
        items
            .map(|item| if key.is_empty() { &item["unit_price"] } else { &item["printed"]["unit_price"] })
            .collect::<Vec<_>>()
    };
    assert_eq!(prices("printed"), [&json!("1.1"), &Value::Null, &json!("3"), &Value::Null]);
    assert_eq!(prices("")[3], &json!("0.00000286102294921875"), "the exact price stays");
}

/// With `round-at = "invoice"` 0.333 + 0.333 + 0.334 make 1 without an adjustment: printed 0.33, 0.33 and, as it was moved
/// furthest, 0.34. 14.4325 and 0.1 leave an adjustment of 0.4675, printed 0.47 beside 14.43 and 0.1.
#[test]
fn items_rounded_at_the_invoice_have_two_decimals_and_add_up() {
    let row = |item: &str, amount: &str| format!("440101234500001,meter,20220801,{item},,1,{amount},acme\n");
    let printed = |items: &[(&str, &str)]| {
        let bill: String = items.iter().map(|(item, amount)| row(item, amount)).collect();
        let sandbox = shop("[pricing]\nround-at = \"invoice\"\n", "", &bill);
        build(&sandbox);
        let rows = cells(&file(&sandbox, "html"));
        rows.iter().filter(|row| row[0].0 == "no").map(|row| row.last().unwrap().1.clone()).collect::<Vec<String>>()
    };
    assert_eq!(printed(&[("a", "0.333"), ("b", "0.333"), ("c", "0.334")]), ["¥0.33", "¥0.33", "¥0.34"]);
    assert_eq!(printed(&[("a", "14.4325"), ("b", "0.1")]), ["¥14.43", "¥0.1", "¥0.47"]);
}

/// A printed figure in hundredths: `-¥1,234.5`.
fn hundredths(text: &str) -> BigInt {
    let plain = text.replace(['¥', ','], "");
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.as_str()), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 2, "{text} has more than two decimals");
    sign * format!("{whole}{fraction:0<2}").parse::<BigInt>().unwrap()
}

/// A printed number as a fraction of integers: `1,234.5`, `2/3`.
fn rational(text: &str) -> (BigInt, BigInt) {
    if let Some((above, below)) = text.split_once('/') {
        return (above.parse().unwrap(), below.parse().unwrap());
    }
    let plain = text.replace(',', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    (format!("{whole}{fraction}").parse().unwrap(), BigInt::from(10).pow(u32::try_from(fraction.len()).unwrap()))
}

/// Quantity × price in hundredths, rounded to whole yen up, or to hundredths half up.
fn product(quantity: &str, price: &str, whole_yen: bool) -> BigInt {
    let (quantity, price) = (rational(quantity), rational(price));
    let (above, below): (BigInt, BigInt) = (quantity.0 * price.0 * 100, quantity.1 * price.1);
    let negative = above < BigInt::ZERO;
    let above = if negative { -above } else { above };
    let rounded: BigInt = if whole_yen {
        let unit = BigInt::from(100) * &below;
        (&above + &unit - 1) / &unit * 100
    } else {
        (&above * 2 + &below) / (below * 2)
    };
    if negative { -rounded } else { rounded }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_multiplies_out_and_adds_up(
        rows in rows(),
        discount in 0i64..5_000,
        round_at in prop_oneof![Just("line"), Just("item"), Just("invoice")],
        details in prop_oneof![Just("rows"), Just("resource")],
        by in prop_oneof![Just("amount"), Just("even")],
    ) {
        let sandbox = workspace(round_at, "up", by);
        let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
        sandbox.write("invoicer.toml", format!("{settings}[invoice]\ndetails = \"{details}\"\n"));
        sandbox.write("billing/202208/a.csv", csv(&rows, discount));
        if sandbox.run(&["build", "202208", "--format", "html,json", "--quiet"]).code != 0 {
            return Ok(());
        }
        for id in ["acme", "bravo", "charlie"] {
            let path = format!("out/202208/{id}/INV-202208-{id}");
            if !sandbox.path().join(format!("{path}.html")).exists() {
                continue;
            }
            let subtotal = hundredths(sandbox.json(&format!("{path}.json"))["subtotal"].as_str().unwrap());
            let page = cells(&String::from_utf8(sandbox.read(&format!("{path}.html"))).unwrap());
            let (mut items, mut closing) = (BigInt::ZERO, BigInt::ZERO);
            for row in &page {
                let cell = |class: &str| row.iter().find(|(of, _)| of == class).map(|(_, text)| text.as_str());
                let is_item = row[0].0 == "no";
                let amount = match (is_item, cell("a"), cell("m")) {
                    (true, Some(amount), _) => amount.to_owned(),
                    (false, _, Some(whole)) => format!("{whole}{}", cell("x").unwrap_or_default()),
                    _ => continue,
                };
                if is_item {
                    items += hundredths(&amount);
                }
                if let (Some(quantity), Some(price)) = (cell(if is_item { "q" } else { "b" }), cell("p")) {
                    let whole_yen = if is_item { round_at != "invoice" } else { round_at == "line" };
                    prop_assert_eq!(product(quantity, price, whole_yen), hundredths(&amount), "{:?}", row);
                }
            }
            let html = String::from_utf8(sandbox.read(&format!("{path}.html"))).unwrap();
            let rows = table(&html, "closing");
            let amount = |row: &String| hundredths(row.rsplit(' ').next().unwrap());
            for row in &rows[..rows.len() - 1] {
                closing += amount(row);
            }
            prop_assert_eq!((&items, &closing, &amount(&rows[rows.len() - 1])), (&subtotal, &subtotal, &subtotal));
        }
    }
}
