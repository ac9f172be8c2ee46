//! What a trained model comes to on images it has not seen, in figures.

use elbo_data::ImageSet;
use elbo_vae::{Evaluation, Losses};
use serde::Serialize;

use crate::{Error, Model, Result};

/// The figures of an evaluation. Losses are sums over an image's pixels or latent dimensions, as means
/// over images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How many images, each counted once.
    pub images: usize,
    /// With z drawn from each posterior.
    pub sampled: Sum,
    /// With z = μ.
    pub mean: Sum,
    /// KL divergence of each latent dimension, in nats.
    pub kl_per_dimension: Vec<f64>,
    /// Latent dimensions whose μ has a variance above [`elbo_vae::ACTIVE`] over the images.
    pub active_units: usize,
    /// Squared error a pixel with z = μ, pixels in [-1, 1].
    pub mse_per_pixel: f64,
}

/// A loss and its parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sum {
    /// Reconstruction + KL.
    pub loss: f64,
    /// Squared error of the reconstruction, pixels in [-1, 1].
    pub reconstruction: f64,
    /// Kullback–Leibler divergence of the posterior from the prior, in nats.
    pub kl: f64,
}

impl From<Losses> for Sum {
    fn from(losses: Losses) -> Self {
        let Losses { reconstruction, kl } = losses;
        Self { loss: losses.total(), reconstruction, kl }
    }
}

impl From<Evaluation> for Figures {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            images: evaluation.images,
            sampled: evaluation.sampled.into(),
            mean: evaluation.mean.into(),
            active_units: evaluation.active_units(),
            kl_per_dimension: evaluation.kl_per_dimension,
            mse_per_pixel: evaluation.mse_per_pixel,
        }
    }
}

/// Measures a model on images. The seed is the training's unless another is given: on its test images
/// the sampled figures then are those that the training measured.
pub fn evaluate(model: &mut Model, set: &ImageSet, seed: Option<u64>) -> Result<Figures> {
    let seed = seed.unwrap_or(model.record().training.seed);
    let evaluation = model.trained().evaluate(&set.images.pixels, seed)?;
    let loss = evaluation.sampled.total() + evaluation.mean.total();
    if !loss.is_finite() {
        let culprit = model.trained().trace_evaluation(&set.images.pixels, seed)?;
        let first = culprit.map_or_else(String::new, |culprit| format!(", first {culprit}"));
        let fact =
            format!("its loss is {loss}{first}; the training diverged, use an earlier checkpoint");
        return Err(Error::Resume { path: model.path().into(), fact });
    }
    Ok(evaluation.into())
}
