//! Lays out whole documents; positions are worked out by hand.

use super::{Document, Faces, Fault, Item, Page, Shape, Text, lay_out};

fn laid_out(html: &str) -> Result<Document, Vec<Fault>> {
    lay_out(&format!("<!DOCTYPE html>{html}"), &Faces::built_in(), &|_| Err("no images".to_owned()))
}

fn texts(document: &Document, page: usize) -> Vec<&Text> {
    let items = document.pages[page].layers.iter().flat_map(|layer| &layer.items);
    items.filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None }).collect()
}

fn fault(html: &str) -> (u32, u32, String, String) {
    let faults = laid_out(html).expect_err("a fault");
    let fault = &faults[0];
    (fault.line, fault.column, fault.fragment.clone(), fault.message.clone())
}

#[test]
fn a_paragraph_stands_where_its_margins_say() {
    let document = laid_out("<style>@page{size:A4;margin:1in}</style><p>一二").expect("a document");
    let text = texts(&document, 0)[0];
    // 96 px of page margin, 8 px of the body's, and the paragraph's 16 px with which the body's collapses above.
    // Pages Gothic rises 1802/2048 em: 14 px of 16, in whole px.
    assert_eq!((text.x, text.y), (104.0 * 0.75, (96.0 + 16.0 + 14.0) * 0.75));
    // Two full-width characters of 16 px.
    assert_eq!((text.width, text.size), (24.0, 12.0));
}

#[test]
fn a_row_that_does_not_fit_starts_the_next_page_below_the_repeated_head() {
    let rows: String = (1..=9).map(|row| format!("<tr><td>{row}")).collect();
    let document = laid_out(&format!(
        "<style>@page{{size:100mm 60mm;margin:5mm}}body{{margin:0}}table{{border-collapse:collapse}}
         td,th{{padding:0;line-height:40px;font-weight:normal}}</style>
         <table><thead><tr><th>h<tbody>{rows}</table>"
    ))
    .expect("a document");
    let pages: Vec<Vec<String>> = (0..document.pages.len())
        .map(|page| texts(&document, page).iter().map(|text| text.text.to_string()).collect())
        .collect();
    // 50 mm are 189 px: a head and three rows of 40 px.
    assert_eq!(pages, [["h", "1", "2", "3"], ["h", "4", "5", "6"], ["h", "7", "8", "9"]]);
}

#[test]
fn cells_of_a_row_share_the_width_as_their_text_asks() {
    let document = laid_out(
        "<style>@page{size:A4;margin:0}body{margin:0;font-size:10px}table{width:90px;border-spacing:0}td{padding:0}</style>
         <table><tr><td>一<td>二二</table>",
    )
    .expect("a document");
    // 10 px and 20 px of text, and 60 px left over in proportion to them: columns of 30 px and 60 px.
    let places: Vec<f32> = texts(&document, 0).iter().map(|text| text.x / 0.75).collect();
    assert_eq!(places, [0.0, 30.0]);
}

#[test]
fn backgrounds_and_links_have_their_places() {
    let document = laid_out(
        "<style>@page{size:A4;margin:0}body{margin:0}div{width:40px;height:20px;background:#123456}</style>
         <div></div><a href='https://example.com/'>一</a><h2 id=x>題</h2><a href='#x'>↑</a>",
    )
    .expect("a document");
    let Shape::Rectangle { area, color } = document.pages[0].layers[1].shapes[0].clone() else { panic!("a rectangle") };
    assert_eq!((area.x, area.y, area.width, area.height, color), (0.0, 0.0, 30.0, 15.0, [0x12, 0x34, 0x56]));
    assert_eq!(document.pages[0].links.len(), 2);
    assert_eq!((document.outline[0].level, document.outline[0].title.as_str()), (2, "題"));
}

/// The head comes back on the second page as a copy; the outline leads to the first.
#[test]
fn a_heading_in_a_repeated_table_head_is_one_bookmark() {
    let rows: String = (1..=9).map(|row| format!("<tr><td>{row}")).collect();
    let document = laid_out(&format!(
        "<style>@page{{size:100mm 60mm;margin:5mm}}</style>
         <table><thead><tr><th><h2>明細</h2><tbody>{rows}</table>"
    ))
    .expect("a document");
    assert!(document.pages.len() > 1);
    let entries: Vec<(&str, usize)> = document.outline.iter().map(|it| (it.title.as_str(), it.page)).collect();
    assert_eq!(entries, [("明細", 0)]);
}

#[test]
fn bookmarks_are_headings_and_what_says_to_be_one() {
    let document = laid_out(
        "<style>th{bookmark-level:3}h4{bookmark-level:none}</style>
         <h1>a</h1><h4>b</h4><h5>c</h5><table><tr><th aria-label='The sum'>d<td>e</table>",
    )
    .expect("a document");
    let entries: Vec<(u8, &str)> = document.outline.iter().map(|entry| (entry.level, entry.title.as_str())).collect();
    assert_eq!(entries, [(1, "a"), (5, "c"), (3, "The sum")]);
    let message = "expected none or a level from 1 to 6, found 7";
    assert_eq!(fault("<p style='bookmark-level:7'>x").3, message);
}

#[test]
fn a_page_number_is_that_of_the_links_target() {
    let far = "<p style='break-before:page' id=far>x</p>";
    let pages: String = (2..=11).map(|_| "<p style='break-before:page'>-</p>").collect();
    let document = laid_out(&format!(
        "<style>@page{{size:A4;margin:0}}body{{margin:0;font-size:20px}}table{{border-spacing:0}}td{{padding:0}}</style>
         <table><tr><td>一</td><td><a href='#far' data-page></a></td></tr></table>{pages}{far}"
    ))
    .expect("a document");
    let number = texts(&document, 0)[1];
    assert_eq!(&*number.text, "12");
    // In Pages Gothic a digit is 1556/2048 em wide: room is kept for 0000, and 12 is at the right of it.
    let free = f32::from(4_i16 * 1556 - 2 * 1556) / 2048.0 * 15.0;
    assert!((number.x - (15.0 + free)).abs() < 0.01, "{}", number.x);
    assert_eq!(document.pages[0].links.len(), 1);
    assert_eq!(fault("<a href='#x' data-page>1</a><p id=x>").3, "expected an empty link to #id for a page number");
    assert_eq!(fault("<a href='#x' data-page></a>").3, "no element has this id");
}

#[test]
fn faults_name_line_column_and_source() {
    let html = "\n<style>\n p { float: left }</style><p>x";
    let expected = (3, 6, "float: left".to_owned(), "the property float is not supported".to_owned());
    assert_eq!(fault(html), expected);
    assert_eq!(fault("<video>").3, "the element <video> is not supported");
    assert_eq!(fault("<p style='color: blurple'>").2, "color: blurple");
    assert_eq!(fault("<img src='a.png'>").3, "no images");
    assert_eq!(fault("<a href='#nowhere'>x</a>").3, "no element has this id");
}

#[test]
fn a_character_without_a_face_is_named_and_has_a_stand_in() {
    let document = laid_out("<p>吉野<b>🚀</b>家 🚀号<p>🛰\u{fe0f}").expect("a document");
    let found: Vec<_> = document.missing.iter().map(|one| (one.character, one.times, one.column, &*one.text)).collect();
    assert_eq!(found, [('🚀', 2, 24, "🚀"), ('🛰', 1, 36, "🛰\u{fe0f}")]);
    let shown: Vec<&str> = texts(&document, 0).iter().map(|text| &*text.text).collect();
    assert_eq!(shown, ["吉野", "〓", "家 〓号", "〓"]);
}

#[test]
fn the_faces_are_tried_per_character_and_form() {
    let document =
        laid_out("<p>𠮷野家 葛\u{e0100}城 葛\u{e0101}城 邊\u{e0102}見 a\u{200d}b\u{feff}c").expect("a document");
    let runs: Vec<(u8, &str)> = texts(&document, 0).iter().map(|text| (text.face, &*text.text)).collect();
    let expected = [(2, "𠮷"), (0, "野家 葛\u{e0100}城 葛城 "), (2, "邊\u{e0102}"), (0, "見 abc")];
    assert_eq!(runs, expected);
}

#[test]
fn forms_of_kanji_grow_apart_as_one_letter() {
    // Five letters on a line of six em, justified: four gaps share the sixth em, whichever form a letter has.
    let html = |second: &str| {
        format!(
            "<style>@page{{size:100mm 40mm;margin:0}}body{{margin:0}}p{{width:60px;font-size:10px;text-align:justify;\
             word-break:keep-all}}</style><p>一{second}三四五　六六六六六"
        )
    };
    let width = |second: &str| {
        let document = laid_out(&html(second)).expect("a document");
        texts(&document, 0).iter().map(|text| text.width).sum::<f32>()
    };
    assert!((width("葛") - width("葛\u{e0100}")).abs() < 0.01);
}

#[test]
fn all_faults_come_at_once() {
    let faults = laid_out("<style>a{x:1;y:2}@page{size:Z9}</style><p onclick=''>&nope;").expect_err("faults");
    assert_eq!(faults.len(), 5);
}

#[test]
fn collapsed_borders_are_drawn_once_and_over_backgrounds() {
    let document = laid_out(
        "<style>@page{size:100mm 40mm;margin:0}body{margin:0}td,th{padding:0;line-height:40px;border-bottom:1px solid #123456}
         table{border-collapse:collapse;width:100px;border:1px solid #123456}.x{background:#ffeedd}</style>
         <table><thead><tr><th>h<tbody><tr><td>1<tr class=x><td>2<tr><td>3<tr><td>4</table>",
    )
    .expect("a document");
    assert_eq!(document.pages.len(), 2);
    for page in &document.pages {
        let shapes = &page.layers[1].shapes;
        let lines: Vec<_> = shapes
            .iter()
            .enumerate()
            .filter_map(|(place, shape)| match shape {
                Shape::Rectangle { area, color: [0x12, 0x34, 0x56] } => Some((place, area)),
                _ => None,
            })
            .collect();
        for (index, (_, one)) in lines.iter().enumerate() {
            assert!(lines[index + 1..].iter().all(|(_, other)| one != other), "{one:?} is drawn twice");
        }
        let fill = shapes.iter().position(|shape| matches!(shape, Shape::Rectangle { color: [0xff, 0xee, 0xdd], .. }));
        assert!(fill.is_none_or(|fill| lines.iter().all(|(place, _)| *place > fill)));
    }
}

#[test]
fn a_dashed_border_begins_and_ends_with_a_dash() {
    let document = laid_out(
        "<style>@page{size:A5;margin:0}body{margin:0}div{width:469px;border-top:1px dashed #333;border-bottom:3px dashed #333}</style><div></div>",
    )
    .expect("a document");
    let dashes: Vec<(f32, f32)> = document.pages[0].layers[1]
        .shapes
        .iter()
        .filter_map(|shape| if let Shape::Dashes { dash, .. } = shape { Some(*dash) } else { None })
        .collect();
    // Chromium's print of the same: dashes of 3 px every 5.0107527 px; and below, of 6 px with gaps near 3 px, 52 of them.
    let points = |px: f64| (px * 0.75) as f32;
    assert_eq!(dashes, [(2.25, points((469.0 - 94.0 * 3.0) / 93.0)), (4.5, points((469.0 - 52.0 * 6.0) / 51.0))]);
}

/// 60 px and a row of 44 px are above; the second row's lines end at 168 px of 180, its padding would at 188.
#[test]
fn a_row_goes_to_the_next_page_rather_than_without_its_padding() {
    let document = laid_out(
        "<style>@page{size:300px 200px;margin:10px}body{margin:0;font-size:10px;line-height:20px}
         table{border-collapse:collapse}td{padding:4px 0 20px;vertical-align:top}</style>
         <div style='height:60px'>前</div><table><tr><td>一<tr><td>二<br>三<br>四</table>",
    )
    .expect("a document");
    let pages: Vec<Vec<&str>> =
        (0..document.pages.len()).map(|page| texts(&document, page).iter().map(|text| &*text.text).collect()).collect();
    assert_eq!(pages, [vec!["前", "一"], vec!["二", "三", "四"]]);
}

/// 133 px, 22 px and 24 px, with half of each border inside the rows: they end at 179 px of 180, the last border at 181.
#[test]
fn the_lower_border_of_a_table_stays_with_its_last_row() {
    let document = laid_out(
        "<style>@page{size:300px 200px;margin:10px}body{margin:0;font-size:10px;line-height:20px}
         table{border-collapse:collapse}td{padding:0;border-bottom:4px solid #000}</style>
         <div style='height:133px'>前</div><table><tr><td>一<tr><td>二</table>",
    )
    .expect("a document");
    assert_eq!(document.pages.len(), 2);
    assert_eq!(texts(&document, 0).len(), 2, "the first row stays");
    assert_eq!(&*texts(&document, 1)[0].text, "二");
}

#[test]
fn a_table_in_a_flexible_row_is_as_wide_as_its_content_asks() {
    let document = laid_out(
        "<style>@page{size:300px 200px;margin:0}body{margin:0;font-size:10px}div{display:flex;width:200px;
         justify-content:space-between}p{width:100px;margin:0}table{width:50px;border-spacing:0}td{padding:0;
         white-space:nowrap}</style><div><p>左</p><table><tr><td>一二三四五六七八</table></div>",
    )
    .expect("a document");
    // 80 px of text, at the right of 200.
    assert_eq!(texts(&document, 0)[1].x, 120.0 * 0.75);
}

/// Pages of 100 px by 100, without margins: three rows of 40 px, of which two fit on a page.
#[test]
fn the_places_of_ids_are_known_with_their_ends() {
    let document = laid_out(
        "<style>@page{size:100px 100px;margin:0}body,table{margin:0;border-spacing:0}tr{break-inside:avoid}td{padding:0;height:40px}</style>\
         <div id=all><table><tr id=one><td><tr id=two><td><tr id=three><td></table></div>",
    )
    .expect("a document");
    let places: Vec<_> = document.places.iter().map(|place| (&*place.id, place.start, place.end)).collect();
    let expected = [
        ("all", (0, 0.0), (1, 30.0)),
        ("one", (0, 0.0), (0, 30.0)),
        ("two", (0, 30.0), (0, 60.0)),
        ("three", (1, 0.0), (1, 30.0)),
    ];
    assert_eq!(places, expected);
}

/// What stands in margins and on every page fills none.
#[test]
fn pages_are_as_full_as_their_own_text_reaches() {
    let document = laid_out(
        "<style>@page{size:100px 100px;margin:0 0 20px 0;@bottom-center{content:'x'}}body{margin:0}\
         .f{position:fixed;bottom:0;left:0}p{margin:0;font-size:10px;line-height:10px}</style>\
         <div class=f>x</div><p style='padding-top:40px'>x<p style='break-before:page'>x",
    )
    .expect("a document");
    let filled: Vec<u32> = document.pages.iter().map(Page::filled_percent).collect();
    // Baselines of lines 10 px high.
    assert!((45..50).contains(&filled[0]) && (5..10).contains(&filled[1]), "{filled:?}");
}

/// A thread remembers the styles of a style sheet. What it has laid out before changes nothing: neither pages nor faults.
#[test]
fn a_document_is_the_same_whatever_came_before_it() {
    let sheet = |number: u32| {
        format!(
            "<style>@page{{size:90mm 60mm;margin:9mm;@bottom-left{{content:'{number}'}}}}@media print{{p{{color:red}}}}
             .b{{break-before:page}}p:nth-child(2){{font-size:20px}}#x p{{margin-left:9px}}</style>"
        )
    };
    let bodies = [
        "<p>one<p class=b>two",
        "<p>one<p>two<p style='color:blue'>three",
        "<p class=c>one<p style='float:left'>two",
        "<div id=x><p class=b>one<p>two</div>",
        "<p style='line-height:3'>one<div id=y><p>two</div><h2 class=b>three</h2>",
    ];
    let documents = || bodies.iter().zip(1..).map(|(body, number)| format!("{}{body}", sheet(number)));
    let outcome = |html: &str| format!("{:#?}", laid_out(html));
    let alone: Vec<String> = std::thread::scope(|scope| {
        documents().map(|html| scope.spawn(move || outcome(&html)).join().expect("no panic")).collect()
    });
    for _ in 0..2 {
        for (html, alone) in documents().zip(&alone) {
            assert_eq!(outcome(&html), *alone, "{html}");
        }
    }
    assert!(alone[2].contains("float") && alone[1].contains("three"), "{alone:?}");
}
