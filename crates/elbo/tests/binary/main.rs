//! The binary as users run it: in an empty folder, with arguments and an environment, no network.

mod arguments;
mod config;
#[cfg(feature = "cuda")]
mod cuda;
mod data;
mod resume;
mod sandbox;
mod train;
