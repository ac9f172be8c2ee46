//! Products whose right operand lies as [k, n]: columns of the result in the lanes, nothing copied
//! but the columns that do not fill a vector.

use ndarray::ArrayView2;

use super::{
    Epilogue, Factor, group, pack,
    tile::{Panel, Spread, Sums, sums},
};
use crate::lanes::{Kernel, Lanes};

/// Packs the last columns, if they do not fill their vectors.
pub(super) struct Tail<'a, 'p> {
    pub(super) b: ArrayView2<'a, f32>,
    pub(super) packed: &'p mut [f32],
}

impl<'p> Kernel for Tail<'_, 'p> {
    type Output = &'p [f32];

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) -> &'p [f32] {
        let Self { b, packed } = self;
        let mut left = 0;
        while left < b.ncols() {
            let width = group(b.ncols() - left, S::F32_LANES) * S::F32_LANES;
            if left + width > b.ncols() {
                pack::columns(b, left, width, packed);
            }
            left += width;
        }
        packed
    }
}

/// Some rows of a product, to be computed by one thread.
pub(super) struct Rows<'a, 'o> {
    pub(super) a: Factor<'a>,
    /// Its first row that this is about.
    pub(super) top: usize,
    pub(super) b: ArrayView2<'a, f32>,
    /// The last columns of `b` in a panel.
    pub(super) tail: &'o [f32],
    /// The rows to fill.
    pub(super) out: &'o mut [f32],
    pub(super) epilogue: Epilogue<'a>,
}

impl Kernel for Rows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let (depth, columns) = self.b.dim();
        let values = self.b.to_slice().unwrap_or_default();
        let mut left = 0;
        while left < columns {
            let vectors = group(columns - left, S::F32_LANES);
            let width = vectors * S::F32_LANES;
            let panel = if left + width <= columns && depth > 0 {
                Panel { values: &values[left..], stride: columns }
            } else {
                Panel { values: self.tail, stride: width }
            };
            match vectors {
                1 => self.columns::<S, 1>(simd, panel, left),
                2 => self.columns::<S, 2>(simd, panel, left),
                _ => self.columns::<S, 3>(simd, panel, left),
            }
            left += width;
        }
    }
}

impl Rows<'_, '_> {
    #[inline(always)]
    fn columns<S: Lanes, const VECTORS: usize>(&mut self, simd: S, panel: Panel<'_>, left: usize) {
        // Two loops, so that each is compiled for its way of reading.
        match self.a.spread() {
            spread @ Spread::Rows(..) => self.tiles::<S, VECTORS>(simd, spread, panel, left),
            spread @ Spread::Columns(..) => self.tiles::<S, VECTORS>(simd, spread, panel, left),
        }
    }

    #[inline(always)]
    fn tiles<S: Lanes, const VECTORS: usize>(
        &mut self,
        simd: S,
        spread: Spread<'_>,
        panel: Panel<'_>,
        left: usize,
    ) {
        let (depth, rows) = (self.b.nrows(), self.out.len() / self.b.ncols());
        let mut row = 0;
        // Sums, a row of vectors and a value have to fit into 32 registers, or into 16.
        while S::REGISTER_COUNT >= 32 && row + 8 <= rows {
            let tile = sums::<S, 8, VECTORS>(simd, spread, self.top + row, panel, depth);
            self.store(simd, tile, row, left);
            row += 8;
        }
        while row + 4 <= rows {
            let tile = sums::<S, 4, VECTORS>(simd, spread, self.top + row, panel, depth);
            self.store(simd, tile, row, left);
            row += 4;
        }
        while row < rows {
            let tile = sums::<S, 1, VECTORS>(simd, spread, self.top + row, panel, depth);
            self.store(simd, tile, row, left);
            row += 1;
        }
    }

    #[inline(always)]
    fn store<S: Lanes, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        sums: Sums<S, ROWS, VECTORS>,
        top: usize,
        left: usize,
    ) {
        let columns = self.b.ncols();
        for (row, sums) in sums.into_iter().enumerate() {
            let start = (self.top + top + row) * columns;
            let out = &mut self.out[(top + row) * columns..][..columns];
            for (vector, sums) in sums.into_iter().enumerate() {
                let from = left + vector * S::F32_LANES;
                let to = columns.min(from + S::F32_LANES);
                if from < to {
                    self.epilogue.store(simd, sums, (start, from), &mut out[from..to]);
                }
            }
        }
    }
}
