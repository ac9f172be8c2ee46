//! Gradients that are products, aᵀ · b, with a step of Adam on each tile as soon as its sums are
//! complete: a gradient never leaves the registers and the first-level cache.
//!
//! Adam divides and takes roots, which are slow and use other parts of the core than multiply-adds
//! do. So a finished tile waits, and Adam takes a row of it each time the loop over k of the next tile
//! has gone some steps: the two then run side by side.

use pulp::NullaryFnOnce;

use super::{
    group, tall,
    tile::{Panels, Spread, Sums, add_terms},
};
use crate::{
    kernels::optim::Step,
    lanes::{Kernel, Lanes},
    layout::Form,
    lending::{Part, View},
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
            let vectors = group::<S>(self.along, region.panels().end - panel);
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
        first: usize,
        end: usize,
    ) -> usize {
        let panels = Panels::new(self.vectors, panel);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let mut row = first;
        while row + ROWS <= end {
            let tile = Tile {
                simd,
                spread: Spread { matrix: self.spread, along: self.along, row },
                panels,
                step: self.step,
                sums: &mut sums,
                state: &mut self.state,
                waiting: (row > first).then(|| (panel, row - ROWS)),
            };
            // Two loops, each in a function that has the registers for itself.
            if self.along {
                simd.apart(Loop::<S, ROWS, VECTORS, true>(tile));
            } else {
                simd.apart(Loop::<S, ROWS, VECTORS, false>(tile));
            }
            row += ROWS;
        }
        if row > first {
            let mut last = targets::<S, ROWS, VECTORS>(&mut self.state, (panel, row - ROWS));
            for (number, sums) in sums.iter().enumerate() {
                adam(simd, self.step, &mut last, number, sums);
            }
        }
        row
    }
}

/// Vectors of parameter, first and second moment, of some rows of a few panels: \[of the three\]\[panel\]\[row\].
type Targets<'t, S, const ROWS: usize, const VECTORS: usize> =
    [[&'t mut [<S as pulp::Simd>::f32s; ROWS]; VECTORS]; 3];

/// The targets of a tile, which begins at (panel, row).
#[inline(always)]
fn targets<'t, S: Lanes, const ROWS: usize, const VECTORS: usize>(
    [parameter, first, second]: &'t mut [Part<'_>; 3],
    (panel, row): (usize, usize),
) -> Targets<'t, S, ROWS, VECTORS> {
    [
        parameter.tile::<S, ROWS, VECTORS>(panel, row),
        first.tile::<S, ROWS, VECTORS>(panel, row),
        second.tile::<S, ROWS, VECTORS>(panel, row),
    ]
}

/// Adam on one row of the targets.
#[inline(always)]
fn adam<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    step: Step,
    [parameter, first, second]: &mut Targets<'_, S, ROWS, VECTORS>,
    row: usize,
    gradient: &[S::f32s; VECTORS],
) {
    for (vector, gradient) in gradient.iter().enumerate() {
        let (p, m, v) = (&mut parameter[vector], &mut first[vector], &mut second[vector]);
        step.one(simd, *gradient, [&mut p[row], &mut m[row], &mut v[row]]);
    }
}

/// One tile: its loop over k, and Adam on the rows of the tile before it.
struct Tile<'t, 'm, S: Lanes, const ROWS: usize, const VECTORS: usize> {
    simd: S,
    spread: Spread<'m>,
    panels: Panels<'m, S, VECTORS>,
    step: Step,
    /// The sums of the tile before, and then of this one.
    sums: &'t mut Sums<S, ROWS, VECTORS>,
    /// Parameter, first and second moment.
    state: &'t mut [Part<'m>; 3],
    /// Where the tile before begins, if there was one: Adam's targets.
    waiting: Option<(usize, usize)>,
}

/// A tile in a function of its own. `ALONG`: whether k runs along the lanes of what is spread.
struct Loop<'t, 'm, S: Lanes, const ROWS: usize, const VECTORS: usize, const ALONG: bool>(
    Tile<'t, 'm, S, ROWS, VECTORS>,
);

impl<S: Lanes, const ROWS: usize, const VECTORS: usize, const ALONG: bool> NullaryFnOnce
    for Loop<'_, '_, S, ROWS, VECTORS, ALONG>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Tile { simd, spread, panels, step, sums: before, state, waiting } = self.0;
        let mut targets = waiting.map(|place| targets::<S, ROWS, VECTORS>(state, place));
        let depth = panels.depth();
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        // With fewer registers there are too few for both at once.
        let between = if S::REGISTER_COUNT < 32 { 0 } else { ROWS.min(depth / STEPS) };
        for (row, gradient) in before.iter().enumerate().take(between) {
            if let Some(targets) = &mut targets {
                adam(simd, step, targets, row, gradient);
            }
            let span = (row * STEPS, STEPS);
            add_terms::<S, ROWS, VECTORS, ALONG>(simd, spread, panels, span, &mut sums, |_| ());
        }
        for (row, gradient) in before.iter().enumerate().skip(between) {
            if let Some(targets) = &mut targets {
                adam(simd, step, targets, row, gradient);
            }
        }
        let rest = (between * STEPS, depth - between * STEPS);
        add_terms::<S, ROWS, VECTORS, ALONG>(simd, spread, panels, rest, &mut sums, |_| ());
        *before = sums;
    }
}
