//! Well filled pages: invoices of any number of items, in both designs and languages, with and without discounts, an
//! appendix, charges of single days, and long names.
//!
//! What is expected comes from the laid out pages alone: text where it is set, and the rows by their ids.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pages::layout::{Document, Item, Page};
use rayon::prelude::*;

use crate::common::Sandbox;
use crate::designs::{DESIGNS, lay_out};

const ITEMS_MOST: usize = 60;
const LEAST_ROWS: usize = 5;
/// Below it on the paper there are only page margins: 297 mm less 18 mm, in points.
const BOTTOM: f32 = 279.0 / 25.4 * 72.0;
/// Where the appendix still begins below: its space and head with three lines of notes take 37 mm, the heading and the heads
/// of the first table 10 and its first two rows, which are on two lines where names are long, up to 17.
const ROOM_FOR_APPENDIX: f32 = 215.0 / 25.4 * 72.0;
/// The same where the heading of its first section comes before the table: 7 mm of space and a line of 11 pt × 1.4.
const ROOM_WITH_SECTIONS: f32 = ROOM_FOR_APPENDIX - 7.0 / 25.4 * 72.0 - 11.0 * 1.4;
const HALF: f32 = 297.0 / 25.4 * 72.0 / 2.0;

/// What an invoice is tried with.
#[derive(Clone, Copy, Debug)]
struct Kind {
    design: &'static str,
    language: &'static str,
    has_discounts: bool,
    is_daily: bool,
    has_long_names: bool,
    has_appendix: bool,
    /// Whether it tells of its month, beside July.
    has_story: bool,
    /// Whether its issuer has no bank account and no notes.
    is_bare: bool,
    /// How many sections the items are in; 0 on an invoice without.
    sections: usize,
}

impl Kind {
    const PLAIN: Kind = Kind {
        design: "classic",
        language: "ja",
        has_discounts: false,
        is_daily: false,
        has_long_names: false,
        has_appendix: false,
        has_story: false,
        is_bare: false,
        sections: 0,
    };
}

#[derive(Clone, Copy, Debug)]
struct Case {
    kind: Kind,
    items: usize,
}

impl Case {
    fn id(self) -> String {
        let Kind { design, language, .. } = self.kind;
        let flags = [
            (self.kind.has_discounts, 'd'),
            (self.kind.is_daily, 'c'),
            (self.kind.has_long_names, 'l'),
            (self.kind.has_appendix, 'a'),
            (self.kind.has_story, 's'),
            (self.kind.is_bare, 'b'),
        ];
        let flags: String = flags.into_iter().filter_map(|(on, letter)| on.then_some(letter)).collect();
        format!("{design}-{language}-{flags}{}-{}", self.kind.sections, self.items)
    }
}

fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for flags in 0..16_u32 {
        let has = |bit: u32| flags & (1 << bit) != 0;
        for design in DESIGNS {
            for language in ["ja", "en"] {
                kinds.push(Kind {
                    design,
                    language,
                    has_discounts: has(0),
                    is_daily: has(1),
                    has_long_names: has(2),
                    has_appendix: has(3),
                    ..Kind::PLAIN
                });
            }
        }
    }
    kinds
}

/// Every design and language of a kind.
fn dressed(kind: Kind) -> impl Iterator<Item = Kind> {
    DESIGNS
        .into_iter()
        .flat_map(move |design| ["ja", "en"].into_iter().map(move |language| Kind { design, language, ..kind }))
}

/// A workspace with a customer for each case; each has a SIM of its own. All are bare, or none is.
fn workspace(cases: &[Case]) -> Sandbox {
    let sandbox = Sandbox::new();
    let (bank, notes) = match cases.iter().any(|case| case.kind.is_bare) {
        true => ("", ""),
        false => (
            "bank-accounts = [\"サンプル銀行 本店 普通 1234567 サンプルツウシン(カ\"]\n",
            "[invoice]\nnotes = [\"恐れ入りますが、振込手数料は貴社にてご負担ください。\"]\n",
        ),
    };
    sandbox.write(
        "invoicer.toml",
        format!("[issuer]\nname = \"サンプル通信株式会社\"\nregistration-number = \"T7000012050002\"\npostal-code = \"100-0001\"\n\
         address = [\"東京都千代田区千代田1-1\", \"サンプルビル3F\"]\nphone = \"03-0000-0000\"\nemail = \"billing@example.jp\"\n\
         {bank}{notes}[pricing]\nmarkup = \"15%\"\n\
         [[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{{month}}/*.csv\"\n"),
    );
    const HEAD: &str = "imsi,date,billItemName,unitPrice,quantity,amount,department\n";
    let (mut bill, mut july) = (HEAD.to_owned(), HEAD.to_owned());
    for (index, case) in cases.iter().enumerate() {
        let (id, imsi) = (case.id(), format!("4401{index:011}"));
        let Kind {
            design, language, has_discounts, is_daily, has_long_names, has_appendix, has_story, sections, ..
        } = case.kind;
        let details = if has_appendix { "resource" } else { "none" };
        let division = if sections > 0 { "sections = \"tag:department\"\n" } else { "" };
        let address = "postal-code = \"530-0001\"\naddress = [\"大阪府大阪市北区梅田1-1-1\", \"梅田見本ビル8階\"]";
        sandbox.write(
            &format!("customers/{id}.toml"),
            format!(
                "name = \"アクメ株式会社\"\ndepartment = \"経理部\"\ncontact = \"山田 太郎\"\n{address}\n\
                 [[match]]\nresource = \"{imsi}\"\n[invoice]\ntemplate = \"{design}\"\nlanguage = \"{language}\"\n\
                 details = \"{details}\"\nstory = {has_story}\nfile-name = \"invoice\"\n{division}"
            ),
        );
        let discounts = if has_discounts { case.items / 4 } else { 0 };
        for item in 1..=case.items {
            let is_discount = item > case.items - discounts;
            let long = if has_long_names && item % 3 == 0 {
                "VirtualPrivateGatewayMaintenanceOfManyWords".repeat(2)
            } else {
                String::new()
            };
            let amount = if is_discount { "-10" } else { "100" };
            let department = if sections > 0 { format!("department{}", item % sections + 1) } else { String::new() };
            if has_story {
                writeln!(july, "{imsi},202207,item{item:02}{long},,1,{},", 200 + item).unwrap();
            }
            for day in if is_daily { 1..=2 } else { 0..=0 } {
                let date = if day == 0 { "202208".to_owned() } else { format!("202208{day:02}") };
                writeln!(bill, "{imsi},{date},item{item:02}{long},,1,{amount},{department}").unwrap();
            }
        }
    }
    sandbox.write("billing/202208/bill.csv", bill);
    if july.len() > HEAD.len() {
        sandbox.write("billing/202207/bill.csv", july);
        for command in ["build", "issue"] {
            let run = sandbox.run(&[command, "202207", "--quiet"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
    }
    sandbox
}

/// Text in the flow of a page, with its baseline: without what is in the margins.
fn texts(page: &Page) -> impl Iterator<Item = (&str, f32)> {
    let items = page.layers.iter().flat_map(|layer| &layer.items);
    items.filter_map(|item| match item {
        Item::Text(text) if text.y < BOTTOM => Some((&*text.text, text.y)),
        _ => None,
    })
}

fn all_text(page: &Page) -> String {
    let items = page.layers.iter().flat_map(|layer| &layer.items);
    let texts = items.filter_map(|item| if let Item::Text(text) = item { Some(&*text.text) } else { None });
    texts.flat_map(str::chars).filter(|letter| !letter.is_whitespace()).collect()
}

/// What is wrong with the pages of an invoice.
fn faults(case: Case, document: &Document) -> Vec<String> {
    let mut faults = Vec::new();
    let japanese = case.kind.language == "ja";
    let [due, bank, total, continued] = if japanese {
        ["お支払期限", "お振込先", "合計（税込）", "次頁へ続く"]
    } else {
        ["Paymentdue", "Bankaccount", "Total(incl.tax)", "Continuedonnextpage"]
    };
    let pages: Vec<String> = document.pages.iter().map(all_text).collect();
    for label in [due, bank, total].into_iter().filter(|label| !(case.kind.is_bare && *label == bank)) {
        if !pages[0].contains(label) {
            faults.push(format!("{label} is not on page 1"));
        }
    }
    let mut rows = BTreeMap::<usize, usize>::new();
    for place in document.places.iter().filter(|place| place.id.starts_with("item-")) {
        assert_eq!(place.start.0, place.end.0, "{case:?}: {} is torn", place.id);
        *rows.entry(place.start.0).or_default() += 1;
    }
    if rows.values().sum::<usize>() < case.items {
        faults.push(format!("only {rows:?} of {} rows", case.items));
    }
    if rows.len() > 1 && rows.values().any(|count| *count < LEAST_ROWS) {
        faults.push(format!("rows by page: {rows:?}"));
    }
    let last_row = rows.last_key_value().map_or(0, |(page, _)| *page);
    if pages[0].contains(continued) != (last_row > 0) {
        faults.push(format!("the first of {} pages with items says {continued}: {}", last_row + 1, last_row == 0));
    }
    let appendix = document.places.iter().find(|place| &*place.id == "appendix");
    if let Some(appendix) = appendix.filter(|_| !case.kind.has_story) {
        let page = appendix.start.0;
        let room = if case.kind.sections > 0 { ROOM_WITH_SECTIONS } else { ROOM_FOR_APPENDIX };
        let has_room = page > 0 && bottom(&document.pages[page - 1]) < room;
        if last_row > 0 && page > last_row && has_room {
            faults.push(format!("the appendix is on page {}, and has room below the items", page + 1));
        }
    }
    for (index, page) in document.pages.iter().enumerate().take(document.pages.len() - 1) {
        if bottom(page) < HALF {
            faults.push(format!("page {} of {} is filled to {} pt", index + 1, document.pages.len(), bottom(page)));
        }
    }
    faults
}

fn bottom(page: &Page) -> f32 {
    texts(page).map(|(_, y)| y).fold(0.0, f32::max)
}

#[track_caller]
fn assert_well_filled(cases: &[Case]) {
    let sandbox = workspace(cases);
    let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let wrong: Vec<String> = cases
        .par_iter()
        .filter_map(|case| {
            let html = sandbox.read(&format!("out/202208/{}/invoice.html", case.id()));
            let faults = faults(*case, &lay_out(&String::from_utf8(html).unwrap()));
            (!faults.is_empty()).then(|| format!("{}: {}", case.id(), faults.join("; ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// One count in 24 of each kind, another for each, so that every count is there in several kinds.
#[test]
fn pages_are_well_filled() {
    let cases: Vec<Case> = (0..)
        .zip(kinds())
        .flat_map(|(index, kind)| {
            let items = (1..=ITEMS_MOST).filter(move |items| (items + 7 * index) % 24 == 0);
            items.map(move |items| Case { kind, items })
        })
        .collect();
    assert_well_filled(&cases);
}

/// A story begins below the items of a second page, and breaks between its parts; the appendix begins below it.
#[test]
fn a_story_leaves_no_page_short() {
    let story = Kind { has_story: true, ..Kind::PLAIN };
    let kinds = [
        Kind { has_appendix: true, ..story },
        Kind { has_appendix: true, is_daily: true, ..story },
        Kind { has_appendix: true, has_long_names: true, ..story },
        Kind { is_daily: true, ..story },
    ];
    let cases: Vec<Case> = kinds
        .into_iter()
        .flat_map(dressed)
        .zip(0..)
        .flat_map(|(kind, index)| (1..=5).map(move |step| Case { kind, items: (8 * step + index) % ITEMS_MOST + 1 }))
        .collect();
    assert_well_filled(&cases);
}

/// A story of two groups takes a fifth of a page, and contents follow it.
#[test]
fn contents_follow_a_short_story() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"見本通信\"\nbank-accounts = [\"見本銀行 普通 1\"]\n[invoice]\nstory = true\ndetails = \"resource\"\n\
         [[source]]\nname = \"s\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/*.csv\"\n",
    );
    sandbox.write("customers/acme.toml", "name = \"アクメ\"\n[[match]]\nitem = \"*\"\n");
    let mut bill = "imsi,name,groupName,date,billItemName,quantity,amount\n".to_owned();
    for sim in 1..=60 {
        for item in 1..=12 {
            writeln!(bill, "4401012345{sim:05},bus-{sim},g{},202208,item{item:02},1,100", sim % 2).unwrap();
        }
    }
    sandbox.write("billing/202208/bill.csv", bill);
    let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document = lay_out(&String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap());
    let place = |id: &str| document.places.iter().find(|place| &*place.id == id).unwrap();
    assert!(all_text(&document.pages[place("appendix").start.0]).contains("目次"));
    assert_eq!(place("story").end.0, place("appendix").start.0);
    for page in &document.pages[..document.pages.len() - 1] {
        assert!(bottom(page) >= HALF, "{}", bottom(page));
    }
}

/// Without bank account and notes few items take less than half of the first page.
#[test]
fn an_appendix_fills_a_short_first_page() {
    let bare = Kind { has_appendix: true, is_bare: true, ..Kind::PLAIN };
    let kinds = dressed(bare).chain(dressed(Kind { is_daily: true, has_story: true, ..bare }));
    let cases: Vec<Case> =
        kinds.flat_map(|kind| [1, 2, 3, 5, 8, 12].into_iter().map(move |items| Case { kind, items })).collect();
    assert_well_filled(&cases);
}

/// Headings and subtotals of one, three and nine sections take rows of their own, and stay with what is below them.
#[test]
fn pages_with_sections_are_well_filled() {
    let kinds = kinds().into_iter().filter(|kind| !kind.has_long_names && kind.is_daily == kind.has_appendix);
    let kinds = kinds.flat_map(|kind| [1, 3, 9].map(|sections| Kind { sections, ..kind }));
    let cases: Vec<Case> = (0..)
        .zip(kinds)
        .flat_map(|(index, kind)| {
            let items = (kind.sections..=ITEMS_MOST).filter(move |items| (items + 5 * index) % 13 == 0);
            items.map(move |items| Case { kind, items })
        })
        .collect();
    assert_well_filled(&cases);
}

#[test]
#[ignore = "every count in every kind takes minutes without optimisation: run it as .ci/run does"]
fn pages_are_well_filled_for_every_count() {
    // The two languages of a kind take turns: they differ in the widths of words, hardly in heights.
    let takes_its_turn = |kind: &Kind, items: usize| items.is_multiple_of(2) == (kind.language == "ja");
    let cases: Vec<Case> = kinds()
        .into_iter()
        .flat_map(|kind| (1..=ITEMS_MOST).map(move |items| Case { kind, items }))
        .filter(|case| takes_its_turn(&case.kind, case.items))
        .collect();
    for part in cases.chunks(240) {
        assert_well_filled(part);
    }
}

/// A page that is made alone is the page beside a PDF, whichever way it was fitted.
#[test]
fn html_alone_is_fitted_as_beside_a_pdf() {
    let plain = Kind { is_daily: true, has_appendix: true, ..Kind::PLAIN };
    for kind in [
        Kind { design: "modern", has_discounts: true, ..plain },
        Kind { has_story: true, ..plain },
        Kind { is_bare: true, ..plain },
    ] {
        assert_alone_as_beside_a_pdf([2, 14, 18, 40].map(|items| Case { kind, items }));
    }
}

fn assert_alone_as_beside_a_pdf(cases: [Case; 4]) {
    let sandbox = workspace(&cases);
    let html = |case: &Case| sandbox.read(&format!("out/202208/{}/invoice.html", case.id()));
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "html"]).code, 0);
    let alone: Vec<_> = cases.iter().map(html).collect();
    assert_eq!(sandbox.run(&["build", "202208", "--quiet", "--format", "html,pdf"]).code, 0);
    assert!(cases.iter().map(html).eq(alone));
}

/// Nine rows of some 10 mm fit on a page of 100 mm. Twelve leave three, and fit where they are 6 mm high; eighteen are nine
/// and nine, which is right as it is. A template that takes no notice of `fit` gets its pages as they come.
#[test]
fn templates_see_what_gives_way_and_may_ignore_it() {
    let kind = Kind { language: "en", is_daily: true, ..Kind::PLAIN };
    let cases = [1, 12, 18].map(|items| Case { kind, items });
    let sandbox = workspace(&cases);
    let said = |template: &str| {
        sandbox.write("templates/classic.html", template);
        let run = sandbox.run(&["build", "202208", "--quiet", "--format", "html"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        cases.map(|case| {
            let html = String::from_utf8(sandbox.read(&format!("out/202208/{}/invoice.html", case.id()))).unwrap();
            html.split("<b>").nth(1).map(|said| said.split("</b>").next().unwrap().to_owned()).unwrap_or_default()
        })
    };
    let head = "<!DOCTYPE html><style>@page{size:100mm 100mm;margin:0} tr{break-inside:avoid}</style>";
    let says = "<p><b>{{ fit.chart }} {{ fit.rows }} {{ fit.totals }} {{ fit.appendix }} {{ fit.continued }}</b>";
    let height = "style=\"height:{% if fit.rows == 'tight' %}5{% else %}9{% endif %}mm\"";
    let rows = format!(
        "<table>{{% for row in charges %}}<tr id=\"item-{{{{ row.line }}}}\"><td {height}>x</td></tr>{{% endfor %}}</table>"
    );
    let fitted = said(&format!("{head}{says}{rows}"));
    let expected = ["full normal below page false", "none tight below page false", "full normal below below true"];
    assert_eq!(fitted, expected);
    let ignoring =
        said(&format!("{head}<b>x</b>{}", rows.replace("{% if fit.rows == 'tight' %}5{% else %}9{% endif %}", "9")));
    assert_eq!(ignoring, ["x", "x", "x"]);
}
