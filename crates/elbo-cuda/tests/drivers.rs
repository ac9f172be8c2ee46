//! Drivers that are not all alike: one that wants PTX, one whose device breaks in the middle. In a process of its own, as
//! environment variables say what the stand-in is, and a broken device stays broken.

#![allow(unsafe_code)]

mod device;
mod model;

use elbo_cuda::Cuda;
use elbo_tensor::Run;

/// The parameters after two steps.
fn trained(cuda: Cuda) -> elbo_tensor::Result<Vec<Vec<f32>>> {
    let (mut session, entries) = model::session(cuda, &model::config(6, 2));
    let train = session.program().find("train").unwrap();
    session.run(train, 1)?;
    session.run(train, 1)?;
    entries.parameters.iter().map(|parameter| session.read_f32(parameter.id)).collect()
}

fn set(name: &str, value: &str) {
    // SAFETY: this process has one test, so no other thread reads the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

#[test]
fn drivers_that_are_not_alike() {
    if device::is_real() {
        return;
    }
    set("STAND_IN_BREAKS_AT", "7");
    let Some(hopper) = device::cuda() else { return };
    let code = trained(hopper).unwrap();

    // Code for one kind of device is shipped, and for all others text that their driver compiles: the same kernels.
    set("STAND_IN_CAPABILITY", "80");
    assert_eq!(trained(device::cuda().unwrap()).unwrap(), code);
    set("STAND_IN_CAPABILITY", "90");
    set("STAND_IN_NO_CODE", "1");
    assert_eq!(trained(device::cuda().unwrap()).unwrap(), code);

    // The seventh launch goes astray. The call itself cannot know; who reads is told, and so is who comes later. Leaving
    // is no matter.
    let (cuda, other) = (device::cuda().unwrap(), device::cuda().unwrap());
    let message = trained(cuda).unwrap_err().to_string();
    assert!(message.contains("the driver answers `CUDA_ERROR_ILLEGAL_ADDRESS"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    let message = other.wait().unwrap_err().to_string();
    assert!(message.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), "{message}");
}
