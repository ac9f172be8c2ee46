//! Values that start on a cache line, so that no vector load crosses one.

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;
/// Values of a cache line.
const LANES: usize = LINE / size_of::<f32>();

/// A fixed number of `f32`, zero at first, the first of them at a multiple of 64 bytes.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        let storage = vec![0.0; len + LANES];
        // `align_offset` may give up, in theory; the values then merely start unaligned.
        let start = storage.as_ptr().align_offset(LINE).min(LANES);
        Self { storage, start, len }
    }

    /// The values.
    pub(crate) fn values(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.len]
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.len]
    }

    /// Makes room for `len` values and keeps those that are there.
    pub(crate) fn grow(&mut self, len: usize) {
        if len > self.len {
            let old = std::mem::replace(self, Self::zeros(len));
            self.values_mut()[..old.len].copy_from_slice(old.values());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_start_on_a_cache_line() {
        for len in [0, 1, 17, 1000] {
            let values = Aligned::zeros(len);
            assert_eq!(values.values().len(), len);
            assert_eq!(values.values().as_ptr().align_offset(LINE), 0);
        }
    }
}
