//! A training from request to run folder: data, settings, epochs, files.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use elbo_data::Images;

use crate::{
    Config, Destination, Epoch, Error, Report, Request, Result, Resumed, RunFolder, Settings,
    Start, Summary, Training, chart, data,
    metrics::{Metrics, Row},
    pictures,
};

/// Images drawn from the prior at the end.
const SAMPLES: usize = 64;

/// Trains a model as asked and leaves everything in a run folder.
///
/// What can be refused is refused before anything is fetched or written.
pub fn train(request: &Request, report: &mut dyn Report) -> Result<Summary> {
    let file = request.file()?;
    let resumed = request.resume.as_deref().map(Resumed::open).transpose()?;
    let blame = |error| request.blame(error, &file, resumed.as_ref());
    let overrides = request.overrides.or(&file.overrides());
    let settings = match &resumed {
        Some(resumed) => overrides.resumed(&resumed.record, &resumed.path)?,
        None => overrides.fresh(),
    };
    settings.check().map_err(blame)?;
    let device = request.device(&file);
    device.check()?;
    let destination = Destination::new(request.out.as_deref(), resumed.as_ref())?;

    let wanted = request.data(&file, resumed.as_ref());
    let selection = data::select(&wanted, report)?;
    report.data(&selection);
    if let Some(resumed) = &resumed {
        resumed.record.check_data(&selection.dataset, &resumed.path)?;
    }
    let mut training = Training::new(&selection.dataset, &settings, device).map_err(blame)?;
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
    let data_dir = wanted.folder(&selection);
    let config = Config {
        device: Some(device.kind),
        threads: Some(device.threads),
        tf32: device.tf32.then_some(true),
        data_dir: data_dir.clone(),
        resume: request.resume.clone(),
        ..Config::of(&settings, &selection.dataset)
    };
    config.write(&folder.config())?;
    report.start(&Start {
        settings: &settings,
        input: selection.dataset.train.images.size(),
        device: training.device(),
        fallback: training.fallback(),
        parameters: training.vae().parameter_count(),
        steps_per_epoch: training.vae().steps_per_epoch(),
        run: folder.path().into(),
        resumed: resumed.map(|resumed| (resumed.path, resumed.record)),
        dropped,
        first_mean: &first_mean,
    });
    // The device has its own copy.
    drop(selection);
    let mut run = Running { training, settings, folder, metrics, kept: 0 };
    let summary = run.go(data_dir, report)?;
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
    /// Epochs of which a picture and a checkpoint were kept.
    kept: u32,
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
            kept: self.kept,
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
            self.kept += 1;
            report.kept(&[self.inside(&picture), self.inside(&kept)]);
        }
        chart::write(&self.folder.chart(), self.metrics.rows())?;
        checkpoint.save(&self.folder.last()).map_err(Error::Save)
    }

    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.folder.path()).unwrap_or(path).to_path_buf()
    }
}
