//! Images of one's own: a folder of PNGs, a `.npy`, a `.csv`, an IDX file.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::{Error, Images, idx, npy, table};

mod dataset;
mod pictures;
mod pixels;

pub(crate) use dataset::{dataset, is_own};
pub use pictures::decode as decode_png;

/// Images, and their labels where the files have any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// The images.
    pub images: Images,
    /// One label an image.
    pub labels: Option<Vec<u8>>,
}

/// Rows and columns of an image.
pub type Size = (usize, usize);

/// Reads images from a folder of PNGs or from one file: PNG, `.npy`, `.csv`, or IDX, plain or gzip.
///
/// Values are whole numbers from 0 for black to 255 for white. A folder's PNGs are taken in the order
/// of their names; where they lie in folders of their own, each folder is a class. An array is
/// `[count, rows, columns]` or `[count, pixels]`. A table has a row an image and may have a column
/// `label`, or, without names, labels in its first column. `size` is what the images must have, and
/// how rows without a shape are cut; without it they are squares.
///
/// # Errors
/// When something cannot be read, has other sizes, or values outside the range. The message names the
/// file, what was expected, and how to convert it. Memory is a few times the files' real size.
pub fn read_own(path: &Path, size: Option<Size>) -> Result<ImageSet, Error> {
    if path.symlink_metadata().is_err() {
        return Err(refused(path, "no such file or folder; name one that is there"));
    }
    let set = match kind(path)? {
        Kind::Folder => pictures::folder(path)?,
        Kind::Picture => pictures::single(path)?,
        Kind::Array => array(path, size)?,
        Kind::Table => rows(path, size)?,
        Kind::Idx => ImageSet { images: idx::read_images(path)?, labels: None },
    };
    match size {
        Some(size) => check_size(path, &set.images, size).map(|()| set),
        None => Ok(set),
    }
}

enum Kind {
    Folder,
    Picture,
    Array,
    Table,
    Idx,
}

fn kind(path: &Path) -> Result<Kind, Error> {
    if path.is_dir() {
        return Ok(Kind::Folder);
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "png" => Ok(Kind::Picture),
        "npy" => Ok(Kind::Array),
        "csv" => Ok(Kind::Table),
        // What names IDX files have says nothing; what is in them is checked.
        "" | "gz" => Ok(Kind::Idx),
        ending if ending.contains("idx") || ending.contains("ubyte") => Ok(Kind::Idx),
        ending => {
            let fact = format!(
                "files that end in .{ending} are not read; give a folder of PNGs, a .npy, a .csv, or \
                 an IDX file"
            );
            Err(refused(path, fact))
        }
    }
}

fn refused(path: &Path, fact: impl Into<String>) -> Error {
    Error::Own { path: path.into(), fact: fact.into() }
}

/// A regular file's bytes.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    // Asked before opening: opening a pipe would wait for its writer.
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => refused(path, "no such file; name one that is there"),
        _ => unreadable(error),
    })?;
    if !about.is_file() {
        return Err(refused(path, "not a regular file; name a file"));
    }
    let mut bytes = Vec::new();
    idx::reserve(&mut bytes, about.len(), path)?;
    let mut file = File::open(path).map_err(unreadable)?.take(about.len());
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// `.npy`: `[count, rows, columns]`, the same with one channel, or `[count, pixels]`.
fn array(path: &Path, size: Option<Size>) -> Result<ImageSet, Error> {
    let array = npy::read(path)?;
    let (count, (rows, columns)) = match array.shape[..] {
        [count, rows, columns] | [count, 1, rows, columns] | [count, rows, columns, 1] => {
            (count, (rows, columns))
        }
        [count, width] => (count, cut(path, width, size)?),
        _ => {
            let shape = &array.shape;
            let fact = format!("has shape {shape:?}, [count, rows, columns] expected; reshape it");
            return Err(refused(path, fact));
        }
    };
    let pixels = pixels::bytes(path, &array.values)?;
    Ok(ImageSet { images: images(path, pixels, count, rows, columns)?, labels: None })
}

/// `.csv`: a row an image, perhaps with its label.
fn rows(path: &Path, size: Option<Size>) -> Result<ImageSet, Error> {
    let table = table::read(path)?;
    let label = label_column(&table, size);
    let (rows, columns) = cut(path, table.columns - usize::from(label.is_some()), size)?;
    let mut values = Vec::with_capacity(table.values.len());
    let mut labels = Vec::new();
    for row in table.values.chunks_exact(table.columns) {
        for (column, value) in row.iter().enumerate() {
            if label == Some(column) { labels.push(*value) } else { values.push(*value) }
        }
    }
    let pixels = pixels::bytes(path, &values)?;
    let count = table.values.len() / table.columns;
    let labels = label.map(|_| pixels::labels(path, &labels)).transpose()?;
    Ok(ImageSet { images: images(path, pixels, count, rows, columns)?, labels })
}

/// The column that is called `label`; in a table without names the first, if the rest is an image.
fn label_column(table: &table::Table, size: Option<Size>) -> Option<usize> {
    if let Some(names) = &table.names {
        return names.iter().position(|name| name.eq_ignore_ascii_case("label"));
    }
    let image = |width: usize| match size {
        Some((rows, columns)) => Some(width) == rows.checked_mul(columns),
        None => width > 0 && width.isqrt().pow(2) == width,
    };
    (!image(table.columns) && image(table.columns - 1)).then_some(0)
}

/// The size of an image that is a row of `width` values.
fn cut(path: &Path, width: usize, size: Option<Size>) -> Result<Size, Error> {
    let fact = match size {
        Some((rows, columns)) if rows.checked_mul(columns) == Some(width) => {
            return Ok((rows, columns));
        }
        Some((rows, columns)) => {
            let wanted = rows.saturating_mul(columns);
            format!(
                "rows of {width} values, {wanted} expected for images of {rows}×{columns}; scale the \
                 images to that size"
            )
        }
        None if width > 0 && width.isqrt().pow(2) == width => {
            return Ok((width.isqrt(), width.isqrt()));
        }
        None => format!(
            "rows of {width} values are no squares; save them as .npy of shape [count, rows, columns]"
        ),
    };
    Err(refused(path, fact))
}

fn images(
    path: &Path,
    pixels: Vec<u8>,
    count: usize,
    rows: usize,
    columns: usize,
) -> Result<Images, Error> {
    if pixels.is_empty() {
        return Err(refused(path, "has no images; give at least one"));
    }
    Ok(Images { pixels, count, rows, columns })
}

fn check_size(path: &Path, images: &Images, (rows, columns): Size) -> Result<(), Error> {
    if (images.rows, images.columns) == (rows, columns) {
        return Ok(());
    }
    let fact = format!(
        "images of {}×{}, {rows}×{columns} expected; scale them, PNGs for example with `magick \
         mogrify -resize {columns}x{rows}! *.png`",
        images.rows, images.columns
    );
    Err(refused(path, fact))
}
