//! Where a run keeps its files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, Result, config, metrics};

/// A folder with `config.toml`, `metrics.csv`, `loss.svg`, `checkpoints/`, `vae_img/` and `samples.png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the next numbered folder in `runs`: `runs/0001`, or one more than the highest there.
    pub fn numbered(runs: &Path) -> Result<Self> {
        fs::create_dir_all(runs).map_err(|source| unwritable(runs, source))?;
        let mut number = highest(runs).map_err(|source| unwritable(runs, source))?;
        loop {
            number += 1;
            let path = runs.join(format!("{number:04}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::open(&path),
                // Another run was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(unwritable(&path, source)),
            }
        }
    }

    /// Makes a folder for a new run, or takes one in which there is none yet.
    pub fn create(path: &Path) -> Result<Self> {
        Self::check_free(path)?;
        Self::open(path)
    }

    /// Takes a folder in which there may be a run, and makes what is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self::at(path);
        for part in [folder.checkpoints(), folder.pictures()] {
            fs::create_dir_all(&part).map_err(|source| unwritable(&part, source))?;
        }
        Ok(folder)
    }

    /// A folder that is there, whatever it holds.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.into() }
    }

    /// Refuses a folder in which there is a run: nothing is ever overwritten.
    ///
    /// What a run leaves that was stopped before its first checkpoint is nothing to keep.
    pub fn check_free(path: &Path) -> Result<()> {
        let refuse = |fact: &str| Err(Error::RunFolder { path: path.into(), fact: fact.into() });
        if path.exists() && !path.is_dir() {
            return refuse("is a file; name a folder with --out");
        }
        let folder = Self::at(path);
        let kept = folder.last().exists() || folder.last_kept().is_some();
        if kept || metrics::has_rows(&folder.metrics()) {
            return refuse("holds a run already; go on with --resume, or name another folder");
        }
        let config = fs::read(folder.config());
        if config.is_ok_and(|text| !text.starts_with(config::HEADING.as_bytes())) {
            return refuse("holds a config.toml of another kind; name another folder with --out");
        }
        Ok(())
    }

    /// The highest epoch of which a checkpoint was kept, as the files are called.
    pub(crate) fn last_kept(&self) -> Option<u32> {
        let names = fs::read_dir(self.checkpoints()).ok()?.flatten().map(|entry| entry.file_name());
        let epoch = |name: &str| {
            let digits = name.strip_prefix("epoch-")?.strip_suffix(".safetensors")?;
            digits.parse::<u32>().ok()
        };
        names.filter_map(|name| epoch(name.to_str()?)).max()
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings in effect.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// The figures of every epoch.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// The losses over the epochs, drawn.
    #[must_use]
    pub fn chart(&self) -> PathBuf {
        self.path.join("loss.svg")
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Where the reconstructions lie.
    #[must_use]
    pub fn pictures(&self) -> PathBuf {
        self.path.join("vae_img")
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn last(&self) -> PathBuf {
        self.checkpoints().join("last.safetensors")
    }

    /// The checkpoint kept of an epoch.
    #[must_use]
    pub fn checkpoint(&self, epoch: u32) -> PathBuf {
        self.checkpoints().join(format!("epoch-{epoch:04}.safetensors"))
    }

    /// The reconstructions kept of an epoch.
    #[must_use]
    pub fn picture(&self, epoch: u32) -> PathBuf {
        self.pictures().join(format!("image_{epoch}.png"))
    }

    /// Images drawn from the prior at the end.
    #[must_use]
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples.png")
    }

    /// The run folder that a checkpoint lies in, if it lies in one.
    #[must_use]
    pub fn of_checkpoint(checkpoint: &Path) -> Option<PathBuf> {
        let parent = checkpoint.parent()?;
        let run = if parent.ends_with("checkpoints") {
            let run = parent.parent()?;
            if run.as_os_str().is_empty() { PathBuf::from(".") } else { run.into() }
        } else {
            // Named from within, as `last.safetensors` or `./last.safetensors`.
            let absolute = fs::canonicalize(checkpoint).ok()?;
            let parent = absolute.parent()?;
            parent.ends_with("checkpoints").then(|| parent.parent().map(Path::to_path_buf))??
        };
        Self::at(&run).config().is_file().then_some(run)
    }
}

/// The highest number that is the name of something in the folder, 0 if there is none.
fn highest(runs: &Path) -> io::Result<u64> {
    let mut highest = 0;
    for entry in fs::read_dir(runs)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.parse::<u32>().ok());
        highest = highest.max(number.map_or(0, u64::from));
    }
    Ok(highest)
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    let fact = format!("cannot be made ({source}); name a folder that can be written with --out");
    Error::RunFolder { path: path.into(), fact }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_numbered_on_from_the_highest() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let first = RunFolder::numbered(&runs).unwrap();
        assert_eq!(first.path(), runs.join("0001"));
        assert!(first.last().parent().unwrap().is_dir());

        fs::create_dir(runs.join("0041")).unwrap();
        fs::write(runs.join("notes"), "").unwrap();
        assert_eq!(RunFolder::numbered(&runs).unwrap().path(), runs.join("0042"));
        fs::create_dir(runs.join("9999")).unwrap();
        assert_eq!(RunFolder::numbered(&runs).unwrap().path(), runs.join("10000"));
    }

    #[test]
    fn a_folder_with_a_run_is_not_taken_for_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        let run = RunFolder::create(&path).unwrap();
        RunFolder::create(&path).unwrap();
        for file in [run.last(), run.checkpoint(3), run.metrics()] {
            fs::write(&file, "epoch,step\n1,4\n").unwrap();
            let message = RunFolder::create(&path).unwrap_err().to_string();
            assert!(message.contains("holds a run already; go on with --resume"), "{message}");
            RunFolder::open(&path).unwrap();
            fs::remove_file(file).unwrap();
        }
    }

    #[test]
    fn what_a_run_leaves_that_had_no_checkpoint_yet_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine");
        let run = RunFolder::create(&path).unwrap();
        metrics::Metrics::create(&run.metrics()).unwrap();
        crate::Config::default().write(&run.config()).unwrap();
        RunFolder::create(&path).unwrap();

        fs::write(run.config(), "[package]\n").unwrap();
        let message = RunFolder::create(&path).unwrap_err().to_string();
        assert!(message.contains("mine: holds a config.toml of another kind"), "{message}");
    }

    #[test]
    fn a_checkpoint_knows_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&folder.path().join("mine")).unwrap();
        assert_eq!(RunFolder::of_checkpoint(&run.last()), None);
        fs::write(run.config(), "").unwrap();
        assert_eq!(RunFolder::of_checkpoint(&run.last()), Some(run.path().into()));
        let elsewhere = folder.path().join("last.safetensors");
        assert_eq!(RunFolder::of_checkpoint(&elsewhere), None);
    }
}
