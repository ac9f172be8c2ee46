//! How ink gets onto pixels: round pen, soft edge, no library.

use super::{PIXELS, SIDE};

/// Where MNIST puts a digit's centre of mass: the middle of pixel 14, in both directions.
pub(super) const MIDDLE_OF_MASS: f32 = 14.5;

/// A place in the image, pixels from the upper left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// A round pen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pen {
    /// In pixels.
    pub(super) radius: f32,
    /// Over how many pixels ink fades to none.
    pub(super) edge: f32,
    /// How much the radius grows from the start of a curve to its end, as a share of itself.
    pub(super) pressure: f32,
}

impl Pen {
    /// Draws a curve; where ink lies already, the darker of both stays.
    pub(super) fn draw(&self, curve: &[Point], ink: &mut [f32; PIXELS]) {
        let pieces = curve.len().saturating_sub(1).max(1) as f32;
        for (index, pair) in curve.windows(2).enumerate() {
            let along = (index as f32 + 0.5) / pieces - 0.5;
            let radius = self.radius * (1.0 + self.pressure * along);
            self.line(pair[0], pair[1], radius, ink);
        }
    }

    fn line(&self, a: Point, b: Point, radius: f32, ink: &mut [f32; PIXELS]) {
        let reach = radius + 0.5 * self.edge;
        let (rows, columns) = (span(a.y, b.y, reach), span(a.x, b.x, reach));
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let square = dx * dx + dy * dy;
        let inverse = if square > 0.0 { 1.0 / square } else { 0.0 };
        let steepness = 1.0 / self.edge;
        for row in rows {
            let y = row as f32 + 0.5 - a.y;
            for column in columns.clone() {
                let x = column as f32 + 0.5 - a.x;
                let t = ((x * dx + y * dy) * inverse).clamp(0.0, 1.0);
                let (away_x, away_y) = (x - t * dx, y - t * dy);
                let distance = (away_x * away_x + away_y * away_y).sqrt();
                let cover = ((reach - distance) * steepness).min(1.0);
                let pixel = &mut ink[row * SIDE + column];
                *pixel = pixel.max(cover);
            }
        }
    }
}

/// The rows or columns whose middle may lie within reach of a line from `a` to `b`.
fn span(a: f32, b: f32, reach: f32) -> std::ops::Range<usize> {
    // Conversion to usize stops at 0 and truncates, which rounds down here.
    let start = (a.min(b) - reach).max(0.0) as usize;
    let end = (a.max(b) + reach + 1.0).max(0.0) as usize;
    start.min(SIDE)..end.min(SIDE)
}

/// Ink between 0 and 1 as bytes, moved by whole pixels so that its centre of mass lies within half
/// a pixel of the middle, as MNIST's makers did.
pub(super) fn develop(ink: &[f32; PIXELS], pixels: &mut [u8]) {
    let (right, down) = off_centre(ink);
    for (row, line) in pixels.chunks_exact_mut(SIDE).enumerate() {
        for (column, pixel) in line.iter_mut().enumerate() {
            let from = (row.wrapping_add_signed(-down), column.wrapping_add_signed(-right));
            let there = from.0 < SIDE && from.1 < SIDE;
            let ink = if there { ink[from.0 * SIDE + from.1] } else { 0.0 };
            *pixel = (ink * 255.0 + 0.5) as u8;
        }
    }
}

/// By how many pixels the ink must move to the right and down.
fn off_centre(ink: &[f32; PIXELS]) -> (isize, isize) {
    let (mut x, mut y, mut mass) = (0.0, 0.0, f32::MIN_POSITIVE);
    for (row, line) in ink.chunks_exact(SIDE).enumerate() {
        let mut sum = 0.0;
        for (column, &ink) in line.iter().enumerate() {
            sum += ink;
            x += ink * column as f32;
        }
        y += sum * row as f32;
        mass += sum;
    }
    let move_by = |centre: f32| (MIDDLE_OF_MASS - 0.5 - centre).round() as isize;
    (move_by(x / mass), move_by(y / mass))
}
