//! How many values a tensor holds, along which dimensions and of which type.

use std::fmt;

/// The type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Values that arithmetic is done on.
    F32,
    /// Pixels, as data sets store them.
    U8,
    /// Indices, counters and random keys.
    U32,
}

impl Dtype {
    /// Bytes that one value takes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::U32 => 4,
            Self::U8 => 1,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::U8 => "u8",
            Self::U32 => "u32",
        })
    }
}

/// The most dimensions a shape can have.
const MAX_RANK: usize = 4;

/// Up to four dimensions, the last one contiguous. A scalar is `[1]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    sizes: [usize; MAX_RANK],
    rank: usize,
}

impl Shape {
    /// One value.
    pub const SCALAR: Self = Self { sizes: [1, 1, 1, 1], rank: 1 };

    /// `n` values in a row.
    #[must_use]
    pub const fn vector(n: usize) -> Self {
        Self { sizes: [n, 1, 1, 1], rank: 1 }
    }

    /// `rows` rows of `columns` values, one row after the other.
    #[must_use]
    pub const fn matrix(rows: usize, columns: usize) -> Self {
        Self { sizes: [rows, columns, 1, 1], rank: 2 }
    }

    /// The sizes of the dimensions, outermost first.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// How many values there are, `usize::MAX` where that is beyond counting.
    #[must_use]
    pub const fn len(&self) -> usize {
        let outer = self.sizes[0].saturating_mul(self.sizes[1]);
        outer.saturating_mul(self.sizes[2].saturating_mul(self.sizes[3]))
    }

    /// Whether there is no value at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows and columns, if there are exactly two dimensions.
    #[must_use]
    pub const fn as_matrix(&self) -> Option<(usize, usize)> {
        if self.rank == 2 { Some((self.sizes[0], self.sizes[1])) } else { None }
    }
}

/// A shape with the dimensions of an array of one to four sizes.
impl<const N: usize> From<[usize; N]> for Shape {
    fn from(given: [usize; N]) -> Self {
        const { assert!(N >= 1 && N <= MAX_RANK, "a shape has one to four dimensions") };
        let mut sizes = [1; MAX_RANK];
        sizes[..N].copy_from_slice(&given);
        Self { sizes, rank: N }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.sizes())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
