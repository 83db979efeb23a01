//! Selectors: type, class, id, descendant, child, `:first-child`, `:last-child`, `:nth-child`, `:root`.

use super::cascade::Path;
use crate::layout::html::Tag;

/// A complex selector, its subject last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    /// Each compound with how it is joined to the one before.
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
    /// Indices into the style sheet's [`Position`]s.
    positions: Vec<usize>,
}

/// A condition on an element's place among its siblings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Position {
    Root,
    Last,
    /// `:nth-child(an+b)`.
    Nth(i64, i64),
}

impl Position {
    /// `index` counts from 1.
    pub(super) fn holds(self, index: u32, is_last: bool, is_root: bool) -> bool {
        match self {
            Position::Root => is_root,
            Position::Last => is_last,
            Position::Nth(0, offset) => i64::from(index) == offset,
            Position::Nth(step, offset) => {
                let distance = i64::from(index) - offset;
                distance % step == 0 && distance / step >= 0
            }
        }
    }
}

/// Positions are bits of a word in the cascade's key.
const POSITIONS_MOST: usize = 64;

/// Parses one selector; new positions are added to `positions`.
pub(super) fn parse(text: &str, positions: &mut Vec<Position>) -> Result<Selector, String> {
    let mut selector = Selector { compounds: Vec::new(), specificity: [0; 3] };
    let mut join = Join::Descendant;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("expected a selector".to_owned());
    }
    while !rest.is_empty() {
        let end = compound_end(rest);
        let (compound, tail) = rest.split_at(end);
        let compound = parse_compound(compound, &mut selector.specificity, positions)?;
        selector.compounds.push((join, compound));
        let trimmed = tail.trim_start();
        (join, rest) = match trimmed.chars().next() {
            Some('>') => (Join::Child, trimmed.get(1..).unwrap_or_default().trim_start()),
            Some(other @ ('+' | '~')) => return Err(format!("the combinator {other} is not supported")),
            _ => (Join::Descendant, trimmed),
        };
        if join == Join::Child && rest.is_empty() {
            return Err("expected a selector after >".to_owned());
        }
    }
    Ok(selector)
}

fn compound_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '>' | '+' | '~' if depth == 0 => return index,
            _ if depth == 0 && letter.is_whitespace() => return index,
            _ => {}
        }
    }
    text.len()
}

fn parse_compound(text: &str, specificity: &mut [u32; 3], positions: &mut Vec<Position>) -> Result<Compound, String> {
    let mut compound = Compound::default();
    let mut rest = text;
    if rest.is_empty() {
        return Err("expected a selector".to_owned());
    }
    while let Some(first) = rest.chars().next() {
        let body = if first == '.' || first == '#' || first == ':' { rest.get(1..).unwrap_or_default() } else { rest };
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
            ':' => {
                let (position, tail) = parse_position(name, tail)?;
                specificity[1] += 1;
                rest = tail;
                let known = positions.iter().position(|known| *known == position);
                if known.is_none() && positions.len() == POSITIONS_MOST {
                    return Err(format!("expected at most {POSITIONS_MOST} different positions like :nth-child(2)"));
                }
                compound.positions.push(known.unwrap_or_else(|| {
                    positions.push(position);
                    positions.len() - 1
                }));
            }
            _ if !name.is_empty() => {
                let tag = Tag::from_name(&name.to_ascii_lowercase());
                compound.tag = Some(tag.ok_or_else(|| format!("the element <{name}> is not supported"))?);
                specificity[2] += 1;
            }
            other => return Err(format!("expected a type, class, id or position selector, found {other}")),
        }
    }
    Ok(compound)
}

fn name_length(text: &str) -> usize {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_' || !letter.is_ascii();
    text.find(|letter| !is_name(letter)).unwrap_or(text.len())
}

fn parse_position<'t>(name: &str, tail: &'t str) -> Result<(Position, &'t str), String> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "root" => Ok((Position::Root, tail)),
        "first-child" => Ok((Position::Nth(0, 1), tail)),
        "last-child" => Ok((Position::Last, tail)),
        "nth-child" => {
            let close = tail.find(')').ok_or("expected ) after :nth-child(")?;
            let formula = tail.get(1..close).filter(|_| tail.starts_with('(')).unwrap_or_default();
            let position = parse_nth(formula)
                .ok_or_else(|| format!("expected odd, even, a number or a formula like 2n+1, found {formula}"))?;
            Ok((position, tail.get(close + 1..).unwrap_or_default()))
        }
        _ => Err(format!("the selector :{name} is not supported")),
    }
}

fn parse_nth(formula: &str) -> Option<Position> {
    let formula: String =
        formula.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let small = |text: &str| text.parse::<i64>().ok().filter(|value| value.abs() <= 1_000_000);
    match formula.as_str() {
        "odd" => return Some(Position::Nth(2, 1)),
        "even" => return Some(Position::Nth(2, 0)),
        _ => {}
    }
    let Some((step, offset)) = formula.split_once('n') else { return Some(Position::Nth(0, small(&formula)?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        _ => small(step)?,
    };
    let offset = if offset.is_empty() { 0 } else { small(offset)? };
    Some(Position::Nth(step, offset))
}

impl Selector {
    /// Whether the last element of the path is the selector's subject.
    pub(super) fn matches(&self, path: &Path<'_>) -> bool {
        let Some((join, subject)) = self.compounds.last() else { return false };
        subject.matches(path) && self.ancestors_match(self.compounds.len() - 1, *join, path)
    }

    fn ancestors_match(&self, before: usize, join: Join, path: &Path<'_>) -> bool {
        let Some((next_join, compound)) = before.checked_sub(1).and_then(|index| self.compounds.get(index)) else {
            return true;
        };
        let mut ancestor = path.parent;
        while let Some(place) = ancestor {
            if compound.matches(place) && self.ancestors_match(before - 1, *next_join, place) {
                return true;
            }
            if join == Join::Child {
                return false;
            }
            ancestor = place.parent;
        }
        false
    }
}

impl Compound {
    fn matches(&self, element: &Path<'_>) -> bool {
        self.tag.is_none_or(|tag| tag == element.tag)
            && self.id.as_ref().is_none_or(|id| Some(id.as_str()) == element.id)
            && self.classes.iter().all(|class| element.class.split_ascii_whitespace().any(|own| own == class))
            && self.positions.iter().all(|position| element.positions >> position & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nth_child_counts_as_the_specification_says() {
        let holds = |formula: &str| {
            let position = parse_nth(formula).expect("formula");
            (1..=8).filter(|index| position.holds(*index, false, false)).collect::<Vec<_>>()
        };
        assert_eq!(holds("odd"), [1, 3, 5, 7]);
        assert_eq!(holds("3n"), [3, 6]);
        assert_eq!(holds("-n+3"), [1, 2, 3]);
        assert_eq!(holds("2n + 3"), [3, 5, 7]);
        assert_eq!(holds("4"), [4]);
    }

    #[test]
    fn specificity_counts_ids_classes_types() {
        let selector = parse("#a .b.c > p:first-child span", &mut Vec::new()).expect("selector");
        assert_eq!(selector.specificity, [1, 3, 2]);
        assert_eq!(parse("a + b", &mut Vec::new()), Err("the combinator + is not supported".to_owned()));
        assert!(parse("a[href]", &mut Vec::new()).is_err());
        assert!(parse("p::before", &mut Vec::new()).is_err());
    }
}
