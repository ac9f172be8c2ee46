//! The stand-in finds what a GPU would leave to chance: a planted fault each.

#![allow(unsafe_code)]

mod device;

use std::ffi::{CString, c_void};

use cudarc::driver::{CudaContext, CudaStream, DevicePtr, DriverError, result};

/// What the planted kernels take.
#[repr(C)]
struct Values {
    values: u64,
    len: u64,
}

/// Runs a planted kernel on 64 values in two blocks of 64 threads; what the driver says of it.
fn run(kernel: &str) -> Result<(), String> {
    let context = CudaContext::new(0).unwrap();
    // SAFETY: there is one stream.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream().unwrap();
    let values = stream.clone_htod(&[0.5_f32; 64]).unwrap();
    let parameters = Values { values: values.device_ptr(&stream).0, len: 64 };
    launch(&stream, kernel, &parameters).map_err(|error| format!("{error:?}"))
}

fn launch(stream: &CudaStream, kernel: &str, parameters: &Values) -> Result<(), DriverError> {
    let text = format!(".visible .entry {kernel}(\n.param .align 8 .b8 {kernel}_param_0[16]\n)\0");
    // SAFETY: the stand-in reads text that ends with a zero.
    let module = unsafe { result::module::load_data(text.as_ptr().cast())? };
    let name = CString::new(kernel).unwrap();
    // SAFETY: the module is loaded and stays so.
    let function = unsafe { result::module::get_function(module, name)? };
    let mut pointers = [std::ptr::from_ref(parameters).cast::<c_void>().cast_mut()];
    let size = ((2, 1, 1), (64, 1, 1));
    // SAFETY: the kernel takes one structure of this layout; what it does beyond its values is the test.
    unsafe { result::launch_kernel(function, size.0, size.1, 0, stream.cu_stream(), &mut pointers) }
}

#[track_caller]
fn is_found(kernel: &str, words: &str) {
    if device::is_real() || !device::is_there() {
        return;
    }
    run("sound").unwrap();
    let said = run(kernel).unwrap_err();
    assert!(said.contains(words), "{kernel}: {said}");
    run("sound").unwrap();
}

#[test]
fn a_write_past_the_end_is_found() {
    is_found("past_the_end", "reaches for byte 256 of an allocation of 256");
}

#[test]
fn a_write_before_the_start_is_found() {
    is_found("before_the_start", "writes before an allocation");
}

#[test]
fn shared_memory_that_nobody_wrote_is_found() {
    is_found("unwritten", "shared memory that nobody wrote");
}

#[test]
fn a_missing_barrier_is_found() {
    is_found("race", "depends on the order of threads");
}

#[test]
fn two_blocks_that_write_one_value_are_found() {
    is_found("race_of_blocks", "depends on the order of threads");
}

#[test]
fn a_thread_that_leaves_before_a_barrier_is_found() {
    is_found("left_early", "thread 5 has left the kernel");
}

#[test]
fn two_barriers_for_two_halves_are_found() {
    is_found("two_barriers", "waits at faults.cu:");
}

#[test]
fn a_kernel_that_is_not_in_the_module_is_found() {
    if !device::is_real() && device::is_there() {
        assert!(run("no_such_kernel").unwrap_err().contains("NOT_FOUND"));
    }
}
