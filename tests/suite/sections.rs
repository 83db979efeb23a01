//! `[invoice] sections` and `[[section]]`: departments on one invoice. The figures were worked out by hand: each item of a
//! section is marked up by 15 % and rounded up by itself.

use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::items::{build, good, html, item_rows, text};

const ISSUER: &str = "[issuer]\nname = \"サンプル通信株式会社\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\n\
                      path = \"billing/{month}/*.csv\"\n[pricing]\nmarkup = \"15%\"\n\
                      [[allocation.share]]\nmatch = { item = \"supportPlan*\" }\nweights = { acme = 1, bravo = 1 }\n";

/// Lines of three SIMs, one without a department; a discount of a department, one of none, and a support plan that bravo
/// bears half of, although its row names a department.
const ROWS: &str = "\
imsi,date,billItemName,unitPrice,quantity,amount,customer,department
440101234500001,20220801,line,10,1,10,acme,sales
440101234500002,20220801,line,10,1,10,acme,development
440101234500003,20220801,line,10,1,10,acme,
440101234500001,20220801,data,0.01,1001,10.01,acme,sales
440101234500001,202208,freeTier,,1,-3,acme,sales
,202208,supportPlan,100,1,100,,sales
,202208,accountDiscount,,,-20,acme,
440101234500009,20220801,line,10,1,10,bravo,sales
";

const SECTIONS: &str = "[invoice]\nsections = \"tag:department\"\n";

/// A workspace of acme and bravo: what follows in acme's file and in `invoicer.toml`.
fn shop(settings: &str, customer: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", format!("{ISSUER}{settings}"));
    let file = |id: &str, name: &str, more: &str| {
        let text = format!("name = \"{name}\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n{more}");
        sandbox.write(&format!("customers/{id}.toml"), text);
    };
    file("acme", "アクメ株式会社", customer);
    file("bravo", "ブラボー商事", "");
    sandbox.write("billing/202208/a.csv", ROWS);
    sandbox
}

const FEE: &str = "[[fee]]\nname = \"運用保守料\"\namount = \"500\"\n";

/// Section, its printed name, name and amount of each item.
fn items(invoice: &Value) -> Vec<[Value; 4]> {
    let items = invoice["items"].as_array().unwrap();
    items.iter().map(|item| ["section", "section_name", "name", "amount"].map(|key| item[key].clone())).collect()
}

fn item(section: Option<&str>, name: Option<&str>, item: &str, amount: &str) -> [Value; 4] {
    [json!(section), json!(name), json!(item), json!(amount)]
}

/// The rows of the items, with name and amount only.
fn printed(html: &str) -> Vec<String> {
    let short = |row: String| {
        let cells: Vec<&str> = row.split(' ').collect();
        match cells[..] {
            [number, name, .., amount] if number.parse::<usize>().is_ok() => format!("{name} {amount}"),
            _ => row,
        }
    };
    item_rows(html).into_iter().map(short).collect()
}

/// A line is 10 × 1.15 = 11.5, up to 12, in each section, and so 36; together it would be 34.5, up to 35. Data are
/// 10.01 × 1.15 = 11.5115, up to 12; the discounts −3.45 and −23, up to −4 and −23; half a support plan 57.5, up to 58.
/// 12 + (12 + 12 − 4) + 12 + 58 + 500 − 23 = 579, of which 57.9 of tax, up to 58.
#[test]
fn each_section_has_items_of_its_own_and_one_tax() {
    let sandbox = shop(SECTIONS, FEE);
    let invoice = build(&sandbox);
    let (sales, none) = (Some("sales"), Some(""));
    let expected = [
        item(Some("development"), Some("development"), "line", "12"),
        item(sales, sales, "data", "12"),
        item(sales, sales, "line", "12"),
        item(sales, sales, "freeTier", "-4"),
        item(none, Some("グループなし"), "line", "12"),
        item(None, None, "supportPlan", "58"),
        item(None, None, "運用保守料", "500"),
        item(None, None, "accountDiscount", "-23"),
    ];
    assert_eq!(items(&invoice), expected);
    assert_eq!(
        [&invoice["subtotal"], &invoice["tax"], &invoice["total"]],
        [&json!("579"), &json!("58"), &json!("637")]
    );
    assert_eq!(invoice["tax_subtotals"].as_array().unwrap().len(), 1);
    let expected = [
        "development ¥12",
        "line ¥12",
        "sales ¥20",
        "data ¥12",
        "line ¥12",
        "お値引き",
        "freeTier -¥4",
        "グループなし ¥12",
        "line ¥12",
        "共通 ¥558",
        "supportPlan ¥58",
        "運用保守料 ¥500",
        "お値引き",
        "accountDiscount -¥23",
        "お値引き合計 -¥23",
    ];
    assert_eq!(printed(&text(&sandbox, "out/202208/acme/INV-202208-acme.html")), expected);
    let csv = text(&sandbox, "out/202208/acme/INV-202208-acme.csv");
    assert!(csv.lines().next().unwrap().ends_with(",label,heading,section,section_name"), "{csv}");
    for end in
        [",freeTier,,sales,sales", ",line,,,グループなし", ",supportPlan,,,", ",accountDiscount,,,", ",運用保守料,,,"]
    {
        assert!(csv.lines().any(|line| line.ends_with(end)), "{end}: {csv}");
    }
    // Bravo's own line is in a section too, its half of the support plan in none.
    let bravo = sandbox.json("out/202208/bravo/INV-202208-bravo.json");
    assert_eq!(items(&bravo), [item(sales, sales, "line", "12"), item(None, None, "supportPlan", "58")]);
}

#[test]
fn words_are_in_the_language_of_the_invoice() {
    let settings = "[invoice]\nsections = \"tag:department\"\nlanguage = \"en\"\n\
                    [[section]]\nvalue = \"sales\"\nname = { ja = \"営業部\", en = \"Sales\" }\n";
    let rows = printed(&html(&shop(settings, FEE)));
    let headings: Vec<&String> = rows.iter().filter(|row| row.ends_with("¥12") && !row.starts_with("line")).collect();
    // Without an order, by name: capital letters come first.
    assert_eq!(headings, ["data ¥12", "development ¥12", "No group ¥12"]);
    assert!(rows.contains(&"Sales ¥20".to_owned()) && rows.contains(&"Common charges ¥558".to_owned()), "{rows:?}");
}

/// Two values of one name are one section: (10 + 10) × 1.15 = 23. The customer's table gives the order, that of the
/// workspace the name.
#[test]
fn tables_name_and_order_the_sections() {
    let settings = format!(
        "{SECTIONS}[[section]]\nvalue = \"sales\"\nname = {{ ja = \"営業部\", en = \"Sales\" }}\norder = 1\n\
         [[section]]\nvalue = \"dev*\"\nname = \"開発部\"\norder = 2\n[[section]]\nvalue = \"\"\nname = \"本社\"\n"
    );
    let sandbox = shop(&settings, "[[section]]\nvalue = \"s*\"\norder = 5\n");
    let more = "440101234500004,20220801,line,10,1,10,acme,devops\n";
    sandbox.write("billing/202208/a.csv", format!("{ROWS}{more}"));
    let invoice = build(&sandbox);
    let sales = |name, amount| item(Some("sales"), Some("営業部"), name, amount);
    let expected = [
        item(None, Some("開発部"), "line", "23"),
        sales("data", "12"),
        sales("line", "12"),
        sales("freeTier", "-4"),
        item(Some(""), Some("本社"), "line", "12"),
        item(None, None, "supportPlan", "58"),
        item(None, None, "accountDiscount", "-23"),
    ];
    assert_eq!(items(&invoice), expected);
    let csv = text(&sandbox, "out/202208/acme/INV-202208-acme.csv");
    for end in [",line,,devops,開発部", ",line,,development,開発部", ",line,,,本社"] {
        assert!(csv.lines().any(|line| line.ends_with(end)), "{end}: {csv}");
    }
}

/// 300 + 500 of fees and 79 of the rest are 879: 121 are missing to 1000. The fee that a section claims comes before the
/// one that none claims, although it is written behind it.
#[test]
fn fees_and_the_minimum_are_in_the_sections_that_claim_them() {
    let settings = format!(
        "{SECTIONS}[[section]]\nfee = \"運用*\"\nname = \"保守\"\norder = 1\n[[section]]\nvalue = \"sales\"\nminimum = true\n"
    );
    let own = format!("[[fee]]\nname = \"初期費用\"\namount = \"300\"\n{FEE}[pricing]\nminimum = \"1000\"\n");
    let sandbox = shop(&settings, &own);
    let invoice = build(&sandbox);
    let sales = |name, amount| item(Some("sales"), Some("sales"), name, amount);
    let expected = [
        item(None, Some("保守"), "運用保守料", "500"),
        item(Some("development"), Some("development"), "line", "12"),
        sales("data", "12"),
        sales("line", "12"),
        sales("最低利用料金調整", "121"),
        sales("freeTier", "-4"),
        item(Some(""), Some("グループなし"), "line", "12"),
        item(None, None, "supportPlan", "58"),
        item(None, None, "初期費用", "300"),
        item(None, None, "accountDiscount", "-23"),
    ];
    assert_eq!(items(&invoice), expected);
    assert_eq!(invoice["subtotal"], "1000");
    let html = text(&sandbox, "out/202208/acme/INV-202208-acme.html");
    assert_eq!(printed(&html)[..4], ["保守 ¥500", "運用保守料 ¥500", "development ¥12", "line ¥12"]);
    assert!(printed(&html).contains(&"sales ¥141".to_owned()), "{html}");
    // The explanation computes every line again, and refuses where it comes to another amount.
    let run = good(sandbox.run(&["explain", "202208/acme", "--json"]));
    let explanation: Value = serde_json::from_str(&run.stdout).unwrap();
    let line = &explanation["lines"][2];
    assert_eq!(line["section"], json!({ "name": "sales", "value": "sales", "rule": null }));
    assert_eq!(explanation["lines"][8].get("section"), None);
    let run = good(sandbox.run(&["explain", "202208/acme"]));
    assert!(run.stdout.contains("保守: 運用保守料 (fee)"), "{}", run.stdout);
    let run = good(sandbox.run(&["explain", "202208/acme", "3"]));
    assert!(run.stdout.contains("\n  section sales of \"sales\"\n"), "{}", run.stdout);
}

/// 10 % of the lines of all sections are 10 % of 12 + 12 + 12, 3.6, up to 4; the fee below zero is among the discounts of
/// its section, behind the provider's. Adjustments are in no section: 100 for parts, and −10 % of the lines, −3.6, which is −4.
/// 12 + 4 + (12 + 12 − 4 − 7) + 12 + 58 + 500 + 100 − 23 − 4 = 672.
#[test]
fn percentages_are_of_all_sections_and_adjustments_are_in_none() {
    let settings = format!(
        "{SECTIONS}[[section]]\nvalue = \"development\"\nfee = \"管理料\"\n\
         [[section]]\nvalue = \"sales\"\nfee = \"値引き*\"\n"
    );
    let own = format!(
        "[[fee]]\nname = \"値引き券\"\namount = \"-7\"\n{FEE}\
         [[fee]]\nname = \"管理料\"\npercent = \"10%\"\nof = {{ item = \"line\" }}\n"
    );
    let sandbox = shop(&settings, &own);
    let adjustments = "[[adjustment]]\nid = \"202208-parts\"\ncustomer = \"acme\"\nname = \"予備部品\"\namount = \"100\"\n\
                       [[adjustment]]\nid = \"202208-less\"\ncustomer = \"acme\"\nname = \"お詫び\"\n\
                       percent = \"-10%\"\nof = { item = \"line\" }\n";
    sandbox.write("adjustments/202208.toml", adjustments);
    let invoice = build(&sandbox);
    let sales = |name, amount| item(Some("sales"), Some("sales"), name, amount);
    let development = |name, amount| item(Some("development"), Some("development"), name, amount);
    let expected = [
        development("line", "12"),
        development("管理料", "4"),
        sales("data", "12"),
        sales("line", "12"),
        sales("freeTier", "-4"),
        sales("値引き券", "-7"),
        item(Some(""), Some("グループなし"), "line", "12"),
        item(None, None, "supportPlan", "58"),
        item(None, None, "運用保守料", "500"),
        item(None, None, "予備部品", "100"),
        item(None, None, "accountDiscount", "-23"),
        item(None, None, "お詫び", "-4"),
    ];
    assert_eq!(items(&invoice), expected);
    assert_eq!(invoice["subtotal"], "672");
    let page = text(&sandbox, "out/202208/acme/INV-202208-acme.html");
    let expected = [
        "development ¥16",
        "line ¥12",
        "管理料 ¥4",
        "sales ¥13",
        "data ¥12",
        "line ¥12",
        "お値引き",
        "freeTier -¥4",
        "値引き券 -¥7",
        "グループなし ¥12",
        "line ¥12",
        "共通 ¥658",
        "supportPlan ¥58",
        "運用保守料 ¥500",
        "予備部品 ¥100",
        "お値引き",
        "accountDiscount -¥23",
        "お詫び -¥4",
        "お値引き合計 -¥27",
    ];
    assert_eq!(printed(&page), expected);
    // Every line is computed again, fees in the order of the sections.
    let run = good(sandbox.run(&["explain", "202208/acme", "--json"]));
    let explanation: Value = serde_json::from_str(&run.stdout).unwrap();
    let lines = explanation["lines"].as_array().unwrap();
    let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!([names[1], names[5], names[8], names[9]], ["管理料", "値引き券", "運用保守料", "予備部品"]);
    // 12 + 12 + 12 of three sections.
    let percentage = lines[1].to_string();
    assert!(percentage.contains("\"base\":\"36\""), "{percentage}");
    for (index, section) in [(1, Some("development")), (5, Some("sales")), (8, None), (9, None)] {
        assert_eq!(lines[index]["section"]["name"].as_str(), section, "{}", lines[index]);
    }
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    good(sandbox.run(&["verify", "--all"]));
}

/// Headings of `[[item]]` are below those of the sections: 12 + 12 in each.
#[test]
fn headings_of_items_are_below_those_of_sections() {
    let settings = format!("{SECTIONS}[[item]]\nitem = \"line\"\nheading = \"基本\"\n");
    let rows = printed(&html(&shop(&settings, "")));
    let expected =
        ["development ¥12", "基本 ¥12", "line ¥12", "sales ¥20", "基本 ¥12", "line ¥12", "data ¥12", "お値引き"];
    assert_eq!(rows[..8], expected);
}

/// Without rounding of items: 11.5 + (11.5 + 11.5115 − 3.45) + 11.5 + 57.5 − 23 = 77.0615, up to 78, by 0.9385; pages
/// print two decimals.
#[test]
fn exact_items_add_up_to_the_subtotal() {
    let sandbox = shop(SECTIONS, "[pricing]\nround-at = \"invoice\"\n");
    let invoice = build(&sandbox);
    assert_eq!((&invoice["subtotal"], &invoice["items"][7]["amount"]), (&json!("78"), &json!("0.9385")));
    assert_eq!(invoice["items"][7]["section_name"], Value::Null);
    let rows = printed(&text(&sandbox, "out/202208/acme/INV-202208-acme.html"));
    // 11.50 + 19.56 + 11.50 + 57.50 − 23 + 0.94 = 78.
    for row in ["development ¥11.5", "sales ¥19.56", "グループなし ¥11.5", "共通 ¥57.5", "端数調整 ¥0.94"]
    {
        assert!(rows.contains(&row.to_owned()), "{row}: {rows:?}");
    }
}

#[test]
fn without_the_key_nothing_changes() {
    let documents = |settings: &str, own: &str| {
        let sandbox = shop(settings, own);
        build(&sandbox);
        let files = sandbox.files();
        let files = files.into_iter().filter(|(path, _)| path.starts_with("out/202208/acme/"));
        files.collect::<Vec<_>>()
    };
    let plain = documents("", "");
    assert!(plain.len() == 3 && plain == documents("[invoice]\nsections = \"none\"\n", ""));
    // A customer can do without; tables alone divide nothing.
    assert_eq!(
        plain,
        documents(SECTIONS, "[invoice]\nsections = \"none\"\n[[section]]\nvalue = \"sales\"\nname = \"x\"\n")
    );
}

/// Line 2, data of the sales department, and 5 of its lines.
#[test]
fn a_credit_note_keeps_the_sections() {
    let settings = format!("{SECTIONS}[[section]]\nvalue = \"sales\"\nname = \"営業部\"\norder = 1\n");
    let sandbox = shop(&settings, FEE);
    good(sandbox.run(&["build", "202208", "-q"]));
    good(sandbox.run(&["issue", "202208", "-q"]));
    let recorded = sandbox.json("issued/202208.json")["documents"][0]["items"].clone();
    assert_eq!((&recorded[0]["section"], recorded[6].get("section")), (&json!("営業部"), None));
    let run =
        ["credit", "INV-202208-acme", "--reason", "解約", "--date", "2022-09-20", "-q", "--line", "1", "--line", "2=5"];
    good(sandbox.run(&run));
    let recorded = &sandbox.json("issued/202208-1.json")["documents"][0]["items"];
    assert_eq!([&recorded[0]["section"], &recorded[1]["section"]], ["営業部", "営業部"]);
    good(sandbox.run(&["build", "202208", "-q", "--format", "json,html,pdf"]));
    let note = sandbox.json("out/202208/acme/CN-INV-202208-acme.json");
    let sales = |name, amount| item(Some("sales"), Some("営業部"), name, amount);
    assert_eq!(items(&note), [sales("data", "-12"), sales("line", "-5")]);
    let page = text(&sandbox, "out/202208/acme/CN-INV-202208-acme.html");
    assert_eq!(printed(&page)[0], "営業部 ¥17");
    good(sandbox.run(&["verify", "--all"]));
    // A month is told by the rules that it was issued with.
    sandbox.write("invoicer.toml", ISSUER);
    let run = sandbox.run(&["verify", "--all"]);
    let expected = "INV-202208-bravo: same total 77 JPY, other lines: -営業部: line 12, +line 12";
    assert!(run.code == 1 && run.stdout.contains(expected), "{}{}", run.stdout, run.stderr);
    let run = good(sandbox.run(&["explain", "CN-INV-202208-acme"]));
    assert!(run.stdout.contains("営業部: data"), "{}", run.stdout);
}

/// The parts of the appendix and the tables in them: a SIM that two departments use is in both.
#[test]
fn the_appendix_follows_the_sections() {
    let settings = format!("{SECTIONS}[[section]]\nvalue = \"sales\"\nname = \"営業部\"\norder = 1\n");
    let more = "440101234500001,20220802,line,10,1,10,acme,development\n";
    for (level, expected) in [
        ("rows", ["営業部|1", "development|1|2", "グループなし|3", "共通|-"]),
        ("daily", ["営業部|1", "development|1|2", "グループなし|3", "共通|-"]),
        ("resource", ["営業部|1", "development|1|2", "グループなし|3", "共通|-"]),
        ("summary", ["営業部|1", "development|1|2", "グループなし|3", "共通|-"]),
    ] {
        let sandbox = shop(&settings, &format!("[invoice]\ndetails = \"{level}\"\n"));
        sandbox.write("billing/202208/a.csv", format!("{ROWS}{more}"));
        let page = html(&sandbox);
        let appendix =
            page.split("<div id=\"appendix\"").nth(1).unwrap().split("<table id=\"closing\"").next().unwrap();
        let mut parts: Vec<String> = Vec::new();
        for piece in appendix.split('<') {
            let (tag, inside) = piece.split_once('>').unwrap_or_default();
            let is_row = level == "summary";
            let is_part = tag == "div class=\"division\"" || is_row && tag.starts_with("td class=\"g\"");
            let is_id = if is_row { tag == "td class=i" } else { tag.starts_with("th class=\"g\"") };
            if is_part {
                parts.push(inside.to_owned());
            } else if is_id {
                let id = inside.strip_prefix("44010123450000").unwrap_or("-");
                parts.last_mut().unwrap().push_str(&format!("|{id}"));
            }
        }
        assert_eq!(parts, expected, "{level}");
        // What links to a row has one to link to.
        for link in appendix.split("href=\"#").skip(1).map(|link| link.split('"').next().unwrap()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "{level}: {link}");
        }
    }
}

/// At 20 % a line is 12 and data 12.012, up to 13; the discounts are −3.6, up to −4, and −24; the support plan is 60:
/// 12 + 21 + 12 + 60 − 24 = 81 for acme, 79 at 15 %.
#[test]
fn other_prices_are_compared_by_section() {
    let sandbox = shop(SECTIONS, "");
    sandbox.write("new.toml", "[pricing]\nmarkup = \"20%\"\n");
    let run = good(sandbox.run(&["whatif", "--pricing", "new.toml", "--months", "202208", "--json"]));
    let comparison: Value = serde_json::from_str(&run.stdout).unwrap();
    let acme = &comparison["customers"][0];
    assert_eq!((&acme["old"]["subtotal"], &acme["new"]["subtotal"]), (&json!("79"), &json!("81")));
}

/// One item in three sections is one of the list that names items.
#[test]
fn the_list_of_items_has_each_once() {
    let sandbox = shop(SECTIONS, FEE);
    let run = good(sandbox.run(&["items", "202208", "--customer", "acme", "--json"]));
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    let lines: Vec<&Value> = list.as_array().unwrap().iter().filter(|item| item["item"] == "line").collect();
    assert_eq!(lines.len(), 1, "{list}");
    assert_eq!((&lines[0]["rows"], &lines[0]["cost"]), (&json!(3), &json!("30")));
}

/// Two departments of thirty SIMs: the contents say which department a SIM's charges are of, and so does the PDF's outline.
#[test]
fn contents_name_the_section_of_each_group() {
    let sandbox = shop(SECTIONS, "[invoice]\ndetails = \"rows\"\n");
    let row = |sim: usize, item: usize| {
        let department = if sim.is_multiple_of(2) { "sales" } else { "development" };
        format!("4401012345{sim:05},20220801,item{item},10,1,10,acme,{department}\n")
    };
    let rows: String = (1..=60).flat_map(|sim| (1..=6).map(move |item| row(sim, item))).collect();
    sandbox.write(
        "billing/202208/b.csv",
        format!("imsi,date,billItemName,unitPrice,quantity,amount,customer,department\n{rows}"),
    );
    let page = html(&sandbox);
    let contents = page.split("<table class=\"contents\">").nth(1).unwrap().split("</table>").next().unwrap();
    let first = contents.find("development　440101234500001<").unwrap();
    assert!(first < contents.find("sales　440101234500002<").unwrap(), "{contents}");
    assert!(contents.contains("グループなし　440101234500003<"), "{contents}");
}
