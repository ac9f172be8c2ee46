//! What a device must do. Everything else in the workspace is written once, above this line.

use std::time::Instant;

use crate::{Call, Dtype, Entry, Slot};

/// Values handed to a device.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// Values.
    F32(&'a [f32]),
    /// Pixels.
    U8(&'a [u8]),
    /// Indices, counters or keys.
    U32(&'a [u32]),
}

/// Where values read back from a device go.
#[derive(Debug)]
pub enum DataMut<'a> {
    /// Values.
    F32(&'a mut [f32]),
    /// Pixels.
    U8(&'a mut [u8]),
    /// Indices, counters or keys.
    U32(&'a mut [u32]),
}

/// `len`, `dtype` and conversion from slices, for a type with a variant a dtype.
macro_rules! data {
    ($name:ident, $($reference:tt)+) => {
        impl $name<'_> {
            /// How many values there are.
            #[must_use]
            pub const fn len(&self) -> usize {
                match self {
                    Self::F32(values) => values.len(),
                    Self::U8(values) => values.len(),
                    Self::U32(values) => values.len(),
                }
            }

            /// Whether there are none.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Their type.
            #[must_use]
            pub const fn dtype(&self) -> Dtype {
                match self {
                    Self::F32(_) => Dtype::F32,
                    Self::U8(_) => Dtype::U8,
                    Self::U32(_) => Dtype::U32,
                }
            }
        }

        impl<'a> From<$($reference)+ [f32]> for $name<'a> {
            fn from(values: $($reference)+ [f32]) -> Self {
                Self::F32(values)
            }
        }
        impl<'a> From<$($reference)+ [u8]> for $name<'a> {
            fn from(values: $($reference)+ [u8]) -> Self {
                Self::U8(values)
            }
        }
        impl<'a> From<$($reference)+ [u32]> for $name<'a> {
            fn from(values: $($reference)+ [u32]) -> Self {
                Self::U32(values)
            }
        }
    };
}

data!(Data, &'a);
data!(DataMut, &'a mut);

/// A device that runs planned calls.
///
/// A session checks shapes and types once, before any of this is called. `replay` never allocates, never
/// checks shapes again and never waits for the device; `read` waits.
pub trait Backend {
    /// Storage of one slot: values of one type, zero when allocated.
    type Buffer;
    /// What the device keeps of an entry to run it again at once.
    type Replay;
    /// What can go wrong on the device.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What the device is called in what users see.
    fn name(&self) -> &str;

    /// A buffer of zeros.
    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Self::Buffer, Self::Error>;

    /// Copies values to the start of a buffer of their type.
    fn write(&self, buffer: &mut Self::Buffer, values: Data<'_>) -> Result<(), Self::Error>;

    /// Fills a buffer with as many pixels as it holds, whose storage the device may keep as its own.
    fn adopt(&self, buffer: &mut Self::Buffer, pixels: Vec<u8>) -> Result<(), Self::Error> {
        self.write(buffer, Data::U8(&pixels))
    }

    /// Copies the start of a buffer of their type back. A backend that lays values out in its own
    /// way may refuse to read more of them than the slot's last value has.
    fn read(&self, buffer: &Self::Buffer, values: DataMut<'_>) -> Result<(), Self::Error>;

    /// Runs one call. The only method that grows when an op is added.
    fn launch(&self, call: &Call, memory: &mut Memory<Self::Buffer>) -> Result<(), Self::Error>;

    /// Prepares an entry for replay. Called once, before any value is written, so it may run the
    /// entry on whatever the buffers hold.
    fn record(
        &self,
        entry: &Entry,
        memory: &mut Memory<Self::Buffer>,
    ) -> Result<Self::Replay, Self::Error>;

    /// Runs a recorded entry `times` times, one after the other.
    fn replay(
        &self,
        entry: &Entry,
        replay: &Self::Replay,
        memory: &mut Memory<Self::Buffer>,
        times: usize,
    ) -> Result<(), Self::Error>;

    /// Runs a recorded entry once, call by call, and returns the seconds that each call took. On a
    /// device that runs behind the host, that is the time to ask for it.
    ///
    /// A backend whose replay does other things than `launch` says here what those take.
    fn time(
        &self,
        entry: &Entry,
        _: &Self::Replay,
        memory: &mut Memory<Self::Buffer>,
    ) -> Result<Vec<f64>, Self::Error> {
        let timed = |call| {
            let start = Instant::now();
            self.launch(call, memory)?;
            Ok(start.elapsed().as_secs_f64())
        };
        entry.calls().iter().map(timed).collect()
    }
}

/// The buffers of a session, lent to one call at a time.
///
/// A backend takes out what a call writes and puts it back; what the call reads stays. A plan in which two
/// values wrongly share a slot so shows up as a buffer that is not there, never as a data race. (A backend
/// that runs calls side by side has to find that out by itself.)
#[derive(Debug)]
pub struct Memory<T> {
    buffers: Vec<Option<T>>,
}

impl<T> Memory<T> {
    /// All buffers in place, the first one for slot 0.
    #[must_use]
    pub fn new(buffers: Vec<T>) -> Self {
        Self { buffers: buffers.into_iter().map(Some).collect() }
    }

    /// The buffer of a slot, unless it is taken out.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.buffers.get(slot.index())?.as_ref()
    }

    /// The buffer of a slot, to write, unless it is taken out.
    #[must_use]
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.buffers.get_mut(slot.index())?.as_mut()
    }

    /// Takes a buffer out, unless it is already.
    #[must_use]
    pub fn take(&mut self, slot: Slot) -> Option<T> {
        self.buffers.get_mut(slot.index())?.take()
    }

    /// Puts a buffer back into its slot.
    pub fn put(&mut self, slot: Slot, buffer: T) {
        if let Some(place) = self.buffers.get_mut(slot.index()) {
            *place = Some(buffer);
        }
    }
}
