//! Gradients that are products, aᵀ · b, with a step of Adam on each tile as soon as its sums are
//! complete: a gradient never leaves the registers and the first-level cache.
//!
//! Adam divides and takes roots, which are slow and use other parts of the core than multiply-adds
//! do. So a finished tile waits, and Adam takes a row of it each time the loop over k of the next tile
//! has gone some steps: the two then run side by side.

use pulp::NullaryFnOnce;

use super::{
    group, tall,
    tile::{Panels, Spread, Sums, add_across, add_along},
};
use crate::{
    kernels::optim::Step,
    lanes::{Kernel, Lanes},
    layout::Form,
    shared::{Part, View},
};

/// Steps of k between two rows of Adam: whole vectors at every level.
const STEPS: usize = crate::layout::UNIT;

/// A thread's part of a step of Adam with the gradient aᵀ · b. `a`: \[k, m\], `b`: \[k, n\].
pub(crate) struct Descent<'m> {
    spread: View<'m>,
    along: bool,
    vectors: View<'m>,
    /// Parameter, first and second moment, \[m, n\] each.
    state: [Part<'m>; 3],
    step: Step,
}

impl<'m> Descent<'m> {
    pub(crate) fn new(a: View<'m>, b: View<'m>, state: [Part<'m>; 3], step: Step) -> Self {
        let (spread, vectors) = match state[0].layout().form {
            Form::Straight => (a, b),
            Form::Turned => (b, a),
        };
        Self { spread, along: super::along(spread, true), vectors, state, step }
    }
}

impl Kernel for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let region = self.state[0].region();
        if region.is_empty() {
            return;
        }
        let mut panel = region.panels().start;
        while panel < region.panels().end {
            let vectors = group(region.panels().end - panel);
            match vectors {
                1 => self.strip::<S, 1>(simd, panel),
                2 => self.strip::<S, 2>(simd, panel),
                _ => self.strip::<S, 3>(simd, panel),
            }
            panel += vectors;
        }
    }
}

impl<'m> Descent<'m> {
    /// All rows of a few panels.
    #[inline(always)]
    fn strip<S: Lanes, const VECTORS: usize>(&mut self, simd: S, panel: usize) {
        let rows = self.state[0].region().depth();
        let mut row = rows.start;
        if tall::<S>() {
            row = self.tiles::<S, 8, VECTORS>(simd, panel, row, rows.end);
        }
        row = self.tiles::<S, 4, VECTORS>(simd, panel, row, rows.end);
        self.tiles::<S, 1, VECTORS>(simd, panel, row, rows.end);
    }

    /// Tiles of `ROWS` rows for as long as there are so many. Returns the row after them.
    #[inline(always)]
    fn tiles<S: Lanes, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        panel: usize,
        mut row: usize,
        end: usize,
    ) -> usize {
        let sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut waiting = Waiting { top: row, rows: 0, sums };
        let panels = Panels::new(self.vectors, panel);
        while row + ROWS <= end {
            let spread = Spread { matrix: self.spread, along: self.along, row };
            let (waiting, descent) = (&mut waiting, &mut *self);
            simd.apart(Tile { simd, spread, panels, panel, waiting, descent });
            row += ROWS;
        }
        for (number, sums) in waiting.sums[..waiting.rows].iter().enumerate() {
            self.adam(simd, panel, waiting.top + number, sums);
        }
        row
    }

    /// Adam on a row of a few panels.
    #[inline(always)]
    fn adam<S: Lanes, const VECTORS: usize>(
        &mut self,
        simd: S,
        panel: usize,
        row: usize,
        gradient: &[S::f32s; VECTORS],
    ) {
        let [parameter, first, second] = &mut self.state;
        for (gradient, panel) in gradient.iter().zip(panel..) {
            let parameter = S::as_mut_simd_f32s(parameter.block(panel, row, 1)).0;
            let first = S::as_mut_simd_f32s(first.block(panel, row, 1)).0;
            let second = S::as_mut_simd_f32s(second.block(panel, row, 1)).0;
            self.step.one(simd, *gradient, [&mut parameter[0], &mut first[0], &mut second[0]]);
        }
    }

    /// Asks for a row of a few panels, to be there when Adam gets to it.
    #[inline(always)]
    fn prefetch<S: Lanes, const VECTORS: usize>(&self, simd: S, panel: usize, row: usize) {
        for values in &self.state {
            for panel in panel..panel + VECTORS {
                simd.prefetch(values.look(panel, row, 1), 0);
            }
        }
    }
}

/// Sums that Adam has not seen yet, of the rows from `top` on.
struct Waiting<S: Lanes, const ROWS: usize, const VECTORS: usize> {
    top: usize,
    rows: usize,
    sums: Sums<S, ROWS, VECTORS>,
}

/// One tile: its loop over k, and Adam on the rows of the tile before it.
struct Tile<'t, 'm, S: Lanes, const ROWS: usize, const VECTORS: usize> {
    simd: S,
    spread: Spread<'m>,
    panels: Panels<'m, S, VECTORS>,
    /// The first of the panels.
    panel: usize,
    waiting: &'t mut Waiting<S, ROWS, VECTORS>,
    descent: &'t mut Descent<'m>,
}

impl<S: Lanes, const ROWS: usize, const VECTORS: usize> NullaryFnOnce
    for Tile<'_, '_, S, ROWS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { simd, spread, panels, panel, waiting, descent } = self;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let depth = panels.depth();
        let mut seen = 0;
        for (block, from) in (0..depth).step_by(STEPS).enumerate() {
            if seen < waiting.rows {
                descent.adam(simd, panel, waiting.top + seen, &waiting.sums[seen]);
                seen += 1;
            }
            if block < ROWS {
                descent.prefetch::<S, VECTORS>(simd, panel, spread.row + block);
            }
            let span = (from, STEPS.min(depth - from));
            if spread.along {
                add_along(simd, spread, panels, span, &mut sums);
            } else {
                add_across(simd, spread, panels, span, &mut sums);
            }
        }
        for (number, sums) in waiting.sums[..waiting.rows].iter().enumerate().skip(seen) {
            descent.adam(simd, panel, waiting.top + number, sums);
        }
        *waiting = Waiting { top: spread.row, rows: ROWS, sums };
    }
}
