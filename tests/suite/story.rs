//! What an invoice tells of its month, on its page and by `explain --against`.

use crate::common::{Run, Sandbox};

fn good(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// Three months of `acme`, without a markup; a line of basic charges costs 10 a day until July and 12 from August.
///
/// | item        | June     | July     | August                                        |
/// |-------------|----------|----------|-----------------------------------------------|
/// | basicCharge | 30 × 10  | 62 × 10  | 41 × 12: line 2 is gone, 10 days are of line 3 |
/// | dataCharge  | 100      | 100      | 100                                           |
/// | oldCharge   | 50       | 50       |                                               |
/// | setupCharge |          | 500      |                                               |
/// | smsCharge   | 20       |          | 30                                            |
/// | vpnCharge   |          |          | 70                                            |
/// | shareCharge |          | 30 of 90 | 100 of 300                                    |
///
/// Together 470, 1300 and 792; with tax, rounded up, 517, 1430 and 872.
fn workspace(template: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        format!(
            "[issuer]\nname = \"サンプル通信\"\n[invoice]\nstory = true\ntemplate = \"{template}\"\n\
             [[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = \"10\"\nuntil = \"202207\"\n\
             [[pricing.rule]]\nitem = \"basicCharge\"\nunit-price = \"12\"\nfrom = \"202208\"\n\
             [[allocation.share]]\nmatch = {{ item = \"shareCharge\" }}\nweights = {{ acme = 1, other = 2 }}\n\
             [[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/*.csv\"\n"
        ),
    );
    for id in ["acme", "other"] {
        let file = format!("name = \"{id}株式会社\"\n[[match]]\ntag = {{ customer = \"{id}\" }}\n");
        sandbox.write(&format!("customers/{id}.toml"), file);
    }
    let months: [(&str, &[&str]); 3] = [
        (
            "202206",
            &["1,basicCharge,30,7.77,東", "1,dataCharge,1,100,東", "1,oldCharge,1,50,東", "1,smsCharge,2,20,東"],
        ),
        (
            "202207",
            &[
                "1,basicCharge,31,7.77,東",
                "2,basicCharge,31,7.77,東",
                "1,dataCharge,1,100,東",
                "1,oldCharge,1,50,東",
                "1,setupCharge,1,500,東",
                ",shareCharge,1,90,",
            ],
        ),
        (
            "202208",
            &[
                "1,basicCharge,31,7.77,東",
                "3,basicCharge,10,7.77,西",
                "1,dataCharge,1,100,東",
                "1,smsCharge,3,30,東",
                "1,vpnCharge,1,70,東",
                ",shareCharge,1,300,",
            ],
        ),
    ];
    for (month, rows) in months {
        let row = |row: &&str| {
            let fields: Vec<&str> = row.split(',').collect();
            let [line, item, quantity, amount, group] = fields[..] else { panic!("{row}") };
            let (imsi, customer) = match line {
                "" => (String::new(), ""),
                line => (format!("44010000000000{line}"), "acme"),
            };
            format!("{imsi},{month}01,{item},{quantity},{amount},{customer},{group}\n")
        };
        let rows: String = rows.iter().map(row).collect();
        let head = "imsi,date,billItemName,quantity,amount,customer,groupName\n";
        let other = format!("440100000000009,{month}01,dataCharge,1,5,other,北\n");
        sandbox.write(&format!("billing/{month}/b.csv"), format!("{head}{rows}{other}"));
    }
    sandbox
}

fn issue(sandbox: &Sandbox, month: &str) {
    good(sandbox.run(&["build", month, "-q"]));
    good(sandbox.run(&["issue", month, "-q"]));
}

fn page(sandbox: &Sandbox) -> String {
    good(sandbox.run(&["build", "202208", "-q"]));
    String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap()
}

/// The texts of the cells of the row that begins with a text.
fn row(page: &str, text: &str) -> Vec<String> {
    let table = page.split_once("<table class=\"changes\">").unwrap().1.split("</table>").next().unwrap();
    let row = table.split("<tr").find(|row| row.contains(&format!("<td>{text}"))).unwrap_or_else(|| panic!("{text}"));
    let plain = |cell: &str| {
        let texts = cell.split_once('>').unwrap().1.split('<').map(|part| part.rsplit('>').next().unwrap());
        texts.collect::<String>().trim().to_owned()
    };
    row.split("<td").skip(2).map(plain).collect()
}

/// Of the 128 that basic charges fell, line 3 is 10 × 12 = 120 more; 31 days of line 1 at 2 more are 62; what remains,
/// −128 − 120 − 62 = −310, is what line 2 was: 31 × 10.
#[test]
fn changes_have_reasons_that_add_up() {
    let sandbox = workspace("classic");
    for month in ["202206", "202207"] {
        issue(&sandbox, month);
    }
    let page = page(&sandbox);
    assert_eq!(row(&page, "setupCharge"), ["¥500", "", "-¥500", "一時的なご利用"]);
    let why = "新しい回線・機器 1 件 +¥120、単価 10 → 12 +¥62、ご利用量 -¥310";
    assert_eq!(row(&page, "基本料金"), ["¥620", "¥492", "-¥128", why]);
    assert_eq!(row(&page, "shareCharge"), ["¥30", "¥100", "+¥70", "共通料金のご負担分"]);
    assert_eq!(row(&page, "vpnCharge"), ["", "¥70", "+¥70", "新しい品目"]);
    assert_eq!(row(&page, "oldCharge"), ["¥50", "", "-¥50", "ご利用終了"]);
    assert_eq!(row(&page, "smsCharge"), ["", "¥30", "+¥30", "一時的なご利用"]);
    assert_eq!(row(&page, "増減のない"), ["¥100", "¥100", "¥0", ""]);
    assert_eq!(row(&page, "小計"), ["¥1,300", "¥792", "-¥508", ""]);
    assert!(page.contains("：440100000000003</p>") && page.contains("：440100000000002</p>"), "resources");
    for total in [">¥517<", ">¥1,430<", ">¥872<", ">¥1,600<", ">¥800<"] {
        assert!(page.contains(total), "{total}");
    }
    // 31 × 12 + 100 + 30 + 70 of 東, 10 × 12 of 西, and the share.
    for (group, amount) in [("東", "¥572"), ("西", "¥120"), ("共通料金のご負担分", "¥100")] {
        let bar = page.split_once(&format!("<td class=\"group-name\">{group}</td>")).unwrap().1;
        assert!(bar.split("</tr>").next().unwrap().contains(&format!(">{amount}<")), "{group}");
    }
    // Nothing of the provider's cost, of the other customer or of the whole that is shared.
    for word in ["7.77", "241", "318.57", "¥300", "¥90", "other", "北", "¥200"] {
        assert!(
            !page.split_once("class=\"story\"").unwrap().1.split("class=\"appendix").next().unwrap().contains(word),
            "{word}"
        );
    }
}

#[test]
fn explain_tells_the_same_item_by_item() {
    let sandbox = workspace("classic");
    for month in ["202206", "202207", "202208"] {
        issue(&sandbox, month);
    }
    let expected = "\
INV-202208-acme: 202208 against 202207, JPY, before tax

item         202207  202208  change  why
setupCharge     500       -    -500  one-off
基本料金        620     492    -128  1 new resource +120, price 10 → 12 +62, usage -310
shareCharge      30     100     +70  share of common charges
vpnCharge         -      70     +70  new item
oldCharge        50       -     -50  ended
smsCharge         -      30     +30  one-off
dataCharge      100     100       0
subtotal       1300     792    -508

new resources: 440100000000003

resources gone: 440100000000002
";
    let run = good(sandbox.run(&["explain", "INV-202208-acme", "--against", "202207"]));
    assert_eq!(run.stdout, expected);
    let json = good(sandbox.run(&["explain", "INV-202208-acme", "--against", "2022-07", "--json"])).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["items"][1]["reasons"][1]["prices"], serde_json::json!(["10", "12"]));
    assert_eq!((&json["before"], &json["now"]), (&"1300".into(), &"792".into()));
    for (arguments, message, hint) in [
        (["INV-202208-acme", "--against", "202208"], "INV-202208-acme is of 202208 itself", "--against 202207"),
        (["INV-202208-acme", "--against", "202108"], "202108 is neither issued nor built", "invoicer build 202108"),
        (["INV-202208-other", "--against", "202206"], "", ""),
    ] {
        let run = sandbox.run(&[&["explain"], &arguments[..]].concat());
        assert_eq!(run.code, i32::from(!message.is_empty()), "{}", run.stderr);
        assert!(run.stderr.contains(message) && run.stderr.contains(hint), "{}", run.stderr);
    }
}

/// An invoice tells of the months issued before it, and of these as they were then: what is built, issued or taken back
/// later changes nothing.
#[test]
fn the_story_is_of_what_was_issued_before() {
    let sandbox = workspace("modern");
    good(sandbox.run(&["build", "202207", "-q"]));
    let page_without = page(&sandbox);
    assert!(!page_without.contains("class=\"changes\"") && page_without.contains("class=\"groups\""));
    issue(&sandbox, "202207");
    issue(&sandbox, "202208");
    let issued = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
    // June is not known.
    assert_eq!(row(&issued, "oldCharge"), ["¥50", "", "-¥50", "ご利用終了"]);
    issue(&sandbox, "202206");
    let credit = ["credit", "INV-202207-acme", "--reason", "解約", "--date", "2022-09-20", "--line", "1=20", "-q"];
    good(sandbox.run(&credit));
    good(sandbox.run(&["verify", "--all"]));
    std::fs::remove_dir_all(sandbox.path().join("out")).unwrap();
    assert_eq!(page(&sandbox), issued);
    // What is compared now is what is left of July: 620 − 20.
    let run = good(sandbox.run(&["explain", "INV-202208-acme", "--against", "202207"]));
    assert!(run.stdout.contains("基本料金        600     492    -108"), "{}", run.stdout);
    // A corrected invoice tells of what was issued before itself.
    let credit = ["credit", "INV-202208-acme", "--reason", "訂正", "--date", "2022-09-20", "--reissue", "-q"];
    good(sandbox.run(&credit));
    good(sandbox.run(&["verify", "--all"]));
    let corrected = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme-2.html")).unwrap();
    assert_eq!(row(&corrected, "基本料金")[..3], ["¥600", "¥492", "-¥108"]);
}

/// Pages that tell of July are reviewed with July as it is then: issued or not, with or without 20 taken back.
#[test]
fn a_month_is_not_issued_with_another_story_than_was_reviewed() {
    let sandbox = workspace("modern");
    let refused = |expected: &str| {
        let run = sandbox.run(&["issue", "202208", "-q"]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
        let message = "error: the earlier months in the stories of 202208 have changed since it was built\n";
        let hint = "hint: run `invoicer build 202208`, review out/202208/index.html, then issue the month\n";
        for text in [message, expected, hint] {
            assert!(run.stderr.contains(text), "{}", run.stderr);
        }
        assert!(!sandbox.path().join("issued/202208.json").exists());
    };
    good(sandbox.run(&["build", "202208", "-q"]));
    assert!(sandbox.json("out/202208/manifest.json").get("story").is_none());
    issue(&sandbox, "202207");
    refused("issued/202207.json has changed");
    good(sandbox.run(&["build", "202208", "-q"]));
    let read = sandbox.json("out/202208/manifest.json")["story"].clone();
    let paths: Vec<&str> = read.as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["issued/202207.json", "issued/202207/summary.json"]);
    let credit = ["credit", "INV-202207-acme", "--reason", "解約", "--date", "2022-09-20", "--line", "1=20", "-q"];
    good(sandbox.run(&credit));
    refused("issued/202207-1.json has changed");
    issue(&sandbox, "202208");
    good(sandbox.run(&["verify", "--all"]));
}

#[test]
fn without_a_story_what_is_issued_meanwhile_changes_no_invoice() {
    let sandbox = workspace("modern");
    let text = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    sandbox.write("invoicer.toml", text.replace("story = true\n", ""));
    good(sandbox.run(&["build", "202208", "-q"]));
    issue(&sandbox, "202207");
    good(sandbox.run(&["issue", "202208", "-q"]));
    good(sandbox.run(&["verify", "--all"]));
}

#[test]
fn days_are_drawn_only_where_they_differ() {
    let sandbox = workspace("modern");
    let days = |last: u32| {
        let row = |day: u32| {
            let amount = if day == 31 { last } else { 10 };
            format!("440100000000001,202208{day:02},dataCharge,1,{amount},acme,東\n")
        };
        let rows: String = (1..=31).map(row).collect();
        let head = "imsi,date,billItemName,quantity,amount,customer,groupName\n";
        sandbox.write("billing/202208/b.csv", format!("{head}{rows}"));
    };
    days(10);
    assert!(!page(&sandbox).contains("日別のご利用料金"));
    days(18);
    let page = page(&sandbox);
    assert!(page.contains("日別のご利用料金"));
    assert!(page.contains("<div>¥20</div><div>¥10</div><div>¥0</div>"));
}

#[test]
fn without_the_setting_nothing_is_told() {
    let sandbox = workspace("classic");
    issue(&sandbox, "202207");
    let file = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    sandbox.write("customers/acme.toml", format!("{file}[invoice]\nstory = false\n"));
    assert!(!page(&sandbox).contains("class=\"story\""));
}

/// A workspace of `acme` alone, without a markup, with those months; a row is `resource,item,quantity,unit price,amount,group`.
fn months(settings: &str, months: &[(&str, &[&str])]) -> Sandbox {
    let sandbox = Sandbox::new();
    let source = "[[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"サンプル通信\"\n{source}{settings}"));
    sandbox.write("customers/acme.toml", "name = \"B株式会社\"\n[[match]]\ntag = { customer = \"acme\" }\n");
    for (month, rows) in months {
        let row = |row: &&str| {
            let fields: Vec<&str> = row.split(',').collect();
            let [resource, item, quantity, price, amount, group] = fields[..] else { panic!("{row}") };
            format!("{resource},{month}01,{item},{quantity},{price},{amount},acme,{group}\n")
        };
        let rows: String = rows.iter().map(row).collect();
        let head = "imsi,date,billItemName,quantity,unitPrice,amount,customer,groupName\n";
        sandbox.write(&format!("billing/{month}/b.csv"), format!("{head}{rows}"));
    }
    sandbox
}

const STORY: &str = "[invoice]\nstory = true\n";

/// What `explain` tells of August, issued or built, against another month: a line for each item, its columns one space apart.
fn told(sandbox: &Sandbox, against: &str) -> Vec<String> {
    let run = good(sandbox.run(&["explain", "INV-202208-acme", "--against", against]));
    let table = run.stdout.split("\n\n").nth(1).unwrap();
    table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<&str>>().join(" ")).collect()
}

/// The quantity is the same and no single price is known: what changed is what a unit costs.
#[test]
fn a_price_that_is_not_known_is_no_rounding() {
    let sandbox = months(
        STORY,
        &[
            ("202207", &["1,supportCharge,1,,1000,", "1,mixCharge,1,10,10,", "1,mixCharge,1,20,20,"]),
            ("202208", &["1,supportCharge,1,,1200,", "1,mixCharge,1,10,10,", "1,mixCharge,1,24,24,"]),
        ],
    );
    issue(&sandbox, "202207");
    let page = page(&sandbox);
    assert_eq!(row(&page, "supportCharge"), ["¥1,000", "¥1,200", "+¥200", "単価の変更"]);
    assert_eq!(row(&page, "mixCharge"), ["¥30", "¥34", "+¥4", "単価の変更"]);
    assert_eq!(told(&sandbox, "202207")[..2], ["supportCharge 1000 1200 +200 price", "mixCharge 30 34 +4 price"]);
}

/// The provider's 10 for one unit at 10, and its 10.01, are 10 and 11 when they are rounded up; so are those of another item
/// that has the same name for readers.
#[test]
fn rounding_is_at_most_a_unit_a_line() {
    let item = |name: &str| format!("[[item]]\nitem = \"{name}\"\nname = \"通信料\"\n");
    let settings = format!("{STORY}{}{}", item("dataCharge"), item("smsCharge"));
    let sandbox = months(
        &settings,
        &[
            ("202207", &["1,dataCharge,1,10,10,", "1,smsCharge,1,10,10,"]),
            ("202208", &["1,dataCharge,1,10,10.01,", "1,smsCharge,1,10,10.01,"]),
        ],
    );
    issue(&sandbox, "202207");
    assert_eq!(row(&page(&sandbox), "通信料"), ["¥20", "¥22", "+¥2", "端数処理"]);
}

/// Ten units, from 10 to 12 each; the refund of the same name is an item of its own.
#[test]
fn usage_and_a_discount_of_one_name_are_two_items() {
    let sandbox = months(
        STORY,
        &[
            ("202207", &["1,planCharge,10,10,100,", "1,planCharge,,,-5,"]),
            ("202208", &["1,planCharge,10,12,120,", "1,planCharge,,,-7,"]),
        ],
    );
    issue(&sandbox, "202207");
    let page = page(&sandbox);
    assert_eq!(row(&page, "planCharge"), ["¥100", "¥120", "+¥20", "単価 10 → 12"]);
    let expected = ["planCharge 100 120 +20 price 10 → 12", "planCharge -5 -7 -2 follows from the others"];
    assert_eq!(told(&sandbox, "202207")[..2], expected);
    let json = good(sandbox.run(&["explain", "INV-202208-acme", "--against", "202207", "--json"])).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["items"][0]["kind"], &json["items"][1]["kind"]), (&"usage".into(), &"discount".into()));
}

/// Line 2 is gone, and never had the item that fell.
#[test]
fn what_is_gone_is_no_reason_of_an_item_that_it_may_not_have_had() {
    let sandbox = months(
        STORY,
        &[
            ("202207", &["1,dataCharge,30,10,300,", "2,smsCharge,4,5,20,", "1,smsCharge,1,5,5,"]),
            ("202208", &["1,dataCharge,20,10,200,", "1,smsCharge,1,5,5,"]),
        ],
    );
    issue(&sandbox, "202207");
    let page = page(&sandbox);
    assert_eq!(row(&page, "dataCharge"), ["¥300", "¥200", "-¥100", "ご利用量"]);
    assert!(page.contains("</span>：2</p>"), "{page}");
    assert_eq!(told(&sandbox, "202207")[0], "dataCharge 300 200 -100 usage");
}

/// The minimum of 100 adds 90 in July; the coupon and the adjustment for rounding are of one month too.
#[test]
fn what_is_neither_usage_nor_a_fee_follows_from_the_others() {
    let settings = format!("{STORY}[pricing]\nminimum = \"100\"\nround-at = \"invoice\"\n");
    let sandbox = months(
        &settings,
        &[
            ("202206", &["1,dataCharge,1,150,150,"]),
            ("202207", &["1,dataCharge,1,10,10,"]),
            ("202208", &["1,dataCharge,1,150.5,150.5,", "1,couponCharge,,,-20,"]),
        ],
    );
    issue(&sandbox, "202206");
    issue(&sandbox, "202207");
    let told = told_after_build(&sandbox);
    assert_eq!(told.len(), 5, "{told:?}");
    for item in &told[1..4] {
        assert!(item.ends_with(" follows from the others"), "{told:?}");
    }
}
/// 100 and 150 of usage. Fees and adjustments below zero are items like those above it, and percentages follow: -10 and -15.
#[test]
fn fees_and_adjustments_below_zero_are_told_as_items() {
    let sandbox = months(STORY, &[("202207", &["1,dataCharge,10,10,100,"]), ("202208", &["1,dataCharge,15,10,150,"])]);
    let acme = String::from_utf8(sandbox.read("customers/acme.toml")).unwrap();
    let fees = [
        ("standing", "amount = \"-4\""),
        ("until", "amount = \"-20\"\nuntil = \"202207\""),
        ("from", "amount = \"-9\"\nfrom = \"202208\""),
        ("share", "percent = \"-10%\"\nof = { item = \"dataCharge\" }"),
    ];
    let fees = fees.map(|(name, rest)| format!("[[fee]]\nname = \"{name}\"\n{rest}\n")).concat();
    sandbox.write("customers/acme.toml", acme + &fees);
    let adjustment = |id: &str, name: &str, amount: i64| {
        format!("[[adjustment]]\nid = \"{id}\"\ncustomer = \"acme\"\nname = \"{name}\"\namount = {amount}\n")
    };
    sandbox.write("adjustments/202207.toml", adjustment("a", "goodwill", -5));
    sandbox.write("adjustments/202208.toml", adjustment("b", "goodwill", -12) + &adjustment("c", "refund", -3));
    issue(&sandbox, "202207");
    let told = told_after_build(&sandbox);
    for (item, reason) in [
        ("until", "+20 ended"),
        ("from", "-9 new item"),
        ("goodwill", "-7 one-off"),
        ("share", "-5 follows from the others"),
        ("refund", "-3 new item"),
    ] {
        let is_told = |line: &String| line.starts_with(item) && line.ends_with(reason);
        assert!(told.iter().any(is_told), "{item}: {told:?}");
    }
    assert!(told.iter().any(|line| line.starts_with("standing -4 -4")), "{told:?}");
}

fn told_after_build(sandbox: &Sandbox) -> Vec<String> {
    good(sandbox.run(&["build", "202208", "-q"]));
    told(sandbox, "202207")
}

/// Exact items are 10.126 and 10.654 (`aCharge`), 0.004 and 0.003 (`bCharge`): printed are 10.13 and 10.65, and twice zero. The
/// printed change is 0.52, where the exact one is 0.528. Sums are rounded up to 11 with an adjustment of 0.87 and 0.343, which
/// is printed as 0.35 because that makes the table add up.
#[test]
fn a_story_has_the_decimals_of_the_invoice() {
    let settings = format!("{STORY}[pricing]\nround-at = \"invoice\"\n");
    let sandbox = months(
        &settings,
        &[
            ("202207", &["1,aCharge,1,,10.126,", "1,bCharge,1,,0.004,"]),
            ("202208", &["1,aCharge,1,,10.654,", "1,bCharge,1,,0.003,"]),
        ],
    );
    issue(&sandbox, "202207");
    let page = page(&sandbox);
    assert_eq!(row(&page, "aCharge"), ["¥10.13", "¥10.65", "+¥0.52", "単価の変更"]);
    assert_eq!(row(&page, "端数調整"), ["¥0.87", "¥0.35", "-¥0.52", "ご利用額に応じた増減"]);
    assert_eq!(row(&page, "増減のない"), ["¥0", "¥0", "¥0", ""]);
    assert_eq!(row(&page, "小計"), ["¥11", "¥11", "¥0", ""]);
}

/// The parts of a change of 5.012, printed as 5.01: two more of line 2 at 2.006, which are 4, and 1.012, printed as 1.01.
#[test]
fn the_parts_of_a_printed_change_add_up_to_it() {
    let settings = format!("{STORY}[pricing]\nround-at = \"invoice\"\n");
    let sandbox = months(
        &settings,
        &[("202207", &["1,aCharge,1,,10,"]), ("202208", &["1,aCharge,2,,11,", "2,aCharge,2,2.006,4.012,"])],
    );
    issue(&sandbox, "202207");
    let why = "新しい回線・機器 1 件 +¥4、ご利用量 +¥1.01";
    assert_eq!(row(&page(&sandbox), "aCharge"), ["¥10", "¥15.01", "+¥5.01", why]);
}

/// | item       | May | June | July | August |                                              |
/// |------------|-----|------|------|--------|----------------------------------------------|
/// | endCharge  | 10  | 10   |      |        | ended                                        |
/// | onceCharge |     | 20   |      |        | one-off                                      |
/// | twoCharge  |     | 30   | 30   |        | ended: it was billed in two months           |
/// | nowCharge  |     |      | 40   | 40     | new                                          |
/// | someCharge | 50  |      |      | 50     | one-off                                      |
#[test]
fn items_are_one_off_by_the_months_around_the_one_compared_with() {
    let sandbox = months(
        STORY,
        &[
            ("202205", &["1,endCharge,1,10,10,", "1,someCharge,1,50,50,"]),
            ("202206", &["1,endCharge,1,10,10,", "1,onceCharge,1,20,20,", "1,twoCharge,1,30,30,"]),
            ("202207", &["1,twoCharge,1,30,30,", "1,nowCharge,1,40,40,"]),
            ("202208", &["1,nowCharge,1,40,40,", "1,someCharge,1,50,50,"]),
        ],
    );
    for month in ["202205", "202206", "202207", "202208"] {
        issue(&sandbox, month);
    }
    let expected = [
        "someCharge - 50 +50 one-off",
        "nowCharge - 40 +40 new item",
        "twoCharge 30 - -30 ended",
        "onceCharge 20 - -20 one-off",
        "endCharge 10 - -10 ended",
        "subtotal 60 90 +30",
    ];
    assert_eq!(told(&sandbox, "202206"), expected);
}

/// Of an issued month, the record says who was billed: a copy of its summary that was changed since tells nothing.
#[test]
fn a_changed_copy_of_an_issued_summary_tells_nothing() {
    let sandbox = months(STORY, &[("202207", &["1,dataCharge,1,100,100,"]), ("202208", &["1,dataCharge,1,120,120,"])]);
    issue(&sandbox, "202207");
    let path = "issued/202207/summary.json";
    let copy = String::from_utf8(sandbox.read(path)).unwrap();
    assert!(copy.contains("\"id\": \"acme\""), "{copy}");
    sandbox.write(path, copy.replace("\"id\": \"acme\"", "\"id\": \"other\""));
    good(sandbox.run(&["build", "202208", "-q"]));
    let summary = sandbox.json("out/202208/summary.json");
    assert_eq!(summary["customers"][0]["previous_total"], "110");
}

/// Resources without a group are called the same in the story and in the appendix; その他 are items.
#[test]
fn what_is_in_no_group_has_one_name() {
    for (language, name, others) in [("ja", "グループなし", "その他"), ("en", "No group", "Others")] {
        let settings = format!("{STORY}details = \"summary\"\ngroup-by = \"group\"\nlanguage = \"{language}\"\n");
        let rows = ["1,dataCharge,1,100,100,東", "2,dataCharge,1,50,50,"];
        let page = page(&months(&settings, &[("202208", &rows)]));
        assert_eq!(page.matches(&format!(">{name}<")).count(), 2, "{language}");
        assert!(!page.contains(&format!(">{others}<")), "{language}");
    }
}
