//! `invoicer check MONTH --unclaimed`: the charges that no customer claims, as comments around the tables that would
//! claim them.

use std::path::Path;

use crate::billing::{self, UnclaimedGroup, UnclaimedResource};
use crate::diagnostic::{Diagnostic, Figure, Problems, row_count};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::printer::Printer;
use crate::render;
use crate::sources;
use crate::workspace;

/// Maximum number of resources listed of a table, unless `-v` asks for all.
const SHOWN: usize = 10;

pub(super) fn run(root: &Path, month: BillingMonth, printer: &Printer) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    let settings = &workspace.settings;
    printer.doing(&format!("reading the bills of {month}"));
    let bill = sources::read(root, settings, month, true)?;
    let found = billing::unclaimed(&bill, settings).of("the sums of unclaimed charges")?;
    if found.groups.is_empty() {
        printer.status(&format!("every charge of {month} has an owner"));
        return Ok(());
    }
    for (index, group) in found.groups.iter().enumerate() {
        if index > 0 {
            printer.result("");
        }
        lines(group, printer.verbose).iter().for_each(|line| printer.result(line));
    }
    if settings.allocation.keep_unassigned {
        printer.status(&format!("{} without an owner, which you bear", row_count(found.rows)));
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!("{} of {month} without an owner", row_count(found.rows)));
    Err(diagnostic.with_hint("add the tables to files in customers/ and to invoicer.toml, changed where needed").into())
}

fn lines(group: &UnclaimedGroup, all: bool) -> Vec<String> {
    let costs: Vec<String> = group.costs.iter().map(|(currency, cost)| money(*cost, *currency)).collect();
    let resources = match group.resource_count {
        0 => "without a resource".to_owned(),
        1 => "of 1 resource".to_owned(),
        count => format!("of {count} resources"),
    };
    let mut lines = vec![format!("# {}: {} {resources}, {}", group.source, row_count(group.rows), costs.join(" + "))];
    let shown = if all { group.resources.len() } else { SHOWN };
    lines.extend(group.resources.iter().take(shown).map(resource));
    if group.resources.len() > shown {
        lines.push(format!("#   … {} more; -v lists all", group.resources.len() - shown));
    }
    lines.extend(group.table.iter().cloned());
    lines
}

fn resource(resource: &UnclaimedResource) -> String {
    let UnclaimedResource { id, name, tags, rows: count, cost, currency } = resource;
    let mut text = format!("#   {}", beginning(id));
    if !name.is_empty() && !tags.iter().any(|(tag, _)| tag == "name") {
        text.push_str(&format!(" {:?}", beginning(name)));
    }
    text.push_str(&format!(": {}, {}", row_count(*count), money(*cost, *currency)));
    let tags: Vec<String> =
        tags.iter().map(|(tag, value)| format!("{}={:?}", beginning(tag), beginning(value))).collect();
    if !tags.is_empty() {
        text.push_str(&format!("; {}", tags.join(", ")));
    }
    text
}

fn money(cost: Amount, currency: Currency) -> String {
    render::money(cost, currency, 0)
}
