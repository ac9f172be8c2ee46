//! The register tile: some rows of one operand by a few vectors of the other, sums in registers.

use pulp::NullaryFnOnce;

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

/// Steps of k between two looks at where the rows are: their values then have fixed distances.
const STEPS: usize = 8;

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
    let tile = &mut sums;
    match spread {
        Spread::Rows(values) => {
            let rows = std::array::from_fn(|row| &values[(top + row) * depth..][..depth]);
            simd.apart(OverRows { simd, rows, panel, sums: tile });
        }
        Spread::Columns(values, stride) => {
            let columns = values.get(top..).unwrap_or_default();
            simd.apart(OverColumns { simd, columns, stride, depth, panel, sums: tile });
        }
    }
    sums
}

/// The loop over k where each row's values lie next to each other.
struct OverRows<'a, S: Lanes, const ROWS: usize, const VECTORS: usize> {
    simd: S,
    rows: [&'a [f32]; ROWS],
    panel: Panel<'a>,
    sums: &'a mut Sums<S, ROWS, VECTORS>,
}

impl<S: Lanes, const ROWS: usize, const VECTORS: usize> NullaryFnOnce
    for OverRows<'_, S, ROWS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, rows, panel: Panel { values, stride }, sums } = self;
        let mut tile = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let split = rows.map(|row| row.as_chunks::<STEPS>());
        let blocks = split[0].0.len();
        for block in 0..blocks {
            let columns: [&[f32; STEPS]; ROWS] = std::array::from_fn(|row| &split[row].0[block]);
            let values = &values[block * STEPS * stride..];
            for k in 0..STEPS {
                let row = vectors::<S, VECTORS>(&values[k * stride..]);
                add(simd, |row| columns[row][k], row, &mut tile);
            }
        }
        for k in 0..split[0].1.len() {
            let row = vectors::<S, VECTORS>(&values[(blocks * STEPS + k) * stride..]);
            add(simd, |row| split[row].1[k], row, &mut tile);
        }
        *sums = tile;
    }
}

/// The loop over k where each column's values lie next to each other.
struct OverColumns<'a, S: Lanes, const ROWS: usize, const VECTORS: usize> {
    simd: S,
    columns: &'a [f32],
    stride: usize,
    depth: usize,
    panel: Panel<'a>,
    sums: &'a mut Sums<S, ROWS, VECTORS>,
}

impl<S: Lanes, const ROWS: usize, const VECTORS: usize> NullaryFnOnce
    for OverColumns<'_, S, ROWS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, columns, stride, depth, panel, sums } = self;
        let mut tile = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let steps = columns.chunks(stride).zip(panel.values.chunks(panel.stride)).take(depth);
        for (column, row) in steps {
            let column = column.first_chunk::<ROWS>().expect("a tile lies inside its operand");
            add(simd, |row| column[row], vectors::<S, VECTORS>(row), &mut tile);
        }
        *sums = tile;
    }
}

/// The first vectors of a row of a panel.
#[inline(always)]
fn vectors<S: Lanes, const VECTORS: usize>(row: &[f32]) -> [S::f32s; VECTORS] {
    let (row, _) = S::as_simd_f32s(&row[..VECTORS * S::F32_LANES]);
    *row.first_chunk().expect("as many vectors as were sliced")
}

/// sums += column · row.
#[inline(always)]
pub(super) fn add<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    column: impl Fn(usize) -> f32,
    row: [S::f32s; VECTORS],
    sums: &mut Sums<S, ROWS, VECTORS>,
) {
    for (number, sums) in sums.iter_mut().enumerate() {
        let value = simd.splat_f32s(column(number));
        for (vector, sum) in row.into_iter().zip(sums) {
            *sum = simd.mul_add_e_f32s(value, vector, *sum);
        }
    }
}
