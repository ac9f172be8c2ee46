//! What is computed: a list of ops in the order they were written, each with its result's shape.

use std::panic::Location;

use crate::{Dtype, Error, Op, Shape, infer};

/// Values of the largest tensor: 4 TiB of `f32`.
const MOST_VALUES: usize = 1 << 40;

/// A value's number in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u32);

impl Id {
    /// The value's position in [`Graph::nodes`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One op with its arguments and what is known of its result.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From which values.
    pub args: Vec<Id>,
    /// The result's shape.
    pub shape: Shape,
    /// The result's type.
    pub dtype: Dtype,
    /// The line of the formula that asked for it.
    pub at: &'static Location<'static>,
}

/// A list of nodes in which every argument stands before its use, and the first fault in it.
#[derive(Default, Debug)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) fault: Option<Error>,
}

impl Graph {
    /// All values, in the order they were written.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of a value.
    ///
    /// # Panics
    /// If the value belongs to another, longer graph.
    #[must_use]
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()]
    }

    /// Adds a leaf: a value of a given shape and type with no arguments.
    pub(crate) fn leaf(
        &mut self,
        op: Op,
        shape: Shape,
        dtype: Dtype,
        at: &'static Location<'static>,
    ) -> Id {
        self.append(Node { op, args: Vec::new(), shape, dtype, at })
    }

    /// Adds an op. `given` is the result's shape for ops whose arguments do not tell it.
    ///
    /// A shape that does not fit is kept as the graph's fault, so a formula reads without `?`.
    pub(crate) fn push(
        &mut self,
        op: Op,
        args: &[Id],
        given: Shape,
        at: &'static Location<'static>,
    ) -> Id {
        let arguments: Vec<&Node> = args.iter().map(|id| self.node(*id)).collect();
        let (shape, dtype) = match infer::result(op, &arguments, given) {
            Ok(result) => result,
            Err(fact) => {
                let shape = arguments.first().map_or(given, |first| first.shape);
                self.fail(Error::Shape { op: op.name(), fact, at });
                (shape, Dtype::F32)
            }
        };
        self.append(Node { op, args: args.to_vec(), shape, dtype, at })
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.fault.get_or_insert(error);
    }

    fn append(&mut self, node: Node) -> Id {
        if node.shape.len() > MOST_VALUES {
            let fact = format!("{} is more than any memory holds", node.shape);
            self.fail(Error::Shape { op: node.op.name(), fact, at: node.at });
        }
        self.nodes.push(node);
        Id(u32::try_from(self.nodes.len() - 1).expect("fewer than 2³² ops"))
    }
}
