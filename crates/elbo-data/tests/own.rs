//! Images of one's own: every form gives the same pixels, and what does not fit is said with a way out.

use std::{fs, path::Path};

use elbo_data::{Images, load, npy, read_own};
use tempfile::TempDir;

/// `count` images of 3×2 with every pixel told from its place.
fn pixels(count: usize) -> Vec<u8> {
    (0..count * 6).map(|place| (place * 37 % 256) as u8).collect()
}

fn png(path: &Path, width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, height);
    encoder.set_color(colour);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

fn csv(rows: &[u8], width: usize, head: &str) -> String {
    let lines =
        rows.chunks(width).map(|row| row.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
    format!("{head}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn refused(path: &Path, size: Option<(usize, usize)>, words: &[&str]) {
    let message = read_own(path, size).unwrap_err().to_string();
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    for word in words {
        assert!(message.contains(word), "{word} in {message}");
    }
}

#[test]
fn every_form_gives_the_same_images() {
    let folder = TempDir::new().unwrap();
    let pixels = pixels(3);
    let expected = Images { pixels: pixels.clone(), count: 3, rows: 3, columns: 2 };
    let at = |name: &str| folder.path().join(name);
    for (number, image) in pixels.chunks(6).enumerate() {
        png(&at(&format!("pngs/{number}.png")), 2, 3, png::ColorType::Grayscale, image);
        let colours: Vec<u8> = image.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect();
        png(&at(&format!("rgba/{number}.PNG")), 2, 3, png::ColorType::Rgba, &colours);
    }
    fs::write(at("flat.npy"), npy::encode_bytes(&[3, 6], &pixels)).unwrap();
    fs::write(at("cube.npy"), npy::encode_bytes(&[3, 1, 3, 2], &pixels)).unwrap();
    let floats: Vec<f32> = pixels.iter().map(|pixel| f32::from(*pixel)).collect();
    fs::write(at("floats.npy"), npy::encode(&[3, 3, 2], &floats)).unwrap();
    fs::write(at("plain.csv"), csv(&pixels, 6, "")).unwrap();
    elbo_data::idx::write_images(&mut fs::File::create(at("mine-ubyte")).unwrap(), &expected)
        .unwrap();
    for name in ["pngs", "rgba", "flat.npy", "cube.npy", "floats.npy", "plain.csv", "mine-ubyte"] {
        let set = read_own(&at(name), Some((3, 2))).unwrap();
        assert_eq!(set.images, expected, "{name}");
        assert_eq!(set.labels, None, "{name}");
    }
    assert_eq!(read_own(&at("pngs/1.png"), None).unwrap().images.pixels, pixels[6..12]);
    assert_eq!(read_own(&at("cube.npy"), None).unwrap().images, expected);
    refused(&at("flat.npy"), None, &["rows of 6 values are no squares", "[count, rows, columns]"]);
}

#[test]
fn labels_come_from_folders_and_columns() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, grey) in [("7", 10), ("3", 20)] {
        png(&at(&format!("numbers/{name}/a.png")), 1, 1, png::ColorType::Grayscale, &[grey]);
        png(&at(&format!("words/class{name}/a.png")), 1, 1, png::ColorType::Grayscale, &[grey]);
    }
    let set = read_own(&at("numbers"), None).unwrap();
    assert_eq!((set.images.pixels, set.labels), (vec![20, 10], Some(vec![3, 7])));
    assert_eq!(read_own(&at("words"), None).unwrap().labels, Some(vec![0, 1]));

    let rows = [9, 10, 20, 30, 40, 8, 50, 60, 70, 80];
    fs::write(at("named.csv"), "a,b,Label,c,d\n10,20,9,30,40\n50,60,8,70,80\n").unwrap();
    fs::write(at("first.csv"), csv(&rows, 5, "")).unwrap();
    for name in ["named.csv", "first.csv"] {
        let set = read_own(&at(name), None).unwrap();
        assert_eq!((set.images.rows, set.images.columns, set.images.count), (2, 2, 2), "{name}");
        assert_eq!(set.images.pixels, [10, 20, 30, 40, 50, 60, 70, 80], "{name}");
        assert_eq!(set.labels, Some(vec![9, 8]), "{name}");
    }
    fs::write(at("odd.csv"), "label,a\n0.5,10\n").unwrap();
    refused(&at("odd.csv"), None, &["the label 0.5"]);
}

#[test]
fn another_range_is_refused_with_its_conversion() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.npy");
    for (values, words) in [
        ([0.0, 0.5, 1.0, 0.25], ["pixels from 0 to 1,", "(255 * x).round()"]),
        ([0.0, 1.0, 1.0, 0.0], ["pixels from 0 to 1,", "(255 * x).round()"]),
        ([-1.0, 0.5, 1.0, 0.25], ["pixels from -1 to 1,", "(127.5 * (x + 1))"]),
        ([-3.0, 0.5, 700.0, 0.25], ["pixels from -3 to 700,", "x.max()"]),
        ([0.0, 0.5, 200.0, 0.25], ["0 (black) to 255 (white) expected", "`x.round()"]),
        ([0.0, f32::NAN, 200.0, 0.25], ["has NaN", "0 to 255"]),
    ] {
        fs::write(&path, npy::encode(&[1, 4], &values)).unwrap();
        refused(&path, None, &words);
    }
    fs::write(&path, npy::encode(&[1, 4], &[0.0; 4])).unwrap();
    assert_eq!(read_own(&path, None).unwrap().images.pixels, [0; 4]);
}

#[test]
fn another_size_is_refused_with_the_one_expected() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    png(&at("pngs/a.png"), 2, 3, png::ColorType::Grayscale, &[0; 6]);
    refused(&at("pngs"), Some((28, 28)), &["images of 3×2, 28×28 expected", "-resize 28x28!"]);
    png(&at("pngs/b.png"), 3, 2, png::ColorType::Grayscale, &[0; 6]);
    let message = read_own(&at("pngs"), None).unwrap_err().to_string();
    assert!(message.contains("b.png: 2×3 pixels, but 3×2 in "), "{message}");
    fs::write(at("x.csv"), "1,2,3\n").unwrap();
    refused(&at("x.csv"), Some((2, 2)), &["rows of 3 values, 4 expected for images of 2×2"]);
    fs::write(at("x.npy"), npy::encode(&[4], &[9.0; 4])).unwrap();
    refused(&at("x.npy"), None, &["shape [4]", "[count, rows, columns] expected"]);
    fs::write(at("none.npy"), npy::encode(&[0, 2, 2], &[])).unwrap();
    refused(&at("none.npy"), None, &["has no images"]);
}

#[test]
fn colour_transparency_and_other_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    png(&at("red.png"), 1, 1, png::ColorType::Rgb, &[255, 0, 0]);
    refused(&at("red.png"), None, &["in colour", "-colorspace Gray"]);
    png(&at("clear.png"), 1, 1, png::ColorType::GrayscaleAlpha, &[255, 0]);
    refused(&at("clear.png"), None, &["transparent", "-alpha remove"]);
    fs::write(at("cut.png"), &fs::read(at("red.png")).unwrap()[..40]).unwrap();
    refused(&at("cut.png"), None, &["cannot be read"]);
    fs::write(at("photo.jpg"), "").unwrap();
    refused(&at("photo.jpg"), None, &["end in .jpg are not read", "a folder of PNGs"]);
    for gone in ["gone.npy", "gone"] {
        refused(&at(gone), None, &["no such file or folder"]);
    }
    assert!(load(&at("gone.npy")).unwrap_err().to_string().contains("no such file or folder"));
    fs::create_dir(at("empty")).unwrap();
    refused(&at("empty"), None, &["holds no PNGs"]);
}

#[test]
fn a_set_without_a_test_part_keeps_every_tenth_image_for_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mine.npy");
    fs::write(&path, npy::encode_bytes(&[25, 3, 2], &pixels(25))).unwrap();
    let set = load(&path).unwrap();
    assert_eq!((set.train.images.count, set.test.images.count), (23, 2));
    assert_eq!(set.test.images.pixels[..6], pixels(25)[9 * 6..10 * 6]);
    assert_eq!(set.test.images.pixels[6..], pixels(25)[19 * 6..20 * 6]);
    assert!(set.warnings[0].contains("every tenth image (2 of 25)"), "{:?}", set.warnings);
    assert_eq!(set.name, "images 3×2");
    fs::write(&path, npy::encode_bytes(&[1, 3, 2], &pixels(1))).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("at least two"));
}

#[test]
fn train_and_test_may_lie_side_by_side() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("train.npy"), npy::encode_bytes(&[2, 2, 2], &[9; 8])).unwrap();
    assert!(load(folder.path()).unwrap_err().to_string().contains("test: not there"));
    fs::write(at("test.csv"), "1,2,3,40\n").unwrap();
    let set = load(folder.path()).unwrap();
    assert_eq!((set.train.images.count, set.test.images.pixels), (2, vec![1, 2, 3, 40]));
    fs::write(at("test.csv"), "1,2,3,40,50\n").unwrap();
    assert_eq!(load(folder.path()).unwrap().test.labels, [1]);
    fs::write(at("test.csv"), "1,2,3,40,50,60\n").unwrap();
    assert!(load(folder.path()).unwrap_err().to_string().contains("4 expected for images of 2×2"));
}
