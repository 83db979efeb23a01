//! Selectors: type, class, id, attributes, position among siblings, `:not()`, and all four combinators.

use super::conditions::{Condition, Nth, Test, bit_of};
use crate::layout::html::Tag;

/// Elements are nested at most this deep, so longer selectors match nothing; compounds also fit the bits of a `u128`.
const COMPOUNDS_MOST: usize = 100;
/// Nesting of `:not()`, over which the parser recurses.
const NOT_DEPTH_MOST: usize = 8;

/// An element and its ancestors, as selectors see them.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    pub(super) parent: Option<&'p Path<'p>>,
    pub(super) tag: Tag,
    pub(super) id: Option<&'p str>,
    pub(super) class: &'p str,
    /// The style sheet's conditions that hold, one bit each.
    pub(super) conditions: u64,
}

/// A complex selector, its subject last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    /// Each compound, with the combinator before it.
    compounds: Vec<(Join, Compound)>,
    pub(super) specificity: [u32; 3],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Join {
    Descendant,
    Child,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Compound {
    tag: Option<Tag>,
    id: Option<String>,
    classes: Vec<String>,
    /// Indices into the style sheet's [`Condition`]s.
    conditions: Vec<usize>,
    /// The element must match none of these.
    not: Vec<Compound>,
}

/// Splits a selector list at commas outside brackets and strings.
pub(super) fn list(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut outside = Outside::default();
    for (index, letter) in text.char_indices() {
        if outside.reads(letter) && letter == ',' {
            parts.push(text.get(start..index).unwrap_or_default());
            start = index + 1;
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Tracks brackets and strings, letter by letter.
#[derive(Default)]
struct Outside {
    depth: usize,
    quote: Option<char>,
}

impl Outside {
    /// Reads a letter; returns whether it is outside brackets and strings.
    fn reads(&mut self, letter: char) -> bool {
        match (self.quote, letter) {
            (Some(quote), _) if quote == letter => self.quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => self.quote = Some(letter),
            (None, '(' | '[') => self.depth += 1,
            (None, ')' | ']') => self.depth = self.depth.saturating_sub(1),
            (None, _) => return self.depth == 0,
        }
        false
    }
}

/// Parses one selector; adds new conditions to `conditions`.
pub(super) fn parse(text: &str, conditions: &mut Vec<Condition>) -> Result<Selector, String> {
    let mut selector = Selector { compounds: Vec::new(), specificity: [0; 3] };
    let mut join = Join::Descendant;
    let mut before = None;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("expected a selector".to_owned());
    }
    while !rest.is_empty() {
        let end = compound_end(rest);
        let (compound, tail) = rest.split_at(end);
        let mut compound = parse_compound(compound, 0, &mut selector.specificity, conditions)?;
        compound.conditions.extend(before.take());
        selector.compounds.push((join, compound));
        if selector.compounds.len() > COMPOUNDS_MOST {
            return Err(format!("expected at most {COMPOUNDS_MOST} elements in a selector"));
        }
        let trimmed = tail.trim_start();
        let combinator = trimmed.chars().next().filter(|sign| matches!(sign, '>' | '+' | '~'));
        rest = if combinator.is_some() { trimmed.get(1..).unwrap_or_default().trim_start() } else { trimmed };
        if let Some(sign) = combinator.filter(|_| rest.is_empty()) {
            return Err(format!("expected a selector after {sign}"));
        }
        (join, before) = match combinator {
            Some('>') => (Join::Child, None),
            Some(sign @ ('+' | '~')) => {
                // Everything so far describes the sibling; it becomes one condition on what follows.
                let sibling = Selector { compounds: std::mem::take(&mut selector.compounds), ..selector };
                let condition = Condition::Sibling { before: sibling, adjacent: sign == '+' };
                (Join::Descendant, Some(bit_of(condition, conditions)?))
            }
            _ => (Join::Descendant, None),
        };
    }
    Ok(selector)
}

fn compound_end(text: &str) -> usize {
    let mut outside = Outside::default();
    let mut letters = text.char_indices();
    let is_end = |letter: char| matches!(letter, '>' | '+' | '~') || letter.is_whitespace();
    letters.find(|(_, letter)| outside.reads(*letter) && is_end(*letter)).map_or(text.len(), |(index, _)| index)
}

/// Parses one compound; `depth` is the nesting of `:not()`.
fn parse_compound(
    text: &str,
    depth: usize,
    specificity: &mut [u32; 3],
    conditions: &mut Vec<Condition>,
) -> Result<Compound, String> {
    let mut compound = Compound::default();
    let mut rest = text;
    if rest.is_empty() {
        return Err("expected a selector".to_owned());
    }
    while let Some(first) = rest.chars().next() {
        let body = if matches!(first, '.' | '#' | ':') { rest.get(1..).unwrap_or_default() } else { rest };
        let length = name_length(body);
        let (name, tail) = body.split_at(length);
        rest = tail;
        match first {
            '*' => rest = body.get(1..).unwrap_or_default(),
            '.' if !name.is_empty() => {
                compound.classes.push(name.to_owned());
                specificity[1] += 1;
            }
            '#' if !name.is_empty() => {
                compound.id = Some(name.to_owned());
                specificity[0] += 1;
            }
            '[' => {
                let (inside, tail) = bracketed(body, ']')?;
                compound.conditions.push(bit_of(attribute(inside)?, conditions)?);
                specificity[1] += 1;
                rest = tail;
            }
            ':' => rest = parse_pseudo(&mut compound, depth, name, tail, specificity, conditions)?,
            _ if !name.is_empty() => {
                let tag = Tag::from_name(&name.to_ascii_lowercase());
                compound.tag = Some(tag.ok_or_else(|| format!("the element <{name}> is not supported"))?);
                specificity[2] += 1;
            }
            other => return Err(format!("expected a type, class, id or attribute, found {other}")),
        }
    }
    Ok(compound)
}

fn name_length(text: &str) -> usize {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_' || !letter.is_ascii();
    text.find(|letter| !is_name(letter)).unwrap_or(text.len())
}

/// Splits text after an opening bracket into its content and what follows the closing one.
fn bracketed(text: &str, close: char) -> Result<(&str, &str), String> {
    let mut outside = Outside::default();
    for (index, letter) in text.char_indices() {
        outside.reads(letter);
        if letter == close && outside.depth == 0 && outside.quote.is_none() {
            return Ok((text.get(1..index).unwrap_or_default(), text.get(index + 1..).unwrap_or_default()));
        }
    }
    Err(format!("expected {close} in {text}"))
}

/// Parses the inside of `[…]`: `name`, `name=value`, `name^="value"` and so on.
fn attribute(inside: &str) -> Result<Condition, String> {
    let expected = || format!("expected an attribute like [lang=\"en\"], found [{inside}]");
    let (name, rest) = inside.trim().split_at(name_length(inside.trim()));
    let rest = rest.trim();
    if name.is_empty() {
        return Err(expected());
    }
    let name = name.to_ascii_lowercase();
    if rest.is_empty() {
        return Ok(Condition::Attribute { name, test: Test::Present, value: String::new() });
    }
    let tests =
        [("=", Test::Equals), ("^=", Test::Starts), ("$=", Test::Ends), ("*=", Test::Contains), ("~=", Test::Word)];
    let found = tests.into_iter().find_map(|(sign, test)| Some((test, rest.strip_prefix(sign)?.trim())));
    let (test, value) = found.ok_or_else(expected)?;
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let value = match quoted {
        Some(quoted) => quoted,
        None if !value.is_empty() && name_length(value) == value.len() => value,
        None => return Err(expected()),
    };
    Ok(Condition::Attribute { name, test, value: value.to_owned() })
}

/// Parses `:name` or `:name(…)`; returns the rest.
fn parse_pseudo<'t>(
    compound: &mut Compound,
    depth: usize,
    name: &str,
    tail: &'t str,
    specificity: &mut [u32; 3],
    conditions: &mut Vec<Condition>,
) -> Result<&'t str, String> {
    let lower = name.to_ascii_lowercase();
    if lower == "not" {
        if depth == NOT_DEPTH_MOST {
            return Err(format!("expected at most {NOT_DEPTH_MOST} nested :not()"));
        }
        let (inside, rest) = bracketed(tail, ')').map_err(|_| "expected :not(selector)".to_owned())?;
        let inside = inside.trim();
        if compound_end(inside) < inside.len() || list(inside).len() > 1 {
            return Err(format!("expected one plain selector in :not(), found {inside}"));
        }
        compound.not.push(parse_compound(inside, depth + 1, specificity, conditions)?);
        return Ok(rest);
    }
    let first = Nth { step: 0, offset: 1, of_type: false, from_end: false };
    let plain: &[Condition] = match lower.as_str() {
        "root" => &[Condition::Root],
        "first-child" => &[Condition::Nth(first)],
        "last-child" => &[Condition::Nth(Nth { from_end: true, ..first })],
        "only-child" => &[Condition::Nth(first), Condition::Nth(Nth { from_end: true, ..first })],
        "first-of-type" => &[Condition::Nth(Nth { of_type: true, ..first })],
        "last-of-type" => &[Condition::Nth(Nth { of_type: true, from_end: true, ..first })],
        "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type" => {
            let (formula, rest) =
                bracketed(tail, ')').map_err(|_| format!("expected a number or a formula in :{lower}()"))?;
            let (step, offset) = parse_nth(formula)
                .ok_or_else(|| format!("expected odd, even, a number or a formula like 2n+1, found {formula}"))?;
            let (of_type, from_end) = (lower.ends_with("of-type"), lower.contains("last"));
            let nth = Condition::Nth(Nth { step, offset, of_type, from_end });
            compound.conditions.push(bit_of(nth, conditions)?);
            specificity[1] += 1;
            return Ok(rest);
        }
        _ => return Err(format!("the selector :{name} is not supported")),
    };
    for condition in plain {
        compound.conditions.push(bit_of(condition.clone(), conditions)?);
    }
    specificity[1] += 1;
    Ok(tail)
}

/// Parses `an+b` to step and offset.
fn parse_nth(formula: &str) -> Option<(i64, i64)> {
    let formula: String =
        formula.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let small = |text: &str| text.parse::<i64>().ok().filter(|value| value.abs() <= 1_000_000);
    match formula.as_str() {
        "odd" => return Some((2, 1)),
        "even" => return Some((2, 0)),
        _ => {}
    }
    let Some((step, offset)) = formula.split_once('n') else { return Some((0, small(&formula)?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        _ => small(step)?,
    };
    let offset = if offset.is_empty() { 0 } else { small(offset)? };
    Some((step, offset))
}

/// The rarest feature that an element must have to match a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Feature<'s> {
    Id(&'s str),
    Class(&'s str),
    Tag(Tag),
    /// No particular feature.
    Any,
}

impl Selector {
    pub(super) fn feature(&self) -> Feature<'_> {
        let Some((_, subject)) = self.compounds.last() else { return Feature::Any };
        match (&subject.id, subject.classes.first(), subject.tag) {
            (Some(id), ..) => Feature::Id(id),
            (None, Some(class), _) => Feature::Class(class),
            (None, None, Some(tag)) => Feature::Tag(tag),
            (None, None, None) => Feature::Any,
        }
    }

    /// Calls `found` with every id that it names.
    pub(super) fn ids<'s>(&'s self, found: &mut impl FnMut(&'s str)) {
        self.compounds.iter().for_each(|(_, compound)| compound.ids(found));
    }

    /// Number of compounds.
    pub(super) fn length(&self) -> usize {
        self.compounds.len()
    }

    /// Whether the last element of the path is the selector's subject.
    ///
    /// Walks outwards from the element and keeps all compounds that an ancestor may match at the same time:
    /// backtracking would take time that doubles with every combinator.
    pub(super) fn matches(&self, path: &Path<'_>) -> bool {
        let Some((_, subject)) = self.compounds.last() else { return false };
        if !subject.matches(path) {
            return false;
        }
        // One bit for each matched compound; the compound before it is what an ancestor must match.
        let mut matched: u128 = 1 << (self.compounds.len() - 1);
        let mut ancestor = path.parent;
        while matched & 1 == 0 {
            let Some(place) = ancestor else { return false };
            let mut next = 0;
            for (index, pair) in
                self.compounds.windows(2).enumerate().filter(|(index, _)| matched >> (index + 1) & 1 == 1)
            {
                let [(_, before), (join, _)] = pair else { continue };
                if *join == Join::Descendant {
                    next |= 2 << index;
                }
                if before.matches(place) {
                    next |= 1 << index;
                }
            }
            if next == 0 {
                return false;
            }
            matched = next;
            ancestor = place.parent;
        }
        true
    }
}

impl Compound {
    fn ids<'s>(&'s self, found: &mut impl FnMut(&'s str)) {
        self.id.iter().for_each(|id| found(id));
        self.not.iter().for_each(|not| not.ids(found));
    }

    fn matches(&self, element: &Path<'_>) -> bool {
        self.tag.is_none_or(|tag| tag == element.tag)
            && self.id.as_ref().is_none_or(|id| Some(id.as_str()) == element.id)
            && self.classes.iter().all(|class| element.class.split_ascii_whitespace().any(|own| own == class))
            && self.conditions.iter().all(|condition| element.conditions >> condition & 1 == 1)
            && !self.not.iter().any(|not| not.matches(element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nth_child_counts_as_the_specification_says() {
        let holds = |formula: &str| {
            let (step, offset) = parse_nth(formula).expect("formula");
            let nth = Nth { step, offset, of_type: false, from_end: false };
            (1..=8).filter(|place| nth.holds(*place)).collect::<Vec<_>>()
        };
        assert_eq!(holds("odd"), [1, 3, 5, 7]);
        assert_eq!(holds("3n"), [3, 6]);
        assert_eq!(holds("-n+3"), [1, 2, 3]);
        assert_eq!(holds("2n + 3"), [3, 5, 7]);
        assert_eq!(holds("4"), [4]);
    }

    #[test]
    fn specificity_counts_ids_classes_types() {
        let specificity = |text: &str| parse(text, &mut Vec::new()).map(|selector| selector.specificity);
        assert_eq!(specificity("#a .b.c > p:first-child span"), Ok([1, 3, 2]));
        // Selectors 4, 17: an attribute counts as a class, `:not()` as what it holds, combinators nothing.
        assert_eq!(specificity("h2 + p[lang]:not(#x) ~ a"), Ok([1, 1, 3]));
        assert!(specificity("p::before").is_err());
        assert!(specificity("a +").is_err());
        assert_eq!(list("a, b[x=','], :not(c)").len(), 3);
    }
}
