//! MNIST and other IDX image sets: check, download, draw and shuffle them.
