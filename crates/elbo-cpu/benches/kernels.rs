//! The kernels one by one, planned and run as a training runs them: the products of a step at batch 128,
//! noise, a batch of images, and functions value by value.
//!
//! Criterion's elements are a call's floating-point operations: where it prints Gelem/s, read GFLOP/s. The
//! functions count one operation a value.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use elbo_cpu::Cpu;
use elbo_tensor::{
    AdamState, Data, Dtype, EntryId, Id, Program, Run, Session, Tape, Var, random::Stream,
};

const BATCH: usize = 128;
const INPUT: usize = 784;
const HIDDEN: usize = 400;
const LATENT: usize = 20;
/// Images to gather from: more than caches hold.
const IMAGES: usize = 60_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (layer, inputs, outputs) in
        [("fc1", INPUT, HIDDEN), ("fc21", HIDDEN, LATENT), ("fc3", LATENT, HIDDEN)]
    {
        let forward = |tape: &Tape| forward(tape, (inputs, outputs), Var::relu);
        measure(&mut criterion, &format!("forward {layer}"), forward);
    }
    let forward = |tape: &Tape| forward(tape, (HIDDEN, INPUT), Var::tanh);
    measure(&mut criterion, "forward fc4", forward);
    // The first layer's input has no gradient.
    for (layer, inputs, outputs) in
        [("fc21", HIDDEN, LATENT), ("fc3", LATENT, HIDDEN), ("fc4", HIDDEN, INPUT)]
    {
        let gradient = |tape: &Tape| input_gradient(tape, inputs, outputs);
        measure(&mut criterion, &format!("input gradient {layer}"), gradient);
    }
    for (layer, inputs, outputs) in [
        ("fc1", INPUT, HIDDEN),
        ("fc21", HIDDEN, LATENT),
        ("fc3", LATENT, HIDDEN),
        ("fc4", HIDDEN, INPUT),
    ] {
        let step = |tape: &Tape| weight_step(tape, inputs, outputs);
        measure(&mut criterion, &format!("weight gradient and Adam {layer}"), step);
    }
    measure(&mut criterion, "tanh", |tape| value_by_value(tape, Var::tanh));
    measure(&mut criterion, "exp", |tape| value_by_value(tape, Var::exp));
    measure(&mut criterion, "normal", normal);
    measure(&mut criterion, "gather", gather);
    criterion.final_summary();
}

/// An entry to plan, and the values that the host fills first.
struct Formula {
    outputs: Vec<Id>,
    updates: Vec<Id>,
    filled: Vec<Id>,
}

impl Formula {
    fn of(output: Var<'_>, filled: &[Var<'_>]) -> Self {
        let filled = filled.iter().map(|var| var.id()).collect();
        Self { outputs: vec![output.id()], updates: Vec::new(), filled }
    }
}

/// A layer: activation(x · Wᵀ + b).
fn forward<'t>(
    tape: &'t Tape,
    (inputs, outputs): (usize, usize),
    activation: fn(Var<'t>) -> Var<'t>,
) -> Formula {
    let x = tape.input(Dtype::F32, [BATCH, inputs]);
    let (weight, bias) = (tape.parameter([outputs, inputs]), tape.parameter([outputs]));
    Formula::of(activation(x.matmul_transposed(weight).add_row(bias)), &[x, weight, bias])
}

/// The gradient of a layer's input from that of its result.
fn input_gradient(tape: &Tape, inputs: usize, outputs: usize) -> Formula {
    let gradient = tape.input(Dtype::F32, [BATCH, outputs]);
    let weight = tape.parameter([outputs, inputs]);
    Formula::of(gradient.matmul(weight), &[gradient, weight])
}

/// The gradient of a layer's weight and a step of Adam with it. The rate stays zero: the same work, and
/// the weight stays what it is.
fn weight_step(tape: &Tape, inputs: usize, outputs: usize) -> Formula {
    let x = tape.input(Dtype::F32, [BATCH, inputs]);
    let gradient = tape.input(Dtype::F32, [BATCH, outputs]);
    let weight = tape.parameter([outputs, inputs]);
    let loss = (x.matmul_transposed(weight) * gradient).sum();
    let state = AdamState {
        first: tape.parameter([outputs, inputs]),
        second: tape.parameter([outputs, inputs]),
        step: tape.counter(),
        learning_rate: tape.input(Dtype::F32, [1]),
    };
    let update = weight.adam(tape.gradients(loss, &[weight])[0], state, (0.9, 0.999), 1e-8);
    let filled = [x, gradient, weight].map(Var::id).to_vec();
    Formula { outputs: Vec::new(), updates: vec![update.id()], filled }
}

fn value_by_value<'t>(tape: &'t Tape, function: fn(Var<'t>) -> Var<'t>) -> Formula {
    let x = tape.input(Dtype::F32, [BATCH, INPUT]);
    Formula::of(function(x), &[x])
}

fn normal(tape: &Tape) -> Formula {
    let (key, step) = (tape.input(Dtype::U32, [2]), tape.counter());
    Formula::of(tape.normal(key, step, 0, [BATCH, LATENT]), &[key])
}

fn gather(tape: &Tape) -> Formula {
    let images = tape.input(Dtype::U8, [IMAGES, INPUT]);
    let order = tape.input(Dtype::U32, [BATCH]);
    let batch = images.gather(order, tape.counter(), BATCH, (0.5, 0.5));
    Formula::of(batch, &[images, order])
}

/// A formula's largest call, ready to be run. What else its entry needs is run but not timed.
struct Kernel {
    session: Session<Cpu>,
    entry: EntryId,
    call: usize,
    flops: usize,
}

impl Kernel {
    fn new(threads: usize, formula: impl Fn(&Tape) -> Formula) -> Self {
        let tape = Tape::new();
        let Formula { outputs, updates, filled } = formula(&tape);
        let mut program = Program::new(tape).unwrap();
        let entry = program.entry("kernel", &outputs, &updates).unwrap();
        let flops = program.planned(entry).calls().iter().map(|call| call.flops());
        let (call, flops) = flops.enumerate().max_by_key(|(_, flops)| *flops).unwrap();
        let mut session = Session::new(Cpu::new(threads).unwrap(), program).unwrap();
        for id in filled {
            fill(&mut session, id);
        }
        Self { session, entry, call, flops }
    }

    fn run(&mut self, times: u64) -> Duration {
        let rounds = self.session.profile(self.entry, times as usize).unwrap();
        Duration::from_secs_f64(rounds.iter().map(|calls| calls[self.call]).sum())
    }
}

/// Numbers in [-1, 1), pixels, or rows of the images.
fn fill(session: &mut Session<Cpu>, id: Id) {
    let node = session.program().graph().node(id);
    let (len, dtype) = (node.shape.len(), node.dtype);
    let mut stream = Stream::new(42, 0, id.index() as u32);
    let written = match dtype {
        Dtype::F32 => {
            let values: Vec<f32> = (0..len).map(|_| 2.0 * stream.unit() - 1.0).collect();
            session.write(id, Data::F32(&values))
        }
        Dtype::U8 => {
            let values: Vec<u8> = (0..len).map(|_| stream.below(256) as u8).collect();
            session.write(id, Data::U8(&values))
        }
        Dtype::U32 => {
            let values: Vec<u32> = (0..len).map(|_| stream.below(IMAGES as u32)).collect();
            session.write(id, Data::U32(&values))
        }
    };
    written.unwrap();
}

/// On one thread and on two.
fn measure(criterion: &mut Criterion, name: &str, formula: impl Fn(&Tape) -> Formula) {
    let mut group = criterion.benchmark_group(name);
    for threads in [1, 2] {
        let mut kernel = Kernel::new(threads, &formula);
        group.throughput(Throughput::Elements(kernel.flops as u64));
        let id = BenchmarkId::new("threads", threads);
        group.bench_function(id, |bencher| bencher.iter_custom(|times| kernel.run(times)));
    }
    group.finish();
}
