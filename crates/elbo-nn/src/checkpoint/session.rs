//! Tensors from a session to a checkpoint and back.

use std::{collections::BTreeMap, path::Path};

use elbo_tensor::{Data, DataMut, Run};

use super::Tensor;
use crate::{Error, NamedTensor, Result, adam::PREFIX};

/// Reads tensors out of a session, as a checkpoint keeps them. Waits for the device.
pub fn collect(
    run: &dyn Run,
    tensors: &[NamedTensor],
) -> elbo_tensor::Result<BTreeMap<String, Tensor>> {
    let mut collected = BTreeMap::new();
    for NamedTensor { name, id, shape } in tensors {
        let mut values = vec![0.0; shape.len()];
        run.read(*id, DataMut::F32(&mut values))?;
        collected.insert(name.clone(), Tensor { shape: shape.sizes().to_vec(), values });
    }
    Ok(collected)
}

/// Writes tensors into a session. `path` is where they come from, for messages.
///
/// Names and shapes must match one to one; they are all checked before the first value is written,
/// so a session is never left half restored by a checkpoint that does not fit. Only an optimizer's
/// state (`optimizer.…`) may be left over, and only where `tensors` asks for none of it: a model that
/// is not trained any further has no use for it.
pub fn restore(
    run: &mut dyn Run,
    tensors: &[NamedTensor],
    from: &BTreeMap<String, Tensor>,
    path: &Path,
) -> Result<()> {
    check_names(tensors, from, path)?;
    let mut matched = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        if let Some(stored) = from.get(&tensor.name) {
            check_shape(tensor, stored, path)?;
            check_place(run, tensor, path)?;
            matched.push((tensor.id, stored));
        }
    }
    for (id, stored) in matched {
        run.write(id, Data::F32(&stored.values))
            .map_err(|source| Error::Session { path: path.into(), source })?;
    }
    Ok(())
}

fn check_names(
    tensors: &[NamedTensor],
    from: &BTreeMap<String, Tensor>,
    path: &Path,
) -> Result<()> {
    let wanted = || tensors.iter().map(|tensor| &tensor.name);
    let missing: Vec<String> = wanted().filter(|name| !from.contains_key(*name)).cloned().collect();
    if !missing.is_empty() {
        return Err(Error::Missing { path: path.into(), names: missing });
    }
    let trained = wanted().any(|name| name.starts_with(PREFIX));
    let left_over = |name: &&String| {
        (trained || !name.starts_with(PREFIX)) && !wanted().any(|wanted| wanted == *name)
    };
    let names: Vec<String> = from.keys().filter(left_over).cloned().collect();
    if names.is_empty() { Ok(()) } else { Err(Error::Unexpected { path: path.into(), names }) }
}

fn check_shape(tensor: &NamedTensor, stored: &Tensor, path: &Path) -> Result<()> {
    let wanted = tensor.shape.sizes();
    if stored.shape != wanted {
        return Err(Error::Shape {
            path: path.into(),
            tensor: tensor.name.clone(),
            found: stored.shape.clone(),
            wanted: wanted.to_vec(),
        });
    }
    if stored.values.len() != tensor.shape.len() {
        let fact = format!("{} values do not fill a shape of {wanted:?}", stored.values.len());
        return Err(Error::Unstorable { path: path.into(), tensor: tensor.name.clone(), fact });
    }
    Ok(())
}

fn check_place(run: &dyn Run, tensor: &NamedTensor, path: &Path) -> Result<()> {
    match run.program().fixed(tensor.id) {
        Some(place) if place.shape == tensor.shape => Ok(()),
        _ => Err(Error::NoPlace { path: path.into(), tensor: tensor.name.clone() }),
    }
}
