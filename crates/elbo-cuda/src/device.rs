//! Which CUDA devices there are, and whether they will do.

use std::fmt;

use crate::{Error, driver};

/// The oldest CUDA whose drivers read the kernels: PTX 8.0.
const OLDEST_DRIVER: Version = Version { major: 12, minor: 0 };
/// The oldest device that has the kernels' instructions: Ampere.
const OLDEST_DEVICE: Version = Version { major: 8, minor: 0 };

/// A version of CUDA, or a device's compute capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// What stands before the point.
    pub major: u32,
    /// What stands behind it.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A CUDA device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number, from 0.
    pub ordinal: usize,
    /// What its maker calls it.
    pub name: String,
    /// Its memory in bytes.
    pub memory: u64,
    /// Its compute capability: which instructions it has.
    pub capability: Version,
    /// The version of CUDA that its driver is for.
    pub driver: Version,
}

impl Device {
    /// Refuses a device that cannot run the kernels, or whose driver cannot read them.
    pub fn check(&self) -> Result<(), Error> {
        if self.driver < OLDEST_DRIVER {
            let (found, wanted) = (self.driver.to_string(), OLDEST_DRIVER.to_string());
            return Err(Error::OldDriver { found, wanted });
        }
        if self.capability < OLDEST_DEVICE {
            let (found, wanted) = (self.capability.to_string(), OLDEST_DEVICE.to_string());
            return Err(Error::OldDevice { name: self.name.clone(), found, wanted });
        }
        Ok(())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = self.memory as f64 / f64::from(1 << 30);
        write!(f, "cuda {}: {}, {gib:.0} GiB", self.ordinal, self.name)
    }
}

/// The CUDA devices of this machine, at least one, whether they will do or not.
pub fn probe() -> Result<Vec<Device>, Error> {
    if !driver::is_present() {
        return Err(Error::NoDriver);
    }
    let devices = driver::devices().map_err(|answer| Error::Driver { answer })?;
    if devices.is_empty() { Err(Error::NoDevice) } else { Ok(devices) }
}

/// The device of a number, found fit.
pub(crate) fn usable(ordinal: usize) -> Result<Device, Error> {
    let devices = probe()?;
    let count = devices.len();
    let device = devices.into_iter().nth(ordinal).ok_or(Error::Ordinal { ordinal, count })?;
    device.check()?;
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(capability: (u32, u32), driver: (u32, u32)) -> Device {
        let version = |(major, minor)| Version { major, minor };
        Device {
            ordinal: 0,
            name: "NVIDIA H200".into(),
            memory: 141 << 30,
            capability: version(capability),
            driver: version(driver),
        }
    }

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
        assert_eq!(device((9, 0), (13, 0)).to_string(), "cuda 0: NVIDIA H200, 141 GiB");
    }

    #[test]
    fn old_drivers_and_old_devices_are_refused_with_both_versions() {
        device((8, 0), (12, 0)).check().unwrap();
        device((12, 0), (13, 1)).check().unwrap();
        let old = device((9, 0), (11, 8)).check().unwrap_err().to_string();
        assert!(old.contains("for CUDA 11.8, elbo needs 12.0"), "{old}");
        let old = device((7, 5), (12, 4)).check().unwrap_err().to_string();
        assert!(old.contains("NVIDIA H200 has compute capability 7.5, elbo needs 8.0"), "{old}");
    }
}
