//! PNGs: one, and folders of them.

use std::fs;

use png::ColorType;

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{EVALUATE, TRAIN, cut, edit, lengthen, nothing, png, write},
};

const PICTURE: &str = "pngs/1.png";
/// Where the sizes stand, and where their checksum.
const SIZES: usize = 16;
const CHECKSUM: usize = 29;

pub(crate) fn rows() -> Vec<Row> {
    let evaluate = &format!("{EVALUATE} pngs");
    let train = &format!("{TRAIN} --data-dir pngs");
    vec![
        Row::new("empty", write(PICTURE, ""), evaluate, &[PICTURE, "cannot be read"]),
        Row::new("text", write(PICTURE, "not a picture"), evaluate, &[PICTURE, "cannot be read"]),
        Row::new(
            "cut within the signature",
            cut(PICTURE, 5),
            evaluate,
            &[PICTURE, "save it again"],
        ),
        Row::new("cut within the sizes", cut(PICTURE, 20), evaluate, &[PICTURE, "save it again"]),
        Row::new("a header alone", cut(PICTURE, 33), evaluate, &[PICTURE, "save it again"]),
        Row::new("cut within the pixels", cut(PICTURE, 70), evaluate, &[PICTURE, "save it again"]),
        Row::new("lines for breaks", breaks, evaluate, &[PICTURE, "cannot be read"]),
        Row::new(
            "a wrong checksum",
            edit(PICTURE, |bytes| bytes[CHECKSUM] ^= 1),
            evaluate,
            &[PICTURE, "cannot be read"],
        ),
        Row::new("damaged pixels", edit(PICTURE, |b| b[50] ^= 0x55), evaluate, &[PICTURE, "read"]),
        Row::new("no columns", sizes(0, 28), evaluate, &[PICTURE, "cannot be read"]),
        Row::new(
            "2⁶² pixels announced",
            sizes(0x7fff_ffff, 0x7fff_ffff),
            evaluate,
            &[PICTURE, "; s"],
        ),
        Row::new("2³² columns announced", sizes(u32::MAX, 1), evaluate, &[PICTURE, "; s"]),
        Row::new(
            "25 million pixels announced",
            sizes(5_000, 5_000),
            evaluate,
            &[PICTURE, "5000×5000 pixels, at most 16777216 are read"],
        ),
        Row::new("16 million pixels announced", sizes(4_096, 4_096), evaluate, &[PICTURE, "read"]),
        Row::new(
            "a bomb",
            |sandbox| {
                let pixels = vec![0; 4_096 * 4_096];
                let bytes = png(4_096, 4_096, ColorType::Grayscale, &pixels);
                fs::write(sandbox.path(PICTURE), bytes).unwrap();
            },
            evaluate,
            &[PICTURE, "4096×4096 pixels, but 28×28 in pngs/0.png"],
        ),
        Row::new(
            "bombs, one after the other",
            |sandbox| {
                let bytes = png(4_096, 4_096, ColorType::Grayscale, &vec![0; 4_096 * 4_096]);
                for number in 0..20 {
                    fs::write(sandbox.path(format!("pngs/{number}.png")), &bytes).unwrap();
                }
            },
            evaluate,
            &["pngs/", "more than there is memory for"],
        ),
        Row::new(
            "in colour",
            |sandbox| {
                let bytes = png(28, 28, ColorType::Rgb, &[200, 100, 0].repeat(784));
                fs::write(sandbox.path(PICTURE), bytes).unwrap();
            },
            evaluate,
            &[PICTURE, "is in colour, grey expected"],
        ),
        Row::new(
            "transparent",
            |sandbox| {
                let bytes = png(28, 28, ColorType::GrayscaleAlpha, &[200, 100].repeat(784));
                fs::write(sandbox.path(PICTURE), bytes).unwrap();
            },
            evaluate,
            &[PICTURE, "is transparent, grey expected"],
        ),
        Row::new(
            "colours without a palette",
            header_says(25, 3),
            evaluate,
            &[PICTURE, "cannot be read"],
        ),
        Row::new("three bits a pixel", header_says(24, 3), evaluate, &[PICTURE, "cannot be read"]),
        Row::new("of another size", other_size, evaluate, &[PICTURE, "2×3 pixels, but 28×28"]),
        Row::new("of another size, to train on", other_size, train, &[PICTURE, "scale all"]),
        Row::new(
            "a folder without pictures",
            |sandbox| fs::create_dir(sandbox.path("none")).unwrap(),
            &format!("{EVALUATE} none"),
            &["none: holds no PNGs"],
        ),
        Row::new(
            "pictures beside folders of pictures",
            |sandbox| {
                fs::create_dir(sandbox.path("pngs/more")).unwrap();
                fs::copy(sandbox.path(PICTURE), sandbox.path("pngs/more/9.png")).unwrap();
            },
            evaluate,
            &["pngs: holds PNGs and folders of PNGs"],
        ),
        Row::new(
            "257 classes",
            |sandbox| {
                for class in 0..257 {
                    fs::create_dir_all(sandbox.path(format!("classes/{class}"))).unwrap();
                    let to = sandbox.path(format!("classes/{class}/0.png"));
                    fs::copy(sandbox.path(PICTURE), to).unwrap();
                }
            },
            &format!("{EVALUATE} classes"),
            &["classes: holds 257 folders", "at most 256 classes"],
        ),
        Row::new(
            "a hole of a terabyte",
            |sandbox| lengthen(&sandbox.path(PICTURE), 1 << 40),
            evaluate,
            &[PICTURE, "more than there is memory for"],
        ),
        Row::new("no file", nothing, &format!("{EVALUATE} none.png"), &["none.png: no such file"]),
        Row::new(
            "another kind of picture",
            write("one.jpg", b"\xff\xd8\xff"),
            &format!("{EVALUATE} one.jpg"),
            &["one.jpg: files that end in .jpg are not read"],
        ),
    ]
}

/// What becomes of a picture that was sent as text.
fn breaks(sandbox: &Sandbox) {
    let carriage_return = 4;
    edit(PICTURE, move |bytes| {
        bytes.remove(carriage_return);
    })(sandbox);
}

fn other_size(sandbox: &Sandbox) {
    let bytes = png(3, 2, ColorType::Grayscale, &[0; 6]);
    fs::write(sandbox.path(PICTURE), bytes).unwrap();
}

/// Announces other sizes, with the checksum that belongs to them.
fn sizes(width: u32, height: u32) -> impl Fn(&Sandbox) {
    edit(PICTURE, move |bytes| {
        bytes[SIZES..SIZES + 8].copy_from_slice(&[width, height].map(u32::to_be_bytes).concat());
        check_again(bytes);
    })
}

/// Puts a byte into the header, with the checksum that belongs to it.
fn header_says(at: usize, byte: u8) -> impl Fn(&Sandbox) {
    edit(PICTURE, move |bytes| {
        bytes[at] = byte;
        check_again(bytes);
    })
}

/// The header's checksum is of its name and content.
fn check_again(bytes: &mut [u8]) {
    let mut checksum = flate2::Crc::new();
    checksum.update(&bytes[SIZES - 4..CHECKSUM]);
    bytes[CHECKSUM..CHECKSUM + 4].copy_from_slice(&checksum.sum().to_be_bytes());
}
