//! [`Section`]: a part of an invoice with a heading and a subtotal (`[invoice] sections`), and [`SectionTable`]: one
//! `[[section]]`, which names and orders such parts.

use super::definition::Definition;
use super::language::Language;
use super::matcher::Glob;
use super::wording::Wording;

/// The part of an invoice that lists an item. Items of the same name in different sections are different items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The value of the tag or group that all its charges have, empty where they have none; absent where a `[[section]]`
    /// unites several values, or claims nothing but fees.
    pub value: Option<String>,
    /// Name printed above its items. Sections differ by it.
    pub name: String,
}

impl Section {
    /// Whether its name is the bill's, which no `[[section]]` replaces.
    pub fn is_named_by_value(&self) -> bool {
        self.value.as_ref() == Some(&self.name)
    }
}

/// The name of the section of charges without a value, unless a `[[section]]` names it.
pub fn no_group_name(language: Language) -> &'static str {
    match language {
        Language::Japanese => "グループなし",
        Language::English => "No group",
    }
}

/// One `[[section]]`. Of `name` and `order`, the first table counts that matches a value and has the key.
#[derive(Clone, Debug, Default)]
pub struct SectionTable {
    /// `value`: the values it is about; the empty pattern is for charges without one.
    pub value: Option<Glob>,
    /// `fee`: the names of the fees that it lists.
    pub fee: Option<Glob>,
    /// `minimum`: whether it lists the difference up to the minimum.
    pub minimum: bool,
    /// `name`: what the customer reads instead of the value.
    pub name: Option<Wording>,
    /// `order`: its place on the invoice, smaller first.
    pub order: Option<i64>,
    /// Where it stands.
    pub definition: Definition,
}

impl SectionTable {
    /// Whether it is about a value; the empty one is that of charges without.
    pub fn matches(&self, value: &str) -> bool {
        self.value.as_ref().is_some_and(|glob| glob.matches_present(value))
    }

    /// Whether it lists a fee of that name.
    pub fn lists_fee(&self, name: &str) -> bool {
        self.fee.as_ref().is_some_and(|glob| glob.matches(name))
    }

    /// Whether nothing is left for `later` to say: this table, which comes before it, matches all of its values and fees
    /// and has all of its keys.
    pub fn hides(&self, later: &SectionTable) -> bool {
        let none = Glob::new("");
        let covers = |own: &Option<Glob>, other: &Option<Glob>| match (own, other) {
            (_, None) => true,
            (None, Some(_)) => false,
            // `*` is any value, but not that of charges without one.
            (Some(own), Some(other)) if *other == none => *own == none,
            (Some(own), Some(other)) => own.covers(other),
        };
        let has = |own: bool, other: bool| own || !other;
        covers(&self.value, &later.value)
            && covers(&self.fee, &later.fee)
            && has(self.minimum, later.minimum)
            && has(self.name.is_some(), later.name.is_some())
            && has(self.order.is_some(), later.order.is_some())
    }
}

/// The tables that name the sections of a customer's invoices: its own, then those of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct SectionTables<'a> {
    own: &'a [SectionTable],
    common: &'a [SectionTable],
    language: Language,
}

/// A section with its place among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedSection {
    /// The section.
    pub section: Section,
    /// `order`, where a table gives one.
    pub order: Option<i64>,
}

impl<'a> SectionTables<'a> {
    /// The tables for invoices in a language.
    pub fn new(own: &'a [SectionTable], common: &'a [SectionTable], language: Language) -> SectionTables<'a> {
        SectionTables { own, common, language }
    }

    fn all(&self) -> impl Iterator<Item = &'a SectionTable> {
        self.own.iter().chain(self.common)
    }

    /// The section of the charges with a value, which is empty for those without one.
    pub fn of_value(&self, value: &str) -> PlacedSection {
        let name = self.naming(value).and_then(|table| table.name.as_ref()).map(|name| name.of(self.language).clone());
        let name = name.unwrap_or_else(|| match value {
            "" => no_group_name(self.language).to_owned(),
            value => value.to_owned(),
        });
        let order = self.all().filter(|table| table.matches(value)).find_map(|table| table.order);
        PlacedSection { section: Section { value: Some(value.to_owned()), name }, order }
    }

    /// The table that names the section of a value.
    pub fn naming(&self, value: &str) -> Option<&'a SectionTable> {
        self.all().find(|table| table.name.is_some() && table.matches(value))
    }

    /// The section that lists a fee; none where no table claims it.
    pub fn of_fee(&self, name: &str) -> Option<PlacedSection> {
        self.of_table(self.all().find(|table| table.lists_fee(name))?)
    }

    /// The section that lists the difference up to the minimum; none where no table claims it.
    pub fn of_minimum(&self) -> Option<PlacedSection> {
        self.of_table(self.all().find(|table| table.minimum)?)
    }

    /// The section of a table that claims something of the issuer's own. It has a name or stands for one value.
    fn of_table(&self, table: &SectionTable) -> Option<PlacedSection> {
        let only = table.value.as_ref().and_then(Glob::literal);
        match (&table.name, only) {
            (Some(name), value) => {
                let section = Section { value, name: name.of(self.language).clone() };
                Some(PlacedSection { section, order: table.order })
            }
            (None, Some(value)) => Some(self.of_value(&value)),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(value: &str, name: Option<&str>, order: Option<i64>) -> SectionTable {
        let name = name.map(|name| Wording::Only(name.to_owned()));
        SectionTable { value: Some(Glob::new(value)), name, order, ..SectionTable::default() }
    }

    fn named(own: &[SectionTable], common: &[SectionTable], value: &str) -> (String, Option<i64>) {
        let placed = SectionTables::new(own, common, Language::English).of_value(value);
        (placed.section.name, placed.order)
    }

    #[test]
    fn each_key_is_that_of_the_first_table_that_has_it() {
        let own = [table("sales*", None, Some(2))];
        let common = [table("sales1", Some("Sales, east"), Some(9)), table("*", Some("Elsewhere"), None)];
        assert_eq!(named(&own, &common, "sales1"), ("Sales, east".to_owned(), Some(2)));
        assert_eq!(named(&own, &common, "sales2"), ("Elsewhere".to_owned(), Some(2)));
        assert_eq!(named(&own, &[], "sales2"), ("sales2".to_owned(), Some(2)));
        // `*` means that there is a value.
        assert_eq!(named(&own, &common, ""), ("No group".to_owned(), None));
        assert_eq!(named(&[table("", Some("Head office"), Some(0))], &[], ""), ("Head office".to_owned(), Some(0)));
    }

    #[test]
    fn a_table_hides_those_it_leaves_nothing_to() {
        for (first, later, expected) in [
            (table("*", Some("a"), None), table("sales", Some("b"), None), true),
            (table("*", Some("a"), None), table("sales", Some("b"), Some(1)), false),
            (table("*", Some("a"), None), table("", Some("b"), None), false),
            (table("", Some("a"), None), table("", Some("b"), None), true),
            (table("sales", Some("a"), None), table("sales*", Some("b"), None), false),
        ] {
            assert_eq!(first.hides(&later), expected, "{first:?} {later:?}");
        }
        let with_fee = SectionTable { fee: Some(Glob::new("support")), ..table("sales", Some("b"), None) };
        assert!(!table("*", Some("a"), None).hides(&with_fee), "the fee is still the later table's");
        assert!(with_fee.hides(&table("sales", Some("c"), None)));
    }

    #[test]
    fn a_fee_is_listed_where_a_table_claims_it() {
        let claims = |name: Option<&str>, value: &str| SectionTable {
            fee: Some(Glob::new("support*")),
            ..table(value, name, Some(3))
        };
        let of_fee = |table: SectionTable, fee: &str| {
            let tables = [table];
            SectionTables::new(&tables, &[], Language::English).of_fee(fee).map(|placed| placed.section)
        };
        let section =
            |value: Option<&str>, name: &str| Some(Section { value: value.map(str::to_owned), name: name.to_owned() });
        assert_eq!(of_fee(claims(Some("Sales"), "sales"), "support24"), section(Some("sales"), "Sales"));
        assert_eq!(of_fee(claims(None, "sales"), "support24"), section(Some("sales"), "sales"));
        assert_eq!(of_fee(claims(Some("Sales"), "sales*"), "support24"), section(None, "Sales"));
        assert_eq!(of_fee(claims(Some("Sales"), "sales"), "licence"), None);
    }
}
