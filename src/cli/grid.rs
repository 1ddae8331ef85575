//! Rows of cells in columns, as wide as their widest cell: names at the left, figures at the right.

use console::measure_text_width;

/// Between two columns.
const GAP: &str = "  ";

/// Where a cell stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A name.
    Left,
    /// A figure.
    Right,
}

/// What is being put together.
#[derive(Debug)]
pub struct Grid {
    sides: Vec<Side>,
    /// The rows; nothing for a line across.
    rows: Vec<Option<Vec<String>>>,
}

impl Grid {
    /// Columns without rows.
    #[must_use]
    pub fn new(sides: Vec<Side>) -> Self {
        Grid { sides, rows: Vec::new() }
    }

    /// One more row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(Some(cells));
    }

    /// A line across.
    pub fn rule(&mut self) {
        self.rows.push(None);
    }

    /// All of it as text.
    #[must_use]
    pub fn into_text(self) -> String {
        let width = |place: usize| {
            let cells = self.rows.iter().flatten().filter_map(|row| row.get(place));
            cells.map(|cell| measure_text_width(cell)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        let across = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let line = |row: &Option<Vec<String>>| match row {
            Some(cells) => self.aligned(cells, &widths),
            None => "─".repeat(across),
        };
        self.rows.iter().map(|row| line(row) + "\n").collect()
    }

    fn aligned(&self, cells: &[String], widths: &[usize]) -> String {
        let cells = cells.iter().zip(&self.sides).zip(widths).map(|((cell, side), width)| {
            let blanks = " ".repeat(width.saturating_sub(measure_text_width(cell)));
            match side {
                Side::Left => format!("{cell}{blanks}"),
                Side::Right => format!("{blanks}{cell}"),
            }
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }
}
