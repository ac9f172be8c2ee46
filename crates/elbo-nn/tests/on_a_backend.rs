//! Formulas, initial values and Adam through the CPU backend, against the same in `f64` by hand.

use elbo_cpu::Cpu;
use elbo_nn::{
    Adam, AdamConfig, Linear, NamedTensor, Parameters, activation, checkpoint, initialise, loss,
};
use elbo_tensor::{Data, Dtype, EntryId, Id, Program, Run, Session, Tape, Var};

fn session(program: Program) -> Session<Cpu> {
    Session::new(Cpu::new(1).unwrap(), program).unwrap()
}

/// Values between −1.5 and 1.5 without a pattern.
fn values(count: usize, offset: f64) -> Vec<f32> {
    (0..count).map(|i| (1.5 * (offset + 2.3 * i as f64).sin()) as f32).collect()
}

#[track_caller]
fn assert_close(got: f32, expected: f64) {
    let error = (f64::from(got) - expected).abs();
    assert!(error <= 1e-5 * expected.abs().max(1.0), "{got} for {expected}");
}

/// A function of one value.
type ByHand = fn(f64) -> f64;

/// A formula over two values.
type Formula = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

/// The value of a formula over two matrices of 3 rows and 5 columns.
fn of_two(formula: Formula, [a, b]: [&[f32]; 2]) -> Vec<f32> {
    let tape = Tape::new();
    let (x, y) = (tape.input(Dtype::F32, [3, 5]), tape.input(Dtype::F32, [3, 5]));
    let ids = [x.id(), y.id(), formula(x, y).id()];
    let mut program = Program::new(tape).unwrap();
    let entry = program.entry("formula", &ids[2..], &[]).unwrap();
    let mut session = session(program);
    session.write(ids[0], Data::F32(a)).unwrap();
    session.write(ids[1], Data::F32(b)).unwrap();
    session.run(entry, 1).unwrap();
    session.read_f32(ids[2]).unwrap()
}

#[test]
fn squared_error_sums_over_everything() {
    let (a, b) = (values(15, 0.1), values(15, 0.7));
    let expected = a.iter().zip(&b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    assert_close(of_two(loss::squared_error, [&a, &b])[0], expected);
}

#[test]
fn kl_divergence_is_that_of_appendix_b() {
    let (mean, log_variance) = (values(15, 0.3), values(15, 1.1));
    let term = |(m, v): (&f32, &f32)| {
        let (m, v) = (f64::from(*m), f64::from(*v));
        -0.5 * (1.0 + v - m * m - v.exp())
    };
    let expected = mean.iter().zip(&log_variance).map(term).sum();
    assert_close(of_two(loss::kl_divergence, [&mean, &log_variance])[0], expected);
}

#[test]
fn kl_divergence_of_a_standard_normal_is_zero() {
    assert_eq!(of_two(loss::kl_divergence, [&[0.0; 15], &[0.0; 15]]), [0.0]);
}

#[test]
fn activations_are_what_their_names_say() {
    let x = values(15, 0.2);
    let cases: [(Formula, ByHand); 3] = [
        (|x, zero| activation::relu(x) + zero, |x| x.max(0.0)),
        (|x, zero| activation::tanh(x) + zero, f64::tanh),
        (|x, zero| activation::sigmoid(x) + zero, |x| 1.0 / (1.0 + (-x).exp())),
    ];
    for (on_tape, expected) in cases {
        for (got, x) in of_two(on_tape, [&x, &[0.0; 15]]).into_iter().zip(&x) {
            assert_close(got, expected(f64::from(*x)));
        }
    }
}

/// A layer of 5 inputs and 4 outputs on 3 rows, with Adam on the sum of its squared outputs.
struct Trained {
    session: Session<Cpu>,
    step: EntryId,
    tensors: Vec<NamedTensor>,
    count: Id,
    ids: [Id; 5],
}

const X: usize = 0;
const WEIGHT: usize = 1;
const BIAS: usize = 2;
const OUTPUT: usize = 3;
const BIAS_GRADIENT: usize = 4;

fn trained() -> Trained {
    let tape = Tape::new();
    let parameters = Parameters::new(&tape);
    let layer = Linear::new(&parameters, "fc1", 5, 4);
    let x = tape.input(Dtype::F32, [3, 5]);
    let output = layer.forward(x);
    let gradients = tape.gradients(output.square().sum(), &[layer.weight, layer.bias]);
    let adam = Adam::new(&parameters, AdamConfig::default());
    let updates: Vec<Id> = adam.updates(&gradients).iter().map(|update| update.id()).collect();
    let ids = [x, layer.weight, layer.bias, output, gradients[1]].map(|var| var.id());
    let state = adam.state();
    let parameters = parameters.finish().unwrap();

    let mut program = Program::new(tape).unwrap();
    let step = program.entry("step", &ids[OUTPUT..], &updates).unwrap();
    let mut session = session(program);
    session.write(ids[X], Data::F32(&values(15, 0.4))).unwrap();
    session.write(state.learning_rate, Data::F32(&[0.01])).unwrap();
    initialise::write_initial(&mut session, &parameters, 42).unwrap();
    let mut tensors: Vec<NamedTensor> = parameters.iter().map(NamedTensor::from).collect();
    tensors.extend(state.moments);
    Trained { session, step, tensors, count: state.step, ids }
}

#[test]
fn a_layer_is_x_times_the_transposed_weight_plus_bias() {
    let Trained { mut session, step, ids, .. } = trained();
    let [x, weight, bias] = [X, WEIGHT, BIAS].map(|id| session.read_f32(ids[id]).unwrap());
    session.run(step, 1).unwrap();
    let output = session.read_f32(ids[OUTPUT]).unwrap();
    for (i, got) in output.into_iter().enumerate() {
        let (row, column) = (i / 4, i % 4);
        let pairs = x[5 * row..][..5].iter().zip(&weight[5 * column..][..5]);
        let sum: f64 = pairs.map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
        assert_close(got, sum + f64::from(bias[column]));
    }
}

/// The steps of PyTorch's `optim.Adam`, by hand: they need the count before the step, the rate that
/// the host wrote and both moments in their places.
#[test]
fn three_steps_move_the_bias_as_adam_by_hand_does() {
    let Trained { mut session, step, ids, count, .. } = trained();
    let bias = |session: &Session<Cpu>| session.read_f32(ids[BIAS]).unwrap();
    let mut expected: Vec<f64> = bias(&session).into_iter().map(f64::from).collect();
    let mut moments = [[0.0; 2]; 4];
    for t in 1..=3 {
        session.run(step, 1).unwrap();
        let gradient = session.read_f32(ids[BIAS_GRADIENT]).unwrap();
        for ((value, [first, second]), g) in expected.iter_mut().zip(&mut moments).zip(gradient) {
            let g = f64::from(g);
            *first = 0.9 * *first + 0.1 * g;
            *second = 0.999 * *second + 0.001 * g * g;
            let corrected = *first / (1.0 - 0.9_f64.powi(t));
            let root = (*second / (1.0 - 0.999_f64.powi(t))).sqrt();
            *value -= 0.01 * corrected / (root + 1e-8);
        }
        for (got, expected) in bias(&session).into_iter().zip(&expected) {
            assert!((f64::from(got) - expected).abs() < 1e-6, "step {t}: {got} for {expected}");
        }
        assert_eq!(session.read_counter(count).unwrap(), t as u32);
    }
}

#[test]
fn a_training_restored_from_its_file_goes_on_with_the_same_bits() {
    let mut straight = trained();
    straight.session.run(straight.step, 2).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let tensors = checkpoint::collect(&straight.session, &straight.tensors).unwrap();
    let steps = straight.session.read_counter(straight.count).unwrap();
    let metadata = serde_json::json!({ "step": steps });
    checkpoint::Checkpoint { tensors, metadata }.save(&path).unwrap();
    straight.session.run(straight.step, 3).unwrap();

    let mut resumed = trained();
    let loaded = checkpoint::Checkpoint::load(&path).unwrap();
    checkpoint::restore(&mut resumed.session, &resumed.tensors, &loaded.tensors, &path).unwrap();
    let steps = loaded.metadata["step"].as_u64().unwrap() as u32;
    resumed.session.write(resumed.count, Data::U32(&[steps])).unwrap();
    resumed.session.run(resumed.step, 3).unwrap();

    let end = |trained: &Trained| checkpoint::collect(&trained.session, &trained.tensors).unwrap();
    assert_eq!(end(&resumed), end(&straight));
}

#[test]
fn a_shape_that_does_not_fit_a_layer_names_the_line_of_the_model() {
    let tape = Tape::new();
    let parameters = Parameters::new(&tape);
    let layer = Linear::new(&parameters, "fc1", 5, 4);
    let (_, line) = (layer.forward(tape.fill(0.0, [3, 6])), line!());
    let message = tape.finish().unwrap_err().to_string();
    assert!(message.contains("inner sizes differ, [3, 6] · [4, 5]ᵀ"), "{message}");
    assert!(message.contains(&format!("on_a_backend.rs:{line}")), "{message}");
}
