//! Models from and for other programs: PyTorch's state_dict in, state_dict and ONNX out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use elbo_nn::{
    Checkpoint,
    checkpoint::{Tensor, save_tensors},
};
use elbo_vae::Sizes;

use crate::{
    Error, Record, Result, Settings, TrainingRecord, atomic,
    model::{Stored, check_memory, parameters},
    onnx,
};

/// What the data of an imported model are called.
const IMPORTED: &str = "unknown (imported)";

/// Makes a checkpoint of a state_dict, whose sizes its shapes tell, and returns them.
///
/// `size`: rows and columns of the images; without it they are squares. An optimizer's tensors are left
/// out, so the model can be used but no training goes on from it. `out` must not be there.
pub fn import(file: &Path, out: &Path, size: Option<(usize, usize)>) -> Result<Sizes> {
    let refused = |path: &Path, fact: String| Error::File { path: path.into(), fact };
    if out.symlink_metadata().is_ok() {
        return Err(refused(out, "is there already; name another file with --out".into()));
    }
    let tensors = Checkpoint::load_tensors(file).map_err(Error::Checkpoint)?;
    let sizes = Sizes::of_parameters(&tensors, file).map_err(Error::Restore)?;
    let side = sizes.input.isqrt();
    let (rows, columns) = size.unwrap_or((side, side));
    if rows.checked_mul(columns) != Some(sizes.input) {
        let fact = match size {
            Some(_) => format!("{rows}×{columns} is not {}", sizes.input),
            None => format!("{} pixels are no square", sizes.input),
        };
        let fact = format!("{fact}; give the images' --size as ROWSxCOLUMNS");
        return Err(refused(file, fact));
    }
    let record = Record {
        model: sizes,
        rows,
        columns,
        training: TrainingRecord::of(&Settings::default()),
        epoch: 0,
        step: 0,
        train_images: 0,
        data: IMPORTED.into(),
        train_sha256: None,
        best: None,
        middle: None,
    };
    check_memory(&record, file)?;
    let names = sizes.parameters().map(|(name, _)| name);
    let tensors = tensors.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect();
    let checkpoint = Checkpoint { tensors, metadata: record.to_metadata()? };
    checkpoint.save(out).map_err(Error::Save)?;
    Ok(sizes)
}

/// Writes `OUT.encoder.onnx` and `OUT.decoder.onnx`, and returns them with what each is.
pub fn export_onnx(checkpoint: &Path, out: &Path) -> Result<Vec<(PathBuf, String)>> {
    let stored = Stored::open(checkpoint)?;
    let sizes = stored.record.model;
    let parameters: BTreeMap<&str, &Tensor> = parameters(&stored).into_iter().collect();
    let Sizes { input, latent, .. } = sizes;
    let files = [
        (
            "encoder",
            onnx::encoder(sizes, &parameters),
            format!(
                "images [batch, {input}] in [-1, 1] to mean and log_variance [batch, {latent}]"
            ),
        ),
        (
            "decoder",
            onnx::decoder(sizes, &parameters),
            format!("latents [batch, {latent}] to images [batch, {input}] in [-1, 1]"),
        ),
    ];
    let base = match out.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("onnx") => out.with_extension(""),
        _ => out.into(),
    };
    let mut written = Vec::new();
    for (part, bytes, what) in files {
        let mut name = base.clone().into_os_string();
        name.push(format!(".{part}.onnx"));
        let path = PathBuf::from(name);
        atomic::replace(&path, &bytes)?;
        written.push((path, what));
    }
    Ok(written)
}

/// Writes the parameters alone as safetensors, under PyTorch's names, and returns the file.
pub fn export_state_dict(checkpoint: &Path, out: &Path) -> Result<Vec<(PathBuf, String)>> {
    let stored = Stored::open(checkpoint)?;
    let tensors: BTreeMap<String, Tensor> = parameters(&stored)
        .into_iter()
        .map(|(name, tensor)| (name.to_string(), tensor.clone()))
        .collect();
    save_tensors(&tensors, out).map_err(Error::Save)?;
    let what = format!("{} tensors for PyTorch's load_state_dict", tensors.len());
    Ok(vec![(out.into(), what)])
}
