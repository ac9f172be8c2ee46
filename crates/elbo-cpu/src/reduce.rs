//! Sums, in double precision and in an order that depends on the shape alone.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::{dispatch::Dispatch, elementwise::TASK};

/// Partial sums kept side by side: independent, so that they fill the vector units.
const LANES: usize = 32;
/// Values whose squares are added up in single precision: eight to a lane.
const GROUP: usize = 8 * LANES;

/// The sum of all values.
pub(crate) fn sum(dispatch: Dispatch, x: &[f32]) -> f32 {
    dispatch.run(Sum { x })
}

struct Sum<'a> {
    x: &'a [f32],
}

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        let (groups, rest) = self.x.as_chunks::<LANES>();
        let mut lanes = [0.0_f64; LANES];
        for group in groups {
            lanes.iter_mut().zip(group).for_each(|(lane, x)| *lane += f64::from(*x));
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane += f64::from(*x));
        lanes.iter().sum::<f64>() as f32
    }
}

/// Σ (a − b)².
pub(crate) fn squared_error(dispatch: Dispatch, a: &[f32], b: &[f32]) -> f32 {
    dispatch.run(SquaredError { a, b })
}

struct SquaredError<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for SquaredError<'_> {
    type Output = f32;

    /// Squares of a group are added up in single precision, groups in double.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        let square = |a: f32, b: f32| (a - b) * (a - b);
        let ((a, a_rest), (b, b_rest)) = (self.a.as_chunks::<GROUP>(), self.b.as_chunks::<GROUP>());
        let mut lanes = [0.0_f64; LANES];
        for (a, b) in a.iter().zip(b) {
            let mut sums = [0.0_f32; LANES];
            for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
                let pairs = a.iter().zip(b);
                sums.iter_mut().zip(pairs).for_each(|(sum, (a, b))| *sum += square(*a, *b));
            }
            lanes.iter_mut().zip(sums).for_each(|(lane, sum)| *lane += f64::from(sum));
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(square(*a, *b))).sum();
        (lanes.iter().sum::<f64>() + rest) as f32
    }
}

/// out[c] = Σᵣ x[r, c].
pub(crate) fn sum_rows(dispatch: Dispatch, x: &[f32], out: &mut [f32]) {
    let columns = out.len();
    let work = |(number, out): (usize, &mut [f32])| {
        dispatch.run(ColumnSums { x, columns, left: number * LANES, out });
    };
    if x.len() < 2 * TASK {
        out.chunks_mut(LANES).enumerate().for_each(work);
    } else {
        out.par_chunks_mut(LANES).enumerate().for_each(work);
    }
}

/// Sums of up to `LANES` columns, from column `left` on.
struct ColumnSums<'a> {
    x: &'a [f32],
    columns: usize,
    left: usize,
    out: &'a mut [f32],
}

impl WithSimd for ColumnSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x, columns, left, out } = self;
        let mut lanes = [0.0_f64; LANES];
        for row in x.chunks_exact(columns) {
            match row[left..].first_chunk::<LANES>() {
                Some(row) => lanes.iter_mut().zip(row).for_each(|(lane, x)| *lane += f64::from(*x)),
                None => {
                    lanes.iter_mut().zip(&row[left..]).for_each(|(lane, x)| *lane += f64::from(*x))
                }
            }
        }
        out.iter_mut().zip(lanes).for_each(|(out, lane)| *out = lane as f32);
    }
}

/// out[r] = Σ꜀ x[r, c].
pub(crate) fn sum_columns(dispatch: Dispatch, x: &[f32], out: &mut [f32]) {
    let columns = x.len().checked_div(out.len()).unwrap_or(0);
    if columns == 0 {
        out.fill(0.0);
        return;
    }
    let work = |(out, row): (&mut f32, &[f32])| *out = sum(dispatch, row);
    if x.len() < 2 * TASK {
        out.iter_mut().zip(x.chunks_exact(columns)).for_each(work);
    } else {
        let rows = out.par_iter_mut().zip(x.par_chunks_exact(columns));
        rows.with_min_len(TASK.div_ceil(columns)).for_each(work);
    }
}
