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
    assert_eq!(japanese("no font has the character '\"' (U+0022)"), "文字 '\"'（U+0022）のあるフォントがありません");
    assert_eq!(japanese("a text of nobody"), "a text of nobody");
    assert_eq!(translated("charge matches no customer", Language::English), "charge matches no customer");
}

#[test]
fn a_slot_takes_as_little_as_it_can_and_more_where_it_must() {
    let fit = |pattern: &str, text| {
        let parts = Pattern::of(pattern).fit(text, Quotations::Whole)?;
        Some(parts.into_iter().map(|part| (part.slot, part.text)).collect::<Vec<(char, &str)>>())
    };
    assert_eq!(fit("{1} of {2}", "a of b of c"), Some(vec![('1', "a"), ('2', "b of c")]));
    assert_eq!(fit("{1} of {2} is", "a of b of c is"), Some(vec![('1', "a"), ('2', "b of c")]));
    assert_eq!(fit("{2}: {1}!", "a: b!: c!"), Some(vec![('2', "a"), ('1', "b!: c")]));
    assert_eq!(fit("{1} of", " of"), None);
    assert_eq!(fit("put {month} into {1}", "put {month} into x"), Some(vec![('1', "x")]));
    assert_eq!(fit("{1} and {2}", r#""a and b" and "c""#), Some(vec![('1', r#""a and b""#), ('2', r#""c""#)]));
    assert_eq!(fit("{1} and {2}", r#""Books and Co""#), None);
}

/// Names that are also words of the program, or look like texts composed by it.
#[test]
fn names_of_users_are_not_translated() {
    for name in ["item", "none", "a and b", "reason", "both", "1 row", "a table", "the integer 3"] {
        for (text, expected) in [
            (format!("did you mean `{name}`?"), format!("`{name}` の誤りではありませんか")),
            (format!("did you mean \"{name}\"?"), format!("\"{name}\" の誤りではありませんか")),
            (format!("unknown key `{name}` in [invoice]"), format!("[invoice] に不明なキー `{name}` があります")),
            (format!("there is no customer \"{name}\""), format!("顧客 \"{name}\" はありません")),
            (
                format!("two customers claim the charge: \"{name}\" and \"b and c\""),
                format!("この料金は 2 つの顧客が対象にしています: \"{name}\" と \"b and c\""),
            ),
            (
                format!("202208 takes what 202207 carried forward for \"{name}\", and 202207 is not issued"),
                format!("202208 は 202207 の \"{name}\" からの繰越を差し引きますが、202207 が発行されていません"),
            ),
            (format!("invalid value '{name}' for '<MONTH>'"), format!("<MONTH> に '{name}' は使えません")),
            (
                format!("if that is usual, set change = \"…%\" in [warnings] of customers/{name}.toml"),
                format!(
                    "通常の変動であれば、customers/{name}.toml の [warnings] に change = \"…%\" を設定してください"
                ),
            ),
        ] {
            assert_eq!(translated(&text, Language::Japanese), expected);
        }
    }
    // One word is as well a name where nothing quotes it, as in `customers: none`.
    for part in sections().parts.keys() {
        assert!(part.contains([' ', '-', '{']), "{part}");
    }
}

/// An entry under two headings, or one that says what a composed one says too, would be changed in one place only.
#[test]
fn every_text_has_one_entry() {
    let all = sections();
    let mut known = BTreeSet::new();
    for english in
        [&all.help, &all.usage, &all.terminal, &all.messages, &all.parts].into_iter().flat_map(BTreeMap::keys)
    {
        assert!(known.insert(english), "{english}");
    }
    // The text without its own entry, by those that are composed.
    let Catalogue { texts, parts } = japanese();
    for (english, translated) in &texts.plain {
        let fitting =
            texts.composed.iter().find_map(|(pattern, of)| Some((pattern.fit(english, Quotations::Whole)?, of)));
        let composed = fitting.map(|(found, of)| {
            pattern::fill(of, |slot| {
                let part = found.iter().find(|part| part.slot == slot).map_or("", |part| part.text);
                parts.find(part, parts, Quotations::Whole).map_or(Cow::Borrowed(part), Cow::Owned)
            })
        });
        assert_ne!(composed.as_deref(), Some(translated.as_str()), "{english}");
    }
}

/// Texts of several forms, which no single literal in the code has.
#[test]
fn every_form_of_a_composed_text_is_a_sentence() {
    for (english, expected) in [
        (
            "the total of \"a and b\" is ¥150, 50.0% above ¥100, that of the last month it was billed",
            "\"a and b\" の合計は ¥150 で、前回請求した月の ¥100 を 50.0% 上回っています",
        ),
        (
            "the total of \"none\" is ¥50, 50.0% below ¥100, the median of the last 3 months it was billed",
            "\"none\" の合計は ¥50 で、直近に請求した 3 か月の中央値 ¥100 を 50.0% 下回っています",
        ),
        (
            "the total of \"item\" is ¥5, above ¥0, the median of the last 2 months it was billed",
            "\"item\" の合計は ¥5 で、直近に請求した 2 か月の中央値 ¥0 を上回っています",
        ),
        (
            "the total of \"item\" is -¥5, below ¥0, that of the last month it was billed",
            "\"item\" の合計は -¥5 で、前回請求した月の ¥0 を下回っています",
        ),
        (
            "the row stands 3 times in the file: again from line 4, first from line 2",
            "同じ行がファイルの中に 3 回あります: 最初は 2 行目から、次は 4 行目から",
        ),
        (
            "\"acme\" has 2 items that it did not have before: a and b, none",
            "\"acme\" に、以前はなかった品目が 2 件あります: a and b, none",
        ),
        (
            "\"acme\" no longer has a resource of the month before: 3",
            "\"acme\" に、前月にあったリソースがありません: 3",
        ),
        (
            "taking back line 3 of INV-1 would charge 97 JPY for standard 10% items: a credit note only gives back",
            "INV-1 の 3 行目を取り消すと標準税率 10% の品目で 97 JPY の請求になります。返還請求書でできるのは返金だけです",
        ),
        ("TOML: invalid float, expected nothing", "TOML: 小数の書き方が正しくありません"),
        (
            "TOML: unexpected key or value, expected newline, `#`",
            "TOML: 余分なキーか値があります（改行か `#` が必要です）",
        ),
        ("TOML: unclosed array, expected `]`", "TOML: 配列が閉じていません（`]` が必要です）"),
        (
            "expected JSON: invalid escape at line 5 column 0",
            "JSON ではありません: エスケープの書き方が正しくありません（5 行 0 列）",
        ),
        ("the file was changed after it was fetched", "取得後にファイルが変更されています"),
        (
            "usage of \"soracom\" is printed by the provider's name on 1 invoice",
            "\"soracom\" の usage が、1 件の請求書でプロバイダーの名称のまま印刷されます",
        ),
        (
            "usage of \"soracom\" is printed by the provider's name on 12 invoices",
            "\"soracom\" の usage が、12 件の請求書でプロバイダーの名称のまま印刷されます",
        ),
        ("202208 is issued: 2 invoices, INV-1 to INV-2", "202208 を発行しました: 請求書 2 件（INV-1 から INV-2）"),
        ("202208 is issued: no invoices", "202208 を発行しました: 請求書なし"),
    ] {
        assert_eq!(translated(english, Language::Japanese), expected);
    }
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
