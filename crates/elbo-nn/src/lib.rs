//! Layers, initialisers, losses, Adam and checkpoints on elbo-tensor.
