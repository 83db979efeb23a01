//! `invoicer source try`: shows the rows of a file as the charges that a source makes of them, and what is left out.

use std::path::Path;

use serde::Serialize;

use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems, counted, row_count};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Bill, Charge, ChargeKind};
use crate::model::currency::Currency;
use crate::model::mapping::LeftOutRows;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::workspace;

/// What a file becomes.
#[derive(Serialize)]
struct Trial<'b> {
    source: &'b str,
    file: String,
    month: String,
    currency: Currency,
    /// Rows that were read; absent where the kind does not count those that it leaves out.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<usize>,
    charges: usize,
    /// Sum of the costs without tax.
    total: Option<Amount>,
    left_out: Vec<LeftOutOf>,
    /// Rows whose quantity times unit price is not their amount.
    unequal: LeftOutOf,
    first: Vec<Shown<'b>>,
}

/// Rows that are left out for one reason.
#[derive(Serialize)]
struct LeftOutOf {
    reason: &'static str,
    rows: usize,
    /// The lines of the first.
    lines: Vec<u32>,
    #[serde(skip)]
    text: &'static str,
}

/// A charge as it is shown.
#[derive(Serialize)]
struct Shown<'b> {
    row: u32,
    date: String,
    account: &'b str,
    resource: &'b str,
    resource_name: &'b str,
    groups: Vec<&'b str>,
    tags: Vec<(&'b str, &'b str)>,
    item: &'b str,
    kind: &'static str,
    quantity: Option<Amount>,
    unit: &'b str,
    unit_price: Option<Amount>,
    amount: Amount,
}

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::Source, printer: &Printer) -> Result<(), Problems> {
    let cli::SourceCommand::Try(arguments) = &arguments.command;
    let sources = sources_of(root)?;
    let source = sources
        .iter()
        .find(|source| source.name == arguments.name)
        .ok_or_else(|| sources::absent::unknown(&sources, &arguments.name))?;
    let file = current.join(&arguments.file);
    let path = shown_path(root, &file);
    let month = match arguments.month.or_else(|| month_in(&path)) {
        Some(month) => month,
        None => {
            let diagnostic = Diagnostic::error("the path names no month, or several").at(Place::file(path));
            return Err(diagnostic.with_hint("say which month the file is of: --month 202208").into());
        }
    };
    printer.doing(&format!("reading {path}"));
    let (bill, problems) = sources::try_file(root, source, month, &path)?;
    let trial = trial(&bill, source, path, arguments.rows);
    match arguments.json {
        true => printer.result_json(&out::to_json(&trial)?),
        false => print(&trial, printer),
    }
    problems.check()
}

/// The sources, also of a workspace with mistakes elsewhere: a file is tried before customers are written.
fn sources_of(root: &Path) -> Result<Vec<SourceSettings>, Problems> {
    workspace::load(root).map(|workspace| workspace.settings.sources).or_else(|problems| {
        let good = workspace::good_sources(root);
        if good.is_empty() { Err(problems) } else { Ok(good) }
    })
}

/// The path of a file for messages: from the workspace's root, where the file is in it.
fn shown_path(root: &Path, file: &Path) -> String {
    let below = |file: &Path, root: &Path| file.strip_prefix(root).ok().map(Path::to_path_buf);
    let real = || below(&file.canonicalize().ok()?, &root.canonicalize().ok()?);
    below(file, root).or_else(real).unwrap_or_else(|| file.to_path_buf()).display().to_string()
}

/// The month that a path names, as `billing/202208/…` or `…-2022-08.csv`; none where it names several.
fn month_in(path: &str) -> Option<BillingMonth> {
    let parts = path.split(|c: char| !c.is_ascii_digit() && c != '-').map(|part| part.trim_matches('-'));
    let mut months = parts.filter_map(|part| part.parse::<BillingMonth>().ok());
    let first = months.next()?;
    months.all(|month| month == first).then_some(first)
}

fn trial<'b>(bill: &'b Bill, source: &'b SourceSettings, file: String, rows: usize) -> Trial<'b> {
    let mut left_out = Vec::new();
    let found = bill.sources.first();
    let mapped = found.and_then(|source| source.mapped.as_ref());
    let focus = found.and_then(|source| source.focus.as_ref());
    let of = |reason, text, found: &LeftOutRows| {
        let lines = found.lines.clone();
        LeftOutOf { reason, rows: found.rows, lines, text }
    };
    for (reason, found) in mapped.iter().flat_map(|figures| &figures.left_out) {
        left_out.push(of(reason.word(), reason.reason(), found));
    }
    if let Some(figures) = focus {
        for (reason, text, rows) in [
            ("where", "by where", figures.left_out.values().map(|counted| counted.rows).sum()),
            ("tax", "as the provider's tax", figures.taxes.rows),
            ("other-month", "as of other months", figures.other_months),
        ] {
            if rows > 0 {
                left_out.push(LeftOutOf { reason, rows, lines: Vec::new(), text });
            }
        }
    }
    let nothing = LeftOutRows::default();
    let unequal = mapped.map_or(&nothing, |figures| &figures.unequal);
    Trial {
        source: &source.name,
        file,
        month: bill.month.to_string(),
        currency: source.currency,
        rows: mapped.map(|figures| figures.rows),
        charges: bill.charges.len(),
        total: Sum::of(bill.charges.iter().map(|charge| bill.cost(charge))).ok(),
        left_out,
        unequal: of("unequal", "", unequal),
        first: bill.charges.iter().take(rows).map(|charge| shown(bill, charge)).collect(),
    }
}

fn shown<'b>(bill: &'b Bill, charge: &Charge) -> Shown<'b> {
    let subject = bill.subject(charge);
    let name = |id| bill.names.get(id);
    Shown {
        row: charge.row,
        date: bill.date_text(charge),
        account: name(subject.account),
        resource: name(subject.resource),
        resource_name: name(subject.resource_name),
        groups: subject.groups.iter().map(|group| name(*group)).collect(),
        tags: bill.seen(charge.subject).tags().collect(),
        item: name(charge.item),
        kind: if charge.kind() == ChargeKind::Discount { "discount" } else { "usage" },
        quantity: bill.quantity(charge),
        unit: bill.quantity(charge).map_or("", |_| bill.unit_of(charge)),
        unit_price: bill.unit_price(charge),
        amount: bill.cost(charge),
    }
}

fn print(trial: &Trial<'_>, printer: &Printer) {
    let header = ["line", "date", "resource", "item", "kind", "quantity", "unit price", "amount"];
    let mut rows = vec![printer.heading(header)];
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    for row in &trial.first {
        let number = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| render::grouped(amount, 0));
        rows.push(vec![
            row.row.to_string(),
            row.date.clone(),
            or_dash(row.resource.to_owned()),
            row.item.to_owned(),
            printer.text(row.kind).into_owned(),
            or_dash(format!("{} {}", number(row.quantity), row.unit).trim().to_owned()),
            or_dash(number(row.unit_price)),
            render::money(row.amount, trial.currency, 0),
        ]);
    }
    let (left, right) = (Align::Left, Align::Right);
    for line in table(&rows, &[right, left, left, left, left, right, right, right]) {
        printer.result(&line);
    }
    let say = |text: String| printer.result(&printer.text(&text));
    let total = trial.total.map_or_else(String::new, |total| render::money(total, trial.currency, 0));
    say(format!("{}: {}, {total} without tax", trial.month, counted(trial.charges, "charge")));
    for found in &trial.left_out {
        let rows = row_count(found.rows);
        say(match (lines(found), found.rows) {
            (lines, _) if lines.is_empty() => format!("left out {}: {rows}", found.text),
            (line, 1) => format!("left out {}: {rows}, line {line}", found.text),
            (lines, _) => format!("left out {}: {rows}, lines {lines}", found.text),
        });
    }
    let (rows, lines) = (row_count(trial.unequal.rows), lines(&trial.unequal));
    match trial.unequal.rows {
        0 => {}
        1 => say(format!("quantity × unit price is not the amount: {rows}, line {lines}")),
        _ => say(format!("quantity × unit price is not the amount: {rows}, lines {lines}")),
    }
}

/// The lines of the first rows.
fn lines(found: &LeftOutOf) -> String {
    let lines: Vec<String> = found.lines.iter().map(u32::to_string).collect();
    let more = if found.rows > lines.len() && !lines.is_empty() { ", …" } else { "" };
    format!("{}{more}", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::month_in;

    #[test]
    fn a_path_names_one_month() {
        for (path, expected) in [
            ("billing/202208/mobile.csv", Some("202208")),
            ("/tmp/mobile-2022-08.csv", Some("202208")),
            ("202208/mobile_202208.csv", Some("202208")),
            ("202208/mobile_202207.csv", None),
            ("mobile-20220831.csv", None),
            ("mobile.csv", None),
            ("table-000001.csv", None),
        ] {
            assert_eq!(month_in(path).map(|month| month.to_string()).as_deref(), expected, "{path}");
        }
    }
}
