#![doc = include_str!("../README.md")]

mod atomic;
pub mod bench;
pub mod chart;
mod config;
pub mod data;
mod destination;
mod device;
mod error;
mod lock;
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
pub use lock::Lock;
pub use plan::plan;
pub use record::{Best, Middle, Record, TrainingRecord};
pub use report::{Ending, Report, ReportRequest, Start, Step, Summary, report};
pub use request::Request;
pub use resume::Resumed;
pub use run::train;
pub use run_folder::RunFolder;
pub use settings::{Overrides, Settings, Stage};
pub use training::{Epoch, Training};
