//! What is said of a trained model: figures, and files that were written.

use std::path::Path;

use elbo::{Info, Middle, Model, evaluate::Figures};
use elbo_vae::Sizes;
use indicatif::{HumanBytes, HumanCount};

use super::text;

/// Dimensions a line where each has a figure.
const A_LINE: usize = 5;

/// A file that was written, what is in it, and of which model it is.
pub(crate) fn written(file: &Path, what: &str, model: &Model) {
    text(&format!("{}: {what} ({})\n", file.display(), of(model)));
}

/// A state_dict that became a checkpoint, and what to do with it.
pub(crate) fn imported(out: &Path, from: &Path, sizes: Sizes) {
    let Sizes { input, hidden, latent } = sizes;
    let (out, from) = (out.display(), from.display());
    text(&format!(
        "{out}: VAE {input}-{hidden}-{latent} of {from}\nmeasure: elbo evaluate --checkpoint {out}\n"
    ));
}

fn of(model: &Model) -> String {
    let record = model.record();
    let steps = in_the_middle(record.middle.as_ref().map_or(0, Middle::steps));
    format!("{}, epoch {}{steps}", model.path().display(), record.epoch)
}

/// How far a training has come beyond its last whole epoch.
fn in_the_middle(steps: usize) -> String {
    match steps {
        0 => String::new(),
        1 => " and a step of the next".into(),
        _ => format!(" and {} steps of the next", HumanCount(steps as u64)),
    }
}

/// The figures of an evaluation, units said.
pub(crate) fn evaluation(model: &Model, figures: &Figures) -> String {
    let Sizes { input, hidden, latent } = model.sizes();
    let images = HumanCount(figures.images as u64);
    let row = |name: &str, sum: &elbo::evaluate::Sum| {
        format!("{name:10}{:>10.4} = {:>14.4} + {:>8.4}\n", sum.loss, sum.reconstruction, sum.kl)
    };
    let mut lines = format!("VAE {input}-{hidden}-{latent} ({}) on {images} images\n", of(model));
    lines += &format!("{:10}{:>10}   {:>14}   {:>8}\n", "", "loss", "reconstruction", "KL");
    lines += &row("z drawn", &figures.sampled);
    lines += &row("z = μ", &figures.mean);
    lines +=
        "squared error summed over an image's pixels in [-1, 1], and nats; means over images\n";
    lines += &format!("{:.6} squared error a pixel at z = μ\n", figures.mse_per_pixel);
    lines += &format!(
        "{} of {latent} latent dimensions are active: the variance of μ is above {}\n",
        figures.active_units,
        elbo_vae::ACTIVE
    );
    lines += "KL a dimension, in nats:\n";
    let numbered: Vec<(usize, &f64)> = figures.kl_per_dimension.iter().enumerate().collect();
    for line in numbered.chunks(A_LINE) {
        let cells: String = line.iter().map(|(unit, kl)| format!("{unit:>5}: {kl:>8.4}")).collect();
        lines += &format!("{cells}\n");
    }
    lines
}

/// What a checkpoint is.
pub(crate) fn info(info: &Info) -> String {
    let Sizes { input, hidden, latent } = info.model;
    let training = &info.training;
    let count = |number: usize| HumanCount(number as u64);
    let losses = info.losses.map_or("not known, no run folder around it has them".into(), |row| {
        format!(
            "train {:.4}, test {:.4} = {:.4} reconstruction + {:.4} KL",
            row.train_loss, row.test_loss, row.test_reconstruction, row.test_kl
        )
    });
    let best = info.best.map_or("not known".into(), |best| {
        format!("{} of the training so far, test {:.4}", best.epoch, best.test_loss)
    });
    let resume = if info.resumable { "a training can go on from it" } else { "parameters only" };
    let pixels = info.train_sha256.as_deref().unwrap_or("not known");
    let rows = [
        ("file", format!("{}, {}", info.path.display(), HumanBytes(info.bytes))),
        ("SHA-256", info.sha256.clone()),
        (
            "model",
            format!("VAE {input}-{hidden}-{latent}, images of {}×{}", info.rows, info.columns),
        ),
        ("parameters", format!("{}; {resume}", count(info.parameters))),
        (
            "progress",
            format!(
                "epoch {} of {}{}, step {}",
                info.epoch,
                training.epochs,
                in_the_middle(info.steps_in_the_middle),
                count(info.step as usize)
            ),
        ),
        ("losses", losses),
        ("best epoch", best),
        (
            "training",
            format!(
                "batches of {}, learning rate {}, seed {}",
                training.batch_size, training.learning_rate, training.seed
            ),
        ),
        ("data", format!("{}, {} training images", info.data, count(info.train_images))),
        ("", format!("SHA-256 of their pixels: {pixels}")),
    ];
    rows.iter().map(|(name, value)| format!("{name:12}{value}\n")).collect()
}
