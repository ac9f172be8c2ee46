//! Normal noise: the words of `elbo_tensor::random`, turned into numbers by Box and Muller.

use elbo_tensor::random::{block_counter, normal_pair, philox};
use rayon::prelude::*;

/// Normals that one block of random words gives.
const BLOCK: usize = 4;
/// Blocks that one task makes at a time.
const TASK_BLOCKS: usize = 64;

/// Fills `out` with the noise of a key, a step and a stream.
pub(crate) fn normal(key: &[u32], step: &[u32], stream: u32, out: &mut [f32]) {
    let (key, step) = ([key[0], key[1]], step[0]);
    let fill = |(number, out): (usize, &mut [f32])| {
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let index = (number * TASK_BLOCKS + block) as u64;
            let words = philox(block_counter(index, step, stream), key);
            let [a, b] = normal_pair([words[0], words[1]]);
            let [c, d] = normal_pair([words[2], words[3]]);
            out.iter_mut().zip([a, b, c, d]).for_each(|(out, normal)| *out = normal as f32);
        }
    };
    out.par_chunks_mut(TASK_BLOCKS * BLOCK).enumerate().for_each(fill);
}
