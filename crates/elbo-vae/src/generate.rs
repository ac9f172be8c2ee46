//! Using a trained model: images to latents, latents to images, images out of nothing.
//!
//! Each way comes twice: into a new vector, and `_into` values that the caller keeps between calls.
//! Fresh memory costs a page fault every 4 KiB, of 10,000 MNIST images 7,656 of them; whoever makes
//! images over and over saves that.

use elbo_tensor::random;

use crate::{Error, Result, Sizes, Vae};

/// Posteriors of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Latents {
    /// μ, `[count, latent]`.
    pub means: Vec<f32>,
    /// log σ², `[count, latent]`.
    pub log_variances: Vec<f32>,
}

impl Vae {
    /// The posterior of each image. `pixels`: `[count, input]`, 0 for black to 255 for white.
    pub fn encode(&mut self, pixels: &[u8]) -> Result<Latents> {
        let Sizes { input, latent, .. } = self.config.sizes;
        let values = Error::check_rows("images to encode", pixels.len(), input)? * latent;
        let mut latents = Latents { means: vec![0.0; values], log_variances: vec![0.0; values] };
        self.encode_into(pixels, &mut latents.means, &mut latents.log_variances)?;
        Ok(latents)
    }

    /// [`Vae::encode`] into `means` and `log_variances`, `[count, latent]` each.
    pub fn encode_into(
        &mut self,
        pixels: &[u8],
        means: &mut [f32],
        log_variances: &mut [f32],
    ) -> Result<()> {
        let (Sizes { input, latent, .. }, batch) = (self.config.sizes, self.config.batch_size);
        let count = Error::check_rows("images to encode", pixels.len(), input)?;
        Error::check_len("room for means", means.len(), count, latent)?;
        Error::check_len("room for log variances", log_variances.len(), count, latent)?;
        let places = self.entries.generation;
        let rooms = means.chunks_mut(batch * latent).zip(log_variances.chunks_mut(batch * latent));
        for (pixels, (means, log_variances)) in pixels.chunks(batch * input).zip(rooms) {
            self.run.write_front(places.pixels, pixels.into())?;
            self.run_entry("encode", 1)?;
            self.run.read_front(places.mean, means.into())?;
            self.run.read_front(places.log_variance, log_variances.into())?;
        }
        Ok(())
    }

    /// The image of each latent. `latents`: `[count, latent]`. Returns `[count, input]`, pixels in
    /// [-1, 1].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        let Sizes { input, latent, .. } = self.config.sizes;
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        let mut images = vec![0.0; count * input];
        self.decode_into(latents, &mut images)?;
        Ok(images)
    }

    /// [`Vae::decode`] into `images`, `[count, input]`.
    pub fn decode_into(&mut self, latents: &[f32], images: &mut [f32]) -> Result<()> {
        let (Sizes { input, latent, .. }, batch) = (self.config.sizes, self.config.batch_size);
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        Error::check_len("room for images", images.len(), count, input)?;
        let places = self.entries.generation;
        let batches = latents.chunks(batch * latent).zip(images.chunks_mut(batch * input));
        for (latents, images) in batches {
            self.run.write_front(places.latents, latents.into())?;
            self.run_entry("decode", 1)?;
            self.run.read_front(places.decoded, images.into())?;
        }
        Ok(())
    }

    /// Images of `count` latents drawn from the prior. Returns `[count, input]`, pixels in [-1, 1].
    ///
    /// The first `n` images of a seed are the same however many are asked for.
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        let mut images = vec![0.0; count * self.config.sizes.input];
        self.sample_into(seed, &mut images)?;
        Ok(images)
    }

    /// [`Vae::sample`] into `images`, `[count, input]`: as many as there is room for.
    pub fn sample_into(&mut self, seed: u64, images: &mut [f32]) -> Result<()> {
        let (input, batch) = (self.config.sizes.input, self.config.batch_size);
        Error::check_rows("room for samples", images.len(), input)?;
        let places = self.entries.generation;
        self.run.write(places.sample_key, (&random::key(seed)[..]).into())?;
        self.run.write(places.sample_batch, (&[0_u32][..]).into())?;
        for images in images.chunks_mut(batch * input) {
            self.run_entry("sample", 1)?;
            self.run.read_front(places.sampled, images.into())?;
        }
        Ok(())
    }
}
