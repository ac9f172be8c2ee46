//! Images of one's own as a data set: a part to learn from, a part to measure on.

use std::path::{Path, PathBuf};

use super::{ImageSet, pictures, read_own};
use crate::{Dataset, Error, Images, Origin, Split, checksum::STANDARD_FILES};

/// One image in so many is kept for measuring where there is no test set.
const HELD_OUT: usize = 10;

/// Whether a path holds images in another form than the four IDX files.
pub(crate) fn is_own(path: &Path) -> bool {
    if !path.is_dir() {
        // A file that is not there is asked for as the file it would be.
        let named = path.extension().is_some_and(|ending| ending == "npy" || ending == "csv");
        return named || path.is_file();
    }
    let there = |name: &str| path.join(name).symlink_metadata().is_ok();
    let standard = |name: &str| there(name) || there(&format!("{name}.gz"));
    !STANDARD_FILES.iter().any(|file| standard(file.name))
        && (part(path, "train").is_some() || pictures::any(path))
}

/// Reads images to train on: `train` and `test` in a folder, each a folder of PNGs, a `.npy` or a
/// `.csv`; or one such set, of which every tenth image is then kept for the test.
pub(crate) fn dataset(path: &Path) -> Result<Dataset, Error> {
    let (train, test, warnings) = match part(path, "train") {
        Some(train) => {
            let test = part(path, "test").ok_or_else(|| {
                let fact = "not there; put the images to measure on beside those to train on";
                super::refused(&path.join("test"), fact)
            })?;
            let train = read_own(&train, None)?;
            let size = (train.images.rows, train.images.columns);
            (split(train), split(read_own(&test, Some(size))?), Vec::new())
        }
        None => {
            let (train, test) = hold_out(path, read_own(path, None)?)?;
            let warning = format!(
                "{}: has no test set; every tenth image ({} of {}) is kept for it",
                path.display(),
                test.images.count,
                test.images.count + train.images.count
            );
            (train, test, vec![warning])
        }
    };
    let name = format!("images {}×{}", train.images.rows, train.images.columns);
    let origin = Origin::Files { dir: path.into() };
    Ok(Dataset { name, train, test, warnings, origin, verified: false })
}

/// `train`, `train.npy` or `train.csv` in a folder.
fn part(folder: &Path, name: &str) -> Option<PathBuf> {
    let directory = folder.join(name);
    if directory.is_dir() {
        return Some(directory);
    }
    ["npy", "csv"]
        .map(|ending| folder.join(format!("{name}.{ending}")))
        .into_iter()
        .find(|p| p.is_file())
}

fn split(set: ImageSet) -> Split {
    Split { images: set.images, labels: set.labels.unwrap_or_default() }
}

/// Every tenth image for the test, the last one where there are fewer.
fn hold_out(path: &Path, set: ImageSet) -> Result<(Split, Split), Error> {
    let Images { count, rows, columns, .. } = set.images;
    if count < 2 {
        let fact = "one image only; give at least two, one to train on and one to measure on";
        return Err(super::refused(path, fact));
    }
    let every = HELD_OUT.min(count);
    let labels = set.labels.unwrap_or_default();
    let take = |tested: bool| {
        let wanted = |number: &usize| (number % every == every - 1) == tested;
        let numbers: Vec<usize> = (0..count).filter(wanted).collect();
        let pixels = numbers.iter().filter_map(|number| set.images.get(*number)).flatten();
        Split {
            labels: numbers.iter().filter_map(|number| labels.get(*number)).copied().collect(),
            images: Images {
                pixels: pixels.copied().collect(),
                count: numbers.len(),
                rows,
                columns,
            },
        }
    };
    Ok((take(false), take(true)))
}
