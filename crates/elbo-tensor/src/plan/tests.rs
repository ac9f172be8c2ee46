//! What the planner promises about slots, the order of calls, and fusion.

use crate::{AdamState, Call, Dtype, Entry, Planning, Program, Slot, Tape, Var};

/// The names of an entry's calls.
fn names(entry: &Entry) -> Vec<&'static str> {
    entry.calls().iter().map(|call| call.op.name()).collect()
}

/// Plans one entry in a given way.
fn planned(
    planning: Planning,
    write: impl for<'t> Fn(&'t Tape) -> (Vec<Var<'t>>, Vec<Var<'t>>),
) -> (Program, Entry) {
    let tape = Tape::new();
    let (outputs, updates) = write(&tape);
    let outputs: Vec<_> = outputs.into_iter().map(Var::id).collect();
    let updates: Vec<_> = updates.into_iter().map(Var::id).collect();
    let mut program = Program::with_planning(tape, planning).unwrap();
    let id = program.entry("tested", &outputs, &updates).unwrap();
    let entry = program.planned(id).clone();
    (program, entry)
}

fn outputs_of(write: impl for<'t> Fn(&'t Tape) -> Vec<Var<'t>>) -> (Program, Entry) {
    planned(Planning::default(), |tape| (write(tape), Vec::new()))
}

const PLAIN: Planning = Planning { reuse: false, fuse: false };

fn out_slots(entry: &Entry) -> Vec<Slot> {
    entry.calls().iter().map(|call| call.out.slot).collect()
}

/// Three sums of the same size one after the other, each reading only the one before.
fn chain_of_whole_ops(tape: &Tape) -> Vec<Var<'_>> {
    let w = tape.parameter([4, 4]);
    let x = tape.input(Dtype::F32, [4, 4]);
    vec![x.matmul(w).matmul(w).matmul(w).matmul(w)]
}

#[test]
fn a_buffer_is_given_to_a_new_value_once_its_old_one_is_dead() {
    let (program, entry) = outputs_of(chain_of_whole_ops);
    let slots = out_slots(&entry);
    assert_ne!(slots[0], slots[1], "a product never writes over what it reads");
    assert_eq!((slots[0], slots[1]), (slots[2], slots[3]));
    assert_eq!(program.slots().len(), 4, "input, weight, and two in turn");
}

#[test]
fn without_reuse_every_value_has_a_slot_of_its_own() {
    let (program, entry) = planned(PLAIN, |tape| (chain_of_whole_ops(tape), Vec::new()));
    let mut slots = out_slots(&entry);
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), entry.calls().len());
    assert_eq!(program.slots().len(), 2 + entry.calls().len());
}

#[test]
fn the_smallest_free_buffer_that_fits_is_taken() {
    let (program, entry) = outputs_of(|tape| {
        let (wide, narrow) = (tape.fill(1.0, [8, 9]), tape.fill(1.0, [8, 3]));
        let freed = wide.sum() + narrow.sum();
        vec![freed, tape.fill(2.0, [8, 2])]
    });
    let [.., small] = entry.calls() else { panic!("no calls") };
    let taken = program.slots()[small.out.slot.index()];
    assert_eq!(taken.len, 24, "{entry}");
}

#[test]
fn a_buffer_more_than_twice_as_long_is_left_alone() {
    for (width, taken) in [(4, true), (5, false)] {
        let (program, entry) = outputs_of(|tape| {
            let freed = tape.fill(1.0, [8, width]).sum();
            vec![freed, tape.fill(2.0, [8, 2])]
        });
        let [.., small] = entry.calls() else { panic!("no calls") };
        let len = program.slots()[small.out.slot.index()].len;
        assert_eq!(len == 8 * width, taken, "{entry}");
    }
}

#[test]
fn an_elementwise_op_takes_the_place_of_an_argument_that_dies() {
    let (_, entry) = outputs_of(|tape| {
        let x = tape.input(Dtype::F32, [7]);
        vec![(x + x).exp().tanh()]
    });
    let slots = out_slots(&entry);
    assert_eq!(slots, [slots[0]; 3]);
    assert_ne!(entry.calls()[0].args[0].slot, slots[0], "an input is never written over");
}

#[test]
fn no_result_takes_the_place_of_any_argument_but_the_first() {
    let (_, entry) = outputs_of(|tape| {
        let x = tape.input(Dtype::F32, [7]);
        let (a, b) = (x.exp(), x.tanh());
        let square = a * a;
        vec![b - square, (x - b) / x]
    });
    for Call { op, args, out, .. } in entry.calls() {
        let others = args.iter().skip(1).any(|arg| arg.slot == out.slot);
        assert!(!others, "`{}` writes over its second argument\n{entry}", op.name());
    }
}

#[test]
fn a_value_that_is_still_needed_is_not_written_over() {
    let (_, entry) = outputs_of(|tape| {
        let x = tape.input(Dtype::F32, [7]).exp();
        vec![x.tanh() + x.relu() + x]
    });
    let read_last = entry.calls().last().unwrap().args[1].slot;
    let writers = entry.calls().iter().filter(|call| call.out.slot == read_last);
    assert_eq!(writers.map(|call| call.op.name()).collect::<Vec<_>>(), ["exp"], "{entry}");
}

#[test]
fn an_output_keeps_its_slot_to_the_end() {
    let (_, entry) = outputs_of(|tape| {
        let x = tape.input(Dtype::F32, [7]);
        let early = x.exp();
        vec![early, early.tanh().sum(), (x * 2.0).relu().sum()]
    });
    for (id, operand) in entry.outputs() {
        let writers: Vec<_> =
            entry.calls().iter().filter(|call| call.out.slot == operand.slot).collect();
        let last = writers.last().unwrap();
        assert_eq!(last.out, *operand, "value {} is written over\n{entry}", id.index());
    }
    assert_eq!(entry.outputs()[0].1, entry.calls()[0].out);
}

#[test]
fn updates_come_last_in_the_order_given_wherever_they_were_written() {
    let (_, entry) = planned(Planning::default(), |tape| {
        let (count, log) = (tape.counter(), tape.parameter([9]));
        let advance = count.advance(1);
        let value = tape.input(Dtype::F32, [4]).exp().sum();
        (vec![value], vec![log.put(value, count), advance])
    });
    assert_eq!(names(&entry), ["exp", "sum", "put", "advance"]);
}

#[test]
fn an_update_that_reads_what_an_earlier_one_changes_is_refused() {
    let tape = Tape::new();
    let (count, log) = (tape.counter(), tape.parameter([9]));
    let value = tape.input(Dtype::F32, [1]);
    let (advance, put) = (count.advance(1).id(), log.put(value, count).id());
    let mut program = Program::new(tape).unwrap();
    let error = program.entry("stale", &[], &[advance, put]).unwrap_err().to_string();
    assert!(error.starts_with("plan of `stale`: `put` at "), "{error}");
    assert!(error.contains("order the updates so that it reads first"), "{error}");
    program.entry("fresh", &[], &[put, advance]).unwrap();
}

#[test]
fn an_update_stands_among_the_updates_and_a_value_among_the_outputs() {
    let tape = Tape::new();
    let advance = tape.counter().advance(1).id();
    let value = tape.fill(1.0, [2]).exp().id();
    let mut program = Program::new(tape).unwrap();
    let error = program.entry("step", &[], &[value]).unwrap_err().to_string();
    assert_eq!(error, "plan of `step`: `exp` stands among the updates and changes nothing");
    let error = program.entry("step", &[advance], &[]).unwrap_err().to_string();
    let fact = "the update `advance` stands among the outputs and has no value";
    assert_eq!(error, format!("plan of `step`: {fact}"));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let tape = Tape::new();
    let value = tape.fill(1.0, [2]).id();
    let mut program = Program::new(tape).unwrap();
    let first = program.entry("step", &[value], &[]).unwrap();
    let error = program.entry("step", &[value], &[]).unwrap_err().to_string();
    let fact = "there is an entry of this name already; give it another";
    assert_eq!(error, format!("plan of `step`: {fact}"));
    assert_eq!((program.find("step"), program.find("other")), (Some(first), None));
}

#[test]
fn entries_share_parameters_and_scratch() {
    let tape = Tape::new();
    let (x, w) = (tape.input(Dtype::F32, [4, 4]), tape.parameter([4, 4]));
    let (train, evaluate) = (x.matmul(w).sum().id(), x.matmul(w).tanh().sum().id());
    let w = w.id();
    let mut program = Program::new(tape).unwrap();
    let first = program.entry("train", &[train], &[]).unwrap();
    let slots = program.slots().len();
    let second = program.entry("evaluate", &[evaluate], &[]).unwrap();
    assert_eq!(program.slots().len(), slots, "the second entry needs no more buffers");
    let weight = program.fixed(w).unwrap().slot;
    for entry in [first, second] {
        assert_eq!(program.planned(entry).calls()[0].args[1].slot, weight);
    }
}

#[test]
fn what_no_entry_needs_is_neither_called_nor_given_a_slot() {
    let tape = Tape::new();
    let (x, unused) = (tape.input(Dtype::F32, [4]), tape.parameter([4]));
    let (needed, unused_id) = (x.exp().id(), unused.id());
    let _never = x.tanh() + unused;
    let mut program = Program::new(tape).unwrap();
    let entry = program.entry("lean", &[needed], &[]).unwrap();
    assert_eq!(names(program.planned(entry)), ["exp"]);
    assert_eq!(program.fixed(unused_id), None);
}

fn layer(tape: &Tape) -> (Var<'_>, Var<'_>) {
    let x = tape.input(Dtype::F32, [5, 3]);
    let (weight, bias) = (tape.parameter([4, 3]), tape.parameter([4]));
    let product = x.matmul_transposed(weight);
    (product, product.add_row(bias))
}

#[test]
fn a_layer_becomes_one_call() {
    let fused = |write: fn(Var<'_>) -> Var<'_>| {
        let (_, entry) = outputs_of(|tape| vec![write(layer(tape).1)]);
        names(&entry)
    };
    assert_eq!(fused(|sum| sum), ["affine"]);
    assert_eq!(fused(|sum| sum.relu()), ["affine"]);
    assert_eq!(fused(|sum| sum.tanh()), ["affine"]);
    assert_eq!(fused(|sum| sum.sigmoid()), ["affine", "sigmoid"]);
    assert_eq!(fused(|sum| sum.relu().tanh()), ["affine", "tanh"]);
}

#[test]
fn without_fusion_every_op_is_a_call() {
    let (_, entry) = planned(PLAIN, |tape| (vec![layer(tape).1.relu()], Vec::new()));
    assert_eq!(names(&entry), ["matmul", "add_row", "relu"]);
}

#[test]
fn a_value_with_a_second_reader_is_not_swallowed() {
    let (_, entry) = outputs_of(|tape| {
        let (product, sum) = layer(tape);
        vec![sum.tanh() + product]
    });
    assert_eq!(names(&entry), ["matmul", "add_row", "tanh", "add"]);
    let (_, entry) = outputs_of(|tape| {
        let (_, sum) = layer(tape);
        vec![sum.tanh() + sum]
    });
    assert_eq!(names(&entry), ["affine", "tanh", "add"]);
}

#[test]
fn a_reader_that_nobody_needs_does_not_hinder_fusion() {
    let (_, entry) = outputs_of(|tape| {
        let (product, sum) = layer(tape);
        let _unneeded = product.exp();
        vec![sum.relu()]
    });
    assert_eq!(names(&entry), ["affine"]);
}

#[test]
fn an_output_is_not_swallowed() {
    let (_, entry) = outputs_of(|tape| {
        let (product, sum) = layer(tape);
        vec![product, sum.relu()]
    });
    assert_eq!(names(&entry), ["matmul", "add_row", "relu"]);
    let (_, entry) = outputs_of(|tape| {
        let (_, sum) = layer(tape);
        vec![sum, sum.relu()]
    });
    assert_eq!(names(&entry), ["affine", "relu"]);
}

#[test]
fn a_value_that_an_update_reads_is_not_swallowed() {
    let (_, entry) = planned(Planning::default(), |tape| {
        let (_, sum) = layer(tape);
        let (weight, first, second) =
            (tape.parameter([5, 4]), tape.parameter([5, 4]), tape.parameter([5, 4]));
        let (step, learning_rate) = (tape.counter(), tape.input(Dtype::F32, [1]));
        let state = AdamState { first, second, step, learning_rate };
        (vec![sum.relu()], vec![weight.adam(sum, state, (0.9, 0.999), 1e-8)])
    });
    assert_eq!(names(&entry), ["affine", "relu", "adam"]);
}

/// Steps of Adam on parameters, their gradients those of the sum of a product of the first two values.
fn descent<'t>(tape: &'t Tape, product: [Var<'t>; 2], parameters: &[Var<'t>]) -> Vec<Var<'t>> {
    let loss = product[0].matmul(product[1]).sum();
    let gradients = tape.gradients(loss, parameters);
    let (step, learning_rate) = (tape.counter(), tape.input(Dtype::F32, [1]));
    let steps = parameters.iter().zip(gradients).map(|(parameter, gradient)| {
        let shape = parameter.shape();
        let (first, second) = (tape.parameter(shape), tape.parameter(shape));
        let state = AdamState { first, second, step, learning_rate };
        parameter.adam(gradient, state, (0.9, 0.999), 1e-8)
    });
    steps.collect()
}

#[test]
fn a_gradient_that_only_adam_reads_is_not_written_down() {
    let (_, entry) = planned(Planning::default(), |tape| {
        let (x, w) = (tape.input(Dtype::F32, [3, 4]), tape.parameter([4, 5]));
        (Vec::new(), descent(tape, [x, w], &[w]))
    });
    assert_eq!(names(&entry), ["fill", "adam_product"]);
}

#[test]
fn a_gradient_of_values_that_an_update_changes_is_computed_before_it() {
    let (_, entry) = planned(Planning::default(), |tape| {
        let (a, b) = (tape.parameter([3, 4]), tape.parameter([4, 5]));
        (Vec::new(), descent(tape, [a, b], &[a, b]))
    });
    assert_eq!(names(&entry), ["fill", "matmul", "matmul", "adam", "adam"]);
}

#[test]
fn only_a_plain_difference_squared_and_summed_is_a_squared_error() {
    let (_, entry) = outputs_of(|tape| {
        let (x, y) = (tape.input(Dtype::F32, [5, 4]), tape.parameter([5, 4]).tanh());
        let error = (y - x).square().sum();
        let w = tape.parameter([5, 4]);
        let scaled = ((y - x) * 0.5).square().sum() + w.sum();
        vec![error, scaled]
    });
    let fused = names(&entry).iter().filter(|name| **name == "squared_error").count();
    assert_eq!(fused, 1, "a scaled difference is none: {entry}");
}

#[test]
fn values_without_a_number_in_them_are_planned_like_others() {
    let (program, entry) = outputs_of(|tape| {
        let x = tape.input(Dtype::F32, [0, 3]);
        let y = x.matmul(tape.parameter([3, 0])).exp();
        vec![y.sum_rows(), y, x.sum()]
    });
    assert_eq!(names(&entry), ["matmul", "exp", "sum_rows", "sum"]);
    let sum = entry.outputs()[2].1;
    assert_eq!(program.slots()[sum.slot.index()].len, 1);
}

#[test]
fn a_plan_reads_line_by_line() {
    let (_, entry) = outputs_of(|tape| vec![layer(tape).1.relu().sum()]);
    let text = entry.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "tested: 2 calls, 0.0 MFLOP");
    assert!(lines[1].starts_with("   0  affine        %3[5, 4]"), "{text}");
    assert!(lines[1].contains("= %0[5, 3], %1[4, 3], %2[4] (b transposed) Relu"), "{text}");
    assert!(lines[2].starts_with("   1  sum           %4[1]"), "{text}");
}
