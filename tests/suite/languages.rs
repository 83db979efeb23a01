//! What a Japanese terminal shows: every text of the program is in the catalogue.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser;
use invoicer::catalogue::translated;
use invoicer::cli::{self, Cli, EXAMPLES};
use invoicer::model::language::Language;
use unicode_width::UnicodeWidthStr;

use crate::commands::sample;
use crate::common::{Sandbox, copy_tree};
use crate::issuing::sha256;
use crate::reproducer::Reproducer;

/// Whether Japanese stands in the place of a text.
fn is_known(text: &str) -> bool {
    translated(text, Language::Japanese) != text
}

/// Words that are English wherever they stand: no key, unit or code is called so.
const ENGLISH: [&str; 15] =
    ["the", "to", "an", "of", "and", "or", "in", "is", "are", "was", "with", "that", "which", "found", "expected"];

/// Two lower-case words in a row, a number of a word, or a word of [`ENGLISH`], in a Japanese text without what it quotes, its paths and what is
/// in brackets. A list of keys has commas between them.
fn english_in(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut closing = Vec::new();
    for c in text.chars() {
        match (c, closing.last()) {
            (c, Some(end)) if c == *end => drop(closing.pop()),
            ('[', _) => closing.push(']'),
            ('"' | '`' | '\'', None) => closing.push(c),
            (c, None) => plain.push(c),
            _ => continue,
        }
        if closing.len() == 1 && "[\"`'".contains(c) {
            plain.push('\u{fffc}');
        }
    }
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_-./=<>{}*:@".contains(c);
    let mut before = "";
    let mut rest = plain.as_str();
    while let Some(start) = rest.find(is_of_word) {
        let word = &rest[start..];
        let word = &word[..word.find(|c| !is_of_word(c)).unwrap_or(word.len())];
        let is_lower = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
        // In a list of units, `in` is one; a key has its value after it.
        let is_listed = ['、', '='].iter().any(|next| rest[start + word.len()..].trim_start().starts_with(*next));
        if is_lower && !is_listed && ENGLISH.contains(&word) {
            return Some(word.to_owned());
        }
        let is_number = !before.is_empty() && before.chars().all(|c| c.is_ascii_digit());
        let is_counted = is_number && word.len() > 2;
        let is_command = before.ends_with("invoicer");
        if is_lower && !is_command && (is_counted || !is_number && !before.is_empty()) && &rest[..start] == " " {
            return Some(format!("{before} {word}"));
        }
        before = if is_lower || word.chars().all(|c| c.is_ascii_digit()) { word } else { "" };
        rest = &rest[start + word.len()..];
    }
    None
}

#[test]
fn english_is_found_in_japanese() {
    for (text, found) in [
        ("202208 の発行後にthe bill was changed", Some("the")),
        ("記録が repeats it とoverlaps", Some("repeats it")),
        ("ファイルの中にtheが 3 行あります", Some("the")),
        ("使えるキー: name, unit, scale", None),
        ("`invoicer fetch MONTH --force` で \"a of b\" と [[issuer.bank]]、customers/acme.toml、and-so", None),
        ("上乗せは INV-1 of 2", Some("of")),
        ("px、in、em の長さ", None),
        ("1 invoice で", Some("1 invoice")),
        ("210 mm", None),
        ("from = \"USD\", to = \"JPY\"", None),
        ("2022-08-01T00:00:00Z to 2022-08-02T00:00:00Z です", Some("to")),
    ] {
        assert_eq!(english_in(text).as_deref(), found, "{text}");
    }
}

#[test]
fn every_message_and_hint_of_the_known_mistakes_is_in_japanese() {
    let mut unknown = BTreeSet::new();
    let mut half = BTreeSet::new();
    let mut count = 0;
    for reproducer in Reproducer::all() {
        for line in reproducer.expected.lines() {
            let is_message =
                |head: &str| ["error", "warning", "note"].iter().any(|severity| head.starts_with(severity));
            let text = match (line.strip_prefix("hint: "), line.split_once(": ")) {
                (Some(hint), _) => hint,
                (None, Some((head, message))) if is_message(head) && !head.contains(' ') => message,
                _ => continue,
            };
            count += 1;
            if !is_known(text) {
                unknown.insert(format!("{}: {text}", reproducer.name));
            }
            let japanese = translated(text, Language::Japanese);
            if let Some(english) = english_in(&japanese) {
                half.insert(format!("{}: {english}: {japanese}", reproducer.name));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(half.is_empty(), "{half:#?}");
    assert!(count > 500, "{count} texts");
}

/// Texts that have an entry for each form that their parts give them.
const COMPOSED: [&str; 8] = [
    "in [[pricing.rule]], found {",
    "in [[allocation.share]], found {",
    "{what} {verb} {part}",
    "{distance} {usual}, {months}",
    "{} {} have a charge",
    "{body} {times} in the file",
    "{what} that it did not have",
    "{what} of the month before",
];

/// Notes of a diagnostic, which have no language, where they are passed to a function.
const NOTES: [&str; 1] = ["without it the sources cannot be added up"];

/// Functions of these names exist with other results than a diagnostic, too, or take its notes.
const EXCEPT: [&str; 12] = [
    "new",
    "from",
    "at",
    "named",
    "error",
    "note",
    "tell",
    "other",
    "too_long",
    "with_note",
    "with_fact",
    "with_note_and_facts",
];

/// The functions that return a diagnostic: what is passed to them is a text of it.
fn diagnosing(sources: &[(String, String)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, code) in sources {
        for (at, _) in code.match_indices(") -> Diagnostic {") {
            let Some(name) = code[..at].rfind("fn ").and_then(|start| code[start + 3..at].split(['(', '<']).next())
            else {
                continue;
            };
            names.insert(name.to_owned());
        }
    }
    names.retain(|name| !EXCEPT.contains(&name.as_str()));
    names
}

/// The texts in calls of these names, in the code of the program: what `format!` puts into them is `x`.
#[test]
fn every_text_of_the_code_is_in_japanese() {
    let calls = [
        "Diagnostic::error(",
        "Diagnostic::warning(",
        "Diagnostic::note(",
        "Diagnostic::could_not_run(",
        ".with_hint(",
        ".status(",
        ".status_wrapped(",
        ".detail(",
        ".doing(",
        ".progress(",
        "let message = format!(",
        "let hint = format!(",
        "Fault::new(",
        ".heading(",
        "printer.text(",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources(&root);
    let functions: Vec<String> = diagnosing(&sources).iter().map(|name| format!("{name}(")).collect();
    assert!(functions.iter().any(|name| name == "unaccepted("), "{functions:?}");
    let calls: Vec<&str> = calls.into_iter().chain(functions.iter().map(String::as_str)).collect();
    let mut unknown = BTreeSet::new();
    let mut half = BTreeSet::new();
    let mut count = 0;
    for (path, code) in &sources {
        for (at, call) in calls.iter().flat_map(|call| code.match_indices(call)) {
            let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !call.starts_with('.') && (!is_whole || code[..at].ends_with("fn ")) {
                continue;
            }
            for text in literals(&code[at + call.len() - 1..]) {
                // One word, or less, is a part of another text; so is a key, which has no space, and a command.
                let plain = filled(&text);
                let words = plain.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2);
                if words.count() < 2 || !plain.contains(' ') || plain.starts_with("invoicer ") || plain.starts_with('[')
                {
                    continue;
                }
                count += 1;
                // A text that is not composed has braces of its own.
                let forms = [plain.clone(), text.clone(), format!("cannot {plain}: x")];
                let is_exempt = COMPOSED.iter().any(|composed| text.contains(composed));
                if !forms.iter().any(|form| is_known(form)) && !is_exempt && !NOTES.contains(&text.as_str()) {
                    unknown.insert(format!("{path}: {text}"));
                }
                let japanese = translated(&plain, Language::Japanese);
                if let Some(english) = english_in(&japanese).filter(|_| !is_exempt && japanese != plain) {
                    half.insert(format!("{path}: {english}: {japanese}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(half.is_empty(), "{half:#?}");
    assert!(count > 400, "{count} texts");
}

/// What is said of many warnings of a kind, once for all of them.
#[test]
fn warnings_of_a_kind_are_in_japanese() {
    let code = include_str!("../../src/month/warnings.rs");
    let start = code.find("fn many(").unwrap();
    let mut count = 0;
    for (at, _) in code[start..].match_indices("=> format!(") {
        for text in literals(&code[start + at + "=> format!".len()..]) {
            let many = text.replace("{count}", "12");
            assert!(is_known(&many), "{text}");
            assert_eq!(english_in(&translated(&many, Language::Japanese)), None, "{text}");
            count += 1;
        }
    }
    assert!(count > 25, "{count} texts");
}

/// The files of the code without their tests.
fn sources(directory: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // A long text begins on a line of its own.
            let text = text.split("#[cfg(test)]").next().unwrap();
            let mut joined = String::new();
            for line in text.lines() {
                if joined.ends_with("=\n") && line.trim_start().starts_with("format!(") {
                    joined.truncate(joined.len() - 1);
                    joined += &format!(" {}\n", line.trim_start());
                } else {
                    joined += &format!("{line}\n");
                }
            }
            files.push((path.display().to_string(), joined));
        }
    }
    files
}

/// The string literals up to the parenthesis that closes the first one.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut depth, mut chars) = (0, code.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|c| c != '\n') {},
            '\'' => {
                // A character, or a lifetime.
                let mut ahead = chars.clone();
                let escaped = ahead.next() == Some('\\');
                if escaped {
                    ahead.next();
                }
                if ahead.next() == Some('\'') {
                    chars = ahead;
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match (c, chars.peek().copied()) {
                        ('\\', Some('\n')) => {
                            while chars.peek().is_some_and(|c| c.is_whitespace()) {
                                chars.next();
                            }
                        }
                        ('\\', Some(escaped)) => {
                            text.push(if escaped == 'n' { '\n' } else { escaped });
                            chars.next();
                        }
                        _ => text.push(c),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

/// `{name}` and `{}` as `x`, `{{` as `{`.
fn filled(text: &str) -> String {
    let (mut filled, mut chars) = (String::new(), text.chars().peekable());
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('{', Some('{')) | ('}', Some('}')) => filled.extend(chars.next()),
            ('{', _) => {
                while chars.next().is_some_and(|c| c != '}') {}
                filled.push('x');
            }
            _ => filled.push(c),
        }
    }
    filled
}

#[test]
fn literals_are_found_as_they_are_filled() {
    let code = r#"(match x { '"' => format!("a {b} c {{d}}"), _ => "it's \"e\"" }) "not this""#;
    assert_eq!(literals(code), ["a {b} c {{d}}", "it's \"e\""]);
    assert_eq!(filled("a {b} c {{d}} {}{{{e}}}"), "a x c {d} x{x}");
}

/// Everything under `--help` of every command, and on its manual page.
#[test]
fn help_is_in_japanese() {
    let sandbox = Sandbox::new();
    for (name, examples) in EXAMPLES {
        let english = cli::command(Language::English);
        let english = if name.is_empty() { &english } else { english.find_subcommand(name).unwrap() };
        let texts = english.get_arguments().filter_map(|argument| argument.get_help()).chain(english.get_about());
        for text in texts.map(ToString::to_string) {
            assert!(is_known(&text), "{name}: {text}");
        }
        let arguments: Vec<&str> =
            [*name, "--help", "--lang", "ja"].into_iter().filter(|word| !word.is_empty()).collect();
        let run = sandbox.run(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        for part in ["使い方: invoicer", "\nオプション:\n", "\n共通オプション:\n", "\n例:\n", examples[0]]
        {
            assert!(run.stdout.contains(part), "{name} {part}: {}", run.stdout);
        }
        for line in run.stdout.lines() {
            let is_example =
                line.starts_with("  invoicer ") || line.starts_with("使い方: ") || line.trim_start().starts_with('[');
            assert!(line.width() <= 100 || is_example, "{line}");
            // Three words in a row are English; options and paths are not.
            let words = line.split(' ').map(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase()));
            let words: Vec<bool> = words.collect();
            assert!(is_example || !words.windows(3).any(|three| three == [true; 3]), "{name}: {line}");
        }
        if !name.is_empty() {
            let page = sandbox.run(&["man", name, "--lang=ja"]).stdout;
            let about = translated(&english.get_about().unwrap().to_string(), Language::Japanese).into_owned();
            let beginning: String = about.chars().take(5).collect();
            assert!(page.contains(&beginning), "{name}: {page}");
        }
    }
}

#[test]
fn the_locale_chooses_the_language_and_the_option_is_stronger() {
    let sandbox = sample();
    let check = |arguments: &[&str], variables: &[(&str, &str)]| {
        let run = sandbox.run_with(&[&["check"], arguments].concat(), variables);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr
    };
    let (japanese, english) =
        ("ワークスペースに問題はありません: 顧客 6、取得元 1\n", "the workspace is good: 6 customers, 1 source\n");
    assert_eq!(check(&[], &[]), english);
    assert_eq!(check(&[], &[("LANG", "ja_JP.UTF-8")]), japanese);
    assert_eq!(check(&[], &[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "ja_JP.UTF-8")]), japanese);
    assert_eq!(check(&[], &[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]), english);
    // An empty variable is as good as none; another encoding cannot be printed.
    assert_eq!(check(&[], &[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "")]), japanese);
    assert_eq!(check(&[], &[("LANG", "ja_JP.eucJP")]), english);
    assert_eq!(check(&["--lang", "en"], &[("LANG", "ja_JP.UTF-8")]), english);
    assert_eq!(check(&["--lang", "ja"], &[]), japanese);
}

/// The language changes what is printed for a person, and no file and no JSON.
#[test]
fn files_and_json_have_no_language_of_the_terminal() {
    let (sandbox, other) = (sample(), sample());
    let english = sandbox.run(&["build", "202208", "--json"]);
    let japanese = other.run(&["build", "202208", "--json", "--lang", "ja"]);
    assert_eq!((english.code, japanese.code), (0, 0));
    assert_eq!(english.stdout, japanese.stdout);
    assert!(sandbox.files() == other.files());
    assert!(japanese.stderr.contains("顧客 ") && japanese.stderr.contains("\n合計 "), "{}", japanese.stderr);
}

#[test]
fn an_error_is_in_japanese_with_its_place_and_hint() {
    let reproducer = Reproducer::named("bad-registration-number");
    let sandbox = reproducer.workspace();
    let run = sandbox.run(&[&reproducer.arguments()[..], &["--lang", "ja"]].concat());
    let mut lines = run.stderr.lines();
    let first = lines.next().unwrap();
    assert!(first.starts_with("エラー: 登録番号（T と 13 桁の数字、例: \"T7000012050002\"）のはずですが、"), "{first}");
    assert!(run.stderr.contains("\nヒント: "), "{}", run.stderr);
    let wrong = sandbox.run(&["build", "202213", "--lang", "ja"]);
    assert_eq!(wrong.code, 64);
    let expected = "エラー: <MONTH> に '202213' は使えません: 202208 か 2022-08 のような月を指定してください\n\n\
                    詳しくは --help をご覧ください。\n";
    assert_eq!(wrong.stderr, expected);
}

/// Two months of that many customers, `a0` and so on; the second has a SIM more and other prices. What customers do not
/// claim is kept.
fn workspace(customers: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "invoicer.toml",
        "[issuer]\nname = \"サンプル通信株式会社\"\n[allocation]\nunassigned = \"keep\"\n[[source]]\nname = \"soracom\"\n\
         kind = \"soracom-csv\"\npath = \"billing/{month}/soracom.csv\"\n",
    );
    let head = "imsi,date,billItemName,unitPrice,quantity,amount,customer\n";
    let (mut july, mut august) = (format!("{head}9,20220701,basicCharge,10,1,10,\n"), head.to_owned());
    august += "9,20220801,basicCharge,10,1,10,\n";
    for customer in 0..customers {
        july += &format!("{customer}1,20220701,upload,10,5,50,a{customer}\n");
        august += &format!(
            "{customer}1,20220801,upload,12,6,72,a{customer}\n{customer}2,20220801,upload,12,2,24,a{customer}\n"
        );
        sandbox.write(
            &format!("customers/a{customer}.toml"),
            format!("name = \"A\"\n[[match]]\ntag = {{ customer = \"a{customer}\" }}\n"),
        );
    }
    if customers == 0 {
        sandbox.write("customers/a0.toml", "name = \"A\"\n[[match]]\ntag = { customer = \"a0\" }\n");
    }
    sandbox.write("billing/202207/soracom.csv", july);
    sandbox.write("billing/202208/soracom.csv", august);
    sandbox
}

fn japanese(sandbox: &Sandbox, arguments: &[&str], columns: &str) -> crate::common::Run {
    sandbox.run_with(arguments, &[("LANG", "ja_JP.UTF-8"), ("INVOICER_TERMINAL", columns)])
}

#[test]
fn issue_and_credit_are_in_japanese_and_list_no_files_on_a_terminal() {
    for (customers, expected) in [
        (2, "202208 を発行しました: 請求書 2 件（INV-202208-a0 から INV-202208-a1）\n"),
        (0, "202208 を発行しました: 請求書なし\n"),
    ] {
        let sandbox = workspace(customers);
        assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
        let run = japanese(&sandbox, &["issue", "202208"], "100");
        assert_eq!((run.code, run.stdout.as_str()), (0, "issued/202208.json\n"), "{}", run.stderr);
        let head = format!("チェーンの末尾: {}\n", sha256(&sandbox.read("issued/202208.json")));
        assert!(run.stderr.ends_with(&format!("{expected}{head}")), "{}", run.stderr);
        if customers > 0 {
            let run = japanese(&sandbox, &["credit", "INV-202208-a0", "--reason", "誤り"], "100");
            assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{}{}", run.stdout, run.stderr);
            assert!(
                run.stdout.starts_with("issued/202208") && run.stderr.contains("INV-202208-a0 の取消"),
                "{}",
                run.stderr
            );
        }
    }
}

#[test]
fn verify_is_in_japanese() {
    let sandbox = workspace(2);
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    assert_eq!(sandbox.run(&["issue", "202208"]).code, 0);
    assert_eq!(japanese(&sandbox, &["verify", "--all"], "100").stdout, "202208: 一致（文書 2 件）\n");
    let bill = String::from_utf8(sandbox.read("billing/202208/soracom.csv")).unwrap();
    sandbox.write("billing/202208/soracom.csv", bill.replace(",72,", ",73,"));
    sandbox.write("out/202208/a1/INV-202208-a1.csv", "");
    let run = japanese(&sandbox, &["verify", "--all"], "100");
    assert_eq!(run.code, 1);
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some("202208: 入力が変化, 結果が変化, 文書が変化（文書 2 件）"), "{}", run.stdout);
    for line in lines {
        assert_eq!(english_in(line), None, "{line}");
    }
}

#[test]
fn verify_names_changed_rows_in_japanese() {
    let sandbox = Sandbox::new();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/assignments-with-a-gap");
    copy_tree(&case, sandbox.path());
    assert_eq!(sandbox.run(&["build", "202208"]).code, 0);
    assert_eq!(sandbox.run(&["issue", "202208"]).code, 0);
    let verified = |expected: &str| {
        let run = japanese(&sandbox, &["verify", "202208"], "100");
        assert!(run.code == 1 && run.stdout.contains(expected), "{}", run.stdout);
        for line in run.stdout.lines() {
            assert_eq!(english_in(line), None, "{line}");
        }
    };
    let table = String::from_utf8(sandbox.read("assignments/soracom.csv")).unwrap();
    sandbox.write("assignments/soracom.csv", table.replace("2022-08-16,2022-08-25", "2022-08-11,2022-08-25"));
    verified(
        "  assignments/soracom.csv: ファイルが変わっています (3 行目: 440101234567890,bravo,2022-08-11,2022-08-25; \
         なくなった行: 440101234567890,bravo,2022-08-16,2022-08-25)\n",
    );
    sandbox.write("assignments/soracom.csv", &table);
    let row = "440101234567890,bravo,2022-08-12,2022-08-12";
    sandbox.write("assignments/soracom-2.csv", format!("resource,customer,from,until\n{row}\n"));
    verified(&format!("  assignments/soracom-2.csv: ファイルが加わりました (2 行目: {row})\n"));
    // Gone, and the rest cannot be computed.
    std::fs::remove_file(sandbox.path().join("assignments/soracom-2.csv")).unwrap();
    let source = "[[source]]\nname = \"soracom\"\nkind = \"soracom-csv\"\npath = \"billing/{month}/nothing.csv\"\n";
    sandbox.write("invoicer.toml", format!("[issuer]\nname = \"x\"\n{source}"));
    verified("現在の規則では計算できません: ");
}

/// 96 − 50 = 46 JPY more: 24 for the new SIM, and of the other the price 12 for one of 10 and one upload more.
#[test]
fn a_comparison_of_months_is_in_japanese_and_fits_the_terminal() {
    let sandbox = workspace(1);
    for month in ["202207", "202208"] {
        assert_eq!(sandbox.run(&["build", month]).code, 0);
    }
    let run = japanese(&sandbox, &["explain", "INV-202208-a0", "--against", "202207"], "64");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "INV-202208-a0: 202208 と 202207 の比較、JPY、税抜");
    let head: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!(head, ["品目", "202207", "202208", "増減", "理由"]);
    assert!(run.stdout.contains("\n小計 ") && run.stdout.contains("新しいリソース 1 件 +24"), "{}", run.stdout);
    assert_eq!(lines.last(), Some(&"新しいリソース: 02"));
    for line in &lines {
        assert!(line.width() <= 64, "{line}");
        assert_eq!(english_in(line), None, "{line}");
    }
    let refused = japanese(&sandbox, &["explain", "INV-202208-a0", "--against", "202208"], "64").stderr;
    assert_eq!(
        refused,
        "エラー: INV-202208-a0 は 202208 の請求書です\nヒント: 別の月を指定してください: --against 202207\n\n"
    );
}

#[test]
fn a_missing_command_is_in_japanese() {
    let run = Sandbox::new().run(&["--lang", "ja"]);
    assert_eq!(run.code, 64);
    for line in run.stderr.lines().filter(|line| !line.contains('[')) {
        assert_eq!(english_in(line), None, "{line}");
    }
    assert!(run.stderr.starts_with("エラー: invoicer にはコマンドが必要です"), "{}", run.stderr);
}

#[test]
fn the_parsed_option_is_the_language_of_a_command() {
    for (words, expected) in [
        (&["invoicer", "list"][..], Language::English),
        (&["invoicer", "list", "--lang", "ja"], Language::Japanese),
        (&["invoicer", "--lang=en", "list"], Language::English),
    ] {
        assert_eq!(Cli::parse_from(words).global.language(Language::English), expected);
    }
}
