//! IDX files: images, labels, and the four of them together.

use std::fs;

use elbo_data::{Images, idx};

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{EVALUATE, TRAIN, cut, edit, lengthen, nothing, write},
};

const IMAGES: &str = "digits/train-images-idx3-ubyte";
const LABELS: &str = "digits/train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "digits/t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "digits/t10k-labels-idx1-ubyte";

pub(crate) fn rows() -> Vec<Row> {
    let train = &format!("{TRAIN} --data-dir digits");
    let evaluate = &format!("{EVALUATE} {IMAGES}");
    vec![
        Row::new("empty", write(IMAGES, ""), train, &[IMAGES, "the file is empty"]),
        Row::new("cut within the magic", cut(IMAGES, 3), train, &[IMAGES, "3 bytes there"]),
        Row::new("cut within the sizes", cut(IMAGES, 15), train, &[IMAGES, "15 bytes there"]),
        Row::new("a header alone", cut(IMAGES, 16), train, &[IMAGES, "announced, 16 there"]),
        Row::new("cut within an image", cut(IMAGES, 9_999), train, &[IMAGES, "9,999 there"]),
        Row::new(
            "the last byte missing",
            edit(IMAGES, |bytes| bytes.truncate(bytes.len() - 1)),
            train,
            &[IMAGES, "50,192 bytes announced, 50,191 there"],
        ),
        Row::new(
            "a byte too much",
            edit(IMAGES, |bytes| bytes.push(0)),
            train,
            &[IMAGES, "50,192 bytes announced, more follow"],
        ),
        Row::new(
            "a megabyte too much",
            edit(IMAGES, |bytes| bytes.resize(bytes.len() + (1 << 20), 7)),
            evaluate,
            &[IMAGES, "more follow"],
        ),
        Row::new("text", write(IMAGES, "5,0,4,1,9,2,1,3,1,4\n"), train, &[IMAGES, "0x352c302c"]),
        Row::new(
            "the magic's bytes the other way round",
            edit(IMAGES, |bytes| bytes[..4].reverse()),
            train,
            &[IMAGES, "begins with 0x03080000"],
        ),
        Row::new("floats", set(IMAGES, 2, &[0x0d]), train, &[IMAGES, "IDX type 0x0d"]),
        Row::new("256 dimensions", set(IMAGES, 3, &[0xff]), train, &[IMAGES, "255 dimensions"]),
        Row::new("labels for images", swap(IMAGES, LABELS), train, &[IMAGES, "1 dimensions, 3"]),
        Row::new("labels to measure on", nothing, &format!("{EVALUATE} {LABELS}"), &[LABELS]),
        Row::new(
            "images for labels",
            |sandbox| {
                fs::copy(sandbox.path(TEST_IMAGES), sandbox.path(LABELS)).unwrap();
            },
            train,
            &[LABELS, "3 dimensions, 1 expected"],
        ),
        Row::new("no images", sizes([0, 28, 28]), train, &[IMAGES, "0 × 28 × 28 announced"]),
        Row::new("no rows", sizes([64, 0, 28]), train, &[IMAGES, "64 × 0 × 28"]),
        Row::new("no columns", sizes([64, 28, 0]), train, &[IMAGES, "64 × 28 × 0"]),
        Row::new(
            "three terabytes announced",
            sizes([u32::MAX, 28, 28]),
            train,
            &[IMAGES, "3,367,254,359,296 bytes announced, 50,192 there"],
        ),
        Row::new(
            "2⁹⁶ bytes announced",
            sizes([u32::MAX; 3]),
            evaluate,
            &[IMAGES, "79,228,162,458,924,105,385,300,197,391 bytes announced"],
        ),
        Row::new(
            "sizes whose product is 0 in 64 bits",
            sizes([1 << 31, 1 << 31, 4]),
            train,
            &[IMAGES, "18,446,744,073,709,551,632 bytes announced"],
        ),
        Row::new(
            "a terabyte announced and, as a hole, there",
            |sandbox| {
                sizes([1 << 30, 1 << 5, 1 << 5])(sandbox);
                lengthen(&sandbox.path(IMAGES), (1 << 40) + 16);
            },
            train,
            &[IMAGES, "more than there is memory for"],
        ),
        Row::new("labels cut", cut(LABELS, 40), train, &[LABELS, "72 bytes announced, 40 there"]),
        Row::new(
            "labels too long",
            edit(TEST_LABELS, |bytes| bytes.push(3)),
            train,
            &[TEST_LABELS, "24 bytes announced, more follow"],
        ),
        Row::new("labels empty", write(TEST_LABELS, ""), train, &[TEST_LABELS, "empty"]),
        Row::new(
            "a label too few",
            labels(63),
            train,
            &[IMAGES, "64 images, but 63 labels", LABELS],
        ),
        Row::new("a label too many", labels(65), train, &[IMAGES, "64 images, but 65 labels"]),
        Row::new(
            "test images of another size",
            |sandbox| {
                let images = Images { pixels: vec![0; 16 * 9], count: 16, rows: 3, columns: 3 };
                let mut file = fs::File::create(sandbox.path(TEST_IMAGES)).unwrap();
                idx::write_images(&mut file, &images).unwrap();
            },
            train,
            &[TEST_IMAGES, "images of 3×3, but 28×28 in", IMAGES],
        ),
        Row::new(
            "a file missing",
            remove(TEST_LABELS),
            train,
            &[TEST_LABELS, "not there, nor with .gz"],
        ),
        Row::new(
            "no folder",
            nothing,
            &format!("{TRAIN} --data-dir nowhere"),
            &["nowhere: no such folder"],
        ),
        Row::new(
            "an empty folder",
            |sandbox| fs::create_dir(sandbox.path("empty")).unwrap(),
            &format!("{TRAIN} --data-dir empty"),
            &["empty/train-images-idx3-ubyte: not there"],
        ),
        Row::new(
            "a folder in place of a file",
            |sandbox| {
                fs::remove_file(sandbox.path(IMAGES)).unwrap();
                fs::create_dir(sandbox.path(IMAGES)).unwrap();
            },
            train,
            &[IMAGES, "not a regular file"],
        ),
        Row::new(
            "checked, not trained on",
            cut(LABELS, 9),
            "data --dir digits",
            &[LABELS, "9 there"],
        ),
    ]
}

/// Puts bytes in the place of others.
fn set(name: &'static str, at: usize, with: &'static [u8]) -> impl Fn(&Sandbox) {
    edit(name, move |bytes| bytes[at..at + with.len()].copy_from_slice(with))
}

/// Lies about the sizes of the training images.
pub(crate) fn sizes(sizes: [u32; 3]) -> impl Fn(&Sandbox) {
    edit(IMAGES, move |bytes| bytes[4..16].copy_from_slice(&sizes.map(u32::to_be_bytes).concat()))
}

/// So many labels for the 64 training images.
fn labels(count: usize) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let mut file = fs::File::create(sandbox.path(LABELS)).unwrap();
        idx::write_labels(&mut file, &vec![3; count]).unwrap();
    }
}

fn swap(a: &'static str, b: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let [a, b, passing] = [a, b, "passing"].map(|name| sandbox.path(name));
        fs::rename(&a, &passing).unwrap();
        fs::rename(&b, &a).unwrap();
        fs::rename(&passing, &b).unwrap();
    }
}

fn remove(name: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| fs::remove_file(sandbox.path(name)).unwrap()
}
