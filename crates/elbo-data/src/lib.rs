#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod batches;
pub mod checksum;
mod dataset;
pub mod download;
mod error;
pub mod idx;
mod load;
mod standard;
mod synthetic;

pub use batches::{Batches, permutation, shuffle_into};
pub use dataset::{Dataset, Images, Origin, Split};
pub use download::{DownloadError, MIRRORS, Progress, Source, download};
pub use error::Error;
pub use load::load;
pub use synthetic::{synthetic, synthetic_sized};
