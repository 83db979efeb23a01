//! `invoicer assignments`: who has which resource from when to when, with gaps and overlaps.

use std::path::Path;

use chrono::NaiveDate;

use super::check_customer;
use crate::billing::{self, Holding, Span, SpanState};
use crate::cli;
use crate::diagnostic::{Figure, Problems};
use crate::model::matcher::Glob;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::workspace;

pub(super) fn run(root: &Path, arguments: &cli::Assignments, printer: &Printer) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    let settings = &workspace.settings;
    if let Some(customer) = &arguments.customer {
        check_customer(settings, customer)?;
    }
    let bill = match arguments.month {
        None => None,
        Some(month) => {
            printer.doing(&format!("reading the bills of {month}"));
            Some(sources::read(root, settings, month, true)?)
        }
    };
    let mut holdings = billing::holdings(settings, bill.as_ref()).of("the charges in gaps")?;
    let resource = arguments.resource.as_deref().map(Glob::new);
    holdings.retain(|holding| {
        let has = |customer: &String| holding.spans.iter().any(|span| span.customers.contains(&customer.as_str()));
        resource.as_ref().is_none_or(|glob| glob.matches(&holding.resource))
            && arguments.customer.as_ref().is_none_or(has)
    });
    match holdings.is_empty() {
        _ if arguments.json => printer.result_json(&out::to_json(&holdings)?),
        true => printer.status("no resource is assigned for days"),
        false => lines(&holdings, printer).iter().for_each(|line| printer.result(line)),
    }
    Ok(())
}

fn lines(holdings: &[Holding<'_>], printer: &Printer) -> Vec<String> {
    let heading = ["source", "resource", "customer", "from", "until", "rule", "charges in gaps"];
    let has_gaps = holdings.iter().any(|holding| holding.charges_in_gaps.is_some());
    let mut rows = vec![printer.heading(heading)];
    for holding in holdings {
        for (index, span) in holding.spans.iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let gaps = holding.charges_in_gaps.filter(|_| index == 0).map_or_else(String::new, |gaps| {
                format!("{} ({})", render::money(gaps.cost, gaps.currency, 0), gaps.rows)
            });
            let (source, resource) = (first(holding.source), first(&holding.resource));
            let rules = span.rules.join(", ");
            rows.push(vec![source, resource, who(span, printer), day(span.from), day(span.until), rules, gaps]);
        }
    }
    if !has_gaps {
        rows.iter_mut().for_each(|row| row.truncate(6));
    }
    table(&rows, &[Align::Left; 7][..if has_gaps { 7 } else { 6 }])
}

fn who(span: &Span<'_>, printer: &Printer) -> String {
    let customers = span.customers.join(", ");
    let state = printer.text(span.state.name());
    match span.state {
        SpanState::Held => customers,
        SpanState::Gap => format!("({state})"),
        SpanState::Overlap => format!("{customers} ({state})"),
    }
}

fn day(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "-".to_owned(), |day| day.to_string())
}
