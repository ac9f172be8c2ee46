//! What can go wrong between writing a formula and reading its result, said for the one who can act.

use std::panic::Location;

use crate::{Dtype, Shape};

/// A `Result` whose error is [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A graph that cannot be planned, or a session used in a way its program does not allow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An op was given shapes or types that it cannot take. Built once, where the formula stands.
    #[error("{op}: {fact}; at {at}")]
    Shape {
        /// The op's name.
        op: &'static str,
        /// What does not fit, with the shapes.
        fact: String,
        /// The line of the formula.
        at: &'static Location<'static>,
    },

    /// Whoever built on the tape found that it does not fit together.
    #[error("{fact}")]
    Refused {
        /// What does not fit.
        fact: String,
        /// Where that was found.
        at: &'static Location<'static>,
    },

    /// A gradient was asked for through or of something that has none.
    #[error("gradient: {fact}; at {at}")]
    Gradient {
        /// What has no gradient.
        fact: String,
        /// Where the gradient was asked for.
        at: &'static Location<'static>,
    },

    /// An entry asks for something that no order of calls can give.
    #[error("plan of `{entry}`: {fact}")]
    Plan {
        /// The entry's name.
        entry: String,
        /// Why it cannot be planned.
        fact: String,
    },

    /// Data given to, or asked from, a value of another length or type.
    #[error("{what}: {given} {given_dtype} values for {shape} of {dtype}")]
    Transfer {
        /// `write` or `read`.
        what: &'static str,
        /// How many values were handed over.
        given: usize,
        /// Their type.
        given_dtype: Dtype,
        /// The value's shape.
        shape: Shape,
        /// The value's type.
        dtype: Dtype,
    },

    /// A value that no entry of the program keeps.
    #[error("{what}: value {id} is {fact}")]
    Unreachable {
        /// `write` or `read`.
        what: &'static str,
        /// The value's number in its graph.
        id: usize,
        /// Why it cannot be reached.
        fact: &'static str,
    },

    /// An entry's number from another program.
    #[error(
        "run: the program has no entry {number}; take the number that this program's `entry` returned"
    )]
    NoEntry {
        /// The number.
        number: usize,
    },

    /// The device failed, or refused an op.
    #[error("{0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}
