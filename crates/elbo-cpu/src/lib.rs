#![doc = include_str!("../README.md")]

mod ahead;
mod aligned;
mod buffer;
mod claims;
mod cpu;
mod dispatch;
mod error;
mod kernels;
mod lanes;
mod layout;
mod lending;
mod peak;
mod plan;
mod product;
mod run;
mod shift;
mod team;

pub use buffer::{Buffer, Values};
pub use cpu::{Cpu, Recorded};
pub use dispatch::Level;
pub use error::Error;
