//! The appendix: summaries and days, groups, contents, links, and what is left out. Expected figures are worked out by hand.

#![allow(clippy::float_arithmetic, reason = "places on pages are no money")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pages::layout::{Document, Item};

use crate::common::Sandbox;
use crate::designs::{DESIGNS, lay_out};

const SETTINGS: &str = "[issuer]\nname = \"見本通信\"\n[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\n\
                        path = \"billing/{month}/*.csv\"\n";
const HEADER: &str = "imsi,vpgId,name,site,groupName,date,billItemName,unitPrice,quantity,amount\n";

/// A workspace of the customer acme, who has all rows of the bill; with `[invoice]` and more in its file.
fn shop(settings: &str, acme: &str, bill: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", format!("{SETTINGS}{settings}"));
    sandbox.write("customers/acme.toml", format!("name = \"アクメ\"\n[[match]]\nitem = \"*\"\n{acme}"));
    sandbox.write("billing/202208/a.csv", format!("{HEADER}{bill}"));
    sandbox
}

fn built(sandbox: &Sandbox) -> String {
    let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap()
}

/// The rows of a table of figures, cells parted by bars.
fn rows(table: &str) -> Vec<String> {
    let cells = |row: &str| {
        let row = row.split("</tr>").next().unwrap();
        let cells = row.split("<td").flat_map(|part| part.split("<th")).skip(1);
        let plain = |cell: &str| {
            let text = cell.split_once('>').unwrap().1;
            let pieces = text.split('<').enumerate();
            let texts = pieces
                .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
            texts.collect::<String>().trim().to_owned()
        };
        cells.map(plain).collect::<Vec<String>>().join("|")
    };
    table.split("<tr").skip(1).map(cells).collect()
}

/// The tables of figures of an appendix.
fn tables(html: &str) -> Vec<Vec<String>> {
    let parts = html.split("class=\"d sheet").skip(1);
    parts.map(|part| rows(part.split("</table>").next().unwrap())).collect()
}

/// Every link within the page leads somewhere; returns the targets.
fn links(html: &str) -> BTreeSet<String> {
    let ids: BTreeSet<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let body = html.split("<body").nth(1).unwrap();
    let targets = body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    let targets: BTreeSet<String> = targets.map(str::to_owned).collect();
    for target in &targets {
        assert!(ids.contains(target.as_str()), "nothing has the id {target}");
    }
    targets
}

fn texts(document: &Document) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Text(text) => Some(text.text.to_string()),
        _ => None,
    };
    let layers = |page: &pages::layout::Page| {
        page.layers.iter().flat_map(|layer| &layer.items).filter_map(text).collect::<Vec<String>>().join("|")
    };
    document.pages.iter().map(layers).collect()
}

/// Two SIMs with names of numbers, one without a name and a gateway; the discount is of the first.
const BILL: &str = "440101234500010,,meter 10,north,g1,20220801,basic,10,1,10\n\
                    440101234500010,,meter 10,north,g1,20220802,basic,10,1,10\n\
                    440101234500010,,meter 10,north,g1,20220802,upload,,1,0.333\n\
                    440101234500010,,meter 10,north,g1,20220803,coupon,,,-2.5\n\
                    440101234500002,,meter 2,south,g1,20220801,basic,10,1,10\n\
                    440101234500002,,meter 2,south,g1,20220801,sms,3,2,6\n\
                    440101234500009,,,south,g2,20220801,basic,10,1,10\n\
                    ,vpg-common-1,gateway,,,202208,hours,,,744.125\n\
                    ,,,,,202208,support,,,100\n";

#[test]
fn a_day_is_a_row_and_an_item_a_column() {
    let html = built(&shop("", "[invoice]\ndetails = \"daily\"\nlanguage = \"en\"\n", BILL));
    let expected = [
        // By name, numbers by their value.
        vec!["gateway　vpg-common-1", "Date|hours|Total", "Month|744.13|¥744.13", "Subtotal|744.13|¥744.13"],
        vec![
            "meter 2　440101234500002",
            "Date|basic|sms|Total",
            "08-01|10.00|6.00|¥16.00",
            "Subtotal|10.00|6.00|¥16.00",
        ],
        vec![
            "meter 10　440101234500010",
            "Date|basic|upload|Discounts|Total",
            "08-01|10.00|||¥10.00",
            "08-02|10.00|0.33||¥10.33",
            "08-03|||-2.50|-¥2.50",
            // 20 + 0.333 − 2.5 = 17.833.
            "Subtotal|20.00|0.33|-2.50|¥17.83",
        ],
        // Without a name, and last without a resource.
        vec!["440101234500009", "Date|basic|Total", "08-01|10.00|¥10.00", "Subtotal|10.00|¥10.00"],
        vec![
            "Charges of no single line or device",
            "Date|support|Total",
            "Month|100.00|¥100.00",
            "Subtotal|100.00|¥100.00",
        ],
    ];
    assert_eq!(tables(&html), expected);
    // 890.458 of usage. Rounded up, 40, 745, 6, 100 and 1 less 3 are 889.
    let closing = rows(html.split("<table id=\"closing\"").nth(1).unwrap());
    let expected = ["Usage details|¥890|.46", "Discounts|-¥2|.5", "Rounding|¥1|.04", "Subtotal (excl. tax)|¥889|"];
    assert_eq!(closing[1..], expected);
    let targets = links(&html);
    let items = ["use-1", "use-2", "use-3", "use-4", "use-5", "use-6", "item-1", "item-6"];
    assert!(items.iter().all(|id| targets.contains(*id)), "{targets:?}");
}

#[test]
fn a_resource_is_a_row_of_a_summary_and_groups_have_sums() {
    let sandbox = |group_by: &str| {
        let invoice = format!("[invoice]\ndetails = \"summary\"\nlanguage = \"en\"\n{group_by}");
        tables(&built(&shop("", &invoice, BILL))).remove(0)
    };
    let head = "Name|ID|basic|hours|sms|support|upload|Discounts|Total";
    let lines = [
        "meter 2|440101234500002|10.00||6.00||||¥16.00",
        "meter 10|440101234500010|20.00||||0.33|-2.50|¥17.83",
        "|440101234500009|10.00||||||¥10.00",
        "gateway|vpg-common-1||744.13|||||¥744.13",
        "Charges of no single line or device|||||100.00|||¥100.00",
    ];
    // 40 + 744.125 + 6 + 100 + 0.333 − 2.5 = 887.958.
    let total = "Total|40.00|744.13|6.00|100.00|0.33|-2.50|¥887.96";
    assert_eq!(sandbox(""), [head, lines[3], lines[0], lines[1], lines[2], lines[4], total]);
    assert_eq!(
        sandbox("group-by = \"tag:site\"\n"),
        [
            head,
            "north",
            lines[1],
            "Subtotal|20.00||||0.33|-2.50|¥17.83",
            "south",
            lines[0],
            lines[2],
            "Subtotal|20.00||6.00||||¥26.00",
            "No group",
            lines[3],
            lines[4],
            "Subtotal||744.13||100.00|||¥844.13",
            total
        ]
    );
    let by_group = sandbox("group-by = \"group\"\n");
    assert_eq!(by_group[1..5], ["g1", lines[0], lines[1], "Subtotal|30.00||6.00||0.33|-2.50|¥33.83"]);
    assert_eq!(by_group[5..8], ["g2", lines[2], "Subtotal|10.00||||||¥10.00"]);
}

/// Of 175 mm, 30 are for names, 34 for ids of fifteen digits and 14 for the sum: 97 mm hold six columns of 14 mm. Items that
/// most rows have keep one, `a` to `e` of the seven that are in both rows; `h` to `j` are in one.
#[test]
fn items_used_least_share_a_column() {
    let mut bill = String::new();
    for (sim, items) in [(1, "abcdefgh"), (2, "abcdefgij")] {
        for item in items.chars() {
            writeln!(bill, "44010123450000{sim},,m{sim},,,20220801,{item},,1,{sim}").unwrap();
        }
    }
    let html = built(&shop("", "[invoice]\ndetails = \"summary\"\nlanguage = \"en\"\n", &bill));
    let expected = [
        "Name|ID|a|b|c|d|e|Others|Total",
        "m1|440101234500001|1|1|1|1|1|3|¥8",
        "m2|440101234500002|2|2|2|2|2|8|¥18",
        "Total|3|3|3|3|3|11|¥26",
    ];
    assert_eq!(tables(&html)[0], expected);
    // The five items of the column lead to it, and it leads back to none.
    let items = html.split("class=\"items\"").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(items.matches("href=\"#others-1\"").count(), 5);
    links(&html);
}

#[test]
fn more_than_twenty_resources_are_a_summary_unless_details_say_otherwise() {
    let bill = |sims: u32| {
        (1..=sims).map(|sim| format!("4401012345{sim:05},,m{sim},,,20220801,basic,10,1,10\n")).collect::<String>()
    };
    let summaries = |sims: u32, details: &str| tables(&built(&shop("", details, &bill(sims)))).len();
    assert_eq!(summaries(20, ""), 0);
    assert_eq!(summaries(21, ""), 1);
    assert_eq!(summaries(21, "[invoice]\ndetails = \"rows\"\n"), 0);
    // What belongs to no resource does not count.
    let more = format!("{},,,,,202208,support,,1,5\n", bill(20));
    assert_eq!(tables(&built(&shop("", "", &more))).len(), 0);
}

#[test]
fn resources_without_charges_are_counted_not_listed() {
    let bill = "440101234500001,,m1,,,20220801,basic,10,1,10\n440101234500001,,m1,,,20220802,sms,0,1,0\n\
                440101234500002,,m2,,,20220801,sms,0,1,0\n440101234500003,,m3,,,20220801,sms,0,1,0\n\
                440101234500004,,m4,,,20220801,basic,10,1,10\n440101234500004,,m4,,,20220802,coupon,,,-10\n";
    for details in ["rows", "daily", "resource", "summary"] {
        let page = |more: &str| {
            built(&shop("", &format!("[invoice]\ndetails = \"{details}\"\nlanguage = \"en\"\n{more}"), bill))
        };
        let html = page("");
        // m4 pays nothing in the end, but has charges.
        assert!(
            html.contains("m1") && html.contains("m4") && !html.contains("m2") && !html.contains("m3"),
            "{details}"
        );
        assert!(html.contains("and 2 without charges"), "{details}");
        links(&html);
        let html = page("show-zero = true\n");
        assert!(html.contains("m2") && html.contains("m3") && !html.contains("without charges"), "{details}");
    }
}

/// A fee of 300 for each of 30 SIMs that sent nothing, all but one of them: whoever pays for a SIM finds it.
#[test]
fn resources_that_a_fee_counts_are_listed() {
    let mut bill = "vpg,,gw,,,20220801,hours,0,1,0\n".replace("vpg", "");
    for sim in 1..=30 {
        writeln!(bill, "4401012345{sim:05},,m{sim},,,20220801,upload,0,{sim},0").unwrap();
    }
    let fee = "[[fee]]\nname = \"management\"\namount = \"300\"\nper = \"resource\"\n";
    for details in ["rows", "daily", "resource", "summary"] {
        let page = |fee: &str| {
            let invoice = format!("[invoice]\ndetails = \"{details}\"\nlanguage = \"en\"\n{fee}");
            let html = built(&shop("", &invoice, &bill));
            links(&html);
            html
        };
        let html = page(fee);
        for sim in 1..=30 {
            assert!(html.contains(&format!("4401012345{sim:05}")), "{details}: m{sim}");
        }
        assert!(!html.contains("without charges"), "{details}");
        let closing = rows(html.split("<table id=\"closing\"").nth(1).unwrap());
        assert_eq!(closing[1..], ["Usage details|¥0", "Fees|¥9,000", "Subtotal (excl. tax)|¥9,000"], "{details}");
        // A fee that is over counts none, and one for other items only theirs.
        let html = page(&format!("{fee}until = \"202207\"\n[[fee]]\nname = \"base\"\namount = \"1\"\n"));
        assert!(!html.contains("440101234500001") && html.contains("and 30 without charges"), "{details}");
        let closing = rows(html.split("<table id=\"closing\"").nth(1).unwrap());
        assert_eq!(closing[1..], ["Usage details|¥0", "Fees|¥1", "Subtotal (excl. tax)|¥1"], "{details}");
    }
}

/// A bill of that many SIMs with four items each; names have two digits in front, so that the order is by number.
fn large(sims: u32) -> String {
    let mut bill = String::new();
    for sim in 1..=sims {
        for (item, amount) in
            [("basicCharge", "310"), ("uploadDataCharge", "1234.5678"), ("sms", "12.5"), ("beam", "0.25")]
        {
            writeln!(bill, "4401012345{sim:05},,bus-{sim},site {},,20220801,{item},,1,{amount}", sim % 7).unwrap();
        }
    }
    bill
}

/// The table of contents has that many entries, each with the number of the page on which what it lists begins.
fn assert_contents(html: &str, document: &Document, entries: usize, what: &str) {
    let table = html.split("<table class=\"contents\">").nth(1).unwrap_or_else(|| panic!("{what}: no contents"));
    let table = table.split("</table>").next().unwrap();
    let ids: Vec<&str> =
        table.split("<td class=g><a href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids.len(), entries, "{what}");
    // Page numbers are links, and no other link is a number.
    let numbers = document.pages.iter().flat_map(|page| {
        let numbers = page.layers.iter().flat_map(|layer| &layer.items).filter_map(|item| match item {
            Item::Text(text) => Some((text, text.text.trim().parse::<usize>().ok()?)),
            _ => None,
        });
        numbers.filter(|(text, _)| {
            let mut areas = page.links.iter().map(|link| link.area);
            areas.any(|area| {
                let (right, bottom) = (area.x + area.width, area.y + area.height);
                area.x - 0.1 <= text.x && text.x + text.width <= right + 0.1 && area.y < text.y && text.y <= bottom
            })
        })
    });
    let numbers: Vec<usize> = numbers.map(|(_, number)| number).collect();
    let expected = ids.iter().map(|id| {
        let place = document.places.iter().find(|place| &*place.id == *id);
        place.unwrap_or_else(|| panic!("{what}: nothing has the id {id}")).start.0 + 1
    });
    assert_eq!(numbers, expected.collect::<Vec<usize>>(), "{what}: {ids:?}");
    assert!(numbers.is_sorted() && numbers.last() > numbers.first(), "{what}: {numbers:?}");
}

#[test]
fn five_hundred_sims_are_twelve_pages_as_a_summary() {
    let bill = large(500);
    for design in DESIGNS {
        for language in ["ja", "en"] {
            let invoice = format!("[invoice]\ntemplate = \"{design}\"\nlanguage = \"{language}\"\n");
            let html = built(&shop("", &invoice, &bill));
            let document = lay_out(&html);
            let what = format!("{design} {language}");
            assert!(document.pages.len() <= 12, "{what}: {} pages", document.pages.len());
            let pages = texts(&document);
            let text = pages.join("|");
            for sim in [1, 2, 99, 250, 499, 500] {
                let id = format!("4401012345{sim:05}");
                assert_eq!(text.matches(&id).count(), 1, "{what}: {id}");
            }
            assert_contents(&html, &document, 20, &what);
            links(&html);
            // 310 + 1,234.5678 + 12.5 + 0.25 = 1,557.3178 for each.
            assert_eq!(text.matches("¥1,557.32").count(), 500, "{what}");
            assert!(text.contains("¥778,658.90"), "{what}");
        }
    }
}

#[test]
fn a_document_of_five_pages_has_contents_with_the_right_pages() {
    let details = |level: &str, sims: u32| {
        let invoice = format!("[invoice]\ndetails = \"{level}\"\nlanguage = \"en\"\n");
        built(&shop("", &invoice, &large(sims)))
    };
    // A SIM takes seven rows: some 35 mm of 263. With 50, the contents leave most of the second page.
    for (level, sims) in [("resource", 50), ("rows", 50)] {
        let html = details(level, sims);
        let document = lay_out(&html);
        let pages = texts(&document);
        let contents = pages.iter().position(|page| page.contains("Contents|")).unwrap_or_else(|| panic!("{level}"));
        for sim in [1, 17, 50] {
            let heading = format!("bus-{sim}　4401012345{sim:05}");
            let begins = format!("bus-{sim}　|4401012345{sim:05}|");
            let entry = pages.iter().find_map(|page| page.split_once(&heading).map(|(_, rest)| rest));
            let entry = entry.unwrap_or_else(|| panic!("{level}: no entry {heading} in {}", pages[contents]));
            let number = entry.split('|').find_map(|piece| piece.parse::<usize>().ok()).unwrap();
            let found = pages.iter().position(|page| page.contains(&begins)).unwrap_or_else(|| panic!("{begins}")) + 1;
            assert_eq!(number, found, "{level}: {heading}");
        }
        assert_contents(&html, &document, sims as usize, level);
        // What follows the contents begins on their page.
        let last =
            pages.iter().rposition(|page| page.contains("　4401012345") && page.contains("Page")).unwrap_or(contents);
        assert!(pages[last].contains("|Description|"), "{level}: the contents have page {} for themselves", last + 1);
    }
    assert!(!details("resource", 8).contains("class=\"contents\""), "three pages need none");
}

/// 200 items take five pages and more by themselves: the appendix of two rows has contents.
#[test]
fn items_count_among_the_pages() {
    let mut bill = String::new();
    for item in 0..200 {
        writeln!(bill, "44010123450000{0},,m{0},,g{0},20220801,item{item:03},,1,10", item % 2 + 1).unwrap();
    }
    let page = |group_by: &str| built(&shop("", &format!("[invoice]\ndetails = \"summary\"\n{group_by}"), &bill));
    let html = page("group-by = \"group\"\n");
    let document = lay_out(&html);
    assert!(document.pages.len() >= 5, "{}", document.pages.len());
    let table = html.split("<table class=\"contents\">").nth(1).unwrap_or_else(|| panic!("no contents"));
    assert!(table.split("</table>").next().unwrap().contains(">g2<"));
    assert!(!page("").contains("class=\"contents\""), "one entry is none");
}

#[test]
fn ids_never_wrap() {
    let id = "vpg-0123-4567-89ab-cdef-0123-4567";
    let bill = format!(
        ",{id},{},,,20220801,hours,,1,5\n,{id}-b,x,,,20220801,minutes,,1,5\n",
        "とても長い名前のゲートウェイ".repeat(5)
    );
    for design in DESIGNS {
        for details in ["rows", "daily", "resource", "summary"] {
            let invoice = format!("[invoice]\ntemplate = \"{design}\"\ndetails = \"{details}\"\n");
            let pages = texts(&lay_out(&built(&shop("", &invoice, &bill)))).join("|");
            let whole = pages.split('|').filter(|piece| piece.trim() == id).count();
            assert!(whole >= 1, "{design} {details}: {pages}");
        }
    }
}

/// A template of one's own for the items, from before rows had ids: the links of the appendix lead nowhere and are none.
#[test]
fn links_to_what_a_template_lacks_are_no_mistakes() {
    let sandbox = shop("", "[invoice]\ndetails = \"rows\"\n", BILL);
    sandbox.write(
        "templates/items.html",
        "<table class=\"items\">{% for row in charges %}<tr><td>{{ row.label }}{% endfor %}</table>",
    );
    let run = sandbox.run(&["build", "202208", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let sandbox = shop("", "[invoice]\ndetails = \"rows\"\n", BILL);
    sandbox.write(
        "templates/appendix.html",
        "{% for group in appendix %}<p>{{ group.heading }}: {{ group.subtotal.whole }}</p>{% endfor %}",
    );
    let run = sandbox.run(&["build", "202208", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}
