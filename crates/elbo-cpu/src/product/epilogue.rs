//! What happens to a product's sums once they are complete.

use elbo_tensor::Activation;

use crate::{kernels::math, lanes::Lanes, layout::Form, lending::View};

/// What is done to each value of a product.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'m> {
    /// A vector, added to each row of the product first.
    pub(crate) bias: Option<View<'m>>,
    /// Applied to each value then.
    pub(crate) activation: Activation,
    /// Lies as the result does: where it is not above 0, the result is 0.
    pub(crate) mask: Option<View<'m>>,
}

impl Epilogue<'_> {
    /// No epilogue.
    pub(crate) const NONE: Self = Self { bias: None, activation: Activation::Identity, mask: None };

    /// Finishes sums of a panel of a product in a form, from a vector on, and puts them into their places.
    #[inline(always)]
    pub(super) fn store<S: Lanes>(
        &self,
        simd: S,
        form: Form,
        (panel, first): (usize, usize),
        sums: impl Iterator<Item = S::f32s>,
        places: &mut [S::f32s],
    ) {
        let zero = simd.splat_f32s(0.0);
        let in_lanes = |bias: View<'_>| S::as_simd_f32s(bias.block(panel, 0, 1)).0[0];
        let bias = match form {
            Form::Straight => self.bias.map(in_lanes),
            Form::Turned => None,
        };
        let mask = self.mask.map(|mask| S::as_simd_f32s(mask.block(panel, first, places.len())).0);
        for (number, (place, sum)) in places.iter_mut().zip(sums).enumerate() {
            let bias = match (form, self.bias) {
                (Form::Turned, Some(bias)) => {
                    let vector = first + number;
                    let values = bias.block(vector / S::F32_LANES, 0, 1);
                    simd.splat_f32s(values[vector % S::F32_LANES])
                }
                _ => bias.unwrap_or(zero),
            };
            let sum = activate(simd, self.activation, simd.add_f32s(sum, bias));
            *place = match mask {
                Some(mask) => {
                    simd.select_f32s(simd.greater_than_f32s(mask[number], zero), sum, zero)
                }
                None => sum,
            };
        }
    }
}

#[inline(always)]
fn activate<S: Lanes>(simd: S, activation: Activation, mut x: S::f32s) -> S::f32s {
    match activation {
        Activation::Identity => x,
        Activation::Relu => {
            let zero = simd.splat_f32s(0.0);
            // Not max: what is not a number must show.
            simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
        }
        Activation::Tanh => {
            let values: &mut [f32] = pulp::bytemuck::cast_slice_mut(std::slice::from_mut(&mut x));
            values.iter_mut().for_each(|value| *value = math::tanh::<S>(*value));
            x
        }
    }
}
