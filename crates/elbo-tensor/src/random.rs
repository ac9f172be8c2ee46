//! Random numbers without hidden state: each value is a pure function of where it is used.
//!
//! [`philox`] is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
//! as 1, 2, 3" (SC 2011). A key and a counter give four 32-bit words, the same on every machine and
//! backend, so resuming a run needs its step and nothing else.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Four random words for a counter under a key: Philox4x32 with ten rounds.
#[must_use]
pub const fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut c = counter;
    let mut k = key;
    let mut round = 0;
    while round < ROUNDS {
        let (high0, low0) = widening_mul(MULTIPLIERS[0], c[0]);
        let (high1, low1) = widening_mul(MULTIPLIERS[1], c[2]);
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0];
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
        round += 1;
    }
    c
}

const fn widening_mul(a: u32, b: u32) -> (u32, u32) {
    let product = a as u64 * b as u64;
    ((product >> 32) as u32, product as u32)
}

/// The two key words of a seed, low word first.
#[must_use]
pub const fn key(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// A sequence of random words: one (seed, stream, step), read from index 0 on.
///
/// The words are those that [`philox`] gives for the counters `[index / 4, 0, step, stream]`.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    step: u32,
    stream: u32,
    next: u64,
    block: [u32; 4],
}

impl Stream {
    /// The sequence that belongs to a seed, a stream (what the numbers are for) and a step.
    #[must_use]
    pub const fn new(seed: u64, stream: u32, step: u32) -> Self {
        Self { key: key(seed), step, stream, next: 0, block: [0; 4] }
    }

    /// The next 32 random bits.
    pub const fn next_u32(&mut self) -> u32 {
        let lane = (self.next % 4) as usize;
        if lane == 0 {
            self.block = philox(block_counter(self.next / 4, self.step, self.stream), self.key);
        }
        self.next += 1;
        self.block[lane]
    }

    /// A number below `bound`, each as likely as the next (Lemire, "Fast random integer generation
    /// in an interval", 2019). 0 when `bound` is 0.
    pub const fn below(&mut self, bound: u32) -> u32 {
        let (mut high, mut low) = widening_mul(self.next_u32(), bound);
        if low < bound {
            let reject = bound.wrapping_neg() % bound;
            while low < reject {
                (high, low) = widening_mul(self.next_u32(), bound);
            }
        }
        high
    }

    /// A number in [0, 1) with 24 random bits, all that an `f32` holds there.
    pub const fn unit(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * UNIT
    }
}

const UNIT: f32 = 1.0 / 16_777_216.0;

/// The counter of the `block`-th group of four words of a (step, stream).
#[must_use]
pub const fn block_counter(block: u64, step: u32, stream: u32) -> [u32; 4] {
    [block as u32, (block >> 32) as u32, step, stream]
}

/// The two uniform numbers from which Box–Muller makes a pair of normals: the first in (0, 1), so
/// that its logarithm is finite, the second in [0, 1).
///
/// Both are exact in `f32`, so backends differ only in how they round ln, sqrt, sin and cos.
#[must_use]
pub const fn box_muller_uniforms(words: [u32; 2]) -> (f32, f32) {
    (((words[0] >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0), (words[1] >> 8) as f32 * UNIT)
}

/// Two independent standard normals from two random words, in `f64` (Box & Muller 1958): what the
/// backends' single-precision versions are measured against.
///
/// Normals 4b, 4b + 1 come from words 0 and 1 of block b, normals 4b + 2, 4b + 3 from words 2 and 3.
#[must_use]
pub fn normal_pair(words: [u32; 2]) -> [f64; 2] {
    let (u, v) = box_muller_uniforms(words);
    let radius = (-2.0 * f64::from(u).ln()).sqrt();
    let (sine, cosine) = (std::f64::consts::TAU * f64::from(v)).sin_cos();
    [radius * cosine, radius * sine]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with Random123 (kat_vectors, philox 4x32 10).
    #[test]
    fn philox_gives_the_known_answers_of_random123() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, words) in cases {
            assert_eq!(philox(counter, key), words, "counter {counter:x?}, key {key:x?}");
        }
    }

    #[test]
    fn a_stream_reads_the_blocks_in_order() {
        let mut stream = Stream::new(0x0123_4567_89ab_cdef, 7, 3);
        let read: Vec<u32> = (0..8).map(|_| stream.next_u32()).collect();
        let key = [0x89ab_cdef, 0x0123_4567];
        let expected = [philox([0, 0, 3, 7], key), philox([1, 0, 3, 7], key)].concat();
        assert_eq!(read, expected);
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let mut stream = Stream::new(1, 0, 0);
        let mut seen = [0; 10];
        for _ in 0..10_000 {
            seen[stream.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (900..1100).contains(n)), "{seen:?}");
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let n = 40_000;
        let normals: Vec<f64> = (0..n / 2)
            .flat_map(|i| {
                let w = philox(block_counter(i, 0, 0), key(5));
                normal_pair([w[0], w[1]])
            })
            .collect();
        let mean = normals.iter().sum::<f64>() / n as f64;
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }
}
