//! Customers that one payer pays for: files of the same name, for departments or contracts of one company.

use std::collections::BTreeMap;

use super::cells::RowFigures;
use super::page::ReviewPage;
use crate::model::amount::TooLong;
use crate::model::currency::Currency;

/// The order of the rows, and the sums among them.
pub(super) struct PayerGroups<'a> {
    /// Indices of all customers, those of one payer and department below each other.
    pub(super) order: Vec<usize>,
    /// The sums, a payer's before those of its departments.
    pub(super) heads: Vec<GroupHead<'a>>,
}

/// The sum of several customers.
pub(super) struct GroupHead<'a> {
    pub(super) payer: String,
    /// Empty for the sum of a payer.
    pub(super) payer_department: String,
    pub(super) name: &'a str,
    pub(super) figures: RowFigures,
    /// The first of the customers in the order of rows.
    pub(super) first: usize,
    pub(super) members: Vec<usize>,
}

/// Groups customers by their names, where several have one, and those of one name by department. Amounts in different
/// currencies have no sum, so currency counts like a part of the name.
pub(super) fn group<'a>(page: ReviewPage<'a>, rows: &[RowFigures]) -> Result<PayerGroups<'a>, TooLong> {
    let customer = |index: usize| &page.review.settings.customers[page.review.billed.invoices[index].customer];
    let mut payers: BTreeMap<(&'a str, Currency), Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        payers.entry((customer(index).name.trim(), row.currency)).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = payers.into_values().collect();
    groups.sort_by_key(|members| members[0]);
    let mut grouping = PayerGroups { order: Vec::with_capacity(rows.len()), heads: Vec::new() };
    for (number, members) in groups.into_iter().enumerate() {
        if let [only] = members[..] {
            grouping.order.push(only);
            continue;
        }
        let mut by_department: BTreeMap<&'a str, Vec<usize>> = BTreeMap::new();
        for index in &members {
            by_department.entry(customer(*index).department.as_deref().unwrap_or_default()).or_default().push(*index);
        }
        let mut departments: Vec<(&'a str, Vec<usize>)> = by_department.into_iter().collect();
        departments.sort_by_key(|(_, members)| members[0]);
        let payer = (number + 1).to_string();
        let has_sums = departments.len() > 1;
        let first = departments[0].1[0];
        let name = customer(first).name.as_str();
        let of_payer =
            GroupHead { payer: payer.clone(), payer_department: String::new(), name, ..head(rows, members)? };
        grouping.heads.push(of_payer);
        for (place, (department, members)) in departments.into_iter().enumerate() {
            grouping.order.extend(&members);
            if has_sums && members.len() > 1 {
                let name = if department.is_empty() { page.label("review_no_department") } else { department };
                let payer_department = format!("{payer}-{}", place + 1);
                let payer = payer.clone();
                grouping.heads.push(GroupHead { payer, payer_department, name, ..head(rows, members)? });
            }
        }
    }
    Ok(grouping)
}

/// The sum of some customers, without a name.
fn head<'a>(rows: &[RowFigures], members: Vec<usize>) -> Result<GroupHead<'a>, TooLong> {
    let first = members[0];
    let none = RowFigures::none(rows[first].currency);
    let figures = members.iter().try_fold(none, |sum, index| sum.plus(&rows[*index]))?;
    Ok(GroupHead { payer: String::new(), payer_department: String::new(), name: "", figures, first, members })
}
