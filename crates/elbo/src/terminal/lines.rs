//! The lines of a training, as text.

use std::path::{Path, PathBuf};

use elbo::{Ending, Epoch, Start, Summary};
use elbo_vae::Losses;
use indicatif::HumanCount;

/// How many epochs more the suggested command trains: as many again.
const AS_MANY_AGAIN: u32 = 2;

/// What is trained on what by what.
pub(crate) fn header(start: &Start<'_>, data: &str) -> Vec<String> {
    let Start { settings, input, device, parameters, run, .. } = start;
    let mut lines = vec![
        format!("VAE {input}-{}-{} on {data}", settings.hidden, settings.latent),
        format!(
            "{device} · {} parameters · seed {} · {}",
            HumanCount(*parameters as u64),
            settings.seed,
            run.display()
        ),
    ];
    if let Some(why) = start.fallback {
        lines.push(format!("on the CPU, as there is no GPU to use: {why}"));
    }
    let mut state = "untrained".to_string();
    if let Some((path, record)) = &start.resumed {
        let step = HumanCount(u64::from(record.step));
        state = match &record.middle {
            Some(middle) => {
                format!("after {} of epoch {}", steps(middle.steps()), record.epoch + 1)
            }
            None => format!("after epoch {}", record.epoch),
        };
        lines.push(format!("going on {state} (step {step}) of {}", path.display()));
        if let Some(last) = start.dropped {
            let first = record.epoch + 1;
            let run = run.display();
            lines.push(if first == last {
                format!("epoch {first} of {run} is trained anew")
            } else {
                format!("epochs {first} to {last} of {run} are trained anew")
            });
        }
    }
    let mean: Vec<String> = start.first_mean.iter().map(|value| format!("{value:.4}")).collect();
    lines.push(format!("mean of the first image, {state}: {}", mean.join(" ")));
    lines
}

/// `epoch   1/100   train 123.39 = 97.02 + 26.37   test 86.20 = 60.42 + 25.78   1.1 s`
pub(crate) fn epoch(epoch: &Epoch, of: u32) -> String {
    let sum = |losses: &Losses, width: usize| {
        let Losses { reconstruction, kl } = losses;
        format!("{:>width$.2} = {reconstruction:>5.2} + {kl:>5.2}", losses.total())
    };
    format!(
        "epoch {:>digits$}/{of}   train {}   test {}   {:.1} s",
        epoch.number,
        sum(&epoch.train, 6),
        sum(&epoch.test, 5),
        epoch.seconds,
        digits = of.to_string().len(),
    )
}

/// `epoch: 20, Loss: 61.5803`, the line of the classic script: the last batch's loss an image.
pub(crate) fn last_batch(epoch: &Epoch) -> String {
    format!("epoch: {}, Loss: {:.4}", epoch.number, epoch.last_batch.total())
}

/// Files of an epoch, indented under its line.
pub(crate) fn kept(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    format!("{:16}{}", "", files.join("   "))
}

/// What came of it, where it lies, and what to do next.
pub(crate) fn summary(summary: &Summary, command: &str) -> Vec<String> {
    let mut lines = vec![String::new(), ending(summary)];
    if summary.ending != Ending::Stopped {
        lines.extend(results(summary));
    }
    let checkpoint = |name: &str| summary.run.join("checkpoints").join(name).display().to_string();
    let mut model = checkpoint("last.safetensors");
    if summary.checkpoints > 0 {
        model = format!("{model}, and {} kept beside it", summary.checkpoints);
    }
    lines.push(format!("model:   {model}"));
    if let Some(best) = summary.best {
        let (file, loss) = (checkpoint("best.safetensors"), best.test_loss);
        lines.push(format!("best:    {file} (epoch {}, test {loss:.2})", best.epoch));
    }
    lines.push(format!("go on:   {}", go_on(summary, command)));
    lines
}

/// How long it went, and why no longer.
fn ending(summary: &Summary) -> String {
    let Summary { epochs, seconds, steps_in_the_middle, settings, .. } = summary;
    let (epochs, time) = (counted(*epochs, "epoch"), duration(*seconds));
    match summary.ending {
        Ending::Complete => format!("{epochs} in {time}."),
        Ending::NoLongerBetter => format!(
            "{epochs} in {time}; the test loss has got no better for {}.",
            counted(settings.patience, "epoch")
        ),
        Ending::Stopped if *steps_in_the_middle > 0 => {
            let steps = steps(*steps_in_the_middle);
            format!("stopped after {time}, {epochs} and {steps} of the next; saved.")
        }
        Ending::Stopped => format!("stopped after {time} and {epochs}; saved."),
    }
}

fn steps(number: usize) -> String {
    format!("{} step{}", HumanCount(number as u64), if number == 1 { "" } else { "s" })
}

/// The losses, and where to look.
fn results(summary: &Summary) -> Vec<String> {
    let sum = |losses: &Losses| {
        let Losses { reconstruction, kl } = losses;
        format!("{:>6.2} = {reconstruction:.2} reconstruction + {kl:.2} KL", losses.total())
    };
    let shown = |name: &str| summary.run.join(name).display().to_string();
    let mut lines = Vec::new();
    if let Some(last) = &summary.last {
        lines.extend([
            format!("train   {}", sum(&last.train)),
            format!("test    {}", sum(&last.test)),
            "        squared error summed over an image, and nats; lower is better".into(),
        ]);
    }
    if let Some(report) = &summary.report {
        lines.push(format!("look:    {} (all of it on one page)", report.display()));
    }
    if let Some(samples) = &summary.samples {
        lines.push(format!("         {} (drawn from the prior)", samples.display()));
    }
    if summary.pictures > 0 {
        let of = counted(summary.pictures, "epoch");
        lines.push(format!("         {} (reconstructions of {of})", shown("vae_img")));
    }
    lines.push(format!("losses:  {}, {}", shown("loss.svg"), shown("metrics.csv")));
    lines
}

/// The command that goes on from here.
fn go_on(summary: &Summary, command: &str) -> String {
    let Summary { run, settings, ending, data_dir, .. } = summary;
    let more = match ending {
        Ending::Complete => {
            format!(" --epochs {}", settings.epochs.saturating_mul(AS_MANY_AGAIN))
        }
        Ending::NoLongerBetter => {
            format!(" --patience {}", settings.patience.saturating_mul(AS_MANY_AGAIN))
        }
        Ending::Stopped => String::new(),
    };
    let data_dir = data_dir.as_deref().map(|dir| format!(" --data-dir {}", quoted(dir)));
    format!("{command} train --resume {}{more}{}", quoted(run), data_dir.unwrap_or_default())
}

/// `1 epoch`, `2 epochs`.
fn counted(number: u32, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What to add to an error about a folder that lacks data.
pub(crate) fn fetch(folder: &Path, command: &str) -> String {
    format!("; `{command} data --dir {}` fetches MNIST there", quoted(folder))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `1.1 s`, `1 min 52 s`, `2 h 05 min`.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// That the digits are not MNIST's, so that nobody misses it.
pub(crate) fn stand_in(why: &str, command: &str) -> String {
    let rule = "=".repeat(78);
    format!(
        "\n{rule}\n\
         WARNING: THIS IS NOT MNIST. The digits are drawn by this program; the losses\n\
         cannot be compared with any of MNIST's.\n\
         Fetch MNIST with `{command} data`, or name a folder that has it with --data-dir.\n\
         Why: {why}\n\
         {rule}\n\n"
    )
}

#[cfg(test)]
mod tests;
