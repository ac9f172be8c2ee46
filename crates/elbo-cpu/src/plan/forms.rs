//! Which form each matrix has: such that little has to be turned, and lanes are not left empty.
//!
//! A product takes one operand by vectors, whose lanes are then the lanes of its result, and the other
//! one a value at a time, which may lie in any form. So each product has two ways, and ops between
//! products want all their matrices in one form. The cheapest choice is looked for by
//! changing one matrix, or some that belong together, for as long as that helps.

use elbo_tensor::{Call, Kind, Op, Slot};

use super::{dimensions, is_matrix};
use crate::layout::{Form, Layout};

/// What turning a value costs, in multiply-adds.
const TURN: usize = 8;
/// The effort of a multiply-add in tiles of three vectors.
const WHOLE: usize = 20;

/// A matrix between two calls that change its slot.
#[derive(Clone, Copy, Debug)]
struct Value {
    slot: Slot,
    rows: usize,
    columns: usize,
    /// Which entry of the choice is its form. An updated matrix shares it with the one before.
    variable: usize,
}

/// What a call reads and makes, by value. `None`: no matrix.
#[derive(Clone, Debug)]
struct Use {
    args: Vec<Option<usize>>,
    out: Option<usize>,
    /// Whose form the call works in.
    variable: Option<usize>,
}

/// The forms of an entry.
pub(super) struct Forms {
    values: Vec<Value>,
    uses: Vec<Use>,
    choice: Vec<Form>,
    threads: usize,
}

/// Which form a call that works in `form` wants of an argument. `None`: either.
pub(super) fn wanted(op: Op, position: usize, form: Form) -> Option<Form> {
    match (op, position) {
        (
            Op::MatMul { transpose_a, transpose_b }
            | Op::MatMulReluGrad { transpose_a, transpose_b }
            | Op::Affine { transpose_a, transpose_b, .. },
            0 | 1,
        ) => by_vectors(position, form, transpose_a, transpose_b),
        (Op::AdamProduct { .. }, 1 | 2) => by_vectors(position - 1, form, true, false),
        _ => Some(form),
    }
}

/// What a product wants of its operands: the one that has the result's lanes lies with them.
fn by_vectors(operand: usize, form: Form, transpose_a: bool, transpose_b: bool) -> Option<Form> {
    match (operand, form) {
        (1, Form::Straight) => Some(Form::Straight.of_transpose(transpose_b)),
        (0, Form::Turned) => Some(Form::Turned.of_transpose(transpose_a)),
        _ => None,
    }
}

impl Forms {
    /// The form that a call works in.
    pub(super) fn of_call(&self, call: usize) -> Form {
        self.uses[call].variable.map_or(Form::Straight, |variable| self.choice[variable])
    }

    /// The form that an argument of a call has where it was made.
    pub(super) fn of_argument(&self, call: usize, position: usize) -> Form {
        let value = self.uses[call].args[position];
        value.map_or(Form::Straight, |value| self.choice[self.values[value].variable])
    }

    /// An argument of a call that is a matrix, as a number.
    pub(super) fn argument(&self, call: usize, position: usize) -> Option<usize> {
        self.uses[call].args[position]
    }
}

/// Chooses. `settled` says how a matrix lies that another entry relies on.
pub(super) fn choose(
    calls: &[Call],
    (lanes, threads): (usize, usize),
    settled: impl Fn(Slot) -> Option<Layout>,
) -> Forms {
    let mut forms = Forms { values: Vec::new(), uses: Vec::new(), choice: Vec::new(), threads };
    let mut fixed = Vec::new();
    for call in calls {
        forms.add(call, &settled, &mut fixed);
    }
    let moves = forms.moves(calls, &fixed);
    let mut best = usize::MAX;
    for start in [Form::Turned, Form::Straight] {
        let given = fixed.iter().map(|form| form.unwrap_or(start)).collect();
        let kept = std::mem::replace(&mut forms.choice, given);
        let cost = forms.descend(calls, lanes, &moves);
        if cost < best {
            best = cost;
        } else {
            forms.choice = kept;
        }
    }
    forms
}

impl Forms {
    fn add(
        &mut self,
        call: &Call,
        settled: &impl Fn(Slot) -> Option<Layout>,
        fixed: &mut Vec<Option<Form>>,
    ) {
        let args: Vec<_> = call
            .args
            .iter()
            .map(|arg| {
                let (rows, columns) = dimensions(arg);
                if !is_matrix(arg) {
                    return None;
                }
                let known = self.values.iter().rposition(|value| value.slot == arg.slot);
                Some(known.unwrap_or_else(|| {
                    let form = settled(arg.slot)
                        .filter(|layout| (layout.rows, layout.columns) == (rows, columns))
                        .map(|layout| layout.form);
                    fixed.push(form);
                    let variable = fixed.len() - 1;
                    self.values.push(Value { slot: arg.slot, rows, columns, variable });
                    self.values.len() - 1
                }))
            })
            .collect();
        let (rows, columns) = dimensions(&call.out);
        let changes = call.op.changes();
        let out = (is_matrix(&call.out) && changes.is_empty()).then(|| {
            fixed.push(None);
            let variable = fixed.len() - 1;
            self.values.push(Value { slot: call.out.slot, rows, columns, variable });
            self.values.len() - 1
        });
        // The moments lie as their parameter does.
        if let Some(parameter) = changes.first().and_then(|first| args[*first]) {
            let variable = self.values[parameter].variable;
            for changed in changes.iter().filter_map(|position| args[*position]) {
                let old = self.values[changed].variable;
                fixed[variable] = fixed[variable].or(fixed[old]);
                self.values[changed].variable = variable;
            }
        }
        // What a sum or an update works in is the form of what it sums up or changes.
        let first = args.first().copied().flatten();
        let variable = out.or(first).map(|value| self.values[value].variable);
        self.uses.push(Use { args, out, variable });
    }

    /// Sets of variables to change together: each alone, each two that a call brings together, and those
    /// that ops between products tie to each other.
    fn moves(&self, calls: &[Call], fixed: &[Option<Form>]) -> Vec<Vec<usize>> {
        let free = |variable: &usize| fixed[*variable].is_none();
        let mut cluster: Vec<usize> = (0..fixed.len()).collect();
        let mut moves: Vec<Vec<usize>> = (0..fixed.len()).map(|variable| vec![variable]).collect();
        for (call, used) in calls.iter().zip(&self.uses) {
            let values = used.args.iter().chain([&used.out]).flatten();
            let mut touched: Vec<usize> =
                values.map(|value| self.values[*value].variable).filter(free).collect();
            touched.sort_unstable();
            touched.dedup();
            for (i, one) in touched.iter().enumerate() {
                moves.extend(touched[..i].iter().map(|other| vec![*other, *one]));
            }
            if call.op.kind() == Kind::Elementwise {
                for pair in touched.windows(2) {
                    let (from, to) = (cluster[pair[1]], cluster[pair[0]]);
                    cluster.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
                }
            }
        }
        for number in 0..fixed.len() {
            let members: Vec<_> = (0..fixed.len()).filter(|v| cluster[*v] == number).collect();
            if members.len() > 2 {
                moves.push(members);
            }
        }
        moves.retain(|variables| variables.iter().all(free));
        moves
    }

    /// Makes every move that helps until none does. Returns the cost.
    fn descend(&mut self, calls: &[Call], lanes: usize, moves: &[Vec<usize>]) -> usize {
        let mut cost = self.cost(calls, lanes);
        loop {
            let before = cost;
            for variables in moves {
                self.flip(variables);
                let after = self.cost(calls, lanes);
                if after < cost {
                    cost = after;
                } else {
                    self.flip(variables);
                }
            }
            if cost == before {
                return cost;
            }
        }
    }

    fn flip(&mut self, variables: &[usize]) {
        for variable in variables {
            self.choice[*variable] = self.choice[*variable].other();
        }
    }

    /// What a multiply-add costs in a result of so many rows. Threads divide them, so where rows are lanes
    /// each may have too few panels for tiles of three vectors; measured on a core with two multiply-add units.
    fn effort(&self, form: Form, rows: usize, lanes: usize) -> usize {
        match (form, rows.div_ceil(lanes * self.threads)) {
            (Form::Turned, 1) => WHOLE * 8 / 5,
            (Form::Turned, 2 | 4) => WHOLE * 21 / 20,
            _ => WHOLE,
        }
    }

    /// Multiply-adds of all products, those of empty lanes included, and what turning costs.
    fn cost(&self, calls: &[Call], lanes: usize) -> usize {
        let mut turned = vec![false; self.values.len()];
        let mut cost = 0;
        for (call, used) in calls.iter().zip(&self.uses) {
            let Some(variable) = used.variable else { continue };
            let form = self.choice[variable];
            for (position, value) in used.args.iter().enumerate() {
                let Some(value) = *value else { continue };
                let has = self.choice[self.values[value].variable];
                let wants = wanted(call.op, position, form).unwrap_or(has);
                turned[value] |= wants != has;
            }
            let (rows, columns) = dimensions(&call.out);
            let padded = Layout { rows, columns, form, lanes }.len();
            cost += padded * terms(call) * self.effort(form, rows, lanes) / WHOLE;
        }
        let turns = self.values.iter().zip(turned).filter(|(_, turned)| *turned);
        cost + turns.map(|(value, _)| TURN * value.rows * value.columns).sum::<usize>()
    }
}

/// Terms of each sum of a call's result.
fn terms(call: &Call) -> usize {
    let side = |operand: usize, transposed: bool| {
        let (rows, columns) = dimensions(&call.args[operand]);
        if transposed { rows } else { columns }
    };
    match call.op {
        Op::MatMul { transpose_a, .. }
        | Op::MatMulReluGrad { transpose_a, .. }
        | Op::Affine { transpose_a, .. } => side(0, transpose_a),
        Op::AdamProduct { .. } => side(1, true),
        _ => 1,
    }
}
