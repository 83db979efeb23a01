//! Splits a discount on a whole bill over the tax categories of the usage it reduces (billing-rules §3).

use std::collections::BTreeMap;

use crate::model::amount::{Amount, TooLong};
use crate::model::split::split;
use crate::model::tax::TaxCategory;

/// Exact amounts of a customer's usage of a source by category, where above zero.
pub(super) type CategoryUsage = BTreeMap<TaxCategory, Amount>;

/// The part of a discount that reduces one category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CategorySplit {
    /// The category; none where there is no usage to reduce.
    pub(super) category: Option<TaxCategory>,
    /// Part of the price.
    pub(super) exact: Amount,
    /// Part of the cost.
    pub(super) cost: Amount,
    /// Part of the quantity.
    pub(super) quantity: Option<Amount>,
}

/// Splits price, cost and quantity each by largest remainder, like shares; ties go to the earlier category.
///
/// # Errors
/// When a part has too many digits.
pub(super) fn category_split(
    usage: &CategoryUsage,
    exact: Amount,
    cost: Amount,
    quantity: Option<Amount>,
) -> Result<Vec<CategorySplit>, TooLong> {
    if usage.len() < 2 {
        return Ok(vec![CategorySplit { category: usage.keys().next().copied(), exact, cost, quantity }]);
    }
    let weights: Vec<Amount> = usage.values().copied().collect();
    let (prices, costs) = (split(exact, &weights)?, split(cost, &weights)?);
    let quantities = quantity.map(|quantity| split(quantity, &weights)).transpose()?;
    let part = |(index, category): (usize, &TaxCategory)| CategorySplit {
        category: Some(*category),
        exact: prices[index],
        cost: costs[index],
        quantity: quantities.as_ref().map(|quantities| quantities[index]),
    };
    Ok(usage.keys().enumerate().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    /// -10 of 230 standard and 115 exempt: two thirds and one third, -6.6666|67 and -3.3333|33; the missing 0.0001 goes to
    /// the larger cut-off part. The cost -8.6957 likewise: -5.7971|33 and -2.8985|67, so the exempt part gets the rest.
    #[test]
    fn parts_add_up_and_the_largest_remainder_gets_the_rest() {
        let usage = BTreeMap::from([(TaxCategory::Exempt, amount("115")), (TaxCategory::Standard, amount("230"))]);
        let parts = category_split(&usage, amount("-10"), amount("-8.6957"), Some(amount("1"))).unwrap();
        let told: Vec<String> = parts
            .iter()
            .map(|part| {
                let category = part.category.as_ref().map_or("", TaxCategory::name);
                format!("{category} {} {} {}", part.exact, part.cost, part.quantity.unwrap())
            })
            .collect();
        assert_eq!(told, ["standard -6.6667 -5.7971 0.6667", "exempt -3.3333 -2.8986 0.3333"]);
    }

    /// -0.0001 over equal halves: the tie goes to the earlier category, and the later one gets nothing.
    #[test]
    fn ties_go_to_the_earlier_category() {
        let usage = BTreeMap::from([(TaxCategory::OutOfScope, amount("7")), (TaxCategory::Reduced, amount("7"))]);
        let parts = category_split(&usage, amount("-0.0001"), amount("-0.0001"), None).unwrap();
        assert_eq!(parts[0].category, Some(TaxCategory::Reduced));
        assert_eq!([parts[0].exact, parts[1].exact], [amount("-0.0001"), Amount::ZERO]);
    }

    #[test]
    fn without_usage_there_is_nothing_to_follow() {
        let parts = category_split(&BTreeMap::new(), amount("-1.5"), amount("-1"), None).unwrap();
        let whole = CategorySplit { category: None, exact: amount("-1.5"), cost: amount("-1"), quantity: None };
        assert_eq!(parts, [whole]);
    }
}
