//! How sets of exactly MNIST's form are read: by the `mnist` crate, once nothing is left that
//! would make it panic.

use std::fs;
use std::io::{self, Write};
use std::panic;
use std::path::Path;

use mnist::{Mnist, MnistBuilder};

use crate::checksum::STANDARD_FILES;
use crate::idx::{Compression, Header, Kind};
use crate::load::{Part, splits};
use crate::{Error, Split};

const TRAIN: u32 = STANDARD_FILES[0].count;
const TEST: u32 = STANDARD_FILES[2].count;
const SIDE: u32 = 28;

/// Reads the checked files through the `mnist` crate.
///
/// The crate reads plain files only, so compressed ones go through a temporary folder. Where it
/// cannot be used (a path that is not UTF-8, no room for temporary files), the checked parts are
/// taken as they are: the same bytes.
pub(crate) fn read(dir: &Path, parts: [Part; 4]) -> Result<[Split; 2], Error> {
    let plain = parts.iter().all(|part| part.file.compression == Compression::Plain);
    let unpacked = if plain { None } else { unpack(&parts).ok() };
    let base = match &unpacked {
        Some(folder) => folder.path().to_str(),
        None if plain => dir.to_str(),
        None => None,
    };
    let Some(base) = base else {
        return Ok(splits(parts));
    };
    // The checked copy makes room for the crate's.
    drop(parts);
    read_plain(base).ok_or_else(|| Error::Changed { path: dir.into() })
}

/// Writes the four files uncompressed into a folder that goes away with the value returned.
fn unpack(parts: &[Part; 4]) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (part, standard) in parts.iter().zip(&STANDARD_FILES) {
        let mut file = fs::File::create(folder.path().join(standard.name))?;
        file.write_all(&part.file.header.bytes())?;
        file.write_all(&part.file.body)?;
    }
    Ok(folder)
}

/// `None` when the files are no longer what was checked a moment ago.
fn read_plain(base: &str) -> Option<[Split; 2]> {
    // Every panic of the crate was ruled out by the check; what remains is a file that someone
    // rewrites meanwhile, which must not end the program.
    let set = panic::catch_unwind(|| {
        let [train_images, train_labels, test_images, test_labels] =
            STANDARD_FILES.map(|file| file.name);
        MnistBuilder::new()
            .base_path(base)
            .training_images_filename(train_images)
            .training_labels_filename(train_labels)
            .test_images_filename(test_images)
            .test_labels_filename(test_labels)
            .label_format_digit()
            .training_set_length(TRAIN)
            .validation_set_length(0)
            .test_set_length(TEST)
            .finalize()
    });
    let Mnist { trn_img, trn_lbl, tst_img, tst_lbl, .. } = set.ok()?;
    Some([split(TRAIN, trn_img, trn_lbl)?, split(TEST, tst_img, tst_lbl)?])
}

fn split(count: u32, mut pixels: Vec<u8>, mut labels: Vec<u8>) -> Option<Split> {
    let header = Header { kind: Kind::Images, count, rows: SIDE, columns: SIDE };
    let expected = count as usize;
    if pixels.len() != expected * (SIDE * SIDE) as usize || labels.len() != expected {
        return None;
    }
    // The crate joins train and test and splits them again, which leaves twice the room needed.
    pixels.shrink_to_fit();
    labels.shrink_to_fit();
    Some(Split { images: header.images(pixels), labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_change_after_the_check_end_in_an_error_not_a_panic() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let base = folder.path().to_str().expect("UTF-8");
        assert!(read_plain(base).is_none());
        for file in STANDARD_FILES {
            fs::write(folder.path().join(file.name), b"cut").expect("a temporary file");
        }
        assert!(read_plain(base).is_none());
    }
}
