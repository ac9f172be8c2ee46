//! What the drawn digits promise: always the same, balanced, varied, and digits.

mod nearest_mean;

use std::path::Path;

use elbo_data::checksum::Checksum;
use elbo_data::{Origin, load, synthetic_sized};

/// Only operations that IEEE 754 rounds alike everywhere are used, so this holds on any machine. It
/// changes when the drawing does, and with it all results that were got from drawn digits.
#[test]
fn a_seed_gives_the_same_pixels_on_every_machine() {
    let set = synthetic_sized(42, 200, 100);
    let checksum = Checksum::of(&[
        &set.train.images.pixels,
        &set.train.labels,
        &set.test.images.pixels,
        &set.test.labels,
    ]);
    let known = "2c8f66de693beb2d17a5d7de6b9c65db5a7805d21c903dd2f285129df81c1a1e";
    assert_eq!(checksum.to_string(), known);
}

#[test]
fn a_smaller_set_is_the_beginning_of_a_larger_one() {
    let (small, large) = (synthetic_sized(3, 30, 10), synthetic_sized(3, 77, 20));
    assert!(large.train.images.pixels.starts_with(&small.train.images.pixels));
    assert!(large.test.images.pixels.starts_with(&small.test.images.pixels));
    assert!(large.train.labels.starts_with(&small.train.labels));
}

#[test]
fn seeds_and_splits_differ() {
    let (a, b) = (synthetic_sized(1, 50, 50), synthetic_sized(2, 50, 50));
    assert_ne!(a.train.images, b.train.images);
    assert_ne!(a.train.images, a.test.images);
    assert_eq!(a.origin, Origin::Synthetic { seed: 1 });
    assert!(!a.is_mnist());
}

#[test]
fn each_ten_images_have_all_ten_digits() {
    let set = synthetic_sized(5, 200, 0);
    for ten in set.train.labels.chunks_exact(10) {
        let mut sorted = ten.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    assert_ne!(set.train.labels[..10], set.train.labels[10..20]);
    assert_eq!(set.test.images.count, 0);
}

/// MNIST's own: mean 33.3, 19.1 % of the pixels inked.
#[test]
fn brightness_and_share_of_ink_are_those_of_mnist() {
    let pixels = synthetic_sized(8, 2_000, 0).train.images.pixels;
    let count = pixels.len() as f64;
    let mean = pixels.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let inked = pixels.iter().filter(|&&x| x > 0).count() as f64 / count;
    assert!((mean - 33.3).abs() < 2.0, "mean {mean}");
    assert!((inked - 0.191).abs() < 0.015, "share of ink {inked}");
}

#[test]
fn images_of_a_class_vary() {
    let set = synthetic_sized(6, 1_000, 0).train;
    for digit in 0..10 {
        let of_class: Vec<&[u8]> = (0..1_000)
            .filter(|&index| set.labels[index] == digit)
            .filter_map(|index| set.images.get(index))
            .collect();
        for (a, b) in of_class.iter().zip(&of_class[1..]) {
            let different = a.iter().zip(*b).filter(|(a, b)| a.abs_diff(**b) > 64).count();
            assert!(different > 10, "digit {digit}: {different} pixels differ");
        }
    }
}

#[test]
fn a_nearest_mean_classifier_tells_the_digits_apart() {
    let set = synthetic_sized(9, 5_000, 2_000);
    let accuracy = nearest_mean::accuracy(&nearest_mean::means(&set.train), &set.test);
    assert!(accuracy > 0.8, "accuracy {accuracy}");
}

#[test]
fn class_means_of_drawn_digits_recognize_mnist() {
    let Ok(dir) = std::env::var("ELBO_MNIST_DIR") else {
        return;
    };
    let mnist = load(Path::new(&dir)).expect("MNIST loads");
    let means = nearest_mean::means(&synthetic_sized(42, 10_000, 0).train);
    let accuracy = nearest_mean::accuracy(&means, &mnist.test);
    assert!(accuracy > 0.65, "accuracy {accuracy}");
}
