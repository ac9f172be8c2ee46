//! The binary as users run it: in an empty folder, with arguments and an environment, no network.

mod arguments;
mod checkpoints;
mod config;
mod data;
mod resume;
mod sandbox;
mod stages;
#[cfg(unix)]
mod stop;
mod train;
