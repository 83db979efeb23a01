//! Splits a style sheet into rules and page rules, and parses them; skips `@media screen`.

use super::{
    conditions::Condition,
    declaration::{Declaration, declarations},
    page::PageRule,
    scanner::{Scanner, without_comments},
    selector::{self, Selector},
};
use crate::layout::fault::Faults;

pub(super) struct Rule<'a> {
    pub(super) selectors: Vec<Selector>,
    pub(super) declarations: Vec<Declaration<'a>>,
}

/// Selectors and declarations of a rule as written.
pub(super) struct Source<'a> {
    offset: usize,
    pub(super) selectors: &'a str,
    pub(super) block: Scanner<'a>,
}

/// All style sheets of a document, in order.
#[derive(Default)]
pub(super) struct Sheet<'a> {
    pub(super) sources: Vec<Source<'a>>,
    pub(super) pages: Vec<PageRule<'a>>,
}

/// The rules of a document's style sheets.
#[derive(Default)]
pub(super) struct Rules<'a> {
    pub(super) rules: Vec<Rule<'a>>,
    pub(super) conditions: Vec<Condition>,
}

impl<'a> Rules<'a> {
    pub(super) fn parse(sources: &[Source<'a>], faults: &Faults<'_>) -> Rules<'a> {
        let mut all = Rules::default();
        for source in sources {
            let mut selectors = Vec::new();
            let prelude = without_comments(source.selectors);
            for part in selector::list(&prelude) {
                match selector::parse(part, &mut all.conditions) {
                    Ok(selector) => selectors.push(selector),
                    Err(message) => faults.add(source.offset, part, message),
                }
            }
            all.rules.push(Rule { selectors, declarations: declarations(source.block, faults) });
        }
        all
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn read(&mut self, text: &'a str, base: usize, faults: &Faults<'_>) {
        self.read_rules(&mut Scanner::new(text, base), faults, 0);
    }

    fn read_rules(&mut self, scanner: &mut Scanner<'a>, faults: &Faults<'_>, depth: usize) {
        loop {
            scanner.skip_space_and_comments();
            match scanner.peek() {
                None => return,
                Some(b'@') => self.at_rule(scanner, faults, depth),
                Some(b'}') => {
                    faults.add(scanner.offset(), "}", "expected a rule, found }");
                    scanner.position += 1;
                }
                Some(_) => self.style_rule(scanner, faults),
            }
        }
    }

    fn style_rule(&mut self, scanner: &mut Scanner<'a>, faults: &Faults<'_>) {
        let (offset, prelude) = scanner.take_until(b"{}");
        if scanner.peek() != Some(b'{') {
            return faults.add(offset, prelude, "expected { after a selector");
        }
        self.sources.push(Source { offset, selectors: prelude, block: scanner.take_block() });
    }

    fn at_rule(&mut self, scanner: &mut Scanner<'a>, faults: &Faults<'_>, depth: usize) {
        let (offset, prelude) = scanner.take_until(b"{;}");
        let clean = without_comments(prelude);
        let name_end = clean.find(|letter: char| letter.is_whitespace() || letter == '(').unwrap_or(clean.len());
        let (name, argument) = clean.split_at(name_end);
        if scanner.peek() != Some(b'{') {
            scanner.position += 1;
            if !name.eq_ignore_ascii_case("@charset") {
                faults.add(offset, prelude, format!("the rule {name} is not supported"));
            }
            return;
        }
        let mut block = scanner.take_block();
        match name.to_ascii_lowercase().as_str() {
            "@media" => match media_applies(argument) {
                // More levels of @media have no use.
                Some(true) if depth < 4 => self.read_rules(&mut block, faults, depth + 1),
                Some(_) => {}
                None => faults.add(offset, prelude, format!("expected @media print or @media screen, found {clean}")),
            },
            "@page" => match PageRule::parse(argument, block, faults) {
                Ok(rule) => self.pages.push(rule),
                Err(message) => faults.add(offset, prelude, message),
            },
            _ => faults.add(offset, prelude, format!("the rule {name} is not supported")),
        }
    }
}

/// Whether a media query list applies to print; `None` if it tests anything but the media type.
fn media_applies(queries: &str) -> Option<bool> {
    let mut applies = false;
    for query in queries.split(',') {
        let lower = query.trim().to_ascii_lowercase();
        let lower = lower.strip_prefix("only ").unwrap_or(&lower);
        match lower.split_whitespace().next()? {
            "screen" => {}
            "print" | "all" if lower.split_whitespace().count() == 1 => applies = true,
            _ => return None,
        }
    }
    Some(applies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_rules_are_not_read() {
        let text = "a { color: red !important; /* ; */ margin: 0 } @media screen { @what { float: left } } @media print { b { x: y } }";
        let faults = Faults::new(text);
        let mut sheet = Sheet::default();
        sheet.read(text, 0, &faults);
        let rules = Rules::parse(&sheet.sources, &faults).rules;
        assert!(faults.is_empty());
        let names: Vec<_> = rules.iter().flat_map(|rule| &rule.declarations).map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["color", "margin", "x"]);
        assert!(rules[0].declarations[0].important);
    }

    #[test]
    fn other_rules_are_faults() {
        let text = "@import 'x.css'; @media (min-width: 3px) { a {} } @supports (a: b) { } p { color }";
        let faults = Faults::new(text);
        let mut sheet = Sheet::default();
        sheet.read(text, 0, &faults);
        Rules::parse(&sheet.sources, &faults);
        assert_eq!(faults.into_vec().len(), 4);
    }
}
