//! Tera templates: the built-in ones, replaced by files of the same name in the workspace's `templates/`.

use std::path::Path;

use tera::{Context, Kwargs, State, Tera, Value};

use super::labels::Labels;
use super::view::InvoiceView;
use crate::diagnostic::{Diagnostic, Place, cause, nearest};
use crate::model::settings::Language;

const BUILT_IN: [(&str, &str); 1] = [("invoice.html", include_str!("../../templates/invoice.html"))];

/// The templates of a workspace, parsed.
pub struct Templates {
    tera: Tera,
    labels: Labels,
    sources: Vec<(String, String)>,
    /// The workspace's own files, from its root, with their bytes; for the manifest.
    pub files: Vec<(String, Vec<u8>)>,
    /// Templates that no other uses.
    pub warnings: Vec<Diagnostic>,
}

impl Templates {
    /// Reads and parses the templates of the workspace at `root`.
    ///
    /// # Errors
    /// Files that cannot be read, and mistakes in templates and labels with file and line.
    pub fn load(root: &Path) -> Result<Templates, Vec<Diagnostic>> {
        let files = own_files(root)?;
        let mut sources: Vec<(String, String)> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut own_labels = None;
        for (path, bytes) in &files {
            let name = path.trim_start_matches("templates/").to_owned();
            let text = String::from_utf8(bytes.clone()).map_err(|_| {
                vec![Diagnostic::error("the template is not UTF-8").at(Place::file(path)).with_hint("save it as UTF-8")]
            })?;
            if name == "labels.toml" {
                own_labels = Some(text);
                continue;
            }
            sources.retain(|(known, _)| *known != name);
            sources.push((name, text));
        }
        let labels = Labels::load(own_labels.as_deref())?;
        let mut tera = Tera::default();
        tera.register_filter("css_string", css_string);
        let added = tera.add_raw_templates(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        added.map_err(|error| vec![told(&error.to_string(), &sources)])?;
        let warnings = unused(&sources);
        Ok(Templates { tera, labels, sources, files, warnings })
    }

    /// The words of a language.
    pub fn labels(&self, language: Language) -> &std::collections::BTreeMap<String, String> {
        self.labels.of(language)
    }

    /// The HTML of an invoice.
    ///
    /// # Errors
    /// A mistake in the template, with its line and the fields that exist.
    pub fn invoice(&self, view: &InvoiceView<'_>) -> Result<String, Diagnostic> {
        let rendered = Context::from_serialize(view).and_then(|context| self.tera.render("invoice.html", &context));
        rendered.map_err(|error| told(&error.to_string(), &self.sources))
    }

    /// Where a piece of rendered HTML stands in a template: the file, line and column of its first occurrence.
    pub fn find(&self, fragment: &str) -> Option<Place> {
        let found = self.sources.iter().find_map(|(name, text)| Some((name, text, text.find(fragment)?)));
        let (name, text, start) = found.filter(|_| !fragment.is_empty())?;
        Some(Place::span(&format!("templates/{name}"), text, start..start + fragment.len()))
    }
}

/// Templates of the workspace that take no built-in one's place and that no other template names.
fn unused(sources: &[(String, String)]) -> Vec<Diagnostic> {
    let built_in = || BUILT_IN.iter().map(|(name, _)| *name);
    let used = |name: &str| {
        built_in().any(|known| known == name) || sources.iter().any(|(_, text)| text.contains(&format!("\"{name}\"")))
    };
    let tell = |(name, _): &(String, String)| {
        let diagnostic = Diagnostic::warning("the template is never used").at(Place::file(format!("templates/{name}")));
        diagnostic.with_hint(match nearest(name, built_in()) {
            Some(near) => format!("did you mean {near}?"),
            None => "include it in invoice.html, or remove it".to_owned(),
        })
    };
    sources.iter().filter(|(name, _)| !used(name)).map(tell).collect()
}

/// Everything in `templates/` that is a template or the labels, sorted.
fn own_files(root: &Path) -> Result<Vec<(String, Vec<u8>)>, Vec<Diagnostic>> {
    let Ok(entries) = std::fs::read_dir(root.join("templates")) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| (name.ends_with(".html") && !name.starts_with('.')) || name == "labels.toml");
    names.sort();
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        let path = format!("templates/{name}");
        match std::fs::read(root.join(&path)) {
            Ok(bytes) => files.push((path, bytes)),
            Err(error) => problems
                .push(Diagnostic::error(format!("cannot read the template: {}", cause(&error))).at(Place::file(path))),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Tera's report (message, ` --> file:line:column`, excerpt with carets) as a diagnostic.
fn told(report: &str, sources: &[(String, String)]) -> Diagnostic {
    let mut lines = report.lines();
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
    let (message, fields) = match message.split_once(". Available ") {
        Some((message, fields)) => (message, Some(fields)),
        None => (message, None),
    };
    let message = lower_first(message.trim_end_matches('.'));
    let mut diagnostic = Diagnostic::error(format!("template: {message}"));
    let position = lines.next().and_then(|line| line.trim().strip_prefix("--> "));
    if let Some((file, line, column)) = position.and_then(split_position) {
        let text = sources.iter().find(|(name, _)| name == file).map_or("", |(_, text)| text);
        let carets = report.lines().find(|line| line.trim_start().trim_start_matches('|').trim().starts_with('^'));
        diagnostic = diagnostic.at(Place {
            path: format!("templates/{file}"),
            line: Some(line),
            column: Some(column),
            excerpt: text.lines().nth(line as usize - 1).map(str::to_owned),
            length: carets.map_or(1, |line| line.matches('^').count()),
        });
    }
    match fields {
        Some(fields) => diagnostic.with_hint(fields.to_owned()),
        None => diagnostic
            .with_hint("templates/README.md in invoicer's repository lists fields and filters; the syntax is Tera 2's"),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn split_position(text: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok().filter(|line| *line > 0)?, column.parse().ok()?))
}

/// A text as a quoted CSS string, for `content` in page margins: nothing in it can end the string or the style.
fn css_string(text: &str, _: Kwargs, _: &State<'_>) -> Value {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '<' | '>' | '&' | '\'' | '{' | '}' | ';') || c.is_control() {
            quoted.push_str(&format!("\\{:06x}", c as u32));
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    Value::safe_string(&quoted)
}
