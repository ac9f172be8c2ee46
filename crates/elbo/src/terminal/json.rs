//! A training as JSON, an object a line on standard output, for programs that watch it.

use std::path::PathBuf;

use elbo::{Best, Ending, Epoch, Report, Settings, Start, Summary, data::Selection};
use elbo_data::Progress;
use elbo_vae::Losses;
use serde::Serialize;

use super::{Terminal, text};

/// Watches a training and prints a line of JSON for what is worth one. Warnings stay beside it.
pub(crate) struct JsonLines {
    terminal: Terminal,
}

impl JsonLines {
    pub(crate) const fn new(terminal: Terminal) -> Self {
        Self { terminal }
    }

    /// See [`Terminal::exit_code`].
    pub(crate) fn exit_code(&self) -> Option<u8> {
        self.terminal.exit_code()
    }
}

/// What happened. Losses are means over images: squared error summed over an image, and nats.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Start {
        run: PathBuf,
        data: &'a str,
        device: &'a str,
        input: usize,
        parameters: usize,
        steps_per_epoch: usize,
        resumed_after_epoch: Option<u32>,
        settings: &'a Settings,
    },
    Epoch {
        epoch: u32,
        of: u32,
        step: u32,
        learning_rate: f64,
        train: Parts,
        test: Parts,
        last_batch_loss: f64,
        best: bool,
        seconds: f64,
    },
    Kept {
        files: &'a [PathBuf],
    },
    End {
        ending: &'static str,
        epochs: u32,
        steps_in_the_middle: usize,
        seconds: f64,
        best: Option<Best>,
        run: PathBuf,
    },
}

#[derive(Serialize)]
struct Parts {
    loss: f64,
    reconstruction: f64,
    kl: f64,
}

impl From<Losses> for Parts {
    fn from(losses: Losses) -> Self {
        let Losses { reconstruction, kl } = losses;
        Self { loss: losses.total(), reconstruction, kl }
    }
}

fn print(line: &Line<'_>) {
    // Numbers, words and paths: there is nothing here that JSON cannot say but an odd path.
    if let Ok(line) = serde_json::to_string(line) {
        text(&format!("{line}\n"));
    }
}

impl Report for JsonLines {
    fn download(&mut self, progress: Progress<'_>) {
        self.terminal.download(progress);
    }

    fn data(&mut self, data: &Selection) {
        self.terminal.data(data);
    }

    fn start(&mut self, start: &Start<'_>) {
        self.terminal.listen();
        print(&Line::Start {
            run: start.run.clone(),
            data: &self.terminal.data,
            device: start.device,
            input: start.input,
            parameters: start.parameters,
            steps_per_epoch: start.steps_per_epoch,
            resumed_after_epoch: start.resumed.as_ref().map(|(_, record)| record.epoch),
            settings: start.settings,
        });
    }

    fn stop(&self) -> bool {
        self.terminal.stop()
    }

    fn epoch(&mut self, epoch: &Epoch, settings: &Settings) {
        print(&Line::Epoch {
            epoch: epoch.number,
            of: settings.epochs,
            step: epoch.step,
            learning_rate: epoch.learning_rate,
            train: epoch.train.into(),
            test: epoch.test.into(),
            last_batch_loss: epoch.last_batch.total(),
            best: epoch.is_best,
            seconds: epoch.seconds,
        });
    }

    fn kept(&mut self, files: &[PathBuf]) {
        print(&Line::Kept { files });
    }

    fn finish(&mut self, summary: &Summary) {
        print(&Line::End {
            ending: match summary.ending {
                Ending::Complete => "complete",
                Ending::NoLongerBetter => "no longer better",
                Ending::Stopped => "stopped",
            },
            epochs: summary.epochs,
            steps_in_the_middle: summary.steps_in_the_middle,
            seconds: summary.seconds,
            best: summary.best,
            run: summary.run.clone(),
        });
        self.terminal.warn_again();
    }
}
