//! Values that start on a cache line, so that no vector load crosses one.

use crate::Error;

/// Bytes of a cache line, and of the widest vector.
pub(crate) const LINE: usize = 64;
/// Values of a cache line.
pub(crate) const LANES: usize = LINE / size_of::<f32>();

/// A fixed number of `f32`, zero at first, the first of them at a multiple of 64 bytes.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    fn zeros(len: usize) -> Result<Self, Error> {
        let mut storage = Vec::new();
        let all = len.saturating_add(LANES);
        let bytes = all.saturating_mul(size_of::<f32>());
        storage.try_reserve_exact(all).map_err(|_| Error::Memory { bytes })?;
        storage.resize(all, 0.0_f32);
        // `align_offset` may give up, in theory; the values then merely start unaligned.
        let start = storage.as_ptr().align_offset(LINE).min(LANES);
        Ok(Self { storage, start, len })
    }

    /// The values.
    pub(crate) fn values(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.len]
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.len]
    }

    /// Makes room for `len` values and keeps those that are there.
    pub(crate) fn grow(&mut self, len: usize) -> Result<(), Error> {
        if len > self.len {
            let mut larger = Self::zeros(len)?;
            larger.values_mut()[..self.len].copy_from_slice(self.values());
            *self = larger;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_start_on_a_cache_line() {
        for len in [0, 1, 17, 1000] {
            let values = Aligned::zeros(len).unwrap();
            assert_eq!(values.values().len(), len);
            assert_eq!(values.values().as_ptr().align_offset(LINE), 0);
        }
    }
}
