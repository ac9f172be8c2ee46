//! Giving each value a slot: first use, last use, the smallest free buffer that fits and is not much too long.

use super::{Call, Operand, Program, Slot, SlotInfo};
use crate::{Id, Kind, graph::Node};

/// A value that is still needed after the last call.
const AFTER_ALL: usize = usize::MAX;

impl Program {
    /// The calls that compute `outputs` and make `updates`, and where the outputs end up.
    pub(super) fn assign(
        &mut self,
        nodes: &[Node],
        outputs: &[Id],
        updates: &[Id],
    ) -> (Vec<Call>, Vec<(Id, Operand)>) {
        let order = order(nodes, outputs, updates);
        let last_use = last_uses(nodes, &order, outputs);
        let mut pool = self.scratch.clone();
        let mut places: Vec<Option<Slot>> = self.fixed.clone();
        let mut calls = Vec::new();
        for (position, index) in order.iter().copied().enumerate() {
            let node = &nodes[index];
            let dying = |id: &Id| {
                last_use[id.index()] == Some(position) && nodes[id.index()].op.kind() != Kind::Fixed
            };
            let slot = match node.op.kind() {
                Kind::Fixed => self.fixed_slot(index, node),
                Kind::Update => places[node.args[0].index()].expect("an update's target is fixed"),
                Kind::Elementwise if self.planning.reuse && fits_over_first(nodes, node, dying) => {
                    places[node.args[0].index()].expect("an argument precedes its use")
                }
                Kind::Elementwise | Kind::Whole => self.scratch_slot(&mut pool, node),
            };
            places[index] = Some(slot);
            if self.planning.reuse {
                for id in node.args.iter().filter(|id| dying(id)) {
                    let freed = places[id.index()].expect("an argument precedes its use");
                    if freed != slot && !pool.contains(&freed) {
                        pool.push(freed);
                    }
                }
            }
            if node.op.kind() != Kind::Fixed {
                let args = node
                    .args
                    .iter()
                    .map(|id| operand(&nodes[id.index()], places[id.index()]))
                    .collect();
                calls.push(Call { op: node.op, args, out: operand(node, Some(slot)), at: node.at });
            }
        }
        let kept = outputs
            .iter()
            .map(|id| (*id, operand(&nodes[id.index()], places[id.index()])))
            .collect();
        (calls, kept)
    }

    fn fixed_slot(&mut self, index: usize, node: &Node) -> Slot {
        if let Some(slot) = self.fixed[index] {
            return slot;
        }
        let slot = self.new_slot(node);
        self.fixed[index] = Some(slot);
        slot
    }

    /// The smallest free buffer that the value fits into, or a new one. One more than twice as long
    /// stays free: it would save little, and whoever divides work by rows could not go on to a vector in
    /// the place of a matrix before all have done with that.
    fn scratch_slot(&mut self, pool: &mut Vec<Slot>, node: &Node) -> Slot {
        let lens = node.shape.len()..=2 * node.shape.len();
        let fits = |slot: &Slot| {
            let info = self.slots[slot.index()];
            info.dtype == node.dtype && lens.contains(&info.len)
        };
        let best = (0..pool.len())
            .filter(|i| fits(&pool[*i]))
            .min_by_key(|i| self.slots[pool[*i].index()].len);
        if let Some(found) = best {
            return pool.swap_remove(found);
        }
        let slot = self.new_slot(node);
        if self.planning.reuse {
            self.scratch.push(slot);
        }
        slot
    }

    fn new_slot(&mut self, node: &Node) -> Slot {
        self.slots.push(SlotInfo { dtype: node.dtype, len: node.shape.len() });
        Slot(u32::try_from(self.slots.len() - 1).expect("fewer than 2³² slots"))
    }
}

fn operand(node: &Node, slot: Option<Slot>) -> Operand {
    Operand {
        slot: slot.expect("a value is placed before it is used"),
        shape: node.shape,
        dtype: node.dtype,
    }
}

/// What is needed, in build order, updates last in the order given.
fn order(nodes: &[Node], outputs: &[Id], updates: &[Id]) -> Vec<usize> {
    let mut needed = vec![false; nodes.len()];
    for id in outputs.iter().chain(updates) {
        needed[id.index()] = true;
    }
    for index in (0..nodes.len()).rev() {
        if needed[index] {
            for arg in &nodes[index].args {
                needed[arg.index()] = true;
            }
        }
    }
    let computed = (0..nodes.len()).filter(|i| needed[*i] && nodes[*i].op.kind() != Kind::Update);
    computed.chain(updates.iter().map(|id| id.index())).collect()
}

/// The position in `order` at which each value is read for the last time.
fn last_uses(nodes: &[Node], order: &[usize], outputs: &[Id]) -> Vec<Option<usize>> {
    let mut last = vec![None; nodes.len()];
    for (position, index) in order.iter().enumerate() {
        for arg in &nodes[*index].args {
            last[arg.index()] = Some(position);
        }
    }
    for id in outputs {
        last[id.index()] = Some(AFTER_ALL);
    }
    last
}

/// Whether an elementwise result may be written over its first argument.
fn fits_over_first(nodes: &[Node], node: &Node, dying: impl Fn(&Id) -> bool) -> bool {
    let Some((first, others)) = node.args.split_first() else { return false };
    let source = &nodes[first.index()];
    dying(first)
        && source.dtype == node.dtype
        && source.shape.len() == node.shape.len()
        && !others.contains(first)
}
