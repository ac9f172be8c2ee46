//! One call where the graph has several: a layer's product, bias and activation become `affine`.

use crate::{Activation, Id, Op, graph::Node};

/// Rewrites the nodes that `outputs` and `updates` need. A value that is swallowed by its only
/// reader is left behind unused, for the planner to skip.
pub(super) fn fuse(nodes: &mut [Node], outputs: &[Id], updates: &[Id]) {
    let readers = readers(nodes, outputs, updates);
    for index in 0..nodes.len() {
        if readers[index] == 0 {
            continue;
        }
        let Some(first) = nodes[index].args.first().copied() else { continue };
        if readers[first.index()] != 1 {
            continue;
        }
        let producer = nodes[first.index()].clone();
        match (nodes[index].op, producer.op) {
            (Op::AddRow, Op::MatMul { transpose_a, transpose_b }) => {
                let bias = nodes[index].args[1];
                nodes[index].op =
                    Op::Affine { transpose_a, transpose_b, activation: Activation::Identity };
                nodes[index].args = vec![producer.args[0], producer.args[1], bias];
            }
            (
                Op::Relu,
                Op::Affine { transpose_a, transpose_b, activation: Activation::Identity },
            ) => {
                absorb(&mut nodes[index], producer, transpose_a, transpose_b, Activation::Relu);
            }
            (
                Op::Tanh,
                Op::Affine { transpose_a, transpose_b, activation: Activation::Identity },
            ) => {
                absorb(&mut nodes[index], producer, transpose_a, transpose_b, Activation::Tanh);
            }
            _ => {}
        }
    }
}

fn absorb(
    node: &mut Node,
    producer: Node,
    transpose_a: bool,
    transpose_b: bool,
    activation: Activation,
) {
    node.op = Op::Affine { transpose_a, transpose_b, activation };
    node.args = producer.args;
}

/// How often each value is read, by needed nodes or as an output. 0 for what nobody needs.
fn readers(nodes: &[Node], outputs: &[Id], updates: &[Id]) -> Vec<usize> {
    let mut readers = vec![0; nodes.len()];
    for id in outputs.iter().chain(updates) {
        // An output is read from outside as well: it must never vanish into its only reader.
        readers[id.index()] += 2;
    }
    for index in (0..nodes.len()).rev() {
        if readers[index] > 0 {
            for arg in &nodes[index].args {
                readers[arg.index()] += 1;
            }
        }
    }
    readers
}
