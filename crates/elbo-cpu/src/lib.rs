//! The CPU backend of elbo: ndarray views over slots, rayon underneath.
