//! In which order an epoch visits the images, and how they fall into batches.

use std::ops::Range;

use elbo_tensor::random::Stream;

/// The Philox stream that shuffling reads, "SHUF" in ASCII; the step is the epoch. Nothing else may
/// use it, or its numbers would repeat the order of the images.
pub const STREAM: u32 = 0x5348_5546;

/// The numbers 0 to `count` − 1 in the order of an epoch: a function of the seed, the epoch and the
/// count alone, so a resumed run goes on as if it had never stopped.
#[must_use]
pub fn permutation(seed: u64, epoch: u32, count: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    shuffle_into(&mut order, seed, epoch);
    order
}

/// Writes [`permutation`] into `order`, whatever was there before, without allocating.
///
/// Fisher–Yates from the end (Durstenfeld 1964), so every order is equally likely. `order` has at
/// most 2³² − 1 places; what lies behind them is left alone.
pub fn shuffle_into(order: &mut [u32], seed: u64, epoch: u32) {
    for (place, index) in order.iter_mut().zip(0..u32::MAX) {
        *place = index;
    }
    let count = u32::try_from(order.len()).unwrap_or(u32::MAX);
    let mut random = Stream::new(seed, STREAM, epoch);
    for last in (1..count).rev() {
        let chosen = random.below(last + 1);
        order.swap(last as usize, chosen as usize);
    }
}

/// How `count` images fall into batches of `batch`: full ones, then a smaller one with the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    count: usize,
    batch: usize,
}

impl Batches {
    /// `None` for a batch of no images.
    #[must_use]
    pub const fn new(count: usize, batch: usize) -> Option<Self> {
        if batch == 0 { None } else { Some(Self { count, batch }) }
    }

    /// Images in all.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Images in a full batch.
    #[must_use]
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// How many full batches there are.
    #[must_use]
    pub const fn full(&self) -> usize {
        self.count / self.batch
    }

    /// Images in the last, smaller batch; 0 when the full ones take all.
    #[must_use]
    pub const fn tail(&self) -> usize {
        self.count % self.batch
    }

    /// Batches in all, the smaller one counted.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.count.div_ceil(self.batch)
    }

    /// The places in the order that each batch takes, one range a step.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + use<> {
        let Self { count, batch } = *self;
        // `step * batch` is below `count`; only the end of the last range may pass it.
        (0..self.steps()).map(move |step| {
            let start = step * batch;
            start..start.saturating_add(batch).min(count)
        })
    }
}
