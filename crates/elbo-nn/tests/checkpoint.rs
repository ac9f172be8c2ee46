//! What a checkpoint promises about files: round trips, equal bytes, whole or not at all.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use elbo_nn::checkpoint::{Checkpoint, Tensor};
use proptest::prelude::*;
use safetensors::SafeTensors;
use serde_json::json;
use tempfile::TempDir;

fn tensor(shape: &[usize], from: f32) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| from + i as f32 / 7.0).collect();
    Tensor { shape: shape.to_vec(), values }
}

fn example() -> Checkpoint {
    let tensors = BTreeMap::from([
        ("fc1.weight".to_string(), tensor(&[4, 3], -0.5)),
        ("fc1.bias".to_string(), tensor(&[4], 0.25)),
        ("optimizer.exp_avg.fc1.bias".to_string(), tensor(&[4], 0.0)),
        ("optimizer.exp_avg_sq.fc1.bias".to_string(), tensor(&[4], 1e-9)),
    ]);
    let metadata = json!({ "step": 938, "epoch": 2, "model": { "latent": 20, "hidden": 400 } });
    Checkpoint { tensors, metadata }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn names_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect()
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    assert_eq!(Checkpoint::load(&path).unwrap(), example());
    assert_eq!(Checkpoint::load_tensors(&path).unwrap(), example().tensors);
}

#[test]
fn the_same_content_gives_the_same_bytes_also_after_a_load() {
    let folder = folder();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    example().save(&a).unwrap();
    let mut reordered = example();
    reordered.metadata =
        json!({ "model": { "hidden": 400, "latent": 20 }, "epoch": 2, "step": 938 });
    reordered.save(&b).unwrap();
    Checkpoint::load(&a).unwrap().save(&c).unwrap();
    assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
    assert_eq!(fs::read(&a).unwrap(), fs::read(&c).unwrap());
}

/// What Python's `safetensors.torch.load_file` goes by.
#[test]
fn the_safetensors_crate_reads_the_file_under_pytorchs_names() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let header_length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + header_length]).unwrap().trim_end();
    let expected = concat!(
        r#"{"__metadata__":{"elbo":"{\"epoch\":2,\"format_version\":1,"#,
        r#"\"model\":{\"hidden\":400,\"latent\":20},\"step\":938}"},"#,
        r#""fc1.bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"#,
        r#""fc1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[16,64]},"#,
        r#""optimizer.exp_avg.fc1.bias":{"dtype":"F32","shape":[4],"data_offsets":[64,80]},"#,
        r#""optimizer.exp_avg_sq.fc1.bias":{"dtype":"F32","shape":[4],"data_offsets":[80,96]}}"#,
    );
    assert_eq!(header, expected);
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let bias = stored.tensor("fc1.bias").unwrap();
    assert_eq!((bias.shape(), &bias.data()[..4]), (&[4][..], &0.25_f32.to_le_bytes()[..]));
}

#[test]
fn a_save_replaces_an_older_file_and_leaves_nothing_beside_it() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    fs::write(&path, "an older file, longer than nothing").unwrap();
    example().save(&path).unwrap();
    assert_eq!(Checkpoint::load(&path).unwrap(), example());
    assert_eq!(names_in(folder.path()), [PathBuf::from("a.safetensors")]);
}

#[test]
fn a_save_that_fails_leaves_the_older_file_as_it_was() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    let mut diverged = example();
    diverged.tensors.get_mut("fc1.bias").unwrap().values[2] = f32::NAN;
    let message = diverged.save(&path).unwrap_err().to_string();
    assert!(message.contains("`fc1.bias` has NaN at position 2"), "{message}");
    assert_eq!(Checkpoint::load(&path).unwrap(), example());
    assert_eq!(names_in(folder.path()).len(), 1);
}

#[test]
fn a_save_that_cannot_be_renamed_leaves_nothing_beside_it() {
    let folder = folder();
    let path = folder.path().join("taken");
    fs::create_dir(&path).unwrap();
    let message = example().save(&path).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}: cannot be written", path.display())), "{message}");
    assert_eq!(names_in(folder.path()), [PathBuf::from("taken")]);
}

#[test]
fn a_save_into_a_missing_folder_names_it_and_makes_nothing() {
    let folder = folder();
    let missing = folder.path().join("runs");
    let message = example().save(&missing.join("a.safetensors")).unwrap_err().to_string();
    let said = format!("its folder {} is not there; create it first", missing.display());
    assert!(message.contains(&said), "{message}");
    assert!(names_in(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn a_checkpoint_has_the_permissions_of_any_other_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let [path, other] = ["a", "b"].map(|name| folder.path().join(name));
    example().save(&path).unwrap();
    fs::write(&other, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&other));
}

#[test]
fn what_no_file_can_hold_is_refused_by_name() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    let with_tensor = |name: &str, tensor| {
        let mut checkpoint = example();
        checkpoint.tensors.insert(name.into(), tensor);
        checkpoint
    };
    let with_metadata = |metadata| Checkpoint { metadata, ..example() };
    let short = Tensor { shape: vec![2, 2], values: vec![0.0; 3] };
    let vast = Tensor { shape: vec![usize::MAX, 2], values: vec![0.0; 3] };
    let cases = [
        (with_tensor("w", short), "`w` cannot be stored, 3 values do not fill a shape of [2, 2]"),
        (with_tensor("w", vast), "`w` cannot be stored, 3 values do not fill"),
        (with_tensor("__metadata__", tensor(&[1], 0.0)), "its name belongs to the header"),
        (with_metadata(json!(null)), "not a JSON object; make it one"),
        (with_metadata(json!([1, 2])), "not a JSON object; make it one"),
        (with_metadata(json!({ "format_version": 1 })), "which saving adds; leave it out"),
    ];
    for (checkpoint, said) in cases {
        let message = checkpoint.save(&path).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains(said), "{message}");
    }
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_file_from_pytorch_loads_without_our_metadata() {
    let values: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let view = |shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes)
    };
    let tensors = [
        ("fc1.bias", view(&[2], &values).unwrap()),
        ("temperature", view(&[], &values[..4]).unwrap()),
        ("none", view(&[0, 3], &[]).unwrap()),
    ];
    let metadata = [("format".to_string(), "pt".to_string())].into();
    let folder = folder();
    let path = folder.path().join("foreign.safetensors");
    fs::write(&path, safetensors::serialize(tensors, Some(metadata)).unwrap()).unwrap();

    let loaded = Checkpoint::load_tensors(&path).unwrap();
    assert_eq!(loaded["fc1.bias"], Tensor { shape: vec![2], values: vec![1.5, -2.0] });
    assert_eq!(loaded["temperature"], Tensor { shape: vec![], values: vec![1.5] });
    assert_eq!(loaded["none"], Tensor { shape: vec![0, 3], values: vec![] });
    let message = Checkpoint::load(&path).unwrap_err().to_string();
    assert!(message.contains("no metadata under `elbo`"), "{message}");
}

fn any_tensor() -> impl Strategy<Value = Tensor> {
    let shapes = prop::collection::vec(0_usize..5, 0..4);
    let finite = prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO;
    shapes.prop_flat_map(move |shape| {
        let count: usize = shape.iter().product();
        let values = prop::collection::vec(finite, count);
        values.prop_map(move |values| Tensor { shape: shape.clone(), values })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_names_shapes_and_numbers_come_back_bit_for_bit(
        tensors in prop::collection::btree_map(".{0,12}", any_tensor(), 0..5),
        note in ".{0,20}",
        loss in prop::num::f64::NORMAL,
        seed in any::<u64>(),
    ) {
        let metadata = json!({ "note": note, "loss": loss, "seed": seed });
        let checkpoint = Checkpoint { tensors, metadata };
        let folder = folder();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        checkpoint.save(&a).unwrap();
        let loaded = Checkpoint::load(&a).unwrap();
        prop_assert_eq!(&loaded, &checkpoint);
        loaded.save(&b).unwrap();
        prop_assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap());
    }
}
