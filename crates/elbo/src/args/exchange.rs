//! What the commands that read and write other programs' files can be told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ImageArguments, ModelArguments};

pub(crate) const ENCODE: &str = "\
Examples:
  elbo encode --checkpoint runs/0001 --out z.csv             label, mu_0 …, log_variance_0 …
  elbo encode --checkpoint runs/0001 --out z.npy --train     μ; beside it .log_variance.npy, .labels.npy
  elbo encode --checkpoint runs/0001 --out z.csv --images my-pngs";

pub(crate) const DECODE: &str = "\
Examples:
  elbo decode --checkpoint runs/0001 --latents z.csv --out images.png
  elbo decode --checkpoint runs/0001 --latents z.npy --out images.npy   float32 in [-1, 1]";

pub(crate) const IMPORT: &str = "\
Examples:
  elbo import state_dict.safetensors --out model.safetensors
  elbo import state_dict.safetensors --out model.safetensors --size 20x30

In Python: safetensors.torch.save_file(model.state_dict(), \"state_dict.safetensors\")";

pub(crate) const EXPORT: &str = "\
Examples:
  elbo export --checkpoint runs/0001 --out model             model.encoder.onnx, model.decoder.onnx
  elbo export --checkpoint runs/0001 --format state-dict --out model.safetensors";

#[derive(Debug, Args)]
pub(crate) struct EncodeArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// .csv or .npy to write; replaced if it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DecodeArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// .csv or .npy with a latent a row
    #[arg(long, value_name = "FILE")]
    pub(crate) latents: PathBuf,
    /// .png or .npy to write; replaced if it is there
    #[arg(long, value_name = "FILE", default_value = "decode.png")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// PyTorch's state_dict as safetensors
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Checkpoint to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Rows and columns of the images [default: a square]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = size)]
    pub(crate) size: Option<Size>,
}

/// Rows and columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) (usize, usize));

fn size(text: &str) -> Result<Size, String> {
    let parts = text.split_once(['x', '×']);
    let size = parts.and_then(|(rows, columns)| Some((rows.parse().ok()?, columns.parse().ok()?)));
    size.map(Size).ok_or_else(|| "give rows and columns, such as 28x28".into())
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// What to write
    #[arg(long, value_enum, default_value = "onnx")]
    pub(crate) format: ExportFormat,
    /// ONNX: what the names of both files begin with; else the file. Replaced if they are there
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// OUT.encoder.onnx (images to μ and log σ²) and OUT.decoder.onnx (latents to images)
    Onnx,
    /// PyTorch's state_dict as safetensors, without optimizer and metadata
    StateDict,
}
