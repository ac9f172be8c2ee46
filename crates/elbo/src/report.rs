//! What a training tells whoever watches it, and, as one page, whoever looks at it afterwards.

mod explorer;
mod html;
mod map;
mod of_run;
pub(crate) mod page;
mod tables;

use std::path::PathBuf;

use elbo_data::Progress;
use elbo_vae::Losses;

pub use of_run::{ReportRequest, report};

use crate::{Best, Epoch, Record, Settings, data::Selection};

/// Someone who watches a training. Everything may be ignored; `()` ignores all of it.
pub trait Report {
    /// A file of the data set is coming in.
    fn download(&mut self, _progress: Progress<'_>) {}

    /// The data set is there.
    fn data(&mut self, _data: &Selection) {}

    /// The first step is about to be taken.
    fn start(&mut self, _start: &Start<'_>) {}

    /// After how many of an epoch's steps to be told how it goes; `None` for never. The results do
    /// not depend on it, but each time waits for the device.
    fn pace(&self, _steps_per_epoch: usize) -> Option<usize> {
        None
    }

    /// Whether the training is to end before the next step, in a way that it can go on from. Asked
    /// between steps, every few milliseconds or as often as [`Report::pace`] says.
    fn stop(&self) -> bool {
        false
    }

    /// Some steps of an epoch are done.
    fn step(&mut self, _step: Step) {}

    /// An epoch is done and measured.
    fn epoch(&mut self, _epoch: &Epoch, _settings: &Settings) {}

    /// Files of an epoch were written and stay: pictures, checkpoints. Paths are within the run folder.
    fn kept(&mut self, _files: &[PathBuf]) {}

    /// The training is over, or has stopped.
    fn finish(&mut self, _summary: &Summary) {}
}

impl Report for () {}

/// A training before its first step.
#[derive(Debug)]
pub struct Start<'a> {
    /// Settings in effect.
    pub settings: &'a Settings,
    /// Pixels an image.
    pub input: usize,
    /// The device in words.
    pub device: &'a str,
    /// Why it is no GPU, where a GPU would have been taken.
    pub fallback: Option<&'a str>,
    /// Numbers that training adjusts.
    pub parameters: usize,
    /// Steps an epoch.
    pub steps_per_epoch: usize,
    /// The run folder.
    pub run: PathBuf,
    /// What the training goes on from, if it does: the checkpoint and its record.
    pub resumed: Option<(PathBuf, Record)>,
    /// The last epoch that the run folder had beyond the checkpoint, which is now trained anew.
    pub dropped: Option<u32>,
    /// μ of the first training image, one value a latent dimension.
    pub first_mean: &'a [f32],
}

/// How far an epoch has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The epoch, counted from 1.
    pub epoch: u32,
    /// Its steps done.
    pub done: usize,
    /// Its steps in all.
    pub of: usize,
    /// Mean loss of the images seen in it.
    pub mean: Losses,
}

/// Why a training took no further step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has done all its epochs.
    Complete,
    /// The test loss has not got better for as long as [`Settings::patience`] says.
    NoLongerBetter,
    /// [`Report::stop`] asked for it. Nothing but the checkpoint is written then.
    Stopped,
}

/// A training after its last step.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The run folder.
    pub run: PathBuf,
    /// Settings in effect.
    pub settings: Settings,
    /// Why it ended.
    pub ending: Ending,
    /// Steps taken of an epoch that it stopped in the middle of.
    pub steps_in_the_middle: usize,
    /// Epochs trained in this run of the program.
    pub epochs: u32,
    /// How long they took, in seconds.
    pub seconds: f64,
    /// The last epoch; none where not one was completed.
    pub last: Option<Epoch>,
    /// The best epoch, where its checkpoint is in the run folder.
    pub best: Option<Best>,
    /// Images drawn from the prior, where the training was not stopped.
    pub samples: Option<PathBuf>,
    /// All of it on one page, where the training was not stopped.
    pub report: Option<PathBuf>,
    /// Of how many of its epochs a picture was kept.
    pub pictures: u32,
    /// Of how many of its epochs a checkpoint was kept.
    pub checkpoints: u32,
    /// The data folder that was named, needed to go on.
    pub data_dir: Option<PathBuf>,
}
