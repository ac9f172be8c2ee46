//! One call where the graph has several.
//!
//! A layer's product, bias and activation become `affine`; a product and relu's gradient
//! `matmul_relu_grad`; a squared error and its gradient through tanh a pass each; and a gradient that
//! only Adam reads is never written down: `adam_product`.

use crate::{Activation, Id, Op, Over, graph::Node};

/// Rewrites the nodes that `outputs` and `updates` need. A value that is swallowed by its only
/// reader is left behind unused, for the planner to skip.
pub(super) fn fuse(nodes: &mut [Node], outputs: &[Id], updates: &[Id]) {
    neighbours(nodes, outputs, updates);
    errors(nodes, outputs, updates);
    steps(nodes, outputs, updates);
}

/// Ops that read the result of the op before them, and are its only readers.
fn neighbours(nodes: &mut [Node], outputs: &[Id], updates: &[Id]) {
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
            (Op::ReluGrad, Op::MatMul { transpose_a, transpose_b }) => {
                let y = nodes[index].args[1];
                nodes[index].op = Op::MatMulReluGrad { transpose_a, transpose_b };
                nodes[index].args = vec![producer.args[0], producer.args[1], y];
            }
            _ => {}
        }
    }
}

/// Squared errors, and their gradients through tanh. Both read a difference: each takes it over, for
/// a subtraction done twice is cheaper than a difference written down and read twice.
fn errors(nodes: &mut [Node], outputs: &[Id], updates: &[Id]) {
    let readers = readers(nodes, outputs, updates);
    for index in 0..nodes.len() {
        let Some(first) = nodes[index].args.first().copied() else { continue };
        let Node { op, ref args, .. } = nodes[first.index()];
        let Some(difference) = args.first().map(|id| &nodes[id.index()]) else { continue };
        if readers[first.index()] != 1 || difference.op != Op::Sub {
            continue;
        }
        let (y, x) = (difference.args[0], difference.args[1]);
        let fused = match (nodes[index].op, op) {
            (Op::Sum(Over::All), Op::Square) => Op::SquaredError,
            (Op::TanhGrad, Op::Scale(k)) if nodes[index].args[1] == y && x != y => {
                Op::ErrorTanhGrad(k)
            }
            _ => continue,
        };
        nodes[index].op = fused;
        nodes[index].args = vec![y, x];
    }
}

/// Steps of Adam whose gradient is aᵀ · b and read by nothing else.
///
/// Updates run last, so a and b are then read later than they would have been: neither may be a
/// value that an update changes.
fn steps(nodes: &mut [Node], outputs: &[Id], updates: &[Id]) {
    let readers = readers(nodes, outputs, updates);
    let changes = |id: &Id| {
        let node = &nodes[id.index()];
        node.op.changes().iter().map(|position| node.args[*position]).collect::<Vec<_>>()
    };
    let changed: Vec<Id> = updates.iter().flat_map(changes).collect();
    for update in updates {
        let Node { op: Op::Adam { beta1, beta2, eps }, args, .. } = &nodes[update.index()] else {
            continue;
        };
        let gradient = &nodes[args[1].index()];
        let apart = gradient.op == Op::MatMul { transpose_a: true, transpose_b: false }
            && readers[args[1].index()] == 1
            && gradient.args.iter().all(|arg| !changed.contains(arg));
        if apart {
            let (a, b) = (gradient.args[0], gradient.args[1]);
            let fused = Op::AdamProduct { beta1: *beta1, beta2: *beta2, eps: *eps };
            let all = vec![args[0], a, b, args[2], args[3], args[4], args[5]];
            let node = &mut nodes[update.index()];
            (node.op, node.args) = (fused, all);
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
