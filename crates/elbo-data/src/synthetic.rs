//! Digits drawn by code, for whoever has no MNIST at hand: a set of the same form from a seed.
//!
//! Strokes of ten digits in one to three ways of writing, varied as hands vary them, in MNIST's
//! frame: 28×28, white on black, the digit within 20×20, its centre of mass in the middle. Each
//! image is a function of (seed, split, index), so any number of threads draws the same bits.

use std::num::NonZero;
use std::thread;

use elbo_tensor::random::Stream;

use crate::{Dataset, Images, Origin, Split};

mod glyphs;
mod hand;
mod pen;

const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
const DIGITS: u32 = 10;

/// How a training digit is written. The Philox streams that drawing reads are "D", the split and
/// the purpose in ASCII; their step is the image's index.
pub(crate) const TRAIN_STROKES: u32 = 0x4454_5253;
/// The order of digits in the training split; its step is the block of ten.
pub(crate) const TRAIN_LABELS: u32 = 0x4454_524C;
/// As [`TRAIN_STROKES`], of the test split.
pub(crate) const TEST_STROKES: u32 = 0x4454_4553;
/// As [`TRAIN_LABELS`], of the test split.
pub(crate) const TEST_LABELS: u32 = 0x4454_454C;

const TRAIN: Streams = Streams { strokes: TRAIN_STROKES, labels: TRAIN_LABELS };
const TEST: Streams = Streams { strokes: TEST_STROKES, labels: TEST_LABELS };

/// What a split is drawn from.
#[derive(Clone, Copy)]
struct Streams {
    strokes: u32,
    labels: u32,
}

/// A set in MNIST's exact form: 60,000 digits to learn from, 10,000 to measure on.
#[must_use]
pub fn synthetic(seed: u64) -> Dataset {
    synthetic_sized(seed, 60_000, 10_000)
}

/// A set of other sizes; its images are the first of those that [`synthetic`] draws.
#[must_use]
pub fn synthetic_sized(seed: u64, train: u32, test: u32) -> Dataset {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    Dataset {
        name: "synthetic digits".into(),
        train: split(seed, TRAIN, train, threads),
        test: split(seed, TEST, test, threads),
        warnings: Vec::new(),
        origin: Origin::Synthetic { seed },
        verified: false,
    }
}

fn split(seed: u64, streams: Streams, count: u32, threads: usize) -> Split {
    let count = count as usize;
    let mut pixels = vec![0; count * PIXELS];
    let mut labels = vec![0; count];
    let share = count.div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let parts = pixels.chunks_mut(share * PIXELS).zip(labels.chunks_mut(share));
        for (part, (pixels, labels)) in parts.enumerate() {
            scope.spawn(move || draw(seed, streams, part * share, pixels, labels));
        }
    });
    Split { images: Images { pixels, count, rows: SIDE, columns: SIDE }, labels }
}

/// Draws the images from `first` on.
fn draw(seed: u64, streams: Streams, first: usize, pixels: &mut [u8], labels: &mut [u8]) {
    let mut writing = hand::Writing::new();
    let mut ink = [0.0; PIXELS];
    let images = pixels.chunks_exact_mut(PIXELS).zip(labels);
    for (index, (image, label)) in images.enumerate() {
        // Fits: the count came as 32 bits.
        let index = (first + index) as u32;
        *label = digit(seed, streams, index);
        ink.fill(0.0);
        writing.write(*label, &mut Stream::new(seed, streams.strokes, index));
        for curve in writing.curves() {
            writing.pen.draw(curve, &mut ink);
        }
        pen::develop(&ink, image);
    }
}

/// The digit of an image: each ten images have all ten digits, in an order of their own.
fn digit(seed: u64, streams: Streams, index: u32) -> u8 {
    let mut digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let mut random = Stream::new(seed, streams.labels, index / DIGITS);
    for last in (1..DIGITS).rev() {
        digits.swap(last as usize, random.below(last + 1) as usize);
    }
    digits[(index % DIGITS) as usize]
}

#[cfg(test)]
mod tests;
