//! What can compute on this machine.

use crate::{Device, Result};

/// A line a device: the processor, and the CUDA devices or why there is none to use.
pub fn devices() -> Result<Vec<String>> {
    let mut lines = vec![Device::default().open()?.describe()];
    match elbo_cuda::probe() {
        Ok(devices) => lines.extend(
            devices
                .iter()
                .map(|device| format!("{device} (found; this version computes on the CPU only)")),
        ),
        Err(error) => lines.push(error.to_string()),
    }
    Ok(lines)
}
