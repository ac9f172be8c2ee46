#![doc = include_str!("../README.md")]

mod aligned;
mod buffer;
mod cpu;
mod dispatch;
mod elementwise;
mod error;
mod gemm;
mod lanes;
mod launch;
mod math;
mod optim;
mod peak;
mod random;
mod reduce;
mod rows;

pub use aligned::Aligned;
pub use buffer::Buffer;
pub use cpu::Cpu;
pub use dispatch::Level;
pub use error::Error;
