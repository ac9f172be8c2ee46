//! One value at a time: maps over one or two matrices that lie alike, padding included.

use crate::{
    dispatch::Dispatch,
    lanes::{Kernel, Lanes},
    lending::{Part, View},
};

/// A function of one value, compiled for each level.
pub(crate) trait Function: Copy {
    /// Its value at `x`.
    fn at<S: Lanes>(self, x: f32) -> f32;
}

impl<F: Fn(f32) -> f32 + Copy> Function for F {
    #[inline(always)]
    fn at<S: Lanes>(self, x: f32) -> f32 {
        self(x)
    }
}

/// out = f(x), or out = f(out) where `x` is not given.
pub(crate) fn map<F: Function>(dispatch: Dispatch, mut out: Part<'_>, x: Option<View<'_>>, f: F) {
    each_block(&mut out, |panel, first, out| {
        let x = x.map(|x| x.block(panel, first, out.len() / x.layout().lanes));
        dispatch.enter(Map { out, x, f });
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
        dispatch.enter(Zip { out, x, y: y.block(panel, first, vectors), f });
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

impl<F: Function> Kernel for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        let Self { out, x, f } = self;
        match x {
            Some(x) => out.iter_mut().zip(x).for_each(|(out, x)| *out = f.at::<S>(*x)),
            None => out.iter_mut().for_each(|out| *out = f.at::<S>(*out)),
        }
    }
}

struct Zip<'a, F> {
    out: &'a mut [f32],
    x: Option<&'a [f32]>,
    y: &'a [f32],
    f: F,
}

impl<F: Fn(f32, f32) -> f32> Kernel for Zip<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        let Self { out, x, y, f } = self;
        match x {
            Some(x) => out.iter_mut().zip(x).zip(y).for_each(|((out, x), y)| *out = f(*x, *y)),
            None => out.iter_mut().zip(y).for_each(|(out, y)| *out = f(*out, *y)),
        }
    }
}
