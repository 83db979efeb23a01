//! `invoicer items`: what a month's items are called, by the provider and by those who read invoices.

use std::collections::BTreeSet;
use std::path::Path;

use super::check_customer;
use crate::billing::{self, ListedItem, PriceRange};
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Problems, nearest, row_count};
use crate::ledger::Ledger;
use crate::model::invoice::{ItemKind, Status};
use crate::model::matcher::Glob;
use crate::model::settings::Settings;
use crate::model::toml_text::toml_text;
use crate::month::{carried, computed};
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::workspace;

/// What has too many digits to be computed exactly, for messages.
const SUMS: &str = "the sums of an item";

pub(super) fn run(root: &Path, arguments: &cli::Items, printer: &Printer) -> Result<(), Problems> {
    let workspace = workspace::load_for(root, &[arguments.month])?;
    let settings = &workspace.settings;
    if let Some(source) = &arguments.source {
        check_source(settings, source)?;
    }
    let Some(id) = &arguments.customer else {
        // Names are given before a month can be billed: neither owners nor prices matter here.
        printer.doing(&format!("reading the bills of {}", arguments.month));
        let bill = sources::read(root, settings, arguments.month, true)?;
        let listed = billing::listed_items(&bill, settings).of(SUMS)?;
        return print(listed, settings, arguments, printer);
    };
    check_customer(settings, id)?;
    let taken = carried::taken(&Ledger::open(root)?, &root.join("out"), arguments.month);
    printer.doing(&format!("reading the bills of {}", arguments.month));
    let (bill, billed) = computed::invoices(root, settings, arguments.month, Status::Draft, &taken)?;
    let invoice = billed.invoices.iter().find(|invoice| settings.customers[invoice.customer].id == *id);
    let listed = match invoice {
        Some(invoice) => billing::items_of_invoice(&bill, settings, invoice).of(SUMS)?,
        None => Vec::new(),
    };
    print(listed, settings, arguments, printer)
}

fn check_source(settings: &Settings, name: &str) -> Result<(), Diagnostic> {
    if settings.source(name).is_some() {
        return Ok(());
    }
    let known = || settings.sources.iter().map(|source| source.name.as_str());
    let diagnostic = Diagnostic::error(format!("there is no source \"{name}\""));
    Err(diagnostic.with_hint(match nearest(name, known()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("sources: {}", known().collect::<Vec<&str>>().join(", ")),
    }))
}

fn print(
    mut listed: Vec<ListedItem<'_>>,
    settings: &Settings,
    arguments: &cli::Items,
    printer: &Printer,
) -> Result<(), Problems> {
    listed.retain(|item| arguments.source.as_ref().is_none_or(|source| item.source == source));
    if arguments.stubs {
        // Fees and adjustments have the names they were given.
        listed.retain(|item| item.labels.is_empty() && item.is_provided());
    }
    match (listed.is_empty(), arguments.stubs) {
        _ if arguments.json => {
            printer.result_json(&out::to_json(&listed)?);
        }
        (true, true) => printer.status("every item has a name"),
        (true, false) => printer.status("the month has no items"),
        (false, true) => stubs(&listed, settings).iter().for_each(|line| printer.result(line)),
        (false, false) => lines(&listed, printer).iter().for_each(|line| printer.result(line)),
    }
    Ok(())
}

fn lines(listed: &[ListedItem<'_>], printer: &Printer) -> Vec<String> {
    let header = ["source", "item", "kind", "rows", "quantity", "cost", "unit price", "ja", "en"];
    let mut rows = vec![printer.heading(header)];
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for item in listed {
        let quantity = item.quantity.map(|quantity| match item.unit {
            "" => render::grouped(quantity, 0),
            unit => format!("{} {unit}", render::grouped(quantity, 0)),
        });
        let price = item.unit_price.map(|PriceRange { least, most }| match least == most {
            true => least.to_string(),
            false => format!("{least}..{most}"),
        });
        rows.push(vec![
            or_dash(Some(item.source.to_owned()).filter(|source| !source.is_empty())),
            item.item.to_owned(),
            printer.text(word(item.kind)).into_owned(),
            or_dash(Some(item.rows.to_string()).filter(|_| item.is_provided())),
            or_dash(quantity),
            or_dash(Some(render::money(item.cost, item.currency, 0)).filter(|_| item.is_provided())),
            or_dash(price),
            or_dash(item.labels.ja.map(str::to_owned)),
            or_dash(item.labels.en.map(str::to_owned)),
        ]);
    }
    let (left, right) = (Align::Left, Align::Right);
    table(&rows, &[left, left, left, right, right, right, right, left, left])
}

fn word(kind: ItemKind) -> &'static str {
    ItemKind::NAMES.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
}

/// `[[item]]` tables with the provider's names in both languages, to be replaced. One name is one table, whatever it
/// stands for; of several sources, one for each.
fn stubs(listed: &[ListedItem<'_>], settings: &Settings) -> Vec<String> {
    let has_several = settings.sources.len() > 1;
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for item in listed.iter().filter(|item| known.insert((item.source, item.item))) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let rows = row_count(item.rows);
        let quantity = item.quantity.map_or_else(String::new, |quantity| format!(", quantity {quantity}"));
        lines.push(format!("[[item]]  # {rows}{quantity}"));
        if has_several {
            lines.push(format!("source = {}", toml_text(item.source)));
        }
        // The item alone, also where its name has the characters of patterns. A name is one line.
        let name = toml_text(&item.item.replace(char::is_control, " "));
        lines.push(format!("item = {}", toml_text(&Glob::exactly(item.item))));
        lines.push(format!("name = {{ ja = {name}, en = {name} }}"));
    }
    lines
}
