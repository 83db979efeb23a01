use std::collections::BTreeSet;

use super::*;

fn sections() -> Sections {
    toml::from_str(include_str!("ja.toml")).unwrap()
}

fn slots(text: &str) -> BTreeSet<char> {
    let mut slots = BTreeSet::new();
    let mut rest = text;
    while let Some((_, slot, after)) = pattern::next_slot(rest) {
        slots.insert(slot);
        rest = after;
    }
    slots
}

#[test]
fn every_entry_keeps_its_parts() {
    let all = sections();
    for (english, translated) in [all.help, all.usage, all.terminal, all.messages, all.parts].into_iter().flatten() {
        assert_eq!(slots(&english), slots(&translated), "{english}");
        assert!(!translated.trim().is_empty() && !translated.ends_with('。') || english.ends_with('.'), "{translated}");
        // What is between two slots tells where the first ends.
        assert!(!english.contains("}{"), "{english}");
    }
}

#[test]
fn texts_are_found_whole_and_by_their_parts() {
    let japanese = |text| translated(text, Language::Japanese).into_owned();
    assert_eq!(japanese("charge matches no customer"), "どの顧客にも当てはまらない料金があります");
    assert_eq!(japanese("INV-1 has no line 9"), "INV-1 に 9 行目はありません");
    // The entry with more words of its own, though a shorter one fits too.
    assert_eq!(
        japanese("expected an amount of JPY without decimals, found \"1000.5\""),
        "小数のない JPY の金額のはずですが、\"1000.5\" です"
    );
    assert_eq!(japanese("cannot read the file: it does not exist"), "ファイルを読めません: 存在しません");
    assert_eq!(japanese("a text of nobody"), "a text of nobody");
    assert_eq!(translated("charge matches no customer", Language::English), "charge matches no customer");
}

#[test]
fn a_slot_takes_as_little_as_it_can_and_more_where_it_must() {
    let fit = |pattern: &str, text| Pattern::of(pattern).fit(text);
    assert_eq!(fit("{1} of {2}", "a of b of c"), Some(vec![('1', "a"), ('2', "b of c")]));
    assert_eq!(fit("{1} of {2} is", "a of b of c is"), Some(vec![('1', "a"), ('2', "b of c")]));
    assert_eq!(fit("{2}: {1}!", "a: b!: c!"), Some(vec![('2', "a"), ('1', "b!: c")]));
    assert_eq!(fit("{1} of", " of"), None);
    assert_eq!(fit("put {month} into {1}", "put {month} into x"), Some(vec![('1', "x")]));
}

#[test]
fn a_locale_has_a_language() {
    for locale in ["ja_JP.UTF-8", "ja_JP.utf8", "ja", "ja_JP", "ja_JP.UTF-8@calendar=japanese"] {
        assert_eq!(of_locale(locale), Language::Japanese, "{locale}");
    }
    for locale in ["", "C", "en_US.UTF-8", "ja_JP.eucJP", "ja_JP.SJIS", "jam_JM.UTF-8"] {
        assert_eq!(of_locale(locale), Language::English, "{locale}");
    }
}
