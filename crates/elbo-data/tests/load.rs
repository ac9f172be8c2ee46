//! What loading a folder promises: four files that belong together, whatever set they are.

use std::fs;
use std::io::Write;
use std::path::Path;

use elbo_data::checksum::STANDARD_FILES;
use elbo_data::{Error, Images, Split, idx, load, synthetic};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

fn split(count: usize, rows: usize, columns: usize, labels: Vec<u8>) -> Split {
    let pixels = (0..count * rows * columns).map(|i| i as u8).collect();
    Split { images: Images { pixels, count, rows, columns }, labels }
}

fn bytes(train: &Split, test: &Split) -> [Vec<u8>; 4] {
    let [mut a, mut b, mut c, mut d] = [const { Vec::new() }; 4];
    idx::write_images(&mut a, &train.images).expect("memory takes it");
    idx::write_labels(&mut b, &train.labels).expect("memory takes it");
    idx::write_images(&mut c, &test.images).expect("memory takes it");
    idx::write_labels(&mut d, &test.labels).expect("memory takes it");
    [a, b, c, d]
}

fn write(dir: &Path, files: &[Vec<u8>; 4], compressed: bool) {
    for (bytes, standard) in files.iter().zip(STANDARD_FILES) {
        if compressed {
            let path = dir.join(format!("{}.gz", standard.name));
            let file = fs::File::create(path).expect("a temporary file");
            let mut encoder = GzEncoder::new(file, Compression::fast());
            encoder.write_all(bytes).expect("the disk takes it");
            encoder.finish().expect("the disk takes it");
        } else {
            fs::write(dir.join(standard.name), bytes).expect("a temporary file");
        }
    }
}

fn folder(train: &Split, test: &Split, compressed: bool) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    write(dir.path(), &bytes(train, test), compressed);
    dir
}

#[test]
fn sets_of_other_numbers_and_sizes_load_plain_and_compressed() {
    let (train, test) = (split(3, 5, 7, vec![0, 61, 2]), split(2, 5, 7, vec![9, 1]));
    for compressed in [false, true] {
        let dir = folder(&train, &test, compressed);
        let set = load(dir.path()).expect("a whole set");
        assert_eq!((&set.train, &set.test), (&train, &test));
        assert_eq!(set.classes(), 62);
        assert!(!set.is_mnist());
        assert!(set.warnings.is_empty());
        let place = dir.path().display();
        assert_eq!(set.to_string(), format!("images 5×7: 3 train, 2 test ({place})"));
    }
}

#[test]
fn a_plain_file_is_preferred_to_a_compressed_one() {
    let (plain, compressed) = (split(2, 2, 2, vec![1, 2]), split(2, 2, 2, vec![3, 4]));
    let dir = folder(&plain, &plain, false);
    write(dir.path(), &bytes(&compressed, &compressed), true);
    assert_eq!(load(dir.path()).expect("a whole set").train.labels, [1, 2]);
}

#[test]
fn a_missing_folder_and_a_missing_file_are_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let nowhere = dir.path().join("nowhere");
    let error = load(&nowhere).expect_err("nothing there");
    assert!(error.to_string().starts_with(&format!("{}: no such folder", nowhere.display())));
    let error = load(dir.path()).expect_err("nothing there");
    let first = dir.path().join("train-images-idx3-ubyte");
    assert!(matches!(error, Error::Missing { path } if path == first));
}

#[test]
fn images_and_labels_must_be_equally_many() {
    let good = split(2, 2, 2, vec![1, 2]);
    let dir = folder(&split(3, 2, 2, vec![1, 2]), &good, false);
    let error = load(dir.path()).expect_err("3 images, 2 labels");
    assert!(matches!(error, Error::Counts { image_count: 3, label_count: 2, .. }));
    assert!(error.to_string().contains("3 images, but 2 labels in "), "{error}");
}

#[test]
fn train_and_test_images_must_have_one_size() {
    let dir = folder(&split(2, 2, 2, vec![1, 2]), &split(2, 2, 3, vec![1, 2]), false);
    let error = load(dir.path()).expect_err("2×2 and 2×3");
    assert!(error.to_string().contains("images of 2×3, but 2×2 in "), "{error}");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let good = split(2, 2, 2, vec![1, 2]);
    let dir = folder(&good, &good, false);
    let path = dir.path().join(STANDARD_FILES[3].name);
    fs::remove_file(&path).expect("it is there");
    fs::create_dir(&path).expect("its place is free");
    assert!(matches!(load(dir.path()), Err(Error::NotAFile { path: p }) if p == path));
}

#[test]
fn a_set_in_the_form_of_mnist_loads_through_the_mnist_crate_with_warnings() {
    let set = synthetic(1);
    let files = bytes(&set.train, &set.test);
    for compressed in [false, true] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        write(dir.path(), &files, compressed);
        let read = load(dir.path()).expect("a whole set");
        assert!(read.train == set.train && read.test == set.test);
        assert!(!read.is_mnist());
        assert_eq!(read.warnings.len(), 4);
        for (warning, standard) in read.warnings.iter().zip(STANDARD_FILES) {
            assert!(warning.contains(standard.name), "{warning}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_not_utf_8_loads_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let set = synthetic(2);
    let parent = tempfile::tempdir().expect("a temporary folder");
    let dir = parent.path().join(std::ffi::OsStr::from_bytes(b"digits-\xff"));
    if fs::create_dir(&dir).is_err() {
        return; // This file system has no such names.
    }
    write(&dir, &bytes(&set.train, &set.test), false);
    let read = load(&dir).expect("a whole set");
    assert!(read.train == set.train && read.test == set.test);
}

#[test]
fn mnist_itself_is_recognized() {
    let Ok(dir) = std::env::var("ELBO_MNIST_DIR") else {
        return;
    };
    let set = load(Path::new(&dir)).expect("MNIST loads");
    assert!(set.is_mnist(), "{:?}", set.warnings);
    assert_eq!((set.train.images.count, set.test.images.count), (60_000, 10_000));
    assert_eq!(set.train.labels[..5], [5, 0, 4, 1, 9]);
    assert_eq!(set.classes(), 10);
    assert!(set.to_string().ends_with("checksums match)"), "{set}");
}
