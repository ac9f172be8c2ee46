//! What computes: chosen by name, opened for a program.

use elbo_cpu::Cpu;
use elbo_tensor::{Program, Run, Session};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// More threads than any machine has cores; each takes memory.
const MOST_THREADS: usize = 1024;

/// The kinds of device that can be asked for, by the names that `--device` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The fastest there is. In this version that is the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
}

/// What is to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Which kind.
    pub kind: DeviceKind,
    /// Threads of the CPU, 0 for one on each core. Results do not depend on it.
    pub threads: usize,
}

impl Device {
    /// Refuses a device that cannot be had, without starting it.
    pub fn check(self) -> Result<()> {
        if self.threads > MOST_THREADS {
            let fact = format!("{} is too many; give at most {MOST_THREADS}", self.threads);
            return Err(Error::Setting { flag: "--threads", fact });
        }
        match self.kind {
            DeviceKind::Auto | DeviceKind::Cpu => Ok(()),
            DeviceKind::Cuda => Err(no_cuda()),
        }
    }

    /// Starts the device.
    pub(crate) fn open(self) -> Result<Opened> {
        self.check()?;
        Ok(Opened { cpu: Cpu::new(self.threads)? })
    }
}

/// This version has no kernels for CUDA; where there is a device, it is named, so that nobody looks
/// for a fault of the driver.
fn no_cuda() -> Error {
    let found = match elbo_cuda::probe() {
        Ok(devices) => {
            let names: Vec<String> = devices.iter().map(ToString::to_string).collect();
            format!(" (found: {})", names.join(", "))
        }
        Err(_) => String::new(),
    };
    let fact = format!("this version computes on the CPU only{found}; use --device cpu");
    Error::Device { device: "cuda", fact }
}

/// A device that is ready for a program.
pub(crate) struct Opened {
    cpu: Cpu,
}

impl Opened {
    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        describe(&self.cpu)
    }

    pub(crate) fn session(self, program: Program) -> elbo_tensor::Result<Box<dyn Run>> {
        Ok(Box::new(Session::new(self.cpu, program)?))
    }
}

/// A CPU in words: `cpu, 2 threads, AVX-512`.
pub(crate) fn describe(cpu: &Cpu) -> String {
    let threads = cpu.threads();
    let plural = if threads == 1 { "" } else { "s" };
    format!("cpu, {threads} thread{plural}, {}", cpu.level())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_says_how_many_threads_it_has() {
        let device = Device { kind: DeviceKind::Auto, threads: 1 };
        assert!(device.open().unwrap().describe().starts_with("cpu, 1 thread, "));
    }

    #[test]
    fn cuda_is_refused_with_a_way_out() {
        let device = Device { kind: DeviceKind::Cuda, threads: 0 };
        let message = device.check().unwrap_err().to_string();
        assert!(message.starts_with("cuda: this version computes on the CPU only"), "{message}");
        assert!(message.ends_with("; use --device cpu"), "{message}");
    }
}
