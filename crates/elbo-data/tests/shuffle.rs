//! What shuffling promises: every image once an epoch, in an order that can be repeated.

use elbo_data::{permutation, shuffle_into};

#[test]
fn an_epoch_visits_every_image_once() {
    for count in [0, 1, 2, 10, 60_000] {
        let mut order = permutation(42, 1, count);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..count), "{count} images");
    }
}

/// Fisher–Yates over Philox words: the same on every machine, or resumed runs would differ.
#[test]
fn a_seed_and_epoch_give_a_known_order() {
    assert_eq!(permutation(42, 1, 10), [9, 1, 6, 7, 2, 4, 5, 3, 8, 0]);
}

#[test]
fn orders_differ_between_epochs_and_seeds() {
    let order = permutation(1, 1, 100);
    assert_ne!(order, permutation(1, 2, 100));
    assert_ne!(order, permutation(2, 1, 100));
    assert_eq!(order, permutation(1, 1, 100));
}

#[test]
fn every_image_comes_first_equally_often() {
    let mut first = [0; 5];
    for epoch in 0..5_000 {
        first[permutation(3, epoch, 5)[0] as usize] += 1;
    }
    assert!(first.iter().all(|n| (900..1_100).contains(n)), "{first:?}");
}

#[test]
fn shuffling_into_used_memory_gives_the_same_order() {
    let mut order = vec![7; 50];
    shuffle_into(&mut order, 4, 9);
    assert_eq!(order, permutation(4, 9, 50));
}
