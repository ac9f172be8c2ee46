//! What the first bytes of an IDX file announce.

use std::{io::BufRead, path::Path};

use super::source::Source;
use crate::{Error, Images};

const UNSIGNED_BYTE: u8 = 0x08;

/// What a file is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Images,
    Labels,
}

impl Kind {
    fn dimensions(self) -> u8 {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn header_len(self) -> usize {
        4 + 4 * usize::from(self.dimensions())
    }
}

/// The sizes announced; rows and columns are 1 for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) count: u32,
    pub(crate) rows: u32,
    pub(crate) columns: u32,
}

impl Header {
    /// Reads and checks the header; the sizes are still only what the file claims.
    pub(crate) fn read<R: BufRead>(
        path: &Path,
        kind: Kind,
        source: &mut Source<'_, R>,
    ) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        let header = kind.header_len();
        let there = source.fill(&mut bytes[..header])?;
        if there == 0 {
            return Err(Error::Empty { path: path.into() });
        }
        if there >= 4 {
            check_magic(path, kind, [bytes[0], bytes[1], bytes[2], bytes[3]])?;
        }
        if there < header {
            return Err(Error::HeaderCutShort { path: path.into(), header, there });
        }
        let size = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let (rows, columns) = match kind {
            Kind::Images => (size(8), size(12)),
            Kind::Labels => (1, 1),
        };
        let count = size(4);
        if count == 0 || rows == 0 || columns == 0 {
            return Err(Error::Zero { path: path.into(), count, rows, columns });
        }
        Ok(Self { kind, count, rows, columns })
    }

    /// The header that images have; `None` where the sizes exceed the format or the pixels differ.
    pub(crate) fn of_images(images: &Images) -> Option<Self> {
        let pixels = images.count.checked_mul(images.rows)?.checked_mul(images.columns)?;
        let (count, rows) = (u32::try_from(images.count).ok()?, u32::try_from(images.rows).ok()?);
        let columns = u32::try_from(images.columns).ok()?;
        (pixels == images.pixels.len()).then_some(Self { kind: Kind::Images, count, rows, columns })
    }

    /// The header that labels have; `None` past 32 bits.
    pub(crate) fn of_labels(labels: &[u8]) -> Option<Self> {
        let count = u32::try_from(labels.len()).ok()?;
        Some(Self { kind: Kind::Labels, count, rows: 1, columns: 1 })
    }

    /// The header as it stands in the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, self.kind.dimensions()];
        let sizes = [self.count, self.rows, self.columns];
        for size in &sizes[..usize::from(self.kind.dimensions())] {
            bytes.extend(size.to_be_bytes());
        }
        bytes
    }

    /// Bytes that the whole file has, header included. 96 bits of product fit without overflow.
    pub(crate) fn announced(&self) -> u128 {
        let elements = u128::from(self.count) * u128::from(self.rows) * u128::from(self.columns);
        elements + self.kind.header_len() as u128
    }

    /// Bytes that the header itself has.
    pub(crate) fn len(&self) -> usize {
        self.kind.header_len()
    }

    /// The images that a checked body makes.
    pub(crate) fn images(&self, pixels: Vec<u8>) -> Images {
        Images {
            pixels,
            count: self.count as usize,
            rows: self.rows as usize,
            columns: self.columns as usize,
        }
    }
}

fn check_magic(path: &Path, kind: Kind, magic: [u8; 4]) -> Result<(), Error> {
    let [zero, zero_too, element, dimensions] = magic;
    let path = || path.to_path_buf();
    if (zero, zero_too) != (0, 0) {
        return Err(Error::NotIdx { path: path(), found: u32::from_be_bytes(magic) });
    }
    if element != UNSIGNED_BYTE {
        return Err(Error::ElementType { path: path(), found: element });
    }
    if dimensions != kind.dimensions() {
        let expected = kind.dimensions();
        return Err(Error::Dimensions { path: path(), found: dimensions, expected });
    }
    Ok(())
}
