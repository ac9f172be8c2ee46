//! A model on a device: its parameters, its data, its checkpoints.

use std::{fmt, path::Path};

use elbo_nn::{Checkpoint, checkpoint, initialise::write_initial};
use elbo_tensor::{Planning, Program, Run, random};
use serde_json::Value;

use crate::{
    Config, Entries, Error, Result,
    entries::{Images, run_entry},
};

/// A variational autoencoder on a device.
pub struct Vae {
    pub(crate) run: Box<dyn Run>,
    pub(crate) entries: Entries,
    pub(crate) config: Config,
    /// Steps of the current epoch that have run.
    pub(crate) steps_done: usize,
}

impl fmt::Debug for Vae {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vae")
            .field("config", &self.config)
            .field("device", &self.run.device())
            .finish_non_exhaustive()
    }
}

impl Vae {
    /// Plans the model's entries, puts them on the device that `open` chooses, and writes the initial
    /// parameters of the configured seed.
    pub fn new(
        config: &Config,
        open: impl FnOnce(Program) -> elbo_tensor::Result<Box<dyn Run>>,
    ) -> Result<Self> {
        Self::with_planning(config, Planning::default(), open)
    }

    /// A model whose entries are planned in a given way: a way of running, of which no checkpoint knows.
    pub fn with_planning(
        config: &Config,
        planning: Planning,
        open: impl FnOnce(Program) -> elbo_tensor::Result<Box<dyn Run>>,
    ) -> Result<Self> {
        let (program, entries) = Entries::plan_with(config, planning)?;
        let mut run = open(program)?;
        write_initial(run.as_mut(), &entries.parameters, config.seed)?;
        run.write(entries.key, (&random::key(config.seed)[..]).into())?;
        run.write(entries.optimizer.learning_rate, (&[config.learning_rate][..]).into())?;
        for (order, len) in
            [(entries.train.order, config.train_images), (entries.test.order, config.test_images)]
        {
            let identity: Vec<u32> = (0..len as u32).collect();
            run.write(order, (&identity[..]).into())?;
        }
        entries.generation.write_order(run.as_mut())?;
        Ok(Self { run, entries, config: config.clone(), steps_done: 0 })
    }

    /// What the model was made with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The planned entries.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.run.program()
    }

    /// What the device is called.
    #[must_use]
    pub fn device(&self) -> &str {
        self.run.device()
    }

    /// How many numbers training adjusts.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.entries.parameters.iter().map(|parameter| parameter.shape.len()).sum()
    }

    /// Training steps taken so far, over all epochs.
    pub fn step(&self) -> Result<u32> {
        Ok(self.run.read_counter(self.entries.optimizer.step)?)
    }

    /// Writes the training set. `pixels`: `[train_images, input]`, 0 for black to 255 for white. A
    /// vector is kept, on a device that can, instead of being copied.
    pub fn write_train_images(&mut self, pixels: impl Into<Vec<u8>>) -> Result<()> {
        self.write_images("training images", self.entries.train, pixels.into())
    }

    /// Writes the test set. `pixels`: `[test_images, input]`, 0 for black to 255 for white. A vector is
    /// kept, on a device that can, instead of being copied.
    pub fn write_test_images(&mut self, pixels: impl Into<Vec<u8>>) -> Result<()> {
        self.write_images("test images", self.entries.test, pixels.into())
    }

    fn write_images(&mut self, what: &'static str, images: Images, pixels: Vec<u8>) -> Result<()> {
        Error::check_len(what, pixels.len(), images.count, self.config.sizes.input)?;
        Ok(self.run.give(images.pixels, pixels)?)
    }

    /// Parameters and moments, with the given metadata and the step beside it.
    ///
    /// `metadata` must be a JSON object, or null for none; its `step` is set here.
    pub fn checkpoint(&self, metadata: Value) -> Result<Checkpoint> {
        let tensors = checkpoint::collect(self.run.as_ref(), &self.entries.state())?;
        let mut metadata =
            if metadata.is_null() { Value::Object(serde_json::Map::new()) } else { metadata };
        if let Value::Object(fields) = &mut metadata {
            fields.insert("step".to_string(), self.step()?.into());
        }
        Ok(Checkpoint { tensors, metadata })
    }

    /// Takes parameters, moments and the step from a checkpoint. `path` is named in errors.
    ///
    /// All of it is checked before anything is changed.
    pub fn restore(&mut self, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
        let step = checkpoint.metadata.get("step").and_then(Value::as_u64);
        let step = step.and_then(|step| u32::try_from(step).ok());
        let step = step.ok_or_else(|| Error::NoStepCount { path: path.to_path_buf() })?;
        checkpoint::restore(self.run.as_mut(), &self.entries.state(), &checkpoint.tensors, path)?;
        Ok(self.run.write(self.entries.optimizer.step, (&[step][..]).into())?)
    }

    /// Back to the initial parameters of the configured seed, as if no step had been taken.
    pub fn start_over(&mut self) -> Result<()> {
        write_initial(self.run.as_mut(), &self.entries.parameters, self.config.seed)?;
        for moment in &self.entries.optimizer.moments {
            self.run.write(moment.id, (&vec![0.0_f32; moment.shape.len()][..]).into())?;
        }
        Ok(self.run.write(self.entries.optimizer.step, (&[0_u32][..]).into())?)
    }

    /// The seconds that each call of a full training step takes, `[time][call]`, over `times` steps of
    /// the current epoch. Empty where the training set has no full batch.
    pub fn profile_step(&mut self, times: usize) -> Result<Vec<Vec<f64>>> {
        let Some(full) = self.entries.train.full else { return Ok(Vec::new()) };
        let entry = self
            .run
            .program()
            .find(full.entry)
            .expect("`Entries::plan` planned every name it hands out");
        let rounds = self.run.profile(entry, times)?;
        self.steps_done += times;
        Ok(rounds)
    }

    /// Runs an entry of the program by its name.
    pub(crate) fn run_entry(&mut self, name: &str, times: usize) -> Result<()> {
        run_entry(self.run.as_mut(), name, times)
    }
}
