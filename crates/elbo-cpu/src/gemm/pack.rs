//! Copies of operands in the order in which the register tile reads them.

use std::ops::Range;

use ndarray::{ArrayView2, s};
use rayon::prelude::*;

/// Values of a source row that are copied at a time when the copy turns it into a column: both sides
/// then stay in the first-level cache.
const STRIP: usize = 16;

/// The right operand in panels of `width` columns, each row by row, the last one filled up with zeros.
pub(super) fn columns(b: ArrayView2<'_, f32>, width: usize, packed: &mut [f32], parallel: bool) {
    if b.is_empty() {
        return;
    }
    let panel_len = width * b.nrows();
    let pack = |(number, panel): (usize, &mut [f32])| {
        let left = number * width;
        let used = width.min(b.ncols() - left);
        panel_of_columns(b.slice(s![.., left..left + used]), width, panel);
    };
    if parallel {
        packed.par_chunks_exact_mut(panel_len).enumerate().for_each(pack);
    } else {
        packed.chunks_exact_mut(panel_len).enumerate().for_each(pack);
    }
}

fn panel_of_columns(b: ArrayView2<'_, f32>, width: usize, panel: &mut [f32]) {
    let used = b.ncols();
    if used < width {
        panel.chunks_exact_mut(width).for_each(|row| row[used..].fill(0.0));
    }
    if b.strides()[1] == 1 {
        for (row, source) in panel.chunks_exact_mut(width).zip(b.rows()) {
            copy(source, &mut row[..used]);
        }
        return;
    }
    for (number, strip) in panel.chunks_mut(STRIP * width).enumerate() {
        let from = number * STRIP;
        let to = from + strip.len() / width;
        for (column, line) in b.columns().into_iter().enumerate() {
            let targets = strip[column..].iter_mut().step_by(width);
            targets.zip(line.slice_move(s![from..to])).for_each(|(value, source)| *value = *source);
        }
    }
}

/// Rows `top..top + rows` of the left operand, columns `depth`, as a panel: an array for each column,
/// zero where there is no row.
#[inline(always)]
pub(super) fn rows<const ROWS: usize>(
    a: ArrayView2<'_, f32>,
    top: usize,
    rows: usize,
    depth: Range<usize>,
    panel: &mut [[f32; ROWS]],
) {
    let block = a.slice_move(s![top..top + rows, depth]);
    if rows < ROWS {
        panel.iter_mut().for_each(|column| column[rows..].fill(0.0));
    }
    if block.strides()[1] != 1 {
        for (column, source) in panel.iter_mut().zip(block.columns()) {
            copy(source, &mut column[..rows]);
        }
        return;
    }
    for (number, strip) in panel.chunks_mut(STRIP).enumerate() {
        let from = number * STRIP;
        for (row, line) in block.rows().into_iter().enumerate() {
            let line = line.slice_move(s![from..from + strip.len()]);
            strip.iter_mut().zip(line).for_each(|(column, value)| column[row] = *value);
        }
    }
}

/// A row of a view, by the fast path where its values lie next to each other.
#[inline(always)]
fn copy(source: ndarray::ArrayView1<'_, f32>, target: &mut [f32]) {
    match source.as_slice() {
        Some(source) => target.copy_from_slice(source),
        None => target.iter_mut().zip(source).for_each(|(value, source)| *value = *source),
    }
}
