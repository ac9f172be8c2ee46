//! What training makes small: scalars `[1]`, summed over everything they are given.
//!
//! Sums, not means: a caller divides by the batch once, after adding the parts.

use elbo_tensor::Var;

/// Σ (reconstruction − target)², over all values.
///
/// Both of one shape. Returns `[1]`. PyTorch's `MSELoss(reduction="sum")`: no factor ½.
#[track_caller]
#[must_use]
pub fn squared_error<'t>(reconstruction: Var<'t>, target: Var<'t>) -> Var<'t> {
    (reconstruction - target).square().sum()
}

/// Kullback–Leibler divergence of N(μ, σ²) from N(0, I): −½ Σ (1 + log σ² − μ² − σ²).
///
/// `mean`, `log_variance`: `[batch, latent]`. Returns `[1]`, in nats, summed over batch and latent
/// dimensions. Kingma & Welling, "Auto-Encoding Variational Bayes", 2014, appendix B.
#[track_caller]
#[must_use]
pub fn kl_divergence<'t>(mean: Var<'t>, log_variance: Var<'t>) -> Var<'t> {
    ((log_variance + 1.0) - mean.square() - log_variance.exp()).sum() * -0.5
}
