//! How a hand varies a digit: which way it writes it, how it slants, stretches and wavers.
//!
//! Only addition, multiplication, division and square roots are used, which IEEE 754 rounds the
//! same everywhere, so a seed gives the same pixels on every machine.

use elbo_tensor::random::Stream;

use super::glyphs::{GLYPHS, Glyph};
use super::pen::{MIDDLE_OF_MASS, Pen, Point};

/// Straight pieces between two points of a curve.
const PIECES: u16 = 5;
/// The box that MNIST scales its digits into.
const BOX: f32 = 20.0;
/// How far a point of a glyph strays, standard deviation in units of the glyph.
const JITTER: f32 = 0.6;
/// Mean and deviation of the slant to the right, as x per y.
const SLANT: (f32, f32) = (0.16, 0.19);
/// Deviation of the tangent of the rotation.
const TURN: f32 = 0.09;
/// Mean and deviation of the width, relative to the glyph.
const WIDTH: (f32, f32) = (1.1, 0.2);
/// Deviation of how much wider the top is than the bottom.
const WEDGE: f32 = 0.10;
/// Deviation of the middle's place between top and bottom.
const MIDDLE: f32 = 0.07;
/// Pen radius in pixels: mean, deviation, least and greatest.
const RADIUS: (f32, f32, f32, f32) = (1.26, 0.32, 0.70, 2.4);
/// Width of the edge in pixels: least, and what is added at most.
const EDGE: (f32, f32) = (0.8, 0.7);

/// Curves ready to be drawn and the pen to draw them with.
pub(super) struct Writing {
    pub(super) pen: Pen,
    /// Joined points; each curve ends where the next index in `ends` says.
    pub(super) points: Vec<Point>,
    pub(super) ends: Vec<usize>,
    controls: Vec<Point>,
}

impl Writing {
    pub(super) fn new() -> Self {
        Self { pen: Pen::default(), points: Vec::new(), ends: Vec::new(), controls: Vec::new() }
    }

    /// Writes a digit anew; the memory of the last one is used again.
    pub(super) fn write(&mut self, digit: u8, random: &mut Stream) {
        let glyph = choose(digit, random);
        self.pen = Pen {
            radius: (RADIUS.0 + RADIUS.1 * normal(random)).clamp(RADIUS.2, RADIUS.3),
            edge: EDGE.0 + EDGE.1 * random.unit(),
            pressure: 0.25 * normal(random).clamp(-2.0, 2.0),
        };
        self.vary(glyph, random);
        self.curve(glyph);
        self.place(random);
    }

    /// The glyph's points, strayed and bent.
    fn vary(&mut self, glyph: &Glyph, random: &mut Stream) {
        let width = (WIDTH.0 + WIDTH.1 * normal(random)).clamp(0.6, 1.5);
        let slant = SLANT.0 + SLANT.1 * normal(random);
        let turn = TURN * normal(random);
        let (wedge, middle) = (WEDGE * normal(random), MIDDLE * normal(random));
        let scale = 1.0 / (1.0 + turn * turn).sqrt();
        self.controls.clear();
        for &[x, y] in glyph.points {
            let x = x - 7.0 + JITTER * normal(random);
            // -1 at the top, 1 at the bottom.
            let height = y / 10.0 - 1.0;
            let y = 10.0 * (height + middle * (1.0 - height * height)) + JITTER * normal(random);
            let x = x * width * (1.0 + wedge * height) - slant * y;
            self.controls.push(Point { x: scale * (x - turn * y), y: scale * (turn * x + y) });
        }
    }

    /// Curves through the points of each stroke.
    fn curve(&mut self, glyph: &Glyph) {
        self.points.clear();
        self.ends.clear();
        for stroke in glyph.strokes {
            let point = |at: usize| self.controls[stroke[at]];
            let last = stroke.len() - 1;
            let closed = stroke[0] == stroke[last];
            self.points.push(point(0));
            for at in 0..last {
                let (from, to) = (point(at), point(at + 1));
                let before = if at > 0 {
                    point(at - 1)
                } else if closed {
                    point(last - 1)
                } else {
                    from
                };
                let after = if at + 1 < last {
                    point(at + 2)
                } else if closed {
                    point(1)
                } else {
                    to
                };
                for piece in 1..=PIECES {
                    let t = f32::from(piece) / f32::from(PIECES);
                    self.points.push(catmull_rom([before, from, to, after], t));
                }
            }
            self.ends.push(self.points.len());
        }
    }

    /// Scales the ink into MNIST's box and puts its centre of mass into the middle of the image.
    fn place(&mut self, random: &mut Stream) {
        let mut low = Point { x: f32::MAX, y: f32::MAX };
        let mut high = Point { x: f32::MIN, y: f32::MIN };
        for p in &self.points {
            low = Point { x: low.x.min(p.x), y: low.y.min(p.y) };
            high = Point { x: high.x.max(p.x), y: high.y.max(p.y) };
        }
        let extent = (high.x - low.x).max(high.y - low.y).max(1.0);
        let scale = (BOX - 2.0 * self.pen.radius) / extent;
        let centre = self.centre();
        // Up to half a pixel off, so that lines do not favour pixel borders.
        let shift = Point { x: random.unit() - 0.5, y: random.unit() - 0.5 };
        for p in &mut self.points {
            p.x = MIDDLE_OF_MASS + shift.x + scale * (p.x - centre.x);
            p.y = MIDDLE_OF_MASS + shift.y + scale * (p.y - centre.y);
        }
    }

    /// The centre of mass of the curves, each piece weighted by its length.
    fn centre(&self) -> Point {
        let (mut x, mut y, mut mass) = (0.0, 0.0, f32::MIN_POSITIVE);
        for curve in self.curves() {
            for pair in curve.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).sqrt();
                x += 0.5 * length * (a.x + b.x);
                y += 0.5 * length * (a.y + b.y);
                mass += length;
            }
        }
        Point { x: x / mass, y: y / mass }
    }

    /// The curves one after another.
    pub(super) fn curves(&self) -> impl Iterator<Item = &[Point]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.points[start..end])
    }
}

fn choose(digit: u8, random: &mut Stream) -> &'static Glyph {
    let glyphs = GLYPHS[usize::from(digit) % GLYPHS.len()];
    let mut left = random.below(100);
    for glyph in glyphs {
        if left < glyph.weight {
            return glyph;
        }
        left -= glyph.weight;
    }
    &glyphs[0]
}

/// Nearly normal with mean 0 and variance 1, and never beyond 3.5: the sum of four uniforms.
fn normal(random: &mut Stream) -> f32 {
    let sum = random.unit() + random.unit() + random.unit() + random.unit();
    (sum - 2.0) * 1.732_050_8
}

/// The curve through `from` and `to` with tangents along their neighbours (Catmull & Rom 1974).
fn catmull_rom([before, from, to, after]: [Point; 4], t: f32) -> Point {
    let along = |a: f32, b: f32, c: f32, d: f32| {
        let (linear, square) = (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d);
        let cube = 3.0 * (b - c) + d - a;
        b + 0.5 * t * (linear + t * (square + t * cube))
    };
    Point { x: along(before.x, from.x, to.x, after.x), y: along(before.y, from.y, to.y, after.y) }
}
