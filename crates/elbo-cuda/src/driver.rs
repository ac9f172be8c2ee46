//! Questions to the driver. The only room with `unsafe`: every call leaves Rust.

#![allow(unsafe_code)]

use cudarc::driver::{DriverError, result, sys};

use crate::Device;

/// Whether there is a driver library to ask. Without one, every other call of cudarc panics.
pub(crate) fn is_present() -> bool {
    // SAFETY: loads the driver library and drops it again. The NVIDIA driver's load-time code has no
    // preconditions; that the file found under its name is that library is the system's promise.
    unsafe { sys::is_culib_present() }
}

/// All devices, in the driver's order, or what the driver answers instead.
pub(crate) fn devices() -> Result<Vec<Device>, String> {
    let answer = |error: DriverError| format!("{:?}", error.0);
    if let Err(error) = result::init() {
        return if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE {
            Ok(Vec::new())
        } else {
            Err(answer(error))
        };
    }
    let count = result::device::get_count().map_err(answer)?;
    (0..count).map(|ordinal| device(ordinal).map_err(answer)).collect()
}

fn device(ordinal: i32) -> Result<Device, DriverError> {
    let handle = result::device::get(ordinal)?;
    let name = result::device::get_name(handle)?;
    // SAFETY: `handle` is a device that the initialized driver has just given out.
    let memory = unsafe { result::device::total_mem(handle)? };
    Ok(Device { ordinal: usize::try_from(ordinal).unwrap_or(0), name, memory: memory as u64 })
}
