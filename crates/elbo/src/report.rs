//! What a training tells whoever watches it.

use std::path::PathBuf;

use elbo_data::Progress;
use elbo_vae::Losses;

use crate::{Epoch, Record, Settings, data::Selection};

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

    /// Some steps of an epoch are done.
    fn step(&mut self, _step: Step) {}

    /// An epoch is done and measured.
    fn epoch(&mut self, _epoch: &Epoch, _settings: &Settings) {}

    /// Files of an epoch were written and stay. Paths are within the run folder.
    fn kept(&mut self, _files: &[PathBuf]) {}

    /// The training is over.
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

/// A training after its last step.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The run folder.
    pub run: PathBuf,
    /// Settings in effect.
    pub settings: Settings,
    /// Epochs trained in this run of the program.
    pub epochs: u32,
    /// How long they took, in seconds.
    pub seconds: f64,
    /// The last epoch.
    pub last: Epoch,
    /// Images drawn from the prior.
    pub samples: PathBuf,
    /// Of how many of its epochs a picture and a checkpoint were kept.
    pub kept: u32,
    /// The data folder that was named, needed to go on.
    pub data_dir: Option<PathBuf>,
}
