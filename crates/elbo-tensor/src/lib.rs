#![doc = include_str!("../README.md")]

mod backend;
mod error;
mod grad;
mod graph;
mod infer;
mod op;
mod plan;
pub mod random;
mod session;
mod shape;
mod tape;

pub use backend::{Backend, Data, DataMut, Memory};
pub use error::{Error, Result};
pub use graph::{Graph, Id, Node};
pub use op::{Activation, Kind, Op, Over};
pub use plan::{Call, Entry, EntryId, Operand, Planning, Program, Slot, SlotInfo};
pub use session::{NotFinite, Run, Session};
pub use shape::{Dtype, Shape};
pub use tape::{AdamState, Tape, Var};
