//! `.csv` files: of images, and of latents.

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{DECODE, EVALUATE, TRAIN, edit, lengthen, nothing, write},
};

const IMAGES: &str = "images.csv";
const LATENTS: &str = "z.csv";

pub(crate) fn rows() -> Vec<Row> {
    let evaluate = &format!("{EVALUATE} {IMAGES}");
    let decode = &format!("{DECODE} {LATENTS}");
    let train = &format!("{TRAIN} --data-dir {IMAGES}");
    vec![
        Row::new("empty", write(IMAGES, ""), evaluate, &[IMAGES, "no rows of numbers"]),
        Row::new("blank lines", write(IMAGES, "\n\r\n \n"), evaluate, &[IMAGES, "; "]),
        Row::new("names alone", write(IMAGES, "label,a,b\n"), evaluate, &[IMAGES, "no rows"]),
        Row::new(
            "cut within a row",
            edit(IMAGES, |bytes| bytes.truncate(bytes.len() / 2)),
            evaluate,
            &[IMAGES, "columns"],
        ),
        Row::new(
            "a longer row",
            write(IMAGES, "1,2\n1,2,3\n"),
            evaluate,
            &[":", "line 2 has 3 columns"],
        ),
        Row::new("a word", write(IMAGES, "1,2\n3,four\n"), evaluate, &["line 2 has `four`"]),
        Row::new("no value", write(IMAGES, "1,2\n3,\n"), evaluate, &["line 2 has ``"]),
        Row::new("no text", write(IMAGES, b"1,2\n\xff\xfe,3\n"), evaluate, &[IMAGES, "UTF-8"]),
        Row::new("UTF-16", write(IMAGES, b"\xff\xfe1\0,\x002\0\n\0"), evaluate, &[IMAGES, "UTF-8"]),
        Row::new("bytes of zero", write(IMAGES, [0; 4096]), evaluate, &[IMAGES, "no rows"]),
        Row::new("a quote without end", write(IMAGES, "1,2\n3,\"4\n5,6\n"), evaluate, &["line 2"]),
        Row::new("NaN", image("nan"), evaluate, &[IMAGES, "has NaN among its pixels"]),
        Row::new("infinity", image("-inf"), evaluate, &[IMAGES, "has -inf among its pixels"]),
        Row::new(
            "beyond any float",
            image("1e999"),
            evaluate,
            &[IMAGES, "has inf among its pixels"],
        ),
        Row::new("a pixel of 256", image("256"), evaluate, &[IMAGES, "pixels from 0 to 256"]),
        Row::new("a pixel below 0", image("-1"), evaluate, &[IMAGES, "pixels from -1 to 0"]),
        Row::new("half a pixel", image("7.5"), evaluate, &[IMAGES, "x.round()"]),
        Row::new("a label of 256", labelled("256"), evaluate, &[IMAGES, "has the label 256"]),
        Row::new("a label below 0", labelled("-1"), evaluate, &[IMAGES, "has the label -1"]),
        Row::new("half a label", labelled("1.5"), evaluate, &[IMAGES, "has the label 1.5"]),
        Row::new("a label of NaN", labelled("nan"), evaluate, &[IMAGES, "has the label NaN"]),
        Row::new("labels alone", write(IMAGES, "label\n1\n2\n"), evaluate, &[IMAGES, "rows of 0"]),
        Row::new("labels alone, to train on", write(IMAGES, "label\n1\n"), train, &["rows of 0"]),
        Row::new("images of another size", write(IMAGES, "1,2,3,4\n"), evaluate, &["784 expected"]),
        Row::new(
            "rows that are no squares",
            write(IMAGES, "1,2,3\n"),
            train,
            &["rows of 3 values"],
        ),
        Row::new("one image to train on", image("9"), train, &[IMAGES, "one image only"]),
        Row::new("no file", nothing, &format!("{EVALUATE} none.csv"), &["none.csv: no such file"]),
        Row::new(
            "a hole of a terabyte",
            |sandbox| lengthen(&sandbox.path(IMAGES), 1 << 40),
            evaluate,
            &[IMAGES, "more than there is memory for"],
        ),
        Row::new(
            "latents of another model",
            write(LATENTS, "1,2,3\n"),
            decode,
            &["3 columns", "2 expected"],
        ),
        Row::new(
            "latents without μ",
            write(LATENTS, "a,mu_0\n1,2\n"),
            decode,
            &["1 columns of latents"],
        ),
        Row::new(
            "a latent of NaN",
            write(LATENTS, "1,nan\n"),
            decode,
            &["has NaN among its latents"],
        ),
        Row::new("an infinite latent", write(LATENTS, "1,1e40\n"), decode, &["has inf among"]),
    ]
}

/// An image with one odd pixel.
fn image(odd: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let row = format!("{odd}{}\n", ",0".repeat(783));
        std::fs::write(sandbox.path(IMAGES), row).unwrap();
    }
}

/// A black image with a label before it.
fn labelled(label: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let row = format!("{label}{}\n", ",0".repeat(784));
        std::fs::write(sandbox.path(IMAGES), row).unwrap();
    }
}
