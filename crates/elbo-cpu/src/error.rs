//! What can go wrong on the CPU.

use elbo_tensor::Dtype;

/// A call that could not run, or threads that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine gives no more threads.
    #[error("cpu: cannot start {threads} threads ({source}); ask for fewer with --threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },

    /// The system gives no more memory.
    #[error("cpu: no memory for a buffer of {bytes} bytes; choose smaller batches or layers")]
    Memory {
        /// How many bytes were asked for.
        bytes: usize,
    },

    /// A recorded entry or a buffer of a backend with other threads or other vectors.
    #[error(
        "cpu: recorded or laid out for other threads or vectors; give each backend its own session"
    )]
    Foreign,

    /// A kernel that broke down. That is a fault of this crate.
    #[error("{op}: the kernel panicked; this is a bug of elbo's, not of the model")]
    Panicked {
        /// The call's op.
        op: &'static str,
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

    /// An order that names a row which the data does not have.
    #[error("gather: the order names row {row} of {count}")]
    Row {
        /// The row named.
        row: u32,
        /// How many rows there are.
        count: usize,
    },

    /// A batch that starts or ends past the end of the order.
    #[error(
        "gather: rows {from} to {to} of an order of {len}; set the cursor back before the next epoch"
    )]
    Cursor {
        /// The batch's first place in the order.
        from: usize,
        /// The place after its last.
        to: usize,
        /// The order's length.
        len: usize,
    },

    /// A value to be written past the end of a log.
    #[error("put: place {index} of a log of {len}")]
    Log {
        /// The place.
        index: u32,
        /// The log's length.
        len: usize,
    },
}
