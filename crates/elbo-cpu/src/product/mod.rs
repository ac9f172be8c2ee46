//! Matrix products: a register tile of rows by vectors, its epilogue applied where the tile ends.
//!
//! Of the two operands one is taken a vector at a time: it lies in panels whose lanes are the lanes of
//! the result. The other one is taken a value at a time, spread over a vector, from whichever form it
//! has. Nothing is copied. A sum runs over k in one order in one thread, so the result does not
//! depend on how many threads there are.

mod descent;
mod epilogue;
mod tile;

pub(crate) use descent::Descent;
pub(crate) use epilogue::Epilogue;

use crate::{
    ahead::{Ahead, ask_to_write},
    lanes::{Kernel, Lanes},
    layout::{Form, TALLEST},
    lending::{Part, View},
};
use tile::{Panels, STRETCH, Spread, Sums, sums};

/// Vectors of a register tile, at the most.
const MOST_VECTORS: usize = 3;
/// Rows of a register tile of two vectors: 28 sums.
const TALLEST_OF_PAIRS: usize = 14;

/// How many vectors the next tile takes of what is left, if anything: three, or two where three would leave one. Of sixteen
/// registers, twelve sums, three vectors and a factor need all; the compiler only manages with them where k runs
/// along the lanes.
const fn group<S: Lanes>(along: bool, left: usize) -> usize {
    match left {
        0 | 1 => left,
        2 | 4 => 2,
        _ if S::REGISTER_COUNT < 32 && !along => 2,
        _ => MOST_VECTORS,
    }
}

/// Whether there are registers for tiles of eight rows, and lanes for eight rows in a panel.
const fn tall<S: Lanes>() -> bool {
    S::REGISTER_COUNT >= 32 && S::F32_LANES >= TALLEST
}

/// A thread's part of a product: some rows and panels of the result.
pub(crate) struct Product<'m> {
    /// The operand whose values are spread. Its index beside k runs over the vectors of the result's panels.
    pub(crate) spread: View<'m>,
    /// Whether k runs along its lanes.
    pub(crate) along: bool,
    /// The operand that is taken by vectors.
    pub(crate) vectors: View<'m>,
    pub(crate) out: Part<'m>,
    pub(crate) epilogue: Epilogue<'m>,
    /// What the next tile asks for on its way.
    ahead: Ahead<'m>,
}

impl<'m> Product<'m> {
    /// The operands' parts from the form of the result. `a` and `b` come with whether they are
    /// transposed.
    pub(crate) fn new(
        (a, transpose_a): (View<'m>, bool),
        (b, transpose_b): (View<'m>, bool),
        out: Part<'m>,
        epilogue: Epilogue<'m>,
    ) -> Self {
        let (spread, vectors, k_in_rows) = match out.layout().form {
            Form::Straight => (a, b, transpose_a),
            Form::Turned => (b, a, !transpose_b),
        };
        let along = along(spread, k_in_rows);
        Self { spread, along, vectors, out, epilogue, ahead: Ahead::NOTHING }
    }
}

/// Whether k runs along the lanes of a matrix, whose rows it counts or whose columns.
fn along(matrix: View<'_>, k_in_rows: bool) -> bool {
    match matrix.layout().form {
        Form::Straight => !k_in_rows,
        Form::Turned => k_in_rows,
    }
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let region = self.out.region();
        if region.is_empty() {
            return;
        }
        // Where all tiles are two vectors wide, more rows keep as many sums busy. They may only lie across
        // panels where k runs along the lanes.
        let pairs = matches!(region.panels().len(), 2 | 4) && self.along && tall::<S>();
        let tallest = if pairs { TALLEST_OF_PAIRS } else { TALLEST };
        // What is larger passes once; a piece of it stays near while the other one passes.
        if region.depth().len() >= region.panels().len() * S::F32_LANES {
            for row in region.depth().step_by(tallest) {
                let rows = tallest.min(region.depth().end - row);
                let mut panel = region.panels().start;
                while panel < region.panels().end {
                    panel += self.rows(simd, row, rows, panel, region.panels().end - panel);
                }
            }
        } else {
            let mut panel = region.panels().start;
            while panel < region.panels().end {
                let left = region.panels().end - panel;
                let wide = group::<S>(self.along, left);
                let next = self.vectors.panels(panel + wide, group::<S>(self.along, left - wide));
                let tiles = region.depth().len().div_ceil(tallest);
                let asks = self.vectors.layout().depth() / STRETCH;
                for (number, row) in region.depth().step_by(tallest).enumerate() {
                    let rows = tallest.min(region.depth().end - row);
                    self.ahead = Ahead::part(next, (number, tiles), asks);
                    self.rows(simd, row, rows, panel, left);
                }
                panel += wide;
            }
        }
    }
}

impl Product<'_> {
    /// Some rows of up to three of `left` panels. Returns how many panels.
    #[inline(always)]
    fn rows<S: Lanes>(
        &mut self,
        simd: S,
        row: usize,
        rows: usize,
        panel: usize,
        left: usize,
    ) -> usize {
        let vectors = group::<S>(self.along, left);
        match vectors {
            1 => self.tiles::<S, 1>(simd, row, rows, panel),
            2 => self.tiles::<S, 2>(simd, row, rows, panel),
            _ => self.tiles::<S, 3>(simd, row, rows, panel),
        }
        vectors
    }

    #[inline(always)]
    fn tiles<S: Lanes, const VECTORS: usize>(
        &mut self,
        simd: S,
        mut row: usize,
        rows: usize,
        panel: usize,
    ) {
        let end = row + rows;
        if VECTORS == 2 && rows == TALLEST_OF_PAIRS {
            return self.tile::<S, TALLEST_OF_PAIRS, VECTORS>(simd, row, panel);
        }
        while tall::<S>() && row + 8 <= end {
            self.tile::<S, 8, VECTORS>(simd, row, panel);
            row += 8;
        }
        while row + 4 <= end {
            self.tile::<S, 4, VECTORS>(simd, row, panel);
            row += 4;
        }
        while row < end {
            self.tile::<S, 1, VECTORS>(simd, row, panel);
            row += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Lanes, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        panel: usize,
    ) {
        let spread = Spread { matrix: self.spread, along: self.along, row };
        let panels = Panels::<S, VECTORS>::new(self.vectors, panel);
        if S::REGISTER_COUNT >= 32 {
            (panel..panel + VECTORS).for_each(|p| ask_to_write(self.out.block(p, row, ROWS)));
        }
        let ahead = std::mem::replace(&mut self.ahead, Ahead::NOTHING);
        let tile: Sums<S, ROWS, VECTORS> = sums(simd, spread, panels, ahead);
        for (vector, panel) in (panel..panel + VECTORS).enumerate() {
            let form = self.out.layout().form;
            let sums = tile.iter().map(|row| row[vector]);
            let places = S::as_mut_simd_f32s(self.out.block(panel, row, ROWS)).0;
            self.epilogue.store(simd, form, (panel, row), sums, places);
        }
    }
}
