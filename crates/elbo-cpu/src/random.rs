//! Normal noise: the words of `elbo_tensor::random`, turned into numbers by Box and Muller.

use elbo_tensor::random::{block_counter, box_muller_uniforms, philox};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::{dispatch::Dispatch, math};

/// Normals that one block of random words gives.
const BLOCK: usize = 4;
/// Pairs of normals that are made side by side.
const PAIRS: usize = 32;
/// Normals that one task makes.
const TASK: usize = 64 * 2 * PAIRS;

/// Fills `out` with the noise of a key, a step and a stream.
pub(crate) fn normal(dispatch: Dispatch, key: &[u32], step: &[u32], stream: u32, out: &mut [f32]) {
    let (key, step) = ([key[0], key[1]], step[0]);
    let fill = |(number, out): (usize, &mut [f32])| {
        let first = (number * TASK / BLOCK) as u64;
        dispatch.run(Normals { key, step, stream, first, out });
    };
    if out.len() <= TASK {
        fill((0, out));
    } else {
        out.par_chunks_mut(TASK).enumerate().for_each(fill);
    }
}

struct Normals<'a> {
    key: [u32; 2],
    step: u32,
    stream: u32,
    /// The block that gives the first of `out`.
    first: u64,
    out: &'a mut [f32],
}

impl WithSimd for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { key, step, stream, first, out } = self;
        for (group, out) in out.chunks_mut(2 * PAIRS).enumerate() {
            let (mut radii, mut angles) = ([0.0; PAIRS], [0.0; PAIRS]);
            let pairs = radii.as_chunks_mut::<2>().0.iter_mut().zip(angles.as_chunks_mut::<2>().0);
            for (block, (radius, angle)) in pairs.enumerate() {
                let index = first + (group * PAIRS / 2 + block) as u64;
                let words = philox(block_counter(index, step, stream), key);
                (radius[0], angle[0]) = box_muller_uniforms([words[0], words[1]]);
                (radius[1], angle[1]) = box_muller_uniforms([words[2], words[3]]);
            }
            let mut normals = [[0.0; 2]; PAIRS];
            for (pair, (u, v)) in normals.iter_mut().zip(radii.into_iter().zip(angles)) {
                let radius = (-2.0 * math::ln_of_normal(u)).sqrt();
                let (sine, cosine) = math::sine_cosine_of_turns(v);
                *pair = [radius * cosine, radius * sine];
            }
            let normals = normals.as_flattened();
            out.copy_from_slice(&normals[..out.len()]);
        }
    }
}
