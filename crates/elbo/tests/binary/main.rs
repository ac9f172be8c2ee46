//! The binary as users run it: in an empty folder, with arguments and an environment, no network.

mod arguments;
#[cfg(unix)]
mod browser;
mod checkpoints;
mod config;
mod data;
mod report;
mod resume;
mod sandbox;
mod stages;
#[cfg(unix)]
mod stop;
mod train;
