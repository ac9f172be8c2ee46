//! A fault planted in a backend is found by the check that promises to find it.

mod altered;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
};

use altered::{Altered, Launch, as_told};
use elbo_conformance::{
    Reference, Refusal, Values, calls_that_do_not_fit_are_refused,
    gradients_match_central_differences, noise_depends_on_key_stream_and_step,
    ops_agree_with_the_reference, plans_agree, replays_allocate_nothing, replays_equal_launches,
    thread_counts_agree, what_is_not_finite_is_found,
};
use elbo_tensor::{Backend, Call, Memory, Op, Operand, Over};

/// What a check says of the reference with its calls made in another way.
fn said(launch: Launch, check: fn(&dyn Fn(usize) -> Altered)) -> String {
    said_of(&|threads| Altered { launch, threads, runs: as_told }, check)
}

fn said_of(make: &dyn Fn(usize) -> Altered, check: fn(&dyn Fn(usize) -> Altered)) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| check(make))).expect_err("the fault is found");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast::<&str>().map_or_else(|_| String::new(), |s| s.to_string()),
    }
}

#[track_caller]
fn assert_names(message: &str, name: &str) {
    assert!(message.contains(name), "`{name}` is not named: {message}");
}

/// The values of an argument, to be altered.
fn values<'a>(memory: &'a mut Memory<Values>, operand: &Operand) -> &'a mut Vec<f64> {
    match memory.get_mut(operand.slot) {
        Some(Values::F32(values)) => values,
        _ => panic!("no f32 values in {operand}"),
    }
}

/// The call with its op replaced where it has a certain name.
fn instead(name: &str, op: Op, call: &Call, memory: &mut Memory<Values>) -> Result<(), Refusal> {
    let mut call = call.clone();
    if call.op.name() == name {
        call.op = op;
    }
    Reference.launch(&call, memory)
}

/// The call with an argument of one count set to zero while it runs.
fn without_count(position: usize, call: &Call, memory: &mut Memory<Values>) -> Result<(), Refusal> {
    let slot = call.args[position].slot;
    let kept = memory.take(slot).expect("the step is there");
    memory.put(slot, Values::U32(vec![0; kept.len()]));
    let result = Reference.launch(call, memory);
    memory.put(slot, kept);
    result
}

#[test]
fn a_wrong_slope_of_tanh_is_found_by_ops_and_by_gradients() {
    let fault: Launch = |call, memory, _| instead("tanh_grad", Op::SigmoidGrad, call, memory);
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "tanh_grad of [1]");
    assert_names(
        &said(fault, |make| gradients_match_central_differences(make)),
        "gradient of tanh",
    );
}

#[test]
fn a_lost_upstream_gradient_is_found() {
    let fault: Launch = |call, memory, _| {
        if call.op == Op::Mul && call.args[0].slot != call.args[1].slot {
            let first = values(memory, &call.args[1]).clone();
            values(memory, &call.out)[..first.len()].copy_from_slice(&first);
            return Ok(());
        }
        Reference.launch(call, memory)
    };
    assert_names(&said(fault, |make| gradients_match_central_differences(make)), "argument 0");
}

#[test]
fn adam_without_its_step_is_found() {
    let fault: Launch = |call, memory, _| match call.op {
        Op::Adam { .. } => without_count(4, call, memory),
        _ => Reference.launch(call, memory),
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "adam of");
}

#[test]
fn bias_corrections_of_adam_in_single_precision_are_found() {
    let fault: Launch = |call, memory, _| {
        let mut call = call.clone();
        if let Op::Adam { beta2, .. } = &mut call.op {
            *beta2 = f64::from(*beta2 as f32);
        }
        Reference.launch(&call, memory)
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "adam of");
}

#[test]
fn noise_without_its_step_is_found() {
    let fault: Launch = |call, memory, _| match call.op {
        Op::Normal { .. } => without_count(1, call, memory),
        _ => Reference.launch(call, memory),
    };
    let message = said(fault, |make| noise_depends_on_key_stream_and_step(make));
    assert_names(&message, "the next step draws the same");
}

#[test]
fn noise_without_its_stream_is_found() {
    let fault: Launch = |call, memory, _| instead("normal", Op::Normal { stream: 0 }, call, memory);
    let message = said(fault, |make| noise_depends_on_key_stream_and_step(make));
    assert_names(&message, "two streams draw the same");
}

#[test]
fn a_sum_that_depends_on_the_number_of_threads_is_found() {
    let fault: Launch = |call, memory, threads| {
        if call.op != Op::Sum(Over::All) {
            return Reference.launch(call, memory);
        }
        let terms = values(memory, &call.args[0])[..call.args[0].shape.len()].to_vec();
        let chunk = terms.len().div_ceil(threads).max(1);
        let add = |terms: &[f64]| terms.iter().fold(0.0_f32, |sum, x| sum + *x as f32);
        let parts: Vec<f64> = terms.chunks(chunk).map(|part| f64::from(add(part))).collect();
        values(memory, &call.out)[0] = f64::from(add(&parts));
        Ok(())
    };
    assert_names(&said(fault, |make| thread_counts_agree(make)), "not the same bits");
}

#[test]
fn a_result_that_adds_to_what_it_finds_is_found_by_ops_and_by_plans() {
    let fault: Launch = |call, memory, _| {
        let before = match call.op {
            Op::MatMul { .. } => values(memory, &call.out).clone(),
            _ => return Reference.launch(call, memory),
        };
        Reference.launch(call, memory)?;
        let after = values(memory, &call.out);
        after.iter_mut().zip(before).take(call.out.shape.len()).for_each(|(x, old)| *x += old);
        Ok(())
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "matmul of");
    assert_names(&said(fault, |make| plans_agree(make)), "buffers reused");
}

#[test]
fn an_op_that_clears_its_result_before_it_reads_is_found() {
    let fault: Launch = |call, memory, _| {
        if call.op == Op::Exp {
            values(memory, &call.out).iter_mut().take(call.out.shape.len()).for_each(|x| *x = 0.0);
        }
        Reference.launch(call, memory)
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "in place");
}

#[test]
fn a_write_behind_the_value_is_found() {
    let fault: Launch = |call, memory, _| {
        Reference.launch(call, memory)?;
        if let (Op::AddRow, Some(next)) =
            (call.op, values(memory, &call.out).get_mut(call.out.shape.len()))
        {
            *next = 0.0;
        }
        Ok(())
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "add_row of");
}

#[test]
fn a_changed_argument_is_found() {
    let fault: Launch = |call, memory, _| {
        Reference.launch(call, memory)?;
        if call.op == Op::ReluGrad {
            values(memory, &call.args[1]).iter_mut().for_each(|y| *y = y.abs());
        }
        Ok(())
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "relu_grad of");
}

#[test]
fn products_with_ten_bits_of_precision_are_found() {
    let fault: Launch = |call, memory, _| {
        Reference.launch(call, memory)?;
        if let Op::MatMul { .. } = call.op {
            // What TF32 leaves of a number.
            let short = |x: f64| f64::from(f32::from_bits((x as f32).to_bits() & !0x1fff));
            let len = call.out.shape.len();
            values(memory, &call.out).iter_mut().take(len).for_each(|x| *x = short(*x));
        }
        Ok(())
    };
    assert_names(&said(fault, |make| ops_agree_with_the_reference(make)), "matmul of");
}

#[test]
fn a_replay_that_forgets_how_often_is_found() {
    let make = |threads| Altered {
        launch: |call, memory, _| Reference.launch(call, memory),
        threads,
        runs: |times| times.min(1),
    };
    let message = said_of(&make, |make| replays_equal_launches(make));
    assert_names(&message, "steps and examples counted");
}

#[test]
fn a_step_frozen_in_replays_and_launches_alike_is_found() {
    let fault: Launch = |call, memory, _| match call.op {
        Op::Normal { .. } => without_count(1, call, memory),
        _ => Reference.launch(call, memory),
    };
    assert_names(&said(fault, |make| replays_equal_launches(make)), "losses of each step");
}

#[test]
fn a_refusal_without_a_name_is_found() {
    let fault: Launch = |call, memory, _| {
        let op = call.op;
        // What is wrong with a product is said of another op.
        match op {
            Op::MatMul { .. } => instead(op.name(), Op::AddRow, call, memory),
            _ => Reference.launch(call, memory),
        }
    };
    assert_names(&said(fault, |make| calls_that_do_not_fit_are_refused(make)), "matmul");
}

#[test]
fn a_call_that_is_silently_skipped_is_found() {
    let fault: Launch =
        |call, memory, _| match call.args.iter().any(|a| memory.get(a.slot).is_none()) {
            true => Ok(()),
            false => Reference.launch(call, memory),
        };
    assert_names(&said(fault, |make| calls_that_do_not_fit_are_refused(make)), "not refused");
}

#[test]
fn an_op_that_makes_a_number_of_what_is_none_is_found() {
    let fault: Launch = |call, memory, _| {
        Reference.launch(call, memory)?;
        if call.op == Op::Tanh {
            for value in values(memory, &call.out) {
                *value = value.max(-1.0);
            }
        }
        Ok(())
    };
    assert_names(&said(fault, |make| what_is_not_finite_is_found(make)), "`tanh` (output 5)");
}

#[test]
fn an_allocation_in_each_step_is_found() {
    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
    let fault: Launch = |call, memory, _| {
        if let Op::Gather { .. } = call.op {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        Reference.launch(call, memory)
    };
    let count = || ALLOCATIONS.load(Ordering::Relaxed);
    let found =
        said(fault, |make| replays_allocate_nothing(make, || ALLOCATIONS.load(Ordering::Relaxed)));
    assert!(count() > 0);
    assert_names(&found, "allocations");
}
