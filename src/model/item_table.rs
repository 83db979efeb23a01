//! [`ItemTable`]: one `[[item]]`, what customers read of the items it matches. Presentation only: no amount depends on it.

use std::sync::LazyLock;

use super::amount::Amount;
use super::definition::Definition;
use super::item_match::ItemMatch;
use super::matcher::Glob;
pub use super::wording::Wording;

/// What printed quantities count. Unit and scale are one thing: a scale taken from one table and a unit from another would
/// print bytes as megabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedUnit {
    /// `unit`
    pub unit: Wording,
    /// `scale`: how many of the provider's units are one of these; above zero.
    pub scale: Amount,
}

/// Whether quantity and unit price of an item are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuantityDisplay {
    /// Both are.
    Show,
    /// Neither is.
    Hide,
}

impl QuantityDisplay {
    /// The names in TOML.
    pub const NAMES: [(&'static str, QuantityDisplay); 2] =
        [("show", QuantityDisplay::Show), ("hide", QuantityDisplay::Hide)];
}

/// The most decimals a printed quantity can be given.
pub const DECIMALS_MOST: u32 = 9;

/// One `[[item]]`. Of each key, the first table counts that matches an item and has the key.
#[derive(Clone, Debug, Default)]
pub struct ItemTable {
    /// The items it says something about.
    pub of: ItemMatch,
    /// `name`: what the customer reads instead of the provider's name.
    pub name: Option<Wording>,
    /// `unit` and `scale`
    pub measure: Option<PrintedUnit>,
    /// `decimals` of the printed quantity.
    pub decimals: Option<u32>,
    /// `heading`: the part of the invoice the item is listed in.
    pub heading: Option<Wording>,
    /// `order`: its place on the invoice, smaller first.
    pub order: Option<i64>,
    /// `quantity`
    pub quantity: Option<QuantityDisplay>,
    /// `note`: small print under the name.
    pub note: Option<Wording>,
    /// Where it stands; of no path where it is built in.
    pub definition: Definition,
}

impl ItemTable {
    /// Whether nothing is left for `later` to say: this table, which comes before it, matches all of its items and has all
    /// of its keys.
    pub fn hides(&self, later: &ItemTable) -> bool {
        let has = |own: bool, other: bool| own || !other;
        self.of.covers(&later.of)
            && has(self.name.is_some(), later.name.is_some())
            && has(self.measure.is_some(), later.measure.is_some())
            && has(self.decimals.is_some(), later.decimals.is_some())
            && has(self.heading.is_some(), later.heading.is_some())
            && has(self.order.is_some(), later.order.is_some())
            && has(self.quantity.is_some(), later.quantity.is_some())
            && has(self.note.is_some(), later.note.is_some())
    }
}

/// Bytes in a megabyte as SORACOM counts them: <https://soracom.jp/services/air/cellular/price/> prices data by 1 MB =
/// 1,048,576 bytes.
const MEGABYTE: i64 = 1 << 20;

/// The items of SORACOM's bill whose meaning its documentation states
/// (<https://users.soracom.io/ja-jp/docs/billing/billing-detail/>): the daily basic charge of a line, and data by direction
/// in bytes. They come after everything a workspace says.
pub fn soracom() -> &'static [ItemTable] {
    static TABLES: LazyLock<Vec<ItemTable>> = LazyLock::new(|| {
        let named = |item: &str, ja: &str, en: &str| ItemTable {
            of: ItemMatch { item: Some(Glob::new(item)), ..ItemMatch::default() },
            name: Some(Wording::both(ja, en)),
            ..ItemTable::default()
        };
        let data = |item, ja, en| ItemTable {
            measure: Some(PrintedUnit { unit: Wording::Only("MB".to_owned()), scale: Amount::whole(MEGABYTE) }),
            decimals: Some(2),
            ..named(item, ja, en)
        };
        vec![
            named("basicCharge", "基本料金", "Basic charge"),
            data("uploadDataCharge", "データ通信料（上り）", "Data, upload"),
            data("downloadDataCharge", "データ通信料（下り）", "Data, download"),
        ]
    });
    &TABLES
}

#[cfg(test)]
mod tests {
    use super::super::item_kind::ItemKind;
    use super::*;

    fn table(item: &str) -> ItemTable {
        let of = ItemMatch { item: Some(Glob::new(item)), ..ItemMatch::default() };
        ItemTable { of, name: Some(Wording::Only("x".to_owned())), ..ItemTable::default() }
    }

    fn narrowed(item: &str, kind: Option<ItemKind>, source: Option<Glob>) -> ItemTable {
        let mut table = table(item);
        (table.of.kind, table.of.source) = (kind, source);
        table
    }

    #[test]
    fn a_table_hides_those_it_leaves_nothing_to() {
        for (first, later, expected) in [
            ("*", "data", true),
            ("*Charge", "basicCharge", true),
            ("*Charge", "*DataCharge", true),
            ("*DataCharge", "*Charge", false),
            ("a*", "*", false),
            ("a?", "a*", false),
            ("a?", "ab", true),
            ("a", "a", true),
        ] {
            assert_eq!(table(first).hides(&table(later)), expected, "{first} {later}");
        }
        let with_order = ItemTable { order: Some(1), ..table("a") };
        assert!(!table("*").hides(&with_order), "the order is still the later table's");
        assert!(with_order.hides(&table("a")));
        let fees = narrowed("*", Some(ItemKind::Fee), None);
        assert!(!fees.hides(&table("a")) && table("*").hides(&fees));
        let of_source = narrowed("*", None, Some(Glob::new("soracom")));
        assert!(!of_source.hides(&table("a")) && table("*").hides(&of_source));
    }
}
