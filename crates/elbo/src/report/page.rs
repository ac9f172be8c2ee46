//! `report.html`: a run on one page that needs nothing else, with its decoder running in it.

use std::{fmt::Write, fs, path::PathBuf};

use elbo_data::Split;

use super::{
    explorer::Explorer,
    html::{self, escaped, fill},
    map::Map,
    tables,
};
use crate::{
    Error, Result, RunFolder, Training, atomic, chart, config, metrics::Row, principal::Plane,
    text_file,
};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// What stands in the place of a decoder that does not fit.
const TOO_LARGE: &str = "<p>This model’s decoder is too large to run in a page.</p>\n";
const SCRIPT: &str = include_str!("explorer.js");

/// Reconstructions shown at the most, the first epoch's and the last one's among them.
const MOST_PICTURES: usize = 6;

/// What the page tells of.
pub(crate) struct Page<'a> {
    pub(crate) folder: &'a RunFolder,
    pub(crate) training: &'a mut Training,
    /// Test images, and their labels.
    pub(crate) test: &'a Split,
    /// The run's figures.
    pub(crate) rows: &'a [Row],
}

impl Page<'_> {
    /// Writes the page into the run folder, whole or not at all.
    pub(crate) fn write(&mut self) -> Result<PathBuf> {
        let path = self.folder.report();
        atomic::replace(&path, self.text()?.as_bytes())?;
        Ok(path)
    }

    fn text(&mut self) -> Result<String> {
        let record = self.training.record()?;
        let sizes = record.model;
        let means = self.training.means(&self.test.images.pixels)?;
        let plane = Plane::of(&means, sizes.latent);
        let map = Map::draw(&means, &self.test.labels, &plane);
        let tensors = self.training.checkpoint()?.tensors;
        let explorer = Explorer::of(sizes, &tensors, self.test, &means, map.view)?;
        let model = explorer.as_ref().map(serde_json::to_string).transpose().map_err(|error| {
            Error::Unwritten { what: "the latent explorer", fact: error.to_string() }
        })?;
        let title =
            format!("VAE {}-{}-{} on {}", sizes.input, sizes.hidden, sizes.latent, record.data);
        let timing = tables::timing(self.rows, record.train_images, self.training.device());
        let [first, second] = plane.shares.map(|share| format!("{:.0} %", 100.0 * share));
        let (drawn, of) = (tables::count(map.drawn.0), tables::count(map.drawn.1));
        let part = if drawn == of { String::new() } else { format!("{drawn} of ") };
        let coloured = if self.test.labels.is_empty() { "" } else { ", coloured by label" };
        let points = format!("{part}{of} test images{coloured}");
        let parts = [
            ("style", STYLE),
            ("script", SCRIPT),
            ("title", &escaped(&title)),
            ("run", &escaped(&self.folder.path().display().to_string())),
            ("facts", &self.facts()),
            ("absent", if model.is_some() { "" } else { TOO_LARGE }),
            // A page without a model shows no explorer.
            ("model", &html::in_script(model.as_deref().unwrap_or("null"))),
            ("map", &map.svg),
            ("points", &points),
            ("first-share", &first),
            ("second-share", &second),
            ("charts", &self.charts()?),
            ("reconstructions", &self.reconstructions()?),
            ("samples", &self.samples()?),
            ("settings", &tables::terms(&tables::settings(&self.settings()?))),
            ("timing", &tables::terms(&timing)),
            ("epochs", &tables::epochs(self.rows)),
        ];
        Ok(fill(PAGE, &parts))
    }

    /// The figures that one wants first.
    fn facts(&self) -> String {
        let mut facts = Vec::new();
        if let Some(last) = self.rows.last() {
            let parts = format!("{:.2} + {:.2}", last.test_reconstruction, last.test_kl);
            facts.extend([
                ("test loss".to_string(), format!("{:.2}", last.test_loss)),
                ("reconstruction + KL".into(), parts),
                ("train loss".into(), format!("{:.2}", last.train_loss)),
            ]);
        }
        facts.push(("epochs".into(), self.training.epochs_done().to_string()));
        if let Some(best) = self.training.best() {
            facts.push(("best epoch".into(), format!("{} ({:.2})", best.epoch, best.test_loss)));
        }
        let parameters = self.training.vae().parameter_count();
        facts.push(("parameters".into(), tables::count(parameters)));
        tables::terms(&facts)
    }

    fn charts(&self) -> Result<String> {
        let mut charts = String::new();
        for (name, svg) in chart::panels(self.rows)? {
            let name = escaped(name);
            // Within a page, SVG needs no name of its kind, and readers of a screen want its own.
            let named = format!("<svg role=\"img\" aria-label=\"{name}\" ");
            let svg = svg.replacen("<svg ", &named, 1);
            let svg = svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
            let _ = writeln!(charts, "<figure class=\"chart\">{svg}</figure>");
        }
        Ok(charts)
    }

    fn reconstructions(&self) -> Result<String> {
        let pictures = spread(self.folder.kept_pictures());
        if pictures.is_empty() {
            return Ok("<p>None were kept; see <code>--image-every</code>.</p>".into());
        }
        let mut figures = String::new();
        for (epoch, path) in pictures {
            let source = image(&path)?;
            let _ = writeln!(
                figures,
                "<figure><img src=\"{source}\" alt=\"Reconstructions of epoch {epoch}\">\
                 <figcaption>Epoch {epoch}</figcaption></figure>"
            );
        }
        Ok(figures)
    }

    fn samples(&self) -> Result<String> {
        let path = self.folder.samples();
        if !path.is_file() {
            return Ok("<p>None yet: they are drawn when a training is over.</p>".into());
        }
        let source = image(&path)?;
        Ok(format!("<figure><img src=\"{source}\" alt=\"Images drawn from the prior\"></figure>"))
    }

    /// The run's own settings, as it was told them.
    fn settings(&self) -> Result<toml::Table> {
        let path = self.folder.config();
        let refused = |fact: String| Error::Config { place: path.display().to_string(), fact };
        let text = text_file::read(&path, config::MOST_BYTES).map_err(|error| {
            refused(format!("cannot be read ({error}); name a run folder that a training wrote"))
        })?;
        text.parse().map_err(|error: toml::de::Error| refused(error.message().to_string()))
    }
}

/// A picture as an address that holds it.
fn image(path: &std::path::Path) -> Result<String> {
    let bytes = text_file::check_regular(path).and_then(|()| fs::read(path));
    let bytes = bytes.map_err(|error| Error::RunFolder {
        path: path.into(),
        fact: format!("cannot be read ({error}); take it away to go without it"),
    })?;
    Ok(html::png(&bytes))
}

/// So many things that they fit, evenly spread, both ends among them.
fn spread<T>(all: Vec<T>) -> Vec<T> {
    let count = all.len();
    if count <= MOST_PICTURES {
        return all;
    }
    let chosen: Vec<usize> =
        (0..MOST_PICTURES).map(|place| place * (count - 1) / (MOST_PICTURES - 1)).collect();
    let indexed = all.into_iter().enumerate();
    indexed.filter(|(index, _)| chosen.contains(index)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_place_for_everything_and_names_no_address() {
        let mut places = html::places(PAGE);
        places.sort_unstable();
        places.dedup();
        let expected = [
            "absent",
            "charts",
            "epochs",
            "facts",
            "first-share",
            "map",
            "model",
            "points",
            "reconstructions",
            "run",
            "samples",
            "script",
            "second-share",
            "settings",
            "style",
            "timing",
            "title",
        ];
        assert_eq!(places, expected);
        for part in [PAGE, STYLE, SCRIPT] {
            for outside in ["http:", "https:", "src=\"/", "@import", "url("] {
                assert!(!part.contains(outside), "{outside}");
            }
        }
    }

    #[test]
    fn six_of_many_pictures_are_shown_with_both_ends() {
        assert_eq!(spread((1..=5).collect()), [1, 2, 3, 4, 5]);
        let some: Vec<u32> = spread((1..=100).collect());
        assert_eq!((some.len(), some[0], some[5]), (6, 1, 100));
        assert_eq!(spread((1..=7).collect::<Vec<u32>>()).len(), 6);
    }
}
