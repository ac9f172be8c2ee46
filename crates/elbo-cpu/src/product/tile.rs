//! The register tile: some rows of one operand by a few vectors of the other, sums in registers.

use pulp::NullaryFnOnce;

use crate::{ahead::Ahead, lanes::Lanes, lending::View};

/// The sums of `ROWS` rows and `VECTORS` vectors, each in the order of k.
pub(super) type Sums<S, const ROWS: usize, const VECTORS: usize> =
    [[<S as pulp::Simd>::f32s; VECTORS]; ROWS];

/// Rows of the operand whose values are spread over vectors, from `row` on.
#[derive(Clone, Copy)]
pub(super) struct Spread<'m> {
    pub(super) matrix: View<'m>,
    /// Whether k runs along the lanes; if not, the rows do.
    pub(super) along: bool,
    pub(super) row: usize,
}

/// A few panels of the operand that is taken by vectors: vector k of each.
#[derive(Clone, Copy)]
pub(super) struct Panels<'m, S: Lanes, const VECTORS: usize>([&'m [S::f32s]; VECTORS]);

impl<'m, S: Lanes, const VECTORS: usize> Panels<'m, S, VECTORS> {
    #[inline(always)]
    pub(super) fn new(matrix: View<'m>, first: usize) -> Self {
        Self(std::array::from_fn(|vector| S::as_simd_f32s(matrix.panel(first + vector)).0))
    }

    pub(super) const fn depth(&self) -> usize {
        self.0[0].len()
    }

    #[inline(always)]
    pub(super) fn slice(&self, from: usize, len: usize) -> [&'m [S::f32s]; VECTORS] {
        self.0.map(|panel| &panel[from..from + len])
    }
}

/// The products of some rows with some panels, summed over k. `ahead`: what to ask for on the way.
#[inline(always)]
pub(super) fn sums<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    spread: Spread<'_>,
    panels: Panels<'_, S, VECTORS>,
    ahead: Ahead<'_>,
) -> Sums<S, ROWS, VECTORS> {
    if spread.along {
        simd.apart(Loop::<S, ROWS, VECTORS, true> { simd, spread, panels, ahead })
    } else {
        simd.apart(Loop::<S, ROWS, VECTORS, false> { simd, spread, panels, ahead })
    }
}

/// The loop over k. `ALONG`: whether k runs along the lanes of what is spread; if not, the rows do.
struct Loop<'m, S: Lanes, const ROWS: usize, const VECTORS: usize, const ALONG: bool> {
    simd: S,
    spread: Spread<'m>,
    panels: Panels<'m, S, VECTORS>,
    ahead: Ahead<'m>,
}

impl<S: Lanes, const ROWS: usize, const VECTORS: usize, const ALONG: bool> NullaryFnOnce
    for Loop<'_, S, ROWS, VECTORS, ALONG>
{
    type Output = Sums<S, ROWS, VECTORS>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { simd, spread, panels, ahead } = self;
        let mut tile = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let whole = (0, panels.depth());
        let beside = |stretch| ahead.ask(stretch);
        add_terms::<S, ROWS, VECTORS, ALONG>(simd, spread, panels, whole, &mut tile, beside);
        tile
    }
}

/// Adds the terms of `len` steps of k from `from` on, a multiple of the lanes. `beside`: done at each stretch of them,
/// by its number.
#[inline(always)]
pub(super) fn add_terms<S: Lanes, const ROWS: usize, const VECTORS: usize, const ALONG: bool>(
    simd: S,
    spread: Spread<'_>,
    panels: Panels<'_, S, VECTORS>,
    span: (usize, usize),
    tile: &mut Sums<S, ROWS, VECTORS>,
    beside: impl Fn(usize),
) {
    if ALONG {
        add_along(simd, spread, panels, span, tile, beside);
    } else {
        add_across(simd, spread, panels, span, tile, beside);
    }
}

/// [`add_terms`] where k runs along the lanes of what is spread.
#[inline(always)]
fn add_along<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    spread: Spread<'_>,
    panels: Panels<'_, S, VECTORS>,
    (from, len): (usize, usize),
    tile: &mut Sums<S, ROWS, VECTORS>,
    beside: impl Fn(usize),
) {
    let lanes = S::F32_LANES;
    let mut done = 0;
    while done < len {
        let steps = lanes.min(len - done);
        let values = spread.matrix.block((from + done) / lanes, spread.row, ROWS);
        let values = &values[..ROWS * lanes];
        let vectors = panels.slice(from + done, steps);
        let stretches = stretches::<S>(steps);
        let stretched = vectors.map(|vectors| &vectors.as_chunks().0[..stretches]);
        for stretch in 0..stretches {
            beside((from + done) / STRETCH + stretch);
            let values = &values[stretch * STRETCH..][..(ROWS - 1) * lanes + STRETCH];
            let vectors = stretched.map(|vectors| &vectors[stretch]);
            add_stretch(simd, |step, row| values[row * lanes + step], vectors, tile);
        }
        for k in stretches * STRETCH..steps {
            add(simd, |row| values[row * lanes + k], vectors.map(|v| v[k]), tile);
        }
        done += steps;
    }
}

/// [`add_terms`] where the rows do.
#[inline(always)]
fn add_across<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    spread: Spread<'_>,
    panels: Panels<'_, S, VECTORS>,
    (from, len): (usize, usize),
    tile: &mut Sums<S, ROWS, VECTORS>,
    beside: impl Fn(usize),
) {
    let lanes = S::F32_LANES;
    let values = spread.matrix.block(spread.row / lanes, from, len);
    let lane = spread.row % lanes;
    let vectors = panels.slice(from, len);
    let stretches = stretches::<S>(len);
    let stretched = vectors.map(|vectors| &vectors.as_chunks().0[..stretches]);
    for (stretch, values) in values.chunks_exact(STRETCH * lanes).enumerate().take(stretches) {
        beside(from / STRETCH + stretch);
        let values = &values[lane..][..(STRETCH - 1) * lanes + ROWS];
        let vectors = stretched.map(|vectors| &vectors[stretch]);
        add_stretch(simd, |step, row| values[step * lanes + row], vectors, tile);
    }
    let done = stretches * STRETCH;
    let (values, vectors) = (&values[done * lanes..], vectors.map(|v| &v[done..]));
    for (k, values) in values.chunks_exact(lanes).enumerate().take(len - done) {
        let column = values[lane..].first_chunk::<ROWS>().expect("a tile lies inside a panel");
        add(simd, |row| column[row], vectors.map(|v| v[k]), tile);
    }
}

/// Steps of k between two jumps back: a jump at each costs a core that is shared a tenth of its rate.
pub(super) const STRETCH: usize = 4;

/// How many stretches there are in so many steps. With sixteen registers none, nor is anything asked for on the way: a step
/// is few vectors there, and both take longer.
#[inline(always)]
const fn stretches<S: Lanes>(steps: usize) -> usize {
    if S::REGISTER_COUNT < 32 { 0 } else { steps / STRETCH }
}

/// Adds the terms of a stretch. Written out: the compiler does not unroll a loop over so much.
#[inline(always)]
fn add_stretch<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    value: impl Fn(usize, usize) -> f32,
    vectors: [&[S::f32s; STRETCH]; VECTORS],
    sums: &mut Sums<S, ROWS, VECTORS>,
) {
    add(simd, |row| value(0, row), vectors.map(|v| v[0]), sums);
    add(simd, |row| value(1, row), vectors.map(|v| v[1]), sums);
    add(simd, |row| value(2, row), vectors.map(|v| v[2]), sums);
    add(simd, |row| value(3, row), vectors.map(|v| v[3]), sums);
}

/// sums += column · row.
#[inline(always)]
fn add<S: Lanes, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    column: impl Fn(usize) -> f32,
    row: [S::f32s; VECTORS],
    sums: &mut Sums<S, ROWS, VECTORS>,
) {
    for (number, sums) in sums.iter_mut().enumerate() {
        let value = simd.splat_f32s(column(number));
        for (vector, sum) in row.into_iter().zip(sums) {
            *sum = simd.mul_add_e_f32s(value, vector, *sum);
        }
    }
}
