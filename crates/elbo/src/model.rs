//! A trained model to look at and to use: found by file or run folder, read, put on a device.

use std::path::{Path, PathBuf};

use elbo_data::ImageSet;
use elbo_nn::{Checkpoint, checkpoint::Tensor};
use elbo_vae::{Latents, Sizes, Trained};

use crate::{
    Config, Device, Error, Record, Report, Result, RunFolder, Settings,
    data::{self, Wanted},
    error::lacks_memory,
};

/// A trained model on a device.
#[derive(Debug)]
pub struct Model {
    path: PathBuf,
    record: Record,
    trained: Trained,
    device: String,
}

/// A checkpoint that is read and understood.
pub(crate) struct Stored {
    pub(crate) path: PathBuf,
    pub(crate) record: Record,
    pub(crate) checkpoint: Checkpoint,
}

/// Which images a command works on.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Images of one's own; they win over a data set.
    pub images: Option<PathBuf>,
    /// A data set, if one was named.
    pub data: Wanted,
    /// The data set's training images rather than its test images.
    pub train: bool,
}

/// The file that is meant: a checkpoint, or a run folder's best one, else its last.
pub fn checkpoint_file(file_or_run: &Path) -> Result<PathBuf> {
    if !file_or_run.is_dir() {
        return Ok(file_or_run.into());
    }
    let folder = RunFolder::at(file_or_run);
    [folder.best(), folder.last()].into_iter().find(|file| file.exists()).ok_or_else(|| {
        Error::Resume {
            path: file_or_run.into(),
            fact: "no checkpoint in this folder; name a run folder or a .safetensors file".into(),
        }
    })
}

impl Stored {
    /// Reads a checkpoint, or the best one of a run folder.
    pub(crate) fn open(file_or_run: &Path) -> Result<Self> {
        let path = checkpoint_file(file_or_run)?;
        let checkpoint = Checkpoint::load(&path).map_err(|error| match error {
            elbo_nn::Error::NoMetadata { path, .. } => {
                let fact = "is no checkpoint of elbo's own; make one of a PyTorch state_dict with \
                            `elbo import`";
                Error::Resume { path, fact: fact.into() }
            }
            error => Error::Checkpoint(error),
        })?;
        let record = Record::from_metadata(&checkpoint.metadata, &path)?;
        let sizes = Sizes::of_parameters(&checkpoint.tensors, &path).map_err(Error::Restore)?;
        if sizes != record.model {
            let Sizes { input, hidden, latent } = sizes;
            let fact = format!(
                "its record tells of another model than its parameters, which are of \
                 {input}-{hidden}-{latent}; use another checkpoint"
            );
            return Err(Error::Resume { path, fact });
        }
        Ok(Self { path, record, checkpoint })
    }
}

impl Model {
    /// Opens a checkpoint, or the best one of a run folder, else its last.
    pub fn open(file_or_run: &Path, device: Device) -> Result<Self> {
        let Stored { path, record, checkpoint } = Stored::open(file_or_run)?;
        let batch_size = record.training.batch_size;
        check_memory(&record, &path)?;
        let opened = device.open()?;
        let device = opened.describe();
        let trained =
            Trained::new(&checkpoint.tensors, &path, batch_size, |program| opened.session(program))
                .map_err(|error| unfit(error, &record, &path))?;
        Ok(Self { path, record, trained, device })
    }

    /// The checkpoint.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the checkpoint says of its training.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The device in words.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The model's sizes.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        self.record.model
    }

    /// Rows and columns of its images.
    #[must_use]
    pub const fn image_size(&self) -> (usize, usize) {
        (self.record.rows, self.record.columns)
    }

    /// The model itself.
    pub(crate) fn trained(&mut self) -> &mut Trained {
        &mut self.trained
    }

    /// The posterior of each image. `pixels`: [count, rows, columns], 0 to 255.
    pub fn encode(&mut self, pixels: &[u8]) -> Result<Latents> {
        Ok(self.trained.encode(pixels)?)
    }

    /// The image of each latent: [count, rows, columns] in [-1, 1]. `latents`: [count, latent].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        Ok(self.trained.decode(latents)?)
    }

    /// Images drawn from the prior: [count, rows, columns] in [-1, 1].
    pub fn sample(&mut self, count: usize, seed: u64) -> Result<Vec<f32>> {
        Ok(self.trained.sample(count, seed)?)
    }

    /// The images to work on: those named, else the data that the run of the checkpoint names, else
    /// what its training would take.
    ///
    /// Refuses images of another size than the model's.
    pub fn images(&self, source: &Source, report: &mut dyn Report) -> Result<ImageSet> {
        if let Some(path) = &source.images {
            return Ok(elbo_data::read_own(path, Some(self.image_size()))?);
        }
        let selection = data::select(&self.wanted(&source.data)?, report)?;
        report.data(&selection);
        let dataset = selection.dataset;
        let split = if source.train { dataset.train } else { dataset.test };
        let (rows, columns) = self.image_size();
        let images = &split.images;
        if (images.rows, images.columns) != (rows, columns) {
            let fact = format!(
                "is a model of images of {rows}×{columns}, the data are {} of {}×{}; name other data \
                 with --data-dir",
                dataset.name, images.rows, images.columns
            );
            return Err(Error::Resume { path: self.path.clone(), fact });
        }
        let labels = (split.labels.len() == images.count).then_some(split.labels);
        Ok(ImageSet { images: split.images, labels })
    }

    fn wanted(&self, data: &Wanted) -> Result<Wanted> {
        if data.named.is_some() {
            return Ok(data.clone());
        }
        let config = RunFolder::of_checkpoint(&self.path).map(|run| RunFolder::at(&run).config());
        let config = config.map(|path| Config::read(&path)).transpose()?.unwrap_or_default();
        let drawn = (self.record.data == data::DRAWN)
            .then(|| format!("{} was trained on drawn digits", self.path.display()));
        let named = config.data_dir.filter(|_| drawn.is_none());
        Ok(Wanted { named, drawn, ..data.clone() })
    }
}

/// Refuses what a record asks for beyond any memory.
pub(crate) fn check_memory(record: &Record, path: &Path) -> Result<()> {
    let Sizes { input, hidden, latent } = record.model;
    let batch_size = record.training.batch_size;
    let settings = Settings { hidden, latent, batch_size, ..Settings::default() };
    settings.check_memory(input).map_err(|error| {
        let said = error.to_string();
        let fact = said.split_once("; ").map_or(said.as_str(), |(fact, _)| fact);
        let fact = format!("its record cannot be used ({fact}); use another checkpoint");
        Error::Resume { path: path.into(), fact }
    })
}

/// Batches are the record's, so a lack of memory is told of its file.
fn unfit(error: elbo_vae::Error, record: &Record, path: &Path) -> Error {
    if !lacks_memory(&error) {
        return Error::Restore(error);
    }
    let batch_size = record.training.batch_size;
    let fact = format!(
        "needs more memory than there is for batches of {batch_size} images; use another checkpoint"
    );
    Error::Resume { path: path.into(), fact }
}

/// A model's parameters alone, without what an optimizer left.
pub(crate) fn parameters(stored: &Stored) -> Vec<(&'static str, &Tensor)> {
    let names = stored.record.model.parameters();
    names
        .into_iter()
        .filter_map(|(name, _)| Some((name, stored.checkpoint.tensors.get(name)?)))
        .collect()
}
