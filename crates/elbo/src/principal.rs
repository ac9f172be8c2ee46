//! The two directions in which points of many dimensions spread the most.

/// Rounds of the iteration at the least and at the most, where it does not come to rest before: the
/// closer two spreads are, the more it takes to tell their directions apart.
const ROUNDS: (usize, usize) = (300, 10_000);
/// The iteration is at rest where a round moves a direction of length 1 by less than this.
const REST: f64 = 1e-12;
/// Products summed at the most, some seconds of them; of many points in many dimensions every so
/// many are taken.
const MOST_PRODUCTS: usize = 1 << 31;

/// A plane through the mean of some points, along their first two principal components.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plane {
    /// The points' mean, [dimensions].
    pub(crate) origin: Vec<f64>,
    /// Two directions of length 1 at right angles, [dimensions] each; the second is zero where the
    /// points have one dimension only.
    pub(crate) axes: [Vec<f64>; 2],
    /// Which part of the points' variance lies along each.
    pub(crate) shares: [f64; 2],
}

impl Plane {
    /// The plane of some points, [count, dimensions] in one row.
    pub(crate) fn of(points: &[f32], dimensions: usize) -> Self {
        let products = points.len().saturating_mul(dimensions);
        let every = products.div_ceil(MOST_PRODUCTS).max(1);
        let points = || points.chunks_exact(dimensions.max(1)).step_by(every);
        let count = points().count().max(1) as f64;
        let mut origin = vec![0.0; dimensions];
        for point in points() {
            add(&mut origin, point.iter().map(|value| f64::from(*value) / count));
        }
        let mut covariance = vec![vec![0.0; dimensions]; dimensions];
        for point in points() {
            let from: Vec<f64> =
                point.iter().zip(&origin).map(|(value, mean)| f64::from(*value) - mean).collect();
            for (row, value) in covariance.iter_mut().zip(&from) {
                add(row, from.iter().map(|other| value * other / count));
            }
        }
        let total: f64 = (0..dimensions).map(|place| covariance[place][place]).sum();
        let first = leading(&covariance, &vec![0.0; dimensions]);
        let second = leading(&covariance, &first);
        let share = |axis: &[f64]| {
            let spread = dot(&times(&covariance, axis), axis);
            if total > 0.0 { spread / total } else { 0.0 }
        };
        let shares = [share(&first), share(&second)];
        Self { origin, axes: [first, second], shares }
    }

    /// Where a point lies on the plane.
    pub(crate) fn place(&self, point: &[f32]) -> [f64; 2] {
        let from: Vec<f64> =
            point.iter().zip(&self.origin).map(|(value, mean)| f64::from(*value) - mean).collect();
        self.axes.each_ref().map(|axis| dot(axis, &from))
    }
}

/// The direction of the largest spread at right angles to another one, by power iteration. Its largest
/// value is positive, so that the same points give the same plane.
fn leading(covariance: &[Vec<f64>], other: &[f64]) -> Vec<f64> {
    // Not a unit vector: each is at right angles to some direction.
    let mut axis: Vec<f64> = (0..covariance.len()).map(|place| 1.0 + place as f64 * 0.1).collect();
    let products = covariance.len() * covariance.len();
    for _ in 0..(MOST_PRODUCTS / products.max(1)).clamp(ROUNDS.0, ROUNDS.1) {
        axis = unit(without(&axis, other));
        let next = without(&times(covariance, &axis), other);
        if dot(&next, &next) == 0.0 {
            break;
        }
        let next = unit(next);
        let moved: f64 = next.iter().zip(&axis).map(|(a, b)| (a - b) * (a - b)).sum();
        axis = next;
        if moved < REST * REST {
            break;
        }
    }
    let largest = axis.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 { axis.iter().map(|value| -value).collect() } else { axis }
}

fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

fn without(vector: &[f64], direction: &[f64]) -> Vec<f64> {
    let along = dot(vector, direction);
    vector.iter().zip(direction).map(|(value, part)| value - along * part).collect()
}

fn unit(vector: Vec<f64>) -> Vec<f64> {
    let length = dot(&vector, &vector).sqrt();
    // What is left of nothing but rounding is no direction.
    if length < 1e-12 {
        return vec![0.0; vector.len()];
    }
    vector.iter().map(|value| value / length).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], values: impl Iterator<Item = f64>) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_of_an_ellipsoid_are_found_in_the_order_of_their_lengths() {
        // Along (3, 4, 0) / 5 by ±10, along (4, -3, 0) / 5 by ±2, along z by ±0.5; around (1, 2, 3).
        let mut points = Vec::new();
        for (a, b, c) in (0..8).map(|bits| (bits & 1, bits >> 1 & 1, bits >> 2)) {
            let [a, b, c] = [(a, 10.0), (b, 2.0), (c, 0.5)]
                .map(|(bit, half)| if bit == 0 { half } else { -half });
            points.extend([1.0 + 0.6 * a + 0.8 * b, 2.0 + 0.8 * a - 0.6 * b, 3.0 + c]);
        }
        let plane = Plane::of(&points, 3);
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&plane.origin, &[1.0, 2.0, 3.0]), "{plane:?}");
        assert!(close(&plane.axes[0], &[0.6, 0.8, 0.0]), "{plane:?}");
        assert!(close(&plane.axes[1], &[0.8, -0.6, 0.0]), "{plane:?}");
        assert!(close(&plane.shares, &[100.0 / 104.25, 4.0 / 104.25]), "{plane:?}");
        assert!(close(&plane.place(&[1.0 + 3.0, 2.0 + 4.0, 9.0]), &[5.0, 0.0]));
    }

    #[test]
    fn directions_of_nearly_the_same_spread_are_told_apart() {
        let ends = [(10.0, 9.9), (10.0, -9.9), (-10.0, 9.9), (-10.0, -9.9)];
        let points: Vec<f32> =
            ends.into_iter().flat_map(|(a, b)| [0.6 * a + 0.8 * b, 0.8 * a - 0.6 * b]).collect();
        let plane = Plane::of(&points, 2);
        for (axis, expected) in plane.axes.iter().zip([[0.6, 0.8], [0.8, -0.6]]) {
            let close = axis.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(close, "{plane:?}");
        }
    }

    #[test]
    fn one_dimension_one_point_and_none_have_a_plane_of_finite_numbers() {
        for (points, dimensions) in
            [(&[1.0, 3.0][..], 1), (&[1.0, 2.0], 2), (&[1.0, 2.0, 1.0, 2.0], 2), (&[], 2)]
        {
            let plane = Plane::of(points, dimensions);
            let numbers = plane.axes.iter().flatten().chain(&plane.origin).chain(&plane.shares);
            assert!(numbers.into_iter().all(|number| number.is_finite()), "{plane:?}");
        }
        let line = Plane::of(&[1.0, 3.0], 1);
        assert_eq!((line.axes[0][0], line.axes[1][0], line.shares), (1.0, 0.0, [1.0, 0.0]));
    }
}
