//! Everything a call can do but matrix products: each takes its thread's part of the result.

pub(crate) mod elementwise;
pub(crate) mod math;
pub(crate) mod optim;
pub(crate) mod random;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod turn;
