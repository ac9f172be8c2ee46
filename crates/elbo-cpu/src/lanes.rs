//! What the kernels need of vectors beyond `pulp::Simd`: a transpose in registers and functions of their own.

use pulp::{NullaryFnOnce, Scalar128b, Simd};

/// Lanes of the widest vector.
pub(crate) const MOST_LANES: usize = 16;

/// As many vectors as a vector has lanes; the rest is not used.
pub(crate) type Block<S> = [<S as Simd>::f32s; MOST_LANES];

/// A block that begins with the vectors of some values; the others are 0. A full one stays in registers.
#[inline(always)]
pub(crate) fn load_block<S: Lanes>(simd: S, values: &[f32]) -> Block<S> {
    let (vectors, _) = S::as_simd_f32s(values);
    if let Some(block) = vectors.first_chunk() {
        return *block;
    }
    let mut block = [simd.splat_f32s(0.0); MOST_LANES];
    block.iter_mut().zip(vectors).for_each(|(place, vector)| *place = *vector);
    block
}

/// Puts the first vectors of a block into places, as many as there are.
#[inline(always)]
pub(crate) fn store_block<S: Lanes>(block: &Block<S>, places: &mut [f32]) {
    let (places, _) = S::as_mut_simd_f32s(places);
    if let Some(places) = places.first_chunk_mut() {
        *places = *block;
        return;
    }
    places.iter_mut().zip(block).for_each(|(place, vector)| *place = *vector);
}

/// Vector instructions with what each level of them has of its own.
pub(crate) trait Lanes: Simd {
    /// Whether a multiply-add is one instruction.
    const FUSED: bool;

    /// Lane c of vector r becomes lane r of vector c.
    fn transpose(self, block: &mut Block<Self>);

    /// x / (k · √y + eps), for y from 10⁻³⁶ to the largest number: what Adam moves a parameter by. Its second
    /// moments are never less.
    #[inline(always)]
    fn over_root(self, x: Self::f32s, y: Self::f32s, k: f32, eps: f32) -> Self::f32s {
        let root = self.sqrt_f32s(y);
        let below = self.mul_add_e_f32s(root, self.splat_f32s(k), self.splat_f32s(eps));
        self.div_f32s(x, below)
    }

    /// Does some work in a function of its own, which the compiler then gives all registers.
    fn apart<F: NullaryFnOnce>(self, work: F) -> F::Output;
}

/// Work that is compiled once for each level.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;
    /// Does it.
    fn run<S: Lanes>(self, simd: S) -> Self::Output;
}

/// The transpose without instructions of its own for it.
#[inline(always)]
fn transpose_by_lane<S: Simd>(block: &mut Block<S>) {
    let from = *block;
    let values: &[f32] = pulp::bytemuck::cast_slice(&from);
    let turned: &mut [f32] = pulp::bytemuck::cast_slice_mut(block);
    for row in 0..S::F32_LANES {
        for column in 0..S::F32_LANES {
            turned[column * S::F32_LANES + row] = values[row * S::F32_LANES + column];
        }
    }
}

impl Lanes for Scalar128b {
    const FUSED: bool = false;

    #[inline(always)]
    fn transpose(self, block: &mut Block<Self>) {
        transpose_by_lane::<Self>(block);
    }

    #[inline(never)]
    fn apart<F: NullaryFnOnce>(self, work: F) -> F::Output {
        work.call()
    }
}

#[cfg(target_arch = "aarch64")]
impl Lanes for pulp::aarch64::Neon {
    const FUSED: bool = true;

    #[inline(always)]
    fn transpose(self, block: &mut Block<Self>) {
        transpose_by_lane::<Self>(block);
    }

    #[inline(never)]
    fn apart<F: NullaryFnOnce>(self, work: F) -> F::Output {
        self.vectorize(work)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512, __m512d};

    use pulp::{
        NullaryFnOnce, Simd, cast, f32x8, f32x16,
        x86::{V3, V4},
    };

    use super::{Block, Lanes};

    impl Lanes for V4 {
        const FUSED: bool = true;

        /// Pairs of lanes, then pairs of pairs, then quarters: four rounds of sixteen shuffles.
        #[inline(always)]
        fn transpose(self, block: &mut Block<Self>) {
            let isa = self.avx512f;
            let low = |a, b| -> f32x16 { cast(isa._mm512_unpacklo_ps(cast(a), cast(b))) };
            let high = |a, b| -> f32x16 { cast(isa._mm512_unpackhi_ps(cast(a), cast(b))) };
            let pair = |x: f32x16| -> __m512d { cast(x) };
            let low_pair = |a, b| -> f32x16 { cast(isa._mm512_unpacklo_pd(pair(a), pair(b))) };
            let high_pair = |a, b| -> f32x16 { cast(isa._mm512_unpackhi_pd(pair(a), pair(b))) };
            let quarter = |x: f32x16| -> __m512 { cast(x) };
            let even =
                |a, b| -> f32x16 { cast(isa._mm512_shuffle_f32x4::<0x88>(quarter(a), quarter(b))) };
            let odd =
                |a, b| -> f32x16 { cast(isa._mm512_shuffle_f32x4::<0xdd>(quarter(a), quarter(b))) };
            let mut t = *block;
            for i in 0..8 {
                t[2 * i] = low(block[2 * i], block[2 * i + 1]);
                t[2 * i + 1] = high(block[2 * i], block[2 * i + 1]);
            }
            let mut u = t;
            for i in 0..4 {
                u[4 * i] = low_pair(t[4 * i], t[4 * i + 2]);
                u[4 * i + 1] = high_pair(t[4 * i], t[4 * i + 2]);
                u[4 * i + 2] = low_pair(t[4 * i + 1], t[4 * i + 3]);
                u[4 * i + 3] = high_pair(t[4 * i + 1], t[4 * i + 3]);
            }
            for i in 0..4 {
                t[i] = even(u[i], u[4 + i]);
                t[4 + i] = odd(u[i], u[4 + i]);
                t[8 + i] = even(u[8 + i], u[12 + i]);
                t[12 + i] = odd(u[8 + i], u[12 + i]);
            }
            for i in 0..4 {
                block[i] = even(t[i], t[8 + i]);
                block[8 + i] = odd(t[i], t[8 + i]);
                block[4 + i] = even(t[4 + i], t[12 + i]);
                block[12 + i] = odd(t[4 + i], t[12 + i]);
            }
        }

        /// By estimates of 14 bits and a Newton step each, within 3·10⁻⁷: a root and a quotient of
        /// sixteen values keep the one divider of a core for as long as 68 multiply-adds take.
        #[inline(always)]
        fn over_root(self, x: f32x16, y: f32x16, k: f32, eps: f32) -> f32x16 {
            let isa = self.avx512f;
            let splat = |x| self.splat_f32s(x);
            let minus_product =
                |a, b, c| -> f32x16 { cast(isa._mm512_fnmadd_ps(cast(a), cast(b), cast(c))) };
            // √y = s + (y − s²) r / 2, with s = y r and r = 1 / √y by estimate.
            let r: f32x16 = cast(isa._mm512_rsqrt14_ps(cast(y)));
            let s = self.mul_f32s(y, r);
            let rest = minus_product(s, s, y);
            // k √y + eps, from that estimate for the quotient's own, and in full for its Newton step.
            let near = self.mul_add_e_f32s(s, splat(k), splat(eps));
            let below = self.mul_add_e_f32s(rest, self.mul_f32s(r, splat(0.5 * k)), near);
            let q: f32x16 = cast(isa._mm512_rcp14_ps(cast(near)));
            self.mul_f32s(self.mul_f32s(x, q), minus_product(below, q, splat(2.0)))
        }

        #[inline(never)]
        fn apart<F: NullaryFnOnce>(self, work: F) -> F::Output {
            self.vectorize(work)
        }
    }

    impl Lanes for V3 {
        const FUSED: bool = true;

        /// Pairs of lanes, then pairs of pairs, then halves: three rounds of eight shuffles.
        #[inline(always)]
        fn transpose(self, block: &mut Block<Self>) {
            let isa = self.avx;
            let vector = |x: f32x8| -> __m256 { cast(x) };
            let low = |a, b| -> f32x8 { cast(isa._mm256_unpacklo_ps(vector(a), vector(b))) };
            let high = |a, b| -> f32x8 { cast(isa._mm256_unpackhi_ps(vector(a), vector(b))) };
            let low_pair =
                |a, b| -> f32x8 { cast(isa._mm256_shuffle_ps::<0x44>(vector(a), vector(b))) };
            let high_pair =
                |a, b| -> f32x8 { cast(isa._mm256_shuffle_ps::<0xee>(vector(a), vector(b))) };
            let low_half =
                |a, b| -> f32x8 { cast(isa._mm256_permute2f128_ps::<0x20>(vector(a), vector(b))) };
            let high_half =
                |a, b| -> f32x8 { cast(isa._mm256_permute2f128_ps::<0x31>(vector(a), vector(b))) };
            let mut t = *block;
            for i in 0..4 {
                t[2 * i] = low(block[2 * i], block[2 * i + 1]);
                t[2 * i + 1] = high(block[2 * i], block[2 * i + 1]);
            }
            let mut u = t;
            for i in 0..2 {
                u[4 * i] = low_pair(t[4 * i], t[4 * i + 2]);
                u[4 * i + 1] = high_pair(t[4 * i], t[4 * i + 2]);
                u[4 * i + 2] = low_pair(t[4 * i + 1], t[4 * i + 3]);
                u[4 * i + 3] = high_pair(t[4 * i + 1], t[4 * i + 3]);
            }
            for i in 0..4 {
                block[i] = low_half(u[i], u[4 + i]);
                block[4 + i] = high_half(u[i], u[4 + i]);
            }
        }

        #[inline(never)]
        fn apart<F: NullaryFnOnce>(self, work: F) -> F::Output {
            self.vectorize(work)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{Dispatch, Level};

    struct Turn;

    impl Kernel for Turn {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            let lanes = S::F32_LANES;
            let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
            let values: &mut [f32] = pulp::bytemuck::cast_slice_mut(&mut block);
            (0..lanes * lanes).for_each(|i| values[i] = i as f32);
            simd.transpose(&mut block);
            let values: &[f32] = pulp::bytemuck::cast_slice(&block);
            for (i, value) in values[..lanes * lanes].iter().enumerate() {
                assert_eq!(*value, (i % lanes * lanes + i / lanes) as f32, "{lanes} lanes");
            }
        }
    }

    struct OverRoot;

    impl Kernel for OverRoot {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            for (x, y) in
                [(1.0, 1.0), (1e-35, 1e-36), (-0.3, 1e-12), (3e4, 2e9), (0.0, 0.5), (1.0, f32::MAX)]
            {
                for (k, eps) in [(1.0, 1e-8), (31.6, 1e-8), (1.0, 1e-3), (1.0, 0.0)] {
                    let vector = simd.over_root(simd.splat_f32s(x), simd.splat_f32s(y), k, eps);
                    let values: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&vector));
                    let (x, k, eps) = (f64::from(x), f64::from(k), f64::from(eps));
                    let exact = x / (k * f64::from(y).sqrt() + eps);
                    let far = (f64::from(values[0]) - exact).abs();
                    assert!(far <= 4e-7 * exact.abs(), "{x} {y} {k} {eps}: {}", values[0]);
                }
            }
        }
    }

    #[test]
    fn over_root_is_right_to_seven_digits_at_every_level() {
        for level in [Level::Plain, Level::Neon, Level::Avx2, Level::Avx512] {
            Dispatch::new(level).enter(OverRoot);
        }
    }

    #[test]
    fn a_transposed_block_has_its_rows_as_columns_at_every_level() {
        for level in [Level::Plain, Level::Neon, Level::Avx2, Level::Avx512] {
            Dispatch::new(level).enter(Turn);
        }
    }
}
