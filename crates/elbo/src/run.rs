//! A training from request to run folder: data, settings, epochs, files.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use elbo_data::Images;
use serde::Serialize;

use crate::{
    Destination, Device, Epoch, Error, Overrides, Report, Result, Resumed, RunFolder, Settings,
    Start, Summary, Training, atomic,
    data::{self, Wanted},
    metrics::{Metrics, Row},
    pictures,
};

/// Images drawn from the prior at the end.
const SAMPLES: usize = 64;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Settings that were said.
    pub overrides: Overrides,
    /// Which data.
    pub data: Wanted,
    /// What computes.
    pub device: Device,
    /// The run folder, if one was named.
    pub out: Option<PathBuf>,
    /// A checkpoint or a run folder to go on from.
    pub resume: Option<PathBuf>,
}

/// Trains a model as asked and leaves everything in a run folder.
///
/// What can be refused is refused before anything is fetched or written.
pub fn train(request: &Request, report: &mut dyn Report) -> Result<Summary> {
    let resumed = request.resume.as_deref().map(Resumed::open).transpose()?;
    let settings = match &resumed {
        Some(resumed) => request.overrides.resumed(&resumed.record, &resumed.path)?,
        None => request.overrides.fresh(),
    };
    settings.check()?;
    request.device.check()?;
    let destination = Destination::new(request.out.as_deref(), resumed.as_ref())?;

    let selection = data::select(&request.data, report)?;
    report.data(&selection);
    if let Some(resumed) = &resumed {
        resumed.record.check_data(&selection.dataset, &resumed.path)?;
    }
    let mut training = Training::new(&selection.dataset, &settings, request.device)?;
    if let Some(resumed) = &resumed {
        training.restore(&resumed.checkpoint, &resumed.path)?;
    }
    let first_mean = training.mean(first(&selection.dataset.train.images))?;

    let folder = destination.make()?;
    let (metrics, dropped) = match destination {
        Destination::Own(_) => Metrics::after(&folder.metrics(), training.epochs_done())?,
        Destination::Numbered | Destination::Named(_) => {
            (Metrics::create(&folder.metrics())?, None)
        }
    };
    write_config(&folder, &settings, request, &selection.dataset)?;
    report.start(&Start {
        settings: &settings,
        input: selection.dataset.train.images.size(),
        device: training.device(),
        parameters: training.vae().parameter_count(),
        steps_per_epoch: training.vae().steps_per_epoch(),
        run: folder.path().into(),
        resumed: resumed.map(|resumed| (resumed.path, resumed.record)),
        dropped,
        first_mean: &first_mean,
    });
    // The device has its own copy.
    drop(selection);
    let mut run = Running { training, settings, folder, metrics };
    let summary = run.go(request.data.named.clone(), report)?;
    report.finish(&summary);
    Ok(summary)
}

fn first(images: &Images) -> &[u8] {
    images.get(0).unwrap_or_default()
}

/// A training and the files that it leaves.
struct Running {
    training: Training,
    settings: Settings,
    folder: RunFolder,
    metrics: Metrics,
}

impl Running {
    fn go(&mut self, data_dir: Option<PathBuf>, report: &mut dyn Report) -> Result<Summary> {
        let began = Instant::now();
        let before = self.training.epochs_done();
        let last = loop {
            let epoch = self.training.epoch(report)?;
            self.write(&epoch, report)?;
            if epoch.number >= self.settings.epochs {
                break epoch;
            }
        };
        let seconds = began.elapsed().as_secs_f64();
        let (rows, columns) = self.training.image_size();
        let samples = self.folder.samples();
        pictures::write(&samples, &self.training.samples(SAMPLES)?, rows, columns)?;
        Ok(Summary {
            run: self.folder.path().into(),
            settings: self.settings.clone(),
            epochs: last.number - before,
            seconds,
            last,
            samples,
            data_dir,
        })
    }

    /// The last checkpoint comes last: what it says is done is on the disk, and what a cut-short epoch
    /// has left is written again when the training goes on.
    fn write(&mut self, epoch: &Epoch, report: &mut dyn Report) -> Result<()> {
        let checkpoint = self.training.checkpoint()?;
        self.metrics.append(&Row::of(epoch))?;
        report.epoch(epoch, &self.settings);
        if let Some(images) = &epoch.reconstruction {
            let (rows, columns) = self.training.image_size();
            let picture = self.folder.picture(epoch.number);
            pictures::write(&picture, images, rows, columns)?;
            let kept = self.folder.checkpoint(epoch.number);
            checkpoint.save(&kept).map_err(Error::Save)?;
            report.kept(&[self.inside(&picture), self.inside(&kept)]);
        }
        checkpoint.save(&self.folder.last()).map_err(Error::Save)
    }

    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.folder.path()).unwrap_or(path).to_path_buf()
    }
}

/// `config.toml`: the settings under their flags' names, and what they were applied to.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Config<'a> {
    #[serde(flatten)]
    settings: &'a Settings,
    device: &'static str,
    threads: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Data<'a> {
    name: &'a str,
    train_images: usize,
    test_images: usize,
    rows: usize,
    columns: usize,
}

fn write_config(
    folder: &RunFolder,
    settings: &Settings,
    request: &Request,
    dataset: &elbo_data::Dataset,
) -> Result<()> {
    let text = |path: &PathBuf| path.display().to_string();
    let images = &dataset.train.images;
    let config = Config {
        settings,
        device: request.device.kind.name(),
        threads: request.device.threads,
        data_dir: request.data.named.as_ref().map(text),
        resume: request.resume.as_ref().map(text),
        data: Data {
            name: &dataset.name,
            train_images: images.count,
            test_images: dataset.test.images.count,
            rows: images.rows,
            columns: images.columns,
        },
    };
    let unwritten = |fact: String| Error::Unwritten { what: "the settings", fact };
    let mut file = String::from(
        "# What this run was trained with; the names are the flags of `elbo train`.\n",
    );
    let table = toml::to_string(&config).map_err(|error| unwritten(error.to_string()))?;
    file.write_str(&table).map_err(|error| unwritten(error.to_string()))?;
    atomic::replace(&folder.config(), file.as_bytes())
}
