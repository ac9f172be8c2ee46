//! What computes: chosen by name, opened for a program.

use elbo_cpu::{Cpu, Level};
use elbo_tensor::{Program, Run, Session};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// More threads than any machine has cores; each takes memory.
const MOST_THREADS: usize = 1024;

/// The environment variable that says which vector instructions the CPU is to use.
pub const LEVEL_VARIABLE: &str = "ELBO_CPU_LEVEL";

/// The kinds of device that can be asked for, by the names that `--device` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The fastest there is: an NVIDIA GPU, else the processor.
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
    /// Whether a GPU may round to 11 bits what it multiplies.
    pub tf32: bool,
    /// The vector instructions that the CPU must use; none for the widest that it has. Results differ
    /// between two of them by rounding.
    pub level: Option<Level>,
}

impl Device {
    /// Refuses a device that cannot be had, without starting it.
    pub fn check(self) -> Result<()> {
        if self.threads > MOST_THREADS {
            let fact = format!("{} is too many; give at most {MOST_THREADS}", self.threads);
            return Err(Error::Setting { flag: "--threads", fact });
        }
        if let Some(level) = self.level.filter(|level| !level.is_there()) {
            let fact = format!(
                "this machine has not what {} asks for, {level}; give {}, or leave it out",
                name(level),
                levels().join(" or ")
            );
            return Err(Error::Setting { flag: "--cpu-level", fact });
        }
        match self.kind {
            DeviceKind::Cpu if self.tf32 => {
                let fact =
                    "is for tensor cores, which a CPU has not; give --device cuda, or leave it out";
                Err(Error::Setting { flag: "--tf32", fact: fact.into() })
            }
            DeviceKind::Auto | DeviceKind::Cpu => Ok(()),
            DeviceKind::Cuda => cuda::check(),
        }
    }

    /// Starts the device.
    pub(crate) fn open(self) -> Result<Opened> {
        self.check()?;
        match self.kind {
            DeviceKind::Cpu => self.open_cpu(None),
            DeviceKind::Cuda => Ok(Opened { what: What::Cuda(cuda::open(self.tf32)?), why: None }),
            DeviceKind::Auto => match cuda::open(self.tf32) {
                Ok(cuda) => Ok(Opened { what: What::Cuda(cuda), why: None }),
                Err(error) => self.open_cpu(Some(reason(&error.to_string()))),
            },
        }
    }

    fn open_cpu(self, why: Option<String>) -> Result<Opened> {
        let cpu = Cpu::with_level(self.threads, self.level.unwrap_or(Level::Avx512))?;
        Ok(Opened { what: What::Cpu(cpu), why })
    }
}

/// What an error says has happened, without its subject and without what to do.
fn reason(message: &str) -> String {
    let fact = message.strip_prefix("cuda: ").unwrap_or(message);
    fact.split_once("; ").map_or(fact, |(fact, _)| fact).into()
}

/// A device that is ready for a program.
pub(crate) struct Opened {
    what: What,
    /// Why it is not the one that would have been faster.
    why: Option<String>,
}

enum What {
    Cpu(Cpu),
    Cuda(cuda::Cuda),
}

impl Opened {
    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        match &self.what {
            What::Cpu(cpu) => describe(cpu),
            What::Cuda(cuda) => cuda::describe(cuda),
        }
    }

    /// Why it is no GPU, where a GPU would have been taken.
    pub(crate) fn fallback(&self) -> Option<String> {
        self.why.clone()
    }

    /// Bytes that it has for itself, if it does not use the machine's.
    pub(crate) fn memory(&self) -> Option<u64> {
        match &self.what {
            What::Cpu(_) => None,
            What::Cuda(cuda) => Some(cuda::memory(cuda)),
        }
    }

    pub(crate) fn session(self, program: Program) -> elbo_tensor::Result<Box<dyn Run>> {
        Ok(match self.what {
            What::Cpu(cpu) => Box::new(Session::new(cpu, program)?),
            What::Cuda(cuda) => cuda::session(cuda, program)?,
        })
    }
}

/// A line for each device of this machine: the processor, and the GPUs or why there is none to use.
pub fn devices() -> Result<Vec<String>> {
    let cpu = Device { kind: DeviceKind::Cpu, ..Device::default() }.open()?.describe();
    let cpu = format!("{cpu}; --cpu-level or {LEVEL_VARIABLE} may ask for {}", levels().join(", "));
    Ok(std::iter::once(cpu).chain(cuda::list()).collect())
}

/// The levels of this machine, as `--cpu-level` takes them.
fn levels() -> Vec<&'static str> {
    Level::ALL.into_iter().filter(|level| level.is_there()).map(name).collect()
}

/// What `--cpu-level` calls a level.
const fn name(level: Level) -> &'static str {
    match level {
        Level::Neon => "neon",
        Level::Avx2 => "avx2",
        Level::Avx512 => "avx512",
        _ => "plain",
    }
}

/// A CPU in words: `cpu, 2 threads, AVX-512`.
pub(crate) fn describe(cpu: &Cpu) -> String {
    let threads = cpu.threads();
    let plural = if threads == 1 { "" } else { "s" };
    format!("cpu, {threads} thread{plural}, {}", cpu.level())
}

/// The first NVIDIA GPU.
#[cfg(feature = "cuda")]
mod cuda {
    use elbo_cuda::{Precision, probe};
    use elbo_tensor::{Program, Run, Session};

    use crate::Result;

    pub(super) use elbo_cuda::Cuda;

    pub(super) fn check() -> Result<()> {
        Ok(probe()?.first().map_or(Ok(()), elbo_cuda::Device::check)?)
    }

    pub(super) fn open(tf32: bool) -> Result<Cuda> {
        let precision = if tf32 { Precision::Tf32 } else { Precision::default() };
        Ok(Cuda::new(0)?.with_precision(precision))
    }

    /// A line for each of them, or why there is none to use.
    pub(super) fn list() -> Vec<String> {
        match probe() {
            Ok(devices) => devices.iter().map(line).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    /// What a device is, and why it will not do if that is so.
    fn line(device: &elbo_cuda::Device) -> String {
        match device.check() {
            Ok(()) => device.to_string(),
            Err(error) => format!("{device}, not to use: {}", super::reason(&error.to_string())),
        }
    }

    /// `cuda 0: NVIDIA H200, 141 GiB`.
    pub(super) fn describe(cuda: &Cuda) -> String {
        let tf32 = if cuda.precision() == Precision::Tf32 { ", TF32" } else { "" };
        format!("{}{tf32}", cuda.device())
    }

    pub(super) fn memory(cuda: &Cuda) -> u64 {
        cuda.device().memory
    }

    pub(super) fn session(cuda: Cuda, program: Program) -> elbo_tensor::Result<Box<dyn Run>> {
        Ok(Box::new(Session::new(cuda, program)?))
    }
}

/// A build without CUDA: there is no such device, so nothing can be done with one.
#[cfg(not(feature = "cuda"))]
mod cuda {
    use elbo_tensor::{Program, Run};

    use crate::{Error, Result};

    pub(super) enum Cuda {}

    pub(super) fn check() -> Result<()> {
        open(false).map(|_| ())
    }

    pub(super) fn open(_: bool) -> Result<Cuda> {
        let fact =
            "this elbo was built without it; use --device cpu, or build with --features cuda";
        Err(Error::Device { device: "cuda", fact: fact.into() })
    }

    pub(super) fn list() -> Vec<String> {
        open(false).err().iter().map(ToString::to_string).collect()
    }

    pub(super) fn describe(cuda: &Cuda) -> String {
        match *cuda {}
    }

    pub(super) fn memory(cuda: &Cuda) -> u64 {
        match *cuda {}
    }

    pub(super) fn session(cuda: Cuda, _: Program) -> elbo_tensor::Result<Box<dyn Run>> {
        match cuda {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_says_how_many_threads_it_has() {
        let device = Device { kind: DeviceKind::Cpu, threads: 1, ..Device::default() };
        let opened = device.open().unwrap();
        assert!(opened.describe().starts_with("cpu, 1 thread, "));
        assert_eq!(opened.fallback(), None);
    }

    #[test]
    fn auto_is_a_gpu_or_says_why_not() {
        let opened = Device::default().open().unwrap();
        let cpu = opened.describe().starts_with("cpu, ");
        assert_eq!(cpu, opened.fallback().is_some());
    }

    #[test]
    fn a_reason_has_neither_subject_nor_advice() {
        let message = "cuda: no driver found (libcuda.so.1); install the NVIDIA driver";
        assert_eq!(reason(message), "no driver found (libcuda.so.1)");
        assert_eq!(reason("nothing"), "nothing");
    }

    #[test]
    fn the_cpu_uses_the_vectors_that_were_asked_for_or_says_which_there_are() {
        for level in Level::ALL {
            let device = Device { kind: DeviceKind::Cpu, level: Some(level), ..Device::default() };
            match device.open() {
                Ok(opened) => assert!(opened.describe().ends_with(&format!(", {level}"))),
                Err(error) => {
                    let message = error.to_string();
                    assert!(message.starts_with("--cpu-level: this machine has not"), "{message}");
                    assert!(message.contains("give plain"), "{message}");
                }
            }
        }
    }

    #[test]
    fn tensor_cores_are_not_asked_of_a_cpu() {
        let device = Device { kind: DeviceKind::Cpu, tf32: true, ..Device::default() };
        let message = device.check().unwrap_err().to_string();
        assert!(message.starts_with("--tf32: is for tensor cores"), "{message}");
    }
}
