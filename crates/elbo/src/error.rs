//! What can stop a command, said for the one who can act, and whether that is the user.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::Divergence;

/// A `Result` whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command could not do what was asked. Every message says its subject first and what to do
/// last.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is outside what a training can work with.
    #[error("{flag}: {fact}")]
    Setting {
        /// The flag that sets it.
        flag: &'static str,
        /// Its value, its bounds, and what to do.
        fact: String,
    },
    /// The device that was asked for is not to be had.
    #[error("{device}: {fact}")]
    Device {
        /// Its name, as `--device` takes it.
        device: &'static str,
        /// Why not, and what to do.
        fact: String,
    },
    /// An NVIDIA GPU that is not to be had.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] elbo_cuda::Error),
    /// A file of settings that cannot be read, or says what it cannot say.
    #[error("{place}: {fact}")]
    Config {
        /// The file, and where it is known its line.
        place: String,
        /// What is wrong, and what to do.
        fact: String,
    },
    /// A data set that is missing or broken.
    #[error("{source}")]
    Data {
        /// The folder that should hold it.
        folder: PathBuf,
        /// What is wrong with which file.
        source: elbo_data::Error,
    },
    /// Images or latents of one's own that cannot be taken.
    #[error(transparent)]
    Own(#[from] elbo_data::Error),
    /// The proxy's address is not one.
    #[error("{address}: not a proxy's address; write https_proxy as http://host:port, or unset it")]
    Proxy {
        /// What was given, less the credentials in it.
        address: String,
    },
    /// A data set that could not be fetched.
    #[error(transparent)]
    Download(#[from] elbo_data::DownloadError),
    /// A data set that is not there and may not be fetched.
    #[error("{}: no data set there, and --offline (or ELBO_OFFLINE) forbids to fetch it; go without it, or put the four files there by hand", path.display())]
    Offline {
        /// The folder that should hold it.
        path: PathBuf,
    },
    /// A checkpoint that does not fit what is to be gone on with.
    #[error("{}: {fact}", path.display())]
    Resume {
        /// The checkpoint.
        path: PathBuf,
        /// What does not fit, and what to do.
        fact: String,
    },
    /// A checkpoint that cannot be read or used.
    #[error(transparent)]
    Checkpoint(elbo_nn::Error),
    /// A checkpoint that cannot be restored into the model.
    #[error(transparent)]
    Restore(elbo_vae::Error),
    /// A run folder that cannot be taken.
    #[error("{}: {fact}", path.display())]
    RunFolder {
        /// The folder.
        path: PathBuf,
        /// Why not, and what to do.
        fact: String,
    },
    /// Earlier metrics that cannot be understood.
    #[error("{}: its rows cannot be read ({source}); repair it, or move it away to go on without the earlier epochs", path.display())]
    Metrics {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: csv::Error,
    },
    /// The loss, or what is trained, is no longer a number.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// The threads of the CPU could not be started.
    #[error(transparent)]
    Cpu(#[from] elbo_cpu::Error),
    /// A checkpoint that cannot be written.
    #[error(transparent)]
    Save(elbo_nn::Error),
    /// The operating system refused to write.
    #[error("{}: cannot be written ({source}); check the disk and the folder's permissions", path.display())]
    Unwritable {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that cannot be taken as it is, or whose name does not say what to write.
    #[error("{}: {fact}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        fact: String,
    },
    /// A picture that cannot be encoded.
    #[error("{}: {images} images of {rows}×{columns} cannot be drawn as one PNG ({fact}); draw fewer, with a lower --count, --steps or --batch-size", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// How many images.
        images: usize,
        /// Rows an image.
        rows: usize,
        /// Columns an image.
        columns: usize,
        /// What the encoder said.
        fact: String,
    },
    /// Settings or a record that cannot be put into words.
    #[error("{what} cannot be written ({fact}); this is a fault of elbo")]
    Unwritten {
        /// What.
        what: &'static str,
        /// What the serializer said.
        fact: String,
    },
    /// The model failed.
    #[error(transparent)]
    Model(#[from] elbo_vae::Error),
}

impl Error {
    /// The folder to fetch MNIST into, where that would help.
    #[must_use]
    pub fn lacks_data(&self) -> Option<&Path> {
        use elbo_data::Error as Data;
        match self {
            Self::Data { folder, source } => matches!(
                source,
                Data::NoFolder { .. }
                    | Data::Missing { .. }
                    | Data::Gzip { .. }
                    | Data::Empty { .. }
                    | Data::HeaderCutShort { .. }
                    | Data::CutShort { .. }
                    | Data::Trailing { .. }
            )
            .then_some(folder),
            _ => None,
        }
    }

    /// Whether other arguments or files would help, rather than another machine or another elbo.
    #[must_use]
    pub fn is_for_the_user(&self) -> bool {
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(_) => true,
            Self::Setting { .. }
            | Self::Device { .. }
            | Self::Config { .. }
            | Self::Data { .. }
            | Self::Own(_)
            | Self::Proxy { .. }
            | Self::Download(_)
            | Self::Offline { .. }
            | Self::Resume { .. }
            | Self::Checkpoint(_)
            | Self::Restore(_)
            | Self::RunFolder { .. }
            | Self::Metrics { .. }
            | Self::Picture { .. }
            | Self::File { .. }
            | Self::Diverged(_)
            | Self::Cpu(_) => true,
            Self::Save(elbo_nn::Error::NoFolder { .. }) => true,
            Self::Save(elbo_nn::Error::Unwritable { source, .. })
            | Self::Unwritable { source, .. } => is_of_the_name(source),
            Self::Model(error) => lacks_memory(error),
            Self::Save(_) | Self::Unwritten { .. } => false,
        }
    }
}

/// Whether nothing of this name can be written there, rather than nothing at all just now.
fn is_of_the_name(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NotFound
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::AlreadyExists
            | Kind::InvalidFilename
            | Kind::InvalidInput
            | Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
    )
}

/// Whether the model is larger than the memory that is to be had.
pub(crate) fn lacks_memory(error: &elbo_vae::Error) -> bool {
    let elbo_vae::Error::Tensor(elbo_tensor::Error::Backend(source)) = error else { return false };
    matches!(source.downcast_ref(), Some(elbo_cpu::Error::Memory { .. }))
}
