//! The optimizer's step: parameter and moments in one pass.

use crate::{
    kernels::elementwise::each_block,
    lanes::{Kernel, Lanes},
    lending::{Part, View},
};

/// A thread's part of a step of Adam on parameter, first and second moment.
pub(crate) struct Adam<'m> {
    pub(crate) step: Step,
    pub(crate) gradient: View<'m>,
    pub(crate) state: [Part<'m>; 3],
}

impl Kernel for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { step, gradient, state: [mut parameter, mut first, mut second] } = self;
        each_block(&mut parameter, |panel, depth, parameter| {
            let vectors = parameter.len() / S::F32_LANES;
            let p = S::as_mut_simd_f32s(parameter).0;
            let m = S::as_mut_simd_f32s(first.block(panel, depth, vectors)).0;
            let v = S::as_mut_simd_f32s(second.block(panel, depth, vectors)).0;
            let gradient = S::as_simd_f32s(gradient.block(panel, depth, vectors)).0;
            for (((p, m), v), gradient) in p.iter_mut().zip(m).zip(v).zip(gradient) {
                step.one(simd, *gradient, [p, m, v]);
            }
        });
    }
}

/// What is the same for every value of a step, worked out in double precision: 1 − 0.999 in single
/// precision is off by 3 parts in 100,000.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    decay1: f32,
    decay2: f32,
    share1: f32,
    share2: f32,
    /// Learning rate over the first moment's bias correction.
    rate: f32,
    /// One over the root of the second moment's bias correction.
    root: f32,
    eps: f32,
}

impl Step {
    pub(crate) fn new(
        (beta1, beta2): (f64, f64),
        eps: f64,
        steps: u32,
        learning_rate: f32,
    ) -> Self {
        let t = f64::from(steps) + 1.0;
        Self {
            decay1: beta1 as f32,
            decay2: beta2 as f32,
            share1: (1.0 - beta1) as f32,
            share2: (1.0 - beta2) as f32,
            rate: (f64::from(learning_rate) / (1.0 - beta1.powf(t))) as f32,
            root: (1.0 / (1.0 - beta2.powf(t)).sqrt()) as f32,
            eps: eps as f32,
        }
    }

    /// Takes the step for a vector of each.
    #[inline(always)]
    pub(crate) fn one<S: Lanes>(self, simd: S, gradient: S::f32s, [p, m, v]: [&mut S::f32s; 3]) {
        let splat = |x| simd.splat_f32s(x);
        let share = simd.mul_add_e_f32s(splat(self.share1), gradient, splat(LEAST));
        *m = simd.mul_add_e_f32s(splat(self.decay1), *m, share);
        let share = simd.mul_f32s(splat(self.share2), gradient);
        let share = simd.mul_add_e_f32s(share, gradient, splat(LEAST));
        *v = simd.mul_add_e_f32s(splat(self.decay2), *v, share);
        let update = simd.over_root(*m, *v, self.root, self.eps);
        *p = simd.mul_add_e_f32s(splat(-self.rate), update, *p);
    }
}

/// Added to each moment. A unit that relu keeps at zero has moments that shrink towards nothing, and
/// arithmetic on denormal numbers takes a hundred times as long. With this the first moment stays above 10⁻³³,
/// the second above 10⁻³¹, and so does nearly always what an estimate of its root is off by. It moves no
/// parameter: 10⁻³³ over eps is 10⁻²⁵. Where eps is 0, it slows down what gradients below 10⁻¹⁵ move.
const LEAST: f32 = 1e-34;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{Dispatch, Level};

    /// A unit that never gets a gradient, from its first step on.
    struct Dead;

    impl Kernel for Dead {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            let zero = simd.splat_f32s(0.0);
            let [mut p, mut m, mut v] = [simd.splat_f32s(0.03), zero, zero];
            for steps in 0..500 {
                let step = Step::new((0.9, 0.999), 1e-8, steps, 1e-3);
                step.one(simd, zero, [&mut p, &mut m, &mut v]);
                let first = |vector: &S::f32s| {
                    pulp::bytemuck::cast_slice::<_, f32>(std::slice::from_ref(vector))[0]
                };
                assert!(first(&m).is_normal() && first(&v).is_normal(), "step {steps}");
                assert_eq!(first(&p), 0.03, "step {steps}");
            }
        }
    }

    #[test]
    fn a_dead_unit_stays_where_it_is_and_its_moments_above_denormal_numbers() {
        for level in Level::ALL {
            Dispatch::new(level).enter(Dead);
        }
    }
}
