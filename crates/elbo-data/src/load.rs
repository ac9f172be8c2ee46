//! How a folder becomes a data set: find the four files, check them together, name what is odd.

use std::path::{Path, PathBuf};
use std::thread;

use crate::checksum::{Checksum, STANDARD_FILES, StandardFile};
use crate::idx::{self, Kind};
use crate::{Dataset, Error, Origin, Split, own, standard};

/// One of the four files, read and checked by itself.
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) file: idx::File,
    /// Taken only where the file has the sizes of MNIST's: nothing else can match.
    checksum: Option<Checksum>,
}

/// Reads a data set from the four files of MNIST's layout in `dir`, each plain or with `.gz`.
///
/// A plain file is preferred to a compressed one. Any number and size of images will do (EMNIST,
/// KMNIST, own drawings), if train and test have the same size. Sets with MNIST's numbers are
/// compared with MNIST's checksums; a difference is a warning, because Fashion-MNIST and others
/// share the layout.
///
/// Where none of the four is there, or `dir` is a file, the images may come in another form, see
/// [`crate::read_own`]: `train` and `test` in the folder, or one set, of which every tenth image is
/// then kept for the test.
///
/// # Errors
/// When a file is missing or is not exactly what its header announces, and when the files do not
/// belong together. The message names the file and what to do.
pub fn load(dir: &Path) -> Result<Dataset, Error> {
    if own::is_own(dir) {
        return own::dataset(dir);
    }
    if !dir.is_dir() {
        return Err(Error::NoFolder { path: dir.into() });
    }
    let parts = read_parts(dir)?;
    check_counts(&parts[0], &parts[1])?;
    check_counts(&parts[2], &parts[3])?;
    check_sizes(&parts[0], &parts[2])?;
    let standard = parts.iter().all(|part| part.checksum.is_some());
    let warnings = if standard { mismatches(&parts) } else { Vec::new() };
    let verified = standard && warnings.is_empty();
    let name = name(&parts, verified);
    let [train, test] = if standard { standard::read(dir, parts)? } else { splits(parts) };
    Ok(Dataset { name, train, test, warnings, origin: Origin::Files { dir: dir.into() }, verified })
}

/// Reads the four files at once, a thread each; the first failure in their order is reported.
fn read_parts(dir: &Path) -> Result<[Part; 4], Error> {
    let results = thread::scope(|scope| {
        STANDARD_FILES
            .each_ref()
            .map(|file| scope.spawn(|| read_part(dir, file)))
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let [a, b, c, d] = results;
    Ok([a?, b?, c?, d?])
}

fn read_part(dir: &Path, standard: &StandardFile) -> Result<Part, Error> {
    let kind = if standard.name.contains("images") { Kind::Images } else { Kind::Labels };
    let path = find(dir, standard.name)?;
    let file = idx::read(&path, kind)?;
    let header = file.header;
    let size = if kind == Kind::Images { (28, 28) } else { (1, 1) };
    let checksum = ((header.rows, header.columns) == size && header.count == standard.count)
        .then(|| Checksum::of(&[&header.bytes(), &file.body]));
    Ok(Part { path, file, checksum })
}

/// The plain file, or the compressed one beside it.
pub(crate) fn find(dir: &Path, name: &str) -> Result<PathBuf, Error> {
    let plain = dir.join(name);
    let compressed = dir.join(format!("{name}.gz"));
    // `symlink_metadata`, so that a link to nowhere is named instead of passed over.
    for path in [&plain, &compressed] {
        if path.symlink_metadata().is_ok() {
            return Ok(path.clone());
        }
    }
    Err(Error::Missing { path: plain })
}

fn check_counts(images: &Part, labels: &Part) -> Result<(), Error> {
    let (image_count, label_count) = (images.file.header.count, labels.file.header.count);
    if image_count == label_count {
        return Ok(());
    }
    Err(Error::Counts {
        images: images.path.clone(),
        image_count: image_count as usize,
        labels: labels.path.clone(),
        label_count: label_count as usize,
    })
}

fn check_sizes(train: &Part, test: &Part) -> Result<(), Error> {
    let size = |part: &Part| (part.file.header.rows as usize, part.file.header.columns as usize);
    if size(train) == size(test) {
        return Ok(());
    }
    Err(Error::ImageSizes {
        train: train.path.clone(),
        train_size: size(train),
        test: test.path.clone(),
        test_size: size(test),
    })
}

fn mismatches(parts: &[Part; 4]) -> Vec<String> {
    parts
        .iter()
        .zip(&STANDARD_FILES)
        .filter_map(|(part, standard)| {
            let found = part.checksum.filter(|&found| found != standard.checksum)?;
            Some(format!(
                "{}: not MNIST's content (SHA-256 {found}, MNIST's is {}); if this is not \
                 Fashion-MNIST, KMNIST or your own set, fetch the file again",
                part.path.display(),
                standard.checksum
            ))
        })
        .collect()
}

fn name(parts: &[Part; 4], verified: bool) -> String {
    let header = parts[0].file.header;
    if verified { "MNIST".into() } else { format!("images {}×{}", header.rows, header.columns) }
}

/// Train and test, taken straight from the checked files.
pub(crate) fn splits(parts: [Part; 4]) -> [Split; 2] {
    let [train_images, train_labels, test_images, test_labels] = parts.map(|part| part.file);
    [(train_images, train_labels), (test_images, test_labels)].map(|(images, labels)| Split {
        images: images.header.images(images.body),
        labels: labels.body,
    })
}
