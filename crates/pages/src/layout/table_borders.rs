//! Collapsed borders (CSS 2, 17.6.2): between two cells, the strongest border wins.

use std::ops::Range;

use super::{
    fragment::Edge,
    style::{BOTTOM, Border, BorderStyle, Color, LEFT, RIGHT, Style, TOP},
};

/// The border that won at one edge of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Winner {
    width: f32,
    style: BorderStyle,
    color: [u8; 3],
}

const NOTHING: Winner = Winner { width: 0.0, style: BorderStyle::None, color: [0; 3] };

/// The winners along all edges of the grid.
pub(crate) struct Borders {
    columns: usize,
    /// Above row r at column c: `r * columns + c`; one row more than the table has.
    across: Vec<Winner>,
    /// Left of column c in row r: `r * (columns + 1) + c`.
    down: Vec<Winner>,
    /// Half of the widest outer border on each side.
    pub(crate) outer: [f64; 4],
}

impl Winner {
    fn of(border: &Border, text: Color) -> Winner {
        let color = border.color.unwrap_or(text).0;
        let style =
            if color.is_none() && border.style != BorderStyle::Hidden { BorderStyle::None } else { border.style };
        Winner { width: border.used() as f32, style, color: color.unwrap_or_default() }
    }

    fn strength(&self) -> (bool, f32, u8) {
        let rank = match self.style {
            BorderStyle::Double => 4,
            BorderStyle::Solid => 3,
            BorderStyle::Dashed => 2,
            BorderStyle::None | BorderStyle::Hidden => 0,
        };
        (self.style == BorderStyle::Hidden, self.width, rank)
    }

    /// Whether it wins the corner where both meet.
    fn covers(&self, other: &Winner) -> bool {
        let strength = |winner: &Winner| (winner.width, winner.strength().2);
        strength(self) > strength(other)
    }

    /// Keeps the stronger border; the earlier one wins a tie.
    fn meet(&mut self, other: Winner) {
        if other.strength() > self.strength() {
            *self = other;
        }
    }
}

impl Borders {
    pub(super) fn none(rows: usize, columns: usize) -> Borders {
        Borders {
            columns,
            across: vec![NOTHING; columns * (rows + 1)],
            down: vec![NOTHING; (columns + 1) * rows],
            outer: [0.0; 4],
        }
    }

    fn across(&self, row: usize, column: usize) -> Winner {
        self.across.get(row * self.columns + column).copied().unwrap_or(NOTHING)
    }

    fn down(&self, row: usize, column: usize) -> Winner {
        self.down.get(row * (self.columns + 1) + column).copied().unwrap_or(NOTHING)
    }

    fn meet_across(&mut self, row: usize, column: usize, winner: Winner) {
        if let Some(slot) = self.across.get_mut(row * self.columns + column) {
            slot.meet(winner);
        }
    }

    fn meet_down(&mut self, row: usize, column: usize, winner: Winner) {
        if let Some(slot) = self.down.get_mut(row * (self.columns + 1) + column) {
            slot.meet(winner);
        }
    }

    /// Lets a box's own borders compete along its four sides.
    pub(super) fn frame(&mut self, style: &Style, rows: Range<usize>, columns: Range<usize>) {
        let winner = |side: usize| Winner::of(&style.border[side], style.color);
        let sides = [TOP, RIGHT, BOTTOM, LEFT].map(winner);
        let matters = |winner: &Winner| winner.strength() > NOTHING.strength();
        for column in columns.clone() {
            for (side, row) in [(TOP, rows.start), (BOTTOM, rows.end)] {
                if matters(&sides[side]) {
                    self.meet_across(row, column, sides[side]);
                }
            }
        }
        for (side, column) in [(LEFT, columns.start), (RIGHT, columns.end)] {
            if matters(&sides[side]) {
                for row in rows.clone() {
                    self.meet_down(row, column, sides[side]);
                }
            }
        }
    }

    /// Removes borders of rows and columns where a cell spans them.
    pub(super) fn clear_inside_spans(&mut self, owners: &[u32], rows: usize) {
        let owner = |row: usize, column: usize| owners.get(row * self.columns + column).copied().unwrap_or(u32::MAX);
        let columns = self.columns;
        for row in 0..rows {
            for column in 0..columns {
                let own = owner(row, column);
                if own == u32::MAX {
                    continue;
                }
                if row > 0 && owner(row - 1, column) == own {
                    self.across[row * columns + column] = NOTHING;
                }
                if column > 0 && owner(row, column - 1) == own {
                    self.down[row * (columns + 1) + column] = NOTHING;
                }
            }
        }
    }

    pub(super) fn measure_outer(&mut self, rows: usize) {
        let widest = |winners: &mut dyn Iterator<Item = Winner>| {
            winners.map(|winner| f64::from(winner.width)).fold(0.0, f64::max) / 2.0
        };
        self.outer = [
            widest(&mut (0..self.columns).map(|column| self.across(0, column))),
            widest(&mut (0..rows).map(|row| self.down(row, self.columns))),
            widest(&mut (0..self.columns).map(|column| self.across(rows, column))),
            widest(&mut (0..rows).map(|row| self.down(row, 0))),
        ];
    }

    /// Half the border's width on each side of a cell.
    pub(super) fn halves(&self, rows: Range<usize>, columns: Range<usize>) -> [f64; 4] {
        let across = |row: usize| columns.clone().map(|column| self.across(row, column).width).fold(0.0, f32::max);
        let down = |column: usize| rows.clone().map(|row| self.down(row, column).width).fold(0.0, f32::max);
        [across(rows.start), down(columns.end), across(rows.end), down(columns.start)]
            .map(|width| f64::from(width) / 2.0)
    }

    /// The four borders that meet in a corner of the grid: above, below, left and right of it.
    fn corner(&self, row: usize, column: usize) -> [Winner; 4] {
        let above = row.checked_sub(1).map_or(NOTHING, |above| self.down(above, column));
        let left = column.checked_sub(1).map_or(NOTHING, |left| self.across(row, left));
        let right = if column < self.columns { self.across(row, column) } else { NOTHING };
        [above, self.down(row, column), left, right]
    }

    /// How far a horizontal border reaches into a corner: over it, unless a stronger border wins the corner.
    fn across_reaches(&self, own: &Winner, row: usize, column: usize) -> f64 {
        let corner = self.corner(row, column);
        let half = f64::from(corner[0].width.max(corner[1].width)) / 2.0;
        if corner.iter().any(|other| other.covers(own)) { -half } else { half }
    }

    /// The same for a vertical border, which leaves the corner to equally strong horizontal ones.
    fn down_reaches(&self, own: &Winner, row: usize, column: usize) -> f64 {
        let [above, below, left, right] = self.corner(row, column);
        let half = f64::from(left.width.max(right.width)) / 2.0;
        let yields = [left, right].iter().any(|across| !own.covers(across))
            || [above, below].iter().any(|other| other.covers(own));
        if yields { -half } else { half }
    }

    /// The borders to draw above a row.
    pub(crate) fn edges_above(&self, row: usize, columns: &[f64], y: f64) -> Vec<Edge> {
        // Most borders run through all columns.
        let mut edges: Vec<Edge> = Vec::with_capacity(1);
        for column in 0..self.columns {
            let winner = self.across(row, column);
            if winner.width <= 0.0 {
                continue;
            }
            let height = f64::from(winner.width);
            let left = columns.get(column).copied().unwrap_or(0.0);
            let right = columns.get(column + 1).copied().unwrap_or(left);
            let start = left - self.across_reaches(&winner, row, column);
            let end = right + self.across_reaches(&winner, row, column + 1);
            let dashed = winner.style == BorderStyle::Dashed;
            let y = y - height / 2.0;
            let edge = Edge { x: start, y, width: end - start, height, color: winner.color, dashed, down: false };
            match edges.last_mut() {
                Some(last)
                    if last.color == edge.color
                        && last.height == edge.height
                        && last.dashed == dashed
                        && edge.x <= last.x + last.width =>
                {
                    last.width = end - last.x;
                }
                _ => edges.push(edge),
            }
        }
        edges
    }

    /// The borders to draw between the cells of a row.
    pub(crate) fn edges_within(&self, row: usize, columns: &[f64], height: f64) -> Vec<Edge> {
        let edge = |column: usize| {
            let winner = self.down(row, column);
            let width = f64::from(winner.width);
            if width <= 0.0 {
                return None;
            }
            let x = columns.get(column).copied().unwrap_or(0.0) - width / 2.0;
            let y = -self.down_reaches(&winner, row, column);
            let height = height + self.down_reaches(&winner, row + 1, column) - y;
            let dashed = winner.style == BorderStyle::Dashed;
            Some(Edge { x, y, width, height, color: winner.color, dashed, down: true })
        };
        (0..=self.columns).filter_map(edge).collect()
    }
}
