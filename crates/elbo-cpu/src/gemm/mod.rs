//! Matrix products: operands packed into panels, one register tile at a time.
//!
//! As in Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): B is packed
//! whole into panels of a few columns, a block of A's rows into panels of a few rows, and a kernel
//! multiplies a panel by a panel with its sums in registers. Every sum runs over k in one fixed order,
//! whichever thread computes it, so the result does not depend on the number of threads.

mod pack;
mod tile;

use elbo_tensor::Activation;
use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::{
    aligned::Aligned,
    dispatch::{Dispatch, Level},
};
use tile::Rows;

/// Length of the packed panels of A: a panel then stays in the first-level cache.
const DEPTH: usize = 512;
/// Products of fewer multiply-adds are done by one thread: waking another takes longer.
const PARALLEL_FROM: usize = 1 << 18;
/// Rows that one task computes.
const TASK_ROWS: usize = 16;

/// What is done to a row of the product once its sums are complete.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// Added to each row, if there is one.
    pub(crate) bias: Option<&'a [f32]>,
    /// Applied to each value then.
    pub(crate) activation: Activation,
}

/// Columns of a panel of B: the vectors of a register tile times their lanes.
const fn panel_columns(level: Level) -> usize {
    match level {
        Level::Avx512 => 2 * 16,
        Level::Avx2 => 3 * 8,
        Level::Neon | Level::Plain => 2 * 4,
    }
}

/// Values that a packed right operand takes.
pub(crate) fn workspace_len(dispatch: Dispatch, inner: usize, columns: usize) -> usize {
    inner * columns.next_multiple_of(panel_columns(dispatch.level()))
}

/// out = epilogue(a · b). `a`: [m, k], `b`: [k, n], views of any orientation; `out`: [m, n].
pub(crate) fn multiply(
    dispatch: Dispatch,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    out: &mut [f32],
    epilogue: Epilogue<'_>,
    workspace: &mut Aligned,
) {
    // Rows and vectors of a tile are chosen so that its sums, one row of B and one value of A fill
    // the registers that each instruction set has: 32, 16, 32 and 16.
    match dispatch.level() {
        Level::Avx512 => blocked::<8, 2>(dispatch, a, b, out, epilogue, workspace),
        Level::Avx2 => blocked::<4, 3>(dispatch, a, b, out, epilogue, workspace),
        Level::Neon => blocked::<8, 2>(dispatch, a, b, out, epilogue, workspace),
        Level::Plain => blocked::<4, 2>(dispatch, a, b, out, epilogue, workspace),
    }
}

fn blocked<const ROWS: usize, const VECTORS: usize>(
    dispatch: Dispatch,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    out: &mut [f32],
    epilogue: Epilogue<'_>,
    workspace: &mut Aligned,
) {
    if out.is_empty() {
        return;
    }
    let (inner, columns) = b.dim();
    let parallel = out.len() * inner >= PARALLEL_FROM;
    let len = workspace_len(dispatch, inner, columns);
    workspace.reserve(len);
    let packed = &mut workspace.values_mut()[..len];
    pack::columns(b, panel_columns(dispatch.level()), packed, parallel);
    let packed = &*packed;

    let task = |(number, out): (usize, &mut [f32])| {
        let top = number * TASK_ROWS;
        dispatch.run(Rows::<ROWS, VECTORS> { a, top, packed, out, columns, epilogue });
    };
    if parallel {
        out.par_chunks_mut(TASK_ROWS * columns).enumerate().for_each(task);
    } else {
        out.chunks_mut(TASK_ROWS * columns).enumerate().for_each(task);
    }
}
