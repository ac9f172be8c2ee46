//! A checkpoint goes into a session whole or not at all.

use std::{collections::BTreeMap, path::Path};

use elbo_nn::{
    Adam, AdamConfig, Linear, NamedTensor, Parameters,
    checkpoint::{Tensor, collect, restore},
};
use elbo_tensor::{Data, DataMut, EntryId, Id, NotFinite, Program, Result, Run, Tape};

/// A session that keeps what is written and computes nothing.
struct Shelf {
    program: Program,
    kept: BTreeMap<Id, Vec<f32>>,
}

impl Run for Shelf {
    fn device(&self) -> &str {
        "shelf"
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn write(&mut self, id: Id, values: Data<'_>) -> Result<()> {
        let Data::F32(values) = values else { panic!("only f32 is kept") };
        self.kept.insert(id, values.to_vec());
        Ok(())
    }

    fn read(&self, id: Id, values: DataMut<'_>) -> Result<()> {
        let DataMut::F32(values) = values else { panic!("only f32 is kept") };
        match self.kept.get(&id) {
            Some(kept) => values.copy_from_slice(kept),
            None => values.fill(0.0),
        }
        Ok(())
    }

    fn write_front(&mut self, id: Id, values: Data<'_>) -> Result<()> {
        self.write(id, values)
    }

    fn read_front(&self, id: Id, values: DataMut<'_>) -> Result<()> {
        self.read(id, values)
    }

    fn run(&mut self, _: EntryId, _: usize) -> Result<()> {
        Ok(())
    }

    fn profile(&mut self, _: EntryId, _: usize) -> Result<Vec<Vec<f64>>> {
        Ok(Vec::new())
    }

    fn first_not_finite(&mut self, _: EntryId) -> Result<Option<NotFinite>> {
        Ok(None)
    }
}

/// A layer of 3 inputs and 2 outputs, trained by Adam; its parameters and its moments.
fn model() -> (Shelf, Vec<NamedTensor>, Vec<NamedTensor>) {
    let tape = Tape::new();
    let parameters = Parameters::new(&tape);
    let layer = Linear::new(&parameters, "fc1", 3, 2);
    let adam = Adam::new(&parameters, AdamConfig::default());
    let loss = layer.forward(tape.fill(1.0, [4, 3])).square().sum();
    let gradients = tape.gradients(loss, &[layer.weight, layer.bias]);
    let updates: Vec<Id> = adam.updates(&gradients).iter().map(|update| update.id()).collect();
    let moments = adam.state().moments;
    let parameters = parameters.finish().unwrap().iter().map(NamedTensor::from).collect();
    let mut program = Program::new(tape).unwrap();
    program.entry("step", &[], &updates).unwrap();
    (Shelf { program, kept: BTreeMap::new() }, parameters, moments)
}

fn stored(tensors: &[NamedTensor]) -> BTreeMap<String, Tensor> {
    let tensor = |tensor: &NamedTensor| {
        let values = (0..tensor.shape.len()).map(|i| i as f32 + 0.5).collect();
        (tensor.name.clone(), Tensor { shape: tensor.shape.sizes().to_vec(), values })
    };
    tensors.iter().map(tensor).collect()
}

const PATH: &str = "runs/0001/epoch-0020.safetensors";

/// The error, after a look that nothing was written.
fn refused(shelf: &mut Shelf, tensors: &[NamedTensor], from: &BTreeMap<String, Tensor>) -> String {
    let message = restore(shelf, tensors, from, Path::new(PATH)).unwrap_err().to_string();
    assert!(shelf.kept.is_empty(), "written before the check was complete");
    message.strip_prefix(&format!("{PATH}: ")).expect("the file named first").to_string()
}

#[test]
fn what_is_restored_is_collected() {
    let (mut shelf, parameters, moments) = model();
    let all = [parameters, moments].concat();
    restore(&mut shelf, &all, &stored(&all), Path::new(PATH)).unwrap();
    assert_eq!(collect(&shelf, &all).unwrap(), stored(&all));
}

#[test]
fn missing_tensors_are_named() {
    let (mut shelf, parameters, moments) = model();
    let all = [parameters.clone(), moments].concat();
    let mut from = stored(&parameters);
    let message = refused(&mut shelf, &all, &from);
    let said = "lacks `optimizer.exp_avg.fc1.weight`, `optimizer.exp_avg.fc1.bias`, ";
    assert!(message.starts_with(said), "{message}");
    from.clear();
    let message = refused(&mut shelf, &all, &from);
    assert!(message.contains("`optimizer.exp_avg.fc1.bias` and 2 more; "), "{message}");
}

#[test]
fn tensors_too_many_are_named() {
    let (mut shelf, parameters, moments) = model();
    let all = [parameters, moments].concat();
    let mut from = stored(&all);
    from.insert("fc2.bias".into(), Tensor { shape: vec![1], values: vec![0.0] });
    let message = refused(&mut shelf, &all, &from);
    assert!(message.starts_with("has `fc2.bias`, which the model lacks; "), "{message}");
}

#[test]
fn a_wrong_shape_is_named_with_both_and_a_transposed_one_as_such() {
    let (mut shelf, parameters, _) = model();
    let mut from = stored(&parameters);
    from.insert("fc1.weight".into(), Tensor { shape: vec![3, 2], values: vec![0.0; 6] });
    let message = refused(&mut shelf, &parameters, &from);
    let said = "`fc1.weight` is [3, 2], the model wants [2, 3]; it is transposed, store it as";
    assert!(message.starts_with(said), "{message}");
    from.insert("fc1.weight".into(), Tensor { shape: vec![2, 4], values: vec![0.0; 8] });
    let message = refused(&mut shelf, &parameters, &from);
    let said = "`fc1.weight` is [2, 4], the model wants [2, 3]; use the sizes";
    assert!(message.starts_with(said), "{message}");
}

#[test]
fn a_tensor_whose_values_do_not_fill_its_shape_is_refused() {
    let (mut shelf, parameters, _) = model();
    let mut from = stored(&parameters);
    from.get_mut("fc1.weight").unwrap().values.pop();
    let message = refused(&mut shelf, &parameters, &from);
    assert!(message.contains("5 values do not fill a shape of [2, 3]"), "{message}");
}

#[test]
fn a_tensor_that_no_entry_uses_is_refused_before_the_first_write() {
    let tape = Tape::new();
    let parameters = Parameters::new(&tape);
    let used = parameters.add("used", [2], 1);
    let _ = parameters.add("unused", [2], 1);
    let output = used.square().id();
    let tensors: Vec<NamedTensor> =
        parameters.finish().unwrap().iter().map(NamedTensor::from).collect();
    let mut program = Program::new(tape).unwrap();
    program.entry("forward", &[output], &[]).unwrap();
    let mut shelf = Shelf { program, kept: BTreeMap::new() };
    let message = refused(&mut shelf, &tensors, &stored(&tensors));
    assert!(message.starts_with("`unused` has no place in the program, "), "{message}");
}

#[test]
fn a_model_that_is_not_trained_passes_over_an_optimizers_state() {
    let (mut shelf, parameters, moments) = model();
    let all = [parameters.clone(), moments].concat();
    restore(&mut shelf, &parameters, &stored(&all), Path::new(PATH)).unwrap();
    assert_eq!(shelf.kept.len(), parameters.len());
}
