//! Where lines of Japanese may not begin, end or break (JIS X 4051; CSS Text 3, `line-break: strict`), at every width.

use std::collections::BTreeMap;

use pages::layout::{Faces, Item, lay_out};

/// 行頭禁則: closing brackets and marks, stops, sounds that lengthen or repeat, small kana.
const NEVER_FIRST: &str =
    "、。，．・：；？！”’）］｝〕〉》」』】々ゝゞヽヾーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ‐–〜%％‰℃,.)]}";
/// 行末禁則: opening brackets and marks, and signs that belong to the number behind them.
const NEVER_LAST: &str = "“‘（［｛〔〈《「『【([{¥￥$＄£№";

/// The lines of a text in a column of so many full-width letters.
fn lines(text: &str, letters: usize) -> Vec<String> {
    let html = format!(
        "<!DOCTYPE html><style>@page {{ size: 400mm 250mm; margin: 10mm }} body {{ margin: 0; font-size: 10px }} \
         p {{ margin: 0; width: {}px }}</style><p>{}",
        letters * 10,
        text.replace('&', "&amp;")
    );
    let document = lay_out(&html, &Faces::built_in(), &|_| Err(String::new())).unwrap();
    let mut lines: BTreeMap<(usize, u32), String> = BTreeMap::new();
    for (number, page) in document.pages.iter().enumerate() {
        for item in page.layers.iter().flat_map(|layer| &layer.items) {
            if let Item::Text(text) = item {
                // Positive floats are in the order of their bits.
                lines.entry((number, text.y.to_bits())).or_default().push_str(&text.text);
            }
        }
    }
    lines.into_values().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn no_line_begins_or_ends_with_what_must_not() {
    let first: Vec<char> = NEVER_FIRST.chars().collect();
    let last: Vec<char> = NEVER_LAST.chars().collect();
    for letter in first.iter().chain(&last) {
        // The letter comes to every place of the line.
        let text = format!("請求書は{letter}御中{letter}株式会社です{letter}明細の通信料金を合計{letter}円です");
        for width in 3..12 {
            let lines = lines(&text, width);
            assert!(lines.len() > 1, "{text}");
            assert_eq!(lines.concat(), text);
            for (number, line) in lines.iter().enumerate() {
                let starts = line.chars().next().filter(|start| number > 0 && first.contains(start));
                assert_eq!(starts, None, "{letter} at {width}: {lines:?}");
                let ends = line.chars().last().filter(|end| number + 1 < lines.len() && last.contains(end));
                assert_eq!(ends, None, "{letter} at {width}: {lines:?}");
            }
        }
    }
}

/// A full-width digit, and a kanji behind a number (円, 日), is a letter of its own for UAX 14 and so for browsers: where
/// both must stay on one line a template says `white-space: nowrap`.
#[test]
fn numbers_stay_with_their_signs_and_units() {
    let numbers = ["¥1,234", "$12.50", "10%", "3.5GB", "-1,234", "¥-500", "(1,234)", "10:30", "100.5MB"];
    for number in numbers {
        let text = format!("通信料の合計は{number}、割引の後は{number}となります。次の{number}も同じです");
        for width in 5..14 {
            let lines = lines(&text, width);
            assert_eq!(lines.concat(), text);
            // Every line that has a part of the number has all of it.
            let whole: usize = lines.iter().map(|line| line.matches(number).count()).sum();
            assert_eq!(whole, 3, "{number} at {width}: {lines:?}");
        }
    }
}

#[test]
fn lines_may_end_behind_stops() {
    // 8 letters of 10 px; the amount does not fit behind the stop, but may stand on a line of its own.
    assert_eq!(lines("合計の金額は、¥123,456です", 8), ["合計の金額は、", "¥123,456です"]);
    assert_eq!(lines("払いました。$123,456です", 8), ["払いました。", "$123,456です"]);
    // Nothing fits behind, and nothing before may be left alone: the two go down together.
    assert_eq!(lines("通信料金等「内訳」", 6), ["通信料金等", "「内訳」"]);
    assert_eq!(lines("通信料金内訳。", 6), ["通信料金内", "訳。"]);
}
