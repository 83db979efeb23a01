//! Reads `[warnings]`, which warnings to report, for all customers and for one.

use std::collections::BTreeSet;

use super::toml_reader::Section;
use super::values;
use crate::model::amount::Amount;
use crate::model::warning::{WarningCode, WarningSettings};

/// `[warnings]` of one file.
#[derive(Clone, Default)]
pub(super) struct WarningLayer {
    change: Option<Amount>,
    price: Option<Amount>,
    ignore: BTreeSet<WarningCode>,
}

impl WarningLayer {
    pub(super) fn read(section: Option<Section<'_, '_>>) -> WarningLayer {
        let Some(section) = section else {
            return WarningLayer::default();
        };
        let ignore = section.list("ignore", |value| value.one_of(&WarningCode::NAMES));
        let layer = WarningLayer {
            change: section.read("change", values::percentage),
            price: section.read("price", values::factor),
            ignore: ignore.unwrap_or_default().into_iter().collect(),
        };
        section.finish();
        layer
    }

    /// This layer's change and price, else those of `below`, else 30 % and three times; both layers' ignored warnings.
    pub(super) fn over(self, below: &WarningLayer) -> WarningSettings {
        let usual = Amount::new(3, 1).expect("0.3 fits");
        WarningSettings {
            change: self.change.or(below.change).unwrap_or(usual),
            price: self.price.or(below.price).unwrap_or(Amount::whole(3)),
            ignore: self.ignore.union(&below.ignore).copied().collect(),
        }
    }
}
