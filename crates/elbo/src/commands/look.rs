//! The commands that draw pictures.

use std::path::Path;

use elbo::{
    Error, Model,
    latents::Format,
    look::{self, Grid, Place},
};
use elbo_data::{ImageSet, permutation};

use super::open;
use crate::{
    args::{
        ImageArguments, InterpolateArguments, ManifoldArguments, ReconstructArguments,
        SampleArguments, ScatterArguments, TraverseArguments,
    },
    terminal::{self, Terminal},
};

pub(crate) fn reconstruct(arguments: &ReconstructArguments, command: &str) -> Result<(), Error> {
    picture(&arguments.out)?;
    let mut model = open(&arguments.model)?;
    let set = model.images(&arguments.images.source(), &mut Terminal::new(command))?;
    let count = arguments.count.min(set.images.count);
    let numbers: Vec<usize> = match arguments.seed {
        Some(seed) => {
            let order = permutation(seed, 0, set.images.count as u32);
            order.into_iter().take(count).map(|number| number as usize).collect()
        }
        None => (0..count).collect(),
    };
    let grid = look::reconstruct(&mut model, &set, &numbers)?;
    draw(&grid, &arguments.out, &model, &format!("{count} images over their reconstructions"))
}

pub(crate) fn sample(arguments: &SampleArguments) -> Result<(), Error> {
    picture(&arguments.out)?;
    let mut model = open(&arguments.model)?;
    let seed = arguments.seed.unwrap_or(model.record().training.seed);
    let grid = look::sample(&mut model, arguments.count, seed)?;
    let what = format!("{} images drawn from the prior, seed {seed}", arguments.count);
    draw(&grid, &arguments.out, &model, &what)
}

pub(crate) fn interpolate(arguments: &InterpolateArguments, command: &str) -> Result<(), Error> {
    picture(&arguments.out)?;
    let mut model = open(&arguments.model)?;
    let ends = arguments.ends();
    let set = images_for(&ends, &model, &arguments.images, command)?;
    let grid = look::interpolate(&mut model, set.as_ref(), ends, arguments.steps)?;
    let [from, to] = ends.map(named);
    let what = format!("{} steps from {from} to {to}", arguments.steps);
    draw(&grid, &arguments.out, &model, &what)
}

pub(crate) fn traverse(arguments: &TraverseArguments, command: &str) -> Result<(), Error> {
    picture(&arguments.out)?;
    let mut model = open(&arguments.model)?;
    let place = arguments.place();
    let set = images_for(&[place], &model, &arguments.images, command)?;
    let TraverseArguments { steps, reach, .. } = *arguments;
    let grid = look::traverse(&mut model, set.as_ref(), place, steps, reach)?;
    let latent = model.sizes().latent;
    let what = format!("{latent} dimensions from -{reach} to {reach}, around {}", named(place));
    draw(&grid, &arguments.out, &model, &what)
}

pub(crate) fn manifold(arguments: &ManifoldArguments) -> Result<(), Error> {
    picture(&arguments.out)?;
    let mut model = open(&arguments.model)?;
    let [across, up] = arguments.dims.0;
    let grid = look::manifold(&mut model, [across, up], arguments.steps)?;
    let what = format!("dimension {across} across, {up} upwards, over the prior's quantiles");
    draw(&grid, &arguments.out, &model, &what)
}

pub(crate) fn scatter(arguments: &ScatterArguments, command: &str) -> Result<(), Error> {
    Format::of(&arguments.out, &[Format::Svg, Format::Png])?;
    let mut model = open(&arguments.model)?;
    let set = model.images(&arguments.images.source(), &mut Terminal::new(command))?;
    let dimensions = arguments.dims.map(|dims| dims.0);
    let scatter = elbo::scatter::scatter(&mut model, &set, dimensions)?;
    scatter.write(&arguments.out)?;
    let (shown, all) = (scatter.points.len(), set.images.count);
    let of = if shown < all { format!(" of {all}") } else { String::new() };
    terminal::written(&arguments.out, &format!("μ of {shown} images{of}"), &model);
    Ok(())
}

/// Refuses a name that is not a PNG's before anything is computed.
fn picture(out: &Path) -> Result<(), Error> {
    Format::of(out, &[Format::Png]).map(|_| ())
}

fn draw(grid: &Grid, out: &Path, model: &Model, what: &str) -> Result<(), Error> {
    grid.write(out, model)?;
    terminal::written(out, what, model);
    Ok(())
}

/// The images, where a place is one of them.
fn images_for(
    places: &[Place],
    model: &Model,
    images: &ImageArguments,
    command: &str,
) -> Result<Option<ImageSet>, Error> {
    if !places.iter().any(|place| place.is_image()) {
        return Ok(None);
    }
    model.images(&images.source(), &mut Terminal::new(command)).map(Some)
}

fn named(place: Place) -> String {
    match place {
        Place::Origin => "0".into(),
        Place::Image(number) => format!("image {number}"),
        Place::Seed(seed) => format!("seed {seed}"),
    }
}
