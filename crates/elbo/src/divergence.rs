//! What is known of a training whose numbers are no longer finite, said in one line.

use std::{fmt, path::PathBuf};

use elbo_vae::Culprit;

/// Adam's usual learning rate: what to try at the most after one that was too high.
const USUAL_RATE: f64 = 1e-3;

/// How it showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symptom {
    /// The loss of an epoch's steps is this.
    TrainLoss(f64),
    /// The loss on the test images is this.
    TestLoss(f64),
    /// A parameter or a moment of the optimizer is not finite, though no loss shows it.
    State,
}

/// A training that has left the finite numbers: where, by what, and what to go on from.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The epoch, counted from 1.
    pub epoch: u32,
    /// How it showed.
    pub symptom: Symptom,
    /// What the epoch was trained with.
    pub learning_rate: f64,
    /// What sets it, up to the number: `--lr `, or `--lr-at 3:`.
    pub flag: String,
    /// The first step of the epoch that went wrong, counted from 1, and how many an epoch has; none where
    /// all steps were well and only the test set was not, or where it could not be found out.
    pub step: Option<(usize, usize)>,
    /// The first call whose result was not finite.
    pub culprit: Option<Culprit>,
    /// Whether it went wrong before a single step had changed what the training began with.
    pub at_once: bool,
    /// The last sound checkpoint and its epoch.
    pub sound: Option<(PathBuf, u32)>,
}

impl Divergence {
    /// What is known before anybody has looked where it began.
    pub(crate) fn new(epoch: u32, symptom: Symptom, (learning_rate, flag): (f64, String)) -> Self {
        let (step, culprit, sound) = (None, None, None);
        Self { epoch, symptom, learning_rate, flag, step, culprit, at_once: false, sound }
    }

    /// A tenth of what was too high, and no more than what is usual.
    fn lower_rate(&self) -> f64 {
        (self.learning_rate / 10.0).min(USUAL_RATE)
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}", self.epoch)?;
        match (self.step, self.symptom) {
            (Some((step, of)), _) => write!(f, ", step {step} of {of}")?,
            (None, Symptom::TestLoss(_)) => f.write_str(", test images")?,
            (None, _) => {}
        }
        match self.symptom {
            Symptom::TrainLoss(loss) => write!(f, ": the loss is {loss}")?,
            Symptom::TestLoss(loss) => write!(f, ": the test loss is {loss}")?,
            Symptom::State => f.write_str(": a parameter or moment is not finite")?,
        }
        if let Some(culprit) = &self.culprit {
            write!(f, ", first {culprit}")?;
        }
        if self.at_once {
            return f.write_str(
                "; what the training began with leads there at once, whatever the learning rate: begin with \
                 another checkpoint",
            );
        }
        let Self { flag, .. } = self;
        let (rate, lower) = (Rate(self.learning_rate), Rate(self.lower_rate()));
        write!(f, "; the learning rate {rate} is likely too high, try {flag}{lower}; ")?;
        match &self.sound {
            Some((path, epoch)) => {
                write!(f, "the last good checkpoint is {} (epoch {epoch})", path.display())
            }
            None => f.write_str("no epoch was completed, so no checkpoint was written"),
        }
    }
}

/// A learning rate as people write it.
struct Rate(f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rate) = self;
        if (1e-3..1e6).contains(rate) { write!(f, "{rate}") } else { write!(f, "{rate:e}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divergence() -> Divergence {
        Divergence::new(3, Symptom::TrainLoss(f64::NAN), (10.0, "--lr ".into()))
    }

    #[test]
    fn a_rate_to_try_is_lower_than_the_one_that_was_too_high() {
        let said = |learning_rate| Divergence { learning_rate, ..divergence() }.to_string();
        assert!(said(10.0).contains("rate 10 is likely too high, try --lr 0.001;"));
        assert!(said(1e-3).contains("rate 0.001 is likely too high, try --lr 1e-4;"));
        assert!(said(1e30).contains("rate 1e30 is likely too high, try --lr 0.001;"));
    }

    #[test]
    fn what_could_not_be_found_out_is_left_out() {
        let expected = "epoch 3: the loss is NaN; the learning rate 10 is likely too high, try --lr 0.001; \
                        no epoch was completed, so no checkpoint was written";
        assert_eq!(divergence().to_string(), expected);
    }
}
