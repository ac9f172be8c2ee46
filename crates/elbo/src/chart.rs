//! The losses of a run over its epochs, drawn as SVG.

use std::{error, ops::Range, path::Path};

use plotters::{coord::Shift, element::DashedPathElement, prelude::*};

use crate::{Error, Result, atomic, metrics::Row};

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 760);
/// The same of a panel that stands on a page for itself, where it may be shown smaller.
const PANEL: (u32, u32) = (440, 330);
/// Epochs drawn at the most: more cannot be told apart, and every epoch draws anew.
const MOST_POINTS: usize = 600;
/// Up to so many epochs each one gets a mark, so that one alone is seen too.
const MARKED: usize = 40;
/// Values beyond are left out; no training that goes on has them.
const MOST: f64 = 1e30;
/// Pixels of a dash, and of the gap behind it.
const DASH: u32 = 6;
const GAP: u32 = 4;
/// Length of a line in the legend.
const LEGEND: i32 = 24;

const TRAIN: RGBColor = RGBColor(0, 92, 175);
const TEST: RGBColor = RGBColor(214, 96, 0);

type Drawing<T = ()> = Result<T, Box<dyn error::Error>>;

/// One line of a panel: its name, its colour, whether it is dashed, and its value in a row.
type Series = (&'static str, RGBColor, bool, fn(&Row) -> f64);

/// What a panel shows: its caption, its unit and its lines.
struct Panel(&'static str, &'static str, &'static [Series]);

const PANELS: [Panel; 2] = [
    Panel("Loss = reconstruction + KL", "mean an image", &LOSSES),
    Panel("Its parts", "squared error an image; KL in nats", &PARTS),
];

const LOSSES: [Series; 2] =
    [("train", TRAIN, false, |row| row.train_loss), ("test", TEST, false, |row| row.test_loss)];

const PARTS: [Series; 4] = [
    ("reconstruction, train", TRAIN, false, |row| row.train_reconstruction),
    ("reconstruction, test", TEST, false, |row| row.test_reconstruction),
    ("KL, train", TRAIN, true, |row| row.train_kl),
    ("KL, test", TEST, true, |row| row.test_kl),
];

/// Writes the chart of a run's rows, whole or not at all.
pub fn write(path: &Path, rows: &[Row]) -> Result<()> {
    let text = draw(rows).map_err(|error| unwritten(error.as_ref()))?;
    atomic::replace(path, text.as_bytes())
}

/// The chart's two panels, each as SVG of its own with the name that it has for readers of a screen.
pub(crate) fn panels(rows: &[Row]) -> Result<[(&'static str, String); 2]> {
    let rows = thinned(rows);
    let draw = |Panel(caption, unit, series): &Panel| -> Drawing<(&'static str, String)> {
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, PANEL).into_drawing_area();
            panel(&area, caption, unit, &rows, series)?;
            area.present()?;
        }
        Ok((caption, text))
    };
    let [losses, parts] = PANELS.each_ref().map(draw);
    let drawn = |panel: Drawing<_>| panel.map_err(|error| unwritten(error.as_ref()));
    Ok([drawn(losses)?, drawn(parts)?])
}

fn unwritten(error: &dyn error::Error) -> Error {
    Error::Unwritten { what: "the chart of the losses", fact: error.to_string() }
}

/// The chart as SVG: the loss above, its parts below.
fn draw(rows: &[Row]) -> Drawing<String> {
    let rows = thinned(rows);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(SIZE.1 / 2);
        for (area, Panel(caption, unit, series)) in [above, below].iter().zip(PANELS) {
            panel(area, caption, unit, &rows, series)?;
        }
        area.present()?;
    }
    Ok(text)
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    caption: &str,
    unit: &str,
    rows: &[Row],
    series: &[Series],
) -> Drawing {
    let first = rows.first().map_or(1, |row| row.epoch);
    // At least one epoch wide.
    let last = rows.last().map_or(1, |row| row.epoch).max(first.saturating_add(1));
    let values = series.iter().flat_map(|(.., value)| rows.iter().map(value));
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(first..last, span(values))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .axis_style(BLACK.mix(0.5))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 14))
        .x_desc("epoch")
        .y_desc(unit)
        .y_label_formatter(&|value| figure(*value))
        .draw()?;
    for &(name, colour, dashed, value) in series {
        let points: Vec<(u32, f64)> = rows
            .iter()
            .map(|row| (row.epoch, value(row)))
            .filter(|(_, value)| value.abs() < MOST)
            .collect();
        let style = colour.stroke_width(2);
        let marks = if points.len() <= MARKED { points.clone() } else { Vec::new() };
        // The two kinds of lines are of different types, down to their legends.
        if dashed {
            chart.draw_series(DashedLineSeries::new(points, DASH, GAP, style))?.label(name).legend(
                move |(x, y)| {
                    let ends = [(x, y), (x + LEGEND, y)];
                    DashedPathElement::new(ends, DASH, GAP, style)
                },
            );
        } else {
            let line = chart.draw_series(LineSeries::new(points, style))?;
            let legend = move |(x, y)| PathElement::new([(x, y), (x + LEGEND, y)], style);
            line.label(name).legend(legend);
        }
        chart.draw_series(marks.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .legend_area_size(LEGEND + 6)
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}

/// `85.5` rather than `85.5000`.
fn figure(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// From the least value to the greatest with some air around them, never empty.
fn span(values: impl Iterator<Item = f64>) -> Range<f64> {
    let values = values.filter(|value| value.abs() < MOST);
    let (least, most) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if least > most {
        return 0.0..1.0;
    }
    let air = (0.05 * (most - least)).max(0.01 * most.abs()).max(0.01);
    least - air..most + air
}

/// The rows, or so many of them that a chart can show, the first and the last among them.
fn thinned(rows: &[Row]) -> Vec<Row> {
    let every = rows.len().div_ceil(MOST_POINTS).max(1);
    let mut thinned: Vec<Row> = rows.iter().copied().step_by(every).collect();
    if let Some(last) = rows.last().filter(|_| !(rows.len() - 1).is_multiple_of(every)) {
        thinned.push(*last);
    }
    thinned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u32, loss: f64) -> Row {
        Row {
            epoch,
            step: epoch,
            train_loss: loss,
            train_reconstruction: 0.7 * loss,
            train_kl: 0.3 * loss,
            last_batch_loss: loss,
            test_loss: 0.9 * loss,
            test_reconstruction: 0.6 * loss,
            test_kl: 0.3 * loss,
            seconds: 1.0,
        }
    }

    #[test]
    fn every_line_axis_and_unit_has_its_name() {
        let rows: Vec<Row> = (1..=30).map(|epoch| row(epoch, 100.0 / f64::from(epoch))).collect();
        let text = draw(&rows).unwrap();
        assert!(text.starts_with("<svg ") && text.trim_end().ends_with("</svg>"));
        let names = LOSSES.iter().chain(&PARTS).map(|series| series.0);
        for word in names.chain(["epoch", "mean an image", "squared error", "nats"]) {
            assert!(text.contains(word), "{word}");
        }
        assert!(text.matches("<polyline").count() >= 4);
    }

    #[test]
    fn no_rows_one_row_and_odd_values_are_drawn_too() {
        for rows in [
            vec![],
            vec![row(1, 80.0)],
            vec![row(1, 0.0), row(2, 0.0)],
            vec![row(u32::MAX, 1e-9)],
            vec![row(1, f64::NAN), row(2, f64::INFINITY), row(3, 50.0)],
            vec![row(1, 1e300), row(2, -1e300)],
            vec![row(1, 1e29), row(2, 1e29)],
            vec![row(5, 1.0), row(2, 3.0)],
        ] {
            assert!(draw(&rows).unwrap().contains("</svg>"), "{rows:?}");
        }
    }

    #[test]
    fn a_single_epoch_leaves_a_mark_for_every_line() {
        let text = draw(&[row(1, 80.0)]).unwrap();
        assert_eq!(text.matches("<circle").count(), LOSSES.len() + PARTS.len());
    }

    #[test]
    fn many_epochs_make_no_larger_a_file_and_keep_their_ends() {
        let rows: Vec<Row> = (1..=10_000).map(|epoch| row(epoch, 50.0)).collect();
        let thinned = thinned(&rows);
        assert!(thinned.len() <= MOST_POINTS + 1);
        assert_eq!((thinned[0].epoch, thinned[thinned.len() - 1].epoch), (1, 10_000));
    }
}
