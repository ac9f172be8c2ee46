//! Which vector instructions this machine has, and the door into code compiled for them.

use std::fmt;

use pulp::{NullaryFnOnce, Scalar128b, Simd, WithSimd};

use crate::lanes::{Kernel, Lanes};

/// The widest vector instructions that the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// What every machine of the target has.
    Plain,
    /// NEON: four lanes, with fused multiply-add.
    Neon,
    /// AVX2 and FMA: eight lanes.
    Avx2,
    /// AVX-512: sixteen lanes.
    Avx512,
}

impl Level {
    /// All levels, the narrowest first.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Neon, Self::Avx2, Self::Avx512];

    /// Whether this machine has them.
    #[must_use]
    pub fn is_there(self) -> bool {
        Dispatch::new(self).level() == self
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "no vector extension",
            Self::Neon => "NEON",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        })
    }
}

/// Proof that this machine has the instructions of a level.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dispatch {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    Plain,
}

impl Dispatch {
    /// The widest level of this machine that is no wider than `limit`.
    pub(crate) fn new(limit: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let (true, Some(simd)) = (limit >= Level::Avx512, pulp::x86::V4::try_new()) {
                return Self::Avx512(simd);
            }
            if let (true, Some(simd)) = (limit >= Level::Avx2, pulp::x86::V3::try_new()) {
                return Self::Avx2(simd);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if let (true, Some(simd)) = (limit >= Level::Neon, pulp::aarch64::Neon::try_new()) {
            return Self::Neon(simd);
        }
        Self::Plain
    }

    pub(crate) const fn level(self) -> Level {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Level::Avx512,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Level::Avx2,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Level::Neon,
            Self::Plain => Level::Plain,
        }
    }

    /// Lanes of a vector.
    pub(crate) fn lanes(self) -> usize {
        self.run(CountLanes)
    }

    /// Does a kernel's work in code compiled for this machine.
    #[inline]
    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => Simd::vectorize(simd, kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => Simd::vectorize(simd, kernel),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => Simd::vectorize(simd, kernel),
            Self::Plain => Simd::vectorize(Scalar128b, kernel),
        }
    }
}

impl Dispatch {
    /// Does the work of a kernel that needs more of its vectors than `pulp::Simd` has.
    #[inline]
    pub(crate) fn enter<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => simd.vectorize(Entered { simd, kernel }),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => simd.vectorize(Entered { simd, kernel }),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => simd.vectorize(Entered { simd, kernel }),
            Self::Plain => kernel.run(Scalar128b),
        }
    }
}

/// A kernel behind the door: what it calls is compiled for `S`.
struct Entered<S, K> {
    simd: S,
    kernel: K,
}

impl<S: Lanes, K: Kernel> NullaryFnOnce for Entered<S, K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.kernel.run(self.simd)
    }
}

/// A kernel that says how many values a vector holds.
struct CountLanes;

impl WithSimd for CountLanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}
