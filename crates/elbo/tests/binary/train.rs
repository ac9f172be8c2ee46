//! A training from arguments to files.

use std::{fs, io::BufReader};

use crate::sandbox::Sandbox;

const COLUMNS: &str = "epoch,step,train_loss,train_reconstruction,train_kl,last_batch_loss,\
                       test_loss,test_reconstruction,test_kl,seconds";

/// Width, height and grey values of a PNG.
pub(crate) fn picture(sandbox: &Sandbox, inside: &str) -> (u32, u32, Vec<u8>) {
    let file = BufReader::new(fs::File::open(sandbox.path(inside)).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(
        (info.color_type, info.bit_depth),
        (png::ColorType::Grayscale, png::BitDepth::Eight)
    );
    (info.width, info.height, pixels)
}

#[test]
fn two_epochs_leave_every_file_and_say_so() {
    let sandbox = Sandbox::with_digits(352, 50);
    let arguments = ["--epochs", "2", "--log-every", "1", "--image-every", "2", "--device", "cpu"];
    let outcome = sandbox.train(&arguments);

    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "VAE 784-16-3 on images 28×28: 352 train, 50 test (digits)");
    assert!(lines[1].ends_with("· seed 42 · runs/0001"), "{}", lines[1]);
    let mean = lines[2].strip_prefix("mean of the first image, untrained: ").unwrap();
    assert_eq!(mean.split(' ').filter_map(|value| value.parse::<f32>().ok()).count(), 3);
    assert!(lines[3].starts_with("epoch 1/2   train "), "{}", lines[3]);
    assert!(lines[4].starts_with("epoch: 1, Loss: "), "{}", lines[4]);
    assert!(lines[5].starts_with("epoch 2/2   train "), "{}", lines[5]);
    assert_eq!(lines[7].trim(), "vae_img/image_2.png   checkpoints/epoch-0002.safetensors");
    let command = "go on:   elbo train --resume runs/0001 --epochs 4 --data-dir digits";
    assert_eq!(lines.last(), Some(&command));
    assert!(outcome.stdout.contains("\nlosses:  runs/0001/loss.svg, runs/0001/metrics.csv\n"));
    assert_eq!(outcome.stderr, "", "no bar and no warning where there is no terminal");

    for file in ["config.toml", "loss.svg", "samples.png", "checkpoints/last.safetensors"] {
        assert!(!sandbox.bytes(&format!("runs/0001/{file}")).is_empty());
    }
    let [last, kept] = ["last", "epoch-0002"]
        .map(|name| sandbox.bytes(&format!("runs/0001/checkpoints/{name}.safetensors")));
    assert!(last == kept);
    assert!(!sandbox.path("runs/0001/checkpoints/epoch-0001.safetensors").exists());
}

#[test]
fn metrics_have_a_row_an_epoch_that_agrees_with_the_lines() {
    let sandbox = Sandbox::with_digits(352, 50);
    let outcome = sandbox.train(&["--epochs", "2", "--log-every", "1"]);
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let mut rows = metrics.lines();
    assert_eq!(rows.next(), Some(COLUMNS));
    let rows: Vec<Vec<f64>> =
        rows.map(|row| row.split(',').map(|value| value.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 2);
    for (row, number) in rows.iter().zip([1.0, 2.0]) {
        assert_eq!((row[0], row[1]), (number, 3.0 * number));
        assert_eq!(row[2], row[3] + row[4]);
        assert_eq!(row[6], row[7] + row[8]);
        let line = format!("epoch: {number}, Loss: {:.4}\n", row[5]);
        assert!(outcome.stdout.contains(&line), "{line}");
    }
    assert!(rows[1][2] < rows[0][2], "{metrics}");
}

#[test]
fn the_last_batch_of_96_digits_makes_the_classic_scripts_picture() {
    let sandbox = Sandbox::with_digits(352, 50);
    sandbox.train(&["--epochs", "1", "--image-every", "1"]);
    let (width, height, pixels) = picture(&sandbox, "runs/0001/vae_img/image_1.png");
    assert_eq!((width, height), (242, 362));
    // The padding is black, a reconstruction after one epoch mid-grey.
    assert!(pixels[..2 * 242].iter().all(|&grey| grey == 0));
    let image: Vec<u8> = (2..30).flat_map(|row| pixels[row * 242 + 2..][..28].to_vec()).collect();
    assert!(image.iter().all(|&grey| grey > 0), "{image:?}");

    // 64 samples: eight rows of eight.
    let (width, height, _) = picture(&sandbox, "runs/0001/samples.png");
    assert_eq!((width, height), (242, 242));
}

#[test]
fn images_of_any_size_are_drawn_in_their_own_size() {
    let sandbox = Sandbox::new();
    sandbox.write_set("digits", &Sandbox::split(131, 5, 7), &Sandbox::split(20, 5, 7));
    let outcome = sandbox.train(&["--epochs", "1", "--image-every", "1"]);
    assert!(outcome.stdout.starts_with("VAE 35-16-3 on images 5×7: 131 train, 20 test"));
    // Three images are left for the last batch.
    let (width, height, _) = picture(&sandbox, "runs/0001/vae_img/image_1.png");
    assert_eq!((width, height), (3 * 9 + 2, 7 + 2));
}

#[test]
fn the_settings_in_effect_are_written_under_the_flags_names() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--lr", "0.002", "--out", "mine", "--threads", "1"]);
    let config: toml::Table = sandbox.text("mine/config.toml").parse().unwrap();
    for (name, value) in
        [("epochs", 1), ("batch-size", 128), ("latent", 3), ("hidden", 16), ("seed", 42)]
    {
        assert_eq!(config[name].as_integer(), Some(value), "{name}");
    }
    assert_eq!(config["lr"].as_float(), Some(0.002));
    assert_eq!(config["data-dir"].as_str(), Some("digits"));
    assert_eq!(config["data"]["train-images"].as_integer(), Some(150));
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let sandbox = Sandbox::with_digits(352, 50);
    let run = |more: &[&str]| {
        let numbered = fs::read_dir(sandbox.path("runs")).map_or(0, Iterator::count) + 1;
        sandbox.train(&[&["--epochs", "1"], more].concat());
        sandbox.bytes(&format!("runs/{numbered:04}/checkpoints/last.safetensors"))
    };
    let one = run(&["--threads", "1"]);
    assert!(one == run(&["--threads", "2"]), "one and two threads differ");
    assert!(one != run(&["--seed", "43"]), "another seed makes no difference");
}

#[test]
fn a_run_is_never_overwritten() {
    let sandbox = Sandbox::with_digits(150, 50);
    for number in 1..=2 {
        let outcome = sandbox.train(&["--epochs", "1"]);
        assert!(outcome.stdout.contains(&format!("runs/000{number}/samples.png")));
    }
    let outcome = sandbox.elbo(["train", "--data-dir", "digits", "--out", "runs/0002"]);
    outcome.is_refused_with(&["runs/0002: holds a run already", "--resume"]);
}
