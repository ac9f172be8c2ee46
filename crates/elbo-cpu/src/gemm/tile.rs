//! The register tile: some rows of one operand by a few vectors of the other, sums in registers.

use crate::lanes::Lanes;

/// The sums of `ROWS` rows and `VECTORS` vectors, each in the order of k.
pub(super) type Sums<S, const ROWS: usize, const VECTORS: usize> =
    [[<S as pulp::Simd>::f32s; VECTORS]; ROWS];

/// The operand whose values are spread over vectors, as it lies.
#[derive(Clone, Copy)]
pub(super) enum Spread<'a> {
    /// Row by row: value (r, k) at r · depth + k.
    Rows(&'a [f32]),
    /// Column by column, `stride` values apart: value (r, k) at k · stride + r.
    Columns(&'a [f32], usize),
}

/// A few vectors of columns of the other operand: value (k, c) at k · stride + c.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
}

/// The products of rows `top..top + ROWS` with a panel, summed over `depth`.
#[inline(always)]
pub(super) fn sums<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    spread: Spread<'_>,
    top: usize,
    panel: Panel<'_>,
    depth: usize,
) -> Sums<S, ROWS, VECTORS> {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    match spread {
        Spread::Rows(values) => {
            let rows: [&[f32]; ROWS] =
                std::array::from_fn(|row| &values[(top + row) * depth..][..depth]);
            for k in 0..depth {
                let vectors = vectors::<S, VECTORS>(panel, k);
                add(simd, std::array::from_fn(|row| rows[row][k]), vectors, &mut sums);
            }
        }
        Spread::Columns(values, stride) => {
            for k in 0..depth {
                let vectors = vectors::<S, VECTORS>(panel, k);
                let column = &values[k * stride + top..][..ROWS];
                add(simd, std::array::from_fn(|row| column[row]), vectors, &mut sums);
            }
        }
    }
    sums
}

/// The `k`-th row of a panel.
#[inline(always)]
pub(super) fn vectors<S: Lanes, const VECTORS: usize>(
    panel: Panel<'_>,
    k: usize,
) -> [S::f32s; VECTORS] {
    let row = &panel.values[k * panel.stride..][..VECTORS * S::F32_LANES];
    let (row, _) = S::as_simd_f32s(row);
    std::array::from_fn(|vector| row[vector])
}

/// sums += column · row.
#[inline(always)]
pub(super) fn add<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    column: [f32; ROWS],
    row: [S::f32s; VECTORS],
    sums: &mut Sums<S, ROWS, VECTORS>,
) {
    for (value, sums) in column.into_iter().zip(sums) {
        let value = simd.splat_f32s(value);
        for (vector, sum) in row.into_iter().zip(sums) {
            *sum = simd.mul_add_e_f32s(value, vector, *sum);
        }
    }
}
