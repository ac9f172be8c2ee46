//! The objective as its two parts, in the units that users compare.

/// The negative ELBO's two parts, each summed over an image's pixels or latent dimensions and averaged
/// over images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Squared error of the reconstruction, pixels in [-1, 1].
    pub reconstruction: f64,
    /// Kullback–Leibler divergence of the posterior from the prior, in nats.
    pub kl: f64,
}

impl Losses {
    /// What training minimizes: reconstruction + KL.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.reconstruction + self.kl
    }

    /// Sums over a batch or an epoch, turned into means over its images.
    pub(crate) fn mean_of(reconstruction: &[f32], kl: &[f32], images: usize) -> Self {
        let sum = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>();
        let images = images as f64;
        Self { reconstruction: sum(reconstruction) / images, kl: sum(kl) / images }
    }
}

/// What an epoch's steps have reported so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochLosses {
    /// Over all images of the steps that have run.
    pub mean: Losses,
    /// Over the images of the last step.
    pub last_batch: Losses,
}
