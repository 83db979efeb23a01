//! Fills in a template of the user's that makes text for another program, within the limits of all templates.

use serde::Serialize;
use tera::{Context, Tera};

use super::bounds;
use super::guarded::Guarded;
use super::templates::{guards, told};
use crate::diagnostic::{Diagnostic, Place, Problems};

/// Name of the template inside Tera. With its own name, a template of HTML or XML would escape what it prints.
const NAME: &str = "template.txt";

/// Fills in a template; `path` is its path in messages.
///
/// # Errors
/// Mistakes in the template, with their lines; more work or text than the view justifies.
pub fn plain_text(path: &str, source: &str, view: &impl Serialize) -> Result<String, Problems> {
    let sources = [(NAME.to_owned(), source.to_owned())];
    let here = |diagnostic: Diagnostic| moved(diagnostic, path);
    let guards = guards(&sources).map_err(|problems| problems.each(here))?;
    let told = |error: tera::Error| {
        let diagnostic = here(told(&error.to_string(), &sources, Some(&guards)));
        diagnostic.with_hint("docs/accounting.md in invoicer's repository lists the fields; the syntax is Tera 2's")
    };
    let mut tera = Tera::default();
    bounds::register(&mut tera);
    let text = guards.by_name.get(NAME).map_or(source, Guarded::text);
    tera.add_raw_template(NAME, text).map_err(told)?;
    if !guards.by_name.contains_key(NAME) {
        return Err(Diagnostic::error("template: its tags cannot be followed").at(Place::file(path)).into());
    }
    let context = Context::from_serialize(view).map_err(told)?;
    let rendered = bounds::run(&tera, NAME, &context, view, (&guards.sites, guards.bytes));
    Ok(rendered.map_err(|(error, site)| {
        let site = site.and_then(|number| guards.sites.get(number));
        match site {
            Some(site) => told(error).at(Place::span(path, source, site.tag.clone())),
            None => told(error),
        }
    })?)
}

/// A problem at the path that the user gave.
fn moved(mut diagnostic: Diagnostic, path: &str) -> Diagnostic {
    if let Some(place) = &mut diagnostic.place {
        path.clone_into(&mut place.path);
    }
    diagnostic
}
