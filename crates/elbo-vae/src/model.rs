//! The model as its formulas: encoder, reparameterization, decoder, objective.

use elbo_nn::{
    Linear, Parameters,
    activation::{relu, tanh},
    loss::{kl_divergence, squared_error},
};
use elbo_tensor::Var;

use crate::Sizes;

/// Image to posterior: one hidden layer, then a head for the mean and one for the log variance.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'t> {
    hidden: Linear<'t>,
    mean: Linear<'t>,
    log_variance: Linear<'t>,
}

/// q(z | x): a normal distribution with independent dimensions.
#[derive(Clone, Copy, Debug)]
pub struct Posterior<'t> {
    /// μ, `[batch, latent]`.
    pub mean: Var<'t>,
    /// log σ², `[batch, latent]`.
    pub log_variance: Var<'t>,
}

impl<'t> Encoder<'t> {
    /// Parameters `fc1`, `fc21` (mean) and `fc22` (log variance).
    #[track_caller]
    #[must_use]
    pub fn new(parameters: &Parameters<'t>, sizes: Sizes) -> Self {
        Self {
            hidden: Linear::new(parameters, "fc1", sizes.input, sizes.hidden),
            mean: Linear::new(parameters, "fc21", sizes.hidden, sizes.latent),
            log_variance: Linear::new(parameters, "fc22", sizes.hidden, sizes.latent),
        }
    }

    /// The posterior of each image. `images`: `[batch, input]`, pixels in [-1, 1].
    #[track_caller]
    #[must_use]
    pub fn encode(&self, images: Var<'t>) -> Posterior<'t> {
        let hidden = relu(self.hidden.forward(images));
        Posterior {
            mean: self.mean.forward(hidden),
            log_variance: self.log_variance.forward(hidden),
        }
    }
}

/// Latent to image: one hidden layer.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'t> {
    hidden: Linear<'t>,
    image: Linear<'t>,
}

impl<'t> Decoder<'t> {
    /// Parameters `fc3` and `fc4`.
    #[track_caller]
    #[must_use]
    pub fn new(parameters: &Parameters<'t>, sizes: Sizes) -> Self {
        Self {
            hidden: Linear::new(parameters, "fc3", sizes.latent, sizes.hidden),
            image: Linear::new(parameters, "fc4", sizes.hidden, sizes.input),
        }
    }

    /// The image of each latent. `latents`: `[batch, latent]`. Returns `[batch, input]`, pixels in
    /// [-1, 1].
    #[track_caller]
    #[must_use]
    pub fn decode(&self, latents: Var<'t>) -> Var<'t> {
        tanh(self.image.forward(relu(self.hidden.forward(latents))))
    }
}

/// z = μ + ε · σ with ε from a standard normal distribution, so that gradients reach μ and σ.
///
/// `noise`: `[batch, latent]`. Kingma & Welling 2014, section 2.4.
#[track_caller]
#[must_use]
pub fn reparameterize<'t>(posterior: Posterior<'t>, noise: Var<'t>) -> Var<'t> {
    let deviation = (posterior.log_variance * 0.5).exp();
    posterior.mean + noise * deviation
}

/// The negative ELBO of a batch as its two parts, each a sum over the batch `[1]`.
#[derive(Clone, Copy, Debug)]
pub struct Objective<'t> {
    /// Squared error between images and reconstructions.
    pub reconstruction: Var<'t>,
    /// Kullback–Leibler divergence of the posteriors from the prior, in nats.
    pub kl: Var<'t>,
}

impl<'t> Objective<'t> {
    /// What training minimizes: the sum of both parts over the number of images.
    #[track_caller]
    #[must_use]
    pub fn loss(&self, batch: usize) -> Var<'t> {
        (self.reconstruction + self.kl) * (1.0 / batch as f32)
    }
}

/// The objective of a batch from its images, reconstructions and posteriors.
#[track_caller]
#[must_use]
pub fn objective<'t>(
    images: Var<'t>,
    reconstructions: Var<'t>,
    posterior: Posterior<'t>,
) -> Objective<'t> {
    Objective {
        reconstruction: squared_error(reconstructions, images),
        kl: kl_divergence(posterior.mean, posterior.log_variance),
    }
}

/// Encoder and decoder, their parameters made in the order of PyTorch's `state_dict`.
#[derive(Clone, Copy, Debug)]
pub struct Model<'t> {
    /// Image to posterior.
    pub encoder: Encoder<'t>,
    /// Latent to image.
    pub decoder: Decoder<'t>,
}

impl<'t> Model<'t> {
    /// The model with parameters `fc1`, `fc21`, `fc22`, `fc3`, `fc4`.
    #[track_caller]
    #[must_use]
    pub fn new(parameters: &Parameters<'t>, sizes: Sizes) -> Self {
        Self { encoder: Encoder::new(parameters, sizes), decoder: Decoder::new(parameters, sizes) }
    }
}
