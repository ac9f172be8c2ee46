//! One value at a time, many at once: maps over one or two slots, split over threads when long.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::dispatch::Dispatch;

/// Values that one task takes at a time: enough to be worth waking a thread for.
pub(crate) const TASK: usize = 1 << 14;

/// out = f(x), or out = f(out) where `x` is not given.
pub(crate) fn map<F>(dispatch: Dispatch, out: &mut [f32], x: Option<&[f32]>, f: F)
where
    F: Fn(f32) -> f32 + Copy + Sync,
{
    each_task(out, |from, out| {
        let x = x.map(|x| &x[from..from + out.len()]);
        dispatch.run(Map { out, x, f });
    });
}

/// out = f(x, y), or out = f(out, y) where `x` is not given.
pub(crate) fn zip<F>(dispatch: Dispatch, out: &mut [f32], x: Option<&[f32]>, y: &[f32], f: F)
where
    F: Fn(f32, f32) -> f32 + Copy + Sync,
{
    each_task(out, |from, out| {
        let part = from..from + out.len();
        let x = x.map(|x| &x[part.clone()]);
        dispatch.run(Zip { out, x, y: &y[part], f });
    });
}

/// Runs `work(position of its first value, values)` on parts of a slot, on many threads when it is long.
fn each_task(out: &mut [f32], work: impl Fn(usize, &mut [f32]) + Sync) {
    if out.len() < 2 * TASK {
        work(0, out);
    } else {
        out.par_chunks_mut(TASK).enumerate().for_each(|(number, out)| work(number * TASK, out));
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
