//! A formula that does not fit is an error with the op, the shapes and the line it stands on.

use elbo_tensor::{AdamState, Dtype, Program, Tape, Var};

/// The fault of a tape that something wrong was written on.
fn fault(write: impl for<'t> FnOnce(&'t Tape)) -> String {
    let tape = Tape::new();
    write(&tape);
    Program::new(tape).expect_err("the formula does not fit").to_string()
}

/// Panics unless the message is `fact` with the place of this file's line `line`.
#[track_caller]
fn assert_fault(message: &str, fact: &str, line: u32) {
    let place = format!("; at {}:{line}:", file!());
    let said = message.split_once(&place).map(|(said, _column)| said);
    assert_eq!(said, Some(fact), "{message} (wanted {place})");
}

fn matrix<'t>(tape: &'t Tape, sizes: [usize; 2]) -> Var<'t> {
    tape.input(Dtype::F32, sizes)
}

#[test]
fn matmul_names_both_shapes_and_the_line() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = matrix(tape, [128, 784]).matmul(matrix(tape, [400, 20]));
    });
    assert_fault(&message, "matmul: inner sizes differ, [128, 784] · [400, 20]", line);
}

#[test]
fn a_transposed_matmul_shows_what_is_transposed() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = matrix(tape, [128, 784]).matmul_transposed(matrix(tape, [784, 400]));
    });
    assert_fault(&message, "matmul: inner sizes differ, [128, 784] · [784, 400]ᵀ", line);
}

#[test]
fn a_matmul_of_a_vector_is_told_that_it_wants_a_matrix() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.fill(1.0, [3]).matmul(matrix(tape, [3, 4]));
    });
    assert_fault(&message, "matmul: wants a matrix, got [3]", line);
}

#[test]
fn operators_name_both_shapes_and_the_line() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = matrix(tape, [2, 3]) + matrix(tape, [3, 2]);
    });
    assert_fault(&message, "add: shapes differ, [2, 3] and [3, 2]", line);
}

#[test]
fn add_row_names_the_row_that_it_needs() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = matrix(tape, [2, 3]).add_row(tape.parameter([2]));
    });
    assert_fault(&message, "add_row: [2, 3] needs a row of 3, got [2]", line);
}

#[test]
fn a_gradient_of_more_than_one_number_is_refused() {
    let line = line!() + 3;
    let message = fault(|tape| {
        let x = matrix(tape, [2, 3]);
        let _ = tape.gradients(x.exp(), &[x]);
    });
    assert_fault(&message, "gradient: of a value [2, 3], wants a scalar [1]", line);
}

#[test]
fn a_gradient_with_respect_to_an_unrelated_value_is_refused() {
    let line = line!() + 3;
    let message = fault(|tape| {
        let x = matrix(tape, [2, 3]);
        let _ = tape.gradients(x.sum(), &[tape.parameter([4])]);
    });
    let (fact, _) = message.rsplit_once("; at ").unwrap();
    assert!(fact.starts_with("gradient: the value of "), "{message}");
    assert!(fact.ends_with(" [4] does not enter into it"), "{message}");
    assert_fault(&message, fact, line);
}

#[test]
fn values_of_two_tapes_do_not_mix() {
    let other = Tape::new();
    let stranger = other.fill(1.0, [2, 3]).exp();
    let tape = Tape::new();
    let line = line!() + 1;
    let _ = matrix(&tape, [2, 3]) * stranger;
    let message = Program::new(tape).unwrap_err().to_string();
    assert_fault(&message, "mul: takes values of two tapes", line);

    let tape = Tape::new();
    let line = line!() + 1;
    let _ = tape.gradients(matrix(&tape, [2, 3]).sum(), &[stranger]);
    let message = Program::new(tape).unwrap_err().to_string();
    assert_fault(&message, "gradient: takes values of two tapes", line);
}

#[test]
fn a_value_of_another_graph_is_no_output() {
    let longer = Tape::new();
    let stranger = longer.fill(1.0, [2]).exp().exp().id();
    let mut program = Program::new(Tape::new()).unwrap();
    let error = program.entry("mixed", &[stranger], &[]).unwrap_err().to_string();
    assert_eq!(error, "plan of `mixed`: value 2 is of another graph");
}

#[test]
fn a_wrong_type_is_named() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.input(Dtype::U8, [4]).exp();
    });
    assert_fault(&message, "exp: wants f32, got u8", line);
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.normal(tape.input(Dtype::U32, [2]), tape.fill(0.0, [1]), 1, [4]);
    });
    assert_fault(&message, "normal: wants u32, u32, got u32, f32", line);
}

#[test]
fn a_spread_that_no_sum_undoes_is_refused() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.fill(1.0, [3]).spread(elbo_tensor::Over::Rows, [3, 2]);
    });
    assert_fault(&message, "spread_rows: [3] does not spread to [3, 2]", line);
}

#[test]
fn a_batch_longer_than_its_order_is_refused() {
    let line = line!() + 3;
    let message = fault(|tape| {
        let (rows, order) = (tape.input(Dtype::U8, [7, 5]), tape.input(Dtype::U32, [3]));
        let _ = rows.gather(order, tape.counter(), 4, (0.0, 1.0));
    });
    assert_fault(&message, "gather: a batch of 4 from 3 of 7 rows", line);
}

/// Adam on `parameter` with the gradient and moments given.
fn adam<'t>(parameter: Var<'t>, gradient: Var<'t>, first: Var<'t>, second: Var<'t>) -> Var<'t> {
    let tape = parameter.tape();
    let state =
        AdamState { first, second, step: tape.counter(), learning_rate: tape.fill(0.1, [1]) };
    parameter.adam(gradient, state, (0.9, 0.999), 1e-8)
}

#[test]
fn adam_changes_only_parameters_and_each_but_once() {
    let computed = fault(|tape| {
        let [m, v] = [tape.parameter([2]), tape.parameter([2])];
        let _ = adam(tape.fill(1.0, [2]).exp(), tape.fill(1.0, [2]), m, v);
    });
    assert!(computed.starts_with("adam: would change a `exp`, not a parameter; at "), "{computed}");
    let twice = fault(|tape| {
        let [p, m] = [tape.parameter([2]), tape.parameter([2])];
        let _ = adam(p, tape.fill(1.0, [2]), m, m);
    });
    let fact = "adam: would change a value that it also takes as another argument; at ";
    assert!(twice.starts_with(fact), "{twice}");
}

#[test]
fn an_update_has_no_value_to_go_on_with() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.counter().advance(1).advance(1);
    });
    assert_fault(&message, "advance: reads the update `advance`, which has no value", line);
}

#[test]
fn the_first_fault_is_the_one_that_is_told() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let wrong = matrix(tape, [2, 3]) + matrix(tape, [3, 2]);
        let _ = wrong.matmul(wrong).add_row(wrong);
    });
    assert_fault(&message, "add: shapes differ, [2, 3] and [3, 2]", line);
}

#[test]
fn whoever_builds_on_a_tape_can_refuse_it_with_a_sentence() {
    let message = fault(|tape| tape.refuse("adam: no parameters to train"));
    assert_eq!(message, "adam: no parameters to train");
}

#[test]
fn a_tensor_beyond_all_memory_is_refused_where_it_is_written() {
    let line = line!() + 2;
    let message = fault(|tape| {
        let _ = tape.parameter([usize::MAX, 3]);
    });
    assert_fault(
        &message,
        "parameter: [18446744073709551615, 3] is more than any memory holds",
        line,
    );
}
