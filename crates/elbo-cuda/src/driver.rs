//! The driver: devices, modules, launches. A room with `unsafe`: each call leaves Rust.

#![allow(unsafe_code)]

use std::{
    ffi::{CStr, CString, c_void},
    marker::PhantomData,
    sync::Arc,
};

use cudarc::driver::{
    CudaContext, CudaStream, DriverError, result,
    sys::{self, CUdevice_attribute as Attribute},
};

use crate::{Device, Error, device::Version};

/// Whether there is a driver library to ask. Without one, every other call of cudarc panics.
pub(crate) fn is_present() -> bool {
    // SAFETY: loads the driver library and drops it again. The NVIDIA driver's load-time code has no
    // preconditions; that the file found under its name is that library is the system's promise.
    unsafe { sys::is_culib_present() }
}

/// All devices, in the driver's order, or what the driver answers instead.
pub(crate) fn devices() -> Result<Vec<Device>, String> {
    if let Err(error) = result::init() {
        return if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE {
            Ok(Vec::new())
        } else {
            Err(answer(error))
        };
    }
    let driver = version().map_err(answer)?;
    let count = result::device::get_count().map_err(answer)?;
    (0..count).map(|ordinal| device(ordinal, driver).map_err(answer)).collect()
}

fn version() -> Result<Version, DriverError> {
    let mut number = 0;
    // SAFETY: the driver writes a number to the place that it is given.
    unsafe { sys::cuDriverGetVersion(&raw mut number).result()? };
    Ok(Version { major: number.unsigned_abs() / 1000, minor: number.unsigned_abs() % 1000 / 10 })
}

fn device(ordinal: i32, driver: Version) -> Result<Device, DriverError> {
    let handle = result::device::get(ordinal)?;
    let name = result::device::get_name(handle)?;
    // SAFETY: `handle` is a device that the initialized driver has just given out.
    let memory = unsafe { result::device::total_mem(handle)? };
    let attribute = |attribute| {
        // SAFETY: as above.
        unsafe { result::device::get_attribute(handle, attribute) }.map(i32::unsigned_abs)
    };
    let capability = Version {
        major: attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        minor: attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
    };
    let ordinal = usize::try_from(ordinal).unwrap_or(0);
    Ok(Device { ordinal, name, memory: memory as u64, capability, driver })
}

/// What the driver says of an error, in one line.
pub(crate) fn answer(error: DriverError) -> String {
    let name = format!("{:?}", error.0);
    match error.error_string().map(CStr::to_string_lossy) {
        Ok(words) if words != name => format!("{name}, {words}"),
        _ => name,
    }
}

/// What a kernel takes: one structure of numbers and device addresses, `repr(C)`, laid out as in its source.
pub(crate) trait Parameters: Copy {}

/// A kernel on the device and how many threads its blocks have.
#[derive(Debug)]
pub(crate) struct Kernel<P> {
    name: &'static str,
    function: sys::CUfunction,
    threads: u32,
    takes: PhantomData<fn(P)>,
}

impl<P> Kernel<P> {
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn function(&self) -> sys::CUfunction {
        self.function
    }

    pub(crate) const fn threads(&self) -> u32 {
        self.threads
    }
}

/// The devices whose code is shipped: compute capability 9.0.
const HOPPER: u32 = 9;

/// Kernels that belong together, as they are shipped.
pub(crate) struct Image {
    /// For every device, and a zero at its end.
    pub(crate) ptx: &'static str,
    /// For compute capability 9.0.
    pub(crate) code: &'static Code<[u8]>,
}

/// Code for a device, where the driver likes to read it.
#[repr(C, align(16))]
pub(crate) struct Code<T: ?Sized>(pub(crate) T);

/// Kernels that were loaded together.
#[derive(Debug)]
pub(crate) struct Module {
    handle: sys::CUmodule,
    text: &'static str,
    context: Arc<CudaContext>,
}

impl Drop for Module {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: loaded by `Driver::load` and unloaded here only. Its kernels are kept beside it and
            // die with it; work that runs has been waited for, since `Driver` waits when it is dropped.
            let _ = unsafe { result::module::unload(self.handle) };
        }
    }
}

impl Module {
    /// A kernel by its name, if its source announces parameters of the size of `P`.
    pub(crate) fn kernel<P: Parameters>(
        &self,
        name: &'static str,
        threads: u32,
    ) -> Result<Kernel<P>, Error> {
        let refuse = |fact: String| Error::Kernel { kernel: name, fact };
        // With the space before it: `product` is the end of `adam_product`.
        let announced = format!(" {name}_param_0[{}]", size_of::<P>());
        if !self.text.contains(&announced) {
            return Err(refuse(format!("its parameters are not {} bytes", size_of::<P>())));
        }
        let text = CString::new(name).map_err(|error| refuse(error.to_string()))?;
        // SAFETY: the module is loaded, and unloaded only when it is dropped.
        let function = unsafe { result::module::get_function(self.handle, text) };
        let function = function.map_err(|error| refuse(answer(error)))?;
        Ok(Kernel { name, function, threads, takes: PhantomData })
    }
}

/// A device and the one stream that everything on it goes through, in order.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) stream: Arc<CudaStream>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.stream.synchronize();
    }
}

impl Driver {
    pub(crate) fn open(ordinal: usize) -> Result<Self, DriverError> {
        let context = CudaContext::new(ordinal)?;
        // SAFETY: events order the work of several streams, and there is one.
        unsafe { context.disable_event_tracking() };
        Ok(Self { stream: context.new_stream()? })
    }

    /// Loads a module: the code that was made for the device if it will have it, else its PTX, which the driver compiles.
    pub(crate) fn load(&self, image: &Image, capability: Version) -> Result<Module, DriverError> {
        let context = self.stream.context();
        context.bind_to_thread()?;
        let made_for = capability.major == HOPPER;
        // SAFETY: the image is a whole file of code, as the driver wants it.
        let code =
            made_for.then(|| unsafe { result::module::load_data(image.code.0.as_ptr().cast()) });
        let handle = match code {
            Some(Ok(handle)) => handle,
            _ => {
                let Ok(text) = CStr::from_bytes_with_nul(image.ptx.as_bytes()) else {
                    return Err(DriverError(sys::CUresult::CUDA_ERROR_INVALID_IMAGE));
                };
                // SAFETY: the image is text that ends with a zero, as the driver wants PTX.
                unsafe { result::module::load_data(text.as_ptr().cast())? }
            }
        };
        Ok(Module { handle, text: image.ptx, context: Arc::clone(context) })
    }

    /// Gives a kernel to the stream: `grid[0]` × `grid[1]` blocks.
    ///
    /// # Safety
    /// `P` is laid out as the kernel's source says. Every address in `parameters` is that of device memory as
    /// large as the kernel takes it to be, which lives until the stream has got past the launch.
    pub(crate) unsafe fn launch<P: Parameters>(
        &self,
        kernel: &Kernel<P>,
        grid: [u32; 2],
        parameters: &P,
    ) -> Result<(), Error> {
        let failed = |error| Error::Launch { op: kernel.name, answer: answer(error) };
        self.stream.context().bind_to_thread().map_err(failed)?;
        let mut pointers = [std::ptr::from_ref(parameters).cast::<c_void>().cast_mut()];
        let (grid, block) = ((grid[0], grid[1], 1), (kernel.threads, 1, 1));
        let stream = self.stream.cu_stream();
        // SAFETY: the function lives as long as `kernel`; it takes one structure of the size of `P`, as
        // `Module::kernel` has found, which the driver copies; the caller vouches for what it points to.
        unsafe { result::launch_kernel(kernel.function, grid, block, 0, stream, &mut pointers) }
            .map_err(failed)
    }
}
