//! Tera templates: the built-in ones, replaced by files of the same name in the workspace's `templates/`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use tera::{Context, Tera};

use super::bounds;
use super::filters;
use super::guarded::{self, Guarded, RESERVED, Site};
use super::labels::Labels;
use super::units;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, cause, nearest};
use crate::files;
use crate::model::invoice::DocumentKind;
use crate::model::settings::{Language, Settings, TemplateChoice};
use crate::model::warning::WarningCode;

/// The built-in templates: first the designs, then the pieces they share.
const BUILT_IN: &[(&str, &str)] = &[
    ("invoice.html", include_str!("../../templates/invoice.html")),
    ("classic.html", include_str!("../../templates/classic.html")),
    ("modern.html", include_str!("../../templates/modern.html")),
    ("base.html", include_str!("../../templates/base.html")),
    ("addressee.html", include_str!("../../templates/addressee.html")),
    ("envelope.html", include_str!("../../templates/envelope.html")),
    ("issuer.html", include_str!("../../templates/issuer.html")),
    ("items.html", include_str!("../../templates/items.html")),
    ("taxes.html", include_str!("../../templates/taxes.html")),
    ("notes.html", include_str!("../../templates/notes.html")),
    ("returned.html", include_str!("../../templates/returned.html")),
    ("appendix.html", include_str!("../../templates/appendix.html")),
    ("phone.html", include_str!("../../templates/phone.html")),
    ("review.html", include_str!("../../templates/review.html")),
    ("plot.html", include_str!("../../templates/plot.html")),
    ("story.html", include_str!("../../templates/story.html")),
    ("review-cells.html", include_str!("../../templates/review-cells.html")),
    ("review-order.html", include_str!("../../templates/review-order.html")),
    ("review-parts.html", include_str!("../../templates/review-parts.html")),
    ("review-state.html", include_str!("../../templates/review-state.html")),
    ("review-style.html", include_str!("../../templates/review-style.html")),
    ("review-script.html", include_str!("../../templates/review-script.html")),
];

/// Template of a month's review page.
const REVIEW: &str = "review.html";

/// Number of designs in [`BUILT_IN`].
const DESIGNS: usize = 3;

/// The parsed templates of a workspace.
pub struct Templates {
    tera: Tera,
    labels: Labels,
    sources: Vec<(String, String)>,
    /// Counts the templates' work, where the workspace has its own.
    guards: Option<Guards>,
    /// The workspace's own files, relative to its root, with their bytes; for the manifest.
    pub files: Vec<(String, Vec<u8>)>,
    /// Warnings about templates that no chosen design uses.
    pub warnings: Vec<Diagnostic>,
}

/// Templates with calls that count their work.
pub(super) struct Guards {
    pub(super) by_name: BTreeMap<String, Guarded>,
    pub(super) sites: Arc<[Site]>,
    /// Total length of all templates.
    pub(super) bytes: u64,
}

impl Guards {
    /// The text of a template with these calls; none where it is not one of them.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(Guarded::text)
    }
}

impl Templates {
    /// Reads and parses the templates of the workspace at `root`.
    ///
    /// # Errors
    /// Files that cannot be read, mistakes in templates and labels with file and line, and designs that do not exist.
    pub fn load(root: &Path, settings: &Settings) -> Result<Templates, Problems> {
        let files = own_files(root)?;
        let mut sources: Vec<(String, String)> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut own_labels = None;
        for (path, bytes) in &files {
            let name = path.trim_start_matches("templates/").to_owned();
            let text = String::from_utf8(bytes.clone()).map_err(|_| {
                Diagnostic::error("the template is not UTF-8").at(Place::file(path)).with_hint("save it as UTF-8")
            })?;
            if name == "labels.toml" {
                own_labels = Some(text);
                continue;
            }
            sources.retain(|(known, _)| *known != name);
            sources.push((name, text));
        }
        let labels = Labels::load(own_labels.as_deref(), settings.taxes.regime)?;
        let mut tera = Tera::default();
        filters::register(&mut tera);
        let guards = if files.iter().any(|(path, _)| path.ends_with(".html")) { Some(guards(&sources)?) } else { None };
        if guards.is_some() {
            bounds::register(&mut tera);
        }
        let text = |name: &str, text| guards.as_ref().and_then(|guards| guards.text(name)).unwrap_or(text);
        let texts = sources.iter().map(|(name, source)| (name.as_str(), text(name, source)));
        let added = tera.add_raw_templates(texts);
        added.map_err(|error| told(&error.to_string(), &sources, guards.as_ref()))?;
        // Tera should have refused what our lexer cannot read. A template without calls would run without limits.
        let uncounted =
            |(name, _): &&(String, String)| guards.as_ref().is_some_and(|guards| !guards.by_name.contains_key(name));
        if let Some((name, _)) = sources.iter().find(uncounted) {
            let place = Place::file(format!("templates/{name}"));
            return Err(Diagnostic::error("template: its tags cannot be followed").at(place).into());
        }
        let chosen = chosen(settings);
        chosen.iter().filter_map(|choice| check_choice(choice, &sources)).collect::<Problems>().check()?;
        let warnings = unused(&sources, &chosen);
        Ok(Templates { tera, labels, sources, guards, files, warnings })
    }

    /// The words of a language for a kind of document.
    pub fn labels(&self, language: Language, kind: DocumentKind) -> &BTreeMap<String, String> {
        self.labels.of(language, kind)
    }

    /// The words of the review page in a language.
    pub fn review_labels(&self, language: Language) -> &BTreeMap<String, String> {
        self.labels.of_review(language)
    }

    /// Renders a document in a design as HTML, in which numbers stay on one line with their units; the view of an
    /// invoice is an [`InvoiceView`](super::InvoiceView).
    ///
    /// # Errors
    /// A mistake in the template, with its line and the fields that exist; more work or text than the view justifies.
    pub fn document(&self, design: &str, view: &impl Serialize) -> Result<String, Diagnostic> {
        let html = rendered(&self.tera, (&self.sources, self.guards.as_ref()), &format!("{design}.html"), view)?;
        Ok(units::hold(&html))
    }

    /// Finds a piece of a design's HTML in its templates: the file, line and column of its first occurrence.
    pub fn find(&self, design: &str, fragment: &str) -> Option<Place> {
        let names = reachable(&self.sources, &format!("{design}.html"));
        let find = |name: &String| {
            let text = source(&self.sources, name)?;
            let start = text.find(fragment)?;
            Some(Place::span(&format!("templates/{name}"), text, start..start + fragment.len()))
        };
        names.iter().find_map(find).filter(|_| !fragment.is_empty())
    }
}

/// Renders a template of these sources; within limits, if it has guards.
///
/// # Errors
/// As [`Templates::document`].
pub(super) fn rendered(
    tera: &Tera,
    (sources, guards): (&[(String, String)], Option<&Guards>),
    name: &str,
    view: &impl Serialize,
) -> Result<String, Diagnostic> {
    let told = |error: tera::Error| told(&error.to_string(), sources, guards);
    let context = Context::from_serialize(view).map_err(told)?;
    let Some(guards) = guards else {
        return tera.render(name, &context).map_err(told);
    };
    bounds::run(tera, name, &context, view, (&guards.sites, guards.bytes)).map_err(|(error, site)| {
        let site = site.and_then(|number| guards.sites.get(number));
        let diagnostic = told(error);
        match site.and_then(|site| Some((site, source(sources, &site.template)?))) {
            Some((site, text)) => {
                diagnostic.at(Place::span(&format!("templates/{}", site.template), text, site.tag.clone()))
            }
            None => diagnostic,
        }
    })
}

/// Maximum number of files in `templates/`: on loading, Tera recurses over those that extend each other.
const FILES_MOST: usize = 500;

/// Adds calls that count to all templates, because the workspace's own may include the built-in ones.
pub(super) fn guards(sources: &[(String, String)]) -> Result<Guards, Problems> {
    if sources.len() > FILES_MOST {
        let message = format!("expected at most {FILES_MOST} templates, found {}", sources.len());
        return Err(Diagnostic::error(message).at(Place::file("templates")).into());
    }
    let named = |(name, text): &(String, String)| {
        let start = text.find(RESERVED)?;
        let place = Place::span(&format!("templates/{name}"), text, start..start + RESERVED.len());
        let message = format!("template: names that begin with {RESERVED} are the program's own");
        Some(Diagnostic::error(message).at(place).with_hint("choose another name"))
    };
    sources.iter().filter_map(named).collect::<Problems>().check()?;
    let kept = guarded::kept_blocks(sources.iter().map(|(_, text)| text.as_str()));
    let mut sites = Vec::new();
    let guard = |(name, text): &(String, String)| Some((name.clone(), guarded::guard(name, text, &kept, &mut sites)?));
    let by_name = sources.iter().filter_map(guard).collect();
    let bytes = sources.iter().map(|(_, text)| text.len() as u64).sum();
    Ok(Guards { by_name, sites: sites.into(), bytes })
}

/// The designs that the workspace's files choose, each place once.
fn chosen(settings: &Settings) -> BTreeSet<&TemplateChoice> {
    let customers = settings.customers.iter().map(|customer| &customer.invoice.template);
    customers.chain([&settings.template]).collect()
}

fn source<'a>(sources: &'a [(String, String)], name: &str) -> Option<&'a str> {
    sources.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
}

/// Error for a chosen design that no template has.
fn check_choice(choice: &TemplateChoice, sources: &[(String, String)]) -> Option<Diagnostic> {
    let piece = |name: &str| BUILT_IN[DESIGNS..].iter().any(|(known, _)| *known == name);
    let designs = sources.iter().filter(|(name, _)| !piece(name)).filter_map(|(name, _)| name.strip_suffix(".html"));
    let designs: BTreeSet<&str> = designs.collect();
    if designs.contains(choice.name.as_str()) {
        return None;
    }
    let place = Place {
        column: Some(choice.definition.column),
        length: choice.name.chars().count() + 2,
        ..Place::from(&choice.definition)
    };
    let stem = choice.name.strip_suffix(".html").unwrap_or(&choice.name);
    let stem = stem.strip_prefix("templates/").unwrap_or(stem);
    let names = designs.iter().copied().collect::<Vec<&str>>().join(", ");
    let diagnostic = Diagnostic::error(format!("there is no template \"{}\"", choice.name)).at(place);
    Some(match nearest(stem, designs) {
        Some(near) => {
            diagnostic.with_note(format!("templates: {names}")).with_hint(format!("did you mean \"{near}\"?"))
        }
        None => diagnostic.with_hint(format!("templates: {names}; or make templates/{stem}.html")),
    })
}

/// A template and those it extends or includes, in the order in which they are named.
fn reachable(sources: &[(String, String)], first: &str) -> Vec<String> {
    let mut names = vec![first.to_owned()];
    let mut next = 0;
    while let Some(text) = names.get(next).map(|name| source(sources, name).unwrap_or_default()) {
        let mut named: Vec<(usize, &String)> = sources
            .iter()
            .filter_map(|(name, _)| Some((text.find(&format!("\"{name}\""))?, name)))
            .filter(|(_, name)| !names.contains(name))
            .collect();
        named.sort_unstable();
        names.extend(named.into_iter().map(|(_, name)| name.clone()));
        next += 1;
    }
    names
}

/// Warnings about templates of the workspace that no chosen design uses.
fn unused(sources: &[(String, String)], chosen: &BTreeSet<&TemplateChoice>) -> Vec<Diagnostic> {
    let names = || sources.iter().map(|(name, _)| name.as_str());
    let is_built_in = |name: &str| BUILT_IN.iter().any(|(known, _)| *known == name);
    if names().all(is_built_in) {
        return Vec::new();
    }
    let designs: BTreeSet<String> = chosen.iter().map(|choice| format!("{}.html", choice.name)).collect();
    let roots = designs.iter().map(String::as_str).chain([REVIEW]);
    let used: BTreeSet<String> = roots.flat_map(|design| reachable(sources, design)).collect();
    let tell = |name: &str| {
        let path = format!("templates/{name}");
        let diagnostic = Diagnostic::finding(WarningCode::UnusedTemplate, "the template is never used", &path);
        let diagnostic = diagnostic.at(Place::file(path));
        let stem = name.trim_end_matches(".html");
        let others = names().filter(|other| *other != name && is_built_in(other));
        diagnostic.with_hint(match nearest(name, others) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("choose it with [invoice] template = \"{stem}\", include it in another, or remove it"),
        })
    };
    names().filter(|name| !used.contains(*name) && !is_built_in(name)).map(tell).collect()
}

/// The templates and `labels.toml` in `templates/`, sorted.
fn own_files(root: &Path) -> Result<Vec<(String, Vec<u8>)>, Problems> {
    let names = match files::names(&root.join("templates")) {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        // Falling back to the built-in templates would make a different invoice.
        names => names.with_context(|| cannot("read the directory", "templates"))?,
    };
    // No template can refer to a name that is not UTF-8.
    let mut names: Vec<String> = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| (name.ends_with(".html") && !name.starts_with('.')) || name == "labels.toml");
    let mut found = Vec::new();
    let mut problems = Problems::default();
    for name in names {
        let path = format!("templates/{name}");
        match files::read(&root.join(&path), files::TEXT) {
            Ok(bytes) => found.push((path, bytes)),
            Err(error) => problems
                .push(Diagnostic::error(format!("cannot read the template: {}", cause(&error))).at(Place::file(path))),
        }
    }
    problems.check()?;
    Ok(found)
}

/// Converts Tera's report (message, ` --> file:line:column`, excerpt with carets) to a diagnostic.
pub(super) fn told(report: &str, sources: &[(String, String)], guards: Option<&Guards>) -> Diagnostic {
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
        let guarded = guards.and_then(|guards| guards.by_name.get(file));
        let (line, column, length) = guarded.map_or((line, column, None), |guarded| guarded.place(line, column));
        diagnostic = diagnostic.at(Place {
            path: format!("templates/{file}"),
            line: Some(line),
            column: Some(column),
            excerpt: text.lines().nth(line as usize - 1).map(str::to_owned),
            length: length.map_or_else(|| carets.map_or(1, |line| line.matches('^').count()), |length| length as usize),
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
