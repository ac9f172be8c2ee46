//! What moves: how far a download or a training has come. Nothing at all where there is no terminal.

use elbo::{Start, Step};
use elbo_data::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar on standard error.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// The epoch before the first.
    before: u32,
    epochs: u32,
    file: String,
}

impl Bar {
    pub(crate) fn new() -> Self {
        Self { bar: ProgressBar::hidden(), before: 0, epochs: 0, file: String::new() }
    }

    /// Whether anyone sees it.
    pub(crate) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    pub(crate) fn clear(&mut self) {
        self.bar.finish_and_clear();
        self.file.clear();
    }

    pub(crate) fn download(&mut self, progress: Progress<'_>) {
        if self.file != progress.file {
            self.bar.finish_and_clear();
            self.file = progress.file.to_string();
            self.bar =
                bar(progress.total, "{prefix}  {bar:24}  {bytes} of {total_bytes}  {eta} left");
            self.bar.set_prefix(format!("fetching {}", progress.file));
        }
        self.bar.set_position(progress.bytes);
    }

    /// One bar for all epochs, so that the time left is that of the training.
    pub(crate) fn start(&mut self, start: &Start<'_>) {
        self.before = start.resumed.as_ref().map_or(0, |(_, record)| record.epoch);
        self.epochs = start.settings.epochs;
        let steps = u64::from(self.epochs - self.before) * start.steps_per_epoch as u64;
        self.bar = bar(Some(steps), "{prefix}  {bar:24}  {rate} steps/s  loss {msg}  {eta} left");
    }

    pub(crate) fn step(&mut self, step: Step) {
        let Step { epoch, done, of, mean } = step;
        let before = u64::from(epoch.saturating_sub(self.before + 1)) * of as u64;
        self.bar.set_prefix(format!("epoch {epoch}/{}  step {done:>3}/{of}", self.epochs));
        self.bar.set_message(format!("{:.2}", mean.total()));
        self.bar.set_position(before + done as u64);
    }
}

fn bar(length: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template).map(|style| {
        style.progress_chars("━╸ ").with_key(
            "rate",
            |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                let _ = write!(text, "{:.0}", state.per_sec());
            },
        )
    });
    match style {
        Ok(style) => bar.with_style(style),
        // A template is wrong: a plain bar is better than none.
        Err(_) => bar,
    }
}
