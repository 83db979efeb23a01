//! A TOML file read key by key: every mistake becomes a diagnostic with its place and the reading goes on, and keys
//! that nobody asked for are refused with the nearest known one.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::model::settings::Definition;

/// A TOML file's text and the mistakes found in it so far.
pub(super) struct TomlFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) problems: RefCell<Vec<Diagnostic>>,
}

impl<'a> TomlFile<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> TomlFile<'a> {
        TomlFile { path, text, problems: RefCell::new(Vec::new()) }
    }

    /// The root table; syntax errors are told and what could be read is returned.
    pub(super) fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let diagnostic = Diagnostic::error(format!("TOML: {}", error.message().replace('\n', ", ")));
            self.tell(diagnostic, error.span().unwrap_or(0..0));
        }
        table
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place::span(self.path, self.text, span)
    }

    pub(super) fn tell(&self, diagnostic: Diagnostic, span: Range<usize>) {
        self.problems.borrow_mut().push(diagnostic.at(self.place(span)));
    }

    pub(super) fn definition(&self, span: Range<usize>) -> Definition {
        let place = self.place(span);
        Definition { path: place.path, line: place.line.unwrap_or(1), column: place.column.unwrap_or(1) }
    }
}

/// A table being read.
pub(super) struct Section<'f, 'a> {
    pub(super) file: &'f TomlFile<'a>,
    /// How the user writes it: `[pricing]`, `[[match]]`.
    pub(super) name: String,
    table: &'f DeTable<'a>,
    pub(super) span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
}

/// A value being read.
#[derive(Clone)]
pub(super) struct Value<'f, 'a> {
    pub(super) file: &'f TomlFile<'a>,
    pub(super) value: &'f DeValue<'a>,
    pub(super) span: Range<usize>,
}

impl<'f, 'a> Section<'f, 'a> {
    pub(super) fn root(file: &'f TomlFile<'a>, table: &'f Spanned<DeTable<'a>>) -> Section<'f, 'a> {
        // The document's own span is the whole file; a missing key is told at its beginning.
        Section { file, name: "the file".to_owned(), table: table.get_ref(), span: 0..0, known: RefCell::default() }
    }

    /// The value of a key, when the key is there.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'f, 'a>> {
        self.known.borrow_mut().push(key);
        let value = self.table.get(key)?;
        Some(Value { file: self.file, value: value.get_ref(), span: value.span() })
    }

    /// The value of a key, converted; a mistake is told and gives none.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        convert: impl FnOnce(&Value<'f, 'a>) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        let value = self.get(key)?;
        value.told(convert(&value))
    }

    /// Likewise, and the key must be there.
    pub(super) fn require<T>(
        &self,
        key: &'static str,
        example: &str,
        convert: impl FnOnce(&Value<'f, 'a>) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.known.borrow_mut().push(key);
            let diagnostic = Diagnostic::error(format!("missing key `{key}` in {}", self.name));
            self.file.tell(diagnostic.with_hint(format!("add {key} = {example}")), self.span.clone());
            return None;
        }
        self.read(key, convert)
    }

    /// A list of values, each converted.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        convert: impl Fn(&Value<'f, 'a>) -> Result<T, Diagnostic>,
    ) -> Option<Vec<T>> {
        let value = self.get(key)?;
        let entries = value.told(value.array())?;
        Some(entries.iter().filter_map(|entry| entry.told(convert(entry))).collect())
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &'static str, name: &str) -> Option<Section<'f, 'a>> {
        let value = self.get(key)?;
        value.told(value.section(name))
    }

    /// An array of tables below this one.
    pub(super) fn sections(&self, key: &'static str, name: &str) -> Vec<Section<'f, 'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let entries = match value.array() {
            Ok(entries) => entries,
            Err(_) => {
                let diagnostic = Diagnostic::error(format!("expected {name} tables, found {}", value.kind()));
                value
                    .told::<()>(Err(diagnostic.with_hint(format!("write {name} with double brackets, once for each"))));
                return Vec::new();
            }
        };
        entries.iter().filter_map(|entry| entry.told(entry.section(name))).collect()
    }

    /// All keys and values, whatever the keys are.
    pub(super) fn entries(&self) -> Vec<(String, Value<'f, 'a>)> {
        let entry = |(key, value): (&'f Spanned<_>, &'f Spanned<DeValue<'a>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            (key.to_string(), Value { file: self.file, value: value.get_ref(), span: value.span() })
        };
        self.table.iter().map(entry).collect()
    }

    /// Refuses the keys that were not asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        for (key, value) in self.table.iter() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{name}` in {}", self.name);
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys: {}", known.join(", ")),
            };
            let mut place = self.file.place(key.span());
            place.excerpt = place.excerpt.map(|line| without_secret(&line, name));
            let _ = value;
            self.file.problems.borrow_mut().push(Diagnostic::error(message).with_hint(hint).at(place));
        }
    }

    pub(super) fn tell(&self, diagnostic: Diagnostic) {
        self.file.tell(diagnostic, self.span.clone());
    }
}

/// A line as it may be shown: someone who writes a password into the file must not find it in a log.
fn without_secret(line: &str, key: &str) -> String {
    let lower = key.to_lowercase();
    let secret = ["pass", "secret", "token", "key", "credential"].iter().any(|word| lower.contains(word));
    match line.split_once('=') {
        Some((before, _)) if secret => format!("{before}= ***"),
        _ => line.to_owned(),
    }
}

impl<'f, 'a> Value<'f, 'a> {
    /// What was found, for "expected …, found …".
    pub(super) fn kind(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => format!("the integer {number}"),
            DeValue::Float(_) => format!("the float {}", self.source()),
            DeValue::Boolean(value) => format!("{value}"),
            DeValue::Datetime(date) => format!("the date {date}"),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    /// The text as written in the file.
    pub(super) fn source(&self) -> &'a str {
        self.file.text.get(self.span.clone()).unwrap_or_default()
    }

    pub(super) fn expected(&self, what: &str) -> Diagnostic {
        Diagnostic::error(format!("expected {what}, found {}", self.kind()))
    }

    /// Tells a mistake at this value.
    pub(super) fn told<T>(&self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.file.tell(diagnostic, self.span.clone())).ok()
    }

    pub(super) fn string(&self) -> Result<String, Diagnostic> {
        match self.value {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.expected("a string")),
        }
    }

    /// A string that is not empty.
    pub(super) fn text(&self) -> Result<String, Diagnostic> {
        let text = self.string()?;
        if text.trim().is_empty() {
            Err(Diagnostic::error("expected some text, found an empty string"))
        } else {
            Ok(text)
        }
    }

    pub(super) fn integer(&self) -> Result<i64, Diagnostic> {
        match self.value {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| self.expected("a smaller integer"))
            }
            _ => Err(self.expected("an integer")),
        }
    }

    pub(super) fn array(&self) -> Result<Vec<Value<'f, 'a>>, Diagnostic> {
        let DeValue::Array(entries) = self.value else {
            return Err(self.expected("a list"));
        };
        let entry =
            |entry: &'f Spanned<DeValue<'a>>| Value { file: self.file, value: entry.get_ref(), span: entry.span() };
        Ok(entries.iter().map(entry).collect())
    }

    pub(super) fn section(&self, name: &str) -> Result<Section<'f, 'a>, Diagnostic> {
        let DeValue::Table(table) = self.value else {
            return Err(self.expected("a table"));
        };
        let span = self.span.clone();
        Ok(Section { file: self.file, name: name.to_owned(), table, span, known: RefCell::default() })
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Diagnostic> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let text = match self.value {
            DeValue::String(text) => text.to_string(),
            _ => return Err(self.expected(&format!("one of {}", names.join(", ")))),
        };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Ok(*choice);
        }
        let diagnostic = self.expected(&format!("one of {}", names.join(", ")));
        Err(match nearest(&text, names.iter().copied()) {
            Some(near) => diagnostic.with_hint(format!("did you mean \"{near}\"?")),
            None => diagnostic,
        })
    }
}
