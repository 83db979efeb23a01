//! [`MatchIndex`]: finds which of many matchers may match a charge, without trying each. Customers list tens of thousands of
//! SIMs one by one or by the beginnings of their ids, and a month has hundreds of thousands: their product is billions.

use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use super::matcher::{Fixed, Matchable, Matcher, normalized};

/// A property of charges that a pattern is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Property<'m> {
    Resource,
    ResourceName,
    Account,
    Source,
    Item,
    Group,
    Tag(&'m str),
}

/// What every value has that a pattern matches: a necessary condition that a table can look up.
type Key<'m> = (Property<'m>, Fixed<'m>);

/// An index of matchers, by their positions in a list. Each is found by one key alone, of those that it has by that which
/// the fewest others share: thousands may begin alike and differ in their ends, or name one source and different tags.
#[derive(Debug, Default)]
pub struct MatchIndex {
    resource: Table,
    resource_name: Table,
    account: Table,
    source: Table,
    item: Table,
    group: Table,
    tags: FxHashMap<String, Table>,
    /// Those without any key, such as `*-web-*`: they may match everything.
    rest: Vec<u32>,
}

impl MatchIndex {
    /// An index of matchers in the order of their list.
    pub fn new(matchers: &[&Matcher]) -> MatchIndex {
        let mut counts: FxHashMap<Key<'_>, u32> = FxHashMap::default();
        for matcher in matchers {
            keys(matcher, |key| *counts.entry(key).or_default() += 1);
        }
        let mut index = MatchIndex::default();
        for (matcher, position) in matchers.iter().zip(0..) {
            let mut best: Option<(u32, Key<'_>)> = None;
            keys(matcher, |key| {
                let order = |(count, (_, fixed)): &(u32, Key<'_>)| (*count, fixed.rank(), Reverse(fixed.text().len()));
                let found = (counts.get(&key).copied().unwrap_or_default(), key);
                if best.as_ref().is_none_or(|best| order(&found) < order(best)) {
                    best = Some(found);
                }
            });
            match best {
                Some((_, (property, fixed))) => index.table(property).add(fixed, position),
                None => index.rest.push(position),
            }
        }
        index.tags.values_mut().for_each(Table::finish);
        let MatchIndex { resource, resource_name, account, source, item, group, tags: _, rest: _ } = &mut index;
        [resource, resource_name, account, source, item, group].into_iter().for_each(Table::finish);
        index
    }

    fn table(&mut self, property: Property<'_>) -> &mut Table {
        match property {
            Property::Resource => &mut self.resource,
            Property::ResourceName => &mut self.resource_name,
            Property::Account => &mut self.account,
            Property::Source => &mut self.source,
            Property::Item => &mut self.item,
            Property::Group => &mut self.group,
            Property::Tag(name) => self.tags.entry(name.to_owned()).or_default(),
        }
    }

    /// The positions of the matchers that may match a charge of `subject` for `item`, in the order of the list: all that do
    /// are among them. Without an item, some of those that name items may be left out.
    pub fn candidates(&self, subject: &impl Matchable, item: Option<&str>) -> Vec<u32> {
        let mut found = self.rest.clone();
        self.resource.find(subject.resource(), &mut found);
        self.resource_name.find(subject.resource_name(), &mut found);
        self.account.find(subject.account(), &mut found);
        self.source.find(subject.source(), &mut found);
        if let Some(item) = item {
            self.item.find(item, &mut found);
            self.item.find(subject.product(), &mut found);
        }
        if !self.group.is_empty() {
            subject.groups().for_each(|group| self.group.find(group, &mut found));
        }
        if !self.tags.is_empty() {
            for (name, value) in subject.tags() {
                if let Some(table) = self.tags.get(normalized(name).as_ref()) {
                    table.find(value, &mut found);
                }
            }
        }
        in_order(found)
    }

    /// [`candidates`](Self::candidates) for any charge of a resource of a source, of matchers that
    /// [see nothing else](Matcher::sees_only_resources).
    pub fn of_resource(&self, source: &str, resource: &str) -> Vec<u32> {
        let mut found = self.rest.clone();
        self.resource.find(resource, &mut found);
        self.source.find(source, &mut found);
        in_order(found)
    }
}

/// Positions in the order of the list, each once: a charge may have several values that lead to one matcher.
fn in_order(mut found: Vec<u32>) -> Vec<u32> {
    found.sort_unstable();
    found.dedup();
    found
}

/// Calls `add` with every key of a matcher. A pattern that is empty or begins and ends with wildcards gives none.
fn keys<'m>(matcher: &'m Matcher, mut add: impl FnMut(Key<'m>)) {
    let Matcher { source, account, resource, resource_name, item, group, tags } = matcher;
    let single = [
        (Property::Resource, resource),
        (Property::ResourceName, resource_name),
        (Property::Account, account),
        (Property::Source, source),
        (Property::Item, item),
        (Property::Group, group),
    ];
    let single = single.into_iter().filter_map(|(property, glob)| Some((property, glob.as_ref()?)));
    let tags = tags.iter().map(|(name, glob)| (Property::Tag(name), glob));
    for (property, glob) in single.chain(tags) {
        glob.fixed_parts().for_each(|fixed| add((property, fixed)));
    }
}

/// The matchers that are found by one property.
#[derive(Debug, Default)]
struct Table {
    whole: FxHashMap<Box<str>, Vec<u32>>,
    starts: Parts,
    ends: Parts,
}

/// Matchers by the beginning or the end of a value.
#[derive(Debug, Default)]
struct Parts {
    /// The different lengths of the texts in bytes, ascending: each is looked up once.
    lengths: Vec<usize>,
    by_text: FxHashMap<Box<[u8]>, Vec<u32>>,
}

impl Table {
    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.starts.by_text.is_empty() && self.ends.by_text.is_empty()
    }

    fn add(&mut self, fixed: Fixed<'_>, position: u32) {
        let positions = match fixed {
            Fixed::Whole(text) => self.whole.entry(text.into()).or_default(),
            Fixed::Start(text) => self.starts.by_text.entry(text.as_bytes().into()).or_default(),
            Fixed::End(text) => self.ends.by_text.entry(text.as_bytes().into()).or_default(),
        };
        positions.push(position);
    }

    #[expect(clippy::iter_over_hash_type, reason = "the lengths are sorted")]
    fn finish(&mut self) {
        for parts in [&mut self.starts, &mut self.ends] {
            for text in parts.by_text.keys() {
                parts.lengths.push(text.len());
            }
            parts.lengths.sort_unstable();
            parts.lengths.dedup();
        }
    }

    /// Adds the matchers whose key a value has.
    fn find(&self, value: &str, found: &mut Vec<u32>) {
        // No key is empty.
        if value.is_empty() || self.is_empty() {
            return;
        }
        let value = normalized(value);
        if !self.whole.is_empty() {
            found.extend(self.whole.get(value.as_ref()).into_iter().flatten());
        }
        let value = value.as_bytes();
        let fits = |length: &&usize| **length <= value.len();
        for length in self.starts.lengths.iter().take_while(fits) {
            found.extend(self.starts.by_text.get(&value[..*length]).into_iter().flatten());
        }
        for length in self.ends.lengths.iter().take_while(fits) {
            found.extend(self.ends.by_text.get(&value[value.len() - length..]).into_iter().flatten());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::matcher::Glob;
    use super::*;

    #[derive(Clone, Debug)]
    struct Seen {
        single: [String; 5],
        groups: Vec<String>,
        tags: Vec<(String, String)>,
    }

    impl Matchable for Seen {
        fn source(&self) -> &str {
            &self.single[0]
        }
        fn account(&self) -> &str {
            &self.single[1]
        }
        fn resource(&self) -> &str {
            &self.single[2]
        }
        fn resource_name(&self) -> &str {
            &self.single[3]
        }
        fn groups(&self) -> impl Iterator<Item = &str> {
            self.groups.iter().map(String::as_str)
        }
        fn product(&self) -> &str {
            &self.single[4]
        }
        fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
            self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
        }
    }

    /// Few different characters, so that much matches: some in two forms, some two bytes long.
    fn value(least: usize) -> impl Strategy<Value = String> {
        vec(select(vec!["a", "b", "*", "ガ", "カ\u{3099}", "é"]), least..5).prop_map(|parts| parts.concat())
    }

    fn glob() -> impl Strategy<Value = Glob> {
        let parts = select(vec!["a", "b", "*", "*", "?", "[*]", "[?]", "ガ", "カ\u{3099}", "é"]);
        vec(parts, 0..6).prop_map(|parts| Glob::new(&parts.concat()))
    }

    fn tag_name() -> impl Strategy<Value = String> {
        select(vec!["t", "ガ", "カ\u{3099}"]).prop_map(str::to_owned)
    }

    fn matcher() -> impl Strategy<Value = Matcher> {
        let sometimes = || option::weighted(0.3, glob());
        let single = [sometimes(), sometimes(), sometimes(), sometimes(), sometimes(), sometimes()];
        let tags = vec((tag_name(), glob()), 0..2);
        (single, tags).prop_map(|([source, account, resource, resource_name, item, group], tags)| {
            let tags: BTreeMap<String, Glob> =
                tags.into_iter().map(|(name, glob)| (normalized(&name).into_owned(), glob)).collect();
            Matcher { source, account, resource, resource_name, item, group, tags }
        })
    }

    fn seen() -> impl Strategy<Value = Seen> {
        let single = [value(1), value(0), value(0), value(0), value(0)];
        // An empty group or tag is no group or tag.
        (single, vec(value(1), 0..3), vec((tag_name(), value(1)), 0..3)).prop_map(|(single, groups, tags)| Seen {
            single,
            groups,
            tags,
        })
    }

    proptest! {
        /// What a plain scan finds, in its order.
        #[test]
        fn the_index_finds_what_a_scan_finds(matchers in vec(matcher(), 0..40), seen in seen(), item in value(1)) {
            let matchers: Vec<&Matcher> = matchers.iter().collect();
            let index = MatchIndex::new(&matchers);
            let scan: Vec<u32> = (0..).zip(&matchers).filter(|(_, it)| it.matches(&seen, &item)).map(|(at, _)| at).collect();
            let found = index.candidates(&seen, Some(&item));
            prop_assert!(found.is_sorted_by(|one, other| one < other));
            let fits = |at: &u32| matchers[*at as usize].matches(&seen, &item);
            prop_assert_eq!(found.into_iter().filter(fits).collect::<Vec<u32>>(), scan);

            // Those without an item, by a subject alone.
            let is_whole = |at: &u32| matchers[*at as usize].item.is_none() && fits(at);
            let found: Vec<u32> = index.candidates(&seen, None).into_iter().filter(is_whole).collect();
            prop_assert_eq!(found, (0..matchers.len() as u32).filter(is_whole).collect::<Vec<u32>>());

            // Those of resources, by a resource alone.
            let (source, resource) = (seen.source(), seen.resource());
            let is_of = |at: &u32| {
                let matcher = matchers[*at as usize];
                matcher.sees_only_resources() && matcher.fits_resource(source, resource)
            };
            let found: Vec<u32> = index.of_resource(source, resource).into_iter().filter(is_of).collect();
            prop_assert_eq!(found, (0..matchers.len() as u32).filter(is_of).collect::<Vec<u32>>());
        }
    }

    /// Of a thousand matchers that begin alike, a value leads to those alone that share more with it.
    #[test]
    fn few_candidates_are_left_of_many() {
        let globs = (0..1000).map(|number| Glob::new(&format!("44010*{number:04}")));
        let matchers: Vec<Matcher> = globs
            .map(|glob| Matcher { resource: Some(glob), source: Some(Glob::new("s")), ..Matcher::default() })
            .collect();
        let index = MatchIndex::new(&matchers.iter().collect::<Vec<&Matcher>>());
        assert_eq!(index.of_resource("s", "44010990123"), [123]);
        assert_eq!(index.of_resource("s", "0123"), [123]);
        assert_eq!(index.of_resource("s", "44010"), [] as [u32; 0]);
    }
}
