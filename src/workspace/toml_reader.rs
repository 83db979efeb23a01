//! Reads a TOML file key by key. Every mistake becomes a diagnostic with its place, and reading continues; keys that no
//! reader asked for are refused with the nearest known one.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Place, names_secret, nearest};
use crate::model::definition::Definition;

/// A TOML file's text and the mistakes found in it so far.
pub(super) struct TomlFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) problems: RefCell<Vec<Diagnostic>>,
    /// Whether it is a copy that is kept with a record: what a later version refuses, it may hold.
    pub(super) is_kept: bool,
    /// Whether it is not valid TOML; errors in the rest of it are then not worth reporting.
    broken: Cell<bool>,
}

impl<'a> TomlFile<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> TomlFile<'a> {
        TomlFile { path, text, problems: RefCell::new(Vec::new()), is_kept: false, broken: Cell::new(false) }
    }

    /// The file, as a copy that is kept with a record or as one to be billed by.
    pub(super) fn kept(self, is_kept: bool) -> TomlFile<'a> {
        TomlFile { is_kept, ..self }
    }

    /// The file's errors in file order, because unknown keys are found last.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.place.as_ref().map(|place| (place.line, place.column)));
        problems
    }

    /// Parses the file: reports syntax errors and returns as much of the root table as can be read.
    pub(super) fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        let broken = !errors.is_empty();
        for error in errors {
            let message = error.message().replace('\n', ", ").replace(", expected literal string", "");
            let diagnostic = Diagnostic::error(format!("TOML: {message}"));
            let diagnostic = match message.contains("quoted") {
                true => diagnostic.with_hint("put text in plain quotes: \"…\""),
                false => diagnostic.with_hint("the rules of TOML are at https://toml.io"),
            };
            self.tell(diagnostic, error.span().unwrap_or(0..0));
        }
        self.broken.set(broken);
        table
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place::span(self.path, self.text, span)
    }

    pub(super) fn tell(&self, diagnostic: Diagnostic, span: Range<usize>) {
        self.add(diagnostic.at(self.place(span)));
    }

    fn add(&self, diagnostic: Diagnostic) {
        if !self.broken.get() {
            self.problems.borrow_mut().push(diagnostic);
        }
    }

    /// Number of mistakes found so far.
    pub(super) fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    fn definition(&self, span: Range<usize>, text: String) -> Definition {
        let place = self.place(span);
        Definition { path: place.path, line: place.line.unwrap_or(1), column: place.column.unwrap_or(1), text }
    }

    /// A part of the text on one line.
    fn one_line(&self, span: Range<usize>) -> String {
        let text = self.text.get(span).unwrap_or_default();
        text.split_whitespace().collect::<Vec<&str>>().join(" ")
    }
}

/// A table being read.
pub(super) struct Section<'f, 'a> {
    pub(super) file: &'f TomlFile<'a>,
    /// Its heading as users write it: `[pricing]`, `[[match]]`.
    pub(super) name: String,
    table: &'f DeTable<'a>,
    pub(super) span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
    /// The keys that were reported as missing, with the report.
    missing: RefCell<Vec<(&'static str, Diagnostic)>>,
}

/// The span of a key and its value in the file.
fn written(key: &Range<usize>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    key.start..end(value).max(key.end)
}

/// Where a value ends. The table that a dotted key makes (`tag.customer = "acme"`) spans only the key's first part.
fn end(value: &Spanned<DeValue<'_>>) -> usize {
    let below = match value.get_ref() {
        DeValue::Table(table) => table.iter().map(|(_, value)| end(value)).max(),
        _ => None,
    };
    below.unwrap_or(0).max(value.span().end)
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
        // The document's own span is the whole file, but a missing key is reported at its beginning.
        let (known, missing) = (RefCell::default(), RefCell::default());
        Section { file, name: "this file".to_owned(), table: table.get_ref(), span: 0..0, known, missing }
    }

    /// A table that was not read from the file's TOML; `span` is where it is written.
    pub(super) fn of(
        file: &'f TomlFile<'a>,
        name: &str,
        table: &'f DeTable<'a>,
        span: Range<usize>,
    ) -> Section<'f, 'a> {
        Section { file, name: name.to_owned(), table, span, known: RefCell::default(), missing: RefCell::default() }
    }

    /// The value of a key, if present.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'f, 'a>> {
        self.knows(key);
        let value = self.table.get(key)?;
        Some(Value { file: self.file, value: value.get_ref(), span: value.span() })
    }

    /// Records a key as known, once, because some keys are read more than once and hints list each once.
    fn knows(&self, key: &'static str) {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
    }

    /// The converted value of a key; reports a mistake and returns none.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        convert: impl FnOnce(&Value<'f, 'a>) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        let value = self.get(key)?;
        value.told(convert(&value))
    }

    /// [`read`](Self::read) for a required key.
    pub(super) fn require<T>(
        &self,
        key: &'static str,
        example: &str,
        convert: impl FnOnce(&Value<'f, 'a>) -> Result<T, Diagnostic>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.knows(key);
            let missing = Diagnostic::error(format!("missing key `{key}` in {}", self.name)).at(self.place());
            let missing = missing.with_hint(format!("add {key} = {example}"));
            self.missing.borrow_mut().push((key, missing.clone()));
            self.file.add(missing);
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

    /// Refuses the keys that were not read, and returns whether there were none.
    pub(super) fn finish(&self) -> bool {
        let mut all_known = true;
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            all_known = false;
            let message = format!("unknown key `{name}` in {}", self.name);
            let near = nearest(name, known.iter().copied());
            if let Some(near) = near {
                // Reports a mistyped key once, not also as a missing one.
                let missing = self.missing.borrow();
                let is_told = |problem: &Diagnostic| missing.iter().any(|(key, told)| *key == near && told == problem);
                self.file.problems.borrow_mut().retain(|problem| !is_told(problem));
            }
            let hint = match near {
                _ if names_secret(name) => {
                    let where_from = match self.name.as_str() {
                        "[[source]]" => {
                            "keys come from a profile or the environment; docs/providers.md in invoicer's repository says how"
                        }
                        _ => "the password of SMTP comes from INVOICER_SMTP_PASSWORD",
                    };
                    format!("credentials never stand in this file: {where_from}")
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys: {}", known.join(", ")),
            };
            self.file.tell(Diagnostic::error(message).with_hint(hint), key.span());
        }
        all_known
    }

    /// Its place, with its keys as written.
    pub(super) fn definition(&self) -> Definition {
        let mut keys: Vec<Range<usize>> = self.table.iter().map(|(key, value)| written(&key.span(), value)).collect();
        keys.sort_by_key(|span| span.start);
        let texts: Vec<String> = keys.into_iter().map(|span| self.file.one_line(span)).collect();
        self.file.definition(self.span.clone(), texts.join(", "))
    }

    /// The place of a key; the path is empty when it is absent.
    pub(super) fn definition_of(&self, key: &str) -> Definition {
        let Some((key, value)) = self.table.get_key_value(key) else {
            return Definition::default();
        };
        self.file.definition(key.span(), self.file.one_line(written(&key.span(), value)))
    }

    /// Whether any of the keys is present.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.table.contains_key(*key))
    }

    pub(super) fn tell(&self, diagnostic: Diagnostic) {
        self.file.add(diagnostic.at(self.place()));
    }

    fn place(&self) -> Place {
        match self.span.is_empty() {
            // The root table is the file as a whole.
            true => Place::file(self.file.path),
            false => self.file.place(self.span.clone()),
        }
    }
}

impl<'f, 'a> Value<'f, 'a> {
    /// The kind of value, for "expected …, found …".
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

    /// Its place.
    pub(super) fn definition(&self) -> Definition {
        self.file.definition(self.span.clone(), self.file.one_line(self.span.clone()))
    }

    pub(super) fn expected(&self, what: &str) -> Diagnostic {
        Diagnostic::error(format!("expected {what}, found {}", self.kind()))
    }

    /// Reports an error at this value.
    pub(super) fn told<T>(&self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.file.tell(diagnostic, self.span.clone())).ok()
    }

    /// Whether it is a string, whatever that says.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    pub(super) fn string(&self) -> Result<String, Diagnostic> {
        match self.value {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                Err(self.expected("a string").with_hint(format!("put it in quotes: \"{}\"", self.source())))
            }
            DeValue::Array(_) | DeValue::Table(_) => Err(self.expected("a string")),
        }
    }

    /// A string that is not empty.
    pub(super) fn text(&self) -> Result<String, Diagnostic> {
        let text = self.string()?;
        if text.trim().is_empty() {
            Err(Diagnostic::error("expected some text, found an empty string")
                .with_hint("write it, or remove the key if it is not needed"))
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

    pub(super) fn boolean(&self) -> Result<bool, Diagnostic> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.expected("true or false, without quotes")),
        }
    }

    pub(super) fn array(&self) -> Result<Vec<Value<'f, 'a>>, Diagnostic> {
        let DeValue::Array(entries) = self.value else {
            return Err(self.expected("a list").with_hint("write it in square brackets: [\"…\"]"));
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
        let (known, missing) = (RefCell::default(), RefCell::default());
        Ok(Section { file: self.file, name: name.to_owned(), table, span, known, missing })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_what_is_written() {
        let text = "[pricing]\nmarkup = \"15%\"   # a remark\n\n[[pricing.rule]]   # another\nitem = \"harvest*\"\n\
                    tiers = [\n    { up-to = 10, unit-price = \"0.2\" },\n    { unit-price = \"0.1\" },\n]\n\
                    [[pricing.rule]]\ntag.customer = \"acme\"\nmarkup = 0\n";
        let file = TomlFile::new("invoicer.toml", text);
        let table = file.parse();
        let pricing = Section::root(&file, &table).section("pricing", "[pricing]").unwrap();
        let told = |definition: Definition| (definition.line, definition.column, definition.text);
        assert_eq!(told(pricing.definition_of("markup")), (2, 1, "markup = \"15%\"".to_owned()));
        assert_eq!(pricing.definition_of("rounding"), Definition::default());
        let rules = pricing.sections("rule", "[[pricing.rule]]");
        let tiers = "item = \"harvest*\", tiers = [ { up-to = 10, unit-price = \"0.2\" }, { unit-price = \"0.1\" }, ]";
        assert_eq!(told(rules[0].definition()), (4, 1, tiers.to_owned()));
        assert_eq!(told(rules[1].definition()), (10, 1, "tag.customer = \"acme\", markup = 0".to_owned()));
    }
}
