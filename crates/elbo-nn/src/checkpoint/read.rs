//! A file to tensors and metadata, every announcement checked before it is believed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use safetensors::{Dtype, SafeTensors, tensor::Metadata};
use serde_json::Value;

use super::{FORMAT_VERSION, METADATA_KEY, Tensor, VERSION_KEY};
use crate::{Error, Result};

/// Bytes that say how long the header is.
const LENGTH_BYTES: u64 = 8;

/// The longest header that safetensors allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// A file's bytes, as many as its header announces, and the header.
pub(super) struct Whole {
    bytes: Vec<u8>,
    header: Metadata,
}

/// Reads a file whose header is sound and announces exactly the bytes that are there.
pub(super) fn file(path: &Path) -> Result<Whole> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let about = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NoFile { path: path.into() },
        _ => unreadable(source),
    })?;
    if !about.is_file() {
        return Err(Error::NotAFile { path: path.into() });
    }
    whole(File::open(path).map_err(unreadable)?, about.len(), path)
}

/// Reads `there` bytes, and no more of them than their header announces.
pub(super) fn whole(mut file: impl Read, there: u64, path: &Path) -> Result<Whole> {
    let mut bytes = Vec::new();
    let mut read_on = |bytes: &mut Vec<u8>, until: u64| {
        let rest = until.saturating_sub(bytes.len() as u64);
        reserve(bytes, rest, path)?;
        let read = (&mut file).take(rest).read_to_end(bytes);
        read.map_err(|source| Error::Unreadable { path: path.into(), source })
    };

    read_on(&mut bytes, LENGTH_BYTES)?;
    let header_end = header_end(&bytes, there, path)?;
    read_on(&mut bytes, header_end)?;
    let header = header(&bytes, path)?;
    let announced = header_end.saturating_add(header.data_len() as u64);
    if announced != there {
        return Err(Error::Size { path: path.into(), announced, there });
    }
    read_on(&mut bytes, announced)?;
    if bytes.len() as u64 != announced {
        return Err(Error::Size { path: path.into(), announced, there: bytes.len() as u64 });
    }
    Ok(Whole { bytes, header })
}

/// Makes room before anything is read: what does not fit is an error rather than the end of the program.
fn reserve(bytes: &mut Vec<u8>, more: u64, path: &Path) -> Result<()> {
    let no_memory = || Error::NoMemory { path: path.into(), bytes: more };
    let room = usize::try_from(more).map_err(|_| no_memory())?;
    bytes.try_reserve_exact(room).map_err(|_| no_memory())
}

/// Where the header ends, by the file's first bytes.
fn header_end(start: &[u8], there: u64, path: &Path) -> Result<u64> {
    if start.is_empty() {
        return Err(Error::Empty { path: path.into() });
    }
    let not_safetensors = |fact| Error::NotSafetensors { path: path.into(), fact };
    let Ok(length) = start.try_into().map(u64::from_le_bytes) else {
        return Err(not_safetensors(format!("{} bytes in all", start.len())));
    };
    if length > LONGEST_HEADER {
        return Err(not_safetensors("it does not begin with a header's length".into()));
    }
    let announced = LENGTH_BYTES + length;
    if announced > there {
        return Err(Error::Size { path: path.into(), announced, there });
    }
    Ok(announced)
}

fn header(start: &[u8], path: &Path) -> Result<Metadata> {
    let json = start.get(LENGTH_BYTES as usize..).unwrap_or_default();
    if json.first() != Some(&b'{') {
        let fact = "its header is no JSON object".into();
        return Err(Error::NotSafetensors { path: path.into(), fact });
    }
    serde_json::from_slice(json)
        .map_err(|error| Error::Damaged { path: path.into(), fact: error.to_string() })
}

/// All tensors, their types and values checked.
pub(super) fn tensors(file: &Whole, path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let stored = SafeTensors::deserialize(&file.bytes)
        .map_err(|error| Error::Damaged { path: path.into(), fact: error.to_string() })?;
    let mut tensors = BTreeMap::new();
    for name in file.header.offset_keys() {
        let view = stored
            .tensor(&name)
            .map_err(|error| Error::Damaged { path: path.into(), fact: error.to_string() })?;
        if view.dtype() != Dtype::F32 {
            let dtype = view.dtype().to_string();
            return Err(Error::Dtype { path: path.into(), tensor: name, dtype });
        }
        let (quadruples, _) = view.data().as_chunks();
        let values: Vec<f32> = quadruples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        check_finite(&name, &values, path)?;
        tensors.insert(name, Tensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}

/// Refuses values that are infinite or not a number.
pub(super) fn check_finite(name: &str, values: &[f32], path: &Path) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(Error::NotFinite {
            path: path.into(),
            tensor: name.to_string(),
            position,
            value: values[position],
        }),
    }
}

/// The metadata of a file that this crate has written, without the format's version.
pub(super) fn metadata(file: &Whole, path: &Path) -> Result<Value> {
    let text = file.header.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY));
    let Some(text) = text else {
        return Err(Error::NoMetadata { path: path.into(), key: METADATA_KEY });
    };
    let refuse = |fact: String| Error::Metadata { path: path.into(), fact };
    let mut metadata: Value = serde_json::from_str(text).map_err(|error| {
        refuse(format!("its metadata are no JSON ({error}); use another checkpoint"))
    })?;
    let Some(object) = metadata.as_object_mut() else {
        return Err(refuse("its metadata are no JSON object; use another checkpoint".into()));
    };
    match object.remove(VERSION_KEY).as_ref().map(Value::as_u64) {
        Some(Some(FORMAT_VERSION)) => Ok(metadata),
        Some(Some(version)) if version > FORMAT_VERSION => {
            Err(Error::Version { path: path.into(), version, known: FORMAT_VERSION })
        }
        _ => Err(refuse(format!(
            "its metadata have no `{VERSION_KEY}` from 1 to {FORMAT_VERSION}; use another checkpoint"
        ))),
    }
}
