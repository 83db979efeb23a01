//! Reads a file of alternative prices: `[pricing]` replaces the workspace's, `[customers.ID.pricing]` a customer's.

use std::path::Path;

use super::Workspace;
use super::customer_ids::known_customers;
use super::invoice_section::PricingLayer;
use super::text_file::read_text;
use super::toml_reader::{Section, TomlFile, Value};
use crate::diagnostic::{Diagnostic, Problems};
use crate::model::currency::Currency;
use crate::model::settings::Settings;

/// The settings of a workspace with the prices of another file, read from `directory`. Layers that the file does not
/// have stay: customers' own layers over a new `[pricing]`, and `[pricing]` under customers' new layers.
///
/// # Errors
/// A file that cannot be read, and every mistake in it with its place.
pub fn with_prices_of(workspace: &Workspace, directory: &Path, path: &str) -> Result<Settings, Problems> {
    let text = read_text(directory, path)?;
    let file = TomlFile::new(path, &text);
    let mut settings = workspace.settings.clone();
    // Money in this file is in the currency of invoicer.toml, whichever customer it is for.
    let currency = settings.currency;
    let mut layers = workspace.pricing.clone();
    let table = file.parse();
    let root = Section::root(&file, &table);
    let base = root.section("pricing", "[pricing]");
    let customers = root.section("customers", "[customers]");
    if base.is_none() && customers.is_none() {
        let diagnostic = Diagnostic::error("the file has no prices");
        root.tell(diagnostic.with_hint("add [pricing] as in invoicer.toml, or [customers.ID.pricing]"));
    }
    if base.is_some() {
        layers.base = PricingLayer::read(base, currency);
    }
    for (id, value) in customers.iter().flat_map(Section::entries) {
        if let (Some(index), Some(layer)) = (value.told(index_of(&settings, &id)), layer(&id, &value, currency)) {
            layers.customers[index] = layer;
        }
    }
    root.finish();
    for (customer, layer) in settings.customers.iter_mut().zip(layers.customers) {
        customer.pricing = layer.over(&layers.base);
    }
    file.into_problems().into_iter().filter(Diagnostic::is_error).collect::<Problems>().check()?;
    Ok(settings)
}

/// Reads a customer's new layer.
fn layer(id: &str, value: &Value<'_, '_>, currency: Currency) -> Option<PricingLayer> {
    let section = value.told(value.section(&format!("[customers.{id}]")))?;
    let pricing = section.section("pricing", &format!("[customers.{id}.pricing]"));
    section.finish();
    Some(PricingLayer::read(Some(pricing?), currency))
}

fn index_of(settings: &Settings, id: &str) -> Result<usize, Diagnostic> {
    let known: Vec<&str> = settings.customers.iter().map(|customer| customer.id.as_str()).collect();
    known.iter().position(|known| *known == id).ok_or_else(|| {
        let diagnostic = Diagnostic::error(format!("there is no customer \"{id}\""));
        diagnostic.with_hint(known_customers(id, &known))
    })
}
