//! Using a trained model: images to latents, latents to images, images out of nothing.

use elbo_tensor::random;

use crate::{Error, Result, Vae};

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
        let (input, latent, batch) =
            (self.config.sizes.input, self.config.sizes.latent, self.config.batch_size);
        let count = Error::check_rows("images to encode", pixels.len(), input)?;
        let mut latents = Latents { means: Vec::new(), log_variances: Vec::new() };
        let mut padded = vec![0; batch * input];
        for pixels in pixels.chunks(batch * input) {
            padded[..pixels.len()].copy_from_slice(pixels);
            self.run.write(self.entries.generation.pixels, (&padded[..]).into())?;
            self.run_entry("encode", 1)?;
            latents.means.extend(self.run.read_f32(self.entries.generation.mean)?);
            latents.log_variances.extend(self.run.read_f32(self.entries.generation.log_variance)?);
        }
        latents.means.truncate(count * latent);
        latents.log_variances.truncate(count * latent);
        Ok(latents)
    }

    /// The image of each latent. `latents`: `[count, latent]`. Returns `[count, input]`, pixels in
    /// [-1, 1].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        let (input, latent, batch) =
            (self.config.sizes.input, self.config.sizes.latent, self.config.batch_size);
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        let mut images = Vec::new();
        let mut padded = vec![0.0; batch * latent];
        for latents in latents.chunks(batch * latent) {
            padded[..latents.len()].copy_from_slice(latents);
            self.run.write(self.entries.generation.latents, (&padded[..]).into())?;
            self.run_entry("decode", 1)?;
            images.extend(self.run.read_f32(self.entries.generation.decoded)?);
        }
        images.truncate(count * input);
        Ok(images)
    }

    /// Images of `count` latents drawn from the prior. Returns `[count, input]`, pixels in [-1, 1].
    ///
    /// The first `n` images of a seed are the same however many are asked for.
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        let (input, batch) = (self.config.sizes.input, self.config.batch_size);
        self.run.write(self.entries.generation.sample_key, (&random::key(seed)[..]).into())?;
        self.run.write(self.entries.generation.sample_batch, (&[0_u32][..]).into())?;
        let mut images = Vec::new();
        for _ in 0..count.div_ceil(batch) {
            self.run_entry("sample", 1)?;
            images.extend(self.run.read_f32(self.entries.generation.sampled)?);
        }
        images.truncate(count * input);
        Ok(images)
    }
}
