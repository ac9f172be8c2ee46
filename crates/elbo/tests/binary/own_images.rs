//! Images of one's own, to measure on and to train on.

use std::{fs, path::Path};

use elbo_data::npy;

use crate::sandbox::{Outcome, SMALL, Sandbox};

/// Thirty images of 5×7, each pixel told from its place.
fn pixels() -> Vec<u8> {
    Sandbox::split(30, 5, 7).images.pixels
}

fn write_png(path: &Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 7, 5);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// The same images in every form, and a model that was trained on images of that size.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_set("digits", &Sandbox::split(131, 5, 7), &Sandbox::split(30, 5, 7));
    sandbox.train(&["--epochs", "1"]);
    fs::create_dir(sandbox.path("pngs")).unwrap();
    for (number, image) in pixels().chunks(35).enumerate() {
        write_png(&sandbox.path(format!("pngs/{number:02}.png")), image);
    }
    fs::write(sandbox.path("images.npy"), npy::encode_bytes(&[30, 5, 7], &pixels())).unwrap();
    let rows = pixels();
    let line = |row: &[u8]| row.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let text: Vec<String> = rows.chunks(35).map(line).collect();
    fs::write(sandbox.path("images.csv"), text.join("\n")).unwrap();
    sandbox
}

fn evaluate(sandbox: &Sandbox, images: &str) -> Outcome {
    sandbox.elbo(["evaluate", "--checkpoint", "runs/0001", "--json", "--images", images])
}

#[test]
fn the_same_images_come_to_the_same_figures_in_every_form() {
    let sandbox = sandbox();
    let expected = sandbox.elbo(["evaluate", "--checkpoint", "runs/0001", "--json"]).stdout;
    assert!(expected.contains("\"images\": 30"), "{expected}");
    for images in ["pngs", "images.npy", "images.csv", "digits/t10k-images-idx3-ubyte"] {
        let outcome = evaluate(&sandbox, images);
        assert_eq!(outcome.stdout, expected, "{images}: {}", outcome.stderr);
    }
}

#[test]
fn images_of_another_size_or_range_are_refused_with_what_was_expected() {
    let sandbox = sandbox();
    fs::write(sandbox.path("square.npy"), npy::encode_bytes(&[1, 6, 6], &[9; 36])).unwrap();
    evaluate(&sandbox, "square.npy")
        .is_refused_with(&["square.npy: images of 6×6, 5×7 expected", "-resize 7x5!"]);
    fs::write(sandbox.path("unit.npy"), npy::encode(&[1, 35], &[0.5; 35])).unwrap();
    evaluate(&sandbox, "unit.npy").is_refused_with(&[
        "unit.npy: pixels from 0.5 to 0.5",
        "0 (black) to 255 (white)",
        "255 * x",
    ]);
    sandbox.write_digits("mnist", 20, 10);
    let other = ["evaluate", "--checkpoint", "runs/0001", "--data-dir", "mnist"];
    sandbox.elbo(other).is_refused_with(&["images of 5×7", "28×28", "--data-dir"]);
}

#[test]
fn a_header_that_promises_more_than_its_file_has_is_refused() {
    let sandbox = sandbox();
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 5, 7), }";
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{text:<117}\n").as_bytes());
    fs::write(sandbox.path("huge.npy"), &bytes).unwrap();
    evaluate(&sandbox, "huge.npy")
        .is_refused_with(&["huge.npy: shape [99999999999, 5, 7]", "0 bytes"]);
}

#[test]
fn training_takes_them_too_and_says_the_models_size() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("both")).unwrap();
    fs::write(sandbox.path("both/train.npy"), npy::encode_bytes(&[30, 5, 7], &pixels())).unwrap();
    fs::rename(sandbox.path("pngs"), sandbox.path("both/test")).unwrap();
    for (path, line, warns) in [
        ("both", "VAE 35-16-3 on images 5×7: 30 train, 30 test (both)\n", false),
        ("images.npy", "VAE 35-16-3 on images 5×7: 27 train, 3 test (images.npy)\n", true),
    ] {
        let train = ["train", "--epochs", "1", "--batch-size", "16", "--data-dir", path];
        let outcome = sandbox.elbo(train.iter().chain(&SMALL[..4]));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(outcome.stdout.starts_with(line), "{}", outcome.stdout);
        assert_eq!(outcome.stderr.contains("every tenth image (3 of 30)"), warns);
    }
    let again = sandbox.elbo(["evaluate", "--checkpoint", "runs/0003", "--json"]);
    assert!(again.stdout.contains("\"images\": 3,"), "{}{}", again.stdout, again.stderr);

    // They have no labels: the page shows them all the same, and is written again from the same data.
    let page = sandbox.text("runs/0003/report.html");
    for part in ["Means (μ) of 3 test images, along", "class=\"dots c0\"", "\"image 2\""] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(sandbox.elbo(["report", "runs/0003"]).code, Some(0));
}
