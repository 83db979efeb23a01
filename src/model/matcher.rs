//! [`Matcher`]: selects the charges of a rule by globs over source, account, resource, item, groups and tags.

use std::borrow::Cow;
use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A pattern with `*` (any run) and `?` (any one character), case-sensitive, compared in Unicode NFC. `[*]` and `[?]` are the
/// two characters themselves, as in shells; any other bracket stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// What is before the first wildcard; the whole pattern where it has none.
    start: Box<str>,
    /// The signs from the first wildcard to the last.
    middle: Box<[Sign]>,
    /// What is behind the last wildcard.
    end: Box<str>,
}

/// A text that every value has which a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fixed<'g> {
    /// The whole value.
    Whole(&'g str),
    /// Its beginning.
    Start(&'g str),
    /// Its end.
    End(&'g str),
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
        let only = |sign: &Sign| if let Sign::Only(c) = sign { Some(*c) } else { None };
        let is_wild = |sign: &Sign| only(sign).is_none();
        let first = signs.iter().position(is_wild).unwrap_or(signs.len());
        let last = signs.iter().rposition(is_wild).map_or(signs.len(), |last| last + 1);
        let text = |signs: &[Sign]| signs.iter().filter_map(only).collect::<String>().into_boxed_str();
        Glob { start: text(&signs[..first]), middle: signs[first..last].into(), end: text(&signs[last..]) }
    }

    /// All signs of the pattern.
    fn signs(&self) -> impl Iterator<Item = Sign> {
        let middle = self.middle.iter().copied();
        self.start.chars().map(Sign::Only).chain(middle).chain(self.end.chars().map(Sign::Only))
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
        (self.middle.is_empty() && !self.start.is_empty()).then(|| self.start.to_string())
    }

    /// The texts that every value has which the pattern matches; none is empty.
    pub(super) fn fixed_parts(&self) -> impl Iterator<Item = Fixed<'_>> {
        let parts = match self.middle.is_empty() {
            true => [Fixed::Whole(&self.start), Fixed::End("")],
            false => [Fixed::Start(&self.start), Fixed::End(&self.end)],
        };
        parts.into_iter().filter(|part| !part.text().is_empty())
    }

    /// The pattern as it is written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for sign in self.signs() {
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
        self.signs().filter(|sign| matches!(sign, Sign::Only(_))).count()
    }

    /// Number of characters to add, remove or replace in a text before it matches, regardless of case.
    pub fn distance(&self, value: &str) -> usize {
        let value: Vec<char> = normalized(value).chars().collect();
        // By the length of the text's beginning: its distance from the pattern up to a character.
        let mut distances: Vec<usize> = (0..=value.len()).collect();
        for sign in self.signs() {
            let mut next = vec![distances[0] + usize::from(sign != Sign::Run)];
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
        let other: Vec<Sign> = other.signs().collect();
        fits(&self.signs().collect::<Vec<Sign>>(), other.into_iter(), |sign| sign != Sign::Run)
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        let value = &*normalized(value);
        if self.middle.is_empty() {
            return *value == *self.start;
        }
        // Bytes are compared first: most values differ there, and most patterns have nothing else than a `*`.
        let middle = value.strip_prefix(&*self.start).and_then(|rest| rest.strip_suffix(&*self.end));
        middle.is_some_and(|middle| match &*self.middle {
            [Sign::Run] => true,
            pattern => fits(pattern, middle.chars().map(Sign::Only), |_| true),
        })
    }

    /// [`matches`](Self::matches) for a tag, group or name: an absent one matches only the empty pattern, so that `*`
    /// means "has one".
    pub fn matches_present(&self, value: &str) -> bool {
        if value.is_empty() { self.start.is_empty() && self.middle.is_empty() } else { self.matches(value) }
    }
}

impl<'g> Fixed<'g> {
    /// The text.
    pub(super) fn text(self) -> &'g str {
        let (Fixed::Whole(text) | Fixed::Start(text) | Fixed::End(text)) = self;
        text
    }

    /// Its rank among those of a pattern: few values have a whole text in common, many a beginning.
    pub(super) fn rank(self) -> u8 {
        match self {
            Fixed::Whole(_) => 0,
            Fixed::Start(_) => 1,
            Fixed::End(_) => 2,
        }
    }
}

/// Greedy matching that returns to the last `*` on a mismatch: linear in practice, quadratic at worst. `is_one` says which
/// characters `?` stands for.
fn fits(pattern: &[Sign], value: impl Iterator<Item = Sign> + Clone, is_one: impl Fn(Sign) -> bool) -> bool {
    let (mut at, mut rest) = (0, value);
    // The sign behind the last `*`, and what that leaves of the text.
    let mut star: Option<(usize, _)> = None;
    let mut behind = rest.clone();
    while let Some(found) = behind.next() {
        match pattern.get(at) {
            Some(Sign::Run) => {
                at += 1;
                star = Some((at, rest.clone()));
            }
            Some(sign) if *sign == found || *sign == Sign::One && is_one(found) => {
                at += 1;
                rest = behind;
            }
            _ => match &mut star {
                Some((star_at, left)) => {
                    left.next();
                    at = *star_at;
                    rest = left.clone();
                }
                None => return false,
            },
        }
        behind = rest.clone();
    }
    pattern[at..].iter().all(|sign| *sign == Sign::Run)
}

/// The text in NFC, the form in which values are compared.
pub fn normalized(text: &str) -> Cow<'_, str> {
    // Most texts are ASCII, which is found at memory speed.
    if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() }
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
    /// Tags with a value that is not empty, names and values; a resource can have several of one name.
    fn tags(&self) -> impl Iterator<Item = (&str, &str)>;
    /// Values of the tags with that name (given in NFC).
    fn tag(&self, name: &str) -> impl Iterator<Item = &str> {
        // A spreadsheet or a file system may have decomposed characters that the TOML file has composed.
        self.tags().filter(move |(known, _)| normalized(known) == name).map(|(_, value)| value)
    }
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
    use proptest::prelude::*;

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

    /// The definition: `*` takes any number of characters, `?` one, and any other itself.
    fn by_definition(pattern: &[Sign], value: &[char]) -> bool {
        match (pattern.split_first(), value.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Sign::Run, behind)), rest) => {
                by_definition(behind, value) || rest.is_some_and(|(_, rest)| by_definition(pattern, rest))
            }
            (Some((Sign::One, behind)), Some((_, rest))) => by_definition(behind, rest),
            (Some((Sign::Only(c), behind)), Some((first, rest))) => c == first && by_definition(behind, rest),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_as_defined(pattern in "[ab*?\\[\\]ガが]{0,8}", value in "[ab*\\[\\]ガが\u{3099}]{0,8}") {
            let glob = Glob::new(&pattern);
            let signs: Vec<Sign> = glob.signs().collect();
            let composed: Vec<char> = value.nfc().collect();
            prop_assert_eq!(glob.matches(&value), by_definition(&signs, &composed));
            let fits = |part: Fixed<'_>| match part {
                Fixed::Whole(text) => normalized(&value) == text,
                Fixed::Start(text) => normalized(&value).starts_with(text),
                Fixed::End(text) => normalized(&value).ends_with(text),
            };
            prop_assert!(!glob.matches(&value) || glob.fixed_parts().all(fits));
        }
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
        fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
            [("role", "web"), ("role", "db")].into_iter()
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
