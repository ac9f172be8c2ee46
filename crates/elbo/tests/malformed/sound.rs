//! What nothing is wrong with: a small data set, a run that was trained on it, and the same images in
//! every form. Each row gets a copy, and spoils one thing in it.

use std::{fs, io::Write, path::Path, sync::OnceLock};

use elbo_data::{idx, npy};
use flate2::{Compression, write::GzEncoder};

use crate::{limits, sandbox::Sandbox};

/// Trains for an epoch, if nothing is wrong with `digits`.
pub(crate) const TRAIN: &str =
    "train --device cpu --threads 1 --epochs 1 --hidden 4 --latent 2 --batch-size 2";
/// Goes on with the run for another epoch.
pub(crate) const RESUME: &str =
    "train --device cpu --threads 1 --epochs 2 --data-dir digits --resume run";
/// Measures the run's model on images.
pub(crate) const EVALUATE: &str = "evaluate --device cpu --threads 1 --checkpoint run --images";
/// Turns latents into a picture.
pub(crate) const DECODE: &str = "decode --device cpu --threads 1 --checkpoint run --latents";

/// The last checkpoint of the run, whose best one is the same.
pub(crate) const LAST: &str = "run/checkpoints/last.safetensors";

/// Images to train on, to measure on.
pub(crate) const COUNTS: (u32, u32) = (64, 16);

/// A sandbox with all that is sound.
pub(crate) fn sandbox() -> Sandbox {
    static SOUND: OnceLock<Sandbox> = OnceLock::new();
    let sandbox = Sandbox::new();
    copy(&SOUND.get_or_init(make).path(""), &sandbox.path(""));
    sandbox
}

fn make() -> Sandbox {
    let sandbox = Sandbox::with_digits(COUNTS.0, COUNTS.1);
    let trained = sandbox.elbo(format!("{TRAIN} --data-dir digits --out run").split(' '));
    assert_eq!(trained.code, Some(0), "{}", trained.stderr);
    fs::remove_file(sandbox.path("run/checkpoints/best.safetensors")).unwrap();

    let set = elbo_data::synthetic_sized(3, 3, 1).train;
    let pixels = &set.images.pixels;
    fs::write(sandbox.path("images.npy"), npy::encode_bytes(&[3, 28, 28], pixels)).unwrap();
    fs::write(sandbox.path("z.npy"), npy::encode(&[2, 2], &[0.0, 1.0, -1.0, 0.5])).unwrap();
    fs::write(sandbox.path("z.csv"), "0,1\n-1,0.5\n").unwrap();
    let row = |row: &[u8]| row.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = pixels.chunks(784).map(row).collect();
    fs::write(sandbox.path("images.csv"), rows.join("\n")).unwrap();
    let mut plain = Vec::new();
    idx::write_images(&mut plain, &set.images).unwrap();
    fs::write(sandbox.path("images.gz"), gzip(&plain)).unwrap();
    fs::create_dir(sandbox.path("pngs")).unwrap();
    for (number, image) in pixels.chunks(784).enumerate() {
        let png = png(28, 28, png::ColorType::Grayscale, image);
        fs::write(sandbox.path(format!("pngs/{number}.png")), png).unwrap();
    }
    sandbox
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A picture of eight bits a channel.
pub(crate) fn png(width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Writes a file anew.
pub(crate) fn write(name: &'static str, bytes: impl AsRef<[u8]> + 'static) -> impl Fn(&Sandbox) {
    move |sandbox| fs::write(sandbox.path(name), &bytes).unwrap()
}

/// Changes the bytes of a sound file.
pub(crate) fn edit(
    name: &'static str,
    change: impl Fn(&mut Vec<u8>) + 'static,
) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let mut bytes = sandbox.bytes(name);
        change(&mut bytes);
        fs::write(sandbox.path(name), bytes).unwrap();
    }
}

/// Cuts a sound file to so many bytes.
pub(crate) fn cut(name: &'static str, length: usize) -> impl Fn(&Sandbox) {
    edit(name, move |bytes| bytes.truncate(length))
}

/// Makes a file longer without writing anything: it takes no room on the disk.
pub(crate) fn lengthen(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

/// Nothing: the command alone is wrong.
pub(crate) fn nothing(_: &Sandbox) {}

#[test]
fn what_is_sound_is_taken_under_the_same_limits() {
    for command in [
        &format!("{TRAIN} --data-dir digits"),
        &format!("{TRAIN} --data-dir images.npy"),
        &format!("{TRAIN} --data-dir pngs"),
        &format!("{TRAIN} --data-dir digits --config run/config.toml"),
        RESUME,
        &format!("{EVALUATE} images.npy"),
        &format!("{EVALUATE} images.csv"),
        &format!("{EVALUATE} images.gz"),
        &format!("{EVALUATE} pngs"),
        &format!("{EVALUATE} pngs/0.png"),
        &format!("{EVALUATE} digits/t10k-images-idx3-ubyte"),
        &format!("{DECODE} z.npy"),
        &format!("{DECODE} z.csv"),
        "info run",
    ] {
        let arguments: Vec<_> = command.split_whitespace().map(Into::into).collect();
        let outcome = limits::run(&sandbox(), &arguments).unwrap();
        assert_eq!(outcome.code, Some(0), "{command}: {}", outcome.stderr);
    }
}
