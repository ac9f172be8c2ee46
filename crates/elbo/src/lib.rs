//! Train and explore variational autoencoders from the command line.
