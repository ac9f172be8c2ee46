//! The binary as users run it: in an empty folder, with arguments and an environment, no network.

mod arguments;
#[cfg(unix)]
mod browser;
mod checkpoints;
mod config;
#[cfg(feature = "cuda")]
mod cuda;
mod data;
mod divergence;
mod evaluate;
mod exchange;
#[cfg(unix)]
mod harm;
mod killed;
mod look;
mod own_images;
mod program;
mod report;
mod resume;
mod sandbox;
mod stages;
#[cfg(unix)]
mod stop;
#[cfg(unix)]
mod torture;
mod train;
