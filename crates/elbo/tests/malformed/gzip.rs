//! Compressed IDX files: the stream, what it claims, and what it holds.

use std::fs;

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{EVALUATE, TRAIN, cut, edit, gzip, write},
};

const PLAIN: &str = "digits/train-images-idx3-ubyte";
const FILE: &str = "digits/train-images-idx3-ubyte.gz";
/// Three images.
const IMAGES: &str = "images.gz";

pub(crate) fn rows() -> Vec<Row> {
    let train = &format!("{TRAIN} --data-dir digits");
    let evaluate = &format!("{EVALUATE} {IMAGES}");
    vec![
        Row::new("two bytes", cut(IMAGES, 2), evaluate, &[IMAGES, "; fetch"]),
        Row::new("cut within its header", cut(IMAGES, 9), evaluate, &[IMAGES, "; fetch"]),
        Row::new("a header alone", cut(IMAGES, 10), evaluate, &[IMAGES, "; fetch"]),
        Row::new("cut within the images", cut(IMAGES, 300), evaluate, &[IMAGES, "cut short"]),
        Row::new(
            "cut before its checksum",
            edit(IMAGES, |bytes| bytes.truncate(bytes.len() - 8)),
            evaluate,
            &[IMAGES, "the gzip data are damaged"],
        ),
        Row::new(
            "cut within its checksum",
            edit(IMAGES, |bytes| bytes.truncate(bytes.len() - 1)),
            evaluate,
            &[IMAGES, "the gzip data are damaged"],
        ),
        Row::new("a wrong checksum", flip(8), evaluate, &[IMAGES, "the gzip data are damaged"]),
        Row::new("a wrong length", flip(4), evaluate, &[IMAGES, "the gzip data are damaged"]),
        Row::new("a damaged stream", flip(200), evaluate, &[IMAGES]),
        Row::new(
            "another method",
            edit(IMAGES, |bytes| bytes[2] = 7),
            evaluate,
            &[IMAGES, "the gzip data are damaged"],
        ),
        Row::new(
            "nothing in it",
            |sandbox| fs::write(sandbox.path(IMAGES), gzip(b"")).unwrap(),
            evaluate,
            &[IMAGES, "the file is empty"],
        ),
        Row::new(
            "text in it",
            |sandbox| fs::write(sandbox.path(IMAGES), gzip(b"5,0,4,1\n")).unwrap(),
            evaluate,
            &[IMAGES, "begins with 0x352c302c"],
        ),
        Row::new(
            "compressed twice",
            edit(IMAGES, |bytes| *bytes = gzip(bytes)),
            evaluate,
            &[IMAGES, "begins with 0x1f8b"],
        ),
        Row::new(
            "a byte too much in it",
            content(|plain| plain.push(0)),
            train,
            &[FILE, "50,192 bytes announced, more follow"],
        ),
        Row::new(
            "a byte too few in it",
            content(|plain| plain.truncate(plain.len() - 1)),
            train,
            &[FILE, "50,192 bytes announced, 50,191 there"],
        ),
        Row::new(
            "a second stream behind it",
            edit(IMAGES, |bytes| bytes.extend(gzip(b"more"))),
            evaluate,
            &[IMAGES, "more follow"],
        ),
        Row::new(
            "rubbish behind it",
            edit(IMAGES, |bytes| bytes.extend(b"rubbish")),
            evaluate,
            &[IMAGES, "the gzip data are damaged"],
        ),
        Row::new(
            "three terabytes announced",
            content(|plain| plain[4..8].fill(0xff)),
            train,
            &[FILE, "3,367,254,359,296 bytes announced, more than the 2,147,483,648"],
        ),
        Row::new(
            "2⁹⁶ bytes announced",
            content(|plain| plain[4..16].fill(0xff)),
            train,
            &[FILE, "bytes announced, more than"],
        ),
        Row::new(
            "a bomb behind what is announced",
            |sandbox| {
                let mut bytes = gzip(&sandbox.bytes(PLAIN));
                bytes.extend(zeros(8 << 30));
                replace(sandbox, bytes);
            },
            train,
            &[FILE, "50,192 bytes announced, more follow"],
        ),
        Row::new(
            "a bomb of two gigabytes, as announced",
            |sandbox| {
                // 2 GiB less 16 bytes, an image of 4 bytes each.
                let mut start = sandbox.bytes(PLAIN);
                start.truncate(4);
                start.extend([(1_u32 << 29) - 4, 2, 2].map(u32::to_be_bytes).concat());
                let mut bytes = gzip(&start);
                bytes.extend(zeros(2 << 30));
                replace(sandbox, bytes);
            },
            train,
            &[FILE, "more than there is memory for"],
        ),
        Row::new(
            "a plain file cut, a whole one beside it",
            beside,
            train,
            &[PLAIN, "9 bytes there"],
        ),
        Row::new("empty", write(IMAGES, ""), evaluate, &[IMAGES, "the file is empty"]),
    ]
}

/// Changes a byte, counted from the end.
fn flip(from_end: usize) -> impl Fn(&Sandbox) {
    edit(IMAGES, move |bytes| {
        let at = bytes.len() - from_end;
        bytes[at] ^= 0x55;
    })
}

/// Changes the training images and compresses them.
fn content(change: impl Fn(&mut Vec<u8>) + 'static) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let mut plain = sandbox.bytes(PLAIN);
        change(&mut plain);
        replace(sandbox, gzip(&plain));
    }
}

/// Takes the plain training images away for these.
fn replace(sandbox: &Sandbox, compressed: Vec<u8>) {
    fs::remove_file(sandbox.path(PLAIN)).unwrap();
    fs::write(sandbox.path(FILE), compressed).unwrap();
}

fn beside(sandbox: &Sandbox) {
    fs::write(sandbox.path(FILE), gzip(&sandbox.bytes(PLAIN))).unwrap();
    cut(PLAIN, 9)(sandbox);
}

/// So many zeros as gzip, which are a thousandth of it: streams of 16 MiB one after the other.
fn zeros(count: usize) -> Vec<u8> {
    const PART: usize = 16 << 20;
    gzip(&vec![0; PART]).repeat(count / PART)
}
