//! Formats an explanation as text, with calculations as one would type them into a calculator.

use super::rows;
use crate::billing::explanation::{
    AdjustedExplanation, ConversionExplanation, ExchangeExplanation, Explanation, IncludedTaxExplanation, LineAmount,
    LineExplanation, LineOrigin, PartExplanation, PercentageExplanation, Rule, TaxExplanation, TotalsExplanation,
    Wanted,
};
use crate::model::amount::Amount;
use crate::model::invoice::{ItemKind, qualified};
use crate::model::item_label::both_names;
use crate::printer::{Align, Printer, table_within};

/// Maximum number of lines written out in a sum.
pub(super) const ADDED_UP: usize = 15;

/// The lines of the text. Without `-v`, only the first and last rows of long lists.
pub(super) fn lines(explanation: &Explanation<'_>, wanted: &Wanted, printer: &Printer) -> Vec<String> {
    let verbose = printer.verbose;
    let Explanation { number, month, customer, currency, .. } = explanation;
    let mut text = vec![format!("{number}: {customer}, {month}, {currency}")];
    let Some(totals) = &explanation.totals else {
        for line in &explanation.lines {
            text.extend(block(explanation, line, printer));
        }
        if let Some((pattern, _)) = &wanted.resource {
            text.extend([String::new(), format!("only rows of resources {pattern:?} are shown")]);
        }
        return text;
    };
    text.push(String::new());
    text.extend(overview(explanation, totals, printer));
    text.push(String::new());
    text.extend(totals.taxes.iter().map(|tax| format!("tax, {}", tax_text(explanation, totals, tax))));
    let decimals = explanation.rounding.decimals;
    let [subtotal, tax, total] = [totals.subtotal, totals.tax, totals.total].map(|amount| amount.to_text(decimals));
    text.push(format!("total: {subtotal} + {tax} = {total}"));
    text.push(format!(
        "rounding: {}; tax: {}",
        rounding(explanation),
        at("", totals.tax_rounding, totals.tax_rounding_rule)
    ));
    match verbose {
        true => text.extend(explanation.lines.iter().flat_map(|line| block(explanation, line, printer))),
        false => text.push(format!("the rows and rules of a line: invoicer explain {number} LINE")),
    }
    text
}

/// Each line with its calculation.
fn overview(explanation: &Explanation<'_>, totals: &TotalsExplanation<'_>, printer: &Printer) -> Vec<String> {
    let decimals = explanation.rounding.decimals;
    let mut cells = vec![printer.heading(["line", "item", "amount", "how"])];
    for line in &explanation.lines {
        let amount = line.amount.to_text(decimals);
        cells.push(vec![
            line.line.to_string(),
            in_section(
                line.section.as_ref().map(|section| section.name),
                titled(line.kind, &line.label, (line.name, line.qualifier)),
            ),
            amount,
            calculation(explanation, line),
        ]);
    }
    let subtotal = totals.subtotal.to_text(decimals);
    cells.push(vec![String::new(), printer.text("subtotal").into_owned(), subtotal, String::new()]);
    table_within(&cells, &[Align::Right, Align::Left, Align::Right, Align::Left], printer.columns)
}

/// The names of a line, the customer's and the provider's, with its kind unless that is usage.
pub(super) fn titled(kind: ItemKind, label: &str, (name, qualifier): (&str, Option<&str>)) -> String {
    let name = if label == qualified(name, qualifier) { label.to_owned() } else { both_names(label, name) };
    match kind {
        ItemKind::Usage => name,
        ItemKind::Discount => format!("{name} (discount)"),
        ItemKind::Fee => format!("{name} (fee)"),
        ItemKind::Minimum => format!("{name} (minimum)"),
        ItemKind::Adjustment => format!("{name} (adjustment)"),
        ItemKind::Carried => format!("{name} (carried)"),
        ItemKind::IncludedTax => format!("{name} (included tax)"),
        ItemKind::Rounding => format!("{name} (rounding)"),
    }
}

/// The title of a line behind the name of its section: `営業部: 基本料金 (basicCharge)`.
pub(super) fn in_section(section: Option<&str>, title: String) -> String {
    match section {
        Some(section) => format!("{section}: {title}"),
        None => title,
    }
}

/// A line with its full explanation.
fn block(explanation: &Explanation<'_>, line: &LineExplanation<'_>, printer: &Printer) -> Vec<String> {
    let decimals = explanation.rounding.decimals;
    let amount = line.amount.to_text(decimals);
    let source = if line.source.is_empty() { String::new() } else { format!(", {}", line.source) };
    let included = if line.tax_included { " incl. tax" } else { "" };
    let category = format!("{} {}{included}", line.tax_category.name(), line.tax_rate);
    let heading = format!(
        "line {}: {}{source}, {category}: {amount}",
        line.line,
        titled(line.kind, &line.label, (line.name, line.qualifier))
    );
    let mut text = vec![String::new(), heading];
    match &line.origin {
        LineOrigin::Charges(charges) => text.extend(rows::charges(explanation, line, charges, printer)),
        LineOrigin::Fee(fee) => {
            let each = fee.quantity.map_or_else(String::new, |quantity| format!("{quantity} × "));
            let of_whole_months = if fee.prorated.is_some() { "" } else { &each };
            text.push(format!("  {of_whole_months}{} per {}{}", fee.price, fee.per, written(fee.rule)));
            if let Some(conversion) = &fee.conversion {
                let amount = converted("amount", conversion, fee.rule, &explanation.month);
                let rounded = match fee.prorated {
                    Some(_) => String::new(),
                    None => rounded_to(explanation, conversion.exact, fee.price),
                };
                text.push(format!("  {amount}{rounded}"));
            }
            if let Some(part) = &fee.prorated {
                let price = fee.price.to_text(decimals);
                let mode = explanation.rounding.mode;
                text.push(format!("  for {} (prorate = \"{}\")", part.days, part.method));
                text.push(format!("  {each}{} × {} / {} → {mode} → {price}", part.full, part.charged, part.of));
            }
            if !fee.resources.is_empty() {
                let known: Vec<String> =
                    fee.resources.iter().map(|known| format!("{} {}", known.source, known.resource)).collect();
                let shown = if printer.verbose { known.len() } else { known.len().min(10) };
                let more = if known.len() > shown { ", …" } else { "" };
                text.push(format!("  charged for {}{more}", known[..shown].join(", ")));
            }
        }
        LineOrigin::FeePercentage(percentage) => text.extend(of_percentage(percentage)),
        LineOrigin::Adjusted(adjusted) => text.extend(adjustment(explanation, line, adjusted)),
        LineOrigin::Minimum(minimum) => {
            text.push(format!("  minimum {}{}", minimum.minimum, written(minimum.rule)));
            if let Some(conversion) = &minimum.conversion {
                let amount = converted("minimum", conversion, minimum.rule, &explanation.month);
                text.push(format!("  {amount}{}", rounded_to(explanation, conversion.exact, minimum.rounded)));
            }
            text.push(format!("  the other lines add up to {}", minimum.others));
        }
        LineOrigin::Carried(_) => {
            text.push("  the amount below zero that earlier months left in this tax category".to_owned());
        }
        LineOrigin::IncludedTax(included) => {
            text.push(format!("  {}", added(&included.lines)));
            text.push(format!("  {}", calculation(explanation, line)));
            return text;
        }
        LineOrigin::Lift(lift) => {
            text.push(format!(
                "  rounding alone makes the other lines {}: raised to zero",
                lift.others.to_text(decimals)
            ));
        }
        LineOrigin::Adjustment(adjustment) => {
            text.push(format!("  {}", added(&adjustment.lines)));
        }
    }
    if let Some(section) = &line.section {
        let value = section.value.map_or_else(String::new, |value| format!(" of {value:?}"));
        let rule = section.rule.map_or_else(String::new, |rule| written(Some(rule)));
        text.push(format!("  section {}{value}{rule}", section.name));
    }
    for rule in &line.tax_rules {
        text.push(format!("  tax category{}", written(Some(*rule))));
    }
    text.push(format!("  rounding: {}", rounding(explanation)));
    text.push(format!("  {}", calculation(explanation, line)));
    text
}

/// What a percentage is of.
fn of_percentage(percentage: &PercentageExplanation<'_>) -> [String; 2] {
    let of = format!("  {} of {}", percent(percentage.share), added(&percentage.lines));
    [format!("  percentage{}", written(percentage.rule)), of]
}

/// `3%` for 0.03.
fn percent(share: Amount) -> String {
    share.times(Amount::whole(100)).map_or_else(|_| share.to_string(), |percent| format!("{percent}%"))
}

/// Where an adjustment is written, and what it is of.
fn adjustment(
    explanation: &Explanation<'_>,
    line: &LineExplanation<'_>,
    adjusted: &AdjustedExplanation<'_>,
) -> Vec<String> {
    let mut text = vec![format!("  adjustment {}{}", adjusted.id, written(adjusted.rule))];
    if let Some(supply) = &adjusted.supply {
        text.push(format!("  supplied in {supply}: the tax rate is that of the month"));
    }
    if let Some(conversion) = &adjusted.conversion {
        let key = if adjusted.quantity.is_some() { "unit-price" } else { "amount" };
        let amount = converted(key, conversion, adjusted.rule, &explanation.month);
        text.push(format!("  {amount}"));
    }
    if let Some(percentage) = &adjusted.percentage {
        text.push(format!("  {} of {}", percent(percentage.share), added(&percentage.lines)));
    }
    if !adjusted.cost.is_zero() {
        let margin =
            line.amount.minus(adjusted.cost).map_or_else(|_| String::new(), |margin| format!(", margin {margin}"));
        text.push(format!("  cost {}{margin}", adjusted.cost));
    }
    text
}

/// A line in one calculation: `310 × 1.15 = 356.5 → up → 357`.
fn calculation(explanation: &Explanation<'_>, line: &LineExplanation<'_>) -> String {
    let decimals = explanation.rounding.decimals;
    let mode = explanation.rounding.mode;
    let mut sign = '=';
    let left = match &line.origin {
        LineOrigin::Charges(charges) => {
            if charges.parts.iter().any(|part| equals(part) != '=') {
                sign = '≈';
            }
            let parts: Vec<String> =
                charges.parts.iter().map(|part| product(part, charges.exchange.as_ref())).collect();
            parts.join(" + ")
        }
        LineOrigin::Fee(fee) => format!("{} × {}", fee.price, fee.count),
        LineOrigin::FeePercentage(percentage) => format!("{} × {}", percentage.base, percentage.share),
        LineOrigin::Adjusted(adjusted) => match (&adjusted.percentage, adjusted.quantity, adjusted.price) {
            (Some(percentage), ..) => format!("{} × {}", percentage.base, percentage.share),
            (None, Some(quantity), Some(price)) => format!("{quantity} × {price}"),
            (None, _, price) => price.unwrap_or(line.exact).to_string(),
        },
        LineOrigin::Minimum(minimum) => {
            let (least, others) = (minimum.rounded.to_text(decimals), minimum.others.to_text(decimals));
            let rounded = if minimum.rounded == minimum.minimum {
                String::new()
            } else {
                format!("{} → {mode} → {least}; ", minimum.minimum)
            };
            return format!("{rounded}{least} - {others} = {}", line.amount.to_text(decimals));
        }
        LineOrigin::Carried(carried) => return carried.rest.to_text(decimals),
        LineOrigin::IncludedTax(IncludedTaxExplanation { prices, percent, rounding, .. }) => {
            let (tax, amount) = (line.exact.negated(), line.amount.negated().to_text(decimals));
            let rate = percent.0;
            let quotient = format!("{prices} × {} / {}", rate.percent(), rate.percent_with_price());
            return match tax == line.amount.negated() {
                true => format!("{quotient} = {tax}, taken off: {}", line.amount.to_text(decimals)),
                false => {
                    format!("{quotient} ≈ {tax} → {rounding} → {amount}, taken off: {}", line.amount.to_text(decimals))
                }
            };
        }
        LineOrigin::Lift(lift) => {
            let others = in_brackets(lift.others);
            return format!("0 - {others} = {}", line.amount.to_text(decimals));
        }
        LineOrigin::Adjustment(adjustment) => {
            let (sum, rounded) = (adjustment.sum, adjustment.rounded.to_text(decimals));
            return format!("{sum} → {mode} → {rounded}; {rounded} - {} = {}", in_brackets(sum), line.amount);
        }
    };
    let exact = if left == line.exact.to_string() { left } else { format!("{left} {sign} {}", line.exact) };
    let rounded_by_row = matches!(line.origin, LineOrigin::Charges(_)) && explanation.rounding.at == "line";
    match (rounded_by_row, line.amount == line.exact) {
        (true, false) => format!("{exact}; each row → {mode}, together {}", line.amount.to_text(decimals)),
        (false, false) => format!("{exact} → {mode} → {}", line.amount.to_text(decimals)),
        (_, true) => exact,
    }
}

/// A rule's money in the invoice's currency: `unit-price 330 JPY (invoicer.toml:24) × 0.0072 (fx 202208 JPY→USD) = 2.376 USD`.
pub(super) fn converted(
    key: &str,
    conversion: &ConversionExplanation<'_>,
    rule: Option<Rule<'_>>,
    month: &str,
) -> String {
    let ConversionExplanation { given, exact, exchange } = conversion;
    let place = rule.map_or_else(String::new, |Rule { file, line, .. }| format!(" ({file}:{line})"));
    let ExchangeExplanation { from, to, rate, .. } = exchange;
    format!("{key} {given} {from}{place} × {rate} (fx {month} {from}→{to}) = {exact} {to}")
}

/// The rounding of an amount; empty where it changed nothing.
fn rounded_to(explanation: &Explanation<'_>, exact: Amount, result: Amount) -> String {
    match exact == result {
        true => String::new(),
        false => format!(" → {} → {}", explanation.rounding.mode, result.to_text(explanation.rounding.decimals)),
    }
}

/// A part as a product, without its result.
pub(super) fn product(part: &PartExplanation<'_>, exchange: Option<&ExchangeExplanation<'_>>) -> String {
    let price = &part.price;
    if let Some(unit_price) = price.unit_price {
        return format!("{} × {unit_price}", part.all.quantity.expect("what has a unit price has a quantity"));
    }
    if !price.tiers.is_empty() {
        let used = price.tiers.iter().filter(|tier| !tier.units.is_zero());
        let tiers: Vec<String> = used.map(|tier| format!("{} × {}", tier.units, tier.unit_price)).collect();
        return if tiers.is_empty() { "0".to_owned() } else { tiers.join(" + ") };
    }
    let split = part.split.as_ref();
    let cost = split.map_or(part.all.cost, |split| split.of_cost);
    let of = split.map_or_else(String::new, |split| format!(" × {} / {}", split.weight, split.total));
    let rate = exchange.map_or_else(String::new, |exchange| format!(" × {}", exchange.rate));
    let factor = price.factor.map_or_else(String::new, |factor| format!(" × {factor}"));
    format!("{cost}{rate}{factor}{of}")
}

/// `=` or `≈`: whether a part's product is its exact price, or only near it because a split cut off units.
pub(super) fn equals(part: &PartExplanation<'_>) -> char {
    let is_near = part
        .split
        .as_ref()
        .is_some_and(|split| split.of_exact.times(split.weight).ok() != part.all.exact.times(split.total).ok());
    if is_near { '≈' } else { '=' }
}

fn tax_text(explanation: &Explanation<'_>, totals: &TotalsExplanation<'_>, tax: &TaxExplanation<'_>) -> String {
    let decimals = explanation.rounding.decimals;
    let base = added(&tax.lines);
    let mode = totals.tax_rounding;
    let included = if tax.tax_included { " incl. tax" } else { "" };
    let head = format!("{} {}{included}: {base}", tax.category.name(), tax.rate);
    if !tax.category.is_taxed() {
        return format!("{head}; no tax");
    }
    let rounded = |exact: Amount, result: Amount, decimals: u32| match exact == result {
        true => exact.to_string(),
        false => format!("{exact} → {mode} → {}", result.to_text(decimals)),
    };
    let taxable = tax.taxable.to_text(decimals);
    let result = rounded(tax.exact, tax.tax, decimals);
    let mut text = match tax.tax_included {
        true => {
            let (percent, whole) = (tax.rate.percent(), tax.rate.percent_with_price());
            format!("{head}; × {percent} / {whole} = {result}; taxable {taxable}")
        }
        false => format!("{head}; {taxable} × {} = {result}", tax.rate),
    };
    if let Some(yen) = &tax.yen {
        let (exact, rate) = (tax.exact, &yen.exchange);
        let result = rounded(yen.exact, yen.tax, 0);
        text += &format!("; in {}: {exact} × {} = {result}{}", rate.to, rate.rate, written(rate.rule));
    }
    text
}

/// The sum of lines: `357 + 15 - 37 = 335`; only their number and sum where there are many.
pub(super) fn added(lines: &[LineAmount]) -> String {
    let sum = crate::model::amount::Sum::of(lines.iter().map(|line| line.amount));
    let sum = sum.expect("these lines were added up when they were taxed");
    match lines {
        [LineAmount { line: Some(line), amount }] => format!("line {line}, {amount}"),
        [_, ..] if lines.len() <= ADDED_UP => {
            let mut text = String::new();
            for (index, LineAmount { amount, .. }) in lines.iter().enumerate() {
                match (index, amount.is_negative()) {
                    (0, _) => text += &amount.to_string(),
                    (_, false) => text += &format!(" + {amount}"),
                    (_, true) => text += &format!(" - {}", amount.magnitude()),
                }
            }
            format!("{text} = {sum}")
        }
        [LineAmount { line: None, amount }] => amount.to_string(),
        [LineAmount { line: Some(first), .. }, .., LineAmount { line: Some(last), .. }] => {
            format!("{} lines from {first} to {last}, {sum}", lines.len())
        }
        _ => format!("{} lines, {sum}", lines.len()),
    }
}

/// A number behind a minus sign, in brackets if it is negative.
fn in_brackets(amount: Amount) -> String {
    if amount.is_negative() { format!("({amount})") } else { amount.to_string() }
}

fn rounding(explanation: &Explanation<'_>) -> String {
    let rounding = &explanation.rounding;
    format!("{} {}", at("", rounding.mode, rounding.mode_rule), at("at ", rounding.at, rounding.at_rule))
}

/// A setting with its place: `up (invoicer.toml:8)`.
pub(super) fn at(before: &str, value: &str, rule: Option<Rule<'_>>) -> String {
    match rule {
        Some(Rule { file, line, .. }) => format!("{before}{value} ({file}:{line})"),
        None => format!("{before}{value} (default)"),
    }
}

/// The place of a rule with its text, after two spaces.
pub(super) fn written(rule: Option<Rule<'_>>) -> String {
    rule.map_or_else(|| "  (default)".to_owned(), |Rule { file, line, text }| format!("  {file}:{line}  {text}"))
}
