//! In which order an epoch visits the images.

use elbo_tensor::random::Stream;

/// The Philox stream that shuffling reads, "SHUF" in ASCII; the step is the epoch. Nothing else may
/// use it, or its numbers would repeat the order of the images.
pub(crate) const SHUFFLE: u32 = 0x5348_5546;

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
    let mut random = Stream::new(seed, SHUFFLE, epoch);
    for last in (1..count).rev() {
        let chosen = random.below(last + 1);
        order.swap(last as usize, chosen as usize);
    }
}
