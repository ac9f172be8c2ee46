//! What every elbo backend must pass, and the f64 reference that decides.
