//! Half-width kana, in which Japanese banks keep names of accounts (JIS X 0201).

use unicode_normalization::UnicodeNormalization;

/// Full-width kana and signs with their half-width forms. Full-width ASCII is not among them: its
/// half-width form is ASCII.
const FORMS: [(&str, &str); 9] = [
    ("アイウエオァィゥェォ", "ｱｲｳｴｵｧｨｩｪｫ"),
    ("カキクケコサシスセソ", "ｶｷｸｹｺｻｼｽｾｿ"),
    ("タチツテトッナニヌネノ", "ﾀﾁﾂﾃﾄｯﾅﾆﾇﾈﾉ"),
    ("ハヒフヘホマミムメモ", "ﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓ"),
    ("ヤユヨャュョラリルレロ", "ﾔﾕﾖｬｭｮﾗﾘﾙﾚﾛ"),
    ("ワヲンー", "ﾜｦﾝｰ"),
    ("。「」、・", "｡｢｣､･"),
    // Voiced marks of their own, as decomposition gives them.
    ("\u{3099}\u{309a}゛゜", "ﾞﾟﾞﾟ"),
    ("　−", " -"),
];

/// A text in characters of JIS X 0201; none where a character has no such form, as kanji have none.
pub fn half_width(text: &str) -> Option<String> {
    text.nfd().map(half_width_character).collect()
}

fn half_width_character(c: char) -> Option<char> {
    // Hiragana lie 0x60 before their katakana.
    let c = if ('ぁ'..='ん').contains(&c) { char::from_u32(c as u32 + 0x60)? } else { c };
    let form = || FORMS.iter().find_map(|(full, half)| half.chars().nth(full.chars().position(|known| known == c)?));
    match c {
        ' '..='~' | '｡'..='ﾟ' => Some(c),
        '！'..='～' => char::from_u32(c as u32 - 0xfee0),
        _ => form(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kana_become_half_width() {
        for (text, expected) in [
            ("サンプルツウシン(カ", "ｻﾝﾌﾟﾙﾂｳｼﾝ(ｶ"),
            ("カ）テストハンバイ", "ｶ)ﾃｽﾄﾊﾝﾊﾞｲ"),
            ("がっきゅうヴァー・Ａ１", "ｶﾞｯｷｭｳｳﾞｧｰ･A1"),
            ("ｻﾝﾌﾟﾙ", "ｻﾝﾌﾟﾙ"),
            ("SAMPLE K.K.", "SAMPLE K.K."),
            ("ヤマダ　タロウ", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        ] {
            assert_eq!(half_width(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["サンプル通信", "ヰ", "é", "㈱", "\u{1}"] {
            assert_eq!(half_width(text), None, "{text}");
        }
    }

    #[test]
    fn each_form_has_its_pair() {
        for (full, half) in FORMS {
            assert_eq!(full.chars().count(), half.chars().count(), "{full}");
        }
    }
}
