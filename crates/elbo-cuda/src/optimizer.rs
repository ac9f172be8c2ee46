//! Adam: several tensors in one launch, each with the step and the rate that its slots hold.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    work::Work,
};

/// Tensors that a launch has room for. In step with `MOST_TENSORS` in update.cu.
const MOST_TENSORS: usize = 8;
/// Values that a block takes at a time.
const BLOCK: u64 = 256;
/// Blocks a tensor at the most; then each takes values more than once.
const MOST_BLOCKS: u64 = 4096;

/// As in adam.cuh.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Adam {
    parameter: Address,
    first: Address,
    second: Address,
    steps: Address,
    rate: Address,
    decay: [f32; 2],
    share: [f32; 2],
    ln: [f32; 2],
    eps: f32,
    unused: u32,
}

/// An op's fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Betas {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) eps: f64,
}

impl Adam {
    /// Whether it is no step at all.
    pub(crate) const fn is_none(&self) -> bool {
        self.parameter == 0
    }

    /// Of a call whose moments are the arguments at `moments` and behind it; step and rate follow.
    pub(crate) fn of(args: Arguments<'_>, moments: usize, betas: Betas) -> Result<Self, Error> {
        let len = args.len(0)?;
        for position in [moments, moments + 1] {
            args.expect(args.len(position)? == len)?;
        }
        args.expect(args.len(moments + 2)? == 1 && args.len(moments + 3)? == 1)?;
        let of_both = |f: fn(f64) -> f64| [betas.beta1, betas.beta2].map(|beta| f(beta) as f32);
        Ok(Self {
            parameter: args.f32(0)?,
            first: args.f32(moments)?,
            second: args.f32(moments + 1)?,
            steps: args.u32(moments + 2)?,
            rate: args.f32(moments + 3)?,
            decay: of_both(|beta| beta),
            share: of_both(|beta| 1.0 - beta),
            ln: of_both(f64::ln),
            eps: betas.eps as f32,
            unused: 0,
        })
    }
}

/// A parameter with its gradient. As in update.cu.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Tensor {
    adam: Adam,
    gradient: Address,
    len: u64,
}

/// What one launch of `adam` takes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Tensors {
    tensors: [Tensor; MOST_TENSORS],
}

impl Parameters for Tensors {}

impl Tensors {
    /// Adds another launch's only tensor, unless there is no room.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        match self.tensors.iter_mut().find(|tensor| tensor.len == 0) {
            Some(free) => {
                *free = other.tensors[0];
                true
            }
            None => false,
        }
    }

    /// The step of the first tensor, with the address and the length of its gradient.
    pub(crate) const fn first(&self) -> (Adam, Address, u64) {
        let tensor = &self.tensors[0];
        (tensor.adam, tensor.gradient, tensor.len)
    }

    /// Blocks for the longest, times tensors.
    pub(crate) fn grid(&self) -> [u32; 2] {
        let longest = self.tensors.iter().map(|tensor| tensor.len).max().unwrap_or(0);
        let count = self.tensors.iter().filter(|tensor| tensor.len > 0).count();
        [longest.div_ceil(BLOCK).min(MOST_BLOCKS) as u32, count as u32]
    }
}

pub(crate) fn adam(args: Arguments<'_>, betas: Betas) -> Result<Work, Error> {
    let len = args.len(0)?;
    args.expect(args.len(1)? == len)?;
    let tensor =
        Tensor { adam: Adam::of(args, 2, betas)?, gradient: args.f32(1)?, len: len as u64 };
    let mut tensors = [Tensor::default(); MOST_TENSORS];
    tensors[0] = tensor;
    Ok(Work::Adam(Tensors { tensors }))
}
