#![doc = include_str!("../README.md")]

mod buffer;
mod cuda;
mod device;
mod driver;
mod elementwise;
mod enqueue;
mod error;
mod graph;
mod kernels;
mod notes;
mod optimizer;
mod product;
mod reduce;
mod schedule;
mod source;
mod work;
mod workspace;

pub use buffer::Buffer;
pub use cuda::{Cuda, Precision, Replay};
pub use device::{Device, Version, probe};
pub use error::Error;
