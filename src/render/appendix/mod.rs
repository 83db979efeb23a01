//! Builds the appendix of an invoice: what its items consist of, by resource, and the way from there to the subtotal.

mod closing;
mod columns;
mod estimate;
mod figures;
mod groups;
mod lists;
mod matrix;
mod resources;

use std::collections::BTreeMap;

pub(super) use closing::ClosingRow;
use closing::{closing, closing_row};
pub(super) use columns::AppendixColumns;
use columns::HEADING_ID_MOST;
use estimate::detail_level;
pub use estimate::estimated_pages;
use figures::id_width;
pub(super) use figures::{Split, fraction_width, shared_fraction_width};
pub(super) use groups::{ContentsRow, GroupView};
use lists::Lists;
use matrix::{Matrix, Words};
use resources::Resources;

use crate::billing::resources::with_fee;
use crate::model::amount::TooLong;
use crate::model::charge::Bill;
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::item_label::ItemLabel;
use crate::model::settings::DetailLevel;
use crate::render::divisions::{divisions, has_sections};

/// The appendix; `longest_fraction` is in characters.
#[derive(Debug)]
pub(super) struct Appendix<'a> {
    pub(super) level: DetailLevel,
    pub(super) groups: Vec<GroupView<'a>>,
    /// The sums of all groups of a summary, where it has several.
    pub(super) sums: Vec<String>,
    pub(super) columns: AppendixColumns,
    pub(super) contents: Vec<ContentsRow>,
    pub(super) closing: Vec<ClosingRow<'a>>,
    pub(super) longest_fraction: usize,
    /// How many resources are left out, because nothing of theirs costs anything and no fee counts them.
    pub(super) without_charges: usize,
    /// By item, the id of the part that shows it; empty where none does.
    pub(super) anchors: Vec<String>,
}

pub(super) fn appendix<'a>(
    bill: &'a Bill,
    customer: &'a Customer,
    invoice: &'a Invoice,
    labels: &'a BTreeMap<String, String>,
    item_labels: &[ItemLabel<'a>],
) -> Result<Appendix<'a>, TooLong> {
    let settings = &customer.invoice;
    let word = |key: &str| labels.get(key).map_or("", String::as_str);
    let level = detail_level(bill, customer, invoice);
    let mut appendix = Appendix {
        level,
        groups: Vec::new(),
        sums: Vec::new(),
        columns: AppendixColumns::default(),
        contents: Vec::new(),
        closing: Vec::new(),
        longest_fraction: 0,
        without_charges: 0,
        anchors: vec![String::new(); invoice.items.len()],
    };
    if level == DetailLevel::None || invoice.details.is_empty() {
        return Ok(appendix);
    }
    let with_fee = with_fee(bill, customer, invoice);
    let resources = Resources::of(bill, invoice, &with_fee, settings.show_zero);
    let divisions = divisions(invoice);
    match level {
        DetailLevel::Rows | DetailLevel::Resource | DetailLevel::None => {
            let lists = Lists { bill, customer, invoice, item_labels, divisions: &divisions, level };
            appendix.groups = lists.groups(&resources, &mut appendix.columns, &mut appendix.anchors)?;
        }
        DetailLevel::Daily | DetailLevel::Summary => {
            let words = Words {
                discounts: word("discounts"),
                others: word("others"),
                whole_month: word("whole_month"),
                no_resource: word("no_resource"),
                no_group: word("no_group"),
            };
            let mut matrix = Matrix::new(bill, invoice, item_labels, &divisions, words);
            if level == DetailLevel::Daily {
                appendix.groups = matrix.days(&resources)?;
            } else {
                let summary = matrix.summary(&resources, &settings.group_by)?;
                appendix.groups = summary.groups;
                appendix.sums = if appendix.groups.len() > 1 { summary.sums } else { Vec::new() };
            }
            appendix.columns.rounded_amount = matrix.has_rounded;
            let columns = || appendix.groups.iter().flat_map(|group| &group.columns);
            (appendix.columns.shared, appendix.columns.by_days) =
                (columns().any(|column| column.shared), columns().any(|column| column.by_days));
            appendix.anchors = matrix.anchors();
        }
    }
    let has_ids = appendix.groups.iter().flat_map(|group| &group.table).any(|row| !row.resource.is_empty());
    let lead = if has_ids { 2 } else { 1 };
    for group in &mut appendix.groups {
        group.span = (lead + group.columns.len() + 1).to_string();
        group.long_id = id_width(group.resource) > HEADING_ID_MOST;
    }
    if level != DetailLevel::Summary {
        for group in &mut appendix.groups {
            group.heading = match (group.resource_name, group.resource) {
                (_, "") => word("no_resource").to_owned(),
                ("", id) => id.to_owned(),
                (name, id) => format!("{name}　{id}"),
            };
        }
    }
    if has_sections(invoice) {
        let name = |section: usize| match invoice.items.get(section).and_then(|item| item.section.as_ref()) {
            Some(section) => section.name.clone(),
            None => word("outside_sections").to_owned(),
        };
        let mut above = None;
        for group in &mut appendix.groups {
            if level == DetailLevel::Summary {
                group.heading = name(group.section);
                continue;
            }
            group.part_of = name(group.section);
            if above != Some(group.section) {
                group.division.clone_from(&group.part_of);
            }
            above = Some(group.section);
        }
    }
    for (anchor, item) in appendix.anchors.iter_mut().zip(&invoice.items) {
        if closing_row(item).is_some() {
            "closing".clone_into(anchor);
        }
    }
    appendix.contents = contents(level, &mut appendix.groups);
    appendix.closing = closing(invoice, labels)?;
    appendix.longest_fraction = appendix.columns.fit(&appendix.groups, &appendix.sums, &appendix.closing).0;
    appendix.without_charges = resources.without_charges;
    Ok(appendix)
}

/// How many rows of a summary without groups are one entry of the contents.
const ROWS_OF_AN_ENTRY: usize = 25;

/// The entries of the contents: the groups or, in a summary without groups, the first of every [`ROWS_OF_AN_ENTRY`] rows.
/// None where there is only one.
fn contents(level: DetailLevel, groups: &mut [GroupView<'_>]) -> Vec<ContentsRow> {
    let mut entries = Vec::new();
    if let (DetailLevel::Summary, [group]) = (level, &mut *groups) {
        for (index, rows) in group.table.chunks_mut(ROWS_OF_AN_ENTRY).enumerate() {
            let [first, ..] = rows else { continue };
            first.id = format!("row-{}", index * ROWS_OF_AN_ENTRY + 1);
            let id = first.id.clone();
            let name =
                |row: &groups::TableRow<'_>| if row.name.is_empty() { row.resource } else { row.name }.to_owned();
            let last = rows.last().map(name).unwrap_or_default();
            let heading = format!("{} – {last}", rows.first().map(name).unwrap_or_default());
            entries.push(ContentsRow { id, heading, subtotal: Split::default() });
        }
    } else {
        entries.extend(groups.iter().map(|group| ContentsRow {
            id: group.id.clone(),
            heading: match group.part_of.as_str() {
                "" => group.heading.clone(),
                section => format!("{section}　{}", group.heading),
            },
            subtotal: group.subtotal.clone(),
        }));
    }
    if entries.len() > 1 { entries } else { Vec::new() }
}

/// Lines that a group needs besides its rows, and lines that certainly take a page.
const GROUP_LINES: usize = 2;
const PAGE_LINES_MOST: usize = 60;

/// Pages from which on an invoice has a table of contents.
pub const PAGES_WITH_CONTENTS: usize = 5;

/// Whether an appendix may need a table of contents, and whether it certainly does, which saves laying out a long document
/// twice. Between them only layout knows: items and story take pages too.
pub(super) fn needs_contents(groups: &[GroupView<'_>], contents: &[ContentsRow]) -> (bool, bool) {
    let lines: usize = groups.iter().map(|group| group.rows.len() + group.table.len() + GROUP_LINES).sum();
    let has_entries = !contents.is_empty();
    (has_entries, has_entries && lines > PAGES_WITH_CONTENTS * PAGE_LINES_MOST)
}
