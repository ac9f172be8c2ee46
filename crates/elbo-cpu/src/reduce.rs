//! Sums, in double precision and in an order that depends on the shape alone.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::{dispatch::Dispatch, elementwise::TASK};

/// Partial sums kept side by side: independent, so that they fill the vector units.
const LANES: usize = 32;

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
