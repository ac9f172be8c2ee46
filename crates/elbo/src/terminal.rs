//! All that the user sees: lines on standard output; warnings, errors and the bar beside it.

mod bar;
mod figures;
mod json;
mod lines;
mod model;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use elbo::{Epoch, Error, Report, Settings, Start, Step, Summary, data::Selection};
use elbo_data::{Dataset, Progress};

use crate::interrupt::Interrupt;
use bar::Bar;
pub(crate) use figures::{measurements, profile};
pub(crate) use json::JsonLines;
pub(crate) use model::{evaluation, imported, info, written};

/// Watches a training and shows it: a line an epoch, and on a terminal a bar.
pub(crate) struct Terminal {
    bar: Bar,
    /// What the data line says, kept until the model's sizes are known.
    data: String,
    /// Why the digits are drawn, said at the start and at the end.
    stand_in: Option<String>,
    /// How the user calls this program.
    command: String,
    /// Once the training has begun; before, a signal ends the program as it ends any other.
    interrupt: Option<Interrupt>,
}

impl Terminal {
    pub(crate) fn new(command: &str) -> Self {
        let (bar, command) = (Bar::new(), command.into());
        Self { bar, data: String::new(), stand_in: None, command, interrupt: None }
    }

    /// What a data folder holds.
    pub(crate) fn dataset(&mut self, dataset: &Dataset) {
        self.bar.clear();
        self.line(&dataset.to_string());
        self.warnings(dataset);
    }

    /// Takes signals as a wish to stop from now on. Where the system does not let it, they end the
    /// program, and the training goes on from its last epoch's checkpoint.
    fn listen(&mut self) {
        self.interrupt = Interrupt::listen().ok();
    }

    /// The exit code of a training that a signal has stopped.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        self.interrupt.as_ref().and_then(Interrupt::exit_code)
    }

    /// That the digits are drawn, once more at the end.
    fn warn_again(&self) {
        if let Some(why) = &self.stand_in {
            self.warn(&lines::stand_in(why, &self.command));
        }
    }

    /// A line on standard output, above the bar.
    fn line(&self, line: &str) {
        self.bar.suspend(|| text(&format!("{line}\n")));
    }

    fn warn(&self, lines: &str) {
        self.bar.suspend(|| beside(lines));
    }

    fn warnings(&self, dataset: &Dataset) {
        for warning in &dataset.warnings {
            self.warn(&format!("warning: {warning}\n"));
        }
    }
}

impl Report for Terminal {
    fn download(&mut self, progress: Progress<'_>) {
        self.bar.download(progress);
    }

    fn data(&mut self, data: &Selection) {
        self.bar.clear();
        self.data = data.dataset.to_string();
        self.warnings(&data.dataset);
        if let Some(why) = &data.stand_in {
            self.warn(&lines::stand_in(why, &self.command));
            self.stand_in = Some(why.clone());
        }
    }

    fn start(&mut self, start: &Start<'_>) {
        self.listen();
        for line in lines::header(start, &self.data) {
            self.line(&line);
        }
        self.bar.start(start);
    }

    fn pace(&self, steps_per_epoch: usize) -> Option<usize> {
        self.bar.is_shown().then(|| (steps_per_epoch / 50).max(1))
    }

    fn stop(&self) -> bool {
        self.exit_code().is_some()
    }

    fn step(&mut self, step: Step) {
        self.bar.step(step);
    }

    fn epoch(&mut self, epoch: &Epoch, settings: &Settings) {
        self.line(&lines::epoch(epoch, settings.epochs));
        if settings.logs(epoch.number) {
            self.line(&lines::last_batch(epoch));
        }
    }

    fn kept(&mut self, files: &[PathBuf]) {
        self.line(&lines::kept(files));
    }

    fn finish(&mut self, summary: &Summary) {
        self.bar.clear();
        for line in lines::summary(summary, &self.command) {
            self.line(&line);
        }
        self.warn_again();
    }
}

/// Writes to standard output. A reader that has gone (`elbo train | head`) ends no training: its files
/// are worth more than its lines.
pub(crate) fn text(text: &str) {
    let _ = write(text);
}

/// Writes to standard output what a command is there to tell: if it goes nowhere, the command has failed.
/// A reader that has gone has seen what it wanted.
pub(crate) fn answer(text: &str) -> Result<(), Error> {
    match write(text) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Unwritable { path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush())
}

/// Figures as an answer: as JSON for programs, or as the text that `table` makes of them.
pub(crate) fn figures(
    figures: &impl serde::Serialize,
    json: bool,
    table: impl Fn() -> String,
) -> Result<(), Error> {
    match serde_json::to_string_pretty(figures) {
        Ok(figures) if json => answer(&format!("{figures}\n")),
        _ => answer(&table()),
    }
}

/// Writes beside standard output.
fn beside(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The one line that an error is, and the command that would fill a folder that lacks data.
pub(crate) fn error(message: &str, lacks_data: Option<&Path>, command: &str) {
    let words: Vec<&str> = message.split_whitespace().collect();
    let fetch = lacks_data.map(|folder| lines::fetch(folder, command)).unwrap_or_default();
    beside(&format!("elbo: {}{fetch}\n", words.join(" ")));
}
