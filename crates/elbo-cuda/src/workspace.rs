//! What kernels need beside a call's values: room for partial sums, and a place to say what went wrong.

use std::cell::Cell;

use cudarc::driver::CudaSlice;

use crate::{
    Error,
    buffer::{Address, address_of},
    driver::{Driver, answer},
};

/// Partial sums that there is room for: the blocks of a sum, at most the threads of one.
pub(crate) const PARTS: usize = 256;
/// Sums that may run side by side. One more has to wait for the first.
const PLACES: usize = 8;

/// What a kernel says of an index that it did not follow. In the order of `Fault` in the kernels.
const FAULTS: [(&str, &str); 3] = [
    ("gather", "the order names a row that the data do not have"),
    ("gather", "a batch ends past the end of the order; set the cursor back before the next epoch"),
    ("put", "a value was to be written past the end of its log"),
];

/// Where a sum has its partial sums, and where its blocks count themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) parts: Address,
    /// How many blocks of a sum are done; 0 between two sums.
    pub(crate) ticket: Address,
}

/// A backend's own room on the device.
#[derive(Debug)]
pub(crate) struct Workspace {
    parts: CudaSlice<f64>,
    tickets: CudaSlice<u32>,
    /// How many places have been given out.
    given: Cell<usize>,
    /// 0, or what went wrong.
    fault: CudaSlice<u32>,
}

impl Workspace {
    pub(crate) fn new(driver: &Driver) -> Result<Self, Error> {
        let stream = &driver.stream;
        let made = stream.alloc_zeros(PARTS * PLACES).and_then(|parts| {
            let (tickets, fault) = (stream.alloc_zeros(PLACES)?, stream.alloc_zeros(1)?);
            Ok(Self { parts, tickets, given: Cell::new(0), fault })
        });
        made.map_err(|error| Error::Launch { op: "alloc", answer: answer(error) })
    }

    /// A place for a sum: the next one in turn. Who takes one that another sum has must wait for that.
    pub(crate) fn place(&self) -> Place {
        let number = self.given.get() % PLACES;
        self.given.set(number + 1);
        let parts = address_of(&self.parts) + (number * PARTS * size_of::<f64>()) as Address;
        let ticket = address_of(&self.tickets) + (number * size_of::<u32>()) as Address;
        Place { parts, ticket }
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
