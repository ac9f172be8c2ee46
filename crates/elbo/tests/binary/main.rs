//! The binary as users run it: in an empty folder, with arguments and an environment, no network.

mod arguments;
mod config;
mod data;
mod evaluate;
mod exchange;
mod look;
mod own_images;
mod program;
mod resume;
mod sandbox;
mod train;
