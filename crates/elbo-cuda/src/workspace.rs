//! What kernels need beside a call's values: room for partial sums, and a place to say what went wrong.

use cudarc::driver::CudaSlice;

use crate::{
    Error,
    buffer::{Address, address_of},
    driver::{Driver, answer},
};

/// Partial sums that there is room for: the blocks of a sum, at most the threads of one.
pub(crate) const PARTS: usize = 256;

/// What a kernel says of an index that it did not follow. In the order of `Fault` in the kernels.
const FAULTS: [(&str, &str); 3] = [
    ("gather", "the order names a row that the data do not have"),
    ("gather", "a batch ends past the end of the order; set the cursor back before the next epoch"),
    ("put", "a value was to be written past the end of its log"),
];

/// A backend's own room on the device. One stream runs one kernel at a time, so there is one of each.
#[derive(Debug)]
pub(crate) struct Workspace {
    parts: CudaSlice<f64>,
    /// How many blocks of a sum are done; 0 between two sums.
    ticket: CudaSlice<u32>,
    /// 0, or what went wrong.
    fault: CudaSlice<u32>,
}

impl Workspace {
    pub(crate) fn new(driver: &Driver) -> Result<Self, Error> {
        let stream = &driver.stream;
        let made = stream.alloc_zeros(PARTS).and_then(|parts| {
            Ok(Self { parts, ticket: stream.alloc_zeros(1)?, fault: stream.alloc_zeros(1)? })
        });
        made.map_err(|error| Error::Launch { op: "alloc", answer: answer(error) })
    }

    pub(crate) fn parts(&self) -> Address {
        address_of(&self.parts)
    }

    pub(crate) fn ticket(&self) -> Address {
        address_of(&self.ticket)
    }

    pub(crate) fn fault(&self) -> Address {
        address_of(&self.fault)
    }

    /// Waits for the device; then an error if a kernel has met an index out of range since the last time.
    pub(crate) fn wait(&mut self, driver: &Driver) -> Result<(), Error> {
        let stream = &driver.stream;
        let mut fault = [0];
        let failed = |error| Error::Launch { op: "read", answer: answer(error) };
        stream.memcpy_dtoh(&self.fault, &mut fault).map_err(failed)?;
        stream.synchronize().map_err(failed)?;
        let Some((op, fact)) = (fault[0] as usize).checked_sub(1).map(|fault| FAULTS[fault.min(2)])
        else {
            return Ok(());
        };
        stream.memset_zeros(&mut self.fault).map_err(failed)?;
        Err(Error::Index { op, fact })
    }
}
