//! What happens to a product's sums once they are complete.

use elbo_tensor::Activation;

use crate::{lanes::Lanes, math};

/// What is done to each value of a product [m, n].
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// [n], added to each row, if there is one.
    pub(crate) bias: Option<&'a [f32]>,
    /// Applied to each value then.
    pub(crate) activation: Activation,
    /// [m, n]: where it is not above 0, the result is 0.
    pub(crate) mask: Option<&'a [f32]>,
}

impl Epilogue<'_> {
    /// No epilogue.
    pub(crate) const NONE: Self = Self { bias: None, activation: Activation::Identity, mask: None };

    /// Puts at most a vector of sums into their places in a row, which begin at `column`. `start` is
    /// where the row begins in the whole product.
    #[inline(always)]
    pub(super) fn store<S: Lanes>(
        self,
        simd: S,
        sums: S::f32s,
        (start, column): (usize, usize),
        places: &mut [f32],
    ) {
        let mut sums = sums;
        if let Some(bias) = self.bias {
            let bias = &bias[column..column + places.len()];
            sums = simd.add_f32s(sums, simd.partial_load_f32s(bias));
        }
        match self.activation {
            Activation::Identity => {}
            Activation::Relu => {
                let zero = simd.splat_f32s(0.0);
                // Not max: what is not a number must show.
                sums = simd.select_f32s(simd.less_than_f32s(sums, zero), zero, sums);
            }
            Activation::Tanh => {
                let values: &mut [f32] =
                    pulp::bytemuck::cast_slice_mut(std::slice::from_mut(&mut sums));
                values.iter_mut().for_each(|value| *value = math::tanh(*value));
            }
        }
        if let Some(mask) = self.mask {
            let mask = simd.partial_load_f32s(&mask[start + column..][..places.len()]);
            let zero = simd.splat_f32s(0.0);
            sums = simd.select_f32s(simd.greater_than_f32s(mask, zero), sums, zero);
        }
        match S::as_mut_simd_f32s(places) {
            ([whole], _) => *whole = sums,
            _ => simd.partial_store_f32s(places, sums),
        }
    }
}
