//! What is wrong with a checkpoint's tensors.

use std::fs;

use serde_json::json;

use super::{INFO, SAMPLE, entry};
use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{LAST, RESUME, cut, edit, lengthen, nothing},
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("a weight of NaN", value(f32::NAN), SAMPLE, &[LAST, "has NaN at position 0"]),
        Row::new(
            "an infinite weight",
            value(f32::INFINITY),
            RESUME,
            &[LAST, "has inf at position 0"],
        ),
        Row::new(
            "doubles",
            entry("fc1.bias", |of| {
                of["dtype"] = json!("F64");
                of["shape"] = json!([2]);
            }),
            INFO,
            &[LAST, "`fc1.bias` is F64, only F32 is read"],
        ),
        Row::new(
            "halves",
            entry("fc1.bias", |of| {
                of["dtype"] = json!("F16");
                of["shape"] = json!([8]);
            }),
            SAMPLE,
            &[LAST, "`fc1.bias` is F16"],
        ),
        Row::new(
            "an unknown type",
            entry("fc1.bias", |of| of["dtype"] = json!("F31")),
            INFO,
            &[LAST, "its header is damaged"],
        ),
        Row::new("a tensor missing", tensor("fc3.bias", None), SAMPLE, &[LAST, "lacks `fc3.bias`"]),
        Row::new(
            "a tensor missing to go on",
            tensor("fc3.bias", None),
            RESUME,
            &["lacks `fc3.bias`"],
        ),
        Row::new(
            "a moment missing",
            tensor("optimizer.exp_avg.fc4.weight", None),
            RESUME,
            &[LAST, "lacks `optimizer.exp_avg.fc4.weight`"],
        ),
        Row::new(
            "a tensor too much",
            tensor("fc5.bias", Some(&[4])),
            INFO,
            &[LAST, "has `fc5.bias`"],
        ),
        Row::new(
            "one too much to go on",
            tensor("fc5.bias", Some(&[4])),
            RESUME,
            &["has `fc5.bias`"],
        ),
        Row::new(
            "a weight the other way round",
            entry("fc1.weight", |of| of["shape"] = json!([784, 4])),
            SAMPLE,
            &[LAST, "`fc1.weight` is [784, 4]", "it is transposed"],
        ),
        Row::new(
            "a moment the other way round",
            entry("optimizer.exp_avg_sq.fc1.weight", |of| of["shape"] = json!([784, 4])),
            RESUME,
            &[LAST, "it is transposed"],
        ),
        Row::new(
            "a weight of another model",
            tensor("fc21.weight", Some(&[2, 5])),
            INFO,
            &[LAST, "`fc21.weight` is [2, 5]"],
        ),
        Row::new(
            "a bias of two dimensions",
            tensor("fc4.bias", Some(&[1, 784])),
            INFO,
            &["one dimension"],
        ),
        Row::new(
            "an empty bias",
            tensor("fc21.bias", Some(&[0])),
            INFO,
            &["`fc21.bias` of shape [0]"],
        ),
        Row::new("a number for a bias", tensor("fc21.bias", Some(&[])), INFO, &["of shape []"]),
        Row::new(
            "a shape that its bytes do not fill",
            entry("fc1.bias", |of| of["shape"] = json!([5])),
            INFO,
            &[LAST, "its header is damaged"],
        ),
        Row::new(
            "a shape beyond 64 bits",
            entry("fc1.bias", |of| of["shape"] = json!([4_294_967_296_u64, 4_294_967_296_u64])),
            INFO,
            &[LAST, "its header is damaged"],
        ),
        Row::new(
            "two tensors in one place",
            entry("fc1.bias", |of| of["data_offsets"] = json!([16, 32])),
            INFO,
            &[LAST, "its header is damaged"],
        ),
        Row::new(
            "a terabyte announced",
            terabyte,
            SAMPLE,
            &[LAST, "bytes announced", "the file is cut short"],
        ),
        Row::new(
            "a terabyte announced and, as a hole, there",
            |sandbox| {
                terabyte(sandbox);
                let bytes = sandbox.bytes(LAST);
                let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                lengthen(&sandbox.path(LAST), 8 + header + (1 << 42));
            },
            SAMPLE,
            &[LAST, "more than there is memory for"],
        ),
        Row::new(
            "a file to import that lacks a tensor",
            tensor("fc22.weight", None),
            &format!("import {LAST} --out mine.safetensors"),
            &[LAST, "lacks `fc22.weight`"],
        ),
        Row::new(
            "a file to import that is none",
            nothing,
            "import images.npy --out mine.safetensors",
            &["images.npy: not a safetensors file"],
        ),
        Row::new(
            "a model to export that is none",
            cut(LAST, 3_000),
            "export --checkpoint run --out mine",
            &[LAST, "the file is cut short"],
        ),
    ]
}

/// Puts a tensor of zeros there in another's place or beside the others, or takes one away.
fn tensor(name: &'static str, shape: Option<&'static [usize]>) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let path = sandbox.path(LAST);
        let mut checkpoint = elbo_nn::Checkpoint::load(&path).unwrap();
        match shape.map(<[usize]>::to_vec) {
            Some(shape) => {
                let values = vec![0.0; shape.iter().product()];
                checkpoint
                    .tensors
                    .insert(name.into(), elbo_nn::checkpoint::Tensor { shape, values });
            }
            None => drop(checkpoint.tensors.remove(name).unwrap()),
        }
        checkpoint.save(&path).unwrap();
    }
}

/// Puts a value at the first place of the first tensor.
fn value(value: f32) -> impl Fn(&Sandbox) {
    edit(LAST, move |bytes| {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + length..8 + length + 4].copy_from_slice(&value.to_le_bytes());
    })
}

/// Announces one tensor of four terabytes.
fn terabyte(sandbox: &Sandbox) {
    let metadata = json!({ "elbo": "{\"format_version\":1}" });
    let tensor =
        json!({ "dtype": "F32", "shape": [1_u64 << 40], "data_offsets": [0, 1_u64 << 42] });
    let text = json!({ "__metadata__": metadata, "fc1.weight": tensor }).to_string();
    let bytes = [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    fs::write(sandbox.path(LAST), bytes).unwrap();
}
