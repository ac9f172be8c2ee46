//! The variational autoencoder: model, objective and the entries that train and use it.
