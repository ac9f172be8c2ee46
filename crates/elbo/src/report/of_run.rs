//! `elbo report`: the page of a run that is there, written again.

use std::path::PathBuf;

use super::{Report, page::Page};
use crate::{
    Device, Error, Result, Resumed, RunFolder, Settings, Training,
    data::{self, Wanted},
    metrics,
};

/// Which run to report on, and with what.
#[derive(Clone, Debug, Default)]
pub struct ReportRequest {
    /// The run folder, or one of its checkpoints; a run folder means its last one.
    pub run: PathBuf,
    /// Which data; the run's own where nothing is named.
    pub data: Wanted,
    /// What computes.
    pub device: Device,
}

/// Writes `report.html` of a run, with the model as a checkpoint has it. Returns the file.
pub fn report(request: &ReportRequest, report: &mut dyn Report) -> Result<PathBuf> {
    request.device.check()?;
    let resumed = Resumed::open(&request.run)?;
    let folder = resumed.run.as_deref().map(RunFolder::at).ok_or_else(|| Error::RunFolder {
        path: request.run.clone(),
        fact: "lies in no run folder; name a run folder, or a checkpoint in one".into(),
    })?;
    let config = crate::Config::read(&folder.config())?;
    let wanted = Wanted {
        named: request.data.named.clone().or(config.data_dir),
        drawn: (resumed.record.data == data::DRAWN)
            .then(|| format!("{} was trained on drawn digits", resumed.path.display())),
        ..request.data.clone()
    };
    let selection = data::select(&wanted, report)?;
    report.data(&selection);
    resumed.record.check_data(&selection.dataset, &resumed.path)?;
    let settings = Settings::of(&resumed.record);
    // The device takes the images; the page wants the test set's beside their labels.
    let test = selection.dataset.test.clone();
    let mut training = Training::new(selection.dataset, &settings, request.device)?;
    training.restore(&resumed.checkpoint, &resumed.path)?;
    let mut rows =
        if folder.metrics().exists() { metrics::read(&folder.metrics())? } else { Vec::new() };
    rows.retain(|row| row.epoch <= resumed.record.epoch);
    Page { folder: &folder, training: &mut training, test: &test, rows: &rows }.write()
}
