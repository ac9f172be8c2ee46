//! What happens to a product's sums once they are complete.

use elbo_tensor::Activation;

use crate::{kernels::math, lanes::Lanes, shared::View};

/// A vector that is added to the product.
#[derive(Clone, Copy)]
pub(crate) enum Bias<'m> {
    /// None.
    None,
    /// One value for each lane of the result.
    Lanes(View<'m>),
    /// One value for each vector of a panel.
    Vectors(View<'m>),
}

/// What is done to each value of a product.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'m> {
    /// Added first.
    pub(crate) bias: Bias<'m>,
    /// Applied to each value then.
    pub(crate) activation: Activation,
    /// Lies as the result does: where it is not above 0, the result is 0.
    pub(crate) mask: Option<View<'m>>,
}

impl Epilogue<'_> {
    /// No epilogue.
    pub(crate) const NONE: Self =
        Self { bias: Bias::None, activation: Activation::Identity, mask: None };

    /// Finishes vectors of a panel from a row on.
    #[inline(always)]
    pub(super) fn apply<S: Lanes>(
        &self,
        simd: S,
        (panel, row): (usize, usize),
        values: &mut [S::f32s],
    ) {
        match self.bias {
            Bias::None => {}
            Bias::Lanes(bias) => {
                let bias = S::as_simd_f32s(bias.block(panel, 0, 1)).0[0];
                values.iter_mut().for_each(|value| *value = simd.add_f32s(*value, bias));
            }
            Bias::Vectors(bias) => {
                for (row, value) in (row..).zip(values.iter_mut()) {
                    let bias = bias.block(row / S::F32_LANES, 0, 1)[row % S::F32_LANES];
                    *value = simd.add_f32s(*value, simd.splat_f32s(bias));
                }
            }
        }
        let zero = simd.splat_f32s(0.0);
        match self.activation {
            Activation::Identity => {}
            Activation::Relu => {
                for value in values.iter_mut() {
                    // Not max: what is not a number must show.
                    *value = simd.select_f32s(simd.less_than_f32s(*value, zero), zero, *value);
                }
            }
            Activation::Tanh => {
                let values: &mut [f32] = pulp::bytemuck::cast_slice_mut(values);
                values.iter_mut().for_each(|value| *value = math::tanh::<S>(*value));
            }
        }
        if let Some(mask) = self.mask {
            let mask = S::as_simd_f32s(mask.block(panel, row, values.len())).0;
            for (value, mask) in values.iter_mut().zip(mask) {
                *value = simd.select_f32s(simd.greater_than_f32s(*mask, zero), *value, zero);
            }
        }
    }
}
