//! [`Matcher`]: selects the charges of a rule by globs over source, account, resource, item, groups and tags.

use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A pattern with `*` (any run) and `?` (any one character), case-sensitive, compared in Unicode NFC. `[*]` and `[?]` are the
/// two characters themselves, as in shells; any other bracket stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: Vec<Sign>,
}

/// A sign of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Any run of characters.
    Run,
    /// Any one character.
    One,
    /// That character.
    Only(char),
}

impl Glob {
    /// A glob from a pattern; every text is a valid pattern.
    pub fn new(pattern: &str) -> Glob {
        let chars: Vec<char> = pattern.nfc().collect();
        let mut signs = Vec::with_capacity(chars.len());
        let mut rest = chars.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            let (sign, behind) = match (first, behind) {
                ('[', [wild @ ('*' | '?'), ']', behind @ ..]) => (Sign::Only(*wild), behind),
                ('*', behind) => (Sign::Run, behind),
                ('?', behind) => (Sign::One, behind),
                (c, behind) => (Sign::Only(*c), behind),
            };
            signs.push(sign);
            rest = behind;
        }
        Glob { pattern: signs }
    }

    /// The pattern that matches this text and no other.
    pub fn exactly(text: &str) -> String {
        let mut pattern = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '*' | '?' => pattern.extend(['[', c, ']']),
                c => pattern.push(c),
            }
        }
        pattern
    }

    /// The only text that matches, when the pattern has no wildcard.
    pub fn literal(&self) -> Option<String> {
        let only = |sign: &Sign| if let Sign::Only(c) = sign { Some(*c) } else { None };
        self.pattern.iter().map(only).collect::<Option<String>>().filter(|text| !text.is_empty())
    }

    /// The pattern as it is written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for sign in &self.pattern {
            match sign {
                Sign::Run => text.push('*'),
                Sign::One => text.push('?'),
                Sign::Only(c) => text.push_str(&Glob::exactly(c.encode_utf8(&mut [0; 4]))),
            }
        }
        text
    }

    /// Number of characters of the pattern that are not wildcards.
    pub fn fixed(&self) -> usize {
        self.pattern.iter().filter(|sign| matches!(sign, Sign::Only(_))).count()
    }

    /// Number of characters to add, remove or replace in a text before it matches, regardless of case.
    pub fn distance(&self, value: &str) -> usize {
        let value: Vec<char> = normalized(value).chars().collect();
        // By the length of the text's beginning: its distance from the pattern up to a character.
        let mut distances: Vec<usize> = (0..=value.len()).collect();
        for sign in &self.pattern {
            let mut next = vec![distances[0] + usize::from(*sign != Sign::Run)];
            for (at, found) in value.iter().enumerate() {
                let (before, above, left) = (distances[at], distances[at + 1], next[at]);
                let same = match sign {
                    Sign::Run => {
                        next.push(above.min(left));
                        continue;
                    }
                    Sign::One => true,
                    Sign::Only(c) => c.to_lowercase().eq(found.to_lowercase()),
                };
                next.push((before + usize::from(!same)).min(above + 1).min(left + 1));
            }
            distances = next;
        }
        distances[value.len()]
    }

    /// Whether every text that fits `other` surely fits this one too. The wildcards of `other` are matched like characters
    /// that only wildcards of the same reach take up, so some pairs are missed, such as `?*` and `*?`.
    pub fn covers(&self, other: &Glob) -> bool {
        self.fits(&other.pattern, |sign| sign != Sign::Run)
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        if let Some(literal) = self.plain_ascii_literal(value) {
            return literal;
        }
        self.fits(&normalized(value).chars().map(Sign::Only).collect::<Vec<Sign>>(), |_| true)
    }

    /// [`matches`](Self::matches) for a tag, group or name: an absent one matches only the empty pattern, so that `*`
    /// means "has one".
    pub fn matches_present(&self, value: &str) -> bool {
        if value.is_empty() { self.pattern.is_empty() } else { self.matches(value) }
    }

    /// The result for a pattern without wildcards against ASCII, the common case, without allocating.
    fn plain_ascii_literal(&self, value: &str) -> Option<bool> {
        let wild = self.pattern.iter().any(|sign| matches!(sign, Sign::Run | Sign::One));
        (!wild && value.is_ascii()).then(|| self.pattern.iter().copied().eq(value.chars().map(Sign::Only)))
    }

    /// Greedy matching that returns to the last `*` on a mismatch: linear in practice, quadratic at worst. `is_one` says
    /// which characters `?` stands for.
    fn fits(&self, value: &[Sign], is_one: impl Fn(Sign) -> bool) -> bool {
        let (mut at, mut text) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while text < value.len() {
            match self.pattern.get(at) {
                Some(Sign::Run) => {
                    star = Some((at, text));
                    at += 1;
                }
                Some(sign) if *sign == value[text] || *sign == Sign::One && is_one(value[text]) => {
                    at += 1;
                    text += 1;
                }
                _ => match star {
                    Some((star_at, taken)) => {
                        star = Some((star_at, taken + 1));
                        at = star_at + 1;
                        text = taken + 1;
                    }
                    None => return false,
                },
            }
        }
        self.pattern[at..].iter().all(|sign| *sign == Sign::Run)
    }
}

/// The text in NFC, the form in which values are compared.
pub fn normalized(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() }
}

/// The properties of a charge that rules match on.
pub trait Matchable {
    /// Name of the source in `invoicer.toml`.
    fn source(&self) -> &str;
    /// The provider's account: SAKURA account code, SORACOM operator, KORE account.
    fn account(&self) -> &str;
    /// Id of the resource, empty when the charge has none.
    fn resource(&self) -> &str;
    /// Name of the resource.
    fn resource_name(&self) -> &str;
    /// Values of the group columns that are not empty.
    fn groups(&self) -> impl Iterator<Item = &str>;
    /// Id of the product, empty when the provider has none beside the item's name.
    fn product(&self) -> &str;
    /// Values that are not empty of the tags with that name (given in NFC); a resource can have several.
    fn tag(&self, name: &str) -> impl Iterator<Item = &str>;
}

/// The keys of a match table; all that are present must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// `source`
    pub source: Option<Glob>,
    /// `account`
    pub account: Option<Glob>,
    /// `resource`
    pub resource: Option<Glob>,
    /// `resource-name`
    pub resource_name: Option<Glob>,
    /// `item`: the item's name or the product's id
    pub item: Option<Glob>,
    /// `group`
    pub group: Option<Glob>,
    /// `tag`, by name in NFC
    pub tags: BTreeMap<String, Glob>,
}

impl Matcher {
    /// Whether the result depends only on a charge's source, item and product.
    pub fn sees_only_items(&self) -> bool {
        let no_resource = self.resource.is_none() && self.resource_name.is_none() && self.account.is_none();
        no_resource && self.group.is_none() && self.tags.is_empty()
    }

    /// Whether the result depends only on a charge's source and resource.
    pub fn sees_only_resources(&self) -> bool {
        let Matcher { source: _, account, resource: _, resource_name, item, group, tags } = self;
        account.is_none() && resource_name.is_none() && item.is_none() && group.is_none() && tags.is_empty()
    }

    /// Whether every charge of a resource of a source matches, if [that is all it depends on](Self::sees_only_resources).
    pub fn fits_resource(&self, source: &str, resource: &str) -> bool {
        let fits = |glob: &Option<Glob>, value: &str| glob.as_ref().is_none_or(|glob| glob.matches(value));
        fits(&self.source, source) && fits(&self.resource, resource)
    }

    /// Whether a charge of `subject` for `item` matches.
    pub fn matches(&self, subject: &impl Matchable, item: &str) -> bool {
        let fits = |glob: &Option<Glob>, value: &str| glob.as_ref().is_none_or(|glob| glob.matches(value));
        let names =
            |glob: &Glob| glob.matches(item) || !subject.product().is_empty() && glob.matches(subject.product());
        self.item.as_ref().is_none_or(names)
            && fits(&self.source, subject.source())
            && fits(&self.account, subject.account())
            && fits(&self.resource, subject.resource())
            && self.resource_name.as_ref().is_none_or(|glob| glob.matches_present(subject.resource_name()))
            && self.group.as_ref().is_none_or(|glob| any_matches(glob, subject.groups()))
            && self.tags.iter().all(|(name, glob)| any_matches(glob, subject.tag(name)))
    }
}

/// Whether any of the values matches; without values, whether the glob matches an absent one.
fn any_matches<'a>(glob: &Glob, values: impl Iterator<Item = &'a str>) -> bool {
    let mut values = values.peekable();
    match values.peek() {
        None => glob.matches_present(""),
        Some(_) => values.any(|value| glob.matches_present(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, value, expected) in [
            ("acme", "acme", true),
            ("acme", "Acme", false),
            ("acme-*", "acme-", true),
            ("*-web-?", "acme-web-1", true),
            ("*-web-?", "acme-web-", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab-a", false),
            ("?", "髙", true),
            ("*", "", true),
            ("?*", "", false),
            ("", "", true),
            ("", "x", false),
            ("ガス", "カ\u{3099}ス", true),
            ("[a]", "a", false),
            ("[a]", "[a]", true),
            ("a[*]", "a*", true),
            ("a[*]", "ab", false),
            ("a[*]", "a[*]", false),
            ("[?]", "?", true),
            ("[?]", "x", false),
            ("[*", "[abc", true),
            ("[[*]]", "[*]", true),
            ("[[*]]", "[x]", false),
            ("[*][*]*", "**x", true),
            ("[]*]", "[]x]", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(value), expected, "{pattern} {value}");
        }
        assert!(!Glob::new("*").matches_present(""));
        assert!(Glob::new("").matches_present(""));
    }

    /// All texts of up to five of these characters: each matches itself alone.
    #[test]
    fn an_exact_pattern_matches_its_text_and_no_other() {
        let signs = ["*", "?", "[", "]", "a"];
        let mut texts = vec![String::new()];
        for length in 0..5 {
            let longer = texts.iter().filter(|text| text.len() == length);
            let longer = longer.flat_map(|text| signs.map(|sign| format!("{text}{sign}")));
            texts.extend(longer.collect::<Vec<String>>());
        }
        for text in &texts {
            let glob = Glob::new(&Glob::exactly(text));
            assert_eq!(glob.text(), Glob::exactly(text));
            assert_eq!(glob.literal().unwrap_or_default(), *text);
            let mut others = texts.iter().step_by(7).chain([text]);
            assert!(others.all(|other| glob.matches(other) == (other == text)), "{text}");
        }
    }

    #[test]
    fn distances_from_a_pattern() {
        for (pattern, value, expected) in [
            ("acm-*", "acme-1", 1),
            ("acme-*", "acme-1", 0),
            ("ACME-?", "acme-12", 1),
            ("*-web", "shop-wed-1", 3),
            ("a?c", "abc", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("*", "", 0),
        ] {
            assert_eq!(Glob::new(pattern).distance(value), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn covering_patterns() {
        for (pattern, other, expected) in [
            ("*", "", true),
            ("a*", "a?b*", true),
            ("*x", "*?x", true),
            ("?x*", "*x", false),
            ("?", "*", false),
            ("?", "?", true),
            ("a", "?", false),
            ("", "*", false),
            ("?", "[*]", true),
            ("[*]", "*", false),
            ("[*]", "[*]", true),
        ] {
            assert_eq!(Glob::new(pattern).covers(&Glob::new(other)), expected, "{pattern} {other}");
        }
    }

    struct Server;

    impl Matchable for Server {
        fn source(&self) -> &str {
            "sakura"
        }
        fn account(&self) -> &str {
            "shop"
        }
        fn resource(&self) -> &str {
            "112700654736"
        }
        fn resource_name(&self) -> &str {
            ""
        }
        fn groups(&self) -> impl Iterator<Item = &str> {
            std::iter::empty()
        }
        fn product(&self) -> &str {
            "50118"
        }
        fn tag(&self, name: &str) -> impl Iterator<Item = &str> {
            [("role", "web"), ("role", "db")].into_iter().filter(move |(tag, _)| *tag == name).map(|(_, value)| value)
        }
    }

    #[test]
    fn an_item_is_named_by_name_or_product_id() {
        let item = |pattern: &str| Matcher { item: Some(Glob::new(pattern)), ..Matcher::default() };
        for (pattern, expected) in [("ISO*", true), ("50118", true), ("501*", true), ("50119", false), ("", false)] {
            assert_eq!(item(pattern).matches(&Server, "ISOイメージ"), expected, "{pattern}");
        }
    }

    #[test]
    fn any_of_several_tags_of_a_name_fits() {
        let tag = |name: &str, pattern: &str| Matcher {
            tags: BTreeMap::from([(name.to_owned(), Glob::new(pattern))]),
            ..Matcher::default()
        };
        assert!(tag("role", "web").matches(&Server, "x"));
        assert!(tag("role", "db").matches(&Server, "x"));
        assert!(!tag("role", "").matches(&Server, "x"));
        assert!(tag("site", "").matches(&Server, "x"));
        assert!(!tag("site", "*").matches(&Server, "x"));
    }
}
