//! A device to test on: the stand-in driver, or with `ELBO_GPU` set the machine's own.

#![allow(unsafe_code, dead_code)]

use std::sync::Once;

use elbo_cuda::Cuda;

/// Whether there is a driver to test on. The first call loads it.
pub fn is_there() -> bool {
    static LOADED: Once = Once::new();
    if is_real() {
        return true;
    }
    let Some(library) = elbo_cuda_stand_in::library() else { return false };
    LOADED.call_once(|| {
        // SAFETY: the library's load-time code only fills a table of kernels.
        let loaded = unsafe { libloading::Library::new(library) };
        // Kept for good: cudarc finds it by its name as long as it is loaded.
        std::mem::forget(loaded.unwrap());
    });
    true
}

/// Whether the tests are to run on the machine's own device.
pub fn is_real() -> bool {
    std::env::var_os("ELBO_GPU").is_some()
}

/// A backend, if there is a driver to test on.
pub fn cuda() -> Option<Cuda> {
    is_there().then(|| Cuda::new(0).unwrap())
}

/// How many graphs this thread has launched, which only the stand-in counts.
pub fn graph_launches() -> Option<u32> {
    if is_real() {
        return None;
    }
    // SAFETY: as above; the function takes nothing and returns a count.
    unsafe {
        let library = libloading::Library::new(elbo_cuda_stand_in::library()?).ok()?;
        let count: libloading::Symbol<'_, extern "C" fn() -> u32> =
            library.get(b"stand_in_graph_launches").ok()?;
        Some(count())
    }
}
