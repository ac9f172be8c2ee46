//! Checkpoints: the file, its tensors, and what its record tells of them.

mod record;
mod tensors;

use serde_json::{Value, json};

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{LAST, RESUME, cut, edit, nothing, write},
};

const INFO: &str = "info run";
const SAMPLE: &str = "sample --checkpoint run --threads 1";

pub(crate) fn rows() -> Vec<Row> {
    [file(), tensors::rows(), record::rows()].into_iter().flatten().collect()
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
            edit(LAST, |bytes| bytes.truncate(bytes.len() - 1)),
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
        Row::new(
            "half a header",
            header(|text| text.truncate(text.len() / 2)),
            INFO,
            &[LAST, "is damaged"],
        ),
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
