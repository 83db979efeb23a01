//! Finds the columns that a mapping names in the header of a table.

use csv::ByteRecord;

use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::model::column_text::{ColumnText, TextPart, column_name, columns_of};
use crate::model::mapping::{Mapping, RowPatterns};
use crate::model::matcher::Glob;
use crate::sources::cells::{cell, shown_with};
use crate::sources::column_text::CellText;
use crate::sources::refused_rows::text;

/// A text of cells, and what messages call it: the column as the mapping writes it.
pub(super) struct Column {
    pub(super) text: CellText,
    pub(super) name: String,
}

/// Patterns of the cells at positions.
pub(super) type CellPatterns = Vec<(usize, Vec<Glob>)>;

/// Positions of the columns that are read.
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) date: Option<Column>,
    pub(super) item: Column,
    pub(super) resource: Option<Column>,
    pub(super) resource_name: Option<Column>,
    pub(super) account: Option<Column>,
    pub(super) group: Option<Column>,
    pub(super) quantity: Option<Column>,
    pub(super) unit: Option<Column>,
    pub(super) unit_price: Option<Column>,
    pub(super) amount: Column,
    pub(super) tax: Option<Column>,
    pub(super) currency: Option<Column>,
    pub(super) invoice: Option<Column>,
    pub(super) tags: Vec<(String, Column)>,
    pub(super) filter: CellPatterns,
    pub(super) skip: CellPatterns,
    pub(super) discount: CellPatterns,
    pub(super) tax_rows: CellPatterns,
    /// Every column that identifies the subject of a charge.
    pub(super) identity: Vec<usize>,
}

/// The names of a header row as they are compared.
pub(super) fn names(header: &ByteRecord) -> Vec<String> {
    (0..header.len()).map(|index| column_name(text(cell(header, index)).unwrap_or_default())).collect()
}

/// The names of the columns of a table without header: their numbers.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

impl Columns {
    /// Finds the columns by their names; `place` is where the names stand.
    ///
    /// # Errors
    /// Columns that are missing, all of them, or there twice.
    pub(super) fn find(names: &[String], mapping: &Mapping, place: impl Fn() -> Place) -> Result<Columns, Diagnostic> {
        check_all_there(names, mapping).map_err(|problem| problem.at(place()))?;
        let position = |name: &str| names.iter().position(|known| known == name).expect("all columns are there");
        let column = |text: &ColumnText| Column { text: CellText::of(text, position), name: written(text) };
        let optional = |text: &Option<ColumnText>| text.as_ref().map(column);
        let patterns = |patterns: &RowPatterns| -> CellPatterns {
            patterns.iter().map(|(name, globs)| (position(name), globs.clone())).collect()
        };
        let of = &mapping.columns;
        let mut columns = Columns {
            count: names.len(),
            date: optional(&of.date),
            item: column(&of.item),
            resource: optional(&of.resource),
            resource_name: optional(&of.resource_name),
            account: optional(&of.account),
            group: optional(&of.group),
            quantity: optional(&of.quantity),
            unit: optional(&of.unit),
            unit_price: optional(&of.unit_price),
            amount: column(&of.amount),
            tax: optional(&of.tax),
            currency: optional(&of.currency),
            invoice: optional(&of.invoice),
            tags: of.tags.iter().map(|(tag, text)| (tag.clone(), column(text))).collect(),
            filter: patterns(&mapping.filter),
            skip: patterns(&mapping.skip),
            discount: patterns(&mapping.discount),
            tax_rows: patterns(&mapping.tax_rows),
            identity: Vec::new(),
        };
        columns.identity = columns.identity();
        Ok(columns)
    }

    fn identity(&self) -> Vec<usize> {
        let usual = [&self.account, &self.group, &self.resource, &self.resource_name].into_iter().flatten();
        let all = usual.chain(self.tags.iter().map(|(_, column)| column));
        let mut identity: Vec<usize> = all.flat_map(|column| column.text.positions()).collect();
        identity.sort_unstable();
        identity.dedup();
        identity
    }
}

/// A text of columns as it is written in the mapping.
fn written(text: &ColumnText) -> String {
    match text.as_slice() {
        [TextPart::Column(name)] => name.clone(),
        parts => parts
            .iter()
            .map(|part| match part {
                TextPart::Text(text) => text.clone(),
                TextPart::Column(name) => format!("{{{name}}}"),
            })
            .collect(),
    }
}

/// Refuses a table that lacks columns which the mapping names, or has one of them twice.
fn check_all_there(names: &[String], mapping: &Mapping) -> Result<(), Diagnostic> {
    let patterns = [&mapping.filter, &mapping.skip, &mapping.discount, &mapping.tax_rows].into_iter().flatten();
    let wanted = mapping.columns.all().flat_map(columns_of).chain(patterns.map(|(name, _)| name.as_str()));
    let (mut missing, mut twice): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for name in wanted {
        let found = match names.iter().filter(|known| *known == name).count() {
            0 => &mut missing,
            1 => continue,
            _ => &mut twice,
        };
        if !found.contains(&name) {
            found.push(name);
        }
    }
    if let Some(name) = twice.first().filter(|_| missing.is_empty()) {
        let hint =
            "number the columns: header-row = 0, first-row = the line after the header, and \"1\", \"2\", … as names";
        return Err(Diagnostic::error(format!("the table has two columns {name:?}")).with_hint(hint));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let quoted = |names: &[&str]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<String>>().join(", ");
    let lacking = match missing.as_slice() {
        [one] => format!("the table has no column {one:?}"),
        several => format!("the table has no columns {}", quoted(several)),
    };
    let known: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let diagnostic = Diagnostic::error(lacking);
    let diagnostic = diagnostic.with_note(format!("its columns: {}", quoted(&known)));
    let other = [';', '\t', ',', '|'].into_iter().find(|sign| known.len() == 1 && known[0].contains(*sign));
    let near = nearest(missing[0], known.iter().copied()).filter(|_| missing.len() == 1);
    Err(match (mapping.header_row, near, other) {
        (_, _, Some(other)) => diagnostic.with_hint(format!("write delimiter = {:?} in its [[source]]", other.to_string())),
        (Some(_), Some(near), _) => diagnostic.with_hint(format!("there is a column {near:?}")),
        (Some(_), None, _) => diagnostic.with_hint(
            "name its columns in [source.columns], and with header-row the line of their names; delimiter is what separates them",
        ),
        (None, ..) => diagnostic.with_hint("without header-row columns are \"1\", \"2\" and so on, from the left"),
    })
}

/// The place of the names: the header row, or the first row of a table without.
pub(super) fn place(path: &str, line: u32, record: &ByteRecord, separator: u8) -> Place {
    Place::line(path, line).with_excerpt(shown_with(record, separator))
}
