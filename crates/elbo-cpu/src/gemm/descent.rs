//! Gradients that are products, aᵀ · b, with a step of Adam on each tile as soon as its sums are
//! complete: a gradient never leaves the first-level cache.
//!
//! Adam divides and takes roots, which are slow and use other parts of the core than multiply-adds
//! do. So a finished tile waits, and Adam takes a row of it each time the loop over k of the next tile
//! has gone some steps: the two then run side by side.

use ndarray::ArrayView2;
use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::{
    MOST_VECTORS, PARALLEL_FROM, group, pack, share,
    tile::{Sums, add},
};
use crate::{
    aligned::Aligned,
    dispatch::Dispatch,
    lanes::{Kernel, Lanes, MOST_LANES},
    optim::Step,
};

/// Steps of k between two rows of Adam.
const STEPS: usize = 16;

/// Values that the packed columns of a product of depth `k` take.
pub(crate) const fn workspace_len(k: usize, threads: usize) -> usize {
    threads * MOST_VECTORS * MOST_LANES * k
}

/// Parameter, first and second moment, or the same rows of each.
pub(crate) type State<'a> = [&'a mut [f32]; 3];

/// A step of Adam with the gradient aᵀ · b. `a`: [k, m], `b`: [k, n]; `state`: [m, n] each.
pub(crate) fn descend<'a>(
    dispatch: Dispatch,
    a: ArrayView2<'a, f32>,
    b: ArrayView2<'a, f32>,
    step: Step,
    [parameter, first, second]: State<'_>,
    workspace: &mut Aligned,
) {
    if parameter.is_empty() {
        return;
    }
    let (depth, columns) = b.dim();
    let parallel = parameter.len() * depth >= PARALLEL_FROM;
    let threads = if parallel { rayon::current_num_threads() } else { 1 };
    let room = workspace_len(depth.max(1), 1);
    workspace.reserve(room * threads);
    let packed = &mut workspace.values_mut()[..room * threads];
    let share = share(a.ncols(), threads);
    if threads == 1 {
        dispatch.enter(Rows { a, top: 0, b, step, state: [parameter, first, second], packed });
        return;
    }
    let values = share * columns;
    parameter
        .par_chunks_mut(values)
        .zip(first.par_chunks_mut(values).zip(second.par_chunks_mut(values)))
        .zip(packed.par_chunks_mut(room))
        .enumerate()
        .for_each(|(number, ((parameter, (first, second)), packed))| {
            let state = [parameter, first, second];
            dispatch.enter(Rows { a, top: number * share, b, step, state, packed });
        });
}

/// Some rows of the parameter, to be stepped by one thread.
struct Rows<'a, 'o> {
    a: ArrayView2<'a, f32>,
    /// The first row of the parameter that this is about.
    top: usize,
    b: ArrayView2<'a, f32>,
    step: Step,
    state: State<'o>,
    packed: &'o mut [f32],
}

impl Kernel for Rows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { a, top, b, step, state, packed } = self;
        let (depth, columns) = b.dim();
        let target = &mut Target { state, columns, step };
        let mut left = 0;
        while left < columns {
            let vectors = group(columns - left, S::F32_LANES);
            let width = vectors * S::F32_LANES;
            let panel = &mut packed[..width * depth];
            pack::columns(b, left, width, panel);
            let panel = S::as_simd_f32s(panel).0;
            let strip = Strip { a, top, panel, left };
            match vectors {
                1 => strip.step::<S, 1>(simd, target),
                2 => strip.step::<S, 2>(simd, target),
                _ => strip.step::<S, 3>(simd, target),
            }
            left += width;
        }
    }
}

/// What Adam changes.
struct Target<'o> {
    state: State<'o>,
    columns: usize,
    step: Step,
}

impl Target<'_> {
    /// Adam on some vectors of a row.
    #[inline(always)]
    fn row<S: Lanes, const VECTORS: usize>(
        &mut self,
        simd: S,
        (row, left): (usize, usize),
        gradient: &[S::f32s; VECTORS],
    ) {
        let start = row * self.columns;
        let range = start + left..start + self.columns.min(left + VECTORS * S::F32_LANES);
        let [parameter, first, second] = &mut self.state;
        let parameter = &mut parameter[range.clone()];
        let (first, second) = (&mut first[range.clone()], &mut second[range]);
        self.step.advance(simd, gradient, [parameter, first, second]);
    }

    /// Asks for some vectors of a row, to be there when Adam gets to it.
    #[inline(always)]
    fn prefetch<S: Lanes, const VECTORS: usize>(&self, simd: S, row: usize, left: usize) {
        for values in &self.state {
            for vector in 0..VECTORS {
                simd.prefetch(values, row * self.columns + left + vector * S::F32_LANES);
            }
        }
    }
}

/// Columns of the parameter from `left` on, as many as a panel of `b` has.
struct Strip<'a, 'p, V> {
    a: ArrayView2<'a, f32>,
    top: usize,
    panel: &'p [V],
    left: usize,
}

/// Sums that Adam has not seen yet, of the rows from `top` on.
struct Waiting<S: Lanes, const ROWS: usize, const VECTORS: usize> {
    top: usize,
    rows: usize,
    sums: Sums<S, ROWS, VECTORS>,
}

impl<V: Copy> Strip<'_, '_, V> {
    #[inline(always)]
    fn step<S: Lanes<f32s = V>, const VECTORS: usize>(&self, simd: S, target: &mut Target<'_>) {
        let rows = target.state[0].len() / target.columns;
        let mut row = 0;
        if S::REGISTER_COUNT >= 32 {
            row = self.tiles::<S, 8, VECTORS>(simd, target, row, rows);
        }
        row = self.tiles::<S, 4, VECTORS>(simd, target, row, rows);
        self.tiles::<S, 1, VECTORS>(simd, target, row, rows);
    }

    /// Tiles of `ROWS` rows for as long as there are so many. Returns the row after them.
    #[inline(always)]
    fn tiles<S: Lanes<f32s = V>, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        target: &mut Target<'_>,
        mut row: usize,
        rows: usize,
    ) -> usize {
        let sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut waiting = Waiting { top: row, rows: 0, sums };
        while row + ROWS <= rows {
            let columns = self.a.to_slice().unwrap_or_default();
            let columns = columns.get(self.top + row..).unwrap_or_default();
            simd.apart(Tile {
                simd,
                columns,
                stride: self.a.ncols(),
                panel: self.panel,
                left: self.left,
                row,
                waiting: &mut waiting,
                target,
            });
            row += ROWS;
        }
        for (number, sums) in waiting.sums[..waiting.rows].iter().enumerate() {
            target.row(simd, (waiting.top + number, self.left), sums);
        }
        row
    }
}

/// One tile: its loop over k, and Adam on the rows of the tile before it.
struct Tile<'t, 'o, S: Lanes, const ROWS: usize, const VECTORS: usize> {
    simd: S,
    columns: &'t [f32],
    stride: usize,
    panel: &'t [S::f32s],
    left: usize,
    row: usize,
    waiting: &'t mut Waiting<S, ROWS, VECTORS>,
    target: &'t mut Target<'o>,
}

impl<S: Lanes, const ROWS: usize, const VECTORS: usize> NullaryFnOnce
    for Tile<'_, '_, S, ROWS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, columns, stride, panel, left, row, waiting, target } = self;
        let (panel, _) = panel.as_chunks::<VECTORS>();
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut seen = 0;
        for (block, panel) in panel.chunks(STEPS).enumerate() {
            if seen < waiting.rows {
                target.row(simd, (waiting.top + seen, left), &waiting.sums[seen]);
                seen += 1;
            }
            if block < ROWS {
                target.prefetch::<S, VECTORS>(simd, row + block, left);
            }
            let columns = &columns[block * STEPS * stride..];
            for (k, vectors) in panel.iter().enumerate() {
                let column = &columns[k * stride..][..ROWS];
                add(simd, |row| column[row], *vectors, &mut sums);
            }
        }
        for (number, sums) in waiting.sums[..waiting.rows].iter().enumerate().skip(seen) {
            target.row(simd, (waiting.top + number, left), sums);
        }
        *waiting = Waiting { top: row, rows: ROWS, sums };
    }
}
