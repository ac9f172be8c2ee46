//! Values on the host's side: what is written to a backend, what is read back, what tests draw.

use elbo_tensor::{Data, DataMut, Dtype, random::Stream};

/// Values of one type, as the host holds them.
#[derive(Clone, Debug)]
pub(crate) enum Host {
    F32(Vec<f32>),
    U8(Vec<u8>),
    U32(Vec<u32>),
}

impl Host {
    pub(crate) fn zeros(dtype: Dtype, len: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(vec![0.0; len]),
            Dtype::U8 => Self::U8(vec![0; len]),
            Dtype::U32 => Self::U32(vec![0; len]),
        }
    }

    pub(crate) const fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
        }
    }

    pub(crate) fn data(&self) -> Data<'_> {
        match self {
            Self::F32(values) => Data::F32(values),
            Self::U8(values) => Data::U8(values),
            Self::U32(values) => Data::U32(values),
        }
    }

    pub(crate) fn data_mut(&mut self) -> DataMut<'_> {
        match self {
            Self::F32(values) => DataMut::F32(values),
            Self::U8(values) => DataMut::U8(values),
            Self::U32(values) => DataMut::U32(values),
        }
    }

    /// The values as numbers to compare and to show.
    pub(crate) fn as_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(values) => values.iter().map(|x| f64::from(*x)).collect(),
            Self::U8(values) => values.iter().map(|x| f64::from(*x)).collect(),
            Self::U32(values) => values.iter().map(|x| f64::from(*x)).collect(),
        }
    }

    /// The values' bits, so that −0 is not 0 and a NaN equals itself.
    pub(crate) fn bits(&self) -> Vec<u32> {
        match self {
            Self::F32(values) => values.iter().map(|x| x.to_bits()).collect(),
            Self::U8(values) => values.iter().map(|x| u32::from(*x)).collect(),
            Self::U32(values) => values.clone(),
        }
    }
}

/// `len` numbers in [low, high), the same for the same seed.
pub(crate) fn uniform(seed: u64, len: usize, low: f32, high: f32) -> Vec<f32> {
    let mut stream = Stream::new(seed, 0, 0);
    (0..len).map(|_| low + (high - low) * stream.unit()).collect()
}

/// `len` pixels.
pub(crate) fn pixels(seed: u64, len: usize) -> Vec<u8> {
    let mut stream = Stream::new(seed, 1, 0);
    (0..len).map(|_| stream.below(256) as u8).collect()
}

/// `len` indices below `bound`, some of them more than once.
pub(crate) fn indices(seed: u64, len: usize, bound: usize) -> Vec<u32> {
    let mut stream = Stream::new(seed, 2, 0);
    (0..len).map(|_| stream.below(bound as u32)).collect()
}
