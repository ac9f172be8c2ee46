//! Checkpoints: the file, its tensors, and what its record tells of them.

use std::fs;

use serde_json::{Value, json};

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{LAST, RESUME, cut, edit, lengthen, nothing, write},
};

const INFO: &str = "info run";
const SAMPLE: &str = "sample --checkpoint run --threads 1";
const DATA: &str = "evaluate --checkpoint run --threads 1 --data-dir digits";

pub(crate) fn rows() -> Vec<Row> {
    [file(), tensors(), record()].into_iter().flatten().collect()
}

fn file() -> Vec<Row> {
    vec![
        Row::new("empty", write(LAST, ""), INFO, &[LAST, "the file is empty"]),
        Row::new(
            "five bytes",
            cut(LAST, 5),
            RESUME,
            &[LAST, "not a safetensors file (5 bytes in all)"],
        ),
        Row::new("cut within the header", cut(LAST, 400), INFO, &[LAST, "the file is cut short"]),
        Row::new("cut within a tensor", cut(LAST, 5_000), SAMPLE, &[LAST, "the file is cut short"]),
        Row::new(
            "the last byte missing",
            edit(LAST, |bytes| drop(bytes.pop())),
            RESUME,
            &[LAST, "the file is cut short"],
        ),
        Row::new(
            "a byte too much",
            edit(LAST, |bytes| bytes.push(0)),
            INFO,
            &[LAST, "the file is longer than written"],
        ),
        Row::new(
            "a header of 2⁶⁴ bytes announced",
            edit(LAST, |bytes| bytes[..8].fill(0xff)),
            INFO,
            &[LAST, "not a safetensors file"],
        ),
        Row::new(
            "a header of 90 megabytes announced",
            edit(LAST, |bytes| bytes[..8].copy_from_slice(&90_000_000_u64.to_le_bytes())),
            INFO,
            &[LAST, "90000008 bytes announced"],
        ),
        Row::new(
            "text",
            write(LAST, "epoch 1, loss 164.2\n"),
            RESUME,
            &[LAST, "not a safetensors"],
        ),
        Row::new(
            "PyTorch's own format",
            write(LAST, b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0archive/data.pkl"),
            INFO,
            &[LAST, "not a safetensors file"],
        ),
        Row::new("a list", header(|text| *text = "[1]".into()), INFO, &[LAST, "no JSON object"]),
        Row::new("half a header", header(|text| drop(text.pop())), INFO, &[LAST, "is damaged"]),
        Row::new(
            "brackets without end",
            header(|text| *text = format!("{{\"a\":{}", "[".repeat(100_000))),
            INFO,
            &[LAST, "is damaged"],
        ),
        Row::new(
            "no metadata",
            entry("__metadata__", |of| *of = json!({})),
            INFO,
            &[LAST, "elbo import"],
        ),
        Row::new(
            "no metadata, to go on from",
            entry("__metadata__", |of| *of = json!({ "format": "pt" })),
            RESUME,
            &[LAST, "no metadata under `elbo`"],
        ),
        Row::new(
            "metadata that are no JSON",
            entry("__metadata__", |of| of["elbo"] = json!("epoch 1")),
            INFO,
            &[LAST, "its metadata are no JSON"],
        ),
        Row::new(
            "no version",
            told("/format_version", None),
            INFO,
            &["no `format_version` from 1"],
        ),
        Row::new("version 0", told("/format_version", Some(json!(0))), INFO, &["`format_version`"]),
        Row::new(
            "version -1",
            told("/format_version", Some(json!(-1))),
            INFO,
            &["`format_version`"],
        ),
        Row::new(
            "a newer version",
            told("/format_version", Some(json!(2))),
            INFO,
            &["format version 2"],
        ),
        Row::new("no file", nothing, "info none.safetensors", &["none.safetensors: no such file"]),
        Row::new(
            "no file to go on from",
            nothing,
            "train --data-dir digits --resume none.safetensors",
            &["none.safetensors: no such file"],
        ),
        Row::new(
            "a folder without checkpoints",
            nothing,
            "info digits",
            &["digits: no checkpoint"],
        ),
        Row::new(
            "a folder without checkpoints to go on from",
            nothing,
            "train --data-dir digits --resume digits",
            &["digits", "no checkpoint in this run folder"],
        ),
    ]
}

fn tensors() -> Vec<Row> {
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

fn record() -> Vec<Row> {
    let lie = |name, pointer, value: Value, command, says: &[&'static str]| {
        Row::new(name, told(pointer, Some(value)), command, says)
    };
    let huge = 1_u64 << 60;
    vec![
        Row::new("no model", told("/model", None), INFO, &[LAST, "missing field `model`"]),
        lie(
            "a model of other sizes",
            "/model/hidden",
            json!(5),
            INFO,
            &[LAST, "another model than"],
        ),
        lie("other sizes to go on", "/model/hidden", json!(5), RESUME, &[LAST, "; use"]),
        lie(
            "no hidden units",
            "/model/hidden",
            json!(0),
            RESUME,
            &[LAST, "hidden", "0 is too small"],
        ),
        lie("no latent dimensions", "/model/latent", json!(0), SAMPLE, &[LAST, "another model"]),
        lie("latents without end", "/model/latent", json!(huge), RESUME, &[LAST, "weights"]),
        lie(
            "a size of -1",
            "/model/latent",
            json!(-1),
            INFO,
            &[LAST, "invalid value: integer `-1`"],
        ),
        lie("another height", "/rows", json!(27), INFO, &[LAST, "27×28 do not fit"]),
        lie("rows beyond 64 bits", "/rows", json!(1_u64 << 63), INFO, &[LAST, "do not fit"]),
        lie("epoch -1", "/epoch", json!(-1), INFO, &[LAST, "invalid value: integer `-1`"]),
        lie("epoch 2⁶⁴", "/epoch", json!(1.8e19), RESUME, &[LAST, "its record is incomplete"]),
        lie("the last epoch of all", "/epoch", json!(u32::MAX), RESUME, &[LAST, "; "]),
        lie("an epoch that is a word", "/epoch", json!("one"), INFO, &[LAST, "invalid type"]),
        lie("step -1", "/step", json!(-1), RESUME, &[LAST, "; use another"]),
        lie("step 2³²", "/step", json!(1_u64 << 32), RESUME, &[LAST, "; use another"]),
        lie("a step of another epoch", "/step", json!(5), RESUME, &[LAST, "step"]),
        lie("batches of 0", "/training/batch_size", json!(0), DATA, &[LAST, "; use another"]),
        lie(
            "batches of 0 to go on",
            "/training/batch_size",
            json!(0),
            RESUME,
            &["batch-size", "0 is"],
        ),
        lie("batches of 2⁶⁰", "/training/batch_size", json!(huge), DATA, &[LAST, "; use another"]),
        lie(
            "batches of 2⁶⁰ to go on",
            "/training/batch_size",
            json!(huge),
            RESUME,
            &["batch-size"],
        ),
        lie(
            "batches that need 100 GiB",
            "/training/batch_size",
            json!(300_000),
            SAMPLE,
            &[LAST, "; use another"],
        ),
        lie(
            "a rate below 0",
            "/training/learning_rate",
            json!(-1),
            RESUME,
            &[LAST, "lr cannot be used"],
        ),
        lie(
            "no rate",
            "/training/learning_rate",
            json!(null),
            RESUME,
            &[LAST, "invalid type: null"],
        ),
        lie(
            "a rate for a word",
            "/training/lr_at",
            json!(["soon"]),
            INFO,
            &["`soon` is no EPOCH:RATE"],
        ),
        lie(
            "a seed of -7",
            "/training/seed",
            json!(-7),
            INFO,
            &[LAST, "invalid value: integer `-7`"],
        ),
        lie(
            "a seed of 2⁶⁴-1",
            "/training/seed",
            json!(u64::MAX),
            RESUME,
            &[LAST, "seed cannot be used"],
        ),
        lie(
            "other images",
            "/train_sha256",
            json!("00"),
            RESUME,
            &[LAST, "trained on other images"],
        ),
        lie("fewer images", "/train_images", json!(63), RESUME, &[LAST, "63 images of 28×28"]),
        lie("no images", "/train_images", json!(0), RESUME, &[LAST, "no training goes on from it"]),
        lie("images without end", "/train_images", json!(huge), RESUME, &[LAST, "images of 28×28"]),
        lie(
            "half an epoch of two lengths",
            "/middle",
            json!({ "reconstruction": [1.0, 2.0], "kl": [1.0] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch of more steps than it has",
            "/middle",
            json!({ "reconstruction": vec![1.0; 99], "kl": vec![1.0; 99] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch of losses that are none",
            "/middle",
            json!({ "reconstruction": [1e300], "kl": [1.0] }),
            RESUME,
            &[LAST, "; use another"],
        ),
        lie(
            "half an epoch after all of them",
            "/middle",
            json!({ "reconstruction": [1.0], "kl": [1.0] }),
            &format!("{RESUME} --seed 4"),
            &[LAST, "stopped in the middle of epoch 2"],
        ),
        Row::new(
            "half an epoch after the last of all",
            |sandbox| {
                told("/epoch", Some(json!(u32::MAX)))(sandbox);
                let middle = json!({ "reconstruction": [1.0], "kl": [1.0] });
                told("/middle", Some(middle))(sandbox);
            },
            &format!("{RESUME} --seed 4"),
            &[LAST, "; "],
        ),
        lie(
            "a best epoch to come",
            "/best",
            json!({ "epoch": 9, "test_loss": 1.0 }),
            RESUME,
            &["best"],
        ),
        lie(
            "a best loss of a word",
            "/best",
            json!({ "epoch": 1, "test_loss": "low" }),
            INFO,
            &[LAST],
        ),
    ]
}

/// Changes the header, and its length with it.
fn header(change: impl Fn(&mut String) + 'static) -> impl Fn(&Sandbox) {
    edit(LAST, move |bytes| {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut text = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
        change(&mut text);
        let start = [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
        bytes.splice(..8 + length, start);
    })
}

/// Changes what the header says of a tensor.
fn entry(name: &'static str, change: impl Fn(&mut Value) + 'static) -> impl Fn(&Sandbox) {
    header(move |text| {
        let mut json: Value = serde_json::from_str(text).unwrap();
        change(&mut json[name]);
        *text = json.to_string();
    })
}

/// Changes what the record tells, by a JSON pointer; `None` takes it away.
fn told(pointer: &'static str, value: Option<Value>) -> impl Fn(&Sandbox) {
    entry("__metadata__", move |metadata| {
        let mut record: Value = serde_json::from_str(metadata["elbo"].as_str().unwrap()).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let object = record.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match &value {
            Some(value) => object.insert(name.into(), value.clone()),
            None => object.remove(name),
        };
        metadata["elbo"] = record.to_string().into();
    })
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
