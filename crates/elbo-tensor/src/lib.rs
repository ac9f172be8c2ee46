//! Tensor graphs, gradients and execution plans, with no device in sight.

pub mod random;
