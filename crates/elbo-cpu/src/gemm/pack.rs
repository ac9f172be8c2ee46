//! Copies of an operand in panels of whole vectors, for where it does not lie in such.

use ndarray::ArrayView2;

use super::{Factor, group};
use crate::lanes::{Block, Lanes, MOST_LANES};

/// Columns `left..left + width` of the [k, n] matrix `b` as a panel of whole vectors, zero where
/// there is no column.
#[inline(always)]
pub(super) fn columns(b: ArrayView2<'_, f32>, left: usize, width: usize, panel: &mut [f32]) {
    let used = width.min(b.ncols() - left);
    for (row, source) in panel.chunks_exact_mut(width).zip(b.rows()) {
        let source = source.to_slice().unwrap_or_default();
        row[..used].copy_from_slice(&source[left..left + used]);
        row[used..].fill(0.0);
    }
}

/// Rows `top..top + rows` of `a` as panels in which they are the columns, group after group.
#[inline(always)]
pub(super) fn turned<S: Lanes>(
    simd: S,
    a: Factor<'_>,
    top: usize,
    rows: usize,
    packed: &mut [f32],
) {
    let depth = a.columns();
    let (mut left, mut packed) = (0, packed);
    while left < rows {
        let width = group(rows - left, S::F32_LANES) * S::F32_LANES;
        let (panel, rest) = packed.split_at_mut(width * depth);
        if a.turned {
            let used = width.min(rows - left);
            let from = top + left;
            for (row, source) in panel.chunks_exact_mut(width).zip(a.matrix.rows()) {
                let source = source.to_slice().unwrap_or_default();
                row[..used].copy_from_slice(&source[from..from + used]);
                row[used..].fill(0.0);
            }
        } else {
            for vector in (0..width).step_by(S::F32_LANES) {
                let used = S::F32_LANES.min(rows.saturating_sub(left + vector));
                strip(
                    simd,
                    a.matrix,
                    top + left + vector..top + left + vector + used,
                    vector,
                    width,
                    panel,
                );
            }
        }
        (left, packed) = (left + width, rest);
    }
}

/// At most a vector's worth of rows, turned by blocks into the columns of a panel from `place` on.
#[inline(always)]
fn strip<S: Lanes>(
    simd: S,
    a: ArrayView2<'_, f32>,
    rows: std::ops::Range<usize>,
    place: usize,
    width: usize,
    panel: &mut [f32],
) {
    let (lanes, depth) = (S::F32_LANES, a.ncols());
    let sources: [&[f32]; MOST_LANES] = std::array::from_fn(|row| {
        let row = rows.start + row;
        if row < rows.end { a.row(row).to_slice().unwrap_or_default() } else { &[] }
    });
    for from in (0..depth).step_by(lanes) {
        let to = depth.min(from + lanes);
        let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
        for (vector, source) in block.iter_mut().zip(&sources[..rows.len()]) {
            *vector = simd.partial_load_f32s(&source[from..to]);
        }
        simd.transpose(&mut block);
        let targets = panel[from * width..to * width].chunks_exact_mut(width);
        for (target, vector) in targets.zip(block) {
            simd.partial_store_f32s(&mut target[place..place + lanes], vector);
        }
    }
}
