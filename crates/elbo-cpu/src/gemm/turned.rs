//! Products whose right operand lies as [n, k]: rows of the result in the lanes, turned back a block
//! at a time.

use super::{
    Epilogue, Factor, MOST_VECTORS, group, pack,
    tile::{Panel, Spread, sums},
};
use crate::lanes::{Block, Kernel, Lanes, MOST_LANES};

/// Some rows of a product, to be computed by one thread.
pub(super) struct Rows<'a, 'o> {
    pub(super) a: Factor<'a>,
    /// Its first row that this is about.
    pub(super) top: usize,
    pub(super) b: Factor<'a>,
    /// The rows to fill.
    pub(super) out: &'o mut [f32],
    pub(super) epilogue: Epilogue<'a>,
    /// Where to turn rows of `a` into columns.
    pub(super) packed: &'o mut [f32],
}

impl Kernel for Rows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { a, top, b, out, epilogue, packed } = self;
        let (depth, columns) = (b.rows(), b.columns());
        let rows = out.len() / columns;
        pack::turned(simd, a, top, rows, packed);
        let mut product = Product {
            spread: Spread::Rows(b.values()),
            packed,
            out,
            depth,
            columns,
            epilogue,
            first: top,
        };
        let mut left = 0;
        // A block of `b` stays near while all rows pass; `b` itself passes once.
        while left < columns {
            let mut row = 0;
            while row < rows {
                let vectors = group(rows - row, S::F32_LANES);
                match vectors {
                    1 => product.block::<S, 1>(simd, row, left),
                    2 => product.block::<S, 2>(simd, row, left),
                    _ => product.block::<S, 3>(simd, row, left),
                }
                row += vectors * S::F32_LANES;
            }
            left += S::F32_LANES;
        }
    }
}

struct Product<'a, 'o> {
    spread: Spread<'a>,
    packed: &'o [f32],
    out: &'o mut [f32],
    depth: usize,
    columns: usize,
    epilogue: Epilogue<'a>,
    /// The row of the whole product that is the first of `out`.
    first: usize,
}

/// A few blocks beside each other, columns of the result as their rows.
type Blocks<S> = [Block<S>; MOST_VECTORS];

impl Product<'_, '_> {
    /// A vector's worth of columns of the result, from `left` on, in the rows from `top` on.
    #[inline(always)]
    fn block<S: Lanes, const VECTORS: usize>(&mut self, simd: S, top: usize, left: usize) {
        let width = VECTORS * S::F32_LANES;
        let panel = Panel { values: &self.packed[top * self.depth..], stride: width };
        let used = S::F32_LANES.min(self.columns - left);
        let mut blocks: Blocks<S> = [[simd.splat_f32s(0.0); MOST_LANES]; MOST_VECTORS];
        let mut column = 0;
        while S::REGISTER_COUNT >= 32 && column + 8 <= used {
            self.tile::<S, 8, VECTORS>(simd, panel, left, column, &mut blocks);
            column += 8;
        }
        while column + 4 <= used {
            self.tile::<S, 4, VECTORS>(simd, panel, left, column, &mut blocks);
            column += 4;
        }
        while column < used {
            self.tile::<S, 1, VECTORS>(simd, panel, left, column, &mut blocks);
            column += 1;
        }
        for (vector, block) in blocks[..VECTORS].iter_mut().enumerate() {
            simd.transpose(block);
            let first = top + vector * S::F32_LANES;
            let rows = self.out[first * self.columns..].chunks_exact_mut(self.columns);
            for (number, (row, sums)) in rows.zip(&block[..S::F32_LANES]).enumerate() {
                let start = (self.first + first + number) * self.columns;
                self.epilogue.store(simd, *sums, (start, left), &mut row[left..left + used]);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Lanes, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        panel: Panel<'_>,
        left: usize,
        column: usize,
        blocks: &mut Blocks<S>,
    ) {
        let sums = sums::<S, ROWS, VECTORS>(simd, self.spread, left + column, panel, self.depth);
        for (row, sums) in sums.into_iter().enumerate() {
            for (vector, sums) in sums.into_iter().enumerate() {
                blocks[vector][column + row] = sums;
            }
        }
    }
}
