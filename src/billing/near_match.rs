//! [`NearValues`]: what the month has that is nearest to a value that a `[[match]]` names in vain.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::nearest;
use crate::model::charge::{Bill, SubjectId};
use crate::model::matcher::{Glob, Matchable, Matcher, normalized};
use crate::model::toml_text::{toml_key, toml_text};

/// Number of rules that a value is looked for: each is compared with every value of the month.
const RULES: usize = 20;
/// Number of values of a key beyond which none is near.
const VALUES: usize = 20_000;

/// The values of a month, by key: `resource`, `group`, or a tag's name after `tag.`.
type Values = BTreeMap<String, BTreeSet<String>>;

/// Finds the nearest values of a month.
pub(super) struct NearValues<'b> {
    bill: &'b Bill,
    values: Option<Values>,
    tried: usize,
}

impl<'b> NearValues<'b> {
    pub(super) fn new(bill: &'b Bill) -> NearValues<'b> {
        NearValues { bill, values: None, tried: 0 }
    }

    /// The key with the nearest value, as it is written in TOML; none where the month has the values that the rule
    /// names, or none that is near.
    pub(super) fn of(&mut self, matcher: &Matcher) -> Option<String> {
        self.tried += 1;
        if self.tried > RULES {
            return None;
        }
        let bill = self.bill;
        let values = self.values.get_or_insert_with(|| values(bill));
        for (name, glob) in &matcher.tags {
            if let Some((name, value)) = near_tag(values, name, glob) {
                return Some(format!("tag = {{ {} = {} }}", toml_key(name), toml_text(&value)));
            }
        }
        let keys = [
            ("group", &matcher.group),
            ("account", &matcher.account),
            ("resource", &matcher.resource),
            ("resource-name", &matcher.resource_name),
            ("item", &matcher.item),
            ("source", &matcher.source),
        ];
        let near_value = |key: &str, glob: &Option<Glob>| near(values.get(key)?, glob.as_ref()?);
        keys.into_iter().find_map(|(key, glob)| Some(format!("{key} = {}", toml_text(&near_value(key, glob)?))))
    }
}

/// The pattern of the nearest value; none where one matches.
fn near(known: &BTreeSet<String>, glob: &Glob) -> Option<String> {
    if known.len() > VALUES || known.iter().any(|value| glob.matches(value)) {
        return None;
    }
    if let Some(literal) = glob.literal() {
        return nearest(&literal, known.iter().map(String::as_str)).map(Glob::exactly);
    }
    let (distance, value) = known.iter().map(|value| (glob.distance(value), value)).min()?;
    // Unlike a word, a pattern of one or two characters is near to almost everything.
    (distance <= glob.fixed() / 3).then(|| Glob::exactly(value))
}

/// The tag with the nearest value, or, where the month has no tag of the name, the nearest name.
fn near_tag<'v>(values: &'v Values, name: &'v str, glob: &Glob) -> Option<(&'v str, String)> {
    if let Some(known) = values.get(&format!("tag.{name}")) {
        return Some((name, near(known, glob)?));
    }
    let tags = || values.iter().filter_map(|(key, known)| Some((key.strip_prefix("tag.")?, known)));
    let name = nearest(name, tags().map(|(name, _)| name))?;
    let known = tags().find(|(known, _)| *known == name).map(|(_, known)| known)?;
    Some((name, near(known, glob).unwrap_or_else(|| glob.text())))
}

fn values(bill: &Bill) -> Values {
    let mut values = Values::new();
    let mut add = |key: &str, value: &str| {
        if value.is_empty() {
            return;
        }
        let known = match values.get_mut(key) {
            Some(known) => known,
            None => values.entry(key.to_owned()).or_default(),
        };
        // One more shows that there are too many.
        if known.len() <= VALUES {
            known.insert(normalized(value).into_owned());
        }
    };
    for index in 0..bill.subjects.len() {
        let subject = bill.seen(SubjectId(index as u32));
        for (name, value) in subject.tags() {
            add(&format!("tag.{}", normalized(name)), value);
        }
        subject.groups().for_each(|group| add("group", group));
        add("account", subject.account());
        add("resource", subject.resource());
        add("resource-name", subject.resource_name());
        add("source", subject.source());
    }
    let mut items: Vec<_> = bill.charges.iter().map(|charge| charge.item).collect();
    items.sort_unstable();
    items.dedup();
    items.into_iter().for_each(|item| add("item", bill.names.get(item)));
    values
}
