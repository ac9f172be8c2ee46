//! A trained model to be used: no optimizer, no data on the device, only its parameters and a batch.

use std::{collections::BTreeMap, fmt, path::Path};

use elbo_nn::{
    NamedTensor, Parameters,
    checkpoint::{self, Tensor},
};
use elbo_tensor::{Dtype, Id, Program, Run, Tape, random};

use crate::{
    Culprit, Error, Evaluation, Generation, Latents, Model, Result, Sizes,
    entries::{Draft, plan, run_entry},
    evaluation::Sums,
    reparameterize, streams,
    trace::trace,
};

/// A model whose parameters come from a checkpoint, on a device.
pub struct Trained {
    run: Box<dyn Run>,
    parameters: Vec<NamedTensor>,
    generation: Generation,
    evaluation: Ids,
}

/// Where the host meets the entry `evaluate`, which takes the images that `encode` takes.
struct Ids {
    key: Id,
    batch: Id,
    sampled: Id,
    at_mean: Id,
}

impl fmt::Debug for Trained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained").field("sizes", &self.sizes()).finish_non_exhaustive()
    }
}

impl Trained {
    /// A model with the parameters of a state_dict, on the device that `open` chooses.
    ///
    /// `path` is where the tensors come from, for messages; an optimizer's are left aside. Entries
    /// take `batch_size` images at once. Random numbers belong to a batch, so [`Trained::evaluate`]
    /// gives the losses that the training has measured only with the training's batch size.
    pub fn new(
        tensors: &BTreeMap<String, Tensor>,
        path: &Path,
        batch_size: usize,
        open: impl FnOnce(Program) -> elbo_tensor::Result<Box<dyn Run>>,
    ) -> Result<Self> {
        let sizes = Sizes::of_parameters(tensors, path)?;
        let config = crate::Config { sizes, batch_size, ..crate::Config::default() };
        config.check()?;
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let model = Model::new(&parameters, sizes);
        let (generation, mut drafts, (_, posterior)) =
            Generation::write(&tape, &model, sizes, batch_size);

        let (key, batch) = (tape.input(Dtype::U32, [2]), tape.counter());
        let noise = tape.normal(key, batch, streams::EVALUATE, [batch_size, sizes.latent]);
        let sampled = model.decoder.decode(reparameterize(posterior, noise));
        let at_mean = model.decoder.decode(posterior.mean);
        let outputs = [posterior.mean, posterior.log_variance, sampled, at_mean];
        drafts.push(Draft::new("evaluate", &outputs, &[batch.advance(1)]));
        let [key, batch, sampled, at_mean] = [key, batch, sampled, at_mean].map(|var| var.id());

        let parameters: Vec<NamedTensor> =
            parameters.finish()?.iter().map(NamedTensor::from).collect();
        let mut program = Program::new(tape)?;
        plan(&mut program, drafts)?;
        let mut run = open(program)?;
        checkpoint::restore(run.as_mut(), &parameters, tensors, path)?;
        generation.write_order(run.as_mut())?;
        Ok(Self { run, parameters, generation, evaluation: Ids { key, batch, sampled, at_mean } })
    }

    /// The model's sizes.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        self.generation.sizes
    }

    /// The posterior of each image. `pixels`: `[count, input]`, 0 for black to 255 for white.
    pub fn encode(&mut self, pixels: &[u8]) -> Result<Latents> {
        self.generation.encode(self.run.as_mut(), pixels)
    }

    /// The image of each latent. `latents`: `[count, latent]`. Returns `[count, input]`, pixels in
    /// [-1, 1].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        self.generation.decode(self.run.as_mut(), latents)
    }

    /// Images of `count` latents drawn from the prior. Returns `[count, input]`, pixels in [-1, 1].
    ///
    /// The first `n` images of a seed are the same however many are asked for.
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.generation.sample(self.run.as_mut(), count, seed)
    }

    /// The latents of the images that [`Trained::sample`] gives, `[count, latent]`.
    pub fn prior(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        self.generation.prior(self.run.as_mut(), count, seed)
    }

    /// Measures the model on images. `pixels`: `[count, input]`, at least one image.
    ///
    /// The device computes in single precision, what it gives is summed up in double. The noise is the
    /// one that a training of this seed measures its test set with.
    pub fn evaluate(&mut self, pixels: &[u8], seed: u64) -> Result<Evaluation> {
        let Generation { sizes, batch_size, .. } = self.generation;
        if Error::check_rows("images to evaluate", pixels.len(), sizes.input)? == 0 {
            let wanted = "at least one image wanted".into();
            return Err(Error::Data { what: "images to evaluate", given: 0, wanted });
        }
        self.begin(seed)?;
        let mut sums = Sums::new(sizes);
        let room = |width: usize| vec![0.0; batch_size * width];
        let mut latents = Latents { means: room(sizes.latent), log_variances: room(sizes.latent) };
        let (mut sampled, mut at_mean) = (room(sizes.input), room(sizes.input));
        for pixels in pixels.chunks(batch_size * sizes.input) {
            self.run.write_front(self.generation.pixels, pixels.into())?;
            run_entry(self.run.as_mut(), "evaluate", 1)?;
            for (output, values) in [
                (self.generation.mean, &mut latents.means),
                (self.generation.log_variance, &mut latents.log_variances),
                (self.evaluation.sampled, &mut sampled),
                (self.evaluation.at_mean, &mut at_mean),
            ] {
                self.run.read(output, (&mut values[..]).into())?;
            }
            sums.add(pixels, &latents, &sampled, &at_mean);
        }
        Ok(sums.finish())
    }

    /// The first call whose result is not finite when [`Trained::evaluate`] measures these images, if
    /// there is one.
    pub fn trace_evaluation(&mut self, pixels: &[u8], seed: u64) -> Result<Option<Culprit>> {
        let Generation { sizes, batch_size, .. } = self.generation;
        self.begin(seed)?;
        for pixels in pixels.chunks(batch_size * sizes.input) {
            self.run.write_front(self.generation.pixels, pixels.into())?;
            let found = trace(self.run.as_mut(), "evaluate", &self.parameters)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Sets the noise of an evaluation to its beginning.
    fn begin(&mut self, seed: u64) -> Result<()> {
        self.run.write(self.evaluation.key, (&random::key(seed)[..]).into())?;
        Ok(self.run.write(self.evaluation.batch, (&[0_u32][..]).into())?)
    }
}
