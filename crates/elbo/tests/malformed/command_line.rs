//! Command lines: options that are none, values that no command can work with, and contradictions.

use std::fs;

use crate::{row::Row, sound::nothing};

pub(crate) fn rows() -> Vec<Row> {
    [parsed(), settings(), of_a_model(), places()].into_iter().flatten().collect()
}

/// What the parser refuses.
fn parsed() -> Vec<Row> {
    let row = |name, command, says: &[&'static str]| Row::new(name, nothing, command, says);
    vec![
        row("another command", "trian", &["'trian'", "'train'"]),
        row("an option that is none", "train --epoch 3", &["'--epoch'", "'--epochs'"]),
        row("no value", "train --epochs", &["'--epochs <N>'"]),
        row("a word for a number", "train --epochs three", &["'three'", "'--epochs <N>'"]),
        row("half an epoch", "train --epochs 1.5", &["'1.5'", "'--epochs <N>'"]),
        row("-1 epochs", "train --epochs -1", &["'-1'", "'--epochs <N>'"]),
        row("2⁶⁴ epochs", "train --epochs 18446744073709551616", &["--epochs"]),
        row("2³² epochs", "train --epochs 4294967296", &["'4294967296'", "--epochs"]),
        row("2⁶⁴ images a batch", "train --batch-size 18446744073709551616", &["--batch-size"]),
        row("-1 latent dimensions", "plan --latent -1", &["'-1'", "--latent"]),
        row("a seed of 2⁶⁴", "train --seed 18446744073709551616", &["--seed"]),
        row("a rate of words", "train --lr fast", &["'fast'", "--lr"]),
        row("a stage that is none", "train --lr-at 50", &["`50` is no EPOCH:RATE"]),
        row("another device", "train --device gpu", &["'gpu'", "--device", "cuda"]),
        row("an epoch twice", "train --epochs 1 --epochs 2", &["'--epochs <N>'"]),
        row("a word too much", "train digits", &["'digits'"]),
        row("no checkpoint", "sample", &["--checkpoint"]),
        row("an empty path", "train", &["--data-dir"]).with("--data-dir="),
        row("an empty folder's name", "train", &["--out"]).with("--out="),
        row("a value for a switch", "train --tf32=yes", &["--tf32"]),
        row("both a new run and one to go on", "train --out x --force --resume run", &["--force"]),
        row("a run given up and none named", "train --force", &["--out"]),
        row("two sets", "evaluate --checkpoint run --images a.npy --data-dir b", &["--images"]),
        row("half a pair", "manifold --checkpoint run --dims 1", &["'1'", "--dims", "0,1"]),
        row("a pair of words", "interpolate --checkpoint run --seeds a,b", &["'a,b'", "--seeds"]),
        row("infinitely far", "traverse --checkpoint run --reach inf", &["'inf'", "--reach"]),
        row("as far as NaN", "traverse --checkpoint run --reach nan", &["'nan'", "--reach"]),
        row("half a size", "import x --out y --size 28", &["'28'", "--size", "28x28"]),
        row("2⁶⁴ rows", "import x --out y --size 18446744073709551616x1", &["--size"]),
        row("no steps to time", "bench --steps 0", &["--steps", "1..=1000000"]),
        row(
            "a benchmark on threads without end",
            "bench --threads 99999",
            &["--threads", "0..=1024"],
        ),
        row("a shell that is none", "completions cmd", &["'cmd'", "bash"]),
        row("help on nothing", "help nothing", &["'nothing'"]),
    ]
}

/// What a training refuses.
fn settings() -> Vec<Row> {
    let row = |name, more: &str, says: &[&'static str]| {
        Row::new(name, nothing, &format!("train --data-dir digits {more}"), says)
    };
    let plan = |name, more: &str, says: &[&'static str]| {
        Row::new(name, nothing, &format!("plan {more}"), says)
    };
    vec![
        row("no epochs", "--epochs 0", &["--epochs: 0 is too small"]),
        row("more epochs than are counted", "--batch-size 1 --epochs 4294967295", &["--epochs: "]),
        row("no images a batch", "--batch-size 0", &["--batch-size: 0 is too small"]),
        row("more images a batch than there are", "--batch-size 65", &["64 training images"]),
        row("no latent dimensions", "--latent 0", &["--latent: 0 is too small"]),
        row("no hidden units", "--hidden 0", &["--hidden: 0 is too small"]),
        row(
            "terabytes of weights",
            "--batch-size 9 --hidden 1000000000",
            &["--hidden: a model of"],
        ),
        row(
            "weights beyond 64 bits",
            "--batch-size 9 --latent 9223372036854775807",
            &["--latent: "],
        ),
        row(
            "more memory than is there",
            "--batch-size 9 --hidden 100000",
            &["cpu: no memory for", "layers"],
        ),
        row("a rate of 0", "--lr 0", &["--lr: 0 is no learning rate"]),
        row("a rate below 0", "--lr -1", &["--lr: -1 is no learning rate"]),
        row("a rate of NaN", "--lr nan", &["--lr: NaN is no learning rate"]),
        row("an infinite rate", "--lr inf", &["--lr: inf is no learning rate"]),
        row("a rate beyond f32", "--lr 1e60", &["--lr: ", "is no learning rate"]),
        row("a rate below f32", "--lr 1e-60", &["--lr: ", "is no learning rate"]),
        row("a stage from the beginning", "--lr-at 1:1e-4", &["--lr-at: 1:0.0001 begins with"]),
        row("stages back in time", "--lr-at 5:1e-4,4:1e-5", &["--lr-at: ", "comes after epoch 5"]),
        row("a stage of NaN", "--lr-at 5:nan", &["--lr-at: 5:NaN has no learning rate"]),
        row("a seed of 2⁶⁴-1", "--seed 18446744073709551615", &["--seed: ", "is too large"]),
        row("threads without end", "--threads 99999999", &["--threads: 99999999 is too many"]),
        row("tensor cores of a CPU", "--device cpu --tf32", &["--tf32: is for tensor cores"]),
        row("a GPU that is not there", "--device cuda", &["cuda: ", "--device cpu"]),
        plan("a plan of no batch", "--batch-size 0", &["--batch-size: 0 is too small"]),
        plan("a plan of all batches", "--batch-size 18446744073709551615", &["--batch-size: "]),
        plan(
            "a plan of a batch of terabytes",
            "--batch-size 60000 --hidden 100000",
            &["--batch-size"],
        ),
        plan("a plan of latents without end", "--latent 18446744073709551615", &["--latent: "]),
        Row::new(
            "a benchmark of no batch",
            nothing,
            "bench --data-dir digits --batch-size 0",
            &["--batch-size: 0"],
        ),
        Row::new(
            "a benchmark of terabytes",
            nothing,
            "bench --data-dir digits --batch-size 9 --hidden 1000000000",
            &["--hidden"],
        ),
    ]
}

/// What the commands on a trained model refuse.
fn of_a_model() -> Vec<Row> {
    let row = |name, command: &str, says: &[&'static str]| {
        let (command, more) = command.split_once(' ').unwrap_or((command, ""));
        let command = format!("{command} --checkpoint run --threads 1 {more}");
        Row::new(name, nothing, &command, says)
    };
    vec![
        row("a sample of none", "sample --count 0", &["--count: 0 images make no picture"]),
        row(
            "a sample of terabytes",
            "sample --count 10000000000",
            &["--count: 10000000000 images"],
        ),
        row("a sample beyond 64 bits", "sample --count 18446744073709551615", &["--count: "]),
        row("no steps", "interpolate --seeds 1,2 --steps 0", &["--steps: 0 images"]),
        row(
            "steps without end",
            "interpolate --seeds 1,2 --steps 18446744073709551615",
            &["--steps: "],
        ),
        row(
            "an image that is none",
            "interpolate --data-dir digits --to 16",
            &["--to: 16 is none of the 16"],
        ),
        row(
            "an image that is none, far",
            "interpolate --data-dir digits --from 18446744073709551615",
            &["--from: "],
        ),
        row("a walk of no steps", "traverse --steps 0", &["--steps: 0 images"]),
        row("a walk without end", "traverse --steps 18446744073709551615", &["--steps: "]),
        row(
            "a walk from nowhere",
            "traverse --data-dir digits --image 99",
            &["--image: 99 is none"],
        ),
        row("a plane of one dimension", "manifold --dims 1,1", &["--dims: 1,1 are not two"]),
        row(
            "a plane of dimensions that are none",
            "manifold --dims 0,2",
            &["--dims: 0,2 are not two of the 2"],
        ),
        row("a plane without end", "manifold --steps 4294967296", &["--steps: "]),
        row("a plane of nothing", "manifold --steps 0", &["--steps: 0 images"]),
        row("dimensions that are none", "scatter --data-dir digits --dims 0,9", &["--dims: 0,9"]),
        row(
            "no reconstructions",
            "reconstruct --data-dir digits --count 0",
            &["--count: 0 images"],
        ),
        row("a model on threads without end", "evaluate", &["--threads"]).with("--threads=99999"),
        row("no data", "evaluate --data-dir nowhere", &["nowhere: no such folder"]),
        row(
            "another picture format",
            "sample --out sample.jpg",
            &["sample.jpg: its name says no format"],
        ),
        row(
            "latents as a picture",
            "encode --data-dir digits --out z.png",
            &["z.png: ", ".csv or .npy"],
        ),
        row(
            "latents of a picture",
            "decode --latents pngs/0.png",
            &["pngs/0.png: ", ".npy or .csv"],
        ),
    ]
}

/// Where something should go that cannot.
fn places() -> Vec<Row> {
    let row = |name, command, says: &[&'static str]| Row::new(name, nothing, command, says);
    let train =
        "train --data-dir digits --epochs 1 --hidden 4 --latent 2 --batch-size 9 --threads 1";
    vec![
        row(
            "a run where there is one",
            &format!("{train} --out run"),
            &["run: holds a run already"],
        ),
        row("a run in a file's place", &format!("{train} --out z.csv"), &["z.csv: is a file"]),
        row("runs in a file's place", train, &["runs: cannot be made", "--out"])
            .after(|sandbox| fs::write(sandbox.path("runs"), "").unwrap()),
        row("a run below a file", &format!("{train} --out z.csv/run"), &["z.csv/run", "--out"]),
        row(
            "a run given up that is none",
            &format!("{train} --out mine --force"),
            &["mine: holds a config.toml of another kind"],
        )
        .after(|sandbox| {
            fs::create_dir(sandbox.path("mine")).unwrap();
            fs::write(sandbox.path("mine/config.toml"), "[package]\n").unwrap();
        }),
        row(
            "a picture in no folder",
            "sample --checkpoint run --threads 1 --out none/a.png",
            &["none/a.png: cannot be written", "; "],
        ),
        row(
            "a picture in a folder's place",
            "sample --checkpoint run --threads 1 --out a.png",
            &["a.png: cannot be written", "; "],
        )
        .after(|sandbox| fs::create_dir(sandbox.path("a.png")).unwrap()),
        row(
            "a picture below a file",
            "sample --checkpoint run --threads 1 --out z.csv/a.png",
            &["z.csv/a.png: cannot be written"],
        ),
        row(
            "a model in no folder",
            "import run/checkpoints/last.safetensors --out none/a.safetensors",
            &["none/a.safetensors: its folder none is not there"],
        ),
        row(
            "a model in another's place",
            "import run/checkpoints/last.safetensors --out z.csv",
            &["z.csv: is there already"],
        ),
        row(
            "images that are no square",
            "import run/checkpoints/last.safetensors --out a.safetensors --size 28x27",
            &["28×27 is not 784"],
        ),
        row(
            "images of more rows than memory",
            "import run/checkpoints/last.safetensors --out a.safetensors --size 9223372036854775808x2",
            &["9223372036854775808×2 is not 784"],
        ),
        row(
            "an export into no folder",
            "export --checkpoint run --out none/model",
            &["none/model.encoder.onnx: cannot be written"],
        ),
        row(
            "a state_dict into no folder",
            "export --checkpoint run --format state-dict --out none/a.safetensors",
            &["none/a.safetensors: its folder none is not there"],
        ),
        row("man pages in a file's place", "man z.csv", &["z.csv: cannot be written", "; "]),
        row("a report of nothing", "report digits", &["digits", "; "]),
        row("a report of what is not there", "report nowhere", &["nowhere", "; "]),
    ]
}
