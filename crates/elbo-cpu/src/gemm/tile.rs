//! The register tile: a panel of A by a panel of B, sums in registers until they are complete.

use elbo_tensor::Activation;
use ndarray::ArrayView2;
use pulp::{Simd, WithSimd};

use super::{DEPTH, Epilogue, pack};
use crate::math;

/// Some rows of a product, to be computed by one thread in tiles of `ROWS` by `VECTORS` vectors.
pub(super) struct Rows<'a, const ROWS: usize, const VECTORS: usize> {
    /// The whole left operand.
    pub(super) a: ArrayView2<'a, f32>,
    /// Its first row that this is about.
    pub(super) top: usize,
    /// The whole right operand in panels.
    pub(super) packed: &'a [f32],
    /// The rows to fill.
    pub(super) out: &'a mut [f32],
    /// Columns of the product.
    pub(super) columns: usize,
    /// What is done to each row at the end.
    pub(super) epilogue: Epilogue<'a>,
}

/// A panel of A on the stack, each of its columns on a cache line or a part of one.
#[repr(align(64))]
struct Panel<const ROWS: usize>([[f32; ROWS]; DEPTH]);

impl<const ROWS: usize, const VECTORS: usize> WithSimd for Rows<'_, ROWS, VECTORS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, top, packed, out, columns, epilogue } = self;
        let mut panel = Panel::<ROWS>([[0.0; ROWS]; DEPTH]);
        for (number, out) in out.chunks_mut(ROWS * columns).enumerate() {
            let block = Block { a, top: top + number * ROWS, packed, columns };
            block.multiply::<S, ROWS, VECTORS>(simd, out, &mut panel);
            for row in out.chunks_exact_mut(columns) {
                finish(row, epilogue);
            }
        }
    }
}

/// The rows of one tile.
struct Block<'a> {
    a: ArrayView2<'a, f32>,
    top: usize,
    packed: &'a [f32],
    columns: usize,
}

impl Block<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        out: &mut [f32],
        panel: &mut Panel<ROWS>,
    ) {
        let inner = self.a.ncols();
        if inner == 0 {
            out.fill(0.0);
            return;
        }
        let blocks = inner.div_ceil(DEPTH);
        for block in 0..blocks {
            // Blocks of nearly equal depth: the last one is never a sliver.
            let (from, to) = (block * inner / blocks, (block + 1) * inner / blocks);
            let a = &mut panel.0[..to - from];
            pack::rows(self.a, self.top, out.len() / self.columns, from..to, a);
            let width = VECTORS * S::F32_LANES;
            for (number, b) in self.packed.chunks_exact(width * inner).enumerate() {
                let b = &S::as_simd_f32s(b).0[VECTORS * from..VECTORS * to];
                let left = number * width;
                let used = width.min(self.columns - left);
                let place = Place { out, columns: self.columns, left, used, add: block > 0 };
                // A last panel that is mostly padding takes a narrower tile over the same panel.
                match used.div_ceil(S::F32_LANES) {
                    1 => place.store(simd, sums::<S, ROWS, VECTORS, 1>(simd, a, b)),
                    2 => place.store(simd, sums::<S, ROWS, VECTORS, 2>(simd, a, b)),
                    _ => place.store(simd, sums::<S, ROWS, VECTORS, 3>(simd, a, b)),
                }
            }
        }
    }
}

/// The sums of a tile of `ROWS` by `USED` vectors, in the order of k, from a panel of `VECTORS`.
#[inline(always)]
fn sums<S: Simd, const ROWS: usize, const VECTORS: usize, const USED: usize>(
    simd: S,
    a: &[[f32; ROWS]],
    b: &[S::f32s],
) -> [[S::f32s; USED]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); USED]; ROWS];
    let (b, _) = b.as_chunks::<VECTORS>();
    for (a, b) in a.iter().zip(b) {
        for row in 0..ROWS {
            let value = simd.splat_f32s(a[row]);
            for vector in 0..USED.min(VECTORS) {
                sums[row][vector] = simd.mul_add_e_f32s(value, b[vector], sums[row][vector]);
            }
        }
    }
    sums
}

/// Where a tile's sums go.
struct Place<'a> {
    out: &'a mut [f32],
    columns: usize,
    left: usize,
    used: usize,
    /// Whether they are added to what earlier blocks of k left there.
    add: bool,
}

impl Place<'_> {
    #[inline(always)]
    fn store<S: Simd, const ROWS: usize, const USED: usize>(
        self,
        simd: S,
        sums: [[S::f32s; USED]; ROWS],
    ) {
        let Self { out, columns, left, used, add } = self;
        for (row, sums) in out.chunks_exact_mut(columns).zip(sums) {
            let row = &mut row[left..left + used];
            for (values, sum) in row.chunks_mut(S::F32_LANES).zip(sums) {
                let sum =
                    if add { simd.add_f32s(simd.partial_load_f32s(values), sum) } else { sum };
                simd.partial_store_f32s(values, sum);
            }
        }
    }
}

#[inline(always)]
fn finish(row: &mut [f32], epilogue: Epilogue<'_>) {
    if let Some(bias) = epilogue.bias {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
    match epilogue.activation {
        Activation::Identity => {}
        Activation::Relu => row.iter_mut().for_each(|value| *value = math::relu(*value)),
        Activation::Tanh => row.iter_mut().for_each(|value| *value = math::tanh(*value)),
    }
}
