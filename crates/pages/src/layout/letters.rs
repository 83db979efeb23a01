//! Prepares text for faces: marks are joined to their letters, variation selectors are kept where a face has the form,
//! and 〓 replaces characters that no face has.
//!
//! Later steps meet only characters that some face has, and format characters without a glyph; a variation selector is
//! left only if it selects a different glyph from the plain character's.

use std::borrow::Cow;

use super::fonts::Faces;

/// Printed in place of a character that no face has: 〓 is the traditional mark for missing type.
pub(crate) const STAND_IN: char = '〓';

/// Marks the place of a box within a paragraph's text (Unicode: object replacement character).
pub(crate) const ATOM: char = '\u{fffc}';

const JOINER: char = '\u{200d}';

/// Whether it selects a form of the character before; U+FE0E and U+FE0F only choose between text and emoji.
pub(crate) fn is_variation_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}')
}

/// Accents, and the voicing marks of kana, which combine with the letter before.
fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{34e}' | '\u{350}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
}

/// Format characters without a glyph (Unicode: default ignorable code points).
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Control characters, which mean nothing on paper; white space is handled elsewhere.
fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{c}')
}

/// Whether it only changes the look of the character before, as a skin colour does.
fn is_modifier(letter: char) -> bool {
    matches!(letter, '\u{1f3fb}'..='\u{1f3ff}')
}

/// Regional indicators: two of them make one flag.
fn is_regional(letter: char) -> bool {
    matches!(letter, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Composes letters with the marks that follow them, where Unicode has such a character, and drops control characters.
/// Nothing else changes: full normalisation would replace kanji used in names.
pub(crate) fn compose(text: &str) -> Cow<'_, str> {
    if !text.contains(|letter| is_combining(letter) || is_control(letter)) {
        return Cow::Borrowed(text);
    }
    let mut composed = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !is_control(*letter)) {
        let whole = composed.chars().next_back().filter(|_| is_combining(letter)).and_then(|base| {
            let whole = unicode_normalization::char::compose(base, letter);
            whole.map(|whole| (base, whole))
        });
        match whole {
            Some((base, whole)) => {
                composed.truncate(composed.len() - base.len_utf8());
                composed.push(whole);
            }
            None => composed.push(letter),
        }
    }
    Cow::Owned(composed)
}

/// The text with [`STAND_IN`] for every character that no face has (each is passed to `missing`) and without variation
/// selectors that change nothing.
///
/// What readers see as one sign, such as a flag or a family of joined emoji, gets one stand-in. A mark that does not
/// compose with its letter would need shaping, so it counts as missing, too.
pub(crate) fn shown<'t>(text: &'t str, faces: &Faces, bold: bool, mut missing: impl FnMut(char)) -> Cow<'t, str> {
    // White space that is kept needs no glyph.
    let lacks = |letter: char| {
        !is_invisible(letter) && !letter.is_control() && (letter == ATOM || is_combining(letter) || !faces.has(letter))
    };
    let is_selector = |letter: char| matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    let is_plain = |letter: char| letter.is_ascii() || !(is_selector(letter) || lacks(letter));
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut before = Before::default();
    for letter in text.chars() {
        if is_variation_selector(letter) {
            let base = before.letter.take();
            if base.is_some_and(|base| faces.form(base, letter, bold).is_some()) {
                shown.push(letter);
            }
        } else if matches!(letter, '\u{fe0e}' | '\u{fe0f}') {
            before.letter = None;
        } else if is_invisible(letter) {
            before.letter = None;
            before.joins = before.is_missing && letter == JOINER;
            shown.push(letter);
        } else if lacks(letter) {
            let second = is_regional(letter) && before.opens_flag;
            if !(before.is_missing && (before.joins || is_modifier(letter) || second)) {
                missing(letter);
                shown.push(STAND_IN);
            }
            let opens_flag = is_regional(letter) && !second;
            before = Before { is_missing: true, opens_flag, ..Before::default() };
        } else {
            shown.push(letter);
            before = Before { letter: Some(letter), ..Before::default() };
        }
    }
    Cow::Owned(shown)
}

/// What precedes a letter.
#[derive(Default)]
struct Before {
    /// The letter before, if a selector could choose its form.
    letter: Option<char>,
    is_missing: bool,
    /// A joiner followed the missing character.
    joins: bool,
    opens_flag: bool,
}

/// A character and its variation selector.
pub(crate) type Letter = (char, Option<char>);

/// The letters of a text from [`shown`], each with its byte offset; characters without a glyph are removed before.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = (usize, Letter)> {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, character) = characters.next()?;
        let selector = characters.next_if(|(_, next)| is_variation_selector(*next));
        Some((start, (character, selector.map(|(_, selector)| selector))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text from [`shown`], and the missing characters.
    fn of(text: &str) -> (String, Vec<char>) {
        let mut missing = Vec::new();
        let composed = compose(text);
        let shown = shown(&composed, &Faces::built_in(), false, |letter| missing.push(letter)).into_owned();
        (shown, missing)
    }

    #[track_caller]
    fn check(text: &str, shown: &str, missing: &[char]) {
        assert_eq!(of(text), (shown.to_owned(), missing.to_vec()), "{text:?}");
    }

    #[test]
    fn kanji_of_names_are_shown_as_they_are() {
        // U+20BB7, 髙, U+FA11, U+FA19, and kanji of JIS X 0212 (丅), 0213 (丂, 𠀋) and Adobe-Japan1 (𦍌).
        for text in ["\u{20bb7}野家", "髙橋", "\u{fa11}", "\u{fa19}社", "丂", "丅", "①⑳㈱ⅫⅣ", "\u{2000b}", "\u{2634c}"]
        {
            check(text, text, &[]);
        }
    }

    #[test]
    fn what_no_face_has_is_one_stand_in_each() {
        check("回線🚀A", "回線〓A", &['🚀']);
        check("🚀🚀", "〓〓", &['🚀', '🚀']);
        // A family, a flag, a thumb with a skin colour, a heart with the selector of emoji: each one sign.
        check("👨\u{200d}👩\u{200d}👧x", "〓\u{200d}\u{200d}x", &['👨']);
        check("🇯🇵🇩🇪", "〓〓", &['🇯', '🇩']);
        check("👍🏽!", "〓!", &['👍']);
        check("🚀\u{fe0f}", "〓", &['🚀']);
        check("\u{fffc}", "〓", &['\u{fffc}']);
        check("\u{378}\u{e000}", "〓〓", &['\u{378}', '\u{e000}']);
    }

    #[test]
    fn marks_join_or_are_missing() {
        check("か\u{3099}e\u{301}", "がé", &[]);
        // No character is x with an acute accent.
        check("x\u{301}y", "x〓y", &['\u{301}']);
        check("\u{301}", "〓", &['\u{301}']);
    }

    #[test]
    fn selectors_stay_where_a_face_has_another_glyph() {
        // Pages Gothic has 葛 and 辻 in the older forms, and 神 in that of U+FA19.
        check("葛\u{e0100}城", "葛\u{e0100}城", &[]);
        check("神\u{fe00}", "神\u{fe00}", &[]);
        // The third form of 邊 is only in the supplement.
        check("渡邊\u{e0102}", "渡邊\u{e0102}", &[]);
        // A selector of the face's usual form, one that no face has, and one after a Latin letter.
        check("葛\u{e0101}", "葛", &[]);
        check("葛\u{e01ef}", "葛", &[]);
        check("A\u{e0100}\u{e0101}B", "AB", &[]);
        check("\u{e0100}", "", &[]);
        check("葛\u{200d}\u{e0100}", "葛\u{200d}", &[]);
    }

    #[test]
    fn controls_are_left_out_and_what_steers_stays() {
        check("a\u{0}\u{7}\u{7f}\u{85}b", "ab", &[]);
        check("\u{feff}a\u{200c}b\u{ad}c\u{200b}", "\u{feff}a\u{200c}b\u{ad}c\u{200b}", &[]);
        check("a\nb\tc", "a\nb\tc", &[]);
    }

    #[test]
    fn letters_take_their_selectors_along() {
        let found: Vec<_> = letters("a葛\u{e0100}城").collect();
        assert_eq!(found, [(0, ('a', None)), (1, ('葛', Some('\u{e0100}'))), (8, ('城', None))]);
    }
}
