//! What a Japanese terminal shows: every text of the program is in the catalogue.

use std::collections::BTreeSet;
use std::path::Path;

use invoicer::catalogue::translated;
use invoicer::cli::{self, EXAMPLES};
use invoicer::model::language::Language;
use unicode_width::UnicodeWidthStr;

use crate::commands::sample;
use crate::common::Sandbox;
use crate::reproducer::Reproducer;

/// Whether Japanese stands in the place of a text.
fn is_known(text: &str) -> bool {
    translated(text, Language::Japanese) != text
}

#[test]
fn every_message_and_hint_of_the_known_mistakes_is_in_japanese() {
    let mut unknown = BTreeSet::new();
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
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(count > 500, "{count} texts");
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
        ".heading(",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut unknown = BTreeSet::new();
    let mut count = 0;
    for (path, code) in sources(&root) {
        for (at, call) in calls.iter().flat_map(|call| code.match_indices(call)) {
            for text in literals(&code[at + call.len() - 1..]) {
                // One word, or less, is a part of another text.
                let plain = filled(&text);
                let words = plain.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2);
                if words.count() < 2 {
                    continue;
                }
                count += 1;
                // A text that is not composed has braces of its own; "is" and "are" have entries of their own.
                if !is_known(&plain) && !is_known(&text) && !text.contains("{what} {verb} ") {
                    unknown.insert(format!("{path}: {text}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(count > 400, "{count} texts");
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
            files.push((path.display().to_string(), text.split("#[cfg(test)]").next().unwrap().to_owned()));
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
        ("ワークスペースに問題はありません: 顧客 6、取得元 1\n", "the workspace is good: 6 customers, 1 sources\n");
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
