//! Finding the step and the call at which a training left the finite numbers: by going back to the last
//! state that was sound and taking the same steps again. An ordinary step pays nothing for it.

use std::path::Path;

use elbo_nn::Checkpoint;

use super::Training;
use crate::{Divergence, Result};

/// A state to go back to: a checkpoint and where it comes from, or the one before the first step.
pub(crate) type Sound<'a> = Option<(&'a Checkpoint, &'a Path)>;

impl Training {
    /// Adds to a divergence of the epoch that was trained last where it began. `sound`: the state from
    /// before that epoch; from an older one nothing is found out. `began`: the steps that had been taken
    /// before this training began.
    ///
    /// Afterwards the training stands somewhere in that epoch: it is over.
    pub(crate) fn locate(
        &mut self,
        found: &mut Divergence,
        sound: Sound<'_>,
        began: u32,
    ) -> Result<()> {
        let progress = self.vae.epoch_progress()?;
        let losses = progress.reconstruction.iter().zip(&progress.kl);
        let wrong = losses.map(|(a, b)| a + b).position(|loss| !loss.is_finite());
        let bad = wrong.map_or(self.vae.steps_done(), |step| step + 1);
        self.go_to(0, sound)?;
        if self.epoch + 1 != found.epoch {
            return Ok(());
        }
        let good = self.vae.steps_done();
        let step = self.first_bad(good, bad, sound)?;
        self.go_to(step.map_or(bad, |step| step - 1), sound)?;
        let is_first = self.vae.step()? == began;
        let of = self.vae.steps_per_epoch();
        found.step = step.map(|step| (step, of));
        found.culprit = match step {
            Some(_) => self.vae.trace_step()?,
            None => self.vae.trace_evaluation()?,
        };
        found.at_once = is_first && found.culprit.as_ref().is_some_and(|culprit| !culprit.updates);
        Ok(())
    }

    /// The first step after which the state or a loss is not finite; none where all is well after `bad`
    /// steps. What is lost stays lost, so a few looks do; most often it is one of the last steps.
    fn first_bad(&mut self, good: usize, bad: usize, sound: Sound<'_>) -> Result<Option<usize>> {
        if !self.is_bad_after(bad, sound)? {
            return Ok(None);
        }
        let (mut good, mut bad, mut back) = (good, bad, 1);
        while bad > good + 1 {
            let look = bad.saturating_sub(back).max(good + 1);
            if self.is_bad_after(look, sound)? {
                (bad, back) = (look, back * 2);
            } else {
                (good, back) = (look, ((bad - look) / 2).max(1));
            }
        }
        Ok(Some(bad))
    }

    fn is_bad_after(&mut self, steps: usize, sound: Sound<'_>) -> Result<bool> {
        self.go_to(steps, sound)?;
        let progress = self.vae.epoch_progress()?;
        let mut losses = progress.reconstruction.iter().chain(&progress.kl);
        Ok(losses.any(|loss| !loss.is_finite()) || !self.vae.is_finite()?)
    }

    /// Goes to where the epoch after `sound` stood after so many steps, or after more where `sound` is
    /// from its middle.
    pub(super) fn go_to(&mut self, steps: usize, sound: Sound<'_>) -> Result<()> {
        match sound {
            Some((checkpoint, path)) => self.restore(checkpoint, path)?,
            None => {
                self.vae.start_over()?;
                (self.epoch, self.in_the_middle) = (0, false);
            }
        }
        self.enter()?;
        while self.vae.steps_done() < steps {
            self.vae.train(steps - self.vae.steps_done())?;
        }
        Ok(())
    }
}
