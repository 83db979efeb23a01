//! What diagnostics look like.

use anyhow::Context;

use super::render::LONGEST;
use super::secrets::masked;
use super::*;
use crate::model::amount::TooLong;

#[test]
fn carets_stand_under_wide_characters() {
    let text = "name = \"x\"\n名 = \"１５％\"\n";
    let start = text.find("\"１").unwrap();
    let place = Place::span("a.toml", text, start..start + "\"１５％\"".len());
    let shown = Diagnostic::error("bad").at(place).with_hint("good").render(false);
    let expected = "error: bad\n --> a.toml:2:5\n  |\n2 | 名 = \"１５％\"\n  |      ^^^^^^^^\nhint: good\n";
    assert_eq!(shown, expected);
}

#[test]
fn long_lines_are_cut_around_the_mark() {
    let text = format!("{}HERE{}", "a".repeat(300), "b".repeat(300));
    let shown = Diagnostic::error("bad").at(Place::span("a", &text, 300..304)).render(false);
    let lines: Vec<&str> = shown.lines().collect();
    let mark = lines[4].find('^').unwrap();
    let excerpt: Vec<char> = lines[3].chars().collect();
    assert_eq!(excerpt[mark..mark + 4].iter().collect::<String>(), "HERE");
}

#[test]
fn any_span_is_safe() {
    let text = "髙橋\r\n";
    for start in 0..12 {
        for end in 0..12 {
            let place = Place::span("a", text, start..end);
            assert!(!Diagnostic::error("x").at(place).render(true).is_empty());
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    for (text, expected) in [
        ("password = \"hunter2\"", "password = ***"),
        ("mail = { from = \"x\", api-key = \"hunter2\" }", "mail = { from = \"x\", api-key = ***"),
        ("pwd=hunter2", "pwd= ***"),
        ("GET /v1?PageToken=hunter2&token=hunter3: status 500", "GET /v1?PageToken= ***&token= *** status 500"),
        ("{ a = 1, secret = \"hunter2 & hunter3\" }", "{ a = 1, secret = ***"),
        ("see ?x=1 token=hunter2 &hunter3", "see ?x=1 token= ***"),
        ("smtp = \"smtp://u:hunter2@h\"", "smtp = \"smtp://***@h\""),
        ("from = \"billing@example.jp\"", "from = \"billing@example.jp\""),
        ("name = \"x\"", "name = \"x\""),
        ("\u{3000}pass\u{3000}=1", "\u{3000}pass\u{3000}= ***"),
        ("@://:", "@://:"),
    ] {
        assert_eq!(masked(text), expected);
    }
}

#[test]
fn nothing_moves_the_cursor_or_turns_the_text() {
    for c in (0..0xa0).chain([0x61c, 0x200f, 0x2028, 0x2029]).chain(0x202a..0x202f).chain(0x2066..0x206a) {
        let Some(c) = char::from_u32(c).filter(|c| c.is_control() || u32::from(*c) > 0xff) else {
            continue;
        };
        let place = Place::line(format!("a{c}b"), 1).with_excerpt(format!("a{c}b"));
        let diagnostic = Diagnostic::error(format!("a{c}b")).at(place);
        let text = diagnostic.with_note(format!("a{c}b")).with_hint(format!("a{c}b")).render(false);
        assert!(!text.replace('\n', "").contains(is_obeyed), "{c:?}: {text:?}");
        assert_eq!(text.lines().count(), 6, "{c:?}: {text:?}");
    }
}

#[test]
fn no_message_is_endless() {
    let long = "x".repeat(1 << 20);
    let text = Diagnostic::error(&long).at(Place::file(&long)).with_note(&long).with_hint(&long).render(false);
    assert!(text.len() < 5 * LONGEST, "{}", text.len());
    for line in ["=", "&token=", " =", "?a&b=", "\u{1b}"] {
        let place = Place::line("a", 1).with_excerpt(line.repeat(1 << 20));
        let text = Diagnostic::error(line.repeat(1 << 20)).at(place).render(false);
        assert!(text.len() < 10 * LONGEST, "{}", text.len());
    }
    let error = serde_json::from_str::<bool>(&format!("\n\"{long}\"")).unwrap_err();
    let fault = json_fault(&error);
    assert!(fault.len() < 300 && fault.ends_with("… at line 2 column 1048578"), "{fault}");
    assert_eq!(
        json_fault(&serde_json::from_str::<bool>("1").unwrap_err()),
        "invalid type: integer `1`, expected a boolean at line 1 column 1"
    );
}

#[test]
fn nearest_words() {
    assert_eq!(nearest("mark-up", ["markup", "rounding"]), Some("markup"));
    assert_eq!(nearest("zzz", ["markup", "rounding"]), None);
    assert_eq!(nearest("GB", ["ga", "gb"]), Some("gb"));
}

#[test]
fn what_could_not_be_done_says_to_which_file_and_why() {
    let missing = || Err::<(), _>(std::io::Error::from(std::io::ErrorKind::NotFound));
    let failed = missing().with_context(|| cannot("read the file", "billing/a.csv").with_hint("fetch it"));
    let problems = Problems::from(failed.unwrap_err());
    assert_eq!(problems.exit_code(), 2);
    let expected = "error: cannot read the file: it does not exist\n--> billing/a.csv\nhint: fetch it\n";
    assert_eq!(problems[0].render(false), expected);
    // What is around it comes before; the place stays.
    let failed = missing().with_context(|| cannot("read the file", "a.csv")).context("no month was built");
    let expected = "error: no month was built: cannot read the file: it does not exist\n--> a.csv\n";
    assert_eq!(Diagnostic::from(failed.unwrap_err()).render(false), expected);
}

#[test]
fn a_refusal_stays_one_on_its_way_through_other_errors() {
    let failed = Err::<(), _>(anyhow::Error::from(Diagnostic::error("bad").at(Place::line("a", 3))));
    let problems = Problems::from(failed.context("the month is not built").unwrap_err());
    assert_eq!(problems.exit_code(), 1);
    assert_eq!(problems[0].render(false), "error: the month is not built: bad\n --> a:3\n");
}

#[test]
fn the_first_who_knows_it_names_a_figure() {
    let place = || Place::file("customers/acme.toml");
    let total: Result<(), Diagnostic> = Err(TooLong).of_at("the total of \"acme\"", place);
    let outside = total.of("the month").map_err(Problems::from).of("the year").unwrap_err();
    let expected = "error: the total of \"acme\" cannot be computed: the exact result has more than 36 digits\n\
                    --> customers/acme.toml\n";
    assert_eq!((outside.len(), outside.exit_code(), outside[0].render(false).as_str()), (1, 1, expected));
    let other = Err::<(), _>(Diagnostic::error("bad")).of("the month");
    assert_eq!(other.unwrap_err().message, "bad");
}

#[test]
fn problems_are_kept_until_all_are_known() {
    let mut problems = Problems::default();
    assert_eq!(problems.clone().check(), Ok(()));
    assert_eq!(problems.keep(Ok::<_, Diagnostic>(1)), Some(1));
    assert_eq!(problems.keep(Err::<(), _>(Diagnostic::error("one"))), None);
    assert_eq!(problems.keep(Err::<(), _>(Diagnostic::could_not_run("two"))), None);
    let found = problems.check().unwrap_err();
    assert_eq!((found.len(), found.exit_code()), (2, 2));
}
