#![doc = include_str!("../README.md")]

mod atomic;
pub mod bench;
pub mod chart;
mod config;
pub mod data;
mod destination;
mod device;
mod error;
mod memory;
pub mod metrics;
pub mod pictures;
mod plan;
mod record;
mod report;
mod request;
mod resume;
mod run;
mod run_folder;
mod settings;
mod training;

pub use config::{Config, DataConfig};
pub use destination::Destination;
pub use device::{Device, DeviceKind};
pub use error::{Error, Result};
pub use plan::plan;
pub use record::{Record, TrainingRecord};
pub use report::{Report, Start, Step, Summary};
pub use request::Request;
pub use resume::Resumed;
pub use run::train;
pub use run_folder::RunFolder;
pub use settings::{Overrides, Settings};
pub use training::{Epoch, Training};
