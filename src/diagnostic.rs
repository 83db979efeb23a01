//! [`Diagnostic`]: what is wrong, where, and the way out. Every refusal of the program is a list of these.
//!
//! ```text
//! error: expected a percentage or a factor, found "15％"
//!   --> customers/acme.toml:12:10
//!    |
//! 12 | markup = "15％"
//!    |          ^^^^^
//! hint: write "15%" or "0.15"
//! ```

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::model::warning::WarningCode;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Something that is probably a mistake.
    Warning,
    /// Good to know.
    Note,
}

/// Why an error stops the program; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Data, configuration or a check said no: exit code 1.
    Refused,
    /// The program could not do its work, as when a disk is full: exit code 2.
    CouldNotRun,
}

/// A position in a file, with the line's text where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path as the user would write it, from the workspace's root.
    pub path: String,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column in characters, counted from 1.
    pub column: Option<u32>,
    /// The line's text.
    pub excerpt: Option<String>,
    /// Length of the marked text in characters.
    pub length: usize,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl Into<String>) -> Place {
        Place { path: path.into(), ..Place::default() }
    }

    /// A line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Place {
        Place { path: path.into(), line: Some(line), ..Place::default() }
    }

    /// A range of bytes of a file with that text.
    pub fn span(path: &str, text: &str, span: std::ops::Range<usize>) -> Place {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |index| index + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |index| start + index);
        let line = text[..line_start].matches('\n').count() + 1;
        Place {
            path: path.to_owned(),
            line: u32::try_from(line).ok(),
            column: u32::try_from(text[line_start..start].chars().count() + 1).ok(),
            excerpt: Some(text[line_start..line_end].trim_end_matches('\r').to_owned()),
            length: text[start..end.min(line_end).max(start)].chars().count().max(1),
        }
    }

    /// With the text of its line.
    #[must_use]
    pub fn with_excerpt(mut self, text: impl Into<String>) -> Place {
        self.excerpt = Some(text.into());
        self
    }
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// For errors: refused, or could not run.
    pub stop: Stop,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// The way out.
    pub hint: Option<String>,
    /// For warnings about a month: what about.
    pub finding: Option<Finding>,
}

/// What a warning about a month is about, for lists of them and to find those that are not wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What about.
    pub code: WarningCode,
    /// Id of the customer it concerns.
    pub customer: Option<String>,
    /// The figures and names of the message without its words, for readers of any language.
    pub facts: String,
}

impl Diagnostic {
    fn new(severity: Severity, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity,
            stop: Stop::Refused,
            message: message.into(),
            place: None,
            notes: Vec::new(),
            hint: None,
            finding: None,
        }
    }

    /// Data, configuration or a check says no.
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, message)
    }

    /// The program could not do its work.
    pub fn could_not_run(message: impl Into<String>) -> Diagnostic {
        Diagnostic { stop: Stop::CouldNotRun, ..Diagnostic::error(message) }
    }

    /// Probably a mistake, but not refused.
    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message)
    }

    /// A warning about a month; `facts` are its figures and names without words.
    pub fn finding(code: WarningCode, message: impl Into<String>, facts: impl Into<String>) -> Diagnostic {
        let finding = Finding { code, customer: None, facts: facts.into() };
        Diagnostic { finding: Some(finding), ..Diagnostic::warning(message) }
    }

    /// Good to know.
    pub fn note(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, message)
    }

    /// With its place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Diagnostic {
        self.place = Some(place);
        self
    }

    /// With a further fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// With the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// Concerning that customer.
    #[must_use]
    pub fn concerning(mut self, customer: &str) -> Diagnostic {
        if let Some(finding) = &mut self.finding {
            finding.customer = Some(customer.to_owned());
        }
        self
    }

    /// With every text of it changed, as to mask what must not be shown.
    #[must_use]
    pub fn map_text(mut self, change: &dyn Fn(&str) -> String) -> Diagnostic {
        let texts = std::iter::once(&mut self.message)
            .chain(&mut self.notes)
            .chain(&mut self.hint)
            .chain(self.place.iter_mut().flat_map(|place| std::iter::once(&mut place.path).chain(&mut place.excerpt)))
            .chain(
                self.finding
                    .iter_mut()
                    .flat_map(|finding| std::iter::once(&mut finding.facts).chain(&mut finding.customer)),
            );
        for text in texts {
            *text = change(text);
        }
        self
    }

    /// Whether it stops the program.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The text for the terminal, ending with a newline.
    pub fn render(&self, color: bool) -> String {
        // What is cut off first is more than what is cut off last: half of a secret is not shown.
        let message = shown(&masked(&cut(&self.message, 4 * LONGEST)));
        let paint = |code: &str, text: &str| match color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let (label, code) = match self.severity {
            Severity::Error => ("error", "1;31"),
            Severity::Warning => ("warning", "1;33"),
            Severity::Note => ("note", "1;36"),
        };
        let name = self.finding.as_ref().map_or_else(String::new, |finding| format!("[{}]", finding.code.name()));
        let mut out = format!("{}{}\n", paint(code, &format!("{label}{name}")), paint("1", &format!(": {message}")));
        if let Some(place) = &self.place {
            render_place(&mut out, place, &|text| paint("34", text), &|text| paint(code, text));
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {} {}", paint("34", "="), shown(note));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "{}{}", paint("1;32", "hint: "), shown(hint));
        }
        out
    }
}

/// The widest excerpt that is shown whole, in terminal columns.
const EXCERPT_WIDTH: usize = 110;

fn render_place(out: &mut String, place: &Place, frame: &dyn Fn(&str) -> String, mark: &dyn Fn(&str) -> String) {
    let mut position = shown(&place.path);
    for number in [place.line, place.column].into_iter().flatten() {
        let _ = write!(position, ":{number}");
    }
    let line = place.line.map(|line| line.to_string()).unwrap_or_default();
    let gutter = " ".repeat(line.len());
    let _ = writeln!(out, "{gutter}{} {position}", frame("-->"));
    let Some(excerpt) = place.excerpt.as_deref().map(|line| masked(&cut(line, 4 * LONGEST))) else {
        return;
    };
    let column = place.column.map_or(0, |column| column as usize - 1);
    let cut = cut_excerpt(&excerpt, column, place.length);
    let _ = writeln!(out, "{gutter} {}", frame("|"));
    let _ = writeln!(out, "{} {} {}", frame(&line), frame("|"), cut.text);
    if place.column.is_some() {
        let carets = mark(&"^".repeat(cut.width.max(1)));
        let _ = writeln!(out, "{gutter} {} {}{carets}", frame("|"), " ".repeat(cut.indent));
    }
}

struct CutExcerpt {
    text: String,
    indent: usize,
    width: usize,
}

/// The part of a line around the marked characters that fits a terminal, with the mark's place in columns.
fn cut_excerpt(line: &str, column: usize, length: usize) -> CutExcerpt {
    // A line can have millions of characters; only those that may be shown are looked at.
    let first = column.saturating_sub(EXCERPT_WIDTH);
    let mut rest = line.chars().skip(first);
    let cells: Vec<String> = rest.by_ref().take(3 * EXCERPT_WIDTH).map(|c| printable(&c.to_string())).collect();
    let width = |cells: &[String]| cells.iter().map(|cell| cell.width()).sum::<usize>();
    let more = rest.next().is_some();
    let column = (column - first).min(cells.len());
    let mut start = 0;
    let mut end = cells.len();
    if first > 0 || more || width(&cells) > EXCERPT_WIDTH {
        while start < column && width(&cells[start..column]) > EXCERPT_WIDTH / 2 {
            start += 1;
        }
        while end > start && width(&cells[start..end]) > EXCERPT_WIDTH {
            end -= 1;
        }
    }
    let before = if first + start > 0 { "…" } else { "" };
    let after = if more || end < cells.len() { "…" } else { "" };
    let marked_end = (column + length).min(end).max(column);
    CutExcerpt {
        text: format!("{before}{}{after}", cells[start..end].concat()),
        indent: before.width() + width(&cells[start..column.max(start)]),
        width: width(&cells[column.min(marked_end)..marked_end]),
    }
}

/// Words that name a secret, in keys and headers.
const SECRETS: [&str; 7] = ["pass", "pwd", "secret", "token", "apikey", "authkey", "credential"];

/// Whether a key names something that must not be shown.
pub fn names_secret(key: &str) -> bool {
    let plain: String = key.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    SECRETS.iter().any(|word| plain.contains(word))
}

/// The most bytes of a key that are looked at: in a line of equals signs each would be looked at for all others.
const LONGEST_KEY: usize = 200;

/// A text as it may be shown: someone who writes a password where none belongs must not find it in a log.
fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    // Nothing after the equals sign of such a key is shown, wherever in the line it stands.
    while let Some(index) = secret(rest) {
        shown.push_str(&rest[..index]);
        shown.push_str("= ***");
        rest = after_parameter(rest, index);
    }
    shown.push_str(rest);
    match (shown.split_once("://"), shown.find('@')) {
        (Some((scheme, rest)), Some(at)) if at > scheme.len() + 3 && rest[..at - scheme.len() - 3].contains(':') => {
            format!("{scheme}://***{}", &shown[at..])
        }
        _ => shown,
    }
}

/// Where the equals sign of the first secret stands.
fn secret(text: &str) -> Option<usize> {
    let is_secret = |index: &usize| {
        let before = text[..*index].trim_end();
        let key = &before[floor_boundary(before, before.len().saturating_sub(LONGEST_KEY))..];
        key.rsplit(parts_keys).next().is_some_and(names_secret)
    };
    text.match_indices('=').map(|(index, _)| index).find(is_secret)
}

/// Whether a character stands between the keys of a line, a table or the query of a URL.
fn parts_keys(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | ',' | '?' | '&')
}

/// What may be shown after the value of a secret in the query of a URL, whose equals sign stands at `index`; nothing after
/// a secret elsewhere, which can have any signs.
fn after_parameter(text: &str, index: usize) -> &str {
    let key = text[..index].rfind(parts_keys);
    match key.and_then(|start| text[start..].chars().next()) {
        Some('?' | '&') => {
            text[index..].find(|c: char| c.is_whitespace() || c == '&').map_or("", |end| &text[index + end..])
        }
        _ => "",
    }
}

/// Why a file cannot be read or written, in words.
pub fn cause(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "a part of its path is a file, not a directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::StorageFull => "no space left on the device".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::CrossesDevices => "it is on another file system".to_owned(),
        _ => error.to_string(),
    }
}

/// Why JSON is not what was expected, in words short enough for a message whatever the file holds.
pub fn json_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(why) if why.len() > LONGEST_FAULT => format!("{}{place}", cut(why, LONGEST_FAULT)),
        _ => cut(&text, 2 * LONGEST_FAULT).into_owned(),
    }
}

/// The most characters of a fault in JSON that are shown: the text that is wrong is part of it.
const LONGEST_FAULT: usize = 200;

/// The most characters of a message, note or hint that are shown. None of the program's own has as many; what stands in
/// files may have millions.
const LONGEST: usize = 4000;

/// The beginning of a text that is too long.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// A text as it is shown: not endless, and without characters that a terminal obeys.
fn shown(text: &str) -> String {
    printable(&cut(text, LONGEST))
}

/// Text without control characters, which could move a terminal's cursor or hide what stands there.
pub fn printable(text: &str) -> String {
    let visible = |c: char| match c {
        '\t' => "    ".to_owned(),
        c if is_obeyed(c) => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(visible).collect()
}

/// Characters without a width that a terminal obeys: byte order marks, directions of writing, line and paragraph
/// separators, annotations, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a terminal might obey a character instead of showing it: C0, C1 and whatever [has no width](is_invisible).
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// The known word nearest to a mistyped one, when one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let mut near: Vec<(usize, &str)> = known.into_iter().map(|candidate| (distance(candidate), candidate)).collect();
    near.sort_unstable();
    near.first().filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| *candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
