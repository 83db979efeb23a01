//! What templates see of the appendix: groups of rows.

use serde::Serialize;

use super::figures::Split;

#[derive(Debug, Serialize)]
pub struct GroupView<'a> {
    pub id: String,
    pub resource: &'a str,
    pub resource_name: &'a str,
    pub heading: String,
    pub rows: Vec<DetailView<'a>>,
    pub subtotal: Split,
}

#[derive(Debug, Serialize)]
pub struct DetailView<'a> {
    pub date: String,
    pub name: &'a str,
    pub label: &'a str,
    pub quantity: String,
    pub unit: &'a str,
    pub unit_price: String,
    pub amount: Split,
    pub shared: bool,
    #[serde(skip)]
    pub is_rounded: bool,
}
