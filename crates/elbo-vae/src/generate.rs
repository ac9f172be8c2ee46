//! Using a model: images to latents, latents to images, images out of nothing.

use elbo_tensor::{Dtype, Id, Run, Tape, random};

use crate::{
    Error, Model, Posterior, Result, Sizes, Vae,
    entries::{Draft, NORMALIZATION, run_entry},
    streams,
};

/// Posteriors of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Latents {
    /// μ, `[count, latent]`.
    pub means: Vec<f32>,
    /// log σ², `[count, latent]`.
    pub log_variances: Vec<f32>,
}

/// Where the host meets the entries `encode`, `decode` and `sample`, each of which takes a batch.
#[derive(Clone, Copy, Debug)]
pub struct Generation {
    /// The model's sizes.
    pub sizes: Sizes,
    /// Images or latents that an entry takes at once.
    pub batch_size: usize,
    /// Images to encode, `u8` `[batch, input]`.
    pub pixels: Id,
    /// Their order, `u32` `[batch]`.
    pub order: Id,
    /// μ, an output of `encode`.
    pub mean: Id,
    /// log σ², an output of `encode`.
    pub log_variance: Id,
    /// Latents to decode, `[batch, latent]`.
    pub latents: Id,
    /// Images, an output of `decode`.
    pub decoded: Id,
    /// The drawing's key, `u32` `[2]`.
    pub sample_key: Id,
    /// The drawing's batch number, `u32` `[1]`.
    pub sample_batch: Id,
    /// Latents drawn from the prior, an output of `sample`.
    pub drawn: Id,
    /// Their images, another.
    pub sampled: Id,
}

/// What an entry beside `encode` can build on: its images, `[batch, input]` in [-1, 1], and their
/// posteriors.
pub(crate) type Encoded<'t> = (elbo_tensor::Var<'t>, Posterior<'t>);

impl Generation {
    /// Writes the three entries' formulas.
    pub(crate) fn write<'t>(
        tape: &'t Tape,
        model: &Model<'t>,
        sizes: Sizes,
        batch_size: usize,
    ) -> (Self, Vec<Draft>, Encoded<'t>) {
        let pixels = tape.input(Dtype::U8, [batch_size, sizes.input]);
        let order = tape.input(Dtype::U32, [batch_size]);
        let images = pixels.gather(order, tape.counter(), batch_size, NORMALIZATION);
        let posterior = model.encoder.encode(images);

        let latents = tape.input(Dtype::F32, [batch_size, sizes.latent]);
        let decoded = model.decoder.decode(latents);

        let sample_key = tape.input(Dtype::U32, [2]);
        let sample_batch = tape.counter();
        let shape = [batch_size, sizes.latent];
        let drawn = tape.normal(sample_key, sample_batch, streams::SAMPLE, shape);
        let sampled = model.decoder.decode(drawn);

        let drafts = vec![
            Draft::new("encode", &[posterior.mean, posterior.log_variance], &[]),
            Draft::new("decode", &[decoded], &[]),
            Draft::new("sample", &[sampled, drawn], &[sample_batch.advance(1)]),
        ];
        let generation = Self {
            sizes,
            batch_size,
            pixels: pixels.id(),
            order: order.id(),
            mean: posterior.mean.id(),
            log_variance: posterior.log_variance.id(),
            latents: latents.id(),
            decoded: decoded.id(),
            sample_key: sample_key.id(),
            sample_batch: sample_batch.id(),
            drawn: drawn.id(),
            sampled: sampled.id(),
        };
        (generation, drafts, (images, posterior))
    }

    /// Writes the order in which images lie: as they come.
    pub(crate) fn write_order(&self, run: &mut dyn Run) -> Result<()> {
        let identity: Vec<u32> = (0..self.batch_size as u32).collect();
        Ok(run.write(self.order, (&identity[..]).into())?)
    }

    pub(crate) fn encode(&self, run: &mut dyn Run, pixels: &[u8]) -> Result<Latents> {
        let Self { sizes: Sizes { input, latent, .. }, batch_size, .. } = *self;
        let count = Error::check_rows("images to encode", pixels.len(), input)?;
        let mut latents = Latents { means: Vec::new(), log_variances: Vec::new() };
        let mut padded = vec![0; batch_size * input];
        for pixels in pixels.chunks(batch_size * input) {
            padded[..pixels.len()].copy_from_slice(pixels);
            run.write(self.pixels, (&padded[..]).into())?;
            run_entry(run, "encode", 1)?;
            latents.means.extend(run.read_f32(self.mean)?);
            latents.log_variances.extend(run.read_f32(self.log_variance)?);
        }
        latents.means.truncate(count * latent);
        latents.log_variances.truncate(count * latent);
        Ok(latents)
    }

    pub(crate) fn decode(&self, run: &mut dyn Run, latents: &[f32]) -> Result<Vec<f32>> {
        let Self { sizes: Sizes { input, latent, .. }, batch_size, .. } = *self;
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        let mut images = Vec::new();
        let mut padded = vec![0.0; batch_size * latent];
        for latents in latents.chunks(batch_size * latent) {
            padded[..latents.len()].copy_from_slice(latents);
            run.write(self.latents, (&padded[..]).into())?;
            run_entry(run, "decode", 1)?;
            images.extend(run.read_f32(self.decoded)?);
        }
        images.truncate(count * input);
        Ok(images)
    }

    pub(crate) fn sample(&self, run: &mut dyn Run, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.draw(run, count, seed, (self.sampled, self.sizes.input))
    }

    pub(crate) fn prior(&self, run: &mut dyn Run, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.draw(run, count, seed, (self.drawn, self.sizes.latent))
    }

    /// Runs `sample` and gathers `count` rows of one of its outputs.
    fn draw(
        &self,
        run: &mut dyn Run,
        count: usize,
        seed: u64,
        (output, width): (Id, usize),
    ) -> Result<Vec<f32>> {
        run.write(self.sample_key, (&random::key(seed)[..]).into())?;
        run.write(self.sample_batch, (&[0_u32][..]).into())?;
        let mut rows = Vec::new();
        for _ in 0..count.div_ceil(self.batch_size) {
            run_entry(run, "sample", 1)?;
            rows.extend(run.read_f32(output)?);
        }
        rows.truncate(count * width);
        Ok(rows)
    }
}

impl Vae {
    /// The posterior of each image. `pixels`: `[count, input]`, 0 for black to 255 for white.
    pub fn encode(&mut self, pixels: &[u8]) -> Result<Latents> {
        self.entries.generation.encode(self.run.as_mut(), pixels)
    }

    /// The image of each latent. `latents`: `[count, latent]`. Returns `[count, input]`, pixels in
    /// [-1, 1].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        self.entries.generation.decode(self.run.as_mut(), latents)
    }

    /// Images of `count` latents drawn from the prior. Returns `[count, input]`, pixels in [-1, 1].
    ///
    /// The first `n` images of a seed are the same however many are asked for.
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.entries.generation.sample(self.run.as_mut(), count, seed)
    }
}
