//! The CUDA backend of elbo.
