//! The layer that most models are made of: x · Wᵀ + b.

use elbo_tensor::Var;

use crate::Parameters;

/// A fully connected layer, stored as PyTorch's `nn.Linear` stores it.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'t> {
    /// `[outputs, inputs]`.
    pub weight: Var<'t>,
    /// `[outputs]`.
    pub bias: Var<'t>,
}

impl<'t> Linear<'t> {
    /// A layer whose parameters are called `NAME.weight` and `NAME.bias`, both with a fan-in of
    /// `inputs`.
    #[track_caller]
    pub fn new(parameters: &Parameters<'t>, name: &str, inputs: usize, outputs: usize) -> Self {
        Self {
            weight: parameters.add(&format!("{name}.weight"), [outputs, inputs], inputs),
            bias: parameters.add(&format!("{name}.bias"), [outputs], inputs),
        }
    }

    /// x · Wᵀ + b: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// Other shapes are a fault of the tape that names the caller's line.
    #[track_caller]
    #[must_use]
    pub fn forward(&self, x: Var<'t>) -> Var<'t> {
        x.matmul_transposed(self.weight).add_row(self.bias)
    }
}
