//! The program: which entries there are, what each computes, and where the host meets them.

use elbo_nn::{Adam, AdamConfig, NamedTensor, OptimizerState, Parameter, Parameters};
use elbo_tensor::{Dtype, Id, Planning, Program, Run, Tape, Var};

use crate::{Config, Generation, Model, Objective, Result, objective, reparameterize, streams};

/// Pixels enter the model as (x / 255 − 0.5) / 0.5, from −1 for black to 1 for white.
pub(crate) const NORMALIZATION: (f32, f32) = (0.5, 0.5);

/// A set of images on the device and the place in it that a pass has reached.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// How many there are.
    pub count: usize,
    /// All images, `u8` `[count, input]`.
    pub pixels: Id,
    /// The order in which a pass takes them, `u32` `[count]`.
    pub order: Id,
    /// Place in the order of the next batch, `u32` `[1]`.
    pub cursor: Id,
    /// Number of the next batch, `u32` `[1]`.
    pub batch: Id,
    /// Reconstruction loss of each batch, summed over its images, `[batches]`.
    pub reconstruction_log: Id,
    /// KL divergence of each batch, summed over its images, `[batches]`.
    pub kl_log: Id,
    /// The entry that takes a full batch, if there are as many images.
    pub full: Option<Batch>,
    /// The entry that takes the last, smaller batch, if there is one.
    pub tail: Option<Batch>,
}

/// An entry that takes one batch of a set of images.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// The entry's name.
    pub entry: &'static str,
    /// Images of the batch.
    pub rows: usize,
    /// Their reconstructions, `[rows, input]`, an output of the entry.
    pub reconstructions: Id,
}

/// The values of the program that the host writes and reads.
#[derive(Clone, Debug)]
pub struct Entries {
    /// Training set; its entries are `train` and `train_tail`.
    pub train: Images,
    /// Test set; its entries are `evaluate` and `evaluate_tail`.
    pub test: Images,
    /// `encode`, `decode` and `sample`.
    pub generation: Generation,
    /// The seed's key, `u32` `[2]`.
    pub key: Id,
    /// Parameters in checkpoint order.
    pub parameters: Vec<Parameter>,
    /// Step count, learning rate and moments.
    pub optimizer: OptimizerState,
}

impl Entries {
    /// Everything that a checkpoint keeps: parameters, then moments.
    #[must_use]
    pub fn state(&self) -> Vec<NamedTensor> {
        let parameters = self.parameters.iter().map(NamedTensor::from);
        parameters.chain(self.optimizer.moments.iter().cloned()).collect()
    }

    /// Writes the model's graph and plans all entries.
    pub fn plan(config: &Config) -> Result<(Program, Self)> {
        Self::plan_with(config, Planning::default())
    }

    /// The same, planned in a given way, to compare ways.
    pub fn plan_with(config: &Config, planning: Planning) -> Result<(Program, Self)> {
        config.check()?;
        let tape = Tape::new();
        let (entries, drafts) = write(&tape, config)?;
        let mut program = Program::with_planning(tape, planning)?;
        plan(&mut program, drafts)?;
        Ok((program, entries))
    }
}

/// An entry as the planner wants it. Planning waits until the whole graph is written.
pub(crate) struct Draft {
    name: &'static str,
    outputs: Vec<Id>,
    updates: Vec<Id>,
}

impl Draft {
    pub(crate) fn new(name: &'static str, outputs: &[Var<'_>], updates: &[Var<'_>]) -> Self {
        let ids = |vars: &[Var<'_>]| vars.iter().map(|var| var.id()).collect();
        Self { name, outputs: ids(outputs), updates: ids(updates) }
    }
}

/// Plans entries in the order they were written.
pub(crate) fn plan(program: &mut Program, drafts: Vec<Draft>) -> Result<()> {
    for Draft { name, outputs, updates } in drafts {
        program.entry(name, &outputs, &updates)?;
    }
    Ok(())
}

/// Runs an entry of a program by its name.
pub(crate) fn run_entry(run: &mut dyn Run, name: &str, times: usize) -> Result<()> {
    let entry = run.program().find(name).expect("every name that is handed out was planned");
    Ok(run.run(entry, times)?)
}

fn write(tape: &Tape, config: &Config) -> Result<(Entries, Vec<Draft>)> {
    let parameters = Parameters::new(tape);
    let model = Model::new(&parameters, config.sizes);
    let adam = Adam::new(&parameters, AdamConfig::default());
    let key = tape.input(Dtype::U32, [2]);
    let mut writer = Writer { tape, config, model, drafts: Vec::new() };

    let weights = parameters.vars();
    let train =
        writer.pass(["train", "train_tail"], config.train_images, |writer, source, rows| {
            let noise = tape.normal(key, adam.step(), streams::TRAIN, [rows, config.sizes.latent]);
            let (reconstructions, objective) = writer.batch(source, rows, noise);
            let gradients = tape.gradients(objective.loss(rows), &weights);
            (reconstructions, objective, adam.updates(&gradients))
        });
    let test =
        writer.pass(["evaluate", "evaluate_tail"], config.test_images, |writer, source, rows| {
            let noise =
                tape.normal(key, source.batch, streams::EVALUATE, [rows, config.sizes.latent]);
            let (reconstructions, objective) = writer.batch(source, rows, noise);
            (reconstructions, objective, Vec::new())
        });
    let (generation, drawing, _) =
        Generation::write(tape, &writer.model, config.sizes, config.batch_size);
    let mut drafts = writer.drafts;
    drafts.extend(drawing);
    let optimizer = adam.state();
    let parameters = parameters.finish()?;
    Ok((Entries { train, test, generation, key: key.id(), parameters, optimizer }, drafts))
}

/// What the formulas of all entries share.
struct Writer<'t, 'c> {
    tape: &'t Tape,
    config: &'c Config,
    model: Model<'t>,
    drafts: Vec<Draft>,
}

/// A set of images as values of the graph.
#[derive(Clone, Copy)]
struct Source<'t> {
    pixels: Var<'t>,
    order: Var<'t>,
    cursor: Var<'t>,
    batch: Var<'t>,
}

/// What a batch computes: reconstructions, losses, and the updates it makes beside noting them.
type Pass<'t> = (Var<'t>, Objective<'t>, Vec<Var<'t>>);

impl<'t> Writer<'t, '_> {
    /// The entries that take a set of images batch by batch.
    fn pass(
        &mut self,
        [full_name, tail_name]: [&'static str; 2],
        count: usize,
        compute: impl Fn(&Self, Source<'t>, usize) -> Pass<'t>,
    ) -> Images {
        let (tape, size) = (self.tape, self.config.batch_size);
        let batches = count.div_ceil(size);
        let logs = [tape.parameter([batches]), tape.parameter([batches])];
        let source = Source {
            pixels: tape.input(Dtype::U8, [count, self.config.sizes.input]),
            order: tape.input(Dtype::U32, [count]),
            cursor: tape.counter(),
            batch: tape.counter(),
        };
        let mut batch = |entry: &'static str, rows: usize| {
            let (reconstructions, objective, updates) = compute(self, source, rows);
            let notes = [
                logs[0].put(objective.reconstruction, source.batch),
                logs[1].put(objective.kl, source.batch),
            ];
            let moves = [source.cursor.advance(rows as u32), source.batch.advance(1)];
            let all: Vec<Var<'t>> = notes.into_iter().chain(updates).chain(moves).collect();
            self.drafts.push(Draft::new(entry, &[reconstructions], &all));
            Batch { entry, rows, reconstructions: reconstructions.id() }
        };
        let full = (count >= size).then(|| batch(full_name, size));
        let tail = (!count.is_multiple_of(size)).then(|| batch(tail_name, count % size));
        Images {
            count,
            pixels: source.pixels.id(),
            order: source.order.id(),
            cursor: source.cursor.id(),
            batch: source.batch.id(),
            reconstruction_log: logs[0].id(),
            kl_log: logs[1].id(),
            full,
            tail,
        }
    }

    /// Reconstructions of the next `rows` images, and what they cost.
    fn batch(&self, source: Source<'t>, rows: usize, noise: Var<'t>) -> (Var<'t>, Objective<'t>) {
        let Source { pixels, order, cursor, .. } = source;
        let images = pixels.gather(order, cursor, rows, NORMALIZATION);
        let posterior = self.model.encoder.encode(images);
        let reconstructions = self.model.decoder.decode(reparameterize(posterior, noise));
        (reconstructions, objective(images, reconstructions, posterior))
    }
}
