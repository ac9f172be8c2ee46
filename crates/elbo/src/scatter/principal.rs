//! The directions in which points spread the most.

/// The first two principal components of some points.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Components {
    center: Vec<f64>,
    directions: [Vec<f64>; 2],
    /// What part of the points' variance lies along each.
    pub(super) shares: [f64; 2],
}

impl Components {
    /// A point seen along the two components.
    pub(super) fn project(&self, point: &[f32]) -> [f64; 2] {
        self.directions.each_ref().map(|direction| {
            let terms = point.iter().zip(&self.center).zip(direction);
            terms.map(|((value, center), weight)| (f64::from(*value) - center) * weight).sum()
        })
    }
}

/// The components of points, [count, width] with a width of at least two. Each points to where its
/// largest weight is positive, so that a picture does not depend on how they were found.
pub(super) fn components(points: &[f32], width: usize) -> Components {
    let count = (points.len() / width).max(1) as f64;
    let mut center = vec![0.0; width];
    for point in points.chunks_exact(width) {
        for (sum, value) in center.iter_mut().zip(point) {
            *sum += f64::from(*value) / count;
        }
    }
    let mut covariance = vec![vec![0.0; width]; width];
    for point in points.chunks_exact(width) {
        let distances: Vec<f64> =
            point.iter().zip(&center).map(|(v, c)| f64::from(*v) - c).collect();
        for (row, a) in covariance.iter_mut().zip(&distances) {
            for (sum, b) in row.iter_mut().zip(&distances) {
                *sum += a * b / count;
            }
        }
    }
    let total: f64 = (0..width).map(|unit| covariance[unit][unit]).sum();
    let mut pairs = eigen(covariance);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut first = pairs.into_iter();
    let mut next = || {
        let (value, mut direction) = first.next().unwrap_or((0.0, vec![0.0; width]));
        let largest =
            direction.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            direction.iter_mut().for_each(|weight| *weight = -*weight);
        }
        (if total > 0.0 { value / total } else { 0.0 }, direction)
    };
    let [(share_a, a), (share_b, b)] = [next(), next()];
    Components { center, directions: [a, b], shares: [share_a, share_b] }
}

/// Eigenvalues and unit eigenvectors of a symmetric matrix: Jacobi's rotations, each of which makes one
/// element zero (Golub & Van Loan, "Matrix Computations", section 8.5).
fn eigen(mut a: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let scale: f64 = a.iter().flatten().map(|x| x * x).sum();
    // Sweeps converge quadratically: a dozen are plenty, and a bound keeps odd numbers from looping.
    for _ in 0..64 {
        let off: f64 =
            (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off <= 1e-30 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] != 0.0 {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
    }
    (0..n).map(|i| (a[i][i], vectors.iter().map(|row| row[i]).collect())).collect()
}

/// Turns the plane of two axes so that the element between them vanishes.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cos = 1.0 / (t * t + 1.0).sqrt();
    let sin = t * cos;
    let turn = |x: f64, y: f64| (cos * x - sin * y, sin * x + cos * y);
    for row in a.iter_mut().chain(vectors) {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    // p is the smaller one.
    let (above, below) = a.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
        (*x, *y) = turn(*x, *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_lie_along_the_first_component() {
        let line: Vec<f32> = (0..11).flat_map(|n| [0.6 * n as f32, 7.0, 0.8 * n as f32]).collect();
        let components = components(&line, 3);
        assert!((components.shares[0] - 1.0).abs() < 1e-6, "{components:?}");
        let [x, y] = components.project(&[6.0, 7.0, 8.0]);
        assert!((x - 5.0).abs() < 1e-5 && y.abs() < 1e-5, "{x} {y}");
    }

    #[test]
    fn eigenvectors_are_turned_by_their_matrix_into_multiples_of_themselves() {
        let n = 7;
        let entry =
            |i: usize, j: usize| ((i * j + i + j) as f64).sin() + if i == j { 2.0 } else { 0.0 };
        let matrix: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
        let pairs = eigen(matrix.clone());
        for (value, vector) in &pairs {
            for (row, x) in matrix.iter().zip(vector) {
                let product: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                assert!((product - value * x).abs() < 1e-12, "{value}: {product} {x}");
            }
        }
        let trace: f64 = (0..n).map(|i| matrix[i][i]).sum();
        assert!((pairs.iter().map(|pair| pair.0).sum::<f64>() - trace).abs() < 1e-12);
    }

    #[test]
    fn points_that_are_all_one_have_no_shares() {
        assert_eq!(components(&[1.0, 2.0, 1.0, 2.0], 2).shares, [0.0, 0.0]);
    }
}
