//! What the commands that draw pictures can be told.

use std::{path::PathBuf, str::FromStr};

use clap::Args;
use elbo::look::Place;

use super::{ImageArguments, ModelArguments};

pub(crate) const RECONSTRUCT: &str = "\
Examples:
  elbo reconstruct --checkpoint runs/0001                      the first 16 test images
  elbo reconstruct --checkpoint runs/0001 --count 64 --seed 1  64 chosen by chance
  elbo reconstruct --checkpoint runs/0001 --images my-pngs";

pub(crate) const SAMPLE: &str = "\
Example:
  elbo sample --checkpoint runs/0001 --count 64 --seed 7 --out seven.png";

pub(crate) const INTERPOLATE: &str = "\
Examples:
  elbo interpolate --checkpoint runs/0001 --from 0 --to 3      between two test images
  elbo interpolate --checkpoint runs/0001 --seeds 1,2          between two draws from the prior";

pub(crate) const TRAVERSE: &str = "\
Examples:
  elbo traverse --checkpoint runs/0001                         around the prior's middle
  elbo traverse --checkpoint runs/0001 --image 0               around a test image";

pub(crate) const MANIFOLD: &str = "\
Examples:
  elbo manifold --checkpoint runs/0001
  elbo manifold --checkpoint runs/0001 --dims 3,7 --steps 30";

pub(crate) const SCATTER: &str = "\
Examples:
  elbo scatter --checkpoint runs/0001                          the first two principal components
  elbo scatter --checkpoint runs/0001 --dims 0,1 --out z.png   two dimensions as they are";

#[derive(Debug, Args)]
pub(crate) struct ReconstructArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// How many images, at most as many as there are
    #[arg(long, value_name = "N", default_value = "16")]
    pub(crate) count: usize,
    /// Choose the images by chance from this seed instead of taking the first
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "reconstruct.png")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SampleArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// How many images
    #[arg(long, value_name = "N", default_value = "64")]
    pub(crate) count: usize,
    /// What the latents are drawn from [default: the training's seed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "sample.png")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InterpolateArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// Image to begin at, counted from 0
    #[arg(long, value_name = "IMAGE", default_value = "0")]
    from: usize,
    /// Image to end at, counted from 0
    #[arg(long, value_name = "IMAGE", default_value = "1")]
    to: usize,
    /// Two draws from the prior instead of two images
    #[arg(long, value_name = "A,B", value_parser = pair::<u64>, conflicts_with_all = ["from", "to"])]
    seeds: Option<Pair<u64>>,
    /// Images in all, both ends included
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) steps: usize,
    /// PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "interpolate.png")]
    pub(crate) out: PathBuf,
}

impl InterpolateArguments {
    pub(crate) fn ends(&self) -> [Place; 2] {
        match self.seeds {
            Some(Pair(seeds)) => seeds.map(Place::Seed),
            None => [self.from, self.to].map(Place::Image),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct TraverseArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// Image whose μ the other dimensions have, counted from 0 [default: none, they are 0]
    #[arg(long, value_name = "IMAGE")]
    image: Option<usize>,
    /// A draw from the prior that the other dimensions have
    #[arg(long, value_name = "N", conflicts_with = "image")]
    seed: Option<u64>,
    /// Images a row
    #[arg(long, value_name = "N", default_value = "11")]
    pub(crate) steps: usize,
    /// How far each dimension goes to either side
    #[arg(long, value_name = "Z", default_value = "3", value_parser = finite)]
    pub(crate) reach: f32,
    /// PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "traverse.png")]
    pub(crate) out: PathBuf,
}

impl TraverseArguments {
    pub(crate) fn place(&self) -> Place {
        match (self.image, self.seed) {
            (Some(image), _) => Place::Image(image),
            (None, Some(seed)) => Place::Seed(seed),
            (None, None) => Place::Origin,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ManifoldArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// The two latent dimensions, counted from 0: across, up
    #[arg(long, value_name = "A,B", value_parser = pair::<usize>, default_value = "0,1")]
    pub(crate) dims: Pair<usize>,
    /// Images a side
    #[arg(long, value_name = "N", default_value = "20")]
    pub(crate) steps: usize,
    /// PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "manifold.png")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ScatterArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// Two latent dimensions, counted from 0 [default: the first two principal components]
    #[arg(long, value_name = "A,B", value_parser = pair::<usize>)]
    pub(crate) dims: Option<Pair<usize>>,
    /// SVG or PNG to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "scatter.svg")]
    pub(crate) out: PathBuf,
}

/// Two values with a comma between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<T>(pub(crate) [T; 2]);

fn pair<T: FromStr>(text: &str) -> Result<Pair<T>, String> {
    let parts = text.split_once(',');
    let pair = parts.and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
    pair.map(Pair).ok_or_else(|| "give two numbers with a comma between, such as 0,1".into())
}

fn finite(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|value: &f32| value.is_finite());
    value.ok_or_else(|| "give a number, such as 3".into())
}
