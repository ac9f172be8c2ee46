#![doc = include_str!("../README.md")]

pub mod activation;
mod adam;
pub mod checkpoint;
mod error;
pub mod initialise;
mod linear;
pub mod loss;
mod parameters;

pub use adam::{Adam, AdamConfig, OptimizerState};
pub use checkpoint::Checkpoint;
pub use error::{Error, Result};
pub use linear::Linear;
pub use parameters::{NamedTensor, Parameter, Parameters};
