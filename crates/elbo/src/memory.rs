//! Whether a model fits into the machine, asked before anything is allocated.

use std::fs;

use elbo_tensor::Program;

use crate::{Error, Result, Settings};

const GIB: f64 = (1_u64 << 30) as f64;

/// Refuses a program whose buffers alone take more than the machine has.
pub(crate) fn check(program: &Program, settings: &Settings) -> Result<()> {
    check_bytes(bytes(program), physical(), settings)
}

/// The same for a device with so many bytes of its own; where it has none, the machine's count.
pub(crate) fn check_on(device: Option<u64>, program: &Program, settings: &Settings) -> Result<()> {
    check_bytes(bytes(program), device.or_else(physical), settings)
}

/// What all buffers of a program take.
fn bytes(program: &Program) -> u64 {
    let slots = program.slots().iter();
    let bytes = slots.map(|slot| (slot.len as u64).saturating_mul(slot.dtype.bytes() as u64));
    bytes.fold(0, u64::saturating_add)
}

fn check_bytes(needed: u64, there: Option<u64>, settings: &Settings) -> Result<()> {
    // What no machine says of itself is at most what can be addressed.
    let there = there.unwrap_or(isize::MAX as u64);
    if needed <= there {
        return Ok(());
    }
    let Settings { batch_size, hidden, .. } = settings;
    let fact = format!(
        "a training with --batch-size {batch_size} and --hidden {hidden} needs {:.1} GiB of memory, \
         there are {:.1} GiB; give a smaller --batch-size or --hidden",
        needed as f64 / GIB,
        there as f64 / GIB
    );
    // The larger of the two is the likelier mistake.
    let flag = if batch_size > hidden { "--batch-size" } else { "--hidden" };
    Err(Error::Setting { flag, fact })
}

/// Bytes of memory in the machine, where Linux tells.
fn physical() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use elbo_vae::Entries;

    use super::*;

    #[test]
    fn what_does_not_fit_is_said_in_gib_with_what_to_lower() {
        let settings = Settings { batch_size: 65_536, hidden: 4_000, ..Settings::default() };
        let message = check_bytes(3 << 30, Some(2 << 30), &settings).unwrap_err().to_string();
        let expected = "--batch-size: a training with --batch-size 65536 and --hidden 4000 needs \
                        3.0 GiB of memory, there are 2.0 GiB; give a smaller --batch-size or --hidden";
        assert_eq!(message, expected);
        check_bytes(2 << 30, Some(2 << 30), &settings).unwrap();
        check_bytes(3 << 30, None, &settings).unwrap();
    }

    #[test]
    fn the_default_model_fits_into_this_machine() {
        let settings = Settings::default();
        let (program, _) = Entries::plan(&settings.config(784, 60_000, 10_000)).unwrap();
        check(&program, &settings).unwrap();
    }
}
