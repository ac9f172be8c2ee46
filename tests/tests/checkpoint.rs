//! What a training's checkpoint holds, from the app down to the file's tensors.

use std::{collections::BTreeMap, path::Path};

use elbo::{Device, Settings, Training};
use elbo_data::checksum::Checksum;
use elbo_nn::Checkpoint;

fn trained(threads: usize) -> Checkpoint {
    let data = elbo_data::synthetic_sized(0, 60, 20);
    let settings = Settings { hidden: 12, latent: 3, batch_size: 32, ..Settings::default() };
    let device = Device { threads, ..Device::default() };
    let mut training = Training::new(data, &settings, device).unwrap();
    training.epoch(&mut ()).unwrap();
    training.checkpoint().unwrap()
}

#[test]
fn parameters_have_the_names_and_shapes_of_pytorchs_state_dict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.safetensors");
    trained(1).save(&path).unwrap();

    let expected = BTreeMap::from([
        ("fc1.bias", vec![12]),
        ("fc1.weight", vec![12, 784]),
        ("fc21.bias", vec![3]),
        ("fc21.weight", vec![3, 12]),
        ("fc22.bias", vec![3]),
        ("fc22.weight", vec![3, 12]),
        ("fc3.bias", vec![12]),
        ("fc3.weight", vec![12, 3]),
        ("fc4.bias", vec![784]),
        ("fc4.weight", vec![784, 12]),
    ]);
    let tensors = Checkpoint::load_tensors(&path).unwrap();
    let shape = |name: &str| tensors.get(name).map(|tensor| tensor.shape.clone());
    for (name, sizes) in &expected {
        for prefix in ["", "optimizer.exp_avg.", "optimizer.exp_avg_sq."] {
            assert_eq!(shape(&format!("{prefix}{name}")).as_ref(), Some(sizes), "{prefix}{name}");
        }
    }
    assert_eq!(tensors.len(), 3 * expected.len());
}

#[test]
fn metadata_say_nothing_of_time_place_and_threads() {
    let checkpoint = trained(1);
    let data = elbo_data::synthetic_sized(0, 60, 20);
    let test_loss = checkpoint.metadata["best"]["test_loss"].clone();
    assert!(test_loss.as_f64().is_some_and(|loss| loss > 0.0), "{test_loss}");
    let expected = serde_json::json!({
        "model": { "input": 784, "hidden": 12, "latent": 3 },
        "rows": 28,
        "columns": 28,
        "training": {
            "epochs": 100,
            "batch_size": 32,
            "learning_rate": 0.001,
            "seed": 42,
            "log_every": 20,
            "image_every": 20,
        },
        "epoch": 1,
        "step": 2,
        "train_images": 60,
        "data": "synthetic digits",
        "train_sha256": Checksum::of(&[&data.train.images.pixels]).to_string(),
        "best": { "epoch": 1, "test_loss": test_loss },
    });
    assert_eq!(checkpoint.metadata, expected);
    assert_eq!(trained(2), checkpoint);
}

#[test]
fn a_checkpoint_of_another_model_does_not_change_a_training() {
    let data = elbo_data::synthetic_sized(0, 60, 20);
    let settings = Settings { hidden: 13, latent: 3, batch_size: 32, ..Settings::default() };
    let mut training = Training::new(data, &settings, Device::default()).unwrap();
    let before = training.checkpoint().unwrap();
    let message = training.restore(&trained(1), Path::new("other")).unwrap_err().to_string();
    assert!(message.starts_with("other: `fc1.weight` is [12, 784]"), "{message}");
    assert_eq!(training.checkpoint().unwrap(), before);
}
