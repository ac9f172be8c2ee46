//! Whole rows: batches gathered from a data set, a row added to each, values spread over a matrix.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::{Error, dispatch::Dispatch, elementwise::TASK};

/// Where a batch comes from.
pub(crate) struct Batch<'a> {
    /// All rows, one after the other.
    pub(crate) data: &'a [u8],
    /// The rows' order.
    pub(crate) order: &'a [u32],
    /// One value: the batch's first place in the order.
    pub(crate) cursor: &'a [u32],
}

/// out[r] = (data[order[cursor + r]] / 255 − mean) / std.
pub(crate) fn gather(
    dispatch: Dispatch,
    batch: Batch<'_>,
    columns: usize,
    (mean, std): (f32, f32),
    out: &mut [f32],
) -> Result<(), Error> {
    if out.is_empty() {
        return Ok(());
    }
    let (from, len) = (batch.cursor[0] as usize, batch.order.len());
    let to = from + out.len() / columns;
    let order = batch.order.get(from..to).ok_or(Error::Cursor { from, to, len })?;
    let count = batch.data.len() / columns;
    if let Some(row) = order.iter().copied().find(|row| *row as usize >= count) {
        return Err(Error::Row { row, count });
    }
    each_row(out, columns, |number, out| {
        let start = order[number] as usize * columns;
        dispatch.run(Normalize { pixels: &batch.data[start..start + columns], mean, std, out });
    });
    Ok(())
}

struct Normalize<'a> {
    pixels: &'a [u8],
    mean: f32,
    std: f32,
    out: &'a mut [f32],
}

impl WithSimd for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pixels, mean, std, out } = self;
        // A division takes as long as sixteen products, and there would be two.
        let scale = (1.0 / (255.0 * f64::from(std))) as f32;
        let shift = (f64::from(mean) / f64::from(std)) as f32;
        for (out, pixel) in out.iter_mut().zip(pixels) {
            *out = f32::from(*pixel) * scale - shift;
        }
    }
}

/// out = x + row in each row, or out += row where `x` is not given.
pub(crate) fn add_row(dispatch: Dispatch, x: Option<&[f32]>, row: &[f32], out: &mut [f32]) {
    each_row(out, row.len(), |number, out| {
        let x = x.map(|x| &x[number * row.len()..(number + 1) * row.len()]);
        dispatch.run(AddRow { x, row, out });
    });
}

struct AddRow<'a> {
    x: Option<&'a [f32]>,
    row: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x, row, out } = self;
        if let Some(x) = x {
            out.copy_from_slice(x);
        }
        out.iter_mut().zip(row).for_each(|(out, value)| *out += value);
    }
}

/// Each row of `out` is `row`.
pub(crate) fn spread_rows(row: &[f32], out: &mut [f32]) {
    each_row(out, row.len(), |_, out| out.copy_from_slice(row));
}

/// Row r of `out` is column[r] everywhere.
pub(crate) fn spread_columns(column: &[f32], out: &mut [f32]) {
    let columns = out.len().checked_div(column.len()).unwrap_or(0);
    each_row(out, columns, |number, out| out.fill(column[number]));
}

/// Runs `work(row's number, row)` on each row, on many threads when there are many values.
fn each_row(out: &mut [f32], columns: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if out.is_empty() {
        return;
    }
    let rows = out.par_chunks_exact_mut(columns).enumerate();
    if rows.len() * columns < 2 * TASK {
        out.chunks_exact_mut(columns).enumerate().for_each(|(number, row)| work(number, row));
    } else {
        rows.with_min_len(TASK.div_ceil(columns)).for_each(|(number, row)| work(number, row));
    }
}
