//! How an IDX file is read and written, with nothing in it believed before it is checked.
//!
//! The format: two zero bytes, the element type (0x08, unsigned byte), the number of dimensions,
//! each dimension as a big-endian `u32`, then the elements. Labels have one dimension, images three.
//! Whether a file is compressed is decided by its first bytes, not by its name, because browsers
//! and archivers decompress files and keep their names.

use std::io::{self, BufRead, Write};
use std::path::Path;

use crate::{Error, Images};

mod header;
mod source;

pub(crate) use header::{Header, Kind};
pub(crate) use source::{Compression, inflate, reserve};

/// The images of a file, plain or gzip.
///
/// # Errors
/// When the file is missing or unreadable, or is not exactly the images that its header announces.
pub fn read_images(path: &Path) -> Result<Images, Error> {
    let file = read(path, Kind::Images)?;
    Ok(file.header.images(file.body))
}

/// The labels of a file, plain or gzip.
///
/// # Errors
/// When the file is missing or unreadable, or is not exactly the labels that its header announces.
pub fn read_labels(path: &Path) -> Result<Vec<u8>, Error> {
    Ok(read(path, Kind::Labels)?.body)
}

/// The images of a file that is in memory, plain or gzip. `path` is what messages call it.
///
/// # Errors
/// When the bytes are not exactly the images that their header announces.
pub fn decode_images(bytes: &[u8], path: &Path) -> Result<Images, Error> {
    let file = decode(bytes, path, Kind::Images)?;
    Ok(file.header.images(file.body))
}

/// The labels of a file that is in memory, plain or gzip. `path` is what messages call it.
///
/// # Errors
/// When the bytes are not exactly the labels that their header announces.
pub fn decode_labels(bytes: &[u8], path: &Path) -> Result<Vec<u8>, Error> {
    Ok(decode(bytes, path, Kind::Labels)?.body)
}

/// Writes images as an uncompressed IDX file.
///
/// # Errors
/// When the writer fails, a size exceeds 32 bits, or the pixels are not count · rows · columns.
pub fn write_images(writer: &mut impl Write, images: &Images) -> io::Result<()> {
    let header = Header::of_images(images).ok_or(io::ErrorKind::InvalidInput)?;
    writer.write_all(&header.bytes())?;
    writer.write_all(&images.pixels)
}

/// Writes labels as an uncompressed IDX file.
///
/// # Errors
/// When the writer fails or there are more labels than 32 bits count.
pub fn write_labels(writer: &mut impl Write, labels: &[u8]) -> io::Result<()> {
    let header = Header::of_labels(labels).ok_or(io::ErrorKind::InvalidInput)?;
    writer.write_all(&header.bytes())?;
    writer.write_all(labels)
}

/// A whole, checked file.
pub(crate) struct File {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
    pub(crate) compression: Compression,
}

/// Reads and checks a file of the given kind.
pub(crate) fn read(path: &Path, kind: Kind) -> Result<File, Error> {
    whole(path, kind, source::Source::open(path)?)
}

fn decode(bytes: &[u8], path: &Path, kind: Kind) -> Result<File, Error> {
    whole(path, kind, source::Source::new(path, bytes, bytes.len() as u64)?)
}

fn whole<R: BufRead>(
    path: &Path,
    kind: Kind,
    mut source: source::Source<'_, R>,
) -> Result<File, Error> {
    let header = Header::read(path, kind, &mut source)?;
    let body = source.body(&header)?;
    Ok(File { header, body, compression: source.compression() })
}
