//! μ of the test images on a plane, coloured and named by label where they have labels, as SVG that a
//! page can be moved on.

use std::fmt::Write;

use serde::Serialize;

use crate::principal::Plane;

/// Width and height of the drawing, in its own units.
const SIDE: f64 = 480.0;
/// The part of a side that stays free around the points.
const AIR: f64 = 0.04;
/// Points drawn at the most: more only cover each other.
const MOST_POINTS: usize = 5_000;
/// Labels that have a colour of their own; the names of more share them.
const COLOURS: usize = 10;

/// A drawing and how to get from it to latents.
pub(super) struct Map {
    pub(super) svg: String,
    pub(super) view: View,
    /// How many points are drawn, of how many.
    pub(super) drawn: (usize, usize),
}

/// A place on the plane, and its label if it has one.
type Point = ([f64; 2], Option<u8>);

/// Place (x, y) of the drawing is `origin + (left + x · unit) · axis 0 + (top − y · unit) · axis 1`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View {
    origin: Vec<f32>,
    axes: [Vec<f32>; 2],
    left: f64,
    top: f64,
    unit: f64,
}

impl Map {
    /// Draws the points, `means` [count, dimensions] on a plane, each with its label. `labels` may be
    /// empty: then none has one.
    pub(super) fn draw(means: &[f32], labels: &[u8], plane: &Plane) -> Self {
        let dimensions = plane.origin.len().max(1);
        let count = means.len() / dimensions;
        let every = count.div_ceil(MOST_POINTS).max(1);
        let points: Vec<Point> = means
            .chunks_exact(dimensions)
            .enumerate()
            .step_by(every)
            .map(|(number, mean)| (plane.place(mean), labels.get(number).copied()))
            .collect();
        let view = View::around(&points, plane);
        let svg = view.svg(&points);
        Self { svg, view, drawn: (points.len(), count) }
    }
}

impl View {
    /// A square with all points in it; both axes have the same unit.
    fn around(points: &[Point], plane: &Plane) -> Self {
        let span = |axis: usize| {
            let ends = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (p, _)| {
                (a.min(p[axis]), b.max(p[axis]))
            });
            if ends.0 <= ends.1 { ends } else { (0.0, 0.0) }
        };
        let [(left, right), (bottom, top)] = [span(0), span(1)];
        // A side at least: a single point lies in the middle of one.
        let side = (right - left).max(top - bottom).max(1e-3) * (1.0 + 2.0 * AIR);
        let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Self {
            origin: single(&plane.origin),
            axes: plane.axes.each_ref().map(|axis| single(axis)),
            left: f64::midpoint(left, right) - side / 2.0,
            top: f64::midpoint(bottom, top) + side / 2.0,
            unit: side / SIDE,
        }
    }

    fn on_drawing(&self, [a, b]: [f64; 2]) -> (f64, f64) {
        ((a - self.left) / self.unit, (self.top - b) / self.unit)
    }

    /// One path a label: a line of no length for each point, which its round ends make a dot.
    fn svg(&self, points: &[Point]) -> String {
        let mut labels: Vec<Option<u8>> = points.iter().map(|(_, label)| *label).collect();
        labels.sort_unstable();
        labels.dedup();
        let (mut dots, mut names) = (String::new(), String::new());
        for label in labels {
            let class = usize::from(label.unwrap_or_default()) % COLOURS;
            let own: Vec<(f64, f64)> = points
                .iter()
                .filter(|(_, other)| *other == label)
                .map(|(point, _)| self.on_drawing(*point))
                .collect();
            let path = own.iter().fold(String::new(), |mut path, (x, y)| {
                let _ = write!(path, "M{x:.1} {y:.1}h0");
                path
            });
            let _ = writeln!(dots, r#"<path class="dots c{class}" d="{path}"/>"#);
            let Some(label) = label else { continue };
            let count = own.len() as f64;
            let x = own.iter().map(|point| point.0).sum::<f64>() / count;
            let y = own.iter().map(|point| point.1).sum::<f64>() / count;
            let _ = writeln!(
                names,
                r#"<text class="name c{class}" x="{x:.1}" y="{y:.1}">{label}</text>"#
            );
        }
        format!(
            "<svg id=\"map\" viewBox=\"0 0 {SIDE} {SIDE}\" tabindex=\"0\" role=\"application\" \
             aria-label=\"Map of the test images by their means. Drag, or use the arrow keys, to \
             decode a place on it.\">\n{dots}{names}<circle id=\"here\" r=\"7\" cx=\"-20\" \
             cy=\"-20\"/></svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_keep_their_places_and_labels_theirs() {
        // Two dimensions: the plane is the space itself.
        let means = [0.0, 0.0, 10.0, 0.0, 0.0, 1.0, 10.0, 1.0];
        let plane = Plane::of(&means, 2);
        let Map { svg, view, drawn } = Map::draw(&means, &[3, 3, 7, 12], &plane);
        assert_eq!(drawn, (4, 4));
        for name in ["c3\"", "c7\"", "c2\"", ">3</text>", ">7</text>", ">12</text>"] {
            assert!(svg.contains(name), "{name} in {svg}");
        }
        assert_eq!(svg.matches("h0").count(), 4);
        // From the drawing back to the latents.
        let (x, y) = view.on_drawing(plane.place(&[10.0, 1.0]));
        let (a, b) = (view.left + x * view.unit, view.top - y * view.unit);
        for (dimension, expected) in [(0, 10.0), (1, 1.0)] {
            let value = f64::from(view.origin[dimension])
                + a * f64::from(view.axes[0][dimension])
                + b * f64::from(view.axes[1][dimension]);
            assert!((value - expected).abs() < 1e-5, "{value}");
        }
        assert!((0.0..=SIDE).contains(&x) && (0.0..=SIDE).contains(&y));
    }

    #[test]
    fn many_points_are_thinned_and_none_make_an_empty_map() {
        let means: Vec<f32> = (0..30_000).map(|value| value as f32).collect();
        let plane = Plane::of(&means, 3);
        let map = Map::draw(&means, &[1; 10_000], &plane);
        assert_eq!(map.drawn, (5_000, 10_000));
        let none = Map::draw(&[], &[], &Plane::of(&[], 3));
        assert!(!none.svg.contains("path") && none.view.unit.is_finite());
    }

    #[test]
    fn points_without_labels_are_drawn_without_names() {
        let means = [0.0, 0.0, 10.0, 5.0];
        let map = Map::draw(&means, &[], &Plane::of(&means, 2));
        assert_eq!((map.drawn, map.svg.matches("h0").count()), ((2, 2), 2));
        assert!(!map.svg.contains("<text"), "{}", map.svg);
    }
}
