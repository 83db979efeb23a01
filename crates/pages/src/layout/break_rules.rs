//! Where Chromium breaks lines differently from Unicode's plain rules (UAX 14), measured pair by pair.

use unicode_width::UnicodeWidthChar;

/// Brackets and stops that end a clause; a currency sign may start the next line.
const CLAUSE_ENDS: &str = "、。，．」』）】〕〉》)]}､｡｣";
const AFFIXES: &str = "¥￥$＄€£%％℃°№±+";
const UNITS: &str = "%％℃°";
const OPENERS: &str = "「『（【〔〈《｢([{";
/// Wide brackets may start a line even after a word without a space.
const WIDE_OPENERS: &str = "「『（【〔〈《｢";
/// Characters that may not start a line after a quotation mark either.
const NO_STARTS: &str =
    "、。，．」』）】〕〉》､｡｣・：；？！ー々ゝゞヽヾ〻…‥゛゜〜～％℃ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶｰ";

/// Whether a line may end between `before` and `after`; `by_rule` is what Unicode's rules say, `earlier` and `next` are
/// the characters around the pair.
pub(super) fn may_break(
    earlier: Option<char>,
    before: char,
    after: char,
    next: impl FnOnce() -> Option<char>,
    by_rule: bool,
) -> bool {
    // UAX 14 keeps an opening bracket and what follows its space together; browsers do not.
    if before == ' ' {
        return after != ' ';
    }
    if before.is_ascii_graphic() && after.is_ascii_graphic() {
        return may_break_ascii(earlier, before, after);
    }
    let after_number = earlier.is_some_and(|earlier| earlier.is_ascii_digit());
    if by_rule {
        // 5/℃ is one number with its unit.
        return !(after_number && before == '/' && AFFIXES.contains(after));
    }
    match (before, after) {
        // A quotation mark among wide letters opens or closes: it stays with one side only (UAX 14, LB19a).
        ('”' | '’', _) => earlier.is_some_and(is_wide) && is_wide(after) && !NO_STARTS.contains(after),
        (_, '“' | '‘') => is_wide(before) && !OPENERS.contains(before) && next().is_some_and(is_wide),
        _ => {
            // A unit stays with its number, as in (5)%; a currency sign starts a new amount.
            let joins = after_number && (UNITS.contains(after) || !")]}".contains(before));
            (CLAUSE_ENDS.contains(before) && !joins && AFFIXES.contains(after))
                || (WIDE_OPENERS.contains(after) && may_open_line(before, next))
        }
    }
}

/// Whether a wide bracket may start a line after `before`; a sign stays with a number in brackets.
fn may_open_line(before: char, next: impl FnOnce() -> Option<char>) -> bool {
    let holds = OPENERS.contains(before) || "\"'“‘\u{a0}\u{2060}".contains(before);
    let is_affix = AFFIXES.contains(before) && next().is_some_and(|next| next.is_ascii_digit());
    !holds && !is_affix
}

/// Breaks between ASCII characters; browsers have fewer of them, so that paths and codes stay whole.
fn may_break_ascii(earlier: Option<char>, before: char, after: char) -> bool {
    match before {
        '-' if after.is_ascii_digit() => earlier.is_some_and(|earlier| earlier.is_ascii_alphanumeric()),
        '-' => !"!$),./:;?]}".contains(after),
        '?' => !"!\"'),./:;?]}".contains(after),
        _ => "!\"#%&)*+,.:;=>\\]|}~".contains(before) && "(<[{".contains(after),
    }
}

/// Whether a character is wide, in its full-width or half-width form.
fn is_wide(letter: char) -> bool {
    letter.width() == Some(2) || ('\u{ff61}'..='\u{ffdc}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use unicode_linebreak::linebreaks;

    use super::*;

    fn pieces(text: &str) -> String {
        let by_rule: Vec<usize> = linebreaks(text).map(|(at, _)| at).collect();
        let letters: Vec<(usize, char)> = text.char_indices().collect();
        let mut broken = String::new();
        for (index, (at, letter)) in letters.iter().enumerate() {
            let letter_at =
                |index: Option<usize>| index.and_then(|index| letters.get(index)).map(|(_, letter)| *letter);
            let before = letter_at(index.checked_sub(1));
            let next = || letter_at(Some(index + 1));
            let earlier = letter_at(index.checked_sub(2));
            if before.is_some_and(|before| may_break(earlier, before, *letter, next, by_rule.contains(at))) {
                broken.push('|');
            }
            broken.push(*letter);
        }
        broken
    }

    /// JIS X 4051, 6.1.1: what may not start a line, and what may not end one.
    #[test]
    fn no_line_begins_or_ends_with_what_may_not() {
        for letter in "、。，．・：；？！ー々ゝヽ」』）】〕〉》っッゃュょァィゥェォヮヵヶ％‥…゛゜".chars()
        {
            assert_eq!(pieces(&format!("月{letter}額")), format!("月{letter}|額"), "{letter} starts no line");
        }
        for letter in "「『（【〔〈《".chars() {
            assert_eq!(pieces(&format!("月{letter}額")), format!("月|{letter}額"), "{letter} ends no line");
        }
    }

    #[test]
    fn numbers_stay_with_their_units() {
        for whole in ["1,234", "¥1,234", "10%", "3.5GB", "$3.50", "30℃", "(5)%", "№5"] {
            assert_eq!(pieces(&format!("は{whole}を")), format!("は|{whole}|を"));
        }
        assert_eq!(pieces("20日1,234円"), "20|日|1,234|円");
        assert_eq!(pieces("です。¥5を、$5"), "で|す。|¥5|を、|$5");
    }

    /// Expected breaks come from Chromium (line-break: strict): some ten thousand printed pairs and triples.
    #[test]
    fn where_browsers_differ_from_the_plain_rules() {
        assert_eq!(pieces("a-b -5 x/y a-$c 社-$3"), "a-|b |-5 |x/y |a-$c |社-$3");
        assert_eq!(pieces("社)¥1 5)¥1"), "社)|¥1 |5)|¥1");
        assert_eq!(pieces("「 社"), "「 |社");
        assert_eq!(pieces("社”社 社“社A”社"), "社”|社 |社|“社|A”社");
        assert_eq!(pieces("SIM（月）+「甲"), "SIM|（月）|+|「甲");
        assert_eq!(pieces("は+「5"), "は|+「5");
    }
}
