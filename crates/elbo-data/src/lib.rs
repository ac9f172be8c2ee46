#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod checksum;
mod dataset;
pub mod download;
mod error;
pub mod idx;
mod load;
pub mod npy;
mod own;
mod shuffle;
mod standard;
mod synthetic;
pub mod table;

pub use dataset::{Dataset, Images, Origin, Split};
pub use download::{DownloadError, MIRRORS, Progress, Source};
pub use error::Error;
pub use load::load;
pub use own::{ImageSet, Size, decode_png, read_own};
pub use shuffle::{permutation, shuffle_into};
pub use synthetic::{synthetic, synthetic_sized};
