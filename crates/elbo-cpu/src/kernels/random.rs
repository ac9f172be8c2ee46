//! Normal noise: the words of `elbo_tensor::random`, turned into numbers by Box and Muller.

use elbo_tensor::random::{block_counter, box_muller_uniforms, philox};

use crate::{
    kernels::{math, rows::rows_and_columns, turn::store_rows},
    lanes::{Block, Kernel, Lanes, MOST_LANES},
    lending::Part,
};

/// Normals that one block of random words gives.
const BLOCK: usize = 4;
/// Pairs of normals that are made side by side.
const PAIRS: usize = 32;

/// A thread's part of the noise of a key, a step and a stream.
pub(crate) struct Normal<'m> {
    pub(crate) key: [u32; 2],
    pub(crate) step: u32,
    pub(crate) stream: u32,
    pub(crate) out: Part<'m>,
}

impl Kernel for Normal<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { key, step, stream, mut out } = self;
        let width = out.layout().columns;
        let (rows, columns) = rows_and_columns(out.layout(), out.region());
        let mut noise = Noise { key, step, stream, first: 0, normals: [0.0; 2 * PAIRS], len: 0 };
        // Some rows of a chunk of columns, so that noise is made in the order of its indices.
        let mut chunk = [[0.0; 2 * PAIRS]; MOST_LANES];
        for row in rows.clone().step_by(MOST_LANES) {
            let count = MOST_LANES.min(rows.end - row);
            for column in columns.clone().step_by(2 * PAIRS) {
                let used = (2 * PAIRS).min(columns.end - column);
                for (values, row) in chunk.iter_mut().zip(row..row + count) {
                    let indices = row * width + column..;
                    values.fill(0.0);
                    values[..used].iter_mut().zip(indices).for_each(|(v, i)| *v = noise.at(i));
                }
                store_chunk(simd, &mut out, (row, count), (column, used), &chunk);
            }
        }
    }
}

#[inline(always)]
fn store_chunk<S: Lanes>(
    simd: S,
    out: &mut Part<'_>,
    (row, rows): (usize, usize),
    (column, columns): (usize, usize),
    chunk: &[[f32; 2 * PAIRS]; MOST_LANES],
) {
    let lanes = S::F32_LANES;
    for top in (0..rows).step_by(lanes) {
        let count = lanes.min(rows - top);
        for left in (0..columns).step_by(lanes) {
            let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
            for (vector, values) in block.iter_mut().zip(&chunk[top..top + count]) {
                *vector = S::as_simd_f32s(&values[left..left + lanes]).0[0];
            }
            store_rows(simd, out, (row + top, count), column + left, &mut block);
        }
    }
}

/// Some normals next to each other.
struct Noise {
    key: [u32; 2],
    step: u32,
    stream: u32,
    /// The index of the first.
    first: usize,
    normals: [f32; 2 * PAIRS],
    len: usize,
}

impl Noise {
    /// The normal of an index.
    #[inline(always)]
    fn at(&mut self, index: usize) -> f32 {
        if index < self.first || index >= self.first + self.len {
            self.first = index / BLOCK * BLOCK;
            self.make();
        }
        self.normals[index - self.first]
    }

    #[inline(always)]
    fn make(&mut self) {
        let (mut radii, mut angles) = ([0.0; PAIRS], [0.0; PAIRS]);
        let pairs = radii.as_chunks_mut::<2>().0.iter_mut().zip(angles.as_chunks_mut::<2>().0);
        for (block, (radius, angle)) in pairs.enumerate() {
            let index = (self.first / BLOCK + block) as u64;
            let words = philox(block_counter(index, self.step, self.stream), self.key);
            (radius[0], angle[0]) = box_muller_uniforms([words[0], words[1]]);
            (radius[1], angle[1]) = box_muller_uniforms([words[2], words[3]]);
        }
        let normals = self.normals.as_chunks_mut::<2>().0.iter_mut();
        for (pair, (u, v)) in normals.zip(radii.into_iter().zip(angles)) {
            let radius = (-2.0 * math::ln_of_normal(u)).sqrt();
            let (sine, cosine) = math::sine_cosine_of_turns(v);
            *pair = [radius * cosine, radius * sine];
        }
        self.len = 2 * PAIRS;
    }
}
