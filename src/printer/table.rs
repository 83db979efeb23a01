//! Tables and wrapped lines for a terminal, where full-width characters count as two columns.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use crate::diagnostic::printable;

/// Alignment of a table's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For figures.
    Right,
}

/// Columns between two cells of a table.
const GAP: usize = 2;

/// A last column narrower than this is not wrapped: one word a line is harder to read than a line that is too long.
const NARROWEST: usize = 16;

/// Indent of the second and further parts of a wrapped line, beyond that of the line itself.
const HANGING: usize = 4;

/// Formats rows of cells as lines: columns are two spaces apart, full-width characters count as two.
pub fn table(rows: &[Vec<String>], align: &[Align]) -> Vec<String> {
    table_within(rows, align, None)
}

/// [`table`] for a terminal with that many columns: words of the last column that do not fit go to further lines, below
/// the column's first.
pub fn table_within(rows: &[Vec<String>], align: &[Align], columns: Option<usize>) -> Vec<String> {
    // Escaped first: the width is that of the escaped text.
    let rows: Vec<Vec<Cow<'_, str>>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let mut widths = vec![0; align.len()];
    for row in &rows {
        row.iter().zip(&mut widths).for_each(|(cell, width)| *width = cell.width().max(*width));
    }
    let before: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
    let last = columns
        .and_then(|columns| columns.checked_sub(before))
        .filter(|last| *last >= NARROWEST && align.last() == Some(&Align::Left));
    let line = |row: &[Cow<'_, str>]| {
        let mut line = String::new();
        for ((cell, width), align) in row.iter().map(|cell| &**cell).zip(&widths).zip(align) {
            let pad = width.saturating_sub(cell.width());
            let (before, after) = if *align == Align::Right { (pad, 0) } else { (0, pad) };
            line.push_str(if line.is_empty() { "" } else { "  " });
            line.extend(std::iter::repeat_n(' ', before));
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', after));
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.into_iter()
        .flat_map(|mut row| {
            let Some((width, cell)) = last.zip(row.last_mut()) else {
                return vec![line(&row)];
            };
            let mut parts = words_within(cell, width, width).into_iter();
            *cell = Cow::Owned(parts.next().unwrap_or_default());
            let first = line(&row);
            std::iter::once(first).chain(parts.map(|part| format!("{}{part}", " ".repeat(before)))).collect()
        })
        .collect()
}

/// A line as lines of at most that many columns, broken between words; all but the first are indented further. A word
/// that is wider stays whole, so that a path can still be copied.
pub fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let width = columns.saturating_sub(indent);
    let hanging = " ".repeat(indent + HANGING);
    let parts = words_within(text, width, width.saturating_sub(HANGING));
    let indented = |(index, part): (usize, String)| match index {
        0 => format!("{}{part}", " ".repeat(indent)),
        _ => format!("{hanging}{part}"),
    };
    parts.into_iter().enumerate().map(indented).collect()
}

/// Breaks a text between words: the first part has at most `first` columns, every further one `rest`.
fn words_within(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut width = 0;
    // Spaces go with the word after them, so that the columns of a table keep their distance.
    let mut start = 0;
    while start < text.len() {
        let word = text[start..].find(|c| c != ' ').map_or(text.len(), |at| start + at);
        let end = text[word..].find(' ').map_or(text.len(), |at| word + at);
        let limit = if parts.len() == 1 { first } else { rest };
        let piece = &text[start..end];
        if width > 0 && width + piece.width() > limit {
            parts.push(text[word..end].to_owned());
            width = text[word..end].width();
        } else if let Some(part) = parts.last_mut() {
            part.push_str(piece);
            width += piece.width();
        }
        start = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_align_with_wide_characters() {
        let rows = cells(&[&["customer", "total"], &["髙橋", "¥1,234"]]);
        assert_eq!(table(&rows, &[Align::Left, Align::Right]), ["customer   total", "髙橋      ¥1,234"]);
    }

    #[test]
    fn cells_are_as_wide_as_they_are_shown() {
        let rows = cells(&[&["a\u{1b}[2J\nb", "1"], &["c", "2"]]);
        assert_eq!(table(&rows, &[Align::Left, Align::Left]), ["a\\u{1b}[2J\\nb  1", "c              2"]);
    }

    #[test]
    fn the_last_column_wraps_below_itself() {
        let rows = cells(&[&["line", "how"], &["1", "310 × 1.15 = 356.5 → up → 357"]]);
        let expected = ["line  how", "1     310 × 1.15 =", "      356.5 → up → 357"];
        assert_eq!(table_within(&rows, &[Align::Left, Align::Left], Some(22)), expected);
        // Too narrow to be read in a column.
        assert_eq!(table_within(&rows, &[Align::Left, Align::Left], Some(21)).len(), 2);
    }

    #[test]
    fn lines_wrap_between_words() {
        assert_eq!(wrapped("  rounding: up (invoicer.toml:8)", 32), ["  rounding: up (invoicer.toml:8)"]);
        assert_eq!(wrapped("  rounding: up (invoicer.toml:8)", 31), ["  rounding: up", "      (invoicer.toml:8)"]);
        assert_eq!(wrapped("基本料金  1,000 円", 13), ["基本料金", "    1,000 円"]);
        assert_eq!(wrapped("billing/202208/soracom.csv:118 has", 10), ["billing/202208/soracom.csv:118", "    has"]);
        assert_eq!(wrapped("", 10), [""]);
    }
}
