//! Where each value lives and in what order ops run. Made once; a step replays it.

mod cost;
mod display;
mod fuse;
mod slots;
#[cfg(test)]
mod tests;

use std::panic::Location;

use crate::{Dtype, Error, Graph, Id, Kind, Op, Result, Shape, Tape};

/// A buffer's number in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The buffer's position in [`Program::slots`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a backend must allocate for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// The type of its values.
    pub dtype: Dtype,
    /// How many there are at the most.
    pub len: usize,
}

/// A value in its slot: it takes the first `shape.len()` places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Where the value lives.
    pub slot: Slot,
    /// Its shape.
    pub shape: Shape,
    /// Its type.
    pub dtype: Dtype,
}

/// One op on slots: read `args`, write `out`.
///
/// An update's `out` is its first argument; [`Op::changes`] says what else it changes. An
/// elementwise op may have its first argument's slot as `out`; no other argument shares it.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is computed.
    pub op: Op,
    /// From which slots.
    pub args: Vec<Operand>,
    /// Into which slot.
    pub out: Operand,
    /// The line of the formula that asked for it.
    pub at: &'static Location<'static>,
}

/// An entry's number in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId(pub(crate) usize);

/// One way into a program: the calls of a training step, of an evaluation, of a drawing.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) name: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) outputs: Vec<(Id, Operand)>,
}

impl Entry {
    /// What the entry is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calls, in the order they run.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The values to be read after a run, and where they are.
    #[must_use]
    pub fn outputs(&self) -> &[(Id, Operand)] {
        &self.outputs
    }
}

/// How freely the planner may arrange calls and buffers. The results are the same for all.
#[derive(Clone, Copy, Debug)]
pub struct Planning {
    /// Give a buffer to a new value once its old one is no longer needed.
    pub reuse: bool,
    /// Make one call of neighbouring ops where the vocabulary has an op for both.
    pub fuse: bool,
}

impl Default for Planning {
    fn default() -> Self {
        Self { reuse: true, fuse: true }
    }
}

/// A graph with its entries planned: all that a session needs.
#[derive(Debug)]
pub struct Program {
    graph: Graph,
    planning: Planning,
    slots: Vec<SlotInfo>,
    /// The slot of each value that keeps one between runs.
    fixed: Vec<Option<Slot>>,
    /// Slots that entries may use for what they compute on the way.
    scratch: Vec<Slot>,
    entries: Vec<Entry>,
}

impl Program {
    /// A program without entries, or the first fault of the tape.
    pub fn new(tape: Tape) -> Result<Self> {
        Self::with_planning(tape, Planning::default())
    }

    /// A program planned in a given way, to compare ways.
    pub fn with_planning(tape: Tape, planning: Planning) -> Result<Self> {
        let graph = tape.finish()?;
        let fixed = vec![None; graph.nodes.len()];
        Ok(Self {
            graph,
            planning,
            slots: Vec::new(),
            fixed,
            scratch: Vec::new(),
            entries: Vec::new(),
        })
    }

    /// Plans an entry that computes `outputs` and then makes `updates`.
    ///
    /// Everything is computed from the values as they stand when a run starts; updates come last, in
    /// the order given. An update that reads what an earlier one has changed is refused.
    pub fn entry(&mut self, name: &str, outputs: &[Id], updates: &[Id]) -> Result<EntryId> {
        let refuse = |fact: String| Error::Plan { entry: name.to_string(), fact };
        let all = self.graph.nodes.len();
        if let Some(id) = outputs.iter().chain(updates).find(|id| id.index() >= all) {
            return Err(refuse(format!("value {} is of another graph", id.index())));
        }
        if self.find(name).is_some() {
            return Err(refuse(
                "there is an entry of this name already; give it another".to_string(),
            ));
        }
        for id in updates {
            let op = self.graph.node(*id).op;
            if op.kind() != Kind::Update {
                return Err(refuse(format!(
                    "`{}` stands among the updates and changes nothing",
                    op.name()
                )));
            }
        }
        if let Some(id) = outputs.iter().find(|id| self.graph.node(**id).op.kind() == Kind::Update)
        {
            let update = self.graph.node(*id).op.name();
            return Err(refuse(format!(
                "the update `{update}` stands among the outputs and has no value"
            )));
        }
        self.refuse_stale_reads(name, updates)?;
        let mut nodes = self.graph.nodes.clone();
        if self.planning.fuse {
            fuse::fuse(&mut nodes, outputs, updates);
        }
        let (calls, outputs) = self.assign(&nodes, outputs, updates);
        self.entries.push(Entry { name: name.to_string(), calls, outputs });
        Ok(EntryId(self.entries.len() - 1))
    }

    fn refuse_stale_reads(&self, name: &str, updates: &[Id]) -> Result<()> {
        let mut changed: Vec<Id> = Vec::new();
        for id in updates {
            let node = self.graph.node(*id);
            if let Some(stale) = node.args.iter().find(|arg| changed.contains(arg)) {
                let earlier = self.graph.node(*stale).at;
                let update = node.op.name();
                let fact = format!(
                    "`{update}` at {} reads the value of {earlier}, which an earlier update changes; order the updates so that it reads first",
                    node.at
                );
                return Err(Error::Plan { entry: name.to_string(), fact });
            }
            changed.extend(node.op.changes().iter().map(|position| node.args[*position]));
        }
        Ok(())
    }

    /// The graph that the entries compute.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What to allocate.
    #[must_use]
    pub fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    /// All entries, in the order they were planned.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<EntryId> {
        self.entries.iter().position(|entry| entry.name == name).map(EntryId)
    }

    /// An entry.
    ///
    /// # Panics
    /// If it belongs to another program with more entries.
    #[must_use]
    pub fn planned(&self, id: EntryId) -> &Entry {
        &self.entries[id.0]
    }

    /// Where a value lives that keeps its slot between runs, if an entry uses it.
    #[must_use]
    pub fn fixed(&self, id: Id) -> Option<Operand> {
        let node = self.graph.nodes.get(id.index())?;
        let slot = self.fixed[id.index()]?;
        Some(Operand { slot, shape: node.shape, dtype: node.dtype })
    }
}
