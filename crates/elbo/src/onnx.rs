//! Encoder and decoder as ONNX graphs: Gemm, Relu and Tanh, nothing random, any batch size.

mod messages;

use std::collections::BTreeMap;

use elbo_nn::checkpoint::Tensor;
use elbo_vae::Sizes;
use messages::{
    Attribute, Dimension, FLOAT, Graph, INT, Model, Node, OperatorSet, Shape, TensorType, Type,
    ValueInfo,
};
use prost::Message;

/// The operators' version; every runtime of the last years has it.
const OPERATORS: i64 = 17;
/// The file format's version that came with those operators.
const FORMAT: i64 = 8;

/// `images` [batch, input], from -1 for black to 1 for white, to `mean` and `log_variance`, both
/// [batch, latent].
pub(crate) fn encoder(sizes: Sizes, parameters: &BTreeMap<&str, &Tensor>) -> Vec<u8> {
    let images = value("images", sizes.input, "pixels row by row, from -1 (black) to 1 (white)");
    let mean = value("mean", sizes.latent, "mean of the posterior");
    let log_variance = value("log_variance", sizes.latent, "logarithm of its variance");
    let nodes = vec![
        linear("fc1", "images", "fc1"),
        simple("Relu", "fc1", "hidden"),
        linear("fc21", "hidden", "mean"),
        linear("fc22", "hidden", "log_variance"),
    ];
    let outputs = vec![mean, log_variance];
    model("encoder", nodes, images, outputs, &["fc1", "fc21", "fc22"], parameters)
}

/// `latents` [batch, latent] to `images` [batch, input], from -1 for black to 1 for white.
pub(crate) fn decoder(sizes: Sizes, parameters: &BTreeMap<&str, &Tensor>) -> Vec<u8> {
    let latents = value("latents", sizes.latent, "a point of the latent space");
    let images = value("images", sizes.input, "pixels row by row, from -1 (black) to 1 (white)");
    let nodes = vec![
        linear("fc3", "latents", "fc3"),
        simple("Relu", "fc3", "hidden"),
        linear("fc4", "hidden", "fc4"),
        simple("Tanh", "fc4", "images"),
    ];
    model("decoder", nodes, latents, vec![images], &["fc3", "fc4"], parameters)
}

fn model(
    name: &str,
    node: Vec<Node>,
    input: ValueInfo,
    output: Vec<ValueInfo>,
    layers: &[&str],
    parameters: &BTreeMap<&str, &Tensor>,
) -> Vec<u8> {
    let names =
        layers.iter().flat_map(|layer| ["weight", "bias"].map(|part| format!("{layer}.{part}")));
    let tensors = names.filter_map(|name| Some((parameters.get(name.as_str())?, name)));
    let initializer = tensors.map(|(tensor, name)| stored(name, tensor)).collect();
    let graph = Graph { node, name: name.into(), initializer, input: vec![input], output };
    let model = Model {
        ir_version: FORMAT,
        producer_name: "elbo".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!("The {name} of a variational autoencoder."),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPERATORS }],
    };
    model.encode_to_vec()
}

/// x · Wᵀ + b, as PyTorch stores W.
fn linear(layer: &str, input: &str, output: &str) -> Node {
    Node {
        input: vec![input.into(), format!("{layer}.weight"), format!("{layer}.bias")],
        output: vec![output.into()],
        name: format!("{layer}.linear"),
        op_type: "Gemm".into(),
        attribute: vec![Attribute { name: "transB".into(), i: 1, kind: INT }],
    }
}

fn simple(op: &str, input: &str, output: &str) -> Node {
    Node {
        input: vec![input.into()],
        output: vec![output.into()],
        name: format!("{input}.{}", op.to_lowercase()),
        op_type: op.into(),
        attribute: Vec::new(),
    }
}

fn stored(name: String, tensor: &Tensor) -> messages::Tensor {
    messages::Tensor {
        dims: tensor.shape.iter().map(|size| *size as i64).collect(),
        data_type: FLOAT,
        name,
        raw_data: tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

/// `[batch, width]` of `f32`.
fn value(name: &str, width: usize, doc: &str) -> ValueInfo {
    let batch = Dimension { value: None, name: Some("batch".into()) };
    let width = Dimension { value: Some(width as i64), name: None };
    let tensor = TensorType { element: FLOAT, shape: Some(Shape { dim: vec![batch, width] }) };
    let kind = Some(Type { tensor: Some(tensor) });
    ValueInfo { name: name.into(), kind, doc_string: doc.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_reads_back_whole_and_every_value_comes_from_somewhere() {
        let sizes = Sizes { input: 6, hidden: 4, latent: 2 };
        let tensor =
            |shape: Vec<usize>| Tensor { values: vec![0.5; shape.iter().product()], shape };
        let tensors: Vec<(&str, Tensor)> =
            sizes.parameters().into_iter().map(|(name, shape)| (name, tensor(shape))).collect();
        let parameters = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
        for (bytes, outputs, weights) in
            [(encoder(sizes, &parameters), 2, 6), (decoder(sizes, &parameters), 1, 4)]
        {
            let model = Model::decode(&bytes[..]).unwrap();
            assert!(model.opset_import[0].version <= 17);
            let graph = model.graph.unwrap();
            assert_eq!((graph.output.len(), graph.initializer.len()), (outputs, weights));
            let mut known: Vec<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
            known.push(&graph.input[0].name);
            for node in &graph.node {
                assert!(["Gemm", "Relu", "Tanh"].contains(&node.op_type.as_str()));
                assert!(node.input.iter().all(|name| known.contains(&name.as_str())), "{node:?}");
                known.extend(node.output.iter().map(String::as_str));
            }
            assert!(graph.output.iter().all(|output| known.contains(&output.name.as_str())));
        }
    }

    /// What a graph gives for one row: each value by its name.
    fn run(graph: &Graph, row: &[f32]) -> BTreeMap<String, Vec<f32>> {
        let stored = |name: &str| -> Vec<f32> {
            let tensor = graph.initializer.iter().find(|tensor| tensor.name == name).unwrap();
            tensor.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        };
        let mut values = BTreeMap::from([(graph.input[0].name.clone(), row.to_vec())]);
        for node in &graph.node {
            let x = &values[&node.input[0]];
            let y = match node.op_type.as_str() {
                "Gemm" => {
                    assert_eq!(
                        (node.attribute[0].name.as_str(), node.attribute[0].i),
                        ("transB", 1)
                    );
                    let (weights, biases) = (stored(&node.input[1]), stored(&node.input[2]));
                    let rows = weights.chunks_exact(x.len()).zip(&biases);
                    rows.map(|(w, b)| w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + b)
                        .collect()
                }
                "Relu" => x.iter().map(|x| x.max(0.0)).collect(),
                _ => x.iter().map(|x| x.tanh()).collect(),
            };
            values.insert(node.output[0].clone(), y);
        }
        values
    }

    #[test]
    fn the_graphs_compute_what_the_model_computes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let data = elbo_data::synthetic_sized(0, 40, 4);
        let settings =
            crate::Settings { hidden: 9, latent: 3, batch_size: 20, ..crate::Settings::default() };
        let test = data.test.clone();
        let mut training = crate::Training::new(data, &settings, crate::Device::default()).unwrap();
        training.epoch(&mut ()).unwrap();
        training.checkpoint().unwrap().save(&path).unwrap();

        let stored = crate::model::Stored::open(&path).unwrap();
        let parameters = crate::model::parameters(&stored).into_iter().collect();
        let graph = |bytes: Vec<u8>| Model::decode(&bytes[..]).unwrap().graph.unwrap();
        let encoder = graph(encoder(stored.record.model, &parameters));
        let decoder = graph(decoder(stored.record.model, &parameters));

        let mut model = crate::Model::open(&path, crate::Device::default()).unwrap();
        let pixels = test.images.get(0).unwrap();
        let latents = model.encode(pixels).unwrap();
        let image = model.decode(&latents.means).unwrap();
        let row: Vec<f32> = pixels.iter().map(|byte| f32::from(*byte) / 127.5 - 1.0).collect();
        let (encoded, decoded) = (run(&encoder, &row), run(&decoder, &latents.means));
        for (ours, theirs) in [
            (&latents.means, &encoded["mean"]),
            (&latents.log_variances, &encoded["log_variance"]),
            (&image, &decoded["images"]),
        ] {
            assert_eq!(ours.len(), theirs.len());
            assert!(
                ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-5),
                "{ours:?} {theirs:?}"
            );
        }
    }
}
