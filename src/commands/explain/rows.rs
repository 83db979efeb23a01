//! Formats the rows of a line as text.

use super::text::{converted, equals, product, written};
use crate::billing::explanation::{
    ChargesExplanation, Explanation, LineExplanation, PartExplanation, PerExplanation, RowExplanation, RowSums, Rule,
    SharingExplanation,
};
use crate::diagnostic::row_count;
use crate::model::amount::{Amount, TooLong};
use crate::printer::{Align, Printer, table};

/// How the parts of a split add up.
const LARGEST_REMAINDERS: &str =
    "    parts are rounded down, and the units left over go one each to the parts with the largest remainders";
/// Maximum number of rows shown in full; of more, the first and last [`FIRST`], with the sums of those in between.
const SHOWN: usize = 20;
const FIRST: usize = 10;
const LAST: usize = 5;
/// Maximum number of rules, and of customers in a ratio, shown one by one.
const SHOWN_RULES: usize = 10;

/// The rows of a line, part by part.
pub(super) fn charges(
    explanation: &Explanation<'_>,
    line: &LineExplanation<'_>,
    charges: &ChargesExplanation<'_>,
    printer: &Printer,
) -> Vec<String> {
    let verbose = printer.verbose;
    let mut text = Vec::new();
    for (index, part) in charges.parts.iter().enumerate() {
        if charges.parts.len() > 1 {
            text.push(format!("  part {} of {}", index + 1, charges.parts.len()));
        }
        text.extend(rows(explanation, line, part, printer).into_iter().map(|row| format!("    {row}")));
        text.extend(price(&explanation.month, part, charges));
    }
    text.extend(claims(charges, verbose));
    for (index, sharing) in charges.sharings.iter().enumerate() {
        text.extend(shared(explanation, index, sharing, verbose));
    }
    if let Some(exchange) = &charges.exchange {
        let rule = written(exchange.rule);
        text.push(format!("  exchange: 1 {} = {} {}{rule}", exchange.from, exchange.rate, exchange.to));
    }
    text
}

/// The rows as a table that adds up.
fn rows(
    explanation: &Explanation<'_>,
    line: &LineExplanation<'_>,
    part: &PartExplanation<'_>,
    printer: &Printer,
) -> Vec<String> {
    let columns = RowColumns {
        shares: part.rows.iter().any(|row| row.share.is_some() || row.by_days.is_some()),
        tiers: !part.price.tiers.is_empty(),
        rounded: explanation.rounding.at == "line",
        decimals: explanation.rounding.decimals,
    };
    let quantity = if line.unit.is_empty() { "quantity".to_owned() } else { format!("quantity, {}", line.unit) };
    let heading = ["row", "date", "resource", "by", "of the row's cost"].into_iter().chain([quantity.as_str()]);
    let mut cells = vec![printer.heading(heading.chain(["cost", "tiers", "price", "rounded"]))];
    let rows = &part.rows;
    if printer.verbose || rows.len() <= SHOWN {
        cells.extend(rows.iter().map(|row| columns.row(row)));
    } else {
        let (first, rest) = rows.split_at(FIRST);
        let (between, last) = rest.split_at(rest.len() - LAST);
        cells.extend(first.iter().map(|row| columns.row(row)));
        cells.push(columns.sums(&format!("… {} rows", between.len()), sums(between).as_ref()));
        cells.extend(last.iter().map(|row| columns.row(row)));
    }
    if part.shown.rows != part.all.rows {
        cells.push(columns.sums(&format!("{} shown", row_count(part.shown.rows)), Ok(&part.shown)));
        let others = row_count(part.all.rows - part.shown.rows);
        cells.push(columns.sums(&format!("{others} of other resources"), less(&part.all, &part.shown).as_ref()));
    }
    if part.all.rows > 1 {
        cells.push(columns.sums(&row_count(part.all.rows), Ok(&part.all)));
    }
    let kept: Vec<bool> = (0..10).map(|column| columns.has(column)).collect();
    let cells: Vec<Vec<String>> = cells.into_iter().map(|row| only(row, &kept)).collect();
    let (left, right) = (Align::Left, Align::Right);
    table(&cells, &only(vec![left, left, left, left, left, right, right, left, right, right], &kept))
}

fn only<T>(cells: Vec<T>, kept: &[bool]) -> Vec<T> {
    cells.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell).collect()
}

/// Optional columns of a table: shares, tiers and rounded amounts, where there are any.
struct RowColumns {
    shares: bool,
    tiers: bool,
    rounded: bool,
    decimals: u32,
}

impl RowColumns {
    fn has(&self, column: usize) -> bool {
        match column {
            4 => self.shares,
            7 => self.tiers,
            9 => self.rounded,
            _ => true,
        }
    }

    fn row(&self, row: &RowExplanation<'_>) -> Vec<String> {
        let by = match (&row.claim, &row.share) {
            (Some(Rule { file, line, .. }), _) => match &row.days {
                Some(days) => format!("{file}:{line} ({days})"),
                None => format!("{file}:{line}"),
            },
            (None, Some(share)) => format!("share {}", share.sharing),
            (None, None) => String::new(),
        };
        let part = |of: Amount, weight: Amount, total: Amount, quotient: Amount, unit: &str| {
            let equals = if quotient.times(total) == of.times(weight) { '=' } else { '≈' };
            format!("{of} × {weight} / {total}{unit} {equals} {quotient}")
        };
        let share = match (&row.share, &row.by_days) {
            (Some(share), _) => part(share.of, share.weight, share.total, share.quotient, ""),
            (None, Some(days)) => part(days.of, days.weight, days.total, days.quotient, " days"),
            (None, None) => String::new(),
        };
        let tier = |tier: &crate::billing::explanation::TierUnits| format!("{} × {}", tier.units, tier.unit_price);
        vec![
            format!("{}:{}", row.file, row.row),
            row.date.clone(),
            if row.resource.is_empty() { "-".to_owned() } else { row.resource.to_owned() },
            by,
            share,
            optional(row.quantity),
            row.cost.to_string(),
            row.tiers.iter().map(tier).collect::<Vec<String>>().join(" + "),
            row.exact.to_string(),
            row.amount.to_text(self.decimals),
        ]
    }

    fn sums(&self, what: &str, sums: Result<&RowSums, &TooLong>) -> Vec<String> {
        let none = String::new;
        let sums = match sums {
            Ok(sums) => sums,
            Err(too_long) => {
                let mut cells = vec![none(); 10];
                (cells[0], cells[8]) = (what.to_owned(), too_long.to_string());
                return cells;
            }
        };
        let (cost, exact) = (sums.cost.to_string(), sums.exact.to_string());
        let amount = sums.amount.to_text(self.decimals);
        vec![what.to_owned(), none(), none(), none(), none(), optional(sums.quantity), cost, none(), exact, amount]
    }
}

fn optional(amount: Option<Amount>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string())
}

fn sums(rows: &[RowExplanation<'_>]) -> Result<RowSums, TooLong> {
    let zero = RowSums {
        rows: 0,
        quantity: Some(Amount::ZERO),
        cost: Amount::ZERO,
        exact: Amount::ZERO,
        amount: Amount::ZERO,
    };
    // The sum of all rows fits, but where some are below zero the sum of a part can have more digits.
    rows.iter().try_fold(zero, |sums, row| {
        Ok(RowSums {
            rows: sums.rows + 1,
            quantity: sums.quantity.zip(row.quantity).map(|(sum, quantity)| sum.plus(quantity)).transpose()?,
            cost: sums.cost.plus(row.cost)?,
            exact: sums.exact.plus(row.exact)?,
            amount: sums.amount.plus(row.amount)?,
        })
    })
}

fn less(all: &RowSums, shown: &RowSums) -> Result<RowSums, TooLong> {
    Ok(RowSums {
        rows: all.rows - shown.rows,
        quantity: all.quantity.zip(shown.quantity).map(|(all, shown)| all.minus(shown)).transpose()?,
        cost: all.cost.minus(shown.cost)?,
        exact: all.exact.minus(shown.exact)?,
        amount: all.amount.minus(shown.amount)?,
    })
}

/// Describes how the rows of a part are priced.
fn price(month: &str, part: &PartExplanation<'_>, charges: &ChargesExplanation<'_>) -> Vec<String> {
    let price = &part.price;
    let method = match price.method {
        "markup" => "cost × (1 + markup)",
        "unit-price" => "quantity × unit price",
        "tiers" if price.measured.is_some() => "all units by the tier of their sum in the month",
        "tiers" => "graduated over the month",
        _ => "discounts at cost",
    };
    let mut text = vec![format!("  price: {method}{}", written(price.rule))];
    if let Some(conversion) = &price.conversion {
        text.push(format!("    {}", converted("unit-price", conversion, price.rule, month)));
    }
    if let Some(PerExplanation { unit, scale }) = price.per {
        text.push(format!("    prices are per {unit}: 1 {unit} is {scale} units of the bill"));
    }
    if price.together {
        text.push("    the tiers measure all items of the rule in one sum".to_owned());
    }
    if let Some(measured) = price.measured {
        text.push(format!("    units of the month: {measured}"));
    }
    for tier in &price.tiers {
        if let Some(conversion) = &tier.conversion {
            text.push(format!("    {}", converted("unit-price", conversion, price.rule, month)));
        }
        let range = tier.up_to.map_or_else(|| "beyond".to_owned(), |up_to| format!("up to {up_to}"));
        text.push(format!("    {range}: {} × {} = {}", tier.units, tier.unit_price, tier.amount));
    }
    if let Some(split) = &part.split {
        let usage: Vec<String> =
            split.usage.iter().map(|usage| format!("{} {}", usage.category.name(), usage.amount)).collect();
        text.push(format!(
            "  split over the tax categories of the usage it reduces: {} = {}",
            usage.join(" + "),
            split.total
        ));
        text.push(LARGEST_REMAINDERS.to_owned());
    }
    if charges.parts.len() > 1 {
        text.push(format!("  {} {} {}", product(part, charges.exchange.as_ref()), equals(part), part.all.exact));
    }
    text
}

/// The texts of the rules that claimed the rows shown.
fn claims(charges: &ChargesExplanation<'_>, verbose: bool) -> Vec<String> {
    let mut rules: Vec<Rule<'_>> = Vec::new();
    let rows = charges.parts.iter().flat_map(|part| &part.rows);
    let mut more = 0;
    for rule in rows.filter_map(|row| row.claim) {
        if rules.last() == Some(&rule) || rules.contains(&rule) {
            continue;
        }
        match verbose || rules.len() < SHOWN_RULES {
            true => rules.push(rule),
            false => more += 1,
        }
    }
    let mut text: Vec<String> = rules.iter().map(|rule| format!("  claimed{}", written(Some(*rule)))).collect();
    if more > 0 {
        text.push("  claimed by further rules; -v shows all".to_owned());
    }
    text
}

/// A ratio with its weights.
fn shared(explanation: &Explanation<'_>, index: usize, sharing: &SharingExplanation<'_>, verbose: bool) -> Vec<String> {
    let rule = match sharing.rule {
        Some(rule) => written(Some(rule)),
        None => "  discounts that no [[allocation.share]] matches, by amount".to_owned(),
    };
    let all: Vec<String> =
        sharing.measured.iter().map(|measured| format!("{} {}", measured.customer, measured.weight)).collect();
    let ratio = if verbose || all.len() <= SHOWN_RULES {
        all.join(" + ")
    } else {
        let own = sharing.measured.iter().find(|measured| measured.customer == explanation.customer);
        let weight = own.map_or(Amount::ZERO, |measured| measured.weight);
        let others = sharing.total.minus(weight);
        let others = others.map_or_else(|too_long| too_long.to_string(), |others| others.to_string());
        format!("{} {weight} + {} others {others}", explanation.customer, all.len() - 1)
    };
    vec![
        format!("  share {}{rule}", index + 1),
        format!("    {ratio} = {}", sharing.total),
        LARGEST_REMAINDERS.to_owned(),
    ]
}
