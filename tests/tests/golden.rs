//! The same numbers as PyTorch: a tiny VAE against values that PyTorch computed in double precision.
//!
//! `tests/golden/README.md` says what the values are and how to make them again.

use std::{collections::BTreeMap, path::Path};

use elbo_conformance::Reference;
use elbo_cpu::{Cpu, Level};
use elbo_nn::{Adam, AdamConfig, NamedTensor, Parameters};
use elbo_tensor::{Backend, Dtype, Id, Program, Run, Session, Tape};
use elbo_vae::{Model, Sizes, objective, reparameterize};

const SIZES: Sizes = Sizes { input: 12, hidden: 8, latent: 3 };
const BATCH: usize = 5;
const STEPS: usize = 10;

/// Values computed by PyTorch, by key.
struct Golden(BTreeMap<String, Vec<f64>>);

impl Golden {
    fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tiny_12_8_3_f64.safetensors");
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let values =
            |data: &[u8]| data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        Self(file.iter().map(|(key, view)| (key.to_string(), values(view.data()))).collect())
    }

    fn get(&self, key: &str) -> &[f64] {
        self.0.get(key).unwrap_or_else(|| panic!("no golden value {key}"))
    }

    /// A value that is exact in single precision.
    fn exact(&self, key: &str) -> Vec<f32> {
        let single: Vec<f32> = self.get(key).iter().map(|value| *value as f32).collect();
        assert!(single.iter().zip(self.get(key)).all(|(s, d)| f64::from(*s) == *d), "{key}");
        single
    }
}

/// The model on a tape, its noise an input so that both sides use the same.
struct Tiny {
    images: Id,
    noise: Id,
    learning_rate: Id,
    /// Everything that a single pass gives, by golden key.
    outputs: Vec<(String, Id)>,
    parameters: Vec<NamedTensor>,
    moments: Vec<NamedTensor>,
}

fn program() -> (Program, Tiny) {
    let tape = Tape::new();
    let parameters = Parameters::new(&tape);
    let model = Model::new(&parameters, SIZES);
    let adam = Adam::new(&parameters, AdamConfig::default());
    let images = tape.input(Dtype::F32, [BATCH, SIZES.input]);
    let noise = tape.input(Dtype::F32, [BATCH, SIZES.latent]);

    let posterior = model.encoder.encode(images);
    let latent = reparameterize(posterior, noise);
    let reconstruction = model.decoder.decode(latent);
    let objective = objective(images, reconstruction, posterior);
    let loss = objective.loss(BATCH);
    let gradients = tape.gradients(loss, &parameters.vars());

    let mut outputs: Vec<(String, Id)> = [
        ("out.mu", posterior.mean),
        ("out.logvar", posterior.log_variance),
        ("out.z", latent),
        ("out.recon", reconstruction),
        ("out.recon_mu", model.decoder.decode(posterior.mean)),
        ("out.mse", objective.reconstruction),
        ("out.kld", objective.kl),
        ("out.loss", loss),
    ]
    .map(|(key, var)| (key.to_string(), var.id()))
    .to_vec();
    for (parameter, gradient) in parameters.list().iter().zip(&gradients) {
        outputs.push((format!("grad.{}", parameter.name), gradient.id()));
    }
    let updates: Vec<Id> = adam.updates(&gradients).into_iter().map(Id::from).collect();
    let tiny = Tiny {
        images: images.id(),
        noise: noise.id(),
        learning_rate: adam.learning_rate().id(),
        outputs,
        parameters: parameters.list().iter().map(NamedTensor::from).collect(),
        moments: adam.state().moments,
    };
    let mut program = Program::new(tape).unwrap();
    let outputs: Vec<Id> = tiny.outputs.iter().map(|(_, id)| *id).collect();
    program.entry("pass", &outputs, &[]).unwrap();
    program.entry("step", &[loss_id(&tiny)], &updates).unwrap();
    (program, tiny)
}

fn loss_id(tiny: &Tiny) -> Id {
    tiny.outputs.iter().find(|(key, _)| key == "out.loss").expect("the loss is an output").1
}

/// Runs a pass and ten steps, and compares everything on the way.
fn compare<B: Backend>(backend: B, read: impl Fn(&Session<B>, Id) -> Vec<f64>, tolerance: f64) {
    let golden = Golden::load();
    let (program, tiny) = program();
    let (pass, step) = (program.find("pass").unwrap(), program.find("step").unwrap());
    let mut session = Session::new(backend, program).unwrap();
    let check = |session: &Session<B>, key: &str, id: Id| {
        assert_close(key, &read(session, id), golden.get(key), tolerance);
    };
    for parameter in &tiny.parameters {
        let values = golden.exact(&format!("init.{}", parameter.name));
        session.write(parameter.id, values.as_slice().into()).unwrap();
    }
    session.write(tiny.images, golden.exact("x").as_slice().into()).unwrap();
    session.write(tiny.learning_rate, (&[1e-3_f32][..]).into()).unwrap();
    let noise = golden.exact("eps_adam");
    let noise_of = |step: usize| &noise[step * BATCH * SIZES.latent..][..BATCH * SIZES.latent];

    session.write(tiny.noise, noise_of(0).into()).unwrap();
    session.run(pass, 1).unwrap();
    for (key, id) in &tiny.outputs {
        check(&session, key, *id);
    }
    for number in 0..STEPS {
        session.write(tiny.noise, noise_of(number).into()).unwrap();
        session.run(step, 1).unwrap();
        let loss = read(&session, loss_id(&tiny));
        assert_close("adam_losses", &loss, &golden.get("adam_losses")[number..=number], tolerance);
        if number == 0 || number == STEPS - 1 {
            let prefix = format!("adam{}", number + 1);
            for parameter in &tiny.parameters {
                check(&session, &format!("{prefix}.{}", parameter.name), parameter.id);
            }
            for moment in &tiny.moments {
                let key = moment.name.replace("optimizer.exp_avg_sq.", &format!("{prefix}_v."));
                check(
                    &session,
                    &key.replace("optimizer.exp_avg.", &format!("{prefix}_m.")),
                    moment.id,
                );
            }
        }
    }
}

/// Relative to the largest value of the tensor: a value that nearly cancels has no digits of its own.
fn assert_close(key: &str, got: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(got.len(), wanted.len(), "{key}");
    let scale = wanted.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    for (position, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        let error = (got - wanted).abs() / scale;
        assert!(
            error <= tolerance,
            "{key}[{position}]: {got}, PyTorch has {wanted}, off by {error:.1e}"
        );
    }
}

fn singles(session: &Session<Cpu>, id: Id) -> Vec<f64> {
    session.read_f32(id).unwrap().into_iter().map(f64::from).collect()
}

#[test]
fn the_cpu_gives_pytorchs_numbers_within_one_part_in_100_000() {
    for level in [Level::Plain, Level::Avx2, Level::Avx512] {
        compare(Cpu::with_level(2, level).unwrap(), singles, 1e-5);
    }
}

/// A buffer may be larger than the value that lives in it.
fn doubles(session: &Session<Reference>, id: Id) -> Vec<f64> {
    let len = session.program().graph().node(id).shape.len();
    session.buffer(id).unwrap().as_f64().unwrap()[..len].to_vec()
}

#[test]
fn the_reference_gives_pytorchs_numbers_in_double_precision() {
    // A graph's own constants are single: a fifth and the learning rate are off by a few 1e-8.
    compare(Reference, doubles, 1e-7);
}
