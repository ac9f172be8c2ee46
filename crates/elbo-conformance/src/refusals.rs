//! Check 7: a call that a backend cannot make is an error with the op's name, never a panic.

use elbo_tensor::{Backend, Call, Dtype, Memory, Op, Operand};

use crate::{
    cases::cases_of,
    host::Host,
    quiet,
    stage::{Stage, expect, operands},
    vocabulary::vocabulary,
};

/// Calls that cannot be made are refused, the op named: inputs and parameters (which no call
/// computes), a missing argument, a buffer that is taken out, and a buffer of another type.
///
/// An index out of range need not be refused, for a device cannot tell before it is read; but it is
/// no panic either.
///
/// # Panics
/// With the op and what was not refused, or refused without its name.
pub fn calls_that_do_not_fit_are_refused<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    let backend = make(1);
    for op in vocabulary() {
        match cases_of(op).into_iter().find(|case| !case.out.is_empty()) {
            None => refuse_without_call(&backend, op),
            Some(case) => {
                let mut kinds: Vec<(Dtype, _)> =
                    case.args.iter().map(|(shape, host)| (host.dtype(), *shape)).collect();
                let update = !op.changes().is_empty();
                if !update {
                    kinds.push((Dtype::F32, case.out));
                }
                let operands = operands(&kinds);
                let out = if update { operands[0] } else { operands[operands.len() - 1] };
                let args = operands[..case.args.len()].to_vec();
                let at = std::panic::Location::caller();
                refuse_variants(&backend, &Call { op, args, out, at }, &operands);
            }
        }
    }
    indices_out_of_range_are_no_panic(&make);
}

fn refuse_without_call<B: Backend>(backend: &B, op: Op) {
    let operands = operands(&[(Dtype::F32, [3].into())]);
    let at = std::panic::Location::caller();
    let call = Call { op, args: Vec::new(), out: operands[0], at };
    refused(backend, &call, memory(backend, &operands), "which no call computes");
}

fn refuse_variants<B: Backend>(backend: &B, call: &Call, operands: &[Operand]) {
    let mut fine = memory(backend, operands);
    expect(backend.launch(call, &mut fine), "a call that fits");
    // A counter is its call's result as well: what is missing can still be found.
    if !call.args.is_empty() && !matches!(call.op, Op::Advance(_)) {
        let mut short = call.clone();
        short.args.pop();
        refused(backend, &short, memory(backend, operands), "an argument missing");
    }
    for (position, operand) in operands.iter().enumerate() {
        let mut away = memory(backend, operands);
        let _taken = away.take(operand.slot);
        refused(backend, call, away, &format!("buffer {position} taken out"));
        let mut others = operands.to_vec();
        others[position].dtype = match operand.dtype {
            Dtype::F32 => Dtype::U32,
            Dtype::U8 | Dtype::U32 => Dtype::F32,
        };
        let other = memory(backend, &others);
        refused(backend, call, other, &format!("buffer {position} of another type"));
    }
}

fn memory<B: Backend>(backend: &B, operands: &[Operand]) -> Memory<B::Buffer> {
    let alloc =
        |operand: &Operand| expect(backend.alloc(operand.dtype, operand.shape.len()), "alloc");
    Memory::new(operands.iter().map(alloc).collect())
}

fn refused<B: Backend>(backend: &B, call: &Call, mut memory: Memory<B::Buffer>, fact: &str) {
    let name = call.op.name();
    match backend.launch(call, &mut memory) {
        Ok(()) => panic!("{name}: not refused with {fact}"),
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains(name), "{name} with {fact}: refused without its name: {said}");
        }
    }
}

fn indices_out_of_range_are_no_panic<B: Backend>(make: &impl Fn(usize) -> B) {
    let gather = Op::Gather { mean: 0.0, std: 1.0 };
    let mut cases: Vec<_> = cases_of(gather).into_iter().filter(|c| !c.out.is_empty()).collect();
    cases.extend(cases_of(Op::Put));
    for mut case in cases {
        for position in 1..case.args.len() {
            let kept = case.args[position].1.clone();
            if let Host::U32(values) = &mut case.args[position].1 {
                values.fill(u32::MAX);
            } else {
                continue;
            }
            let mut values = case.args.clone();
            values.push((case.out, Host::zeros(Dtype::F32, case.out.len())));
            let mut stage = Stage::new(make(1), &values);
            let args: Vec<usize> = (0..case.args.len()).collect();
            let out = if case.op == Op::Put { 0 } else { case.args.len() };
            let call = stage.call(case.op, &args, out);
            let _either = stage.backend.launch(&call, &mut stage.memory);
            case.args[position].1 = kept;
        }
    }
}
