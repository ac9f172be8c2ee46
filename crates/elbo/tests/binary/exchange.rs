//! Models and latents that come from other programs, or go to them.

use std::{env, fs, process::Command};

use elbo_data::{npy, table};
use elbo_nn::{
    Checkpoint,
    checkpoint::{Tensor, save_tensors},
};

use crate::{
    sandbox::{Outcome, Sandbox},
    train::picture,
};

const LAST: &str = "runs/0001/checkpoints/last.safetensors";

fn trained() -> Sandbox {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "2"]);
    sandbox
}

#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let outcome = sandbox.elbo(arguments);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome
}

#[test]
fn tables_and_arrays_hold_the_same_latents_and_labels() {
    let sandbox = trained();
    let encode = ["encode", "--checkpoint", "runs/0001", "--out"];
    run(&sandbox, &[&encode[..], &["z.csv"]].concat());
    run(&sandbox, &[&encode[..], &["z.npy"]].concat());
    let table = table::read(&sandbox.path("z.csv")).unwrap();
    let names = table.names.unwrap();
    assert_eq!((names.len(), names[0].as_str(), names[3].as_str()), (7, "label", "mu_2"));
    assert_eq!(names[6], "log_variance_2");
    let [means, log_variances, labels] = ["z.npy", "z.log_variance.npy", "z.labels.npy"]
        .map(|name| npy::read(&sandbox.path(name)).unwrap().values);
    let expected = elbo_data::synthetic_sized(3, 150, 50).test.labels;
    for (number, row) in table.values.chunks(7).enumerate() {
        assert_eq!(row[0], f32::from(expected[number]));
        assert_eq!(row[0], labels[number]);
        assert_eq!(row[1..4], means[3 * number..][..3]);
        assert_eq!(row[4..], log_variances[3 * number..][..3]);
    }
}

#[test]
fn latents_become_a_grid_or_an_array() {
    let sandbox = trained();
    fs::write(sandbox.path("z.csv"), "0,0,0\n1,-1,0.5\n").unwrap();
    let decode = ["decode", "--checkpoint", "runs/0001", "--latents", "z.csv", "--out"];
    run(&sandbox, &[&decode[..], &["images.npy"]].concat());
    run(&sandbox, &[&decode[..], &["images.png"]].concat());
    let images = npy::read(&sandbox.path("images.npy")).unwrap();
    assert_eq!(images.shape, [2, 28, 28]);
    assert!(images.values.iter().all(|value| (-1.0..=1.0).contains(value)));
    let (width, height, pixels) = picture(&sandbox, "images.png");
    let sheet = elbo::pictures::sheet(&images.values, 28, 28);
    assert_eq!((width as usize, height as usize), (sheet.width, sheet.height));
    assert_eq!(pixels, sheet.pixels);

    fs::write(sandbox.path("z.csv"), "0,0\n").unwrap();
    let outcome = sandbox.elbo([&decode[..], &["images.png"]].concat());
    outcome.is_refused_with(&["z.csv: has 2 columns of latents, 3 expected"]);
}

#[test]
fn a_state_dict_comes_back_and_evaluates_to_the_same_figures() {
    let sandbox = trained();
    let export = ["export", "--checkpoint", LAST, "--format", "state-dict"];
    run(&sandbox, &[&export[..], &["--out", "state.safetensors"]].concat());
    let state = Checkpoint::load_tensors(&sandbox.path("state.safetensors")).unwrap();
    assert_eq!(state.len(), 10);
    let last = Checkpoint::load_tensors(&sandbox.path(LAST)).unwrap();
    assert!(state.iter().all(|(name, tensor)| last[name] == *tensor));

    let import = ["import", "state.safetensors", "--out", "model.safetensors"];
    assert!(run(&sandbox, &import).stdout.contains("VAE 784-16-3"));
    let evaluate = |checkpoint: &str| {
        let arguments = ["evaluate", "--checkpoint", checkpoint, "--data-dir", "digits", "--json"];
        run(&sandbox, &arguments).stdout
    };
    assert_eq!(evaluate("model.safetensors"), evaluate(LAST));
    sandbox.elbo(import).is_refused_with(&["model.safetensors: is there already"]);
    let info = run(&sandbox, &["info", "model.safetensors"]).stdout;
    assert!(info.contains("unknown (imported)") && info.contains("parameters only"), "{info}");

    let resume = ["train", "--resume", "model.safetensors", "--data-dir", "digits"];
    sandbox.elbo(resume).is_refused_with(&["model.safetensors: holds parameters alone"]);
    assert!(!sandbox.path("runs/0002").exists());
}

#[test]
fn a_state_dict_that_does_not_fit_is_refused_by_name() {
    let sandbox = trained();
    let last = Checkpoint::load_tensors(&sandbox.path(LAST)).unwrap();
    let refused = |change: &dyn Fn(&mut std::collections::BTreeMap<String, Tensor>),
                   words: &[&str]| {
        let mut tensors = last.clone();
        tensors.retain(|name, _| !name.starts_with("optimizer."));
        change(&mut tensors);
        save_tensors(&tensors, &sandbox.path("odd.safetensors")).unwrap();
        let import = ["import", "odd.safetensors", "--out", "model.safetensors"];
        sandbox.elbo(import).is_refused_with(&[&["odd.safetensors: "], words].concat());
        assert!(!sandbox.path("model.safetensors").exists());
    };
    refused(
        &|tensors| {
            let bias = tensors.remove("fc3.bias").unwrap();
            tensors.insert("decoder.bias".into(), bias);
        },
        &["lacks `fc3.bias` and has `decoder.bias`", "fc21 (μ)"],
    );
    refused(
        &|tensors| tensors.get_mut("fc4.weight").unwrap().shape.reverse(),
        &["`fc4.weight` is [16, 784], the model wants [784, 16]", "transposed"],
    );
    refused(&|tensors| tensors.get_mut("fc21.bias").unwrap().shape = vec![1, 3], &["`fc21.bias`"]);

    let import = ["import", LAST, "--out", "model.safetensors", "--size", "20x30"];
    sandbox.elbo(import).is_refused_with(&["20×30 is not 784; give the images' --size"]);
    run(&sandbox, &["import", LAST, "--out", "model.safetensors", "--size", "16x49"]);
    let info = run(&sandbox, &["info", "model.safetensors"]).stdout;
    assert!(info.contains("images of 16×49"), "{info}");
}

/// What Python says when it runs both graphs on the same numbers.
const ONNXRUNTIME: &str = "
import numpy, onnxruntime, sys
pixels = numpy.load('pixels.npy').reshape(-1, 784).astype('float32')
run = lambda part, names, inputs: onnxruntime.InferenceSession(f'model.{part}.onnx').run(names, inputs)
mean, log_variance = run('encoder', ['mean', 'log_variance'], {'images': pixels / 127.5 - 1})
z = numpy.load('z.npy')
images, = run('decoder', ['images'], {'latents': z})
print(max(abs(mean - z).max(), abs(log_variance - numpy.load('z.log_variance.npy')).max(),
          abs(images - numpy.load('images.npy').reshape(-1, 784)).max()))
";

/// `ELBO_PYTHON` names a Python that has numpy and onnxruntime, if `python3` has them not.
#[test]
fn onnxruntime_computes_what_we_compute() {
    let sandbox = trained();
    let pixels = elbo_data::synthetic_sized(3, 150, 50).test.images.pixels;
    fs::write(sandbox.path("pixels.npy"), npy::encode_bytes(&[50, 784], &pixels)).unwrap();
    let model = ["--checkpoint", "runs/0001"];
    run(&sandbox, &[&["export"], &model[..], &["--out", "model"]].concat());
    run(
        &sandbox,
        &[&["encode"], &model[..], &["--images", "pixels.npy", "--out", "z.npy"]].concat(),
    );
    let decode = ["--latents", "z.npy", "--out", "images.npy"];
    run(&sandbox, &[&["decode"], &model[..], &decode[..]].concat());

    let python = env::var("ELBO_PYTHON").unwrap_or_else(|_| "python3".into());
    let can = Command::new(&python).args(["-c", "import numpy, onnxruntime"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with numpy and onnxruntime");
        return;
    }
    let mut command = Command::new(&python);
    let output = command.args(["-c", ONNXRUNTIME]).current_dir(sandbox.path("")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let difference: f64 = said.trim().parse().unwrap_or_else(|_| {
        panic!("{said}{}", String::from_utf8_lossy(&output.stderr));
    });
    assert!(difference < 1e-5, "{difference}");
}
