//! [`ItemLabel`]: what a reader sees of an item, put together from all `[[item]]` tables that match it.

use std::borrow::Cow;

use super::amount::Amount;
use super::customer::Customer;
use super::invoice::{Invoice, ItemKind, LineItem, qualified};
use super::item_table::{ItemTable, PrintedUnit, QuantityDisplay, Wording};
use super::printed::{PrintedFigures, PrintedQuantity, PrintedRounding};
use super::ratio::exact_quotient;
use super::rounding::Rounding;
use super::settings::{DocumentForm, Language, Settings};

/// Decimals of a printed quantity that has no end.
const DECIMALS_OF_ENDLESS: u32 = 3;

/// The most decimals a price is printed with. A price per byte has more and says nothing to a reader; JSON and CSV hold
/// all prices.
const PRICE_DECIMALS: u32 = 6;

/// What a reader sees of an item, in the reader's language. What no table says is as the provider has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemLabel<'a> {
    /// Name.
    pub name: Option<&'a str>,
    /// Unit of the printed quantity.
    pub unit: Option<&'a str>,
    /// How many of the provider's units are one printed.
    scale: Option<Amount>,
    /// Decimals of the printed quantity.
    decimals: Option<u32>,
    /// The part of the invoice that lists it.
    pub heading: Option<&'a str>,
    /// Its place on the invoice.
    pub order: Option<i64>,
    /// Whether quantity and unit price are printed.
    quantity: Option<QuantityDisplay>,
    /// Small print under the name.
    pub note: Option<&'a str>,
    /// How the document shows figures.
    form: DocumentForm,
}

/// The name of an item that customers read with that of the provider, for the issuer: `データ通信料（下り） (downloadDataCharge)`.
pub fn both_names(label: &str, raw: &str) -> String {
    if label == raw { raw.to_owned() } else { format!("{label} ({raw})") }
}

impl<'a> ItemLabel<'a> {
    /// The name a reader sees of an item that the provider calls `raw`.
    pub fn name_or(&self, raw: &'a str) -> &'a str {
        self.name.unwrap_or(raw)
    }

    /// The name a reader sees of a line, with its qualifier.
    pub fn name_of(&self, item: &'a LineItem) -> Cow<'a, str> {
        qualified(self.name_or(&item.name), item.qualifier.as_deref())
    }

    /// Both names of an item, as [`both_names`] gives them.
    pub fn both_names(&self, raw: &str) -> String {
        both_names(self.name.unwrap_or(raw), raw)
    }

    /// A quantity and a unit price of the provider as they are printed beside an amount that is printed as `amount`;
    /// `is_share` says that the quantity is the customer's part of something that several customers bear.
    pub fn printed_figures(
        &self,
        (amount, rounding): (Amount, PrintedRounding),
        quantity: Option<Amount>,
        is_share: bool,
        unit_price: Option<Amount>,
    ) -> PrintedFigures {
        let quantity = quantity.and_then(|quantity| self.printed_quantity(quantity, is_share));
        let unit_price = unit_price.and_then(|price| self.printed_unit_price(price));
        let explains =
            |price: &Amount| quantity.is_some_and(|quantity| quantity.multiplies_out(*price, amount, rounding));
        let is_checked = self.form.has_checkable_figures();
        PrintedFigures { quantity, unit_price: unit_price.filter(|price| !is_checked || explains(price)) }
    }

    /// A quantity as it is printed; none where it is hidden, or has too many digits.
    fn printed_quantity(&self, quantity: Amount, is_share: bool) -> Option<PrintedQuantity> {
        if self.quantity == Some(QuantityDisplay::Hide) {
            return None;
        }
        let is_plain = self.scale.is_none_or(|scale| scale == Amount::whole(1)) && self.decimals.is_none();
        let may_be_fraction = is_share && is_plain && self.form.has_checkable_figures();
        if let Some(fraction) = PrintedQuantity::of_share(quantity).filter(|_| may_be_fraction) {
            return Some(fraction);
        }
        let scale = self.scale.unwrap_or(Amount::whole(1));
        let whole = if self.decimals.is_none() { exact_quotient(quantity, scale) } else { None };
        let (amount, decimals) = match (whole, self.decimals.unwrap_or(DECIMALS_OF_ENDLESS)) {
            (Some(exact), _) => (exact, 0),
            (None, decimals) => (Rounding::HalfUp.quotient(quantity, scale, decimals).ok()?, decimals),
        };
        Some(PrintedQuantity::decimal(amount, decimals, amount.times(scale) != Ok(quantity)))
    }

    /// The price of a printed unit; none where it is hidden or has more digits than a reader can use.
    pub fn printed_unit_price(&self, price: Amount) -> Option<Amount> {
        if self.quantity == Some(QuantityDisplay::Hide) {
            return None;
        }
        let scaled = match self.scale {
            Some(scale) => price.times(scale).ok()?,
            None => price,
        };
        (scaled.scale() <= PRICE_DECIMALS).then_some(scaled)
    }

    /// Takes what it lacks from a table.
    fn complete(&mut self, table: &'a ItemTable, language: Language) {
        let words = |words: &'a Option<Wording>| words.as_ref().map(|words| words.of(language).as_str());
        self.name = self.name.or_else(|| words(&table.name));
        if self.unit.is_none()
            && let Some(measure) = &table.measure
        {
            self.unit = Some(measure.unit.of(language).as_str());
            self.scale = Some(measure.scale);
        }
        self.decimals = self.decimals.or(table.decimals);
        self.heading = self.heading.or_else(|| words(&table.heading));
        self.order = self.order.or(table.order);
        self.quantity = self.quantity.or(table.quantity);
        self.note = self.note.or_else(|| words(&table.note));
    }
}

/// Everything that names items for a reader: the tables of a customer, of the workspace and of the program, in that order.
#[derive(Clone, Copy, Debug)]
pub struct ItemTables<'a> {
    settings: &'a Settings,
    own: &'a [ItemTable],
    language: Language,
}

impl<'a> ItemTables<'a> {
    /// Those for a customer, an index in [`Settings::customers`], in the language of its invoices.
    pub fn of_customer(settings: &'a Settings, customer: usize) -> ItemTables<'a> {
        ItemTables::of(settings, &settings.customers[customer])
    }

    /// [`of_customer`](Self::of_customer).
    pub fn of(settings: &'a Settings, customer: &'a Customer) -> ItemTables<'a> {
        ItemTables { settings, own: &customer.items, language: customer.invoice.language }
    }

    /// The same for the issuer, who reads about the customer in the workspace's language.
    pub fn about_customer(settings: &'a Settings, customer: usize) -> ItemTables<'a> {
        ItemTables::of_customer(settings, customer).in_language(settings.language)
    }

    /// Those for the issuer, of the workspace alone.
    pub fn of_issuer(settings: &'a Settings) -> ItemTables<'a> {
        ItemTables { settings, own: &[], language: settings.language }
    }

    /// The language of their reader.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The same in another language.
    #[must_use]
    pub fn in_language(self, language: Language) -> ItemTables<'a> {
        ItemTables { language, ..self }
    }

    /// What a reader sees of the item of that name. Fees and adjustments are of no source.
    pub fn label(&self, source: &str, name: &str, kind: ItemKind) -> ItemLabel<'a> {
        let form = self.settings.document_form;
        let mut label = ItemLabel { form, ..ItemLabel::default() };
        if !form.has_labels() {
            return label;
        }
        let built_in = self.settings.source(source).map_or(&[][..], |source| source.kind.items());
        let tables = self.own.iter().chain(&self.settings.items).chain(built_in);
        for table in tables.filter(|table| table.of.matches(source, name, kind)) {
            label.complete(table, self.language);
        }
        label
    }

    /// The printed unit of a provider's usage, with its scale; none where no table has one.
    pub fn measure(&self, source: &str, name: &str) -> Option<&'a PrintedUnit> {
        let built_in = self.settings.source(source).map_or(&[][..], |source| source.kind.items());
        let tables = self.own.iter().chain(&self.settings.items).chain(built_in);
        tables.filter(|table| table.of.matches(source, name, ItemKind::Usage)).find_map(|table| table.measure.as_ref())
    }

    /// Both names of an item of a provider, be it usage or a discount.
    pub fn both_names(&self, source: &str, name: &str) -> String {
        let usage = self.label(source, name, ItemKind::Usage);
        let label = if usage.name.is_some() { usage } else { self.label(source, name, ItemKind::Discount) };
        label.both_names(name)
    }

    /// The labels of the items of an invoice, in their order.
    pub fn labels(&self, invoice: &Invoice) -> Vec<ItemLabel<'a>> {
        invoice.items.iter().map(|item| self.label(&item.source, &item.name, item.kind)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    /// 29119514991 / 1048576 is 27770.5335…: 27770 × 1048576 = 29118955520, and 559471 / 1048576 = 0.53355….
    #[test]
    fn quantities_are_scaled_and_cut() {
        for (quantity, scale, decimals, expected, is_cut) in [
            ("29119514991", Some("1048576"), Some(2), "27,770.53", true),
            ("1048576", Some("1048576"), Some(2), "1.00", false),
            ("-1572864", Some("1048576"), Some(2), "-1.50", false),
            ("1", Some("1024"), None, "0.0009765625", false),
            ("2", Some("3"), None, "0.667", true),
            ("6", Some("3"), None, "2", false),
            ("0.5", Some("0.25"), None, "2", false),
            ("0.1", Some("0.3"), None, "0.333", true),
            ("1234.5", None, None, "1,234.5", false),
            ("1234.565", None, Some(2), "1,234.57", true),
            ("-0.005", None, Some(2), "-0.01", true),
            ("0.004", None, Some(2), "0.00", true),
            ("7", None, Some(0), "7", false),
        ] {
            let label = ItemLabel { scale: scale.map(amount), decimals, ..ItemLabel::default() };
            let printed = label.printed_quantity(amount(quantity), false).unwrap();
            assert_eq!((printed.grouped().as_str(), printed.is_cut), (expected, is_cut), "{quantity} / {scale:?}");
            assert_eq!(printed.plain(), expected.replace(',', ""));
        }
    }

    /// 0.0000007877349853515625 × 1048576 = 0.826: 826 / 1048576000 has 22 decimals.
    #[test]
    fn prices_are_scaled_exactly_or_left_out() {
        let label = ItemLabel { scale: Some(amount("1048576")), ..ItemLabel::default() };
        assert_eq!(label.printed_unit_price(amount("0.0000007877349853515625")), Some(amount("0.826")));
        assert_eq!(label.printed_unit_price(amount("0.0000001")), None, "0.1048576 has seven decimals");
        assert_eq!(ItemLabel::default().printed_unit_price(amount("0.000001")), Some(amount("0.000001")));
        assert_eq!(ItemLabel::default().printed_unit_price(amount("0.0000001")), None);
        let hidden = ItemLabel { quantity: Some(QuantityDisplay::Hide), ..label };
        assert_eq!((hidden.printed_quantity(amount("1"), false), hidden.printed_unit_price(amount("1"))), (None, None));
    }

    #[test]
    fn both_names_are_shown_where_they_differ() {
        let label = ItemLabel { name: Some("基本料金"), ..ItemLabel::default() };
        assert_eq!(label.both_names("basicCharge"), "基本料金 (basicCharge)");
        assert_eq!(label.both_names("基本料金"), "基本料金");
        assert_eq!(ItemLabel::default().both_names("basicCharge"), "basicCharge");
    }
}
