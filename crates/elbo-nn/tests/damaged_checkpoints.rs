//! Nothing in a file is believed: whatever is wrong with it is an error that names the file.

use std::{fs, path::Path};

use elbo_nn::checkpoint::{Checkpoint, Tensor};
use proptest::prelude::*;
use serde_json::json;

/// A file with a header as given and then `data` bytes of zero.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// A file with one tensor `w` and nothing else wrong than its description.
fn with_tensor(description: &str, data: usize) -> Vec<u8> {
    with_header(&format!(r#"{{"__metadata__":{{"elbo":"{{}}"}},"w":{description}}}"#), data)
}

/// A file without tensors, its metadata as given.
fn with_metadata(text: &str) -> Vec<u8> {
    with_header(&json!({ "__metadata__": { "elbo": text } }).to_string(), 0)
}

/// A file with one value.
fn with_value(value: f32) -> Vec<u8> {
    let mut bytes = with_tensor(r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 4);
    bytes.extend(value.to_le_bytes());
    bytes
}

fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound");
    let tensor = Tensor { shape: vec![2, 2], values: vec![0.5, -1.0, 2.0, 0.0] };
    let metadata = json!({ "step": 3 });
    Checkpoint { tensors: [("w".to_string(), tensor)].into(), metadata }.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn refused(path: &Path) -> String {
    let message = Checkpoint::load(path).unwrap_err().to_string();
    let name = format!("{}: ", path.display());
    assert!(message.starts_with(&name), "does not name the file: {message}");
    message[name.len()..].to_string()
}

#[test]
fn each_damage_is_named_with_its_file() {
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty", vec![], "the file is empty"),
        ("five bytes", vec![1; 5], "not a safetensors file (5 bytes in all)"),
        ("text", b"Epoch 1, loss 164.2\n".to_vec(), "not a safetensors file"),
        ("vast header", vec![0xFF; 64], "it does not begin with a header's length"),
        (
            "header past the end",
            with_header(&"{".repeat(80), 0)[..40].to_vec(),
            "88 bytes announced, 40 there; the file is cut short",
        ),
        ("no JSON object", with_header("[1, 2]", 0), "its header is no JSON object"),
        (
            "pickle",
            b"\x10\0\0\0\0\0\0\0\x80\x02}q\0(X\x0a\0\0\0fc1.we".to_vec(),
            "not a safetensors file",
        ),
        ("broken JSON", with_header("{\"w\":", 0), "its header is damaged"),
        (
            "broken UTF-8",
            [&4_u64.to_le_bytes()[..], b"{\"\xff\""].concat(),
            "its header is damaged",
        ),
        (
            "no dtype",
            with_tensor(r#"{"shape":[2],"data_offsets":[0,8]}"#, 8),
            "its header is damaged",
        ),
        (
            "unknown dtype",
            with_tensor(r#"{"dtype":"F31","shape":[2],"data_offsets":[0,8]}"#, 8),
            "its header is damaged",
        ),
        (
            "negative size",
            with_tensor(r#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#, 8),
            "its header is damaged",
        ),
        (
            "size overflow",
            with_tensor(
                r#"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}"#,
                8,
            ),
            "its header is damaged",
        ),
        (
            "shape and bytes",
            with_tensor(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#, 8),
            "its header is damaged",
        ),
        (
            "backwards",
            with_tensor(r#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#, 8),
            "its header is damaged",
        ),
        (
            "gap",
            with_tensor(r#"{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"#, 12),
            "its header is damaged",
        ),
        (
            "overlap",
            with_header(
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
                8,
            ),
            "its header is damaged",
        ),
        (
            "cut short",
            with_tensor(
                r#"{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}"#,
                8,
            ),
            "the file is cut short",
        ),
        (
            "too long",
            with_tensor(r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 9),
            "the file is longer than written",
        ),
        (
            "f64",
            with_metadata_and(r#"{"dtype":"F64","shape":[1],"data_offsets":[0,8]}"#),
            "`w` is F64, only F32 is read; convert it with `.float()`",
        ),
        (
            "f16",
            with_metadata_and(r#"{"dtype":"F16","shape":[4],"data_offsets":[0,8]}"#),
            "`w` is F16, only F32 is read",
        ),
        ("no metadata", with_header("{}", 0), "no metadata under `elbo`"),
        (
            "others' metadata",
            with_header(r#"{"__metadata__":{"format":"pt"}}"#, 0),
            "no metadata under `elbo`",
        ),
        ("metadata no JSON", with_metadata("step 3"), "its metadata are no JSON ("),
        ("metadata a number", with_metadata("3"), "its metadata are no JSON object"),
        ("no version", with_metadata("{}"), "have no `format_version` from 1 to 1"),
        ("version a text", with_metadata(r#"{"format_version":"1"}"#), "have no `format_version`"),
        (
            "version 0",
            with_metadata(r#"{"format_version":0}"#),
            "have no `format_version` from 1 to 1",
        ),
        (
            "newer version",
            with_metadata(r#"{"format_version":2}"#),
            "format version 2, this elbo reads version 1; use a newer elbo",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, said) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let message = refused(&path);
        assert!(message.contains(said), "{name}: {message}");
    }
}

/// A file with sound metadata and one tensor of eight bytes.
fn with_metadata_and(description: &str) -> Vec<u8> {
    let header = r#"{"__metadata__":{"elbo":"{\"format_version\":1}"},"w":"#;
    with_header(&format!("{header}{description}}}"), 8)
}

#[test]
fn values_that_are_not_finite_are_named_with_tensor_and_place() {
    let folder = tempfile::tempdir().unwrap();
    for (value, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (-f32::INFINITY, "-inf")] {
        let path = folder.path().join(shown);
        fs::write(&path, with_value(value)).unwrap();
        let message = Checkpoint::load_tensors(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("`w` has {shown} at position 1")), "{message}");
    }
}

#[test]
fn a_missing_file_and_a_folder_are_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&folder.path().join("none")).starts_with("no such file; "));
    assert!(refused(folder.path()).starts_with("not a regular file; "));
}

#[test]
fn a_sound_file_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    let bytes = sound();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        refused(&path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_change_of_bytes_makes_loading_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changed");
        let mut bytes = sound();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        fs::write(&path, bytes).unwrap();
        if let Err(error) = Checkpoint::load(&path) {
            prop_assert!(error.to_string().starts_with(&path.display().to_string()));
        }
    }
}
