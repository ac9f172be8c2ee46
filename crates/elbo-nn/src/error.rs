//! What can be wrong with a model or a checkpoint, said so that the reader knows what to do next.

use std::{io, panic::Location, path::PathBuf};

/// A `Result` whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A model that was built wrongly, or a checkpoint that cannot be written, read or used. Messages
/// about files name the file first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parameters of one name, of which a checkpoint could keep only one.
    #[error("`{name}`: a parameter of this name was made at {first}; give the one at {at} another")]
    DuplicateParameter {
        /// The name.
        name: String,
        /// The line that made the first.
        first: &'static Location<'static>,
        /// The line that made the second.
        at: &'static Location<'static>,
    },
    /// Adam's settings are outside what it can work with.
    #[error("adam: {fact}; at {at}")]
    AdamConfig {
        /// Which setting, its value and its bounds.
        fact: String,
        /// The line that made the optimizer.
        at: &'static Location<'static>,
    },
    /// Adam was given gradients that do not match its parameters one to one.
    #[error("adam: {given} gradients for {parameters} parameters, one for each is needed; at {at}")]
    GradientCount {
        /// Gradients given.
        given: usize,
        /// Parameters that the optimizer was made for.
        parameters: usize,
        /// The line that asked for the updates.
        at: &'static Location<'static>,
    },

    /// The file is not there.
    #[error("{}: no such file; name a checkpoint that a training has written", path.display())]
    NoFile {
        /// What was named.
        path: PathBuf,
    },
    /// A folder, device or pipe stands where a checkpoint belongs.
    #[error("{}: not a regular file; name a checkpoint, a file that ends in .safetensors", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The operating system refused to open or read the file.
    #[error("{}: cannot be read ({source}); check its permissions and the disk", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is as long as it says, and longer than the memory that is to be had.
    #[error("{}: {bytes} bytes are more than there is memory for; use another checkpoint", path.display())]
    NoMemory {
        /// The file.
        path: PathBuf,
        /// Bytes that were to be read.
        bytes: u64,
    },
    /// No bytes at all.
    #[error("{}: the file is empty; use another checkpoint", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file does not begin as a safetensors file does.
    #[error("{}: not a safetensors file ({fact}); name a checkpoint, or convert the file with Python's `safetensors.torch.save_file`", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What gives it away.
        fact: String,
    },
    /// The header contradicts itself or is no JSON.
    #[error("{}: its header is damaged ({fact}); use another checkpoint", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        fact: String,
    },
    /// Fewer or more bytes than the header announces.
    #[error("{}: {announced} bytes announced, {there} there; the file is {}, use another checkpoint", path.display(), if there < announced { "cut short" } else { "longer than written" })]
    Size {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, itself included.
        announced: u64,
        /// Bytes there.
        there: u64,
    },
    /// A tensor of another type than `f32`.
    #[error("{}: `{tensor}` is {dtype}, only F32 is read; convert it with `.float()` in PyTorch and save it again", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its type, as safetensors names it.
        dtype: String,
    },
    /// A value that is infinite or not a number, read or about to be written.
    #[error("{}: `{tensor}` has {value} at position {position}; the training diverged, go on from an earlier checkpoint with a lower learning rate", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Where in it, counted row by row from 0.
        position: usize,
        /// What stands there.
        value: f32,
    },
    /// No metadata of this workspace in a file that is otherwise sound.
    #[error("{}: no metadata under `{key}`, so neither its model nor its step is known; use a file that elbo has written, or load its tensors alone", path.display())]
    NoMetadata {
        /// The file.
        path: PathBuf,
        /// The key that was looked for.
        key: &'static str,
    },
    /// Metadata that cannot be understood or written.
    #[error("{}: {fact}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        fact: String,
    },
    /// The file was written by a later version of this crate.
    #[error("{}: format version {version}, this elbo reads version {known}; use a newer elbo", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        version: u64,
        /// The version that is read.
        known: u64,
    },

    /// The folder that a checkpoint should go to is not there.
    #[error("{}: its folder {} is not there; create it first", path.display(), folder.display())]
    NoFolder {
        /// The file to write.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// The operating system refused to write the file.
    #[error("{}: cannot be written ({source}); check the disk and the folder's permissions", path.display())]
    Unwritable {
        /// The file to write.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A tensor that no safetensors file can hold.
    #[error("{}: `{tensor}` cannot be stored, {fact}", path.display())]
    Unstorable {
        /// The file to write.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Why not.
        fact: String,
    },

    /// The model has tensors that the checkpoint lacks.
    #[error("{}: lacks {}; use a checkpoint of the same model", path.display(), some(names))]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it lacks, in the model's order.
        names: Vec<String>,
    },
    /// The checkpoint has tensors that the model lacks.
    #[error("{}: has {}, which the model lacks; use a checkpoint of the same model", path.display(), some(names))]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What it has too much, by name.
        names: Vec<String>,
    },
    /// A tensor of another shape than the model's.
    #[error("{}: `{tensor}` is {found:?}, the model wants {wanted:?}; {}", path.display(), shape_advice(found, wanted))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the model.
        wanted: Vec<usize>,
    },
    /// A tensor that the session has no place for.
    #[error("{}: `{tensor}` has no place in the program, none of its entries uses it; plan one that does before restoring", path.display())]
    NoPlace {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// The session failed while values were moved.
    #[error("{}: {source}", path.display())]
    Session {
        /// The file.
        path: PathBuf,
        /// What the session said.
        source: elbo_tensor::Error,
    },
}

/// The first four names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shape_advice(found: &[usize], wanted: &[usize]) -> &'static str {
    if found.len() == 2 && wanted.iter().rev().eq(found) {
        "it is transposed, store it as PyTorch's nn.Linear does, [outputs, inputs]"
    } else {
        "use the sizes that the checkpoint was trained with"
    }
}
