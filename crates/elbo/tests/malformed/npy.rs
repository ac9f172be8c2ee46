//! `.npy` files: of images, and of latents.

use std::fs;

use elbo_data::npy;

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{DECODE, EVALUATE, TRAIN, cut, edit, lengthen, nothing, write},
};

const IMAGES: &str = "images.npy";
const LATENTS: &str = "z.npy";

pub(crate) fn rows() -> Vec<Row> {
    let evaluate = &format!("{EVALUATE} {IMAGES}");
    let decode = &format!("{DECODE} {LATENTS}");
    vec![
        Row::new("empty", write(IMAGES, ""), evaluate, &[IMAGES, "is no .npy file"]),
        Row::new("magic alone", cut(IMAGES, 6), evaluate, &[IMAGES, "cut short within its header"]),
        Row::new("cut within its length", cut(IMAGES, 9), evaluate, &[IMAGES, "cut short"]),
        Row::new("cut within its header", cut(IMAGES, 60), evaluate, &[IMAGES, "cut short"]),
        Row::new("a header alone", cut(IMAGES, 128), evaluate, &[IMAGES, "0 bytes there"]),
        Row::new("cut within an image", cut(IMAGES, 1_000), evaluate, &[IMAGES, "872 bytes there"]),
        Row::new(
            "a byte too much",
            edit(IMAGES, |bytes| bytes.push(0)),
            evaluate,
            &[IMAGES, "2353 bytes there"],
        ),
        Row::new("an .npz", write(IMAGES, "PK\x03\x04"), evaluate, &[IMAGES, "is no .npy file"]),
        Row::new("version 9", edit(IMAGES, |b| b[6] = 9), evaluate, &[IMAGES, "version 9"]),
        Row::new(
            "a header of four gigabytes",
            write(IMAGES, b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"),
            evaluate,
            &[IMAGES, "cut short within its header"],
        ),
        Row::new(
            "a header that is no text",
            edit(IMAGES, |bytes| bytes[20] = 0xff),
            evaluate,
            &[IMAGES, "its header is no text"],
        ),
        Row::new(
            "no type",
            says("{'fortran_order': False, 'shape': (1,)}"),
            evaluate,
            &[IMAGES, "type"],
        ),
        Row::new(
            "no order",
            says("{'descr': '|u1', 'shape': (1,)}"),
            evaluate,
            &[IMAGES, "fortran"],
        ),
        Row::new(
            "no shape",
            says("{'descr': '|u1', 'fortran_order': False}"),
            evaluate,
            &[IMAGES, "no shape"],
        ),
        Row::new("column by column", of("|u1", "True", "(3, 28, 28)"), evaluate, &["contiguous"]),
        Row::new("big-endian", of(">f4", "False", "(3, 28, 28)"), evaluate, &["type `>f4`"]),
        Row::new("objects", of("|O", "False", "(3,)"), evaluate, &["type `|O`", "astype"]),
        Row::new("complex numbers", of("<c16", "False", "(3,)"), evaluate, &["type `<c16`"]),
        Row::new(
            "fields",
            says("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }"),
            evaluate,
            &[IMAGES, "names no plain type of numbers"],
        ),
        Row::new("a negative size", of("|u1", "False", "(3, -28, 28)"), evaluate, &["no shape"]),
        Row::new(
            "a size of 2⁶⁴",
            of("|u1", "False", "(18446744073709551616,)"),
            evaluate,
            &["shape"],
        ),
        Row::new(
            "four terabytes announced",
            of("<f4", "False", "(1275510204, 28, 28)"),
            evaluate,
            &[IMAGES, "shape [1275510204, 28, 28] of 4 bytes a number announced, 0 bytes there"],
        ),
        Row::new(
            "sizes whose product is 0 in 64 bits",
            of("|u1", "False", "(4294967296, 4294967296, 28)"),
            evaluate,
            &[IMAGES, "announced, 0 bytes there"],
        ),
        Row::new(
            "a terabyte announced and, as a hole, there",
            |sandbox| {
                of("|u1", "False", "(1073741824, 32, 32)")(sandbox);
                let header = sandbox.bytes(IMAGES).len() as u64;
                lengthen(&sandbox.path(IMAGES), header + (1 << 40));
            },
            evaluate,
            &[IMAGES, "more than there is memory for"],
        ),
        Row::new("no images", array(&[0, 28, 28], &[]), evaluate, &[IMAGES, "has no images"]),
        Row::new("one dimension", array(&[4], &[0.0; 4]), evaluate, &[IMAGES, "has shape [4]"]),
        Row::new(
            "five dimensions",
            array(&[1, 1, 1, 2, 2], &[0.0; 4]),
            evaluate,
            &[IMAGES, "[count, rows, columns] expected"],
        ),
        Row::new(
            "images of another size",
            array(&[1, 2, 2], &[0.0; 4]),
            evaluate,
            &["28×28 expected"],
        ),
        Row::new(
            "rows that are no squares",
            array(&[1, 3], &[0.0; 3]),
            evaluate,
            &["rows of 3 values"],
        ),
        Row::new("NaN", pixels(f32::NAN), evaluate, &[IMAGES, "has NaN among its pixels"]),
        Row::new(
            "infinity",
            pixels(f32::INFINITY),
            evaluate,
            &[IMAGES, "has inf among its pixels"],
        ),
        Row::new("a pixel of 256", pixels(256.0), evaluate, &[IMAGES, "pixels from 0 to 256"]),
        Row::new("a pixel below 0", pixels(-3.0), evaluate, &[IMAGES, "pixels from -3 to 0"]),
        Row::new("pixels from 0 to 1", pixels(1.0), evaluate, &[IMAGES, "(255 * x)"]),
        Row::new("half a pixel", pixels(17.5), evaluate, &[IMAGES, "x.round()"]),
        Row::new(
            "one image to train on",
            array(&[1, 28, 28], &[9.0; 784]),
            &format!("{TRAIN} --data-dir {IMAGES}"),
            &[IMAGES, "one image only"],
        ),
        Row::new(
            "images to train on, none to measure on",
            |sandbox| {
                fs::create_dir(sandbox.path("mine")).unwrap();
                fs::rename(sandbox.path(IMAGES), sandbox.path("mine/train.npy")).unwrap();
            },
            &format!("{TRAIN} --data-dir mine"),
            &["mine/test: not there"],
        ),
        Row::new("no file", nothing, &format!("{EVALUATE} none.npy"), &["none.npy: no such file"]),
        Row::new(
            "latents of another model",
            latents(&[1, 3], &[0.0; 3]),
            decode,
            &["[count, 2] expected"],
        ),
        Row::new(
            "latents in a cube",
            latents(&[1, 1, 2], &[0.0; 2]),
            decode,
            &["has shape [1, 1, 2]"],
        ),
        Row::new("no latents", latents(&[0, 2], &[]), decode, &[LATENTS, "has no latents"]),
        Row::new("a latent of NaN", latents(&[1, 2], &[0.0, f32::NAN]), decode, &["has NaN among"]),
        Row::new("latents cut", cut(LATENTS, 130), decode, &[LATENTS, "2 bytes there"]),
    ]
}

/// A file with this header and no values.
fn says(header: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        fs::write(sandbox.path(IMAGES), bytes).unwrap();
    }
}

/// A file of this type, order and shape, and no values.
fn of(kind: &str, fortran: &str, shape: &str) -> impl Fn(&Sandbox) + use<> {
    says(format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}").leak())
}

fn array(shape: &[usize], values: &[f32]) -> impl Fn(&Sandbox) + use<> {
    write(IMAGES, npy::encode(shape, values))
}

fn latents(shape: &[usize], values: &[f32]) -> impl Fn(&Sandbox) + use<> {
    write(LATENTS, npy::encode(shape, values))
}

/// A black image but for one pixel.
fn pixels(odd: f32) -> impl Fn(&Sandbox) + use<> {
    let mut values = [0.0; 784];
    values[400] = odd;
    array(&[1, 28, 28], &values)
}
