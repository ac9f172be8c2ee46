//! What can be wrong with data files, said so that the reader knows what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a data set could not be read. Every message names the file first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder itself is not there.
    #[error("{}: no such folder; fetch MNIST into it, or name the folder that holds the files", path.display())]
    NoFolder {
        /// The folder that was named.
        path: PathBuf,
    },
    /// Neither the plain file nor the compressed one is there.
    #[error("{}: not there, nor with .gz; fetch MNIST into its folder, or put the file there", path.display())]
    Missing {
        /// The plain name that was looked for.
        path: PathBuf,
    },
    /// A folder, device or pipe stands where a file belongs.
    #[error("{}: not a regular file; put the IDX file itself there", path.display())]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },
    /// The operating system refused to open or read the file.
    #[error("{}: cannot be read ({source}); check its permissions and the disk", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The gzip stream is damaged.
    #[error("{}: the gzip data are damaged ({source}); fetch the file again", path.display())]
    Gzip {
        /// The compressed file.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// No bytes, or none after decompression.
    #[error("{}: the file is empty; fetch it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file ends inside its header.
    #[error("{}: {there} bytes there, an IDX header of {header} expected; the file is cut short, fetch it again", path.display())]
    HeaderCutShort {
        /// The file.
        path: PathBuf,
        /// Bytes of a whole header: 8 for labels, 16 for images.
        header: usize,
        /// Bytes found.
        there: usize,
    },
    /// The first two bytes are not those of IDX.
    #[error("{}: begins with {found:#010x}, an IDX file with 0x0000; another kind of file has this name", path.display())]
    NotIdx {
        /// The file.
        path: PathBuf,
        /// The first four bytes, big-endian.
        found: u32,
    },
    /// The elements are not unsigned bytes.
    #[error("{}: elements of IDX type {found:#04x}; only unsigned bytes (0x08) are read, convert the file", path.display())]
    ElementType {
        /// The file.
        path: PathBuf,
        /// The third byte.
        found: u8,
    },
    /// Labels where images belong, or the other way round.
    #[error("{}: {found} dimensions, {expected} expected ({}); the file has another file's name", path.display(), what(*expected))]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// Dimensions in the file.
        found: u8,
        /// 1 for labels, 3 for images.
        expected: u8,
    },
    /// The header announces no images, or images without pixels.
    #[error("{}: {count} × {rows} × {columns} announced, none of them may be 0; use a file with data in it", path.display())]
    Zero {
        /// The file.
        path: PathBuf,
        /// Images or labels announced.
        count: u32,
        /// Rows an image.
        rows: u32,
        /// Columns an image.
        columns: u32,
    },
    /// More is announced than this machine can address, or than is believed of a compressed file.
    #[error("{}: {} bytes announced, more than the {} that are read from such a file; if the header is right, decompress the file or split the set", path.display(), grouped(*announced), grouped(u128::from(*limit)))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces.
        announced: u128,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A file that is as long as it says, and longer than the memory that is to be had.
    #[error("{}: {} bytes are more than there is memory for; split the set", path.display(), grouped(u128::from(*bytes)))]
    NoMemory {
        /// The file.
        path: PathBuf,
        /// Bytes that it takes.
        bytes: u64,
    },
    /// Less data than announced.
    #[error("{}: {} bytes announced, {} there; the file is cut short, fetch it again", path.display(), grouped(u128::from(*announced)), grouped(u128::from(*there)))]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, itself included, uncompressed.
        announced: u64,
        /// Bytes there, uncompressed.
        there: u64,
    },
    /// More data than announced.
    #[error("{}: {} bytes announced, more follow; the header or the file is wrong, fetch it again", path.display(), grouped(u128::from(*announced)))]
    Trailing {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, itself included, uncompressed.
        announced: u64,
    },
    /// Images and labels that do not belong together.
    #[error("{}: {} images, but {} labels in {}; both files must come from the same set", images.display(), grouped(*image_count as u128), grouped(*label_count as u128), labels.display())]
    Counts {
        /// The image file.
        images: PathBuf,
        /// Images in it.
        image_count: usize,
        /// The label file.
        labels: PathBuf,
        /// Labels in it.
        label_count: usize,
    },
    /// Train and test images of different sizes.
    #[error("{}: images of {}×{}, but {}×{} in {}; train and test must have the same size", test.display(), test_size.0, test_size.1, train_size.0, train_size.1, train.display())]
    ImageSizes {
        /// The file of training images.
        train: PathBuf,
        /// Rows and columns there.
        train_size: (usize, usize),
        /// The file of test images.
        test: PathBuf,
        /// Rows and columns there.
        test_size: (usize, usize),
    },
    /// Images of one's own that cannot be taken as they are.
    #[error("{}: {fact}", path.display())]
    Own {
        /// The file or folder.
        path: PathBuf,
        /// What was found, what was expected, and how to convert it.
        fact: String,
    },
    /// The files were written to between the check and the reading.
    #[error("{}: the files changed while they were read; wait until they are complete and try again", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
    },
}

fn what(dimensions: u8) -> &'static str {
    if dimensions == 1 { "labels" } else { "images" }
}

/// An integer with commas between groups of three digits.
pub(crate) fn grouped(number: u128) -> impl fmt::Display {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_separated_by_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (47_040_016, "47,040,016")]
        {
            assert_eq!(grouped(number).to_string(), text);
        }
    }
}
