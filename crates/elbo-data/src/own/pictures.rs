//! PNGs to images of one size, and folders of them to classes.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use super::{ImageSet, Size, bytes, refused};
use crate::{Error, Images};

/// The most pixels of a picture. What unpacks to more is no input of a fully connected layer.
const MOST_PIXELS: usize = 1 << 24;

/// All PNGs of a folder, or of the folders in it, which then are classes.
pub(super) fn folder(path: &Path) -> Result<ImageSet, Error> {
    let direct = pngs(path)?;
    let classes = classes(path)?;
    if direct.is_empty() && classes.is_empty() {
        return Err(refused(
            path,
            "holds no PNGs; put some there, or name a .npy, .csv or IDX file",
        ));
    }
    if !direct.is_empty() && !classes.is_empty() {
        let fact =
            "holds PNGs and folders of PNGs; put all into one folder, or each into its class's";
        return Err(refused(path, fact));
    }
    let mut gathered = Gathered { pixels: Vec::new(), count: 0, size: None };
    for file in &direct {
        gathered.add(file)?;
    }
    let mut labels = Vec::new();
    for (label, folder) in classes {
        for file in pngs(&folder)? {
            gathered.add(&file)?;
            labels.push(label);
        }
    }
    Ok(ImageSet { images: gathered.finish(), labels: direct.is_empty().then_some(labels) })
}

/// One PNG.
pub(super) fn single(path: &Path) -> Result<ImageSet, Error> {
    let mut gathered = Gathered { pixels: Vec::new(), count: 0, size: None };
    gathered.add(path)?;
    Ok(ImageSet { images: gathered.finish(), labels: None })
}

/// Whether there is a PNG in this folder, or in one of its folders.
pub(super) fn any(path: &Path) -> bool {
    pngs(path).is_ok_and(|files| !files.is_empty())
        || classes(path).is_ok_and(|classes| !classes.is_empty())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Unreadable { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn pngs(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let png = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) && path.is_file()
    };
    Ok(entries(folder)?.into_iter().filter(png).collect())
}

/// Folders with PNGs in them. Their labels are their names where all are numbers, else their places.
fn classes(path: &Path) -> Result<Vec<(u8, PathBuf)>, Error> {
    let mut folders = Vec::new();
    for folder in entries(path)?.into_iter().filter(|entry| entry.is_dir()) {
        if !pngs(&folder)?.is_empty() {
            folders.push(folder);
        }
    }
    if folders.len() > 256 {
        let fact = format!(
            "holds {} folders of PNGs, at most 256 classes are read; put them into \
                            fewer",
            folders.len()
        );
        return Err(refused(path, fact));
    }
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u8>().ok();
    let numbers: Option<Vec<u8>> = folders.iter().map(number).collect();
    let labels = numbers.unwrap_or_else(|| (0..=u8::MAX).take(folders.len()).collect());
    Ok(labels.into_iter().zip(folders).collect())
}

/// Pictures of one size, one after the other.
struct Gathered {
    pixels: Vec<u8>,
    count: usize,
    size: Option<(Size, PathBuf)>,
}

impl Gathered {
    fn add(&mut self, file: &Path) -> Result<(), Error> {
        let Images { pixels, rows, columns, .. } = decode(&bytes(file)?, file)?;
        let size = (rows, columns);
        match &self.size {
            Some((first, name)) if *first != size => {
                let fact = format!(
                    "{}×{} pixels, but {}×{} in {}; scale all to one size",
                    size.0,
                    size.1,
                    first.0,
                    first.1,
                    name.display()
                );
                return Err(refused(file, fact));
            }
            Some(_) => {}
            None => self.size = Some((size, file.into())),
        }
        let no_memory = |_| Error::NoMemory { path: file.into(), bytes: pixels.len() as u64 };
        self.pixels.try_reserve(pixels.len()).map_err(no_memory)?;
        self.pixels.extend(pixels);
        self.count += 1;
        Ok(())
    }

    fn finish(self) -> Images {
        let (rows, columns) = self.size.map_or((0, 0), |(size, _)| size);
        Images { pixels: self.pixels, count: self.count, rows, columns }
    }
}

/// One image from the bytes of a PNG. `path` is what messages call it. Grey stored as colour is grey;
/// colour is refused.
///
/// # Errors
/// When the bytes are no PNG, or not of a grey picture, or of more than 2²⁴ pixels.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Images, Error> {
    let ((rows, columns), pixels) = grey(bytes).map_err(|fact| refused(path, fact))?;
    Ok(Images { pixels, count: 1, rows, columns })
}

/// Rows, columns and grey values.
fn grey(file: &[u8]) -> Result<(Size, Vec<u8>), String> {
    let broken = |error: png::DecodingError| format!("cannot be read ({error}); save it again");
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width.checked_mul(height).is_none_or(|pixels| pixels > MOST_PIXELS) {
        return Err(format!("{height}×{width} pixels, at most {MOST_PIXELS} are read; scale it"));
    }
    let length = reader.output_buffer_size().ok_or("is too large; scale it")?;
    let mut values = vec![0; length];
    let frame = reader.next_frame(&mut values).map_err(broken)?;
    values.truncate(frame.buffer_size());
    let channels = frame.color_type.samples();
    let mut pixels = Vec::with_capacity(width * height);
    for pixel in values.chunks_exact(channels) {
        let opaque = channels % 2 == 1 || pixel[channels - 1] == u8::MAX;
        let colours = &pixel[..channels - usize::from(channels % 2 == 0)];
        if !opaque || colours.iter().any(|colour| *colour != pixel[0]) {
            let what = if opaque { "in colour" } else { "transparent" };
            return Err(format!(
                "is {what}, grey expected; convert it with `magick in.png -alpha remove -colorspace \
                 Gray out.png`"
            ));
        }
        pixels.push(pixel[0]);
    }
    Ok(((height, width), pixels))
}
