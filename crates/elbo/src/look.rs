//! Pictures of what a trained model has learned, each a grid of images that it decodes.

mod walk;

use elbo_data::ImageSet;

use crate::{Error, Model, Result, pictures};

pub use walk::{interpolation, manifold_latents, quantile, traversal};

/// Images a row where a picture has no order of its own.
const A_ROW: usize = 8;

/// The most values of a picture, 256 MiB of them.
const MOST_VALUES: usize = 1 << 26;

/// Images in rows, [count, rows, columns] in [-1, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The images.
    pub images: Vec<f32>,
    /// How many a row.
    pub across: usize,
}

impl Grid {
    /// Writes the grid as a PNG.
    pub fn write(&self, path: &std::path::Path, model: &Model) -> Result<()> {
        pictures::write_across(path, &self.images, model.image_size(), self.across)
    }
}

/// Where a walk through the latent space begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// z = 0, the prior's middle.
    Origin,
    /// μ of an image, by its number from 0.
    Image(usize),
    /// The first latent that [`Model::sample`] draws from a seed.
    Seed(u64),
}

impl Place {
    /// Whether images are needed to find it.
    #[must_use]
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Image(_))
    }

    fn latent(
        self,
        flag: &'static str,
        model: &mut Model,
        set: Option<&ImageSet>,
    ) -> Result<Vec<f32>> {
        match self {
            Self::Origin => Ok(vec![0.0; model.sizes().latent]),
            Self::Seed(seed) => Ok(model.trained().prior(1, seed)?),
            Self::Image(number) => {
                let count = set.map_or(0, |set| set.images.count);
                let image = set.and_then(|set| set.images.get(number)).ok_or_else(|| {
                    let fact = format!("{number} is none of the {count} images; give one below");
                    Error::Setting { flag, fact: format!("{fact} {count}") }
                })?;
                Ok(model.encode(image)?.means)
            }
        }
    }
}

/// Images over their reconstructions at z = μ, eight a row.
pub fn reconstruct(model: &mut Model, set: &ImageSet, numbers: &[usize]) -> Result<Grid> {
    check("--count", model, 2 * numbers.len())?;
    let across = numbers.len().min(A_ROW);
    let size = model.sizes().input;
    let mut images = Vec::new();
    for numbers in numbers.chunks(A_ROW) {
        let pixels: Vec<u8> = numbers
            .iter()
            .filter_map(|number| set.images.get(*number))
            .flatten()
            .copied()
            .collect();
        let originals: Vec<f32> =
            pixels.iter().map(|byte| f32::from(*byte) / 127.5 - 1.0).collect();
        let means = model.encode(&pixels)?.means;
        let reconstructions = model.decode(&means)?;
        for mut row in [originals, reconstructions] {
            row.resize(across * size, -1.0);
            images.extend(row);
        }
    }
    Ok(Grid { images, across })
}

/// Images drawn from the prior, eight a row.
pub fn sample(model: &mut Model, count: usize, seed: u64) -> Result<Grid> {
    check("--count", model, count)?;
    Ok(Grid { images: model.sample(count, seed)?, across: A_ROW })
}

/// The way from one place to another in equal steps, in one row.
pub fn interpolate(
    model: &mut Model,
    set: Option<&ImageSet>,
    [from, to]: [Place; 2],
    steps: usize,
) -> Result<Grid> {
    check("--steps", model, steps)?;
    let (from, to) = (from.latent("--from", model, set)?, to.latent("--to", model, set)?);
    Ok(Grid { images: model.decode(&interpolation(&from, &to, steps))?, across: steps })
}

/// Each dimension in turn from −`reach` to `reach`, a row each, all others as they are at a place.
pub fn traverse(
    model: &mut Model,
    set: Option<&ImageSet>,
    place: Place,
    steps: usize,
    reach: f32,
) -> Result<Grid> {
    let rows = model.sizes().latent;
    check("--steps", model, steps.saturating_mul(rows))?;
    let base = place.latent("--image", model, set)?;
    Ok(Grid { images: model.decode(&traversal(&base, steps, reach))?, across: steps })
}

/// A plane of the latent space: two dimensions over the prior's quantiles, all others 0. The first goes
/// from left to right, the second from bottom to top.
pub fn manifold(model: &mut Model, dimensions: [usize; 2], steps: usize) -> Result<Grid> {
    check_dimensions(model, dimensions)?;
    check("--steps", model, steps.saturating_mul(steps))?;
    let latents = manifold_latents(model.sizes().latent, dimensions, steps);
    Ok(Grid { images: model.decode(&latents)?, across: steps })
}

/// Refuses dimensions that the model does not have, or one twice.
pub(crate) fn check_dimensions(model: &Model, dimensions: [usize; 2]) -> Result<()> {
    let latent = model.sizes().latent;
    let [a, b] = dimensions;
    if a.max(b) < latent && a != b {
        return Ok(());
    }
    let fact = if latent < 2 {
        format!("the model has {latent} latent dimension, two are needed; use another checkpoint")
    } else {
        format!("{a},{b} are not two of the {latent} dimensions; give two from 0 to {}", latent - 1)
    };
    Err(Error::Setting { flag: "--dims", fact })
}

/// Refuses an empty picture, and one that no viewer shows.
fn check(flag: &'static str, model: &Model, images: usize) -> Result<()> {
    let fact = match images.checked_mul(model.sizes().input) {
        Some(values) if (1..=MOST_VALUES).contains(&values) => return Ok(()),
        Some(0) => "0 images make no picture; give at least 1".into(),
        _ => format!("{images} images are more than a picture holds; give fewer"),
    };
    Err(Error::Setting { flag, fact })
}
