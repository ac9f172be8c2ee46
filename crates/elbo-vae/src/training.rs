//! Epochs of training and evaluation, batch by batch, losses read once at the end; an epoch may stop
//! between two steps and go on later.

use crate::{
    EpochLosses, Error, Losses, Result, Vae,
    entries::{Batch, Images},
};

impl Images {
    /// Batches of a pass over all images.
    pub(crate) fn batches(&self) -> usize {
        self.full_batches() + usize::from(self.tail.is_some())
    }

    fn full_batches(&self) -> usize {
        self.full.map_or(0, |full| self.count / full.rows)
    }

    /// The entry of the `number`-th batch of a pass.
    pub(crate) fn batch(&self, number: usize) -> Option<Batch> {
        if number < self.full_batches() { self.full } else { self.tail }
    }

    /// Images in the first `batches` of a pass.
    fn images_in(&self, batches: usize) -> usize {
        self.full.map_or(self.count, |full| self.count.min(batches * full.rows))
    }
}

/// How far an epoch has come: what is needed to go on in the middle of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochProgress {
    /// Reconstruction loss of each batch so far, summed over its images.
    pub reconstruction: Vec<f32>,
    /// KL divergence of each batch so far, summed over its images.
    pub kl: Vec<f32>,
}

impl Vae {
    /// Steps of an epoch: the full batches, and one for the images that are left over.
    #[must_use]
    pub fn steps_per_epoch(&self) -> usize {
        self.entries.train.batches()
    }

    /// Starts an epoch over the training images in a given order.
    ///
    /// `order`: each number below `train_images` once.
    pub fn begin_epoch(&mut self, order: &[u32]) -> Result<()> {
        Error::check_len("an epoch's order", order.len(), self.config.train_images, 1)?;
        self.run.write(self.entries.train.order, order.into())?;
        self.rewind(self.entries.train)?;
        self.steps_done = 0;
        Ok(())
    }

    /// Takes up to `steps` more steps of the epoch: full batches first, then what is left over.
    ///
    /// Returns how many it took, 0 once the epoch is over.
    pub fn train(&mut self, steps: usize) -> Result<usize> {
        let taken = self.advance(self.entries.train, self.steps_done, steps)?;
        self.steps_done += taken;
        Ok(taken)
    }

    /// How far the epoch has come. Waits for the device.
    pub fn epoch_progress(&self) -> Result<EpochProgress> {
        let (mut reconstruction, mut kl) = self.logs(self.entries.train)?;
        reconstruction.truncate(self.steps_done);
        kl.truncate(self.steps_done);
        Ok(EpochProgress { reconstruction, kl })
    }

    /// Goes on in an epoch over `order` where [`Vae::epoch_progress`] was asked for.
    ///
    /// Parameters, moments and step count are a checkpoint's: see [`Vae::restore`].
    pub fn continue_epoch(&mut self, order: &[u32], progress: &EpochProgress) -> Result<()> {
        let images = self.entries.train;
        let steps = progress.reconstruction.len();
        Error::check_len("losses of KL of an epoch's steps", progress.kl.len(), steps, 1)?;
        if steps > images.batches() {
            let wanted = format!("at most {}, the steps of an epoch", images.batches());
            return Err(Error::Data { what: "losses of an epoch's steps", given: steps, wanted });
        }
        self.begin_epoch(order)?;
        for (log, so_far) in
            [(images.reconstruction_log, &progress.reconstruction), (images.kl_log, &progress.kl)]
        {
            let mut all = vec![0.0; images.batches()];
            all[..steps].copy_from_slice(so_far);
            self.run.write(log, (&all[..]).into())?;
        }
        self.run.write(images.cursor, (&[images.images_in(steps) as u32][..]).into())?;
        self.run.write(images.batch, (&[steps as u32][..]).into())?;
        self.steps_done = steps;
        Ok(())
    }

    /// Steps of the current epoch that have run.
    #[must_use]
    pub const fn steps_done(&self) -> usize {
        self.steps_done
    }

    /// Adam's learning rate from the next step on: a positive number.
    pub fn write_learning_rate(&mut self, rate: f32) -> Result<()> {
        if !(rate > 0.0 && rate.is_finite()) {
            let fact = format!("is {rate}, wants a positive number such as 0.001");
            return Err(Error::config("learning_rate", &fact));
        }
        Ok(self.run.write(self.entries.optimizer.learning_rate, (&[rate][..]).into())?)
    }

    /// The losses of the epoch's steps so far. Waits for the device.
    pub fn epoch_losses(&self) -> Result<EpochLosses> {
        let images = self.entries.train;
        let last = self.steps_done.checked_sub(1).ok_or(Error::NoStep("losses"))?;
        let (reconstruction, kl) = self.logs(images)?;
        let rows = images.images_in(self.steps_done) - images.images_in(last);
        let (seen, one) = (..self.steps_done, last..self.steps_done);
        Ok(EpochLosses {
            mean: Losses::mean_of(
                &reconstruction[seen],
                &kl[seen],
                images.images_in(self.steps_done),
            ),
            last_batch: Losses::mean_of(&reconstruction[one.clone()], &kl[one], rows),
        })
    }

    /// The last step's reconstructions, `[its images, input]`, pixels in [-1, 1].
    ///
    /// To be asked for right after [`Vae::train`]: whatever runs next may take their place.
    pub fn last_reconstruction(&self) -> Result<Vec<f32>> {
        let last = self.steps_done.checked_sub(1).ok_or(Error::NoStep("reconstructions"))?;
        let batch = self.entries.train.batch(last).ok_or(Error::NoStep("reconstructions"))?;
        Ok(self.run.read_f32(batch.reconstructions)?)
    }

    /// The losses over the whole test set, with z drawn from each posterior.
    ///
    /// The noise is the same each time: two evaluations differ by the parameters alone.
    pub fn evaluate(&mut self) -> Result<Losses> {
        let images = self.entries.test;
        self.rewind(images)?;
        let batches = images.batches();
        let mut done = 0;
        while done < batches {
            done += self.advance(images, done, batches)?;
        }
        let (reconstruction, kl) = self.logs(images)?;
        Ok(Losses::mean_of(&reconstruction, &kl, images.count))
    }

    pub(crate) fn rewind(&mut self, images: Images) -> Result<()> {
        self.run.write(images.cursor, (&[0_u32][..]).into())?;
        Ok(self.run.write(images.batch, (&[0_u32][..]).into())?)
    }

    /// Takes up to `limit` batches of one size, from batch `done` on. Returns how many.
    fn advance(&mut self, images: Images, done: usize, limit: usize) -> Result<usize> {
        let full_left = images.full_batches().saturating_sub(done);
        let left = if full_left > 0 { full_left } else { images.batches() - done };
        let times = left.min(limit);
        match images.batch(done) {
            Some(batch) if times > 0 => self.run_entry(batch.entry, times)?,
            _ => {}
        }
        Ok(times)
    }

    fn logs(&self, images: Images) -> Result<(Vec<f32>, Vec<f32>)> {
        Ok((self.run.read_f32(images.reconstruction_log)?, self.run.read_f32(images.kl_log)?))
    }
}
