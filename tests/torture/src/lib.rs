#![doc = include_str!("../README.md")]

mod dice;
pub mod digits;
mod folder;
mod victim;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use dice::Dice;
use victim::{End, Moment};

/// The run folder, within a training's own.
const RUN: &str = "run";
const LAST: &str = "checkpoints/last.safetensors";
/// What comes after everything else.
const REPORT: &str = "report.html";

/// A training that writes often: each epoch of some milliseconds a checkpoint and a chart, and now and
/// then a picture and a checkpoint that stays.
const TRAIN: [&str; 25] = [
    "train",
    "--data-dir",
    "../digits",
    "--out",
    RUN,
    "--epochs",
    "12",
    "--batch-size",
    "32",
    "--hidden",
    "64",
    "--latent",
    "4",
    "--lr",
    "3e-3",
    "--lr-at",
    "6:1e-2",
    "--image-every",
    "3",
    "--checkpoint-every",
    "2",
    "--log-every",
    "0",
    "--device",
    "cpu",
];

/// How much later at most than a passing file comes up the kill follows.
const LATER: Duration = Duration::from_millis(3);

/// Who is to be killed how often.
#[derive(Clone, Debug)]
pub struct Torture {
    /// The program `elbo`.
    pub program: PathBuf,
    /// After how many kills to let the last training finish.
    pub kills: u32,
    /// What moments are drawn from. The same seed draws the same ones; what they hit depends on the
    /// machine.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Starts of the program that were killed.
    pub kills: u32,
    /// Of these, how many left a file that was being written.
    pub inside_a_write: u32,
    /// Starts that went on from a checkpoint after a kill.
    pub resumes: u32,
    /// Starts from the beginning after a kill before the first checkpoint.
    pub restarts: u32,
    /// Trainings that came to their end and were compared with an undisturbed one.
    pub compared: u32,
    /// Checkpoints that were read whole after a kill.
    pub checkpoints: u32,
    /// What was lost, half-written, refused or different: a sentence each.
    pub losses: Vec<String>,
}

impl Torture {
    /// Trains, kills, looks, goes on, until there were enough kills. `tell` hears of each kill.
    ///
    /// # Errors
    /// When the undisturbed training does not work, or the system does not let it start a program
    /// or write a file. What is wrong after a kill is a loss, and no error.
    pub fn run(&self, tell: &mut dyn FnMut(&Tally)) -> Result<Tally, String> {
        let place = tempfile::tempdir().map_err(|error| error.to_string())?;
        digits::write(&place.path().join("digits"), 400, 60).map_err(|error| error.to_string())?;
        let straight = self.straight(place.path())?;
        let mut dice = Dice::new(self.seed);
        let mut tally = Tally::default();
        while tally.kills < self.kills {
            let home = made(place.path().join("trained"))?;
            let mut training =
                Trained { torture: self, straight: &straight, run: home.join(RUN), home };
            if let Err(loss) = training.through(&mut dice, &mut tally, tell) {
                let (kills, seed) = (tally.kills, self.seed);
                tally.losses.push(format!("kill {kills} of seed {seed}: {loss}"));
            }
            fs::remove_dir_all(&training.home).map_err(|error| error.to_string())?;
        }
        Ok(tally)
    }

    /// A training that nobody disturbs.
    fn straight(&self, place: &Path) -> Result<Straight, String> {
        let home = made(place.join("straight"))?;
        let run = home.join(RUN);
        let command = victim::command(&self.program, &home, &TRAIN);
        let told = |error: io::Error| format!("{}: {error}", self.program.display());
        let End { status, said, writes, time } =
            victim::run(command, &run, Moment::Never).map_err(told)?;
        if !status.is_some_and(|status| status.success()) {
            return Err(format!("the undisturbed training does not work: {}", said.trim()));
        }
        Ok(Straight { files: folder::files(&run)?, writes: writes.max(1), time })
    }
}

/// What an undisturbed training leaves, and how it went.
struct Straight {
    files: BTreeMap<String, Vec<u8>>,
    /// Passing files that were seen.
    writes: u64,
    time: Duration,
}

/// A training that is killed until it gets through.
struct Trained<'a> {
    torture: &'a Torture,
    straight: &'a Straight,
    home: PathBuf,
    run: PathBuf,
}

impl Trained<'_> {
    /// Starts it again and again. An error is what was lost.
    fn through(
        &mut self,
        dice: &mut Dice,
        tally: &mut Tally,
        tell: &mut dyn FnMut(&Tally),
    ) -> Result<(), String> {
        let mut killed = false;
        loop {
            let before = folder::passing(&self.run);
            let progress = self.progress()?;
            let enough = tally.kills >= self.torture.kills;
            let moment = if enough { Moment::Never } else { self.moment(dice) };
            let goes_on = progress.is_some();
            let end = self.start(goes_on, 1 + dice.below(2), moment)?;
            if killed {
                let count = if goes_on { &mut tally.resumes } else { &mut tally.restarts };
                *count += 1;
            }
            match end.status {
                Some(status) if status.success() => {
                    tally.compared += 1;
                    return self.compare();
                }
                Some(status) => return Err(format!("{status}, {}", end.said.trim())),
                None => {
                    killed = true;
                    tally.kills += 1;
                    let left = folder::passing(&self.run);
                    tally.inside_a_write += u32::from(left.difference(&before).next().is_some());
                    tally.checkpoints += self.look()?;
                    if self.progress()? < progress {
                        return Err("the newest checkpoint is older than before the kill".into());
                    }
                    tell(tally);
                    if self.run.join(REPORT).exists() {
                        // Killed after all was done: going on would be refused, and rightly.
                        tally.compared += 1;
                        return self.compare();
                    }
                }
            }
        }
    }

    /// Half of the kills spread over the run's time, half in the middle of a write.
    fn moment(&self, dice: &mut Dice) -> Moment {
        let Straight { writes, time, .. } = self.straight;
        if dice.below(2) == 0 {
            return Moment::After(dice.moment(*time));
        }
        Moment::Write { number: 1 + dice.below(*writes), later: dice.moment(LATER) }
    }

    /// What the user would type: the same again, or to go on where there is a checkpoint.
    fn start(&self, goes_on: bool, threads: u64, moment: Moment) -> Result<End, String> {
        let threads = threads.to_string();
        let go_on = ["train", "--data-dir", "../digits", "--resume", RUN, "--device", "cpu"];
        let arguments = if goes_on { &go_on[..] } else { &TRAIN[..] };
        let arguments = [arguments, &["--threads", &threads]].concat();
        let command = victim::command(&self.torture.program, &self.home, &arguments);
        victim::run(command, &self.run, moment).map_err(|error| format!("{arguments:?}: {error}"))
    }

    /// Epochs and steps of the newest checkpoint; none where there is no checkpoint at all.
    fn progress(&self) -> Result<Option<(u64, u64)>, String> {
        let last = self.run.join(LAST);
        if last.exists() {
            return self.info(&last).map(Some);
        }
        let kept = self.run.join("checkpoints");
        let any = fs::read_dir(kept).into_iter().flatten().flatten();
        let mut paths = any.map(|entry| entry.path());
        let whole = |path: &PathBuf| path.extension().is_some_and(|end| end == "safetensors");
        paths.find(whole).map(|path| self.info(&path)).transpose()
    }

    /// Looks at every file that has its name. Returns how many checkpoints the program could read.
    fn look(&self) -> Result<u32, String> {
        if !self.run.exists() {
            return Ok(0);
        }
        let files = folder::files(&self.run)?;
        if let Some(torn) = folder::torn(&files).first() {
            return Err(torn.clone());
        }
        let mut read = 0;
        for name in files.keys().filter(|name| name.ends_with(".safetensors")) {
            self.info(&self.run.join(name))?;
            read += 1;
        }
        Ok(read)
    }

    /// Epochs and steps of a checkpoint, as `elbo info` tells them after reading all of it.
    fn info(&self, checkpoint: &Path) -> Result<(u64, u64), String> {
        let file = checkpoint.to_string_lossy();
        let mut command =
            victim::command(&self.torture.program, &self.home, &["info", "--json", &file]);
        let output = command.stdout(std::process::Stdio::piped()).output();
        let output = output.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let info: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
        let number = |name: &str| info.as_ref()?[name].as_u64();
        match (output.status.success(), number("epoch"), number("step")) {
            (true, Some(epoch), Some(step)) => Ok((epoch, step)),
            _ => Err(format!("elbo info {file}: {}", said.trim())),
        }
    }

    /// Compares with the undisturbed training, byte for byte.
    fn compare(&self) -> Result<(), String> {
        if let Some(left) = folder::passing(&self.run).first() {
            return Err(format!("{} is left over at the end", left.display()));
        }
        let differences = folder::differences(&self.straight.files, &folder::files(&self.run)?);
        if differences.is_empty() { Ok(()) } else { Err(differences.join(", ")) }
    }
}

fn made(folder: PathBuf) -> Result<PathBuf, String> {
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
