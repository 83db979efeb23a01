//! The built-in designs on paper: what each page says, in both languages, as drafts and as credit notes. The workspaces
//! are those of `tests/pages/`.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use invoicer::assets::Assets;
use invoicer::model::invoice::DocumentKind;
use invoicer::model::settings::Language;
use invoicer::workspace;
use pages::layout::{self, Document, Faces, Item, Picture, PictureData};
use serde_json::Value;

use crate::browser_tree::assert_agrees;
use crate::common::{Sandbox, as_laid_out, copy_tree};

pub(crate) const DESIGNS: [&str; 2] = ["classic", "modern"];

pub(crate) fn pages(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages").join(name)
}

/// The HTML of a page in a design and language.
pub(crate) fn html(name: &str, design: &str, language: &str, arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    copy_tree(&pages(name), sandbox.path());
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let chosen = settings
        .replace("template = \"classic\"", &format!("template = \"{design}\""))
        .replace("language = \"ja\"", &format!("language = \"{language}\""));
    sandbox.write("invoicer.toml", chosen);
    let run = sandbox.run(&[&["build", "202208", "--quiet", "--format", "html"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    as_laid_out(&String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap())
}

fn picture(src: &str) -> Result<Arc<Picture>, String> {
    let (_, encoded) = src.split_once(";base64,").unwrap();
    Picture::read(&base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).map(Arc::new)
}

pub(crate) fn lay_out(html: &str) -> Document {
    layout::lay_out(&as_laid_out(html), &Faces::built_in(), &picture).unwrap()
}

/// The text of each page without spaces.
fn texts(document: &Document) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Text(text) => text.text.replace([' ', '\u{3000}', '\u{a0}'], ""),
        _ => String::new(),
    };
    document.pages.iter().map(|page| page.layers.iter().flat_map(|layer| &layer.items).map(text).collect()).collect()
}

/// Whether a page shows the seal: the only picture of 300 × 300 pixels.
fn has_seal(document: &Document, page: usize) -> bool {
    let is_seal = |item: &Item| match item {
        Item::Picture { index, .. } => {
            let picture = &document.pictures[*index];
            !matches!(picture.data, PictureData::Outlines(_)) && (picture.width, picture.height) == (300.0, 300.0)
        }
        _ => false,
    };
    document.pages[page].layers.iter().flat_map(|layer| &layer.items).any(is_seal)
}

#[track_caller]
fn assert_says(text: &str, expected: &[&str], what: &str) {
    for words in expected {
        let words = words.replace(' ', "");
        assert!(text.contains(&words), "{what}: no {words:?} in {text}");
    }
}

/// 299 + 2,733 + 552 + 1,668 before tax; 10 % of 299 and 8 % of 2,733, each rounded up.
#[test]
fn every_design_states_what_the_law_asks() {
    let figures =
        ["INV-202208-acme", "T7000012050002", "アクメ株式会社", "サンプル通信株式会社", "¥299", "¥30", "¥2,733"];
    let more = ["¥219", "¥552", "¥1,668", "¥5,252", "¥5,501", "drinkingWaterSubscription ※"];
    let japanese =
        ["御請求書", "10%対象", "8%対象 ※", "免税対象", "不課税対象", "※は軽減税率対象", "2022年8月1日〜2022年8月31日"];
    let english = ["Invoice", "Subject to 10%", "Subject to 8% ※", "Exempt", "Out of scope", "1–31 August 2022"];
    for design in DESIGNS {
        for (language, words) in [("ja", &japanese[..]), ("en", &english[..])] {
            let document = lay_out(&html("three-categories", design, language, &[]));
            let text = &texts(&document)[0];
            let what = format!("{design} {language}");
            assert_says(text, &[&figures[..], &more[..], words].concat(), &what);
            assert!(has_seal(&document, 0), "{what}: no seal on the first page");
            assert!(!text.contains("DRAFT"), "{what}");
        }
    }
}

#[test]
fn the_total_ends_as_is_the_custom_in_yen_only() {
    assert_says(&texts(&lay_out(&html("plain", "classic", "ja", &[])))[0], &["¥2,959-"], "yen");
    let dollars = &texts(&lay_out(&html("foreign-currency", "classic", "ja", &[])))[0];
    assert!(!dollars.contains("$3,184.53-"), "{dollars}");
}

/// 2,895.02 × 10 % is 289.502, and 39,117.51 yen at 135.12.
#[test]
fn tax_in_yen_and_its_rate_are_stated() {
    for design in DESIGNS {
        let text = &texts(&lay_out(&html("foreign-currency", design, "en", &[])))[0];
        assert_says(text, &["$2,895.02", "$289.51", "$3,184.53", "¥39,118", "1 USD = 135.12 JPY"], design);
    }
}

/// 310, 12.55 and 100 plus 15 % are 356.5, 14.4325 and 115, the discount of 46.5 is 53.475: 432.4575, rounded up at the
/// invoice 433. With two decimals 356.5 + 14.43 + 115 − 53.48 = 432.45, and the adjustment is 0.55.
#[test]
fn amounts_with_decimals_stand_below_each_other_at_their_points() {
    for design in DESIGNS {
        for language in ["ja", "en"] {
            let document = lay_out(&html("decimals", design, language, &[]));
            let items: Vec<&Item> = document.pages[0].layers.iter().flat_map(|layer| &layer.items).collect();
            let texts = items.iter().filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None });
            let texts: Vec<_> = texts.collect();
            let heading = texts.iter().position(|text| ["金額（税抜）", "Amount (excl. tax)"].contains(&&*text.text));
            let texts = &texts[heading.unwrap()..];
            let place =
                |words: &str| *texts.iter().find(|text| &*text.text == words).unwrap_or_else(|| panic!("{words}"));
            let points = [".5", ".43", ".48", ".55"].map(|fraction| place(fraction).x);
            let ends = ["¥356", "¥14", "¥115", "-¥53", "¥0"].map(|whole| place(whole).x + place(whole).width);
            for x in points.iter().chain(&ends) {
                assert!((x - points[0]).abs() < 0.02, "{design} {language}: {points:?} {ends:?}");
            }
        }
    }
}

/// Whether anything is set where the seal is, but the issuer's name.
#[test]
fn the_seal_covers_nothing_but_the_name() {
    for name in ["decimals", "plain", "long-names"] {
        for design in DESIGNS {
            for language in ["ja", "en"] {
                let html = html(name, design, language, &[]);
                let (_, named) = html.split_once("<div class=\"issuer-name").unwrap();
                let issuer = named.split_once('>').unwrap().1.split_once('<').unwrap().0;
                let document = lay_out(&html);
                let items: Vec<&Item> = document.pages[0].layers.iter().flat_map(|layer| &layer.items).collect();
                let seal = items.iter().find_map(|item| match item {
                    Item::Picture { index, area } if document.pictures[*index].width == 300.0 => Some(area),
                    _ => None,
                });
                let seal = seal.unwrap();
                let covered = items.iter().filter_map(|item| match item {
                    Item::Text(text) => Some(text),
                    _ => None,
                });
                let covered = covered.filter(|text| {
                    let across = text.x < seal.x + seal.width && seal.x < text.x + text.width;
                    // From the baseline up, capitals and kanji take some nine tenths of the size.
                    across && text.y - 0.9 * text.size < seal.y + seal.height && seal.y < text.y
                });
                for text in covered {
                    assert!(issuer.contains(&*text.text), "{name} {design} {language}: {}", text.text);
                }
            }
        }
    }
}

/// A note of several lines says each six times; a line may break before every 円, and behind the space in 12 GB.
#[test]
fn no_line_ends_between_a_number_and_its_unit() {
    for design in DESIGNS {
        for language in ["ja", "en"] {
            let document = lay_out(&html("long-names", design, language, &[]));
            let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
            let texts: Vec<&str> =
                items.filter_map(|item| if let Item::Text(text) = item { Some(&*text.text) } else { None }).collect();
            for quantity in ["24か月", "10,000円", "2022年9月30日", "12 GB"] {
                let whole = texts.iter().map(|text| text.matches(quantity).count()).sum::<usize>();
                let dates = usize::from(quantity == "2022年9月30日" && language == "ja");
                assert_eq!(whole, 6 + dates, "{design} {language}: {quantity}");
            }
        }
    }
}

#[test]
fn a_draft_says_so_on_every_page() {
    for design in DESIGNS {
        for language in ["ja", "en"] {
            let draft = texts(&lay_out(&html("plain", design, language, &["--draft"])));
            assert!(draft.len() > 1, "one page proves nothing");
            // Once in the margin and once, large and pale, behind the text.
            for text in &draft {
                assert_eq!(text.matches("DRAFT").count(), 2, "{design} {language}: {text}");
            }
            let issued = texts(&lay_out(&html("plain", design, language, &[])));
            assert_eq!(issued.len(), draft.len());
            assert!(issued.iter().all(|text| !text.contains("DRAFT")), "{design} {language}");
        }
    }
}

#[test]
fn what_is_not_set_leaves_no_trace() {
    for design in DESIGNS {
        let html = html("bare-issuer", design, "ja", &[]);
        let document = lay_out(&html);
        let text = &texts(&document)[0];
        assert_says(text, &["見本商店", "山本花子様"], design);
        for words in ["登録番号", "TEL", "Email", "お振込先", "備考", "〒"] {
            assert!(!text.contains(words), "{design}: {words} in {text}");
        }
        assert!(!html.contains("src=\"\""), "{design}: an image without a source");
    }
}

/// Every day of the page has use, so 31 bars; the tallest is labelled.
#[test]
fn the_modern_design_draws_each_day() {
    let html = html("plain", "modern", "ja", &[]);
    let encoded = html.split("base64,").find_map(|part| {
        let svg = base64::engine::general_purpose::STANDARD.decode(part.split('"').next().unwrap()).ok()?;
        String::from_utf8(svg).ok().filter(|text| text.contains("8000"))
    });
    let svg = encoded.unwrap();
    let bars = |colour: &str| svg.matches(&format!("fill=\"{colour}\"")).count();
    assert_eq!((bars("#0f6a8b"), bars("#a8ccd8")), (1, 30));
    // The peak is 127, for which the scale ends at 160.
    assert!(html.contains("<div>¥160</div><div>¥80</div><div>¥0</div>"), "no scale");
    assert!(html.contains("alt=\"日別のご利用料金: 最高 ¥127 (2022年8月7日)\""), "no text stands for the chart");
    // One charge on one day gives nothing to compare.
    assert!(!self::html("one-line", "modern", "ja", &[]).contains("class=\"chart\""));
}

#[test]
fn the_contents_name_the_page_of_each_group() {
    let document = lay_out(&html("five-thousand-rows", "classic", "ja", &[]));
    let texts = texts(&document);
    let heading = |sim: usize| format!("meter-{sim}4401000000{sim:05}");
    // An entry of the contents ends with its sum, and a table begins with the names of its columns.
    let listed: String = texts.iter().filter(|text| text.matches("meter-").count() > 5).cloned().collect();
    for sim in 1..=100 {
        // A heading comes back on each page of its table; the first is where the group begins.
        let begins = |text: &String| text.contains(&format!("{}日付", heading(sim)));
        let page = texts.iter().position(begins).unwrap() + 1;
        let (_, entry) = listed.split_once(&format!("{}¥", heading(sim))).unwrap();
        // 1,225 and fifty times a thousandth for each SIM before it, plus 15 %: in ten-thousandths of a yen, and then in
        // hundredths half up.
        let units = (14_087_500 + 575 * sim + 50) / 100;
        let fraction = format!(".{:02}", units % 100);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        let subtotal = format!("1,{:03}{fraction}", units / 100 % 1000);
        let number = entry.strip_prefix(&format!("{subtotal}{page}")).unwrap_or_else(|| panic!("SIM {sim}: {entry}"));
        assert!(number.starts_with("meter") || !number.starts_with(|c: char| c.is_ascii_digit()), "SIM {sim}: {entry}");
    }
    // A short appendix needs none.
    assert!(!html("plain", "classic", "ja", &[]).contains("class=\"contents\""));
}

/// 10,300 + 1,000 − 1,200 at 10 % and 3,000 at 8 %, all taken back: 13,100, tax 1,010 and 240, together 14,350. Of 20,000, after
/// 1,100, it leaves 4,550.
#[test]
fn credit_notes_name_what_they_take_back() {
    let plain = pages("plain");
    let settings = workspace::load(&plain).unwrap().settings;
    let assets = Assets::load(&plain, &settings).unwrap();
    let figures =
        ["CN-202209-acme", "INV-202208-acme", "T7000012050002", "¥13,100", "¥10,100", "¥1,010", "¥240", "¥14,350"];
    let left = ["¥20,000", "¥1,100", "¥4,550"];
    let japanese = [
        "返還請求書",
        "もとの請求書番号",
        "2022年9月1日",
        "返還日",
        "2022年9月12日",
        "もとのお取引期間",
        "ご返還金額",
        "もとのご請求金額",
        "ご返還済みの金額",
        "ご返還後のご請求金額",
        "次回のご請求額と相殺",
        "解約済みの回線",
    ];
    let english = [
        "Credit note",
        "Original invoice",
        "1 September 2022",
        "Credit date",
        "Supply period",
        "cancelled",
        "Due after this credit",
        "Refund",
    ];
    for (language, tag, words) in [(Language::Japanese, "ja", &japanese[..]), (Language::English, "en", &english[..])] {
        let text = std::fs::read_to_string(pages("credit-note").join(format!("{tag}.json"))).unwrap();
        let mut view: Value = serde_json::from_str(&text).unwrap();
        view["labels"] = serde_json::to_value(assets.templates.labels(language, DocumentKind::CreditNote)).unwrap();
        for image in ["logo", "seal"] {
            view["issuer"][image] =
                assets.link(&format!("assets/{image}.{}", if image == "logo" { "svg" } else { "png" })).into();
        }
        for design in DESIGNS {
            let document = lay_out(&assets.templates.document(design, &view).unwrap());
            let text = texts(&document).concat();
            assert_eq!(document.pages.len(), 1, "{design} {tag}");
            assert_says(&text, &[&figures[..], &left, words].concat(), &format!("{design} {tag}"));
            for never in ["お支払期限", "お振込先", "Payment due", "Bank account", "御請求書", "-¥14,350", "¥14,350-"]
            {
                assert!(!text.contains(&never.replace(' ', "")), "{design} {tag}: {never} in {text}");
            }
            assert!(has_seal(&document, 0), "{design} {tag}");
        }
    }
}

#[test]
fn invoices_have_the_trees_of_browsers() {
    for name in ["plain", "three-categories", "long-names", "many-accounts"] {
        for design in DESIGNS {
            assert_agrees(&format!("{name}, {design}"), &html(name, design, "ja", &[]));
        }
    }
}
