//! What a loaded data set is: images, their labels, and where both came from.

use std::fmt;
use std::path::PathBuf;

use crate::error::grouped;

/// Images of one size, one byte a pixel, 0 for black and 255 for white.
///
/// Pixels stay bytes here, 47 MB for MNIST. The backend that gathers a batch maps them to [-1, 1]
/// with (x / 255 − 0.5) / 0.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// [count, rows, columns], row by row.
    pub pixels: Vec<u8>,
    /// How many images.
    pub count: usize,
    /// Rows an image.
    pub rows: usize,
    /// Columns an image.
    pub columns: usize,
}

impl Images {
    /// Pixels an image: rows · columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.rows * self.columns
    }

    /// The pixels of one image, [rows, columns]; `None` past the last.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(self.size())?;
        self.pixels.get(start..start.checked_add(self.size())?)
    }
}

/// Images and their labels, in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The images.
    pub images: Images,
    /// One label an image; empty where images of one's own have none.
    pub labels: Vec<u8>,
}

impl Split {
    /// Classes, counted as the highest label plus one: 10 for digits, 62 for EMNIST by class.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |&label| usize::from(label) + 1)
    }
}

/// Where a data set came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Read from IDX files.
    Files {
        /// The folder that holds them.
        dir: PathBuf,
    },
    /// Drawn by [`crate::synthetic`].
    Synthetic {
        /// The seed they were drawn from.
        seed: u64,
    },
}

/// A train and a test split with images of the same size.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dataset {
    /// What to call it: `MNIST`, `synthetic digits`, or `images 28×28`.
    pub name: String,
    /// What a model learns from.
    pub train: Split,
    /// What a model is measured on.
    pub test: Split,
    /// What the user should know and may ignore; each a sentence that names its file.
    pub warnings: Vec<String>,
    /// Where it came from.
    pub origin: Origin,
    /// All four checksums matched.
    pub(crate) verified: bool,
}

impl Dataset {
    /// Whether these are MNIST's own files, all four checksums compared.
    #[must_use]
    pub fn is_mnist(&self) -> bool {
        self.verified
    }

    /// Classes in both splits together: the highest label plus one.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.train.classes().max(self.test.classes())
    }
}

/// One line: `MNIST: 60,000 train, 10,000 test (data/mnist, checksums match)`.
impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (train, test) = (self.train.images.count as u128, self.test.images.count as u128);
        write!(f, "{}: {} train, {} test (", self.name, grouped(train), grouped(test))?;
        match &self.origin {
            Origin::Files { dir } => write!(f, "{}", dir.display())?,
            Origin::Synthetic { seed } => write!(f, "drawn from seed {seed}")?,
        }
        f.write_str(if self.verified { ", checksums match)" } else { ")" })
    }
}
