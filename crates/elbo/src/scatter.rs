//! Where images lie in the latent space: μ of each as a point in its label's colour, SVG or PNG.

mod canvas;

use std::{collections::BTreeSet, error, ops::Range, path::Path};

use elbo_data::ImageSet;
use plotters::{coord::Shift, prelude::*};

use crate::{
    Error, Model, Result, atomic, latents::Format, look::check_dimensions, pictures,
    principal::Plane,
};
use canvas::Canvas;

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 760);
/// Pixels on the right for the labels.
const LEGEND: u32 = 70;
/// Points drawn at the most: more hide each other, and make files that viewers choke on.
const MOST_POINTS: usize = 10_000;
/// Labels that are told from each other by name; beyond, colours alone have to do.
const MOST_NAMED: usize = 24;
/// Ten colours that can be told from each other, also by most who do not see all of them.
const COLOURS: [RGBColor; 10] = [
    RGBColor(31, 107, 178),
    RGBColor(230, 126, 0),
    RGBColor(34, 139, 69),
    RGBColor(203, 32, 40),
    RGBColor(124, 80, 165),
    RGBColor(128, 78, 56),
    RGBColor(224, 96, 172),
    RGBColor(96, 96, 96),
    RGBColor(172, 166, 0),
    RGBColor(0, 172, 190),
];

/// Points to draw, and what the axes are.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// [x, y] of each image.
    pub points: Vec<[f64; 2]>,
    /// One label a point.
    pub labels: Option<Vec<u8>>,
    /// What x and y are.
    pub axes: [String; 2],
}

/// μ of images along two dimensions, or along the first two principal components of all of them.
pub fn scatter(
    model: &mut Model,
    set: &ImageSet,
    dimensions: Option<[usize; 2]>,
) -> Result<Scatter> {
    let latent = model.sizes().latent;
    check_dimensions(model, dimensions.unwrap_or([0, 1]))?;
    let means = model.encode(&set.images.pixels)?.means;
    let every = set.images.count.div_ceil(MOST_POINTS).max(1);
    let labels = set.labels.as_ref().map(|labels| labels.iter().copied().step_by(every).collect());
    let rows = means.chunks_exact(latent);
    let (points, axes): (Vec<[f64; 2]>, _) = match dimensions {
        Some([a, b]) => (
            rows.map(|row| [a, b].map(|unit| f64::from(row[unit]))).collect(),
            [a, b].map(|unit| format!("μ of dimension {unit}")),
        ),
        None => {
            let plane = Plane::of(&means, latent);
            let axis = |number: usize, name: &str| {
                let share = 100.0 * plane.shares[number];
                format!("{name} principal component of μ, {share:.0} % of the variance")
            };
            (rows.map(|row| plane.place(row)).collect(), [axis(0, "first"), axis(1, "second")])
        }
    };
    Ok(Scatter { points: points.into_iter().step_by(every).collect(), labels, axes })
}

impl Scatter {
    /// Writes the drawing, as SVG or PNG by the file's name, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let fault = |error: Box<dyn error::Error>| Error::Unwritten {
            what: "the scatter plot",
            fact: error.to_string(),
        };
        let bytes = match Format::of(path, &[Format::Svg, Format::Png])? {
            Format::Svg => self.svg().map_err(fault)?.into_bytes(),
            _ => self.png().map_err(fault)?,
        };
        atomic::replace(path, &bytes)
    }

    fn svg(&self) -> Drawing<String> {
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            self.draw(&area)?;
            area.present()?;
        }
        Ok(text)
    }

    fn png(&self) -> Drawing<Vec<u8>> {
        let mut canvas = Canvas::new(SIZE)?;
        {
            let area = (&mut canvas).into_drawing_area();
            self.draw(&area)?;
        }
        let size = (SIZE.0 as usize, SIZE.1 as usize);
        Ok(pictures::encode(canvas.pixels(), size, png::ColorType::Rgb)?)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawing
    where
        B::ErrorType: 'static,
    {
        area.fill(&WHITE)?;
        let (plot, legend) = area.split_horizontally(SIZE.0 - LEGEND);
        let span = |axis: usize| span(self.points.iter().map(|point| point[axis]));
        let mut chart = ChartBuilder::on(&plot)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(span(0), span(1))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .axis_style(BLACK.mix(0.5))
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 14))
            .x_desc(self.axes[0].as_str())
            .y_desc(self.axes[1].as_str())
            .draw()?;
        let classes = self.classes();
        let points = self.points.iter().enumerate().map(|(number, [x, y])| {
            let label = self.labels.as_ref().and_then(|labels| labels.get(number));
            let colour = label.map_or(COLOURS[0], |label| colour(&classes, *label));
            Circle::new((*x, *y), 2, colour.mix(0.7).filled())
        });
        chart.draw_series(points)?;
        if classes.len() <= MOST_NAMED {
            for (row, label) in classes.iter().enumerate() {
                let y = 24 + 22 * row as i32;
                legend.draw(&Circle::new((12, y), 5, colour(&classes, *label).filled()))?;
                legend.draw(&Text::new(label.to_string(), (24, y - 8), ("sans-serif", 16)))?;
            }
        }
        Ok(())
    }

    fn classes(&self) -> Vec<u8> {
        let labels: BTreeSet<u8> = self.labels.iter().flatten().copied().collect();
        labels.into_iter().collect()
    }
}

type Drawing<T = ()> = Result<T, Box<dyn error::Error>>;

fn colour(classes: &[u8], label: u8) -> RGBColor {
    let place = classes.iter().position(|class| *class == label).unwrap_or(0);
    if classes.len() <= COLOURS.len() {
        return COLOURS[place];
    }
    let hue = place as f64 / classes.len() as f64;
    let (r, g, b) = HSLColor(hue, 0.7, if place.is_multiple_of(2) { 0.35 } else { 0.55 }).rgb();
    RGBColor(r, g, b)
}

/// From the least value to the greatest with some air around them, never empty.
fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let values = values.filter(|value| value.is_finite());
    let (least, most) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if least > most {
        return -1.0..1.0;
    }
    let air = (0.04 * (most - least)).max(0.01 * most.abs()).max(1e-6);
    least - air..most + air
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Scatter {
        Scatter {
            points: vec![[-1.0, -1.0], [1.0, 1.0]],
            labels: Some(vec![3, 8]),
            axes: ["across".into(), "up".into()],
        }
    }

    #[test]
    fn a_drawing_has_a_point_an_image_and_its_labels() {
        let text = two().svg().unwrap();
        // Two points and two in the legend.
        assert_eq!(text.matches("<circle").count(), 4);
        for word in ["across", "up", "\n3\n", "\n8\n"] {
            assert!(text.contains(word), "{word:?}");
        }
    }

    #[test]
    fn a_picture_has_each_point_in_its_labels_colour() {
        let bytes = two().png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (900, 760, png::ColorType::Rgb));
        for colour in &COLOURS[..2] {
            let wanted = [colour.0, colour.1, colour.2];
            let count = pixels.as_chunks::<3>().0.iter().filter(|pixel| **pixel == wanted).count();
            assert!(count > 50, "{wanted:?} {count} times, as the legend has it");
        }
        // Letters: dark pixels below the plot.
        let dark = pixels[720 * 900 * 3..].as_chunks::<3>().0.iter().filter(|p| p[0] < 100).count();
        assert!(dark > 40, "{dark}");
    }

    #[test]
    fn one_point_and_many_labels_are_drawn_too() {
        let one = Scatter { points: vec![[2.0, 2.0]], labels: None, ..two() };
        assert!(one.svg().unwrap().contains("</svg>"));
        let many = Scatter {
            points: (0..60).map(|n| [f64::from(n), 0.0]).collect(),
            labels: Some((0..60).collect()),
            ..two()
        };
        assert_eq!(many.svg().unwrap().matches("<circle").count(), 60);
        let colours: BTreeSet<_> =
            (0..60).map(|label| colour(&many.classes(), label)).map(|c| (c.0, c.1, c.2)).collect();
        assert_eq!(colours.len(), 60);
    }
}
