//! What can go wrong with a model, its data and its checkpoints.

/// A `Result` whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A setting that no model has, data that does not fit, or a failure further down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside of what a program can be planned for.
    #[error("{name} {fact}")]
    Config {
        /// The setting.
        name: &'static str,
        /// Its value and what it wants.
        fact: String,
    },
    /// Values that are not a whole number of rows, or not as many as the program was planned for.
    #[error("{what}: {given} values, {wanted}")]
    Data {
        /// Which values.
        what: &'static str,
        /// How many were handed over.
        given: usize,
        /// What is wanted.
        wanted: String,
    },
    /// A question about steps when none has run.
    #[error("{0}: no training step has run yet in this epoch")]
    NoStep(&'static str),
    /// A checkpoint that says nothing, or something impossible, of its step.
    #[error("{}: its metadata has no `step` of 0 to 4,294,967,295; use a checkpoint that a training wrote", path.display())]
    NoStepCount {
        /// The file.
        path: std::path::PathBuf,
    },
    /// Tensors that are not the parameters of a model.
    #[error("{}: {fact}; name the layers fc1, fc21 (μ), fc22 (log σ²), fc3 and fc4, each with .weight and .bias", path.display())]
    StateDict {
        /// The file.
        path: std::path::PathBuf,
        /// What is missing, too much, or of no use.
        fact: String,
    },
    /// The graph or the device.
    #[error(transparent)]
    Tensor(#[from] elbo_tensor::Error),
    /// The parameters or a checkpoint.
    #[error(transparent)]
    Nn(#[from] elbo_nn::Error),
}

impl Error {
    pub(crate) fn config(name: &'static str, fact: &str) -> Self {
        Self::Config { name, fact: fact.to_string() }
    }

    /// Refuses data of another length than wanted.
    pub(crate) fn check_len(
        what: &'static str,
        given: usize,
        rows: usize,
        width: usize,
    ) -> Result<()> {
        if given == rows * width {
            return Ok(());
        }
        let wanted = format!("{} wanted: {rows} rows of {width}", rows * width);
        Err(Self::Data { what, given, wanted })
    }

    /// The number of rows in `given` values, or a refusal of a part of one.
    pub(crate) fn check_rows(what: &'static str, given: usize, width: usize) -> Result<usize> {
        if given.is_multiple_of(width) {
            return Ok(given / width);
        }
        Err(Self::Data { what, given, wanted: format!("a multiple of {width} wanted") })
    }
}
