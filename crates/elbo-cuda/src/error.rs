//! What can go wrong with a CUDA device, said for the one who can act.

use elbo_tensor::Dtype;

/// Why there is no CUDA device to use, or why a call could not run on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No driver library.
    #[error("cuda: no driver found (libcuda.so.1); install the NVIDIA driver or use --device cpu")]
    NoDriver,

    /// A driver that does not start, or a device that does not answer.
    #[error("cuda: the driver answers `{answer}`; check it with nvidia-smi or use --device cpu")]
    Driver {
        /// What the driver said.
        answer: String,
    },

    /// A driver without a device.
    #[error("cuda: the driver finds no device; check with nvidia-smi or use --device cpu")]
    NoDevice,

    /// A device number that is none.
    #[error("cuda: there is no device {ordinal}, only {count}; count from 0")]
    Ordinal {
        /// The number asked for.
        ordinal: usize,
        /// How many there are.
        count: usize,
    },

    /// A driver that cannot read the kernels.
    #[error(
        "cuda: the driver is for CUDA {found}, elbo needs {wanted}; install a newer NVIDIA driver (525 or later) or use --device cpu"
    )]
    OldDriver {
        /// The version of CUDA that the driver is for.
        found: String,
        /// The oldest version that will do.
        wanted: String,
    },

    /// A device that lacks instructions that the kernels use.
    #[error("cuda: {name} has compute capability {found}, elbo needs {wanted}; use --device cpu")]
    OldDevice {
        /// The device.
        name: String,
        /// Its compute capability.
        found: String,
        /// The oldest that will do.
        wanted: String,
    },

    /// The device has no room left.
    #[error(
        "cuda: no memory on the device for a buffer of {bytes} bytes; choose smaller batches or layers"
    )]
    Memory {
        /// How many bytes were asked for.
        bytes: usize,
    },

    /// A kernel that is not what this program was built for.
    #[error("cuda: the kernel `{kernel}` does not fit ({fact}); this is a fault of elbo")]
    Kernel {
        /// Its name.
        kernel: &'static str,
        /// What does not fit.
        fact: String,
    },

    /// The driver refused a call, or reports that a kernel has failed.
    #[error("{op}: the driver answers `{answer}`")]
    Launch {
        /// What was asked for.
        op: &'static str,
        /// What the driver said.
        answer: String,
    },

    /// A call whose result and an argument share a buffer, or whose buffer a failed call has lost.
    #[error("{op}: a buffer of the call is not there; two of its values share a slot")]
    Taken {
        /// The call's op.
        op: &'static str,
    },

    /// A call of an op that only stands for a value: no plan has one.
    #[error("{op}: stands for a value that the host or an update writes, no call computes it")]
    NotComputed {
        /// The call's op.
        op: &'static str,
    },

    /// A call with too few or too many arguments: no planner made it.
    #[error("{op}: wants {wanted} arguments, got {given}")]
    Arguments {
        /// The call's op.
        op: &'static str,
        /// How many the op has.
        wanted: usize,
        /// How many the call has.
        given: usize,
    },

    /// A slot that holds another type, or fewer values, than the call needs.
    #[error("{op}: wants {len} {dtype} values, its slot holds others")]
    Slot {
        /// The call's op.
        op: &'static str,
        /// How many values the call needs.
        len: usize,
        /// Of which type.
        dtype: Dtype,
    },

    /// Shapes that do not belong together: no planner made the call.
    #[error("{op}: the shapes of its values do not fit together")]
    Shapes {
        /// The call's op.
        op: &'static str,
    },

    /// A dimension beyond what a launch can count.
    #[error(
        "{op}: {size} rows or columns are too many for a CUDA device; choose smaller batches or layers"
    )]
    Size {
        /// The call's op.
        op: &'static str,
        /// The size.
        size: usize,
    },

    /// An index that a kernel has met and not followed.
    #[error("{op}: {fact}")]
    Index {
        /// The op.
        op: &'static str,
        /// Which index.
        fact: &'static str,
    },

    /// A buffer that another backend has made: work on it would not be in one order with this one's.
    #[error("{op}: a buffer belongs to another backend; allocate it with this one")]
    Foreign {
        /// What was to be done with it.
        op: &'static str,
    },

    /// Buffers other than those that an entry was recorded with.
    #[error("{entry}: was recorded with other buffers; record it again")]
    Moved {
        /// The entry.
        entry: String,
    },
}
