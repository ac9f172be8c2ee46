//! A model's sizes, read from its parameters: what a state_dict says of itself without metadata.

use std::{collections::BTreeMap, path::Path};

use elbo_nn::checkpoint::Tensor;

use crate::{Error, Result, Sizes};

/// What optimizers leave beside a model's parameters.
const OPTIMIZER: &str = "optimizer.";

impl Sizes {
    /// Names and shapes of the parameters of a model of these sizes, in PyTorch's order.
    #[must_use]
    pub fn parameters(self) -> [(&'static str, Vec<usize>); 10] {
        let Self { input, hidden, latent } = self;
        [
            ("fc1.weight", vec![hidden, input]),
            ("fc1.bias", vec![hidden]),
            ("fc21.weight", vec![latent, hidden]),
            ("fc21.bias", vec![latent]),
            ("fc22.weight", vec![latent, hidden]),
            ("fc22.bias", vec![latent]),
            ("fc3.weight", vec![hidden, latent]),
            ("fc3.bias", vec![hidden]),
            ("fc4.weight", vec![input, hidden]),
            ("fc4.bias", vec![input]),
        ]
    }

    /// The sizes of the model that these tensors are the parameters of; `path` is named in errors.
    ///
    /// Every name and shape is checked, an optimizer's tensors aside. Biases say how long each layer
    /// is, so a weight that lies the other way round is told from one of another model.
    pub fn of_parameters(tensors: &BTreeMap<String, Tensor>, path: &Path) -> Result<Self> {
        check_names(tensors, path)?;
        let sizes = Self {
            input: length(tensors, "fc4.bias", path)?,
            hidden: length(tensors, "fc1.bias", path)?,
            latent: length(tensors, "fc21.bias", path)?,
        };
        for (name, wanted) in sizes.parameters() {
            let found = tensors.get(name).map(|tensor| tensor.shape.clone()).unwrap_or_default();
            if found != wanted {
                let (path, tensor) = (path.into(), name.to_string());
                return Err(elbo_nn::Error::Shape { path, tensor, found, wanted }.into());
            }
        }
        Ok(sizes)
    }
}

fn check_names(tensors: &BTreeMap<String, Tensor>, path: &Path) -> Result<()> {
    let wanted = Sizes::default().parameters().map(|(name, _)| name);
    let missing = wanted.iter().filter(|name| !tensors.contains_key(**name));
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    let extra = tensors
        .keys()
        .filter(|name| !wanted.contains(&name.as_str()) && !name.starts_with(OPTIMIZER));
    let extra: Vec<String> = extra.map(|name| format!("`{name}`")).collect();
    let fact = match (missing.is_empty(), extra.is_empty()) {
        (true, true) => return Ok(()),
        (false, true) => format!("lacks {}", missing.join(", ")),
        (true, false) => format!("has {}, which the model lacks", some(&extra)),
        (false, false) => {
            format!("lacks {} and has {}, which the model lacks", missing.join(", "), some(&extra))
        }
    };
    Err(Error::StateDict { path: path.into(), fact })
}

/// The first ten, and how many more.
fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(10)].join(", ");
    if names.len() > 10 { format!("{shown} and {} more", names.len() - 10) } else { shown }
}

fn length(tensors: &BTreeMap<String, Tensor>, name: &str, path: &Path) -> Result<usize> {
    match tensors.get(name).map(|tensor| tensor.shape.as_slice()) {
        Some([length]) if *length > 0 => Ok(*length),
        shape => {
            let shape = shape.unwrap_or_default();
            let fact = format!("has `{name}` of shape {shape:?}, a bias has one dimension above 0");
            Err(Error::StateDict { path: path.into(), fact })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { input: 6, hidden: 4, latent: 2 };

    fn tensors() -> BTreeMap<String, Tensor> {
        let tensor =
            |shape: Vec<usize>| Tensor { values: vec![0.0; shape.iter().product()], shape };
        SIZES.parameters().into_iter().map(|(name, s)| (name.to_string(), tensor(s))).collect()
    }

    fn refusal(tensors: &BTreeMap<String, Tensor>) -> String {
        Sizes::of_parameters(tensors, Path::new("x")).unwrap_err().to_string()
    }

    #[test]
    fn sizes_are_read_from_the_shapes_whatever_an_optimizer_left() {
        let mut tensors = tensors();
        tensors.insert("optimizer.exp_avg.fc1.bias".into(), tensors["fc1.bias"].clone());
        assert_eq!(Sizes::of_parameters(&tensors, Path::new("x")).unwrap(), SIZES);
    }

    #[test]
    fn what_lacks_and_what_is_too_much_are_both_named() {
        let mut tensors = tensors();
        let bias = tensors.remove("fc3.bias").unwrap();
        assert!(refusal(&tensors).starts_with("x: lacks `fc3.bias`; "), "{}", refusal(&tensors));
        tensors.insert("decoder.0.bias".into(), bias);
        let message = refusal(&tensors);
        let expected = "x: lacks `fc3.bias` and has `decoder.0.bias`, which the model lacks; ";
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn a_weight_the_other_way_round_is_told_from_one_of_another_model() {
        let mut tensors = tensors();
        tensors.get_mut("fc1.weight").unwrap().shape.reverse();
        assert!(
            refusal(&tensors)
                .contains("`fc1.weight` is [6, 4], the model wants [4, 6]; it is transposed")
        );
        tensors.get_mut("fc1.weight").unwrap().shape = vec![5, 6];
        assert!(refusal(&tensors).contains("`fc1.weight` is [5, 6], the model wants [4, 6]; use"));
        tensors.get_mut("fc4.bias").unwrap().shape = vec![1, 6];
        assert!(refusal(&tensors).contains("has `fc4.bias` of shape [1, 6], a bias has one"));
    }
}
