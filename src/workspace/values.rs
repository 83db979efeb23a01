//! Converts TOML values to the model's types: money, rates, months, patterns, match tables.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use toml::de::DeValue;

use super::toml_reader::{Section, Value};
use super::wording::line;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::amount::{Amount, NumberError};
use crate::model::currency::Currency;
use crate::model::identifier::is_number_pattern;
use crate::model::mail::{AddressFault, Mailbox};
use crate::model::matcher::{Glob, Matcher, normalized};
use crate::model::period::{BillingMonth, Validity};
use crate::model::price::Markup;
use crate::model::schedule::{DateRule, DueRule};
use crate::model::settings::{Pattern, PatternField, PatternPart};
use crate::model::tax_table::TaxRegime;

type Read<T> = Result<T, Diagnostic>;

/// What messages say an exchange rate should be.
const RATE: &str = "a rate such as \"138.70\"";

/// A number as a TOML string or integer; a float is refused.
fn number(value: &Value<'_, '_>, what: &str) -> Read<Decimal> {
    match value.value {
        DeValue::Float(_) => Err(float_refused(value, what)),
        DeValue::Integer(_) => Ok(Decimal::from(value.integer()?)),
        DeValue::String(text) => parse_decimal(text).ok_or_else(|| not_a_number(value, text, what)),
        _ => Err(value.expected(what)),
    }
}

fn float_refused(value: &Value<'_, '_>, what: &str) -> Diagnostic {
    let source = value.source();
    let plain = source.replace('_', "");
    let hint = match parse_decimal(&plain) {
        Some(_) if what.contains('%') && !plain.starts_with("0.") => {
            format!("write \"{}%\" for that many percent", plain.trim_end_matches('0').trim_end_matches('.'))
        }
        Some(_) => format!("put it in quotes: \"{plain}\""),
        None => format!("expected is {what}"),
    };
    Diagnostic::error(format!("expected a string or an integer, found the float {source}"))
        .with_note(
            "a float is binary and cannot hold most decimals exactly, so money, rates and quantities are never floats",
        )
        .with_hint(hint)
}

fn not_a_number(value: &Value<'_, '_>, text: &str, what: &str) -> Diagnostic {
    if Amount::parse(text.as_bytes()).is_ok() || Amount::parse(text.as_bytes()) == Err(NumberError::TooLong) {
        let diagnostic =
            Diagnostic::error(format!("the number has more digits than can be computed with exactly: {text}"));
        return diagnostic.with_hint("numbers of up to 28 digits can be written here");
    }
    let half = ascii(text);
    let percent = half.trim_end().ends_with('%');
    if percent && !what.contains('%') {
        // "10%" must not become ten yen.
        return value.expected(what).with_hint(match what {
            RATE => "write the rate itself, such as \"138.70\"".to_owned(),
            _ => format!(
                "a percentage is no amount: write the amount itself, or markup = {text:?} in [pricing] or a [[pricing.rule]] \
                 for a share of the cost"
            ),
        });
    }
    let digits = half.trim_matches(|c: char| c.is_whitespace() || matches!(c, '¥' | '￥' | '円' | '$' | '€' | '%'));
    // Suggests a number without commas only where they group thousands: "0,2" may well mean 0.2.
    let mut groups = digits.split(',');
    let grouped = groups.next().is_some_and(|first| (1..=3).contains(&first.trim_start_matches('-').len()))
        && groups.clone().all(|group| group.split('.').next().is_some_and(|whole| whole.len() == 3));
    let tidy = if grouped || !digits.contains(',') { digits.replace([',', '_'], "") } else { String::new() };
    let diagnostic = value.expected(what);
    match parse_decimal(&tidy) {
        Some(_) if percent => diagnostic.with_hint(format!("write \"{tidy}%\"")),
        Some(_) => {
            // Suggests dropping a currency sign only together with setting the currency.
            let sign = [('¥', "JPY"), ('￥', "JPY"), ('円', "JPY"), ('$', "USD"), ('€', "EUR")];
            let currency = sign.iter().find(|(sign, _)| half.contains(*sign)).map_or_else(String::new, |(_, code)| {
                format!(", with currency = \"{code}\" beside it where the file's own currency is another")
            });
            diagnostic.with_hint(format!("write \"{tidy}\"{currency}"))
        }
        None if what.contains('%') => diagnostic.with_hint("write \"15%\" or \"0.15\""),
        None => diagnostic.with_hint("write plain digits with an optional point, such as \"330\" or \"0.2\""),
    }
}

/// Plain digits, an optional sign and point, exact.
fn parse_decimal(text: &str) -> Option<Decimal> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    // `Amount` checks the grammar and rust_decimal the range.
    let amount = Amount::parse(text.as_bytes()).ok().filter(|_| plain)?;
    Decimal::from_str_exact(&amount.to_string()).ok()
}

/// The ASCII form of a full-width character.
fn half_width(c: char) -> Option<char> {
    match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '％' | '．' | '－' | '，' | '＄' => {
            char::from_u32(c as u32 - 0xfee0)
        }
        _ => Some(c),
    }
}

/// A text with full-width digits and letters as ASCII: they are common in hand-typed files.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|c| half_width(c).unwrap_or(c)).collect()
}

/// An amount of money that may be negative.
pub(super) fn money(value: &Value<'_, '_>) -> Read<Amount> {
    number(value, "an amount of money such as \"330\" or 330").map(Amount::from)
}

/// A number that is no money, with what it is expected to be.
pub(super) fn quantity(value: &Value<'_, '_>, expected: &str) -> Read<Amount> {
    number(value, expected).map(Amount::from)
}

/// An amount of money or a quantity that is not negative.
pub(super) fn positive(value: &Value<'_, '_>) -> Read<Amount> {
    let amount = money(value)?;
    if amount.is_negative() { Err(value.expected("an amount that is not negative")) } else { Ok(amount) }
}

/// The currency of a section's money: its key `currency`, else `default`; none where the key is unreadable.
pub(super) fn currency(section: &Section<'_, '_>, default: Currency) -> Option<Currency> {
    match section.get("currency") {
        None => Some(default),
        Some(value) => value.told(code(&value)),
    }
}

/// The code of a currency.
pub(super) fn code(value: &Value<'_, '_>) -> Read<Currency> {
    let text = value.string().unwrap_or_default();
    Currency::of(&text).ok_or_else(|| {
        let diagnostic = value.expected("a currency code of ISO 4217 such as JPY");
        // Of all codes, some are near to any three letters.
        let upper = text.to_uppercase();
        let near = Currency::of(&upper).map(Currency::code);
        match near.or_else(|| nearest(&upper, [Currency::JPY, Currency::USD, Currency::EUR].map(Currency::code))) {
            Some(near) => diagnostic.with_hint(format!("did you mean \"{near}\"?")),
            None => diagnostic,
        }
    })
}

/// An amount with no more decimals than its currency has. Required where the amount is charged as it is and not
/// multiplied like a unit price, so that it can be paid.
pub(super) fn whole_units<'f, 'a>(
    value: &Value<'f, 'a>,
    read: impl FnOnce(&Value<'f, 'a>) -> Read<Amount>,
    currency: Option<Currency>,
) -> Read<Amount> {
    let amount = read(value)?;
    match currency.filter(|currency| amount.scale() > currency.decimals()) {
        None => Ok(amount),
        Some(currency) => {
            let most = match currency.decimals() {
                0 => "without decimals".to_owned(),
                decimals => format!("with at most {decimals} decimals"),
            };
            let hint = "only a unit price can be finer than the currency's minor unit; is `currency` another?";
            Err(value.expected(&format!("an amount of {currency} {most}")).with_hint(hint))
        }
    }
}

/// A share: `"15%"` or `"0.15"`, and whether it is written in percent.
pub(super) fn share(value: &Value<'_, '_>, what: &str) -> Read<(Amount, bool)> {
    if let DeValue::String(text) = value.value
        && let Some(percent) = text.strip_suffix('%')
    {
        let percent = parse_decimal(percent.trim_end()).ok_or_else(|| not_a_number(value, text, what))?;
        let share = Amount::from(percent);
        let share = Amount::new(share.coefficient(), share.scale() + 2);
        return share.map(|share| (share, true)).map_err(|_| value.expected(what));
    }
    number(value, what).map(|number| (Amount::from(number), false))
}

/// `"15%"` or `"0.15"`.
pub(super) fn markup(value: &Value<'_, '_>) -> Read<Markup> {
    let (share, percent) = share(value, "a percentage such as \"15%\" or a factor such as \"0.15\"")?;
    if !percent && share > Amount::whole(5) {
        let diagnostic = Diagnostic::error(format!(
            "a markup of {share} would multiply every cost by {}",
            share.plus(Amount::whole(1)).expect("a share has at most 30 digits, and one more fits")
        ));
        return Err(diagnostic.with_hint(format!("write \"{share}%\" for {share} percent")));
    }
    if share < Amount::whole(-1) {
        return Err(value.expected("a markup of at least \"-100%\""));
    }
    Ok(Markup(share))
}

/// `"-10%"` or `"-0.1"`: a percentage of either sign. A number of 1 and more without the sign of percent may be meant as one.
pub(super) fn signed_percentage(value: &Value<'_, '_>) -> Read<Amount> {
    const EXPECTED: &str = "a percentage such as \"-10%\"";
    match share(value, EXPECTED)? {
        (share, true) => Ok(share),
        (share, false) if share.magnitude() < Amount::whole(1) => Ok(share),
        (number, false) => Err(value.expected(EXPECTED).with_hint(format!("write \"{number}%\" for {number} percent"))),
    }
}

/// `"30%"` or `"0.3"`, not negative.
pub(super) fn percentage(value: &Value<'_, '_>) -> Read<Amount> {
    let (share, _) = share(value, "a percentage such as \"30%\"")?;
    if share.is_negative() { Err(value.expected("a percentage that is not negative")) } else { Ok(share) }
}

/// A factor of at least 1: `"3"`.
pub(super) fn factor(value: &Value<'_, '_>) -> Read<Amount> {
    const EXPECTED: &str = "a factor of at least 1 such as \"3\"";
    if matches!(value.value, DeValue::String(text) if text.trim_end().ends_with('%')) {
        return Err(value.expected(EXPECTED).with_hint("write \"3\" for three times the provider's price"));
    }
    let factor = number(value, EXPECTED).map(Amount::from)?;
    if factor < Amount::whole(1) { Err(value.expected(EXPECTED)) } else { Ok(factor) }
}

/// An exchange rate: above zero.
pub(super) fn rate(value: &Value<'_, '_>) -> Read<Amount> {
    let rate = number(value, RATE).map(Amount::from)?;
    if rate.is_positive() { Ok(rate) } else { Err(value.expected("a rate above zero")) }
}

/// `"202208"`, `"2022-08"` or 202208.
pub(super) fn month(value: &Value<'_, '_>) -> Read<BillingMonth> {
    let text = match value.value {
        DeValue::Integer(number) => number.as_str().to_owned(),
        _ => value.string()?,
    };
    text.parse().map_err(|_| value.expected("a month such as \"202208\""))
}

/// `from` and `until` of a section.
pub(super) fn validity(section: &Section<'_, '_>) -> Validity {
    let validity = Validity { from: section.read("from", month), until: section.read("until", month) };
    if let (Some(from), Some(until)) = (validity.from, validity.until)
        && from > until
    {
        section.tell(
            Diagnostic::error(format!("from {from} is after until {until}"))
                .with_hint("both months are included; swap them"),
        );
    }
    validity
}

/// Months after the billing month in which an invoice is issued or due, at most.
const LAST_MONTH: u32 = 6;

/// `month+N-D` or `month+N-end`, `month-end`, `next-month-D`, `next-month-end`; none for another text.
fn relative_date(text: &str) -> Option<DateRule> {
    let (months, day) = match text.strip_prefix("next-month-") {
        Some(day) => (1, day),
        None if text == "month-end" => (0, "end"),
        None => {
            let (months, day) = text.strip_prefix("month+")?.split_once('-')?;
            (months.parse().ok().filter(|_| is_digits(months))?, day)
        }
    };
    let rule = match day {
        "end" => DateRule::End { months },
        day => DateRule::Day {
            months,
            day: day.parse().ok().filter(|number| is_digits(day) && (1..=31).contains(number))?,
        },
    };
    (months <= LAST_MONTH).then_some(rule)
}

/// Whether a text is digits only: `parse` takes a sign too.
fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A date, or one that is relative to the billing month.
fn any_date(value: &Value<'_, '_>) -> Read<Option<DateRule>> {
    let text = match value.value {
        DeValue::Datetime(date) => date.to_string(),
        _ => value.string()?,
    };
    let fixed = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10).map(DateRule::Fixed);
    Ok(relative_date(&text).or_else(fixed))
}

/// `YYYY-MM-DD`, or `month+N-D` and its other forms.
pub(super) fn date_rule(value: &Value<'_, '_>) -> Read<DateRule> {
    any_date(value)?.ok_or_else(|| {
        value.expected(
            "month+N-D or month+N-end (N months later, from 0 to 6; D from 1 to 31), month-end, next-month-D, \
             next-month-end or YYYY-MM-DD",
        )
    })
}

/// A [`date_rule`] or `+30d`.
pub(super) fn due_rule(value: &Value<'_, '_>) -> Read<DueRule> {
    if let DeValue::String(text) = value.value
        && let Some(days) = text.strip_prefix('+')
    {
        let days = days.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| *days <= 3660);
        return days.map(DueRule::DaysAfterIssue).ok_or_else(|| value.expected("a number of days such as \"+30d\""));
    }
    any_date(value)?.map(DueRule::Date).ok_or_else(|| {
        value.expected(
            "month+N-D or month+N-end (N months later, from 0 to 6; D from 1 to 31), month-end, next-month-D, \
             next-month-end, +30d or YYYY-MM-DD",
        )
    })
}

/// `tax`: whether the money of a section includes the tax.
pub(super) fn tax_included(section: &Section<'_, '_>) -> bool {
    let read = section.read("tax", |value| value.one_of(&[("excluded", false), ("included", true)]));
    read.unwrap_or(false)
}

/// The month in which a fiscal year begins: `"04"`, `"4"` or 4.
pub(super) fn month_of_year(value: &Value<'_, '_>) -> Read<u32> {
    let text = match value.value {
        DeValue::Integer(number) => number.as_str().to_owned(),
        _ => value.string()?,
    };
    let month = text.parse().ok().filter(|month| is_digits(&text) && text.len() <= 2 && (1..=12).contains(month));
    month.ok_or_else(|| value.expected("a month of the year such as \"04\""))
}

/// What `{seq}` begins with: 1 or more, of at most nine digits.
pub(super) fn first_number(value: &Value<'_, '_>) -> Read<u64> {
    let number = value.integer()?;
    let number = u64::try_from(number).ok().filter(|number| (1..=999_999_999).contains(number));
    number.ok_or_else(|| value.expected("a number from 1 to 999999999"))
}

/// The number under which a party is registered for tax: Japan's, or any text under another regime.
pub(super) fn registration_number(value: &Value<'_, '_>, regime: TaxRegime) -> Read<String> {
    if regime.is_japan() { japanese_registration_number(value) } else { line(value) }
}

/// 登録番号, normalized: full-width digits, hyphens and a lower-case t are common in hand-typed files.
fn japanese_registration_number(value: &Value<'_, '_>) -> Read<String> {
    let text = value.string()?;
    let tidy: String = text.chars().filter_map(half_width).filter(|c| !matches!(c, '-' | ' ')).collect();
    let tidy = tidy.to_uppercase();
    let digits = tidy.strip_prefix('T').unwrap_or_default();
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let diagnostic = value.expected("a registration number: T and 13 digits, such as \"T7000012050002\"");
        return Err(match (tidy.len(), tidy.bytes().all(|byte| byte.is_ascii_digit())) {
            (13, true) => diagnostic.with_hint(format!("write \"T{tidy}\"")),
            _ => diagnostic.with_hint("the number is on the National Tax Agency's site: invoice-kohyo.nta.go.jp"),
        });
    }
    Ok(tidy)
}

/// `keiri@acme.example` or `経理部 <keiri@acme.example>`, as it is written.
pub(super) fn mail_address(value: &Value<'_, '_>) -> Read<String> {
    mailbox(value)?;
    value.string()
}

/// `keiri@acme.example` or `経理部 <keiri@acme.example>`.
pub(super) fn mailbox(value: &Value<'_, '_>) -> Read<Mailbox> {
    Mailbox::parse(&value.string()?).map_err(|fault| match fault {
        AddressFault::Form => value.expected("an e-mail address such as \"keiri@acme.example\""),
        AddressFault::Control(c) => {
            let message = format!("expected an e-mail address on one line, found the control character {c:?}");
            Diagnostic::error(message).with_hint("remove it; several addresses are a list")
        }
        AddressFault::LocalPart => {
            let diagnostic = value.expected("an address that is ASCII before the @");
            diagnostic
                .with_hint("most servers refuse others: ask for the address in Latin letters; a name may be before it")
        }
    })
}

/// Text on one line with placeholders in braces.
pub(super) fn pattern(value: &Value<'_, '_>, allowed: &[&str]) -> Read<Pattern> {
    let text = line(value)?;
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Diagnostic::error("a { without its }").with_hint(format!("placeholders: {}", shown(allowed))));
        };
        if !before.is_empty() {
            parts.push(PatternPart::Text(before.to_owned()));
        }
        parts.push(PatternPart::Field(pattern_field(name, allowed)?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(PatternPart::Text(rest.to_owned()));
    }
    Ok(Pattern(parts))
}

fn shown(allowed: &[&str]) -> String {
    allowed.iter().map(|name| format!("{{{name}}}")).collect::<Vec<String>>().join(" ")
}

fn pattern_field(name: &str, allowed: &[&str]) -> Read<PatternField> {
    let (base, width) = name.split_once(':').unwrap_or((name, "1"));
    let width = width.strip_prefix('0').unwrap_or(width).parse::<usize>().ok().filter(|width| *width <= 20);
    let field = match base {
        "month" => Some(PatternField::Month),
        "month-name" => Some(PatternField::MonthName),
        "year" => Some(PatternField::Year),
        "yy" => Some(PatternField::ShortYear),
        "mm" => Some(PatternField::MonthNumber),
        "fiscal-year" => Some(PatternField::FiscalYear),
        "customer" => Some(PatternField::Customer),
        "customer-name" => Some(PatternField::CustomerName),
        "number" => Some(PatternField::Number),
        "issue-date" => Some(PatternField::IssueDate),
        "total" => Some(PatternField::Total),
        "code" => Some(PatternField::Code),
        "seq" => width.map(PatternField::Sequence),
        _ => None,
    };
    let formatted = name != base && base != "seq";
    field.filter(|_| allowed.contains(&base) && !formatted).ok_or_else(|| {
        let diagnostic = Diagnostic::error(format!("unknown placeholder {{{name}}}"));
        match nearest(base, allowed.iter().copied()).filter(|near| *near != base) {
            Some(near) => diagnostic.with_hint(format!("did you mean {{{near}}}?")),
            None => diagnostic.with_hint(format!("placeholders: {}", shown(allowed))),
        }
    })
}

/// The keys a rule can match by.
pub(super) const MATCH_KEYS: [&str; 7] = ["tag", "group", "resource", "resource-name", "account", "source", "item"];

/// The id of a resource with `*` and `?`; refused when a spreadsheet turned it into a number.
fn resource_pattern(value: &Value<'_, '_>) -> Read<Glob> {
    let is_ruined = match value.value {
        DeValue::Float(_) => true,
        DeValue::String(text) => is_number_pattern(text),
        _ => false,
    };
    if !is_ruined {
        return value.string().map(|pattern| Glob::new(&pattern));
    }
    let message = format!("expected the id of a resource, found {}: a spreadsheet dropped its digits", value.kind());
    Err(Diagnostic::error(message).with_hint(
        "copy the id from the provider's bill as it was downloaded, or import that column as text in the spreadsheet",
    ))
}

/// Reads the match keys of a section, which are the same for every rule.
pub(super) fn matcher(section: &Section<'_, '_>) -> Matcher {
    let glob = |key| section.read(key, |value| value.string().map(|pattern| Glob::new(&pattern)));
    let mut matcher = Matcher {
        source: glob("source"),
        account: glob("account"),
        resource: section.read("resource", resource_pattern),
        resource_name: glob("resource-name"),
        item: glob("item"),
        group: glob("group"),
        ..Matcher::default()
    };
    let Some(value) = section.get("tag") else {
        return matcher;
    };
    let tag = value.section("tag").map_err(|diagnostic| diagnostic.with_hint("write tag = { customer = \"acme\" }"));
    if let Some(tags) = value.told(tag) {
        for (name, pattern) in tags.entries() {
            // A tag `iccid` holds a resource id; other tags may look like any number.
            let glob = match name.eq_ignore_ascii_case("iccid") {
                true => resource_pattern(&pattern),
                false => pattern.string().map(|pattern| Glob::new(&pattern)),
            };
            let Some(glob) = pattern.told(glob) else {
                continue;
            };
            if matcher.tags.insert(normalized(&name).into_owned(), glob).is_some() {
                // To TOML, the composed and the decomposed spelling are two keys.
                let diagnostic = Diagnostic::error(format!("the tag \"{name}\" is named twice"));
                pattern.told::<()>(Err(diagnostic.with_hint("keep one of the two spellings; they look the same")));
            }
        }
    }
    matcher
}
