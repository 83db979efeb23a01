//! Column widths: what cells ask for, and how the table's width is distributed.

use super::{
    boxes::{Column, TableBox, TableCell},
    context::Context,
    space::Insets,
    style::{Size, snap},
};

/// What a cell asks for.
fn cell_column(context: &Context<'_>, cell: &TableCell) -> Column {
    let style = context.styles.get(cell.node.style);
    let (narrowest, widest) = {
        // A specified length is only preferred: the column gets no narrower than its content.
        let (narrowest, widest) = context.intrinsic_by_content(&cell.node);
        (narrowest, widest)
    };
    let insets = Insets::of(style, 0.0);
    match style.width {
        Size::Px(width) => {
            let width = if style.border_box { width.max(insets.across()) } else { width + insets.across() };
            Column { narrowest, widest: width.max(narrowest), percent: None, is_fixed: true }
        }
        Size::Percent(share) => {
            Column { narrowest, widest: widest.max(narrowest), percent: Some(share), is_fixed: false }
        }
        Size::Auto => Column { narrowest, widest: widest.max(narrowest), percent: None, is_fixed: false },
    }
}

/// Measures what every column asks for; the result is kept in the table.
pub(crate) fn measure(context: &Context<'_>, table: &TableBox, spacing: f64) -> Vec<Column> {
    if let Some(known) = table.measured.borrow().as_ref() {
        return known.clone();
    }
    let mut columns = vec![Column::default(); table.columns];
    for (column, width) in columns.iter_mut().zip(&table.column_widths) {
        match width {
            Size::Px(width) => (column.widest, column.is_fixed) = (*width, true),
            Size::Percent(share) => column.percent = Some(*share),
            Size::Auto => {}
        }
    }
    let mut spanning: Vec<(usize, usize, Column)> = Vec::new();
    for row in &table.rows {
        for cell in row.cells.borrow().iter() {
            let asked = cell_column(context, cell);
            if cell.columns > 1 {
                spanning.push((cell.columns, cell.column, asked));
            } else if let Some(column) = columns.get_mut(cell.column) {
                merge(column, asked);
            }
        }
    }
    for column in &mut columns {
        column.widest = column.widest.max(column.narrowest);
    }
    spanning.sort_by_key(|(count, ..)| *count);
    for (count, first, asked) in spanning {
        let end = (first + count).min(columns.len());
        if let Some(spanned) = columns.get_mut(first..end) {
            spread(spanned, asked, spacing);
        }
    }
    limit_percentages(&mut columns);
    *table.measured.borrow_mut() = Some(columns.clone());
    columns
}

fn merge(column: &mut Column, asked: Column) {
    column.narrowest = column.narrowest.max(asked.narrowest);
    if column.is_fixed && !asked.is_fixed {
        // A specified width is kept; content only counts where it does not fit.
        column.widest = column.widest.max(asked.narrowest);
    } else if asked.is_fixed && !column.is_fixed {
        column.widest = asked.widest.max(column.narrowest);
        column.is_fixed = true;
    } else {
        column.widest = column.widest.max(asked.widest);
    }
    column.percent = match (column.percent, asked.percent) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    };
}

/// Widens the columns under a spanning cell until together they are as wide as it asks for.
fn spread(spanned: &mut [Column], asked: Column, spacing: f64) {
    let gaps = spacing * spanned.len().saturating_sub(1) as f64;
    let wanted_narrowest = asked.narrowest - gaps;
    let narrowest: f64 = spanned.iter().map(|column| column.narrowest).sum();
    if wanted_narrowest > narrowest {
        let widths = distribute(spanned, wanted_narrowest);
        for (column, width) in spanned.iter_mut().zip(widths) {
            column.narrowest = column.narrowest.max(width);
            column.widest = column.widest.max(column.narrowest);
        }
    }
    let widest: f64 = spanned.iter().map(|column| column.widest).sum();
    let missing = asked.widest - gaps - widest;
    if missing > 0.0 {
        let open: Vec<usize> = (0..spanned.len()).filter(|index| !spanned[*index].is_fixed).collect();
        let open = if open.is_empty() { (0..spanned.len()).collect() } else { open };
        let sum: f64 = open.iter().map(|index| spanned[*index].widest).sum();
        let count = open.len() as f64;
        for index in open {
            let column = &mut spanned[index];
            column.widest += if sum > 0.0 { missing * column.widest / sum } else { missing / count };
        }
    }
    if let Some(share) = asked.percent {
        let known: f64 = spanned.iter().filter_map(|column| column.percent).sum();
        let open: Vec<&mut Column> = spanned.iter_mut().filter(|column| column.percent.is_none()).collect();
        let count = open.len() as f64;
        for column in open {
            column.percent = Some((share - known).max(0.0) / count);
        }
    }
}

/// Cuts percentages so that together they are at most 100.
fn limit_percentages(columns: &mut [Column]) {
    let mut left = 100.0_f64;
    for column in columns {
        if let Some(share) = &mut column.percent {
            *share = share.clamp(0.0, left);
            left -= *share;
        }
    }
}

/// Preferred width of the columns of a table without a width, at most `room`.
pub(crate) fn preferred(columns: &[Column], room: f64) -> f64 {
    let narrowest: f64 = columns.iter().map(|column| column.narrowest).sum();
    let mut widest: f64 = columns.iter().map(|column| column.widest).sum();
    // Percentages make the table wide enough for the content of their own columns and of the others.
    let mut share_left = 100.0;
    let mut others = 0.0;
    for column in columns {
        match column.percent {
            Some(share) if share > 0.0 => {
                widest = widest.max(column.widest * 100.0 / share);
                share_left -= share;
            }
            _ => others += column.widest,
        }
    }
    if others > 0.0 && share_left < 100.0 {
        widest = if share_left > 0.0 { widest.max(others * 100.0 / share_left) } else { f64::INFINITY };
    }
    widest.min(room).max(narrowest)
}

/// Distributes a width over columns (CSS Tables 3, 4.6, as in Chromium): percentages, then lengths, then content.
pub(crate) fn distribute(columns: &[Column], width: f64) -> Vec<f64> {
    let percent = |column: &Column| column.percent.map(|share| (share * width / 100.0).max(column.narrowest));
    let least: Vec<f64> = columns.iter().map(|column| column.narrowest).collect();
    let with_percent: Vec<f64> = columns.iter().map(|column| percent(column).unwrap_or(column.narrowest)).collect();
    let with_fixed: Vec<f64> = columns
        .iter()
        .map(|column| percent(column).unwrap_or(if column.is_fixed { column.widest } else { column.narrowest }))
        .collect();
    let most: Vec<f64> = columns.iter().map(|column| percent(column).unwrap_or(column.widest)).collect();
    let guesses = [least, with_percent, with_fixed, most];
    for pair in guesses.windows(2) {
        let [lower, upper] = pair else { continue };
        let (low, high): (f64, f64) = (lower.iter().sum(), upper.iter().sum());
        if width <= low {
            return settle(lower.clone());
        }
        if width < high {
            let share = (width - low) / (high - low);
            let between = lower.iter().zip(upper).map(|(lower, upper)| lower + (upper - lower) * share);
            return settle(between.collect());
        }
    }
    let [_, _, _, most] = guesses;
    settle(widen(columns, most, width))
}

/// Gives the remaining width to columns without a width, in proportion to their content.
fn widen(columns: &[Column], mut widths: Vec<f64>, width: f64) -> Vec<f64> {
    let free = width - widths.iter().sum::<f64>();
    let is_auto = |column: &Column| column.percent.is_none() && !column.is_fixed;
    let groups: [&dyn Fn(&Column) -> bool; 3] =
        [&is_auto, &|column| column.is_fixed && column.percent.is_none(), &|column| column.percent.is_some()];
    for belongs in groups {
        let members: Vec<usize> = (0..columns.len()).filter(|index| belongs(&columns[*index])).collect();
        if members.is_empty() {
            continue;
        }
        let weight = |index: usize| columns[index].percent.unwrap_or(columns[index].widest);
        let sum: f64 = members.iter().map(|index| weight(*index)).sum();
        let count = members.len() as f64;
        for index in members {
            widths[index] += if sum > 0.0 { free * weight(index) / sum } else { free / count };
        }
        break;
    }
    widths
}

/// Moves column edges to 1/64 px and keeps the total width.
fn settle(widths: Vec<f64>) -> Vec<f64> {
    let mut exact = 0.0;
    let mut used = 0.0;
    widths
        .into_iter()
        .map(|width| {
            exact += width;
            let edge = snap(exact + 0.001);
            let settled = edge - used;
            used = edge;
            settled
        })
        .collect()
}

/// Widths for `table-layout: fixed`: only `col` elements and the first row count.
pub(crate) fn fixed(context: &Context<'_>, table: &TableBox, width: f64, spacing: f64) -> Vec<f64> {
    let mut sizes: Vec<Size> = table.column_widths.clone();
    sizes.resize(table.columns, Size::Auto);
    let first = table.rows.first().map(|row| row.cells.borrow());
    for cell in first.iter().flat_map(|cells| cells.iter()) {
        let style = context.styles.get(cell.node.style);
        let insets = Insets::of(style, 0.0).across();
        let gaps = spacing * cell.columns.saturating_sub(1) as f64;
        let count = cell.columns as f64;
        let share = match style.width {
            Size::Auto => continue,
            Size::Px(own) => {
                let own = if style.border_box { own.max(insets) } else { own + insets };
                Size::Px((own - gaps).max(0.0) / count)
            }
            Size::Percent(share) => Size::Percent(share / count),
        };
        for size in sizes.iter_mut().skip(cell.column).take(cell.columns) {
            if *size == Size::Auto {
                *size = share;
            }
        }
    }
    let known: f64 = sizes.iter().filter_map(|size| size.resolve(Some(width))).sum();
    let open = sizes.iter().filter(|size| **size == Size::Auto).count();
    let free = (width - known).max(0.0);
    let widths: Vec<f64> = sizes
        .iter()
        .map(|size| {
            let own = size.resolve(Some(width));
            match own {
                Some(own) if open == 0 && known > 0.0 => own + (width - known) * own / known,
                Some(own) => own,
                None => free / open.max(1) as f64,
            }
        })
        .collect();
    settle(widths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(narrowest: f64, widest: f64) -> Column {
        Column { narrowest, widest, percent: None, is_fixed: false }
    }

    #[test]
    fn excess_goes_to_content_in_proportion() {
        assert_eq!(distribute(&[auto(10.0, 20.0), auto(10.0, 60.0)], 160.0), [40.0, 120.0]);
        // Between the narrowest and the widest, in proportion to how far they are apart.
        assert_eq!(distribute(&[auto(10.0, 20.0), auto(10.0, 60.0)], 50.0), [15.0, 35.0]);
        assert_eq!(distribute(&[auto(10.0, 20.0), auto(10.0, 60.0)], 5.0), [10.0, 10.0]);
    }

    #[test]
    fn lengths_and_percentages_come_first() {
        let fixed = Column { narrowest: 5.0, widest: 50.0, percent: None, is_fixed: true };
        let quarter = Column { narrowest: 5.0, widest: 10.0, percent: Some(25.0), is_fixed: false };
        assert_eq!(distribute(&[fixed, quarter, auto(10.0, 20.0)], 200.0), [50.0, 50.0, 100.0]);
    }

    #[test]
    fn settled_widths_add_up() {
        let widths = distribute(&[auto(0.0, 1.0), auto(0.0, 1.0), auto(0.0, 1.0)], 100.0);
        assert_eq!(widths.iter().sum::<f64>(), 100.0);
    }
}
