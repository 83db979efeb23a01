//! Keeps numbers on one line with their units: `1,234円`, `12 MB`, `2022年8月1日`.
//!
//! Browsers, and the PDF like them, may break a line before 円 or behind the space (Unicode's UAX 14). [`hold`] takes a
//! finished page and puts each number with its unit into an element that does not wrap. It works on the whole page, so
//! that texts from templates, settings and providers are treated alike, however they were put together.

use memchr::{memchr, memchr3};
use unicode_width::UnicodeWidthStr;

use crate::model::currency::Currency;

const OPEN: &str = "<span style=\"white-space:nowrap\">";
const CLOSE: &str = "</span>";

/// Maximum width of a text kept together, in columns of half-width characters: a wider one might not fit into a cell.
const COLUMNS_MOST: usize = 24;

/// Maximum bytes of a character reference in HTML, `&` and `;` included.
const REFERENCE_MOST: usize = 34;

/// Maximum count of numbers in a chain: year to second.
const CHAIN_MOST: usize = 6;

/// Elements whose text is not printed on the page.
const RAW: [&str; 3] = ["style", "title", "script"];

/// Units and counters that follow a number.
const COUNTERS: &str = "か月 カ月 ヶ月 ヵ月 ケ月 ヶ年 か年 か所 カ所 ヶ所 箇所 箇月 週間 時間 回線 番地 丁目 号室 通話 契約 ページ バイト キロ \
    メガ ギガ ドル";
/// Counters of one character.
const SHORT_COUNTERS: &str =
    "台個件回本枚名人社式点号番条項区倍割階通口株行頁章冊箱組年月日時分秒週円銭万億兆千百度字語泊";
/// Endings that may follow a counter.
const ENDINGS: &[&str] = &["円", "分", "間", "末", "度", "付", "目", "半", "頃", "バイト"];
/// Counters that another number can follow: dates, times and 1万2千円.
const CHAINED: &str = "年月日時分万億兆千";
/// Units in Latin letters and signs.
const SYMBOLS: &str = "B kB KB MB GB TB PB KiB MiB GiB TiB bit bits kbit Mbit Gbit byte bytes bps kbps Kbps Mbps Gbps % ％ ‰ °C ℃ ° s \
    ms sec min h hr hrs second seconds minute minutes hour hours day days week weeks month months year years mm cm m km g \
    kg V A mA mAh W kW kWh Wh Hz kHz MHz GHz JPY USD EUR yen";
const MONTHS: &str = "January February March April May June July August September October November December Jan Feb Mar Apr Jun Jul \
    Aug Sep Sept Oct Nov Dec";
/// Prefixes that belong to a number.
const LEADING: &[&str] = &["第", "令和", "平成", "昭和"];
const CURRENCIES: &[char] = &['¥', '￥', '$', '＄', '€', '£'];
const SIGNS: &[char] = &['-', '−', '－', '+', '±', '△', '▲'];

/// Puts every number of a page, with its unit, into an element that does not wrap.
pub(super) fn hold(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 64);
    let mut rest = html;
    while let Some(tag) = memchr(b'<', rest.as_bytes()) {
        let (text, markup) = rest.split_at(tag);
        hold_text(text, &mut out);
        let (markup, behind) = markup.split_at(markup_length(markup));
        out.push_str(markup);
        rest = behind;
    }
    hold_text(rest, &mut out);
    out
}

/// The length of the tag or comment that a text begins with; for elements in [`RAW`], up to their end tag.
fn markup_length(markup: &str) -> usize {
    if markup.starts_with("<!--") {
        return markup.find("-->").map_or(markup.len(), |end| end + 3);
    }
    let end = tag_length(markup.as_bytes());
    let name = markup.get(1..).unwrap_or_default();
    let name = &name[..name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len())];
    let raw = RAW.into_iter().find(|raw| raw.eq_ignore_ascii_case(name));
    let length_of_text = |raw: &str| {
        let text = markup.get(end..).unwrap_or_default();
        let closes = |at: &usize| {
            let end_tag = text.get(at + 2..at + 2 + raw.len());
            text[*at..].starts_with("</") && end_tag.is_some_and(|name| name.eq_ignore_ascii_case(raw))
        };
        text.match_indices('<').map(|(at, _)| at).find(closes).unwrap_or(text.len())
    };
    end + raw.map_or(0, length_of_text)
}

/// The length of the tag that a markup begins with; `>` in a quoted value is part of it.
fn tag_length(markup: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr3(b'>', b'"', b'\'', &markup[at..]) {
        let sign = markup[at + found];
        at += found + 1;
        if sign == b'>' {
            return at;
        }
        let Some(end) = memchr(sign, &markup[at..]) else { break };
        at += end + 1;
    }
    markup.len()
}

/// Copies text between tags; references such as `&amp;` are left as they are.
fn hold_text(text: &str, out: &mut String) {
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(|letter| is_digit(letter) || letter == '&')) {
        at += found;
        let rest = &text[at..];
        if rest.starts_with('&') {
            let end = rest.bytes().take(REFERENCE_MOST).position(|byte| byte == b';');
            at += end.map_or(1, |end| end + 1);
            continue;
        }
        let number = number_length(rest);
        let before = &text[copied..at];
        let starts =
            before.chars().next_back().is_none_or(|last| !last.is_ascii_alphanumeric() && !"._".contains(last));
        let Some(behind) = starts.then(|| quantity_length(rest, before)).flatten() else {
            at += number;
            continue;
        };
        let start = at - leading_length(before);
        let held = &text[start..at + behind];
        at += behind;
        if may_break(held) && held.width() <= COLUMNS_MOST {
            out.push_str(&text[copied..start]);
            out.push_str(OPEN);
            out.push_str(held);
            out.push_str(CLOSE);
            copied = at;
        }
    }
    out.push_str(&text[copied..]);
}

/// Whether Unicode's rules allow a line break within a text; they keep plain numbers together.
fn may_break(held: &str) -> bool {
    let breaks = |letter: char| !letter.is_ascii() && !CURRENCIES.contains(&letter) && !"％℃°‰".contains(letter);
    let signed = |(at, letter)| at == 0 && letter == '-' && held[1..].starts_with(CURRENCIES);
    held.contains([' ', '/']) || held.contains(breaks) || is_iso_date(held) || held.char_indices().any(signed)
}

/// The length of the number and unit that a text begins with, if it is a quantity; `before` is the text before it.
fn quantity_length(text: &str, before: &str) -> Option<usize> {
    let number = number_length(text);
    let behind = &text[number..];
    let is_date = |date: &&str| is_iso_date(date) && !text[10..].starts_with(is_word_or_hyphen);
    if text.get(..10).filter(is_date).is_some() && !before.ends_with('-') {
        return Some(10);
    }
    let english = english_date_length(text, number, before);
    if english.is_some() {
        return english;
    }
    // 3〜5日: two numbers and one unit.
    if let Some(second) = behind.strip_prefix(['–', '〜', '～', '~']) {
        let upper = number_length(second);
        let unit = units_length(&second[upper..]);
        if upper > 0 && unit > 0 {
            return Some(text.len() - second.len() + upper + unit);
        }
    }
    let unit = units_length(behind);
    let is_money = before.ends_with(CURRENCIES) || ends_with_code(before);
    let is_counted = unit > 0 || is_money || LEADING.iter().any(|word| before.ends_with(*word));
    let per = if is_money && unit == 0 { per_length(behind) } else { 0 };
    // Unicode allows line breaks between full-width digits.
    let is_wide = text[..number].chars().filter(|letter| !letter.is_ascii()).count() > 0 && number > '０'.len_utf8();
    (is_counted || is_wide).then_some(number + unit + per)
}

/// The length of the units behind a number, and of the numbers and units that continue it: `年8月1日`, ` MB/日`.
fn units_length(text: &str) -> usize {
    let mut rest = text.strip_prefix([' ', '\u{a0}']).unwrap_or(text);
    if let Some(symbol) = symbol(rest) {
        rest = &rest[symbol.len()..];
        return text.len() - rest.len() + per_length(rest);
    }
    let is_spaced = rest.len() < text.len();
    let mut length = 0;
    for _ in 0..CHAIN_MOST {
        let Some(counter) = counter(rest) else { break };
        rest = &rest[counter.len()..];
        if is_spaced && rest.starts_with(is_kanji_or_katakana) {
            break;
        }
        length = text.len() - rest.len();
        let number = number_length(rest);
        if number == 0 || !CHAINED.contains(counter) {
            let ending = ENDINGS.iter().find(|ending| rest.starts_with(**ending)).map_or(0, |ending| ending.len());
            return length + ending + per_length(&rest[ending..]);
        }
        rest = &rest[number..];
    }
    length
}

/// The length of `/月` and the like.
fn per_length(text: &str) -> usize {
    let Some(unit) = text.strip_prefix(['/', '／']) else { return 0 };
    let word = symbol(unit).or_else(|| counter(unit));
    word.map_or(0, |word| text.len() - unit.len() + word.len())
}

fn counter(text: &str) -> Option<&str> {
    let first = text.chars().next().filter(|first| !first.is_ascii())?;
    let word = COUNTERS.split_ascii_whitespace().find(|counter| text.starts_with(counter));
    word.or_else(|| text.get(..first.len_utf8()).filter(|_| SHORT_COUNTERS.contains(first)))
}

fn symbol(text: &str) -> Option<&'static str> {
    let is_first = |letter: char| letter.is_ascii_alphabetic() || "%％‰°℃".contains(letter);
    let fits = |symbol: &&str| {
        let behind = text.strip_prefix(*symbol);
        behind.is_some_and(|behind| !symbol.ends_with(is_word) || !behind.starts_with(is_word))
    };
    text.starts_with(is_first).then(|| SYMBOLS.split_ascii_whitespace().find(fits)).flatten()
}

/// The length of the rest of an English date from its first number: `1 September 2022`, `1–31 August 2022` and, behind
/// the name of a month, `August 2022`, `August 1, 2022`.
fn english_date_length(text: &str, number: usize, before: &str) -> Option<usize> {
    let year = |text: &str, comma: &str| {
        let digits = text.strip_prefix(comma).and_then(|text| text.strip_prefix(' ')).map_or(0, number_length);
        if digits == 4 { comma.len() + 1 + digits } else { 0 }
    };
    if before.ends_with(' ') && MONTHS.split_ascii_whitespace().any(|name| ends_with_word(before, name)) {
        return Some(number + year(&text[number..], ","));
    }
    let behind = &text[number..];
    let range = behind.strip_prefix(['–', '-', '〜']).map(|upper| &upper[number_length(upper)..]);
    let month = range.unwrap_or(behind).strip_prefix(' ')?;
    let ends_word = |name: &&str| month.strip_prefix(*name).is_some_and(|behind| !behind.starts_with(is_word));
    let name = MONTHS.split_ascii_whitespace().find(ends_word)?;
    let behind = &month[name.len()..];
    Some(text.len() - behind.len() + year(behind, ""))
}

/// Whether a text ends with that word and a space.
fn ends_with_word(text: &str, word: &str) -> bool {
    let rest = text.strip_suffix(' ').and_then(|text| text.strip_suffix(word));
    rest.is_some_and(|rest| !rest.ends_with(is_word))
}

/// Whether a text ends with the code of a currency and a space.
fn ends_with_code(text: &str) -> bool {
    let code = text.strip_suffix([' ', '\u{a0}']).and_then(|text| text.get(text.len().checked_sub(3)?..));
    code.is_some_and(|code| Currency::of(code).is_some() && !text[..text.trim_end().len() - 3].ends_with(is_word))
}

/// The length of the prefix that belongs to a number: `-¥`, `第`, `USD `, `August `.
fn leading_length(before: &str) -> usize {
    if ends_with_code(before) {
        return before.len() - before.trim_end().len() + 3;
    }
    if before.ends_with(' ')
        && let Some(word) = MONTHS.split_ascii_whitespace().find(|word| ends_with_word(before, word))
    {
        return word.len() + 1;
    }
    if let Some(word) = LEADING.iter().find(|word| before.ends_with(**word)) {
        return word.len();
    }
    let rest = before.strip_suffix(CURRENCIES).unwrap_or(before);
    let unsigned = rest.strip_suffix(SIGNS).filter(|rest| !rest.ends_with(|letter: char| letter.is_alphanumeric()));
    before.len() - unsigned.unwrap_or(rest).len()
}

/// Digits, with points and commas among them.
fn number_length(text: &str) -> usize {
    let mut length = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let goes_on = letters.peek().is_some_and(|(_, next)| is_digit(*next));
        if is_digit(letter) {
            length = at + letter.len_utf8();
        } else if at == 0 || !(".,．，".contains(letter) && goes_on) {
            break;
        }
    }
    length
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '０'..='９')
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
}

fn is_word_or_hyphen(letter: char) -> bool {
    is_word(letter) || letter == '-'
}

fn is_kanji_or_katakana(letter: char) -> bool {
    matches!(letter, '\u{30a1}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

fn is_iso_date(text: &str) -> bool {
    let is_place = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page with brackets around each text kept together.
    fn held(html: &str) -> String {
        hold(html).replace(OPEN, "[").replace(CLOSE, "]")
    }

    #[test]
    fn numbers_are_held_with_their_units() {
        for expected in [
            "合計は、[1,234円]です",
            "[12 MB]まで、超過分は[10 %]引き",
            "[3か月分]の[100回線]",
            "[2022年8月1日]〜[2022年8月31日]",
            "[2022年8月分] ご利用料金",
            "[令和4年8月末]締め、[第3回]",
            "[10時30分]から[2時間]",
            "[1万2千円]、[5千円]、[1.5億円]",
            "[100円/月]、[¥330/月]、[0.2円/MB]、[10 MB/日]",
            "値引き [-¥1,234]、[△500円]",
            "[3〜5日]、[1–31 August 2022]",
            "due [1 September 2022] or [August 2, 2022]; for [August 2022]",
            "([1 USD] = [138.70 JPY] (TTM, [2022-08-31]))",
            "[USD 1,234.50] a year, [3 months], [24 h]",
            "[１２個目]、全角の[１２３]",
            "[1,234 円]と[12 か月]",
            "&#39;[5円]&amp;[6円]&#39;",
            "[10時30分20秒]、[1分]、[12キロバイト]",
        ] {
            assert_eq!(held(&expected.replace(['[', ']'], "")), expected);
        }
    }

    #[test]
    fn what_lines_never_break_or_is_no_quantity_stays_as_it_is() {
        for text in [
            "消費税（10%）¥1,234、12MB、5G、$3.50",
            "INV-202208-acme INV-2022-08-31-acme 03-0000-0000 100-0001 T7000012050002",
            "千代田1-1 サンプルビル3F",
            "soracom1円 v1.2 1 本体 2022 東京",
            "合計&#12345;円 &yen;5",
            "",
            "123456789012345678901234円",
        ] {
            assert_eq!(held(text), text);
        }
    }

    #[test]
    fn only_text_is_changed() {
        let html = "<!-- 1円 --><title>2円</title><STYLE>a { content: '3円' }</style >\
            <p title='4円>' data-x=\"5円\">6円<img alt=\"7円\">8<b>円</b></p><p a='9円";
        let expected = html.replace("6円", "[6円]");
        assert_eq!(held(html), expected);
        assert_eq!(held("<p>1円<"), "<p>[1円]<");
    }
}
