//! Adds up details to the items of an invoice, and puts fees, adjustments, the minimum and rounding with them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::adjustments::{self, AdjustmentLine};
use super::category_split::CategoryUsage;
use super::fees::{self, FeeLine};
use super::own_units::OwnUnits;
use super::percentage::Counted;
use super::prorating::ChargedFee;
use super::sections::{SectionId, Sections};
use super::taxation::included_tax;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, NameId};
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, ItemIndex, ItemKind, LineItem};
use crate::model::period::BillingMonth;
use crate::model::price::RoundAt;
use crate::model::settings::{Language, Settings};
use crate::model::tax::{TaxCategory, TaxGroup, TaxRate};
use crate::model::tax_table::TaxTable;

/// Charges with the same key are one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ItemKey {
    pub(super) kind: ItemKind,
    pub(super) source: u16,
    pub(super) name: NameId,
    pub(super) category: TaxCategory,
    /// Whether its prices include the tax.
    pub(super) tax_included: bool,
    pub(super) section: Option<SectionId>,
}

/// An item being added up.
struct Growing {
    key: ItemKey,
    amount: Sum,
    /// What rounding added to the details' exact amounts; zero unless each detail is rounded.
    rounded_off: Sum,
    /// In the source's currency.
    cost: Sum,
    quantity: Option<Sum>,
    /// Index of the price per unit of the details so far.
    unit_price: Seen,
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Nothing,
    Only(u32),
    Several,
}

/// The items of one customer.
pub(super) struct Items<'a> {
    pub(super) sections: Sections<'a>,
    growing: Vec<Growing>,
    positions: FxHashMap<ItemKey, u32>,
}

impl<'a> Items<'a> {
    /// No items yet, for an invoice with those sections.
    pub(super) fn new(sections: Sections<'a>) -> Items<'a> {
        Items { sections, growing: Vec::new(), positions: FxHashMap::default() }
    }

    /// The position of an item, which is added when it is new.
    pub(super) fn position(&mut self, key: ItemKey) -> u32 {
        let next = self.growing.len() as u32;
        let position = *self.positions.entry(key).or_insert(next);
        if position == next {
            self.growing.push(Growing {
                key,
                amount: Sum::default(),
                rounded_off: Sum::default(),
                cost: Sum::default(),
                quantity: Some(Sum::default()),
                unit_price: Seen::Nothing,
            });
        }
        position
    }

    /// Adds one detail, with its exact and its printed amount.
    pub(super) fn add(
        &mut self,
        item: u32,
        (exact, amount): (Amount, Amount),
        cost: Amount,
        quantity: Option<Amount>,
        unit_price: u32,
    ) -> Result<(), TooLong> {
        let item = &mut self.growing[item as usize];
        item.amount.add(amount)?;
        if amount != exact {
            item.rounded_off.add(amount.minus(exact)?)?;
        }
        item.cost.add(cost)?;
        item.quantity = match (item.quantity, quantity) {
            (Some(mut sum), Some(quantity)) => {
                sum.add(quantity)?;
                Some(sum)
            }
            _ => None,
        };
        item.unit_price = match item.unit_price {
            Seen::Nothing => Seen::Only(unit_price),
            Seen::Only(seen) if seen == unit_price => Seen::Only(seen),
            Seen::Only(_) | Seen::Several => Seen::Several,
        };
        Ok(())
    }

    /// Whether the customer bears any charge.
    pub(super) fn has_any(&self) -> bool {
        !self.growing.is_empty()
    }

    /// Per source, the amounts of usage by tax category before rounding and without tax, where above zero.
    pub(super) fn usage_by_category(
        &self,
        sources: usize,
        taxes: &TaxTable,
        month: BillingMonth,
    ) -> Result<Vec<CategoryUsage>, TooLong> {
        let mut sums: Vec<BTreeMap<TaxCategory, Sum>> = vec![BTreeMap::new(); sources];
        for item in self.growing.iter().filter(|item| item.key.kind == ItemKind::Usage) {
            sums[usize::from(item.key.source)].entry(item.key.category).or_default().add(item.net(taxes, month)?)?;
        }
        let totals = |sums: BTreeMap<TaxCategory, Sum>| -> Result<CategoryUsage, TooLong> {
            let totals = sums.into_iter().map(|(category, sum)| Ok((category, sum.total()?)));
            Ok(totals
                .collect::<Result<CategoryUsage, TooLong>>()?
                .into_iter()
                .filter(|(_, sum)| sum.is_positive())
                .collect())
        };
        sums.into_iter().map(totals).collect()
    }

    /// The sum of the provider's items before any rounding and without tax.
    fn exact_sum(&self, taxes: &TaxTable, month: BillingMonth) -> Result<Amount, TooLong> {
        let mut sum = Sum::default();
        for item in &self.growing {
            sum.add(item.net(taxes, month)?)?;
        }
        sum.total()
    }

    /// Per source, in its currency, the cost that the customer bears.
    pub(super) fn costs(&self, sources: usize) -> Result<Vec<Sum>, TooLong> {
        let mut sums = vec![Sum::default(); sources];
        for item in &self.growing {
            sums[usize::from(item.key.source)].add(item.cost.total()?)?;
        }
        Ok(sums)
    }

    /// The finished lines in the order in which they are printed, in each section: usage, fees, adjustments, minimum,
    /// discounts, rounding. Sets the item of each of `details`. `minimum` is rounded, and comes with the tax category of
    /// the line it adds.
    pub(super) fn finish(
        mut self,
        context: LineContext<'_>,
        minimum: Option<(Amount, TaxCategory)>,
        details: &mut [Detail],
    ) -> Result<FinishedLines, Problems> {
        let LineContext { bill, settings, customer, charged_fees, rates, .. } = context;
        let month = bill.month;
        let mut order: Vec<usize> = (0..self.growing.len()).collect();
        let sort_key = |index: &usize| {
            let key = &self.growing[*index].key;
            (key.kind, key.source, bill.names.get(key.name), key.category, key.tax_included)
        };
        order.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let usage_count = order.partition_point(|index| self.growing[*index].key.kind == ItemKind::Usage);
        let line = |index: &usize| {
            let item = &self.growing[*index];
            let rate = rates[usize::from(item.key.source)].expect("an item is made of charges whose rate is known");
            let section = item.key.section.map(|id| self.sections.section(id).clone());
            Ok(LineItem { section, ..item.line(context, rate)? })
        };
        let mut lines: Vec<LineItem> = order.iter().map(line).collect::<Result<_, Diagnostic>>()?;
        let exact = order.iter().map(|index| self.growing[*index].exact());
        let exact: Vec<Amount> = exact.collect::<Result<_, TooLong>>()?;
        let provided = lines.iter().zip(exact).map(|(item, exact)| Counted { item, exact });
        let provided: Vec<Counted<'_>> = provided.collect();
        let fees = fees::lines(settings, customer, month, charged_fees, &provided)?;
        let others: Vec<Counted<'_>> = provided.into_iter().chain(fees.iter().map(FeeLine::counted)).collect();
        let adjustments = adjustments::lines(settings, customer, month, &others)?;
        let mut exact_sum = self.exact_sum(&settings.taxes, month)?;
        for Counted { item, exact } in
            fees.iter().map(FeeLine::counted).chain(adjustments.iter().map(AdjustmentLine::counted))
        {
            exact_sum = exact_sum.plus(item.tax_group().without_tax(exact)?)?;
        }
        let mut discounts = lines.split_off(usage_count);
        // A fee that no section claims is in none, and so are adjustments.
        let fees: Vec<LineItem> = fees
            .into_iter()
            .map(|fee| {
                let id = self.sections.of_fee(&customer.fees[fee.charged.fee].name);
                LineItem { section: id.map(|id| self.sections.section(id).clone()), ..fee.item }
            })
            .collect();
        let own = fees.into_iter().chain(adjustments.into_iter().map(|own| own.item));
        for item in own {
            if item.kind == ItemKind::Discount { discounts.push(item) } else { lines.push(item) }
        }
        let charged = || lines.iter().chain(&discounts);
        let rounding = rounding_items(charged(), customer)?;
        // The tax in prices counts here and below, and gets its lines when all items are known: rests of earlier months
        // may bring more.
        let all: Vec<LineItem> = charged().chain(&rounding).cloned().collect();
        let included = included_tax(&all, settings, customer)?;
        let counted = match customer.pricing.minimum_excludes_adjustments {
            false => Sum::of(all.iter().chain(&included).map(|line| line.amount))?,
            true => {
                let others: Vec<LineItem> = all.iter().filter(|line| line.adjusted.is_none()).cloned().collect();
                let included = included_tax(&others, settings, customer)?;
                Sum::of(others.iter().chain(&included).map(|line| line.amount))?
            }
        };
        if let Some((minimum, category)) = minimum {
            lines.extend(minimum_item((minimum, counted), category, settings, month, customer)?);
        }
        let discounts_from = lines.len();
        lines.extend(discounts);
        lines.extend(rounding);
        if !exact_sum.is_negative() {
            lines.extend(lifting_item(lines.iter().chain(&included), customer)?);
        }

        let mut moved = vec![ItemIndex(0); order.len()];
        for (position, index) in order.iter().enumerate() {
            let line = if position < usage_count { position } else { discounts_from + position - usage_count };
            moved[*index] = ItemIndex(line as u32);
        }
        for detail in &mut *details {
            detail.item = moved[detail.item.0 as usize];
        }
        Ok(FinishedLines { lines: self.sections.arrange(lines, details), exact_sum })
    }
}

/// What lines are made from besides the items.
#[derive(Clone, Copy)]
pub(super) struct LineContext<'a> {
    pub(super) bill: &'a Bill,
    pub(super) settings: &'a Settings,
    pub(super) customer: &'a Customer,
    /// The fees of the month, line by line.
    pub(super) charged_fees: &'a [ChargedFee],
    /// Per source, the exchange rate to the invoice's currency.
    pub(super) rates: &'a [Option<Amount>],
    pub(super) unit_prices: &'a [Amount],
    pub(super) units: &'a OwnUnits<'a>,
}

/// The lines of a customer.
pub(super) struct FinishedLines {
    pub(super) lines: Vec<LineItem>,
    /// Their sum before any rounding and without tax, without minimum.
    pub(super) exact_sum: Amount,
}

impl Growing {
    /// The sum of the details before any rounding.
    fn exact(&self) -> Result<Amount, TooLong> {
        self.amount.total()?.minus(self.rounded_off.total()?)
    }

    /// [`exact`](Self::exact) without tax.
    fn net(&self, taxes: &TaxTable, month: BillingMonth) -> Result<Amount, TooLong> {
        let exact = self.exact()?;
        // A category without a rate in that month, which is refused when its line is made, has no tax to take off.
        let Some(rate) = taxes.rate(self.key.category, month) else {
            return Ok(exact);
        };
        TaxGroup { category: self.key.category, rate, included: self.key.tax_included }.without_tax(exact)
    }

    fn line(&self, context: LineContext<'_>, rate_to_invoice: Amount) -> Result<LineItem, Diagnostic> {
        let LineContext { bill, settings, customer, unit_prices, units, .. } = context;
        let exact = self.amount.total()?;
        let cost = self.cost.total()?.times(rate_to_invoice)?;
        // Hours and gigabytes have no sum.
        let unit = units.unit((self.key.source, self.key.name));
        let quantity = self.quantity.filter(|_| unit.is_some()).map(Sum::total).transpose()?;
        let amount = rounded(exact, customer)?;
        Ok(LineItem {
            source: bill.sources[usize::from(self.key.source)].name.clone(),
            name: bill.names.get(self.key.name).to_owned(),
            kind: self.key.kind,
            quantity,
            unit: quantity.and(unit).unwrap_or_default().to_owned().into(),
            unit_price: self.unit_price(exact, quantity, unit_prices),
            cost,
            amount,
            tax_category: self.key.category,
            tax_rate: rate(self.key.category, settings, bill.month, customer)?,
            tax_included: self.key.tax_included,
            qualifier: None,
            adjusted: None,
            section: None,
        })
    }

    /// The price per unit, where it explains the amount: the provider's amounts need not equal price times quantity,
    /// and a price that does not multiply out raises more questions than it answers.
    fn unit_price(&self, exact: Amount, quantity: Option<Amount>, unit_prices: &[Amount]) -> Option<Amount> {
        let Seen::Only(index) = self.unit_price else {
            return None;
        };
        let price = *unit_prices.get(index as usize)?;
        let product = quantity?.times(price).ok()?;
        let difference = product.minus(exact).ok()?.magnitude();
        (difference <= Amount::new(1, 2).ok()?).then_some(price)
    }
}

/// An item's amount: rounded, unless rounding is left to the sum of its category.
pub(super) fn rounded(exact: Amount, customer: &Customer) -> Result<Amount, Diagnostic> {
    let pricing = &customer.pricing;
    match pricing.round_at {
        RoundAt::Invoice => Ok(exact),
        RoundAt::Line | RoundAt::Item => to_minor_unit(exact, customer),
    }
}

fn to_minor_unit(exact: Amount, customer: &Customer) -> Result<Amount, Diagnostic> {
    let decimals = customer.invoice.currency.decimals();
    Ok(customer.pricing.rounding.apply(exact, decimals)?)
}

/// The rate of a category for the month's supplies.
///
/// # Errors
/// When it has none yet.
pub(super) fn rate(
    category: TaxCategory,
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
) -> Result<TaxRate, Diagnostic> {
    let without = || {
        let hint = "use another tax category for this month";
        without_rate(&settings.taxes, category, month, hint).at(Place::file(&customer.path))
    };
    settings.taxes.rate(category, month).ok_or_else(without)
}

/// Says that a category has no rate in a month; `otherwise` is the way out under a regime whose rates are built in.
pub(super) fn without_rate(
    taxes: &TaxTable,
    category: TaxCategory,
    month: BillingMonth,
    otherwise: &str,
) -> Diagnostic {
    let name = category.name();
    let diagnostic = Diagnostic::error(format!("there is no tax rate for the category \"{name}\" in {month}"));
    if taxes.regime.is_japan() {
        return diagnostic.with_note("the reduced rate exists since October 2019").with_hint(otherwise);
    }
    let add =
        format!("add [[tax.rate]] with category = \"{name}\" and from = \"{month}\", or use another tax category");
    match taxes.first_of(category) {
        Some(first) => {
            let place = format!("{}:{}", first.definition.path, first.definition.line);
            diagnostic.with_note(format!("its first rate is from {} ({place})", first.from)).with_hint(add)
        }
        None => diagnostic.with_note("no [[tax.rate]] is of that category").with_hint(add),
    }
}

/// With `round-at = "invoice"`: per tax category, the 端数調整 that makes the exact items add up to their rounded sum.
fn rounding_items<'l>(
    lines: impl Iterator<Item = &'l LineItem>,
    customer: &Customer,
) -> Result<Vec<LineItem>, Diagnostic> {
    if customer.pricing.round_at != RoundAt::Invoice {
        return Ok(Vec::new());
    }
    let mut sums: BTreeMap<TaxGroup, Sum> = BTreeMap::new();
    for line in lines {
        sums.entry(line.tax_group()).or_default().add(line.amount)?;
    }
    let mut items = Vec::new();
    for (group, sum) in sums {
        let exact = sum.total()?;
        let difference = to_minor_unit(exact, customer)?.minus(exact)?;
        if !difference.is_zero() {
            items.push(adjustment(ItemKind::Rounding, difference, group, customer));
        }
    }
    Ok(items)
}

/// The difference up to the minimum after everything else is rounded, so that the printed subtotal is the minimum.
fn minimum_item(
    (minimum, subtotal): (Amount, Amount),
    category: TaxCategory,
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
) -> Result<Option<LineItem>, Diagnostic> {
    let missing = minimum.minus(subtotal)?;
    if !missing.is_positive() {
        return Ok(None);
    }
    let group = TaxGroup { category, rate: rate(category, settings, month, customer)?, included: false };
    Ok(Some(adjustment(ItemKind::Minimum, missing, group, customer)))
}

/// The item that lifts to zero a subtotal which rounding alone made negative. It goes to the most negative category, so
/// that no other category is taxed for it.
fn lifting_item<'l>(
    lines: impl Iterator<Item = &'l LineItem>,
    customer: &Customer,
) -> Result<Option<LineItem>, Diagnostic> {
    let mut sums: BTreeMap<(TaxCategory, TaxRate), Sum> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry((line.tax_category, line.tax_rate)).or_default();
        sum.add(line.amount)?;
    }
    let mut subtotal = Sum::default();
    let mut lowest: Option<((TaxCategory, TaxRate), Amount)> = None;
    for (kind, sum) in sums {
        let sum = sum.total()?;
        subtotal.add(sum)?;
        if lowest.is_none_or(|(_, least)| sum < least) {
            lowest = Some((kind, sum));
        }
    }
    let subtotal = subtotal.total()?;
    Ok(lowest.filter(|_| subtotal.is_negative()).map(|((category, rate), _)| {
        let group = TaxGroup { category, rate, included: false };
        adjustment(ItemKind::Rounding, subtotal.negated(), group, customer)
    }))
}

fn adjustment(kind: ItemKind, amount: Amount, group: TaxGroup, customer: &Customer) -> LineItem {
    let name = match (kind, customer.invoice.language) {
        (ItemKind::Minimum, Language::Japanese) => "最低利用料金調整",
        (ItemKind::Minimum, Language::English) => "Minimum charge adjustment",
        (_, language) => rounding_name(language),
    };
    LineItem::own(kind, name.to_owned(), amount, group)
}

/// The name of a line of kind `rounding`.
pub(super) fn rounding_name(language: Language) -> &'static str {
    match language {
        Language::Japanese => "端数調整",
        Language::English => "Rounding adjustment",
    }
}
