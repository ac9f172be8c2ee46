//! Where a run keeps its files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, Result, config, metrics, text_file};

/// A folder with `config.toml`, `metrics.csv`, `loss.svg`, `report.html`, `checkpoints/`, `vae_img/` and
/// `samples.png`.
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
    /// What a run leaves that was stopped before its first checkpoint is nothing to keep: at most one
    /// row, or the best checkpoint of the run that it goes on from.
    pub fn check_free(path: &Path) -> Result<()> {
        let folder = Self::at(path);
        folder.check_kind()?;
        let ended = folder.samples().exists() || folder.report().exists();
        let kept = folder.last().exists() || folder.last_kept().is_some();
        let rows = metrics::count_rows(&folder.metrics());
        let most = usize::from(!ended && !folder.best().exists());
        if kept || rows > most {
            let fact = "holds a run already; go on with --resume, name another folder, or give it \
                        up for a new one with --force";
            return Err(Error::RunFolder { path: path.into(), fact: fact.into() });
        }
        Ok(())
    }

    /// Refuses a folder that is no run's, as far as its settings tell.
    pub(crate) fn check_kind(&self) -> Result<()> {
        let refuse =
            |fact: &str| Err(Error::RunFolder { path: self.path.clone(), fact: fact.into() });
        if self.path.exists() && !self.path.is_dir() {
            return refuse("is a file; name a folder with --out");
        }
        let ours = match text_file::read(&self.config(), config::MOST_BYTES) {
            Ok(text) => text.starts_with(config::HEADING),
            Err(error) => {
                matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
        };
        if ours {
            return Ok(());
        }
        refuse("holds a config.toml of another kind; name another folder with --out")
    }

    /// Takes away what a run has left here that was stopped before its first checkpoint. Nothing where
    /// no run has begun: pictures may be anybody's.
    pub(crate) fn clear_begun(&self) -> Result<()> {
        if self.config().exists() { self.clear() } else { Ok(()) }
    }

    /// Takes away what a training has left here, and nothing else.
    pub(crate) fn clear(&self) -> Result<()> {
        self.check_kind()?;
        let own = [self.config(), self.metrics(), self.chart(), self.samples(), self.report()];
        let checkpoints = files(&self.checkpoints(), |name| {
            name.strip_suffix(".safetensors")
                .is_some_and(|name| ["last", "best"].contains(&name) || name.starts_with("epoch-"))
        });
        let pictures =
            files(&self.pictures(), |name| name.starts_with("image_") && name.ends_with(".png"));
        own.into_iter().chain(checkpoints).chain(pictures).try_for_each(remove)
    }

    /// Takes away what the end of a training has left here: it tells of an earlier end, or of none.
    /// What cannot be taken away cannot be replaced either, and that is told when it is due.
    pub(crate) fn clear_end(&self) {
        for path in [self.samples(), self.report()] {
            let _ = remove(path);
        }
    }

    /// Takes away what was being written here when a program was killed.
    pub(crate) fn sweep(&self) {
        for folder in [self.path.clone(), self.checkpoints(), self.pictures()] {
            elbo_file::sweep(&folder);
        }
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

    /// The checkpoint of the epoch with the lowest loss on the test images.
    #[must_use]
    pub fn best(&self) -> PathBuf {
        self.checkpoints().join("best.safetensors")
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

    /// All of the run on one page.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// The pictures that are there, each with its epoch, in the epochs' order.
    #[must_use]
    pub fn kept_pictures(&self) -> Vec<(u32, PathBuf)> {
        let epoch = |name: &str| name.strip_prefix("image_")?.strip_suffix(".png")?.parse().ok();
        let paths = files(&self.pictures(), |name| epoch(name).is_some());
        let named = |path: &PathBuf| epoch(path.file_name()?.to_str()?);
        let mut pictures: Vec<_> =
            paths.into_iter().filter_map(|path| Some((named(&path)?, path))).collect();
        pictures.sort();
        pictures
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

/// The files of a folder whose names fit; none where there is no folder.
fn files(folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let fitting = entries.filter(|entry| entry.file_name().to_str().is_some_and(&fits));
    fitting.map(|entry| entry.path()).collect()
}

/// Takes a file away, if it is there.
fn remove(path: PathBuf) -> Result<()> {
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::Unwritable { path, source: error })
        }
        _ => Ok(()),
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
            fs::write(&file, "epoch,step\n1,4\n2,8\n").unwrap();
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
        // Killed while the best checkpoint of another run was brought along.
        fs::write(run.best(), "").unwrap();
        RunFolder::create(&path).unwrap();
        // Killed after the first row, and before, or after, the checkpoint of its epoch.
        fs::write(run.metrics(), "epoch,step\n1,4\n").unwrap();
        assert!(RunFolder::create(&path).is_err());
        run.clear_begun().unwrap();
        assert!(!run.best().exists());
        fs::write(run.metrics(), "epoch,step\n1,4\n").unwrap();
        RunFolder::create(&path).unwrap();
        // A whole run whose checkpoints someone has taken away.
        fs::write(run.report(), "").unwrap();
        assert!(RunFolder::create(&path).is_err());

        fs::write(run.config(), "[package]\n").unwrap();
        let message = RunFolder::create(&path).unwrap_err().to_string();
        assert!(message.contains("mine: holds a config.toml of another kind"), "{message}");
    }

    #[test]
    fn clearing_takes_away_a_run_and_leaves_what_is_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&folder.path().join("mine")).unwrap();
        crate::Config::default().write(&run.config()).unwrap();
        let notes = [run.path().join("notes.txt"), run.pictures().join("mine.png")];
        let own = [run.last(), run.best(), run.checkpoint(3), run.metrics(), run.picture(12)];
        for file in own.iter().chain(&notes) {
            fs::write(file, "1").unwrap();
        }
        assert_eq!(run.kept_pictures(), [(12, run.picture(12))]);
        run.clear().unwrap();
        assert!(own.iter().all(|file| !file.exists()) && notes.iter().all(|file| file.exists()));
        RunFolder::create(run.path()).unwrap();

        fs::write(run.config(), "[package]\n").unwrap();
        assert!(run.clear().unwrap_err().to_string().contains("of another kind"));
        assert!(run.config().exists());
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
