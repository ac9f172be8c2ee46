//! What reading IDX promises: exactly what the header announces, or a sentence that names the file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use elbo_data::{Error, Images, idx};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tempfile::TempDir;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A header of unsigned bytes with these sizes, then the data.
fn idx_bytes(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("train-images-idx3-ubyte");
    fs::write(&path, bytes).expect("a temporary file");
    (dir, path)
}

fn images_error(bytes: &[u8]) -> Error {
    let (_dir, path) = file(bytes);
    let error = idx::read_images(&path).expect_err("not images");
    let text = error.to_string();
    assert!(text.starts_with(&path.display().to_string()), "{text}");
    assert!(text.contains("; "), "no advice: {text}");
    error
}

fn some_images() -> Images {
    Images { pixels: (0..24).collect(), count: 2, rows: 3, columns: 4 }
}

#[test]
fn what_is_written_is_read_back_plain_and_compressed() {
    let images = some_images();
    let mut bytes = Vec::new();
    idx::write_images(&mut bytes, &images).expect("memory takes it");
    for bytes in [bytes.clone(), gz(&bytes)] {
        let (_dir, path) = file(&bytes);
        assert_eq!(idx::read_images(&path).expect("whole"), images);
    }
    let mut bytes = Vec::new();
    idx::write_labels(&mut bytes, &[3, 61, 0]).expect("memory takes it");
    let (_dir, path) = file(&gz(&bytes));
    assert_eq!(idx::read_labels(&path).expect("whole"), [3, 61, 0]);
}

#[test]
fn a_gzip_file_of_several_members_is_read_whole() {
    let bytes = idx_bytes(&[2, 3, 4], &(0..24).collect::<Vec<u8>>());
    let (_dir, path) = file(&[gz(&bytes[..20]), gz(&bytes[20..])].concat());
    assert_eq!(idx::read_images(&path).expect("whole"), some_images());
}

#[test]
fn images_whose_sizes_and_pixels_disagree_are_not_written() {
    let wrong = Images { count: 3, ..some_images() };
    assert!(idx::write_images(&mut Vec::new(), &wrong).is_err());
    let overflow = Images { count: usize::MAX, ..some_images() };
    assert!(idx::write_images(&mut Vec::new(), &overflow).is_err());
}

#[test]
fn a_missing_file_and_a_folder_are_told_apart() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    assert!(matches!(idx::read_images(dir.path()), Err(Error::NotAFile { .. })));
    let missing = idx::read_images(&dir.path().join("none"));
    assert!(matches!(missing, Err(Error::Missing { .. })));
}

#[test]
fn a_device_without_end_is_not_read() {
    let zero = Path::new("/dev/zero");
    if zero.exists() {
        assert!(matches!(idx::read_images(zero), Err(Error::NotAFile { .. })));
    }
}

#[test]
fn an_empty_file_is_called_empty_even_when_compressed() {
    assert!(matches!(images_error(&[]), Error::Empty { .. }));
    assert!(matches!(images_error(&gz(&[])), Error::Empty { .. }));
}

#[test]
fn a_header_cut_short_says_how_much_is_there() {
    let bytes = idx_bytes(&[2, 3, 4], &[]);
    for there in 1..16 {
        match images_error(&bytes[..there]) {
            Error::HeaderCutShort { header: 16, there: found, .. } => assert_eq!(found, there),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn another_kind_of_file_is_refused_by_its_first_bytes() {
    assert!(matches!(images_error(b"<html><body>404"), Error::NotIdx { .. }));
    let mut floats = idx_bytes(&[2, 3, 4], &[0; 24]);
    floats[2] = 0x0d;
    assert!(matches!(images_error(&floats), Error::ElementType { found: 0x0d, .. }));
    let labels = idx_bytes(&[24], &[0; 24]);
    assert!(matches!(images_error(&labels), Error::Dimensions { found: 1, expected: 3, .. }));
}

#[test]
fn zero_sizes_are_refused() {
    for sizes in [[0, 3, 4], [2, 0, 4], [2, 3, 0]] {
        assert!(matches!(images_error(&idx_bytes(&sizes, &[])), Error::Zero { .. }));
    }
}

#[test]
fn a_truncated_file_names_itself_and_both_sizes() {
    let bytes = idx_bytes(&[60_000, 28, 28], &[0; 1_203_184]);
    let text = images_error(&bytes).to_string();
    assert!(text.contains("47,040,016 bytes announced, 1,203,200 there"), "{text}");
}

#[test]
fn a_truncated_gz_names_the_file_and_both_sizes() {
    let noise: Vec<u8> =
        (0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let bytes = gz(&idx_bytes(&[50, 100, 10], &noise));
    match images_error(&bytes[..bytes.len() / 2]) {
        Error::CutShort { announced: 50_016, there, .. } => {
            assert!((1_000..50_016).contains(&there))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_gz_without_the_end_of_its_checksum_is_damaged() {
    let bytes = gz(&idx_bytes(&[2, 3, 4], &[0; 24]));
    assert!(matches!(images_error(&bytes[..bytes.len() - 1]), Error::Gzip { .. }));
}

#[test]
fn a_flipped_bit_in_a_gz_is_found_by_its_checksum() {
    let mut bytes = gz(&idx_bytes(&[2, 3, 4], &[0; 24]));
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert!(matches!(images_error(&bytes), Error::Gzip { .. }));
}

#[test]
fn bytes_after_the_announced_ones_are_refused() {
    let bytes = idx_bytes(&[2, 3, 4], &[0; 25]);
    assert!(matches!(images_error(&bytes), Error::Trailing { announced: 40, .. }));
    assert!(matches!(images_error(&gz(&bytes)), Error::Trailing { announced: 40, .. }));
}

#[test]
fn sizes_that_claim_terabytes_are_refused_without_the_memory() {
    let bytes = idx_bytes(&[u32::MAX, 1024, 1024], &[0; 24]);
    assert!(matches!(images_error(&bytes), Error::CutShort { there: 40, .. }));
    assert!(matches!(images_error(&gz(&bytes)), Error::TooLarge { .. }));
    let overflow = idx_bytes(&[u32::MAX; 3], &[0; 24]);
    assert!(matches!(images_error(&overflow), Error::TooLarge { .. }));
    assert!(matches!(images_error(&gz(&overflow)), Error::TooLarge { .. }));
}

#[test]
fn a_gzip_bomb_is_stopped_at_the_announced_size() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(&idx_bytes(&[2, 3, 4], &[])).expect("memory takes it");
    for _ in 0..64 {
        bomb.write_all(&[0; 1 << 20]).expect("memory takes it");
    }
    let error = images_error(&bomb.finish().expect("memory takes it"));
    assert!(matches!(error, Error::Trailing { announced: 40, .. }));
}

proptest! {
    #[test]
    fn no_bytes_whatever_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        sizes in prop::collection::vec(0_u32..6, 3),
        compressed: bool,
        whole: bool,
    ) {
        let bytes = if whole { idx_bytes(&sizes, &bytes) } else { bytes };
        let expected: u32 = sizes.iter().product();
        let fits = whole && expected > 0 && bytes.len() == 16 + expected as usize;
        let (_dir, path) = file(&if compressed { gz(&bytes) } else { bytes });
        prop_assert_eq!(idx::read_images(&path).is_ok(), fits);
        prop_assert!(idx::read_labels(&path).is_err() || !whole);
    }
}
