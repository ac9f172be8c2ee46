//! Matrix products: a register tile of rows by vectors, its epilogue applied where the tile ends.
//!
//! Every matrix lies row by row and none is ever moved as a whole. Of the two operands one is taken a
//! vector at a time, the other a value at a time, spread over a vector. Where the right operand lies
//! as [k, n], the columns of the result lie in the lanes and nothing is copied ([`straight`]). Where
//! it lies as [n, k], as a layer's weights do, the rows of the result lie in the lanes: the left
//! operand, the smaller one, is turned into panels, and each block of the result is turned back in
//! registers ([`turned`]).
//!
//! Every sum runs over k in one order in one thread, so the result does not depend on how many
//! threads there are.

mod descent;
mod epilogue;
mod pack;
mod straight;
mod tile;
mod turned;

use ndarray::ArrayView2;
use rayon::prelude::*;

pub(crate) use descent::{descend, workspace_len as descent_workspace_len};
pub(crate) use epilogue::Epilogue;

use crate::{aligned::Aligned, dispatch::Dispatch, lanes::MOST_LANES};

/// Products of fewer multiply-adds are done by one thread: waking another takes longer.
const PARALLEL_FROM: usize = 1 << 18;
/// Vectors of a register tile, at the most.
const MOST_VECTORS: usize = 3;

/// An operand: a matrix as it lies, and whether its transpose is meant.
#[derive(Clone, Copy)]
pub(crate) struct Factor<'a> {
    /// As it lies, row by row.
    pub(crate) matrix: ArrayView2<'a, f32>,
    /// Whether its rows are columns of the product.
    pub(crate) turned: bool,
}

impl<'a> Factor<'a> {
    fn rows(self) -> usize {
        if self.turned { self.matrix.ncols() } else { self.matrix.nrows() }
    }

    fn columns(self) -> usize {
        if self.turned { self.matrix.nrows() } else { self.matrix.ncols() }
    }

    fn values(self) -> &'a [f32] {
        self.matrix.to_slice().unwrap_or_default()
    }

    fn spread(self) -> tile::Spread<'a> {
        match self.turned {
            true => tile::Spread::Columns(self.values(), self.matrix.ncols()),
            false => tile::Spread::Rows(self.values()),
        }
    }
}

/// How many vectors the next tile takes of what is left: three, or two where three would leave one.
const fn group(left: usize, lanes: usize) -> usize {
    match left.div_ceil(lanes) {
        1 => 1,
        2 | 4 => 2,
        _ => MOST_VECTORS,
    }
}

/// Rows that one thread computes: a share, in whole vectors.
fn share(rows: usize, threads: usize) -> usize {
    rows.div_ceil(threads).next_multiple_of(MOST_LANES)
}

/// Values that a product of [m, k] and [k, n] wants to copy.
pub(crate) fn workspace_len(
    (m, k, _): (usize, usize, usize),
    b_turned: bool,
    threads: usize,
) -> usize {
    if b_turned {
        // Each thread's share may end in a vector that is filled up.
        threads * share(m, threads).min(m.next_multiple_of(MOST_LANES)) * k
    } else {
        MOST_VECTORS * MOST_LANES * k
    }
}

/// out = epilogue(a · b). `a`: [m, k], `b`: [k, n]; `out`: [m, n].
pub(crate) fn multiply<'a>(
    dispatch: Dispatch,
    a: Factor<'a>,
    b: Factor<'a>,
    out: &mut [f32],
    epilogue: Epilogue<'a>,
    workspace: &mut Aligned,
) {
    if out.is_empty() {
        return;
    }
    let (rows, depth, columns) = (a.rows(), a.columns(), b.columns());
    let threads = if out.len() * depth >= PARALLEL_FROM { rayon::current_num_threads() } else { 1 };
    let share = share(rows, threads);
    let len = workspace_len((rows, depth, columns), b.turned, threads);
    workspace.reserve(len);
    let packed = &mut workspace.values_mut()[..len];
    let parts = out.par_chunks_mut(share * columns).enumerate();
    if b.turned {
        let room = (len / threads).max(1);
        let work = |((number, out), packed): ((usize, &mut [f32]), &mut [f32])| {
            dispatch.enter(turned::Rows { a, top: number * share, b, out, epilogue, packed });
        };
        if threads == 1 {
            work(((0, out), packed));
        } else if depth > 0 {
            parts.zip(packed.par_chunks_mut(room)).for_each(work);
        }
    } else {
        let tail = dispatch.enter(straight::Tail { b: b.matrix, packed });
        let work = |(number, out): (usize, &mut [f32])| {
            dispatch.enter(straight::Rows {
                a,
                top: number * share,
                b: b.matrix,
                tail,
                out,
                epilogue,
            });
        };
        if threads == 1 {
            work((0, out));
        } else {
            parts.for_each(work);
        }
    }
}
