//! What the page's latent explorer is given: the decoder's weights, and images to start from.

use std::collections::BTreeMap;

use elbo_data::Split;
use elbo_nn::checkpoint::Tensor;
use elbo_vae::Sizes;
use serde::Serialize;

use super::{html, map::View};
use crate::{Error, Result};

/// Weights that a page can hold at the most: 64 MiB of them.
const MOST_WEIGHTS: usize = 1 << 24;
/// Test images to start from.
const STARTS: usize = 20;
/// The decoder's tensors, in the order in which the page reads them.
const DECODER: [&str; 4] = ["fc3.weight", "fc3.bias", "fc4.weight", "fc4.bias"];

/// Read by `explorer.js`.
#[derive(Debug, Serialize)]
pub(super) struct Explorer {
    rows: usize,
    columns: usize,
    hidden: usize,
    latent: usize,
    /// [hidden, latent], [hidden], [pixels, hidden] and [pixels], one after the other.
    weights: String,
    /// What each image to start from is called: its label, else its number.
    names: Vec<String>,
    /// μ of each of them, [images, latent].
    means: String,
    /// Grey values of each, [images, rows, columns], a byte each.
    pixels: String,
    /// Variance of μ over the test images, [latent].
    variances: Vec<f32>,
    map: View,
}

impl Explorer {
    /// `means`: of the test images, [count, latent]. None where the decoder is too large for a page.
    pub(super) fn of(
        sizes: Sizes,
        tensors: &BTreeMap<String, Tensor>,
        test: &Split,
        means: &[f32],
        map: View,
    ) -> Result<Option<Self>> {
        let Sizes { hidden, latent, .. } = sizes;
        let mut parts = Vec::new();
        for name in DECODER {
            let part = tensors.get(name).ok_or_else(|| Error::Unwritten {
                what: "the latent explorer",
                fact: format!("there is no `{name}`"),
            })?;
            parts.push(&part.values);
        }
        if parts.iter().map(|part| part.len()).sum::<usize>() > MOST_WEIGHTS {
            return Ok(None);
        }
        let starts = starts(&test.labels, test.images.count);
        let mean = |image: &usize| means.get(image * latent..(image + 1) * latent);
        let pixels = starts.iter().filter_map(|image| test.images.get(*image)).flatten();
        let name = |image: &usize| match test.labels.get(*image) {
            Some(label) => label.to_string(),
            None => format!("image {image}"),
        };
        Ok(Some(Self {
            rows: test.images.rows,
            columns: test.images.columns,
            hidden,
            latent,
            weights: html::floats(parts.into_iter().flatten()),
            names: starts.iter().map(name).collect(),
            means: html::floats(starts.iter().filter_map(mean).flatten()),
            pixels: html::base64(&pixels.copied().collect::<Vec<u8>>()),
            variances: variances(means, latent),
            map,
        }))
    }
}

/// Two images of each label, in the order of the labels, and of the first ten where there are more;
/// the first images where they have no labels.
fn starts(labels: &[u8], count: usize) -> Vec<usize> {
    if labels.is_empty() {
        return (0..count.min(STARTS)).collect();
    }
    let mut by_label: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
    for (number, label) in labels.iter().enumerate() {
        let own = by_label.entry(*label).or_default();
        if own.len() < 2 {
            own.push(number);
        }
    }
    by_label.into_values().flatten().take(STARTS).collect()
}

/// The variance of each dimension. `means`: [count, latent].
fn variances(means: &[f32], latent: usize) -> Vec<f32> {
    let count = (means.len() / latent).max(1) as f64;
    let sum = |dimension: usize, value: &dyn Fn(f64) -> f64| {
        let column = means.iter().skip(dimension).step_by(latent);
        column.map(|mean| value(f64::from(*mean))).sum::<f64>() / count
    };
    let variance = |dimension| {
        let mean = sum(dimension, &|value| value);
        sum(dimension, &|value| (value - mean) * (value - mean)) as f32
    };
    (0..latent).map(variance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_images_of_each_label_are_shown_in_their_order() {
        assert_eq!(starts(&[7, 2, 2, 7, 7, 1, 2], 7), [5, 1, 2, 0, 3]);
        let many: Vec<u8> = (0..47).chain(0..47).collect();
        assert_eq!(starts(&many, 94).len(), STARTS);
        assert_eq!(starts(&[], 3), [0, 1, 2]);
        assert_eq!(starts(&[], 50).len(), STARTS);
        assert!(starts(&[], 0).is_empty());
    }

    #[test]
    fn each_dimension_has_its_variance() {
        assert_eq!(variances(&[1.0, 5.0, 3.0, 5.0], 2), [1.0, 0.0]);
        assert_eq!(variances(&[], 2), [0.0, 0.0]);
    }
}
