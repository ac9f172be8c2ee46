//! A checkpoint to bytes, and bytes to a file that is there whole or not at all.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    path::Path,
};

use safetensors::{Dtype, View};
use serde_json::Value;

use super::{Checkpoint, FORMAT_VERSION, METADATA_KEY, Tensor, VERSION_KEY, read};
use crate::{Error, Result};

/// The name in a safetensors header that belongs to the metadata.
const RESERVED_NAME: &str = "__metadata__";

/// The file's bytes. The same content gives the same bytes.
pub(super) fn encode(checkpoint: &Checkpoint, path: &Path) -> Result<Vec<u8>> {
    let metadata = canonical(checkpoint, path)?;
    serialize(&checkpoint.tensors, (METADATA_KEY, metadata), path)
}

/// The bytes of a file that says no more than who can read it.
pub(super) fn encode_tensors(tensors: &BTreeMap<String, Tensor>, path: &Path) -> Result<Vec<u8>> {
    serialize(tensors, ("format", "pt".into()), path)
}

fn serialize(
    tensors: &BTreeMap<String, Tensor>,
    (key, text): (&str, String),
    path: &Path,
) -> Result<Vec<u8>> {
    for (name, tensor) in tensors {
        check(name, tensor, path)?;
    }
    // One key only: the crate writes several in a different order each time.
    let metadata = HashMap::from([(key.to_string(), text)]);
    let stored = tensors.iter().map(|(name, tensor)| (name, Stored(tensor)));
    safetensors::serialize(stored, Some(metadata)).map_err(|error| {
        let fact = format!("the header cannot be written ({error}); make the metadata smaller");
        Error::Metadata { path: path.into(), fact }
    })
}

fn check(name: &str, tensor: &Tensor, path: &Path) -> Result<()> {
    let refuse = |fact| Error::Unstorable { path: path.into(), tensor: name.to_string(), fact };
    if name == RESERVED_NAME {
        return Err(refuse("its name belongs to the header; give it another".into()));
    }
    let count = tensor.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    if count != Some(tensor.values.len()) {
        let (values, shape) = (tensor.values.len(), &tensor.shape);
        return Err(refuse(format!("{values} values do not fill a shape of {shape:?}")));
    }
    read::check_finite(name, &tensor.values, path)
}

/// The metadata with the format's version, on one line, keys in order at every level.
fn canonical(checkpoint: &Checkpoint, path: &Path) -> Result<String> {
    let refuse = |fact: String| Error::Metadata { path: path.into(), fact };
    let mut metadata = checkpoint.metadata.clone();
    let Some(object) = metadata.as_object_mut() else {
        return Err(refuse("the metadata to save is not a JSON object; make it one".into()));
    };
    if object.insert(VERSION_KEY.into(), Value::from(FORMAT_VERSION)).is_some() {
        let fact =
            format!("the metadata to save has a `{VERSION_KEY}`, which saving adds; leave it out");
        return Err(refuse(fact));
    }
    metadata.sort_all_objects();
    Ok(metadata.to_string())
}

/// A tensor as safetensors asks for it.
struct Stored<'a>(&'a Tensor);

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        self.0.values.len() * size_of::<f32>()
    }
}

/// Puts `bytes` at `path`: a temporary file beside it is written, brought to the disk and renamed.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Error::NoFolder { path: path.into(), folder: folder.into() });
    }
    elbo_file::replace(path, bytes)
        .map_err(|source| Error::Unwritable { path: path.into(), source })
}
