//! How the reference stores a slot: what backends keep in `f32`, it keeps in `f64`.

use elbo_tensor::{Data, DataMut, Dtype};

use super::Refusal;

/// The values of one slot.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Values of [`Dtype::F32`], in double precision.
    F32(Vec<f64>),
    /// Pixels.
    U8(Vec<u8>),
    /// Indices, counters or keys.
    U32(Vec<u32>),
}

impl Values {
    /// `len` zeros of a type.
    #[must_use]
    pub fn zeros(dtype: Dtype, len: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(vec![0.0; len]),
            Dtype::U8 => Self::U8(vec![0; len]),
            Dtype::U32 => Self::U32(vec![0; len]),
        }
    }

    /// Their type, as a program names it.
    #[must_use]
    pub const fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
        }
    }

    /// How many there are.
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

    /// The numbers in double precision, if these are numbers to compute with.
    ///
    /// A slot may be longer than the value in it: the value takes the first places.
    #[must_use]
    pub fn as_f64(&self) -> Option<&[f64]> {
        match self {
            Self::F32(values) => Some(values),
            Self::U8(_) | Self::U32(_) => None,
        }
    }

    pub(super) fn write(&mut self, values: Data<'_>) -> Result<(), Refusal> {
        let (dtype, len) = (values.dtype(), values.len());
        if len > self.len() {
            return Err(self.unfit("write", len, dtype));
        }
        match (self, values) {
            (Self::F32(to), Data::F32(from)) => {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = f64::from(*from);
                }
            }
            (Self::U8(to), Data::U8(from)) => to[..len].copy_from_slice(from),
            (Self::U32(to), Data::U32(from)) => to[..len].copy_from_slice(from),
            (buffer, _) => return Err(buffer.unfit("write", len, dtype)),
        }
        Ok(())
    }

    pub(super) fn read(&self, values: DataMut<'_>) -> Result<(), Refusal> {
        let (dtype, len) = (values.dtype(), values.len());
        if len > self.len() {
            return Err(self.unfit("read", len, dtype));
        }
        match (self, values) {
            (Self::F32(from), DataMut::F32(to)) => {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = *from as f32;
                }
            }
            (Self::U8(from), DataMut::U8(to)) => to.copy_from_slice(&from[..len]),
            (Self::U32(from), DataMut::U32(to)) => to.copy_from_slice(&from[..len]),
            _ => return Err(self.unfit("read", len, dtype)),
        }
        Ok(())
    }

    fn unfit(&self, what: &'static str, len: usize, dtype: Dtype) -> Refusal {
        let (places, kept) = (self.len(), self.dtype());
        Refusal::new(what, format!("{len} {dtype} values for {places} places of {kept}"))
    }
}
