//! What stands between two layers: functions applied value by value, of any shape.

use elbo_tensor::Var;

/// max(0, x), value by value.
#[track_caller]
#[must_use]
pub fn relu(x: Var<'_>) -> Var<'_> {
    x.relu()
}

/// Hyperbolic tangent, value by value.
#[track_caller]
#[must_use]
pub fn tanh(x: Var<'_>) -> Var<'_> {
    x.tanh()
}

/// 1 / (1 + e⁻ˣ), value by value.
#[track_caller]
#[must_use]
pub fn sigmoid(x: Var<'_>) -> Var<'_> {
    x.sigmoid()
}
