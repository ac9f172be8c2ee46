#![doc = include_str!("../README.md")]

mod driver;

use std::fmt;

/// A CUDA device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number, from 0.
    pub ordinal: usize,
    /// What its maker calls it.
    pub name: String,
    /// Its memory in bytes.
    pub memory: u64,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = self.memory as f64 / f64::from(1 << 30);
        write!(f, "cuda {}: {}, {gib:.0} GiB", self.ordinal, self.name)
    }
}

/// Why there is no CUDA device to use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No driver library.
    #[error("cuda: no driver found (libcuda.so.1); install the NVIDIA driver or use --device cpu")]
    NoDriver,
    /// A driver that does not start, or a device that does not answer.
    #[error("cuda: the driver answers `{answer}`; check it with nvidia-smi or use --device cpu")]
    Driver {
        /// What the driver said.
        answer: String,
    },
    /// A driver without a device.
    #[error("cuda: the driver finds no device; check with nvidia-smi or use --device cpu")]
    NoDevice,
}

/// The CUDA devices of this machine, at least one.
pub fn probe() -> Result<Vec<Device>, Error> {
    if !driver::is_present() {
        return Err(Error::NoDriver);
    }
    let devices = driver::devices().map_err(|answer| Error::Driver { answer })?;
    if devices.is_empty() { Err(Error::NoDevice) } else { Ok(devices) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_finds_devices_or_says_in_one_line_what_to_do() {
        match probe() {
            Ok(devices) => assert!(devices.iter().all(|device| !device.name.is_empty())),
            Err(error) => {
                let line = error.to_string();
                assert!(line.starts_with("cuda: ") && line.contains("--device cpu"), "{line}");
                assert_eq!(line.lines().count(), 1);
            }
        }
    }

    #[test]
    fn a_device_is_shown_with_its_memory() {
        let device = Device { ordinal: 0, name: "NVIDIA H200".into(), memory: 141 << 30 };
        assert_eq!(device.to_string(), "cuda 0: NVIDIA H200, 141 GiB");
    }
}
