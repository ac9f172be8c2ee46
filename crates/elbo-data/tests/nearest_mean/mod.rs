//! The simplest classifier there is: whichever class mean is nearest.

use elbo_data::Split;

/// The mean image of each class.
pub fn means(split: &Split) -> Vec<Vec<f32>> {
    let mut means = vec![vec![0.0; split.images.size()]; split.classes()];
    let mut counts = vec![0.0; split.classes()];
    for (index, &label) in split.labels.iter().enumerate() {
        counts[usize::from(label)] += 1.0;
        let image = split.images.get(index).expect("an image a label");
        for (sum, &pixel) in means[usize::from(label)].iter_mut().zip(image) {
            *sum += f32::from(pixel);
        }
    }
    for (mean, count) in means.iter_mut().zip(counts) {
        mean.iter_mut().for_each(|sum| *sum /= count);
    }
    means
}

/// The share of images whose nearest mean is that of their class.
pub fn accuracy(means: &[Vec<f32>], split: &Split) -> f64 {
    let right = split.labels.iter().enumerate().filter(|&(index, &label)| {
        let image = split.images.get(index).expect("an image a label");
        let distance = |mean: &[f32]| -> f32 {
            mean.iter().zip(image).map(|(m, &x)| (m - f32::from(x)) * (m - f32::from(x))).sum()
        };
        let nearest =
            (0..means.len()).min_by(|&a, &b| distance(&means[a]).total_cmp(&distance(&means[b])));
        nearest == Some(usize::from(label))
    });
    right.count() as f64 / split.labels.len() as f64
}
