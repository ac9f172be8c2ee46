//! A training from request to run folder: data, settings, epochs, files.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use elbo_data::{Images, Split};
use elbo_nn::Checkpoint;

use crate::{
    Config, Destination, Ending, Epoch, Error, Lock, Report, Request, Result, Resumed, RunFolder,
    Settings, Start, Summary, Training, chart, data,
    metrics::{Metrics, Row},
    pictures,
    report::page::Page,
};

/// Images drawn from the prior at the end.
const SAMPLES: usize = 64;

/// Trains a model as asked and leaves everything in a run folder.
///
/// What can be refused is refused before anything is fetched or written.
pub fn train(request: &Request, report: &mut dyn Report) -> Result<Summary> {
    let file = request.file()?;
    let lock = Destination::lock_own(request.out.as_deref(), request.resume.as_deref())?;
    let resumed = request.resume.as_deref().map(Resumed::open).transpose()?;
    let blame = |error| request.blame(error, &file, resumed.as_ref());
    let overrides = request.overrides.or(&file.overrides());
    let settings = match &resumed {
        Some(resumed) => {
            let unended = Destination::lacks_its_end(request.out.as_deref(), resumed);
            overrides.resumed(&resumed.record, &resumed.path, unended)?
        }
        None => overrides.fresh(),
    };
    settings.check().map_err(blame)?;
    let device = request.device(&file);
    device.check()?;
    let destination = Destination::new(request.out.as_deref(), request.force, resumed.as_ref())?;

    let wanted = request.data(&file, resumed.as_ref());
    for path in [&wanted.named, &wanted.usual, &request.resume] {
        Config::check_name(path.as_deref())?;
    }
    let selection = data::select(&wanted, report)?;
    report.data(&selection);
    if let Some(resumed) = &resumed {
        resumed.record.check_data(&selection.dataset, &resumed.path)?;
    }
    let data_dir = wanted.folder(&selection);
    let config = Config {
        device: Some(device.kind),
        threads: Some(device.threads),
        tf32: device.tf32.then_some(true),
        data_dir: data_dir.clone(),
        resume: request.resume.clone(),
        ..Config::of(&settings, &selection.dataset)
    };
    let images = &selection.dataset.train.images;
    let (input, first) = (images.size(), first(images).to_vec());
    // The device takes the images; the report wants the test set's beside their labels.
    let test = selection.dataset.test.clone();
    let training = Training::with_planning(selection.dataset, &settings, device, request.planning);
    let mut training = training.map_err(blame)?;
    if let Some(resumed) = &resumed {
        training.restore(&resumed.checkpoint, &resumed.path)?;
    }
    let first_mean = training.means(&first)?;

    let (folder, lock) = destination.make(lock)?;
    let (metrics, dropped) = match destination {
        Destination::Own(_) => Metrics::after(&folder.metrics(), training.epochs_done())?,
        Destination::Numbered | Destination::Named(_) | Destination::Emptied(_) => {
            (Metrics::create(&folder.metrics())?, None)
        }
    };
    config.write(&folder.config())?;
    if let Some(resumed) = &resumed {
        resumed.carry(&folder)?;
    }
    let began = resumed.as_ref().map_or(0, |resumed| resumed.record.step);
    let sound = resumed.as_ref().map(|resumed| (resumed.path.clone(), resumed.record.epoch));
    report.start(&Start {
        settings: &settings,
        input,
        device: training.device(),
        fallback: training.fallback(),
        parameters: training.vae().parameter_count(),
        steps_per_epoch: training.vae().steps_per_epoch(),
        run: folder.path().into(),
        resumed: resumed.map(|resumed| (resumed.path, resumed.record)),
        dropped,
        first_mean: &first_mean,
    });
    let mut run = Running {
        training,
        settings,
        test,
        folder,
        metrics,
        pictures: 0,
        checkpoints: 0,
        began,
        sound,
        _lock: lock,
    };
    let summary = run.go(data_dir, report).map_err(|error| run.explain(error))?;
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
    test: Split,
    folder: RunFolder,
    metrics: Metrics,
    /// Epochs of which a picture was kept.
    pictures: u32,
    /// Epochs of which a checkpoint was kept.
    checkpoints: u32,
    /// Steps that had been taken before.
    began: u32,
    /// The last checkpoint of this training, or the one that it goes on from, and its epoch.
    sound: Option<(PathBuf, u32)>,
    _lock: Lock,
}

impl Running {
    fn go(&mut self, data_dir: Option<PathBuf>, report: &mut dyn Report) -> Result<Summary> {
        let began = Instant::now();
        let before = self.training.epochs_done();
        let mut last = None;
        let ending = loop {
            if let Some(over) = self.over() {
                break over;
            }
            let Some(epoch) = self.training.advance(report)? else {
                self.save(&self.training.checkpoint()?, &[self.folder.last()])?;
                break Ending::Stopped;
            };
            self.write(&epoch, report)?;
            last = Some(epoch);
        };
        let seconds = began.elapsed().as_secs_f64();
        let stopped = ending == Ending::Stopped;
        let samples = if stopped { None } else { Some(self.samples()?) };
        let page = if stopped { None } else { Some(self.page().write()?) };
        Ok(Summary {
            run: self.folder.path().into(),
            settings: self.settings.clone(),
            ending,
            steps_in_the_middle: self.training.steps_in_the_middle(),
            epochs: self.training.epochs_done() - before,
            seconds,
            last,
            best: self.training.best().filter(|_| self.folder.best().exists()),
            samples,
            report: page,
            pictures: self.pictures,
            checkpoints: self.checkpoints,
            data_dir,
        })
    }

    /// Why no further step is to be taken, if none is.
    fn over(&self) -> Option<Ending> {
        let Self { training, settings, .. } = self;
        let done = training.epochs_done();
        if done >= settings.epochs {
            return Some(Ending::Complete);
        }
        let is_old = training.best().is_some_and(|best| best.is_old(done, settings));
        is_old.then_some(Ending::NoLongerBetter)
    }

    /// The last checkpoint comes last: what it says is done is on the disk, and what a cut-short epoch
    /// has left is written again when the training goes on.
    fn write(&mut self, epoch: &Epoch, report: &mut dyn Report) -> Result<()> {
        // First of all: nothing is told or written of an epoch from which nothing goes on.
        let checkpoint = self.training.checkpoint()?;
        self.metrics.append(&Row::of(epoch))?;
        report.epoch(epoch, &self.settings);
        let mut kept = Vec::new();
        if let Some(images) = &epoch.reconstruction {
            let (rows, columns) = self.training.image_size();
            let picture = self.folder.picture(epoch.number);
            pictures::write(&picture, images, rows, columns)?;
            self.pictures += 1;
            kept.push(self.inside(&picture));
        }
        let mut checkpoints = Vec::new();
        if self.settings.keeps_checkpoint(epoch.number) {
            let checkpoint = self.folder.checkpoint(epoch.number);
            self.checkpoints += 1;
            kept.push(self.inside(&checkpoint));
            checkpoints.push(checkpoint);
        }
        if epoch.is_best {
            checkpoints.push(self.folder.best());
        }
        checkpoints.push(self.folder.last());
        chart::write(&self.folder.chart(), self.metrics.rows())?;
        if self.over().is_some() {
            // Of an earlier end; whether this one is complete is told by whether they are there.
            self.folder.clear_end();
        }
        self.save(&checkpoint, &checkpoints)?;
        if !kept.is_empty() {
            report.kept(&kept);
        }
        Ok(())
    }

    /// Saves where the training stands under each of these names, in this order. It is written once:
    /// bringing megabytes to the disk takes longer than a step.
    fn save(&mut self, checkpoint: &Checkpoint, paths: &[PathBuf]) -> Result<()> {
        let mut before: Option<&PathBuf> = None;
        for path in paths {
            let linked = before.is_some_and(|before| elbo_file::link(before, path).is_ok());
            if !linked {
                checkpoint.save(path).map_err(Error::Save)?;
            }
            before = Some(path);
        }
        self.sound = before.map(|path| (path.clone(), self.training.epochs_done()));
        Ok(())
    }

    /// Adds to a divergence where it began and what to go on from. What cannot be found out is left out.
    fn explain(&mut self, error: Error) -> Error {
        let Error::Diverged(mut found) = error else { return error };
        let sound = self.sound.as_ref().map(|(path, _)| (Checkpoint::load(path), path.as_path()));
        let located = match &sound {
            Some((Ok(checkpoint), path)) => {
                self.training.locate(&mut found, Some((checkpoint, path)), self.began)
            }
            Some((Err(_), _)) => Ok(()),
            None => self.training.locate(&mut found, None, self.began),
        };
        drop(located);
        found.sound.clone_from(&self.sound);
        Error::Diverged(found)
    }

    fn samples(&mut self) -> Result<PathBuf> {
        let (rows, columns) = self.training.image_size();
        let path = self.folder.samples();
        pictures::write(&path, &self.training.samples(SAMPLES)?, rows, columns)?;
        Ok(path)
    }

    /// The run as a page; all other files are written before it.
    fn page(&mut self) -> Page<'_> {
        let Self { folder, training, test, metrics, .. } = self;
        Page { folder, training, test, rows: metrics.rows() }
    }

    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.folder.path()).unwrap_or(path).to_path_buf()
    }
}
