//! Calls that no planner makes, and memory that is not there: errors, where a kernel would go astray.

mod device;

use elbo_cuda::{Buffer, Cuda};
use elbo_tensor::{Backend, Call, Dtype, Id, Memory, Op, Program, Tape, Var};

/// The calls of a formula, and memory for them.
fn planned(cuda: &Cuda, write: impl Fn(&Tape) -> Vec<Id>) -> (Vec<Call>, Memory<Buffer>) {
    let tape = Tape::new();
    let outputs = write(&tape);
    let mut program = Program::new(tape).unwrap();
    let entry = program.entry("formula", &outputs, &[]).unwrap();
    let buffers = program.slots().iter().map(|slot| cuda.alloc(slot.dtype, slot.len).unwrap());
    (program.planned(entry).calls().to_vec(), Memory::new(buffers.collect()))
}

/// A product of [4, 6] and [6, 8], and a sum of its rows.
fn product(tape: &Tape) -> Vec<Id> {
    let (a, b) = (tape.input(Dtype::F32, [4, 6]), tape.input(Dtype::F32, [6, 8]));
    let c = a.matmul(b);
    [c, c.sum_rows()].map(Var::id).to_vec()
}

#[test]
fn shapes_that_do_not_fit_never_reach_a_kernel() {
    let Some(cuda) = device::cuda() else { return };
    let (calls, mut memory) = planned(&cuda, product);
    for call in &calls {
        cuda.launch(call, &mut memory).unwrap();
    }
    let [product, sum] = &calls[..] else { panic!("{calls:?}") };
    let turned = Op::MatMul { transpose_a: true, transpose_b: false };
    let mut swapped = product.clone();
    swapped.args.swap(0, 1);
    let mut flat = product.clone();
    flat.args[0].shape = [24].into();
    let mut narrow = sum.clone();
    narrow.out.shape = [7].into();
    for wrong in [Call { op: turned, ..product.clone() }, swapped, flat, narrow] {
        let message = cuda.launch(&wrong, &mut memory).unwrap_err().to_string();
        let expected = format!("{}: the shapes of its values do not fit together", wrong.op.name());
        assert_eq!(message, expected);
    }
}

#[test]
fn a_value_longer_than_its_slot_never_reaches_a_kernel() {
    let Some(cuda) = device::cuda() else { return };
    let (calls, mut memory) = planned(&cuda, product);
    let mut long = calls[1].clone();
    long.args[0].shape = [5, 8].into();
    let message = cuda.launch(&long, &mut memory).unwrap_err().to_string();
    assert_eq!(message, "sum_rows: wants 40 f32 values, its slot holds others");
}

#[test]
fn buffers_of_another_stream_are_refused() {
    let Some(cuda) = device::cuda() else { return };
    let other = Cuda::new(0).unwrap();
    let (calls, mut memory) = planned(&other, product);
    let message = cuda.launch(&calls[0], &mut memory).unwrap_err().to_string();
    assert_eq!(message, "matmul: a buffer belongs to another backend; allocate it with this one");
    let buffer = memory.get_mut(calls[0].out.slot).unwrap();
    assert!(cuda.write(buffer, elbo_tensor::Data::F32(&[1.0])).is_err());
    // On one stream, all is in order.
    other.another().unwrap().launch(&calls[0], &mut memory).unwrap();
}

#[test]
fn a_result_over_an_argument_is_refused() {
    let Some(cuda) = device::cuda() else { return };
    let (calls, mut memory) = planned(&cuda, product);
    let mut over = calls[0].clone();
    over.args[0].slot = over.out.slot;
    let message = cuda.launch(&over, &mut memory).unwrap_err().to_string();
    assert!(message.starts_with("matmul: a buffer of the call is not there"), "{message}");
}
