//! One value at a time: maps over one or two matrices that lie alike, padding included.

use pulp::{Simd, WithSimd};

use crate::{
    dispatch::Dispatch,
    shared::{Part, View},
};

/// out = f(x), or out = f(out) where `x` is not given.
pub(crate) fn map<F>(dispatch: Dispatch, mut out: Part<'_>, x: Option<View<'_>>, f: F)
where
    F: Fn(f32) -> f32 + Copy,
{
    each_block(&mut out, |panel, first, out| {
        let x = x.map(|x| x.block(panel, first, out.len() / x.layout().lanes));
        dispatch.run(Map { out, x, f });
    });
}

/// out = f(x, y), or out = f(out, y) where `x` is not given.
pub(crate) fn zip<F>(dispatch: Dispatch, mut out: Part<'_>, x: Option<View<'_>>, y: View<'_>, f: F)
where
    F: Fn(f32, f32) -> f32 + Copy,
{
    each_block(&mut out, |panel, first, out| {
        let vectors = out.len() / y.layout().lanes;
        let x = x.map(|x| x.block(panel, first, vectors));
        dispatch.run(Zip { out, x, y: y.block(panel, first, vectors), f });
    });
}

/// Runs `work(panel, first vector, values)` on each panel's share of a part.
pub(crate) fn each_block(part: &mut Part<'_>, mut work: impl FnMut(usize, usize, &mut [f32])) {
    let (panels, depth) = (part.region().panels(), part.region().depth());
    for panel in panels {
        work(panel, depth.start, part.block(panel, depth.start, depth.len()));
    }
}

struct Map<'a, F> {
    out: &'a mut [f32],
    x: Option<&'a [f32]>,
    f: F,
}

impl<F: Fn(f32) -> f32> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, x, f } = self;
        match x {
            Some(x) => out.iter_mut().zip(x).for_each(|(out, x)| *out = f(*x)),
            None => out.iter_mut().for_each(|out| *out = f(*out)),
        }
    }
}

struct Zip<'a, F> {
    out: &'a mut [f32],
    x: Option<&'a [f32]>,
    y: &'a [f32],
    f: F,
}

impl<F: Fn(f32, f32) -> f32> WithSimd for Zip<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, x, y, f } = self;
        match x {
            Some(x) => out.iter_mut().zip(x).zip(y).for_each(|((out, x), y)| *out = f(*x, *y)),
            None => out.iter_mut().zip(y).for_each(|(out, y)| *out = f(*out, *y)),
        }
    }
}
