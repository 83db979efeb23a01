//! Index of a style sheet by features of its rules' subjects: most rules cannot match a given element at all.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::{
    rules::Rules,
    selector::{Feature, Path},
};

/// Indices of rules by a feature of their subjects; only looked up, so that the order of the hash does not show.
#[derive(Default)]
pub(super) struct RuleIndex<'s> {
    rules: HashMap<Feature<'s>, Vec<u32>, FxBuildHasher>,
}

impl<'s> RuleIndex<'s> {
    pub(super) fn new(rules: &'s Rules<'_>) -> RuleIndex<'s> {
        let mut index = RuleIndex::default();
        for (order, rule) in rules.rules.iter().enumerate() {
            let order = u32::try_from(order).unwrap_or(u32::MAX);
            for selector in &rule.selectors {
                index.rules.entry(selector.feature()).or_default().push(order);
            }
        }
        index
    }

    /// The rules that may match an element, in the sheet's order.
    pub(super) fn candidates(&self, element: &Path<'_>) -> Vec<usize> {
        let classes = element.class.split_ascii_whitespace().map(Feature::Class);
        let features = [Feature::Any, Feature::Tag(element.tag)].into_iter().chain(element.id.map(Feature::Id));
        let mut found: Vec<usize> = Vec::new();
        for feature in features.chain(classes) {
            found.extend(self.rules.get(&feature).into_iter().flatten().map(|order| *order as usize));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
