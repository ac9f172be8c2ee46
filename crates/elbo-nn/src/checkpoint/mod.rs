//! What a training leaves on disk so that it can go on, or be looked at, later.
//!
//! A checkpoint is a safetensors file: parameters under the names and in the layout of PyTorch's
//! `state_dict`, so that `safetensors.torch.load_file` reads it, an optimizer's moments under
//! `optimizer.exp_avg.NAME` and `optimizer.exp_avg_sq.NAME`, and all that is not a tensor as one
//! line of JSON in the header's metadata.
//!
//! A file is there whole or not at all, the same content gives the same bytes, and nothing in a file
//! is believed before it is checked.

mod read;
mod session;
mod write;

use std::{collections::BTreeMap, path::Path};

pub use session::{collect, restore};

use crate::Result;

/// The key of the file's metadata under which ours stands, as JSON.
pub const METADATA_KEY: &str = "elbo";

/// The version of the format that is written and read.
pub const FORMAT_VERSION: u64 = 1;

/// Where the metadata says which version of the format it is.
const VERSION_KEY: &str = "format_version";

/// Values with their shape, as a file holds them.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes, outermost dimension first. Empty for PyTorch's scalars.
    pub shape: Vec<usize>,
    /// The values, row by row.
    pub values: Vec<f32>,
}

/// Named tensors and what else is to be known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// A JSON object. `format_version` is added when saving and taken out when loading.
    pub metadata: serde_json::Value,
}

/// Writes tensors as PyTorch's `safetensors.torch.load_file` reads them, without metadata of ours, whole
/// or not at all. The folder must exist; values that are not finite are refused.
pub fn save_tensors(tensors: &BTreeMap<String, Tensor>, path: &Path) -> Result<()> {
    write::replace(path, &write::encode_tensors(tensors, path)?)
}

impl Checkpoint {
    /// Writes the checkpoint, whole or not at all: a file that stands there is replaced only once the
    /// new one is complete and on the disk. The folder must exist.
    ///
    /// Values that are not finite are refused, so the last sound checkpoint stays.
    pub fn save(&self, path: &Path) -> Result<()> {
        write::replace(path, &self.encode(path)?)
    }

    /// Reads a checkpoint that [`Checkpoint::save`] has written.
    ///
    /// All of it is checked first: size, header, types, values, metadata and format version. Takes
    /// no more memory than a few times the file's real size, whatever its header announces.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of(&read::file(path)?, path)
    }

    /// Reads the bytes of a checkpoint, checked in the same way. `path` is what messages call them.
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        Self::of(&read::whole(bytes, bytes.len() as u64, path)?, path)
    }

    /// The bytes that [`Checkpoint::save`] writes. `path` is what messages call them.
    pub fn encode(&self, path: &Path) -> Result<Vec<u8>> {
        write::encode(self, path)
    }

    fn of(file: &read::Whole, path: &Path) -> Result<Self> {
        let metadata = read::metadata(file, path)?;
        Ok(Self { tensors: read::tensors(file, path)?, metadata })
    }

    /// Reads the tensors of any safetensors file, its metadata unread: one that PyTorch has written.
    pub fn load_tensors(path: &Path) -> Result<BTreeMap<String, Tensor>> {
        read::tensors(&read::file(path)?, path)
    }
}
