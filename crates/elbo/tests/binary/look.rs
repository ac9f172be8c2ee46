//! Pictures of a trained model, compared pixel by pixel with what `decode` gives.

use std::fs;

use elbo::pictures::grey;
use elbo_data::npy;

use crate::{sandbox::Sandbox, train::picture};

fn trained() -> Sandbox {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "2"]);
    sandbox
}

/// Runs a command on the run, and expects that to work.
#[track_caller]
fn draw(sandbox: &Sandbox, arguments: &[&str]) {
    let (name, rest) = arguments.split_first().unwrap();
    let outcome = sandbox.elbo([&[*name, "--checkpoint", "runs/0001"], rest].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

/// The images of latents as grey values, by way of `decode`.
fn decoded(sandbox: &Sandbox, latents: &[[f32; 3]]) -> Vec<Vec<u8>> {
    let bytes = npy::encode(&[latents.len(), 3], latents.as_flattened());
    fs::write(sandbox.path("latents.npy"), bytes).unwrap();
    draw(sandbox, &["decode", "--latents", "latents.npy", "--out", "decoded.npy"]);
    let images = npy::read(&sandbox.path("decoded.npy")).unwrap();
    assert_eq!(images.shape, [latents.len(), 28, 28]);
    images.values.chunks(784).map(|image| image.iter().map(|x| grey(*x)).collect()).collect()
}

/// The image in a column and row of a grid of 28×28 images with 2 pixels around them.
fn tile(grid: &(u32, u32, Vec<u8>), column: usize, row: usize) -> Vec<u8> {
    let width = grid.0 as usize;
    let line = |y: usize| (row * 30 + 2 + y) * width + column * 30 + 2;
    (0..28).flat_map(|y| grid.2[line(y)..line(y) + 28].to_vec()).collect()
}

/// μ of the test images.
fn means(sandbox: &Sandbox) -> Vec<[f32; 3]> {
    draw(sandbox, &["encode", "--out", "z.npy"]);
    let array = npy::read(&sandbox.path("z.npy")).unwrap();
    assert_eq!(array.shape, [50, 3]);
    array.values.as_chunks().0.to_vec()
}

#[test]
fn reconstructions_lie_below_their_originals() {
    let sandbox = trained();
    let means = means(&sandbox);
    draw(&sandbox, &["reconstruct", "--count", "11"]);
    let grid = picture(&sandbox, "reconstruct.png");
    // Eight and three, each over its reconstructions.
    assert_eq!((grid.0, grid.1), (8 * 30 + 2, 4 * 30 + 2));
    let images = elbo_data::synthetic_sized(3, 150, 50).test.images;
    let reconstructions = decoded(&sandbox, &means);
    for (number, reconstruction) in reconstructions.iter().enumerate().take(11) {
        let (column, row) = (number % 8, 2 * (number / 8));
        assert_eq!(tile(&grid, column, row), images.get(number).unwrap(), "{number}");
        assert_eq!(tile(&grid, column, row + 1), *reconstruction, "{number}");
    }
    assert!(tile(&grid, 3, 3).iter().all(|grey| *grey == 0));
}

#[test]
fn samples_are_the_runs_own_unless_another_seed_is_given() {
    let sandbox = trained();
    draw(&sandbox, &["sample"]);
    assert!(sandbox.bytes("sample.png") == sandbox.bytes("runs/0001/samples.png"));
    draw(&sandbox, &["sample", "--seed", "7", "--count", "9", "--out", "seven.png"]);
    draw(&sandbox, &["sample", "--seed", "7", "--count", "9", "--threads", "1"]);
    assert!(sandbox.bytes("sample.png") == sandbox.bytes("seven.png"));
    let grid = picture(&sandbox, "seven.png");
    assert_eq!((grid.0, grid.1), (8 * 30 + 2, 2 * 30 + 2));
    assert!(tile(&grid, 0, 0) != tile(&picture(&sandbox, "runs/0001/samples.png"), 0, 0));
}

#[test]
fn an_interpolation_goes_straight_from_one_latent_to_the_other() {
    let sandbox = trained();
    let means = means(&sandbox);
    draw(&sandbox, &["interpolate", "--from", "4", "--to", "9", "--steps", "3"]);
    let grid = picture(&sandbox, "interpolate.png");
    assert_eq!((grid.0, grid.1), (3 * 30 + 2, 32));
    let (from, to) = (means[4], means[9]);
    let middle = [0, 1, 2].map(|unit| 0.5 * from[unit] + 0.5 * to[unit]);
    for (column, image) in decoded(&sandbox, &[from, middle, to]).iter().enumerate() {
        assert_eq!(tile(&grid, column, 0), *image, "{column}");
    }
    draw(&sandbox, &["interpolate", "--seeds", "42,8", "--steps", "2"]);
    let grid = picture(&sandbox, "interpolate.png");
    assert_eq!(tile(&grid, 0, 0), tile(&picture(&sandbox, "runs/0001/samples.png"), 0, 0));
    sandbox
        .elbo(["interpolate", "--checkpoint", "runs/0001", "--to", "50"])
        .is_refused_with(&["--to: 50 is none of the 50 images"]);
}

#[test]
fn a_traversal_has_a_row_a_dimension_from_minus_three_to_three() {
    let sandbox = trained();
    draw(&sandbox, &["traverse"]);
    let grid = picture(&sandbox, "traverse.png");
    assert_eq!((grid.0, grid.1), (11 * 30 + 2, 3 * 30 + 2));
    let latents = [[-3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, -3.0]];
    let places = [(0, 0), (5, 1), (10, 1), (0, 2)];
    for ((column, row), image) in places.into_iter().zip(decoded(&sandbox, &latents)) {
        assert_eq!(tile(&grid, column, row), image, "{column} {row}");
    }
    let mean = means(&sandbox)[2];
    draw(&sandbox, &["traverse", "--image", "2", "--steps", "2", "--reach", "1.5"]);
    let image = decoded(&sandbox, &[[mean[0], 1.5, mean[2]]]).remove(0);
    assert_eq!(tile(&picture(&sandbox, "traverse.png"), 1, 1), image);
}

#[test]
fn a_manifold_is_a_grid_over_the_priors_quantiles() {
    let sandbox = trained();
    draw(&sandbox, &["manifold", "--dims", "2,0", "--steps", "3"]);
    let grid = picture(&sandbox, "manifold.png");
    assert_eq!((grid.0, grid.1), (3 * 30 + 2, 3 * 30 + 2));
    // A sixth of a normal distribution lies below -0.967422.
    let edge = 0.967_421_6;
    let latents = [[0.0, 0.0, 0.0], [edge, 0.0, -edge], [-edge, 0.0, edge]];
    for ((column, row), image) in
        [(1, 1), (0, 0), (2, 2)].into_iter().zip(decoded(&sandbox, &latents))
    {
        let pairs = tile(&grid, column, row).into_iter().zip(image);
        assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(b) <= 1), "{column} {row}");
    }
    for dims in ["0,3", "1,1"] {
        let manifold = ["manifold", "--checkpoint", "runs/0001", "--dims", dims];
        sandbox.elbo(manifold).is_refused_with(&["--dims: ", "give two from 0 to 2"]);
    }
}

#[test]
fn a_scatter_plot_has_a_point_an_image_in_svg_and_png() {
    let sandbox = trained();
    draw(&sandbox, &["scatter"]);
    let text = sandbox.text("scatter.svg");
    // Fifty images, ten digits in the legend.
    assert_eq!(text.matches("<circle").count(), 60);
    assert!(text.contains("first principal component"));
    draw(&sandbox, &["scatter", "--dims", "1,2", "--out", "z.svg"]);
    assert!(sandbox.text("z.svg").contains("μ of dimension 2"));
    draw(&sandbox, &["scatter", "--out", "scatter.png"]);
    let file = std::io::BufReader::new(fs::File::open(sandbox.path("scatter.png")).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (900, 760, png::ColorType::Rgb));
    let colourful = pixels.as_chunks::<3>().0.iter().filter(|p| p[0].abs_diff(p[2]) > 60).count();
    assert!(colourful > 10 * 50, "{colourful}");
}

#[test]
fn pictures_that_cannot_be_are_refused_before_anything_is_written() {
    let sandbox = trained();
    for (arguments, words) in [
        (["sample", "--count", "0"], "--count: 0 images"),
        (["sample", "--count", "99999999999"], "--count: 99999999999 images are more"),
        (["manifold", "--steps", "99999999999"], "--steps: "),
        (["traverse", "--steps", "0"], "--steps: 0 images"),
        (["sample", "--out", "x.jpg"], "x.jpg: its name says no format; let it end in .png"),
        (["scatter", "--out", "x"], "let it end in .svg or .png"),
    ] {
        let [name, flag, value] = arguments;
        let outcome = sandbox.elbo([name, "--checkpoint", "runs/0001", flag, value]);
        outcome.is_refused_with(&[words]);
    }
    assert!(!sandbox.path("sample.png").exists());
}
