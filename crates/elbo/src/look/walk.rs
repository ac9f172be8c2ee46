//! Ways through the latent space: between two points, along each axis, over a plane.

/// `steps` points from one latent to another, both ends included: [steps, latent].
#[must_use]
pub fn interpolation(from: &[f32], to: &[f32], steps: usize) -> Vec<f32> {
    let point = |step: usize| {
        let share = step as f32 / steps.saturating_sub(1).max(1) as f32;
        from.iter().zip(to).map(move |(from, to)| (1.0 - share) * from + share * to)
    };
    (0..steps).flat_map(point).collect()
}

/// Each dimension of a latent in turn set to `steps` values from −`reach` to `reach`:
/// [latent, steps, latent].
#[must_use]
pub fn traversal(base: &[f32], steps: usize, reach: f32) -> Vec<f32> {
    let values = interpolation(&[-reach], &[reach], steps);
    let mut latents = Vec::with_capacity(base.len() * base.len() * steps);
    for dimension in 0..base.len() {
        for value in &values {
            let start = latents.len();
            latents.extend(base);
            latents[start + dimension] = *value;
        }
    }
    latents
}

/// A grid over two dimensions at the quantiles of a standard normal distribution, so that each point
/// stands for the same share of the prior: [steps · steps, latent], from the top left, row by row. The
/// first dimension grows to the right, the second upwards.
#[must_use]
pub fn manifold_latents(latent: usize, dimensions: [usize; 2], steps: usize) -> Vec<f32> {
    let values: Vec<f32> =
        (0..steps).map(|step| quantile((step as f64 + 0.5) / steps as f64) as f32).collect();
    let mut latents = vec![0.0; steps * steps * latent];
    for (number, point) in latents.chunks_exact_mut(latent.max(1)).enumerate() {
        point[dimensions[0]] = values[number % steps];
        point[dimensions[1]] = values[steps - 1 - number / steps];
    }
    latents
}

/// Where a standard normal distribution reaches a probability in (0, 1).
#[must_use]
pub fn quantile(probability: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    // Beyond 40 standard deviations `f64` has no probability left. 80 halvings reach its last bit.
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if below(middle) < probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.1.
        for (probability, x) in [(0.5, 0.0), (0.84134, 1.0), (0.97725, 2.0), (0.99865, 3.0)] {
            assert!((quantile(probability) - x).abs() < 1e-3, "{probability}");
            assert!((quantile(1.0 - probability) + x).abs() < 1e-3, "{probability}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn an_interpolation_has_both_ends() {
        assert_eq!(interpolation(&[0.0, 4.0], &[2.0, 0.0], 3), [0.0, 4.0, 1.0, 2.0, 2.0, 0.0]);
        assert_eq!(interpolation(&[5.0], &[7.0], 1), [5.0]);
    }

    #[test]
    fn a_traversal_moves_one_dimension_a_row() {
        let latents = traversal(&[0.5, 0.25], 3, 3.0);
        let rows: Vec<&[f32]> = latents.chunks(2).collect();
        assert_eq!(rows[..3], [[-3.0, 0.25], [0.0, 0.25], [3.0, 0.25]]);
        assert_eq!(rows[3..], [[0.5, -3.0], [0.5, 0.0], [0.5, 3.0]]);
    }

    #[test]
    fn a_manifold_grows_to_the_right_and_upwards() {
        let latents = manifold_latents(3, [2, 0], 2);
        let quarter = quantile(0.75) as f32;
        let rows: Vec<&[f32]> = latents.chunks(3).collect();
        assert_eq!(rows[0], [quarter, 0.0, -quarter]);
        assert_eq!(rows[1], [quarter, 0.0, quarter]);
        assert_eq!(rows[3], [-quarter, 0.0, quarter]);
    }
}
