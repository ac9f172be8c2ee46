//! Sums, in double precision and in an order that depends on the shape alone.

use std::ops::Range;

use crate::{
    lanes::{Block, Kernel, Lanes, MOST_LANES},
    layout::{Form, Layout, UNIT},
    shared::{Part, View},
};

/// Sums kept side by side, one a lane.
type Totals = [f64; MOST_LANES];

/// Vectors that are added up in single precision before they go into the totals.
const GROUP: usize = 8;

/// One sum for each unit of rows: of the values, or of their squared differences from others'.
pub(crate) struct Parts<'m> {
    pub(crate) x: View<'m>,
    /// Subtracted before squaring.
    pub(crate) y: Option<View<'m>>,
    /// One vector a unit, its first lane the sum.
    pub(crate) out: Part<'m>,
}

impl Kernel for Parts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { x, y, mut out } = self;
        let layout = x.layout();
        for unit in out.region().depth() {
            let mut total = 0.0;
            for (panel, depth) in blocks(layout, unit) {
                let used = layout.used(panel);
                let values = x.block(panel, depth.start, depth.len());
                let others = y.map(|y| y.block(panel, depth.start, depth.len()));
                let lanes = add_up::<S>(simd, values, others);
                total += lanes[..used].iter().sum::<f64>();
            }
            out.block(0, unit, 1)[0] = total as f32;
        }
    }
}

/// The panels and vectors that hold a unit of rows; of a vector, of its columns.
#[inline(always)]
fn blocks(layout: Layout, unit: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let (from, to) = (unit * UNIT, (unit + 1) * UNIT);
    let lanes = layout.lanes;
    // Units of rows lie side by side in a turned matrix; those of a row's columns in a straight one.
    let by_panels = (layout.form == Form::Turned) != (layout.rows == 1);
    let panels = match by_panels {
        true => from / lanes..layout.panels().min(to / lanes),
        false => 0..layout.panels(),
    };
    let depth = if by_panels { 0..layout.depth() } else { from..layout.depth().min(to) };
    panels.map(move |panel| (panel, depth.clone()))
}

/// The sums of each lane.
#[inline(always)]
fn add_up<S: Lanes>(simd: S, x: &[f32], y: Option<&[f32]>) -> Totals {
    let mut totals = [0.0; MOST_LANES];
    let (x, _) = S::as_simd_f32s(x);
    match y.map(|y| S::as_simd_f32s(y).0) {
        None => x.iter().for_each(|x| add_to::<S>(&mut totals, *x)),
        Some(y) => {
            for (x, y) in x.chunks(GROUP).zip(y.chunks(GROUP)) {
                let mut sum = simd.splat_f32s(0.0);
                for (x, y) in x.iter().zip(y) {
                    let difference = simd.sub_f32s(*x, *y);
                    sum = simd.mul_add_e_f32s(difference, difference, sum);
                }
                add_to::<S>(&mut totals, sum);
            }
        }
    }
    totals
}

#[inline(always)]
fn add_to<S: Lanes>(totals: &mut Totals, vector: S::f32s) {
    let values: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&vector));
    totals[..S::F32_LANES].iter_mut().zip(values).for_each(|(t, x)| *t += f64::from(*x));
}

/// The sum of all parts.
pub(crate) fn total(parts: View<'_>) -> f32 {
    let sums = parts.region().depth().map(|unit| f64::from(parts.block(0, unit, 1)[0]));
    sums.sum::<f64>() as f32
}

/// Sums along one index of a matrix: down the rows for each column, or along the columns for each row.
pub(crate) struct Sums<'m> {
    pub(crate) x: View<'m>,
    /// A vector: one sum for each column, or for each row.
    pub(crate) out: Part<'m>,
    /// Whether there is one for each row.
    pub(crate) of_rows: bool,
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { x, mut out, of_rows } = self;
        let layout = x.layout();
        // The sums are in the lanes, or a block of the matrix is turned such that they are.
        let in_lanes = (layout.form == Form::Turned) == of_rows;
        for panel in out.region().panels() {
            let totals = match in_lanes {
                true => add_up::<S>(simd, x.block(panel, 0, layout.depth()), None),
                false => turned_sums::<S>(simd, x, panel * S::F32_LANES),
            };
            let sums = out.block(panel, 0, 1);
            sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = total as f32);
        }
    }
}

/// Sums over all panels of some vectors, from vector `first` on, one a lane.
#[inline(always)]
fn turned_sums<S: Lanes>(simd: S, x: View<'_>, first: usize) -> Totals {
    let layout = x.layout();
    let mut totals = [0.0; MOST_LANES];
    let vectors = S::F32_LANES.min(layout.depth() - first);
    // Panels without padding may be added up before they are turned.
    let whole = layout.across() / S::F32_LANES;
    for group in (0..whole).step_by(GROUP) {
        let panels = group..whole.min(group + GROUP);
        add_turned(simd, x, panels, (first, vectors), S::F32_LANES, &mut totals);
    }
    if whole < layout.panels() {
        add_turned(simd, x, whole..whole + 1, (first, vectors), layout.used(whole), &mut totals);
    }
    totals
}

/// Adds the first `used` lanes of some vectors of some panels to the totals, a vector a lane.
#[inline(always)]
fn add_turned<S: Lanes>(
    simd: S,
    x: View<'_>,
    panels: Range<usize>,
    (first, vectors): (usize, usize),
    used: usize,
    totals: &mut Totals,
) {
    let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
    for panel in panels {
        let values = S::as_simd_f32s(x.block(panel, first, vectors)).0;
        block.iter_mut().zip(values).for_each(|(sum, x)| *sum = simd.add_f32s(*sum, *x));
    }
    simd.transpose(&mut block);
    block[..used].iter().for_each(|vector| add_to::<S>(totals, *vector));
}
