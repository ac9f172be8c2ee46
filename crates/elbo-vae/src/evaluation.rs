//! What a model comes to on a set of images, summed up in double precision.

use crate::{Latents, Losses, Sizes};

/// A latent dimension counts as active where the variance of its μ over the images is above this
/// (Burda, Grosse & Salakhutdinov 2015, section 5.2).
pub const ACTIVE: f64 = 0.01;

/// A model measured on a set of images, every image counted once.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// How many images.
    pub images: usize,
    /// With z drawn from each posterior: an estimate of the negative ELBO.
    pub sampled: Losses,
    /// With z = μ, which involves no chance.
    pub mean: Losses,
    /// KL divergence of each latent dimension in nats, a mean over images. They add up to the losses'.
    pub kl_per_dimension: Vec<f64>,
    /// Variance of each dimension's μ over the images.
    pub mean_variances: Vec<f64>,
    /// Squared error a pixel with z = μ, pixels in [-1, 1].
    pub mse_per_pixel: f64,
}

impl Evaluation {
    /// Latent dimensions that tell images apart: those whose μ varies by more than [`ACTIVE`].
    #[must_use]
    pub fn active_units(&self) -> usize {
        self.mean_variances.iter().filter(|variance| **variance > ACTIVE).count()
    }
}

/// Sums over the images seen so far.
pub(crate) struct Sums {
    sizes: Sizes,
    images: usize,
    sampled: f64,
    mean: f64,
    kl: Vec<f64>,
    /// Of each dimension's μ: its mean, and the squared distances from it (Welford 1962).
    center: Vec<f64>,
    spread: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(sizes: Sizes) -> Self {
        let zeros = || vec![0.0; sizes.latent];
        let (kl, center, spread) = (zeros(), zeros(), zeros());
        Self { sizes, images: 0, sampled: 0.0, mean: 0.0, kl, center, spread }
    }

    /// Adds images and what became of them. The rows that `pixels` has are counted; the other slices
    /// may be longer, as a batch that is not full is.
    pub(crate) fn add(&mut self, pixels: &[u8], latents: &Latents, sampled: &[f32], mean: &[f32]) {
        self.sampled += squared_error(pixels, sampled);
        self.mean += squared_error(pixels, mean);
        let latent = self.sizes.latent;
        let rows =
            latents.means.chunks_exact(latent).zip(latents.log_variances.chunks_exact(latent));
        for (means, log_variances) in rows.take(pixels.len() / self.sizes.input) {
            self.images += 1;
            for (unit, (&mean, &log_variance)) in means.iter().zip(log_variances).enumerate() {
                let (mean, log_variance) = (f64::from(mean), f64::from(log_variance));
                self.kl[unit] += 0.5 * (log_variance.exp() + mean * mean - 1.0 - log_variance);
                let distance = mean - self.center[unit];
                self.center[unit] += distance / self.images as f64;
                self.spread[unit] += distance * (mean - self.center[unit]);
            }
        }
    }

    /// The sums as means over images.
    pub(crate) fn finish(self) -> Evaluation {
        let images = self.images as f64;
        let each = |sums: Vec<f64>| sums.into_iter().map(|sum| sum / images).collect::<Vec<f64>>();
        let kl_per_dimension = each(self.kl);
        let kl = kl_per_dimension.iter().sum();
        let mean = self.mean / images;
        Evaluation {
            images: self.images,
            sampled: Losses { reconstruction: self.sampled / images, kl },
            mean: Losses { reconstruction: mean, kl },
            kl_per_dimension,
            mean_variances: each(self.spread),
            mse_per_pixel: mean / self.sizes.input as f64,
        }
    }
}

/// Between images as bytes and as the model gives them, [-1, 1], summed over all pixels of `pixels`.
fn squared_error(pixels: &[u8], images: &[f32]) -> f64 {
    let pairs = pixels.iter().zip(images);
    pairs.map(|(&byte, &value)| (f64::from(byte) / 127.5 - 1.0 - f64::from(value)).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_images_come_to_what_the_formulas_say() {
        let mut sums = Sums::new(Sizes { input: 2, hidden: 1, latent: 2 });
        let latents = Latents {
            // A third row, left of another batch, counts for nothing.
            means: vec![1.0, 0.0, 3.0, 0.0, 9.0, 9.0],
            log_variances: vec![0.0, 0.0, 0.0, 2.0, 9.0, 9.0],
        };
        let (sampled, mean) = ([0.0, 0.0, 0.0, 0.0, 7.0, 7.0], [-1.0, 1.0, 1.0, 1.0, 7.0, 7.0]);
        sums.add(&[0, 255, 255, 0], &latents, &sampled, &mean);
        let evaluation = sums.finish();
        assert_eq!(evaluation.images, 2);
        assert_eq!(evaluation.sampled.reconstruction, 2.0);
        assert_eq!(evaluation.mean.reconstruction, 2.0);
        assert_eq!(evaluation.mse_per_pixel, 1.0);
        // ½ (1 + 1 − 1 − 0) and ½ (1 + 9 − 1 − 0); 0 and ½ (e² − 1 − 2).
        assert_eq!(evaluation.kl_per_dimension, [2.5, 0.25 * (2.0_f64.exp() - 3.0)]);
        assert_eq!(evaluation.sampled.kl, evaluation.kl_per_dimension.iter().sum::<f64>());
        assert_eq!(evaluation.mean_variances, [1.0, 0.0]);
        assert_eq!(evaluation.active_units(), 1);
    }
}
