//! How a matrix lies in memory: in panels as wide as a vector.
//!
//! A panel is some columns of a matrix, as many as a vector has lanes, one row below the other; or,
//! turned, some rows, one column after the other. So a product finds the operand that it takes a
//! vector at a time in one piece, however long the matrix's rows are. What does not fill the last
//! panel is padding: never read as a value, never part of a sum.

use std::ops::Range;

use crate::lanes::MOST_LANES;

/// Which index of a matrix runs along the lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Columns side by side: a panel goes down the rows. Vectors always lie so.
    #[default]
    Straight,
    /// Rows side by side: a panel goes along the columns.
    Turned,
}

impl Form {
    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Straight => Self::Turned,
            Self::Turned => Self::Straight,
        }
    }

    /// The form that the transpose of a matrix has where the matrix lies.
    pub(crate) const fn of_transpose(self, transposed: bool) -> Self {
        if transposed { self.other() } else { self }
    }
}

/// A matrix in panels. A vector is a matrix of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) form: Form,
    /// Lanes of a vector.
    pub(crate) lanes: usize,
}

impl Layout {
    /// Values along the lanes, all panels together.
    pub(crate) const fn across(self) -> usize {
        match self.form {
            Form::Straight => self.columns,
            Form::Turned => self.rows,
        }
    }

    /// Vectors in a panel.
    pub(crate) const fn depth(self) -> usize {
        match self.form {
            Form::Straight => self.rows,
            Form::Turned => self.columns,
        }
    }

    pub(crate) const fn panels(self) -> usize {
        self.across().div_ceil(self.lanes)
    }

    /// Values of a panel, padding included.
    pub(crate) const fn panel_len(self) -> usize {
        self.depth() * self.lanes
    }

    /// Values of the matrix, padding included.
    pub(crate) const fn len(self) -> usize {
        self.panels() * self.panel_len()
    }

    /// Lanes of a panel that hold values.
    pub(crate) fn used(self, panel: usize) -> usize {
        self.lanes.min(self.across() - panel * self.lanes)
    }

    /// All of it.
    pub(crate) const fn whole(self) -> Region {
        Region { panels: (0, self.panels()), depth: (0, self.depth()) }
    }
}

/// Some panels of a layout, and which of their vectors. Each range is (first, one after the last).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    panels: (usize, usize),
    depth: (usize, usize),
}

impl Region {
    const NOTHING: Self = Self { panels: (0, 0), depth: (0, 0) };

    pub(crate) const fn panels(self) -> Range<usize> {
        self.panels.0..self.panels.1
    }

    pub(crate) const fn depth(self) -> Range<usize> {
        self.depth.0..self.depth.1
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.panels.0 >= self.panels.1 || self.depth.0 >= self.depth.1
    }

    /// Whether two regions of one layout have a value in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        !self.is_empty()
            && !other.is_empty()
            && self.panels.0 < other.panels.1
            && other.panels.0 < self.panels.1
            && self.depth.0 < other.depth.1
            && other.depth.0 < self.depth.1
    }
}

/// Rows or columns that stay together when a matrix is divided: whole vectors at every level.
pub(crate) const UNIT: usize = MOST_LANES;

/// How threads divide a matrix among themselves. A function of the shape and the number of threads
/// alone, so that two calls that divide one matrix alike need not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// By rows, in units.
    Rows,
    /// By columns, in units.
    Columns,
    /// By vectors of the panels, eight at a time: as many as the tallest tile has rows.
    Depth,
    /// By vectors of the panels, each by itself.
    Each,
    /// By panels.
    Panels,
    /// Everything for the first thread.
    First,
    /// Everything for each of them.
    Whole,
}

/// Rows of the tallest tile.
pub(crate) const TALLEST: usize = 8;

impl Split {
    /// The split that most calls use: by rows, a vector by columns.
    pub(crate) const fn of(layout: Layout) -> Self {
        if layout.rows == 1 { Self::Columns } else { Self::Rows }
    }

    /// The part of thread `thread` of `threads`.
    pub(crate) fn region(self, layout: Layout, (thread, threads): (usize, usize)) -> Region {
        let whole = layout.whole();
        let deep = |len, unit| Region { depth: share(len, unit, thread, threads), ..whole };
        let wide = |len, unit| {
            let (from, to) = share(len, unit, thread, threads);
            if from == to {
                return Region::NOTHING;
            }
            Region { panels: (from / layout.lanes, to.div_ceil(layout.lanes)), ..whole }
        };
        match (self, layout.form) {
            (Self::Rows, Form::Straight) => deep(layout.rows, UNIT),
            (Self::Rows, Form::Turned) => wide(layout.rows, UNIT),
            (Self::Columns, Form::Straight) => wide(layout.columns, UNIT),
            (Self::Columns, Form::Turned) => deep(layout.columns, UNIT),
            (Self::Depth, _) => deep(layout.depth(), TALLEST),
            (Self::Each, _) => deep(layout.depth(), 1),
            (Self::Panels, _) => wide(layout.across(), layout.lanes),
            (Self::First, _) if thread == 0 => whole,
            (Self::First, _) => Region::NOTHING,
            (Self::Whole, _) => whole,
        }
    }
}

/// The units of `len` things that a thread gets. The first thread has one if any has.
fn share(len: usize, unit: usize, thread: usize, threads: usize) -> (usize, usize) {
    let units = len.div_ceil(unit);
    let start = |thread: usize| (units * thread).div_ceil(threads) * unit;
    (start(thread).min(len), start(thread + 1).min(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPLITS: [Split; 6] =
        [Split::Rows, Split::Columns, Split::Depth, Split::Each, Split::Panels, Split::First];

    #[test]
    fn the_parts_of_all_threads_are_the_whole_and_never_meet() {
        for (rows, columns) in [(1, 1), (1, 784), (128, 784), (100, 20), (7, 33)] {
            for form in [Form::Straight, Form::Turned] {
                for lanes in [4, 8, 16] {
                    let layout = Layout { rows, columns, form, lanes };
                    for split in SPLITS {
                        for threads in [1, 2, 3, 8] {
                            check(layout, split, threads);
                        }
                    }
                }
            }
        }
    }

    fn check(layout: Layout, split: Split, threads: usize) {
        let parts: Vec<_> = (0..threads).map(|t| split.region(layout, (t, threads))).collect();
        let size = |region: &Region| {
            if region.is_empty() { 0 } else { region.panels().len() * region.depth().len() }
        };
        let total: usize = parts.iter().map(size).sum();
        assert_eq!(total, layout.panels() * layout.depth(), "{layout:?} {split:?} {threads}");
        for (i, part) in parts.iter().enumerate() {
            assert!(parts[..i].iter().all(|other| !other.meets(*part)), "{layout:?} {split:?}");
        }
    }

    #[test]
    fn a_turned_matrix_has_its_rows_in_the_lanes() {
        let layout = Layout { rows: 20, columns: 3, form: Form::Turned, lanes: 16 };
        assert_eq!((layout.panels(), layout.depth(), layout.len()), (2, 3, 96));
        assert_eq!((layout.used(0), layout.used(1)), (16, 4));
    }
}
