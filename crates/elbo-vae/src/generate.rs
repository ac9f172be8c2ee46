//! Using a model: images to latents, latents to images, images out of nothing.
//!
//! Each way comes twice: into a new vector, and `_into` values that the caller keeps between calls.
//! Fresh memory costs a page fault every 4 KiB, of 10,000 MNIST images 7,656 of them; whoever makes
//! images over and over saves that.

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
        let Sizes { input, latent, .. } = self.sizes;
        let values = Error::check_rows("images to encode", pixels.len(), input)? * latent;
        let mut latents = Latents { means: vec![0.0; values], log_variances: vec![0.0; values] };
        self.encode_into(run, pixels, &mut latents.means, &mut latents.log_variances)?;
        Ok(latents)
    }

    pub(crate) fn encode_into(
        &self,
        run: &mut dyn Run,
        pixels: &[u8],
        means: &mut [f32],
        log_variances: &mut [f32],
    ) -> Result<()> {
        let Self { sizes: Sizes { input, latent, .. }, batch_size, .. } = *self;
        let count = Error::check_rows("images to encode", pixels.len(), input)?;
        Error::check_len("room for means", means.len(), count, latent)?;
        Error::check_len("room for log variances", log_variances.len(), count, latent)?;
        let size = batch_size * latent;
        let rooms = means.chunks_mut(size).zip(log_variances.chunks_mut(size));
        for (pixels, (means, log_variances)) in pixels.chunks(batch_size * input).zip(rooms) {
            run.write_front(self.pixels, pixels.into())?;
            run_entry(run, "encode", 1)?;
            run.read_front(self.mean, means.into())?;
            run.read_front(self.log_variance, log_variances.into())?;
        }
        Ok(())
    }

    pub(crate) fn decode(&self, run: &mut dyn Run, latents: &[f32]) -> Result<Vec<f32>> {
        let Sizes { input, latent, .. } = self.sizes;
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        let mut images = vec![0.0; count * input];
        self.decode_into(run, latents, &mut images)?;
        Ok(images)
    }

    pub(crate) fn decode_into(
        &self,
        run: &mut dyn Run,
        latents: &[f32],
        images: &mut [f32],
    ) -> Result<()> {
        let Self { sizes: Sizes { input, latent, .. }, batch_size, .. } = *self;
        let count = Error::check_rows("latents to decode", latents.len(), latent)?;
        Error::check_len("room for images", images.len(), count, input)?;
        let batches =
            latents.chunks(batch_size * latent).zip(images.chunks_mut(batch_size * input));
        for (latents, images) in batches {
            run.write_front(self.latents, latents.into())?;
            run_entry(run, "decode", 1)?;
            run.read_front(self.decoded, images.into())?;
        }
        Ok(())
    }

    pub(crate) fn sample(&self, run: &mut dyn Run, count: usize, seed: u64) -> Result<Vec<f32>> {
        let mut images = vec![0.0; count * self.sizes.input];
        self.sample_into(run, seed, &mut images)?;
        Ok(images)
    }

    pub(crate) fn sample_into(
        &self,
        run: &mut dyn Run,
        seed: u64,
        images: &mut [f32],
    ) -> Result<()> {
        Error::check_rows("room for samples", images.len(), self.sizes.input)?;
        self.draw(run, seed, (self.sampled, self.sizes.input), images)
    }

    pub(crate) fn prior(&self, run: &mut dyn Run, count: usize, seed: u64) -> Result<Vec<f32>> {
        let mut latents = vec![0.0; count * self.sizes.latent];
        self.draw(run, seed, (self.drawn, self.sizes.latent), &mut latents)?;
        Ok(latents)
    }

    /// Runs `sample` for as many rows of one of its outputs as there is room for.
    fn draw(
        &self,
        run: &mut dyn Run,
        seed: u64,
        (output, width): (Id, usize),
        room: &mut [f32],
    ) -> Result<()> {
        run.write(self.sample_key, (&random::key(seed)[..]).into())?;
        run.write(self.sample_batch, (&[0_u32][..]).into())?;
        for rows in room.chunks_mut(self.batch_size * width) {
            run_entry(run, "sample", 1)?;
            run.read_front(output, rows.into())?;
        }
        Ok(())
    }
}

impl Vae {
    /// The posterior of each image. `pixels`: `[count, input]`, 0 for black to 255 for white.
    pub fn encode(&mut self, pixels: &[u8]) -> Result<Latents> {
        self.entries.generation.encode(self.run.as_mut(), pixels)
    }

    /// [`Vae::encode`] into `means` and `log_variances`, `[count, latent]` each.
    pub fn encode_into(
        &mut self,
        pixels: &[u8],
        means: &mut [f32],
        log_variances: &mut [f32],
    ) -> Result<()> {
        self.entries.generation.encode_into(self.run.as_mut(), pixels, means, log_variances)
    }

    /// The image of each latent. `latents`: `[count, latent]`. Returns `[count, input]`, pixels in
    /// [-1, 1].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        self.entries.generation.decode(self.run.as_mut(), latents)
    }

    /// [`Vae::decode`] into `images`, `[count, input]`.
    pub fn decode_into(&mut self, latents: &[f32], images: &mut [f32]) -> Result<()> {
        self.entries.generation.decode_into(self.run.as_mut(), latents, images)
    }

    /// Images of `count` latents drawn from the prior. Returns `[count, input]`, pixels in [-1, 1].
    ///
    /// The first `n` images of a seed are the same however many are asked for.
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.entries.generation.sample(self.run.as_mut(), count, seed)
    }

    /// [`Vae::sample`] into `images`, `[count, input]`: as many as there is room for.
    pub fn sample_into(&mut self, seed: u64, images: &mut [f32]) -> Result<()> {
        self.entries.generation.sample_into(self.run.as_mut(), seed, images)
    }
}
