//! Sums, in an order that depends on the shape alone: neither on the number of threads nor on the form
//! that a matrix has.

use crate::{
    lanes::{Block, Kernel, Lanes, MOST_LANES, load_block},
    layout::{Form, UNIT},
    lending::{Part, View},
};

/// Values that are added up in single precision before their sum goes into a total.
const GROUP: usize = 8;

/// Sums in double precision kept side by side, one a lane.
struct Totals([f64; MOST_LANES]);

impl Totals {
    const ZERO: Self = Self([0.0; MOST_LANES]);

    #[inline(always)]
    fn add<S: Lanes>(&mut self, vector: S::f32s) {
        let values: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&vector));
        self.0[..S::F32_LANES].iter_mut().zip(values).for_each(|(t, x)| *t += f64::from(*x));
    }
}

/// One sum for each unit of rows: of the values, or of their squared differences from others'.
///
/// The rows of a unit are added up side by side, each along its columns; of a vector, the columns of a unit.
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
    fn run<S: Lanes>(mut self, simd: S) {
        let layout = self.x.layout();
        // Units of rows lie side by side in a turned matrix; those of a row's columns in a straight one.
        let side_by_side = (layout.form == Form::Turned) != (layout.rows == 1);
        for unit in self.out.region().depth() {
            let total = match side_by_side {
                true => self.side_by_side(simd, unit),
                false => self.below(simd, unit),
            };
            self.out.block(0, unit, 1)[0] = total as f32;
        }
    }
}

impl Parts<'_> {
    /// A unit whose rows are lanes.
    #[inline(always)]
    fn side_by_side<S: Lanes>(&self, simd: S, unit: usize) -> f64 {
        let layout = self.x.layout();
        let panels = UNIT / S::F32_LANES;
        let end = layout.panels().min((unit + 1) * panels);
        let mut total = 0.0;
        for panel in unit * panels..end {
            let mut sums = Sum::new(simd, self.y.is_some());
            for first in (0..layout.depth()).step_by(GROUP) {
                let len = GROUP.min(layout.depth() - first);
                let x = S::as_simd_f32s(self.x.block(panel, first, len)).0;
                match self.y {
                    None => x.iter().for_each(|x| sums.push(simd, *x)),
                    Some(y) => {
                        let y = S::as_simd_f32s(y.block(panel, first, len)).0;
                        x.iter().zip(y).for_each(|(x, y)| sums.push(simd, square(simd, *x, *y)));
                    }
                }
            }
            total += sums.total(layout.used(panel));
        }
        total
    }

    /// A unit whose rows lie below each other: turned, a block at a time.
    #[inline(always)]
    fn below<S: Lanes>(&self, simd: S, unit: usize) -> f64 {
        let layout = self.x.layout();
        let end = layout.depth().min((unit + 1) * UNIT);
        let mut total = 0.0;
        for first in (unit * UNIT..end).step_by(S::F32_LANES) {
            let rows = S::F32_LANES.min(end - first);
            let mut sums = Sum::new(simd, self.y.is_some());
            for panel in 0..layout.panels() {
                let mut block = load_block(simd, self.x.block(panel, first, rows));
                if let Some(y) = self.y {
                    let y = S::as_simd_f32s(y.block(panel, first, rows)).0;
                    block.iter_mut().zip(y).for_each(|(x, y)| *x = square(simd, *x, *y));
                }
                simd.transpose(&mut block);
                block[..layout.used(panel)].iter().for_each(|x| sums.push(simd, *x));
            }
            total += sums.total(rows);
        }
        total
    }
}

#[inline(always)]
fn square<S: Lanes>(simd: S, x: S::f32s, y: S::f32s) -> S::f32s {
    let difference = simd.sub_f32s(x, y);
    simd.mul_f32s(difference, difference)
}

/// Vectors added up: in groups in single precision, if that is precise enough, and then in double.
struct Sum<S: Lanes> {
    group: S::f32s,
    len: usize,
    most: usize,
    totals: Totals,
}

impl<S: Lanes> Sum<S> {
    #[inline(always)]
    fn new(simd: S, in_groups: bool) -> Self {
        let most = if in_groups { GROUP } else { 1 };
        Self { group: simd.splat_f32s(0.0), len: 0, most, totals: Totals::ZERO }
    }

    #[inline(always)]
    fn push(&mut self, simd: S, vector: S::f32s) {
        self.group = simd.add_f32s(self.group, vector);
        self.len += 1;
        if self.len == self.most {
            self.totals.add::<S>(self.group);
            (self.group, self.len) = (simd.splat_f32s(0.0), 0);
        }
    }

    /// The sum of the first `used` lanes.
    #[inline(always)]
    fn total(mut self, used: usize) -> f64 {
        if self.len > 0 {
            self.totals.add::<S>(self.group);
        }
        self.totals.0[..used].iter().sum()
    }
}

/// The sum of all parts.
pub(crate) fn total(parts: View<'_>) -> f32 {
    let sums = parts.region().depth().map(|unit| f64::from(parts.block(0, unit, 1)[0]));
    sums.sum::<f64>() as f32
}

/// Sums along one index of a matrix: down the rows for each column, or along the columns for each row.
///
/// What is added up is taken in groups of eight times as many as a vector has lanes: those of the same
/// lane first, then lane after lane.
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
    fn run<S: Lanes>(mut self, simd: S) {
        let layout = self.x.layout();
        let in_lanes = (layout.form == Form::Turned) == self.of_rows;
        let len = if in_lanes { layout.depth() } else { layout.across() };
        for panel in self.out.region().panels() {
            let mut totals = Totals::ZERO;
            let mut first = 0;
            while first < len {
                // What fills no whole vector is a group by itself.
                let whole = (len - first) / S::F32_LANES;
                let vectors = if whole > 0 { S::F32_LANES } else { len - first };
                let groups = whole.clamp(1, GROUP);
                let block = match in_lanes {
                    true => self.below(simd, panel, first, vectors, groups),
                    false => self.side_by_side(simd, panel, first, groups),
                };
                block[..vectors].iter().for_each(|vector| totals.add::<S>(*vector));
                first += groups * vectors;
            }
            let sums = self.out.block(panel, 0, 1);
            sums.iter_mut().zip(totals.0).for_each(|(sum, total)| *sum = total as f32);
        }
    }
}

impl Sums<'_> {
    /// The sums are lanes: vectors that lie below each other.
    #[inline(always)]
    fn below<S: Lanes>(
        &self,
        simd: S,
        panel: usize,
        first: usize,
        vectors: usize,
        groups: usize,
    ) -> Block<S> {
        let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
        for group in 0..groups {
            let x = self.x.block(panel, first + group * vectors, vectors);
            add_to(simd, &mut block, x);
        }
        block
    }

    /// The sums are vectors: lanes of several panels, turned.
    #[inline(always)]
    fn side_by_side<S: Lanes>(&self, simd: S, out: usize, first: usize, groups: usize) -> Block<S> {
        let lanes = S::F32_LANES;
        let vectors = lanes.min(self.x.layout().depth() - out * lanes);
        let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
        for panel in first / lanes..first / lanes + groups {
            add_to(simd, &mut block, self.x.block(panel, out * lanes, vectors));
        }
        simd.transpose(&mut block);
        block
    }
}

#[inline(always)]
fn add_to<S: Lanes>(simd: S, block: &mut Block<S>, x: &[f32]) {
    let x = S::as_simd_f32s(x).0;
    block.iter_mut().zip(x).for_each(|(sum, x)| *sum = simd.add_f32s(*sum, *x));
}
