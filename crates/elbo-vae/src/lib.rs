#![doc = include_str!("../README.md")]

mod config;
mod entries;
mod error;
mod evaluation;
mod generate;
mod losses;
mod model;
mod state_dict;
mod trace;
mod trained;
mod training;
mod vae;

pub use config::{Config, Sizes};
pub use entries::{Batch, Entries, Images};
pub use error::{Error, Result};
pub use evaluation::{ACTIVE, Evaluation};
pub use generate::{Generation, Latents};
pub use losses::{EpochLosses, Losses};
pub use model::{Decoder, Encoder, Model, Objective, Posterior, objective, reparameterize};
pub use trace::Culprit;
pub use trained::Trained;
pub use training::EpochProgress;
pub use vae::Vae;

/// The numbers of the random streams, so that no two uses ever share one.
pub mod streams {
    /// ε of the training batches; its step is Adam's.
    pub const TRAIN: u32 = 0x5452_4149;
    /// ε of the evaluation; its step is the batch's number.
    pub const EVALUATE: u32 = 0x4556_414C;
    /// Latents drawn from the prior; their step is the batch's number.
    pub const SAMPLE: u32 = 0x5341_4D50;
}
