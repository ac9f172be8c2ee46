//! `config.toml`: what `--config` names, and what lies in a run folder.

use std::fs;

use crate::{
    row::Row,
    sound::{RESUME, lengthen, nothing, write},
};

const FILE: &str = "my.toml";

pub(crate) fn rows() -> Vec<Row> {
    let train = "train --data-dir digits --threads 1 --config my.toml";
    let said = |name, text: &'static str, says: &[&'static str]| {
        Row::new(name, write(FILE, text), train, says)
    };
    vec![
        Row::new("no file", nothing, train, &["my.toml: cannot be read", "config.toml"]),
        said("an unknown setting", "epoch = 3\n", &["my.toml:1: unknown field `epoch`"]),
        said("a setting twice", "epochs = 3\nepochs = 4\n", &["my.toml:2: duplicate key"]),
        said("a word for a number", "epochs = \"three\"\n", &["my.toml:1: invalid type: string"]),
        said("a number for a word", "device = 1\n", &["my.toml:1: "]),
        said("half a number", "epochs = 3.5\n", &["my.toml:1: invalid type: floating point"]),
        said("a list for a number", "lr = [1e-3]\n", &["my.toml:1: invalid type: sequence"]),
        said("a table for a number", "[lr]\nrate = 1e-3\n", &["my.toml:1: invalid type: map"]),
        said("a table too much", "[model]\nhidden = 4\n", &["unknown field `model`"]),
        said("fewer than no epochs", "epochs = -1\n", &["my.toml:1: invalid value: integer `-1`"]),
        said("2³² epochs", "epochs = 4294967296\n", &["my.toml:1: invalid value"]),
        said("2⁶⁴ images a batch", "batch-size = 18446744073709551616\n", &["my.toml:1: "]),
        said(
            "10⁴⁰ hidden units",
            "hidden = 10000000000000000000000000000000000000000\n",
            &["my.toml:1"],
        ),
        said("no epochs", "epochs = 0\n", &["my.toml: epochs: 0 is too small"]),
        said("no images a batch", "batch-size = 0\n", &["my.toml: batch-size: 0 is too small"]),
        said("no latent dimensions", "latent = 0\n", &["my.toml: latent: 0 is too small"]),
        said("no hidden units", "hidden = 0\n", &["my.toml: hidden: 0 is too small"]),
        said(
            "terabytes of weights",
            "batch-size = 9\nhidden = 1000000000000\n",
            &["my.toml: hidden: ", "the most"],
        ),
        said("a batch of terabytes", "batch-size = 1000000000000\n", &["my.toml: batch-size: "]),
        said("a rate of 0", "lr = 0.0\n", &["my.toml: lr: 0 is no learning rate"]),
        said("a rate below 0", "lr = -1e-3\n", &["my.toml: lr: -0.001 is no learning rate"]),
        said("a rate of NaN", "lr = nan\n", &["my.toml: lr: NaN is no learning rate"]),
        said("an infinite rate", "lr = inf\n", &["my.toml: lr: inf is no learning rate"]),
        said("a rate beyond any float", "lr = 1e999\n", &["my.toml"]),
        said(
            "a stage that is none",
            "lr-at = [\"soon\"]\n",
            &["my.toml:1: `soon` is no EPOCH:RATE"],
        ),
        said("stages back in time", "lr-at = [\"5:1e-4\", \"3:1e-5\"]\n", &["my.toml: lr-at: "]),
        said("a seed below 0", "seed = -1\n", &["my.toml:1: invalid value"]),
        said("another device", "device = \"gpu\"\n", &["my.toml:1: unknown variant `gpu`"]),
        said(
            "an image of -1 rows",
            "[data]\nname = \"\"\nrows = -1\n",
            &["my.toml:3: invalid value"],
        ),
        Row::new(
            "more threads than any machine has",
            write(FILE, "threads = 1000000\n"),
            "train --data-dir digits --config my.toml",
            &["1000000 is too many"],
        ),
        Row::new(
            "data that are nowhere",
            write(FILE, "data-dir = \"nowhere\"\n"),
            "train --config my.toml",
            &["nowhere: no such folder"],
        ),
        said("a text without end", "device = \"cpu\n", &["my.toml:1: "]),
        said("no value", "epochs =\n", &["my.toml:1: "]),
        said("no key", "= 3\n", &["my.toml:1: "]),
        Row::new("no text", write(FILE, b"epochs = \xff\xfe\n"), train, &["my.toml: ", "UTF-8"]),
        Row::new("bytes of zero", write(FILE, [0; 64]), train, &["my.toml:1: "]),
        Row::new(
            "brackets without end",
            write(FILE, format!("lr-at = {}", "[".repeat(100_000))),
            train,
            &["my.toml:1: "],
        ),
        Row::new(
            "keys within keys without end",
            write(FILE, format!("{}a = 1\n", "a.".repeat(100_000))),
            train,
            &["my.toml:1: "],
        ),
        Row::new(
            "a megabyte of settings",
            write(FILE, "# epochs\n".repeat(1 << 17)),
            train,
            &["my.toml: ", "more than 1048576 bytes"],
        ),
        Row::new(
            "a hole of a terabyte",
            |sandbox| {
                fs::write(sandbox.path(FILE), "").unwrap();
                lengthen(&sandbox.path(FILE), 1 << 40);
            },
            train,
            &["my.toml: ", "more than 1048576 bytes"],
        ),
        Row::new(
            "a folder",
            |sandbox| fs::create_dir(sandbox.path(FILE)).unwrap(),
            train,
            &["my.toml: ", "not a regular file"],
        ),
        Row::new(
            "another program's in the run folder",
            write("run/config.toml", "[package]\nname = \"mine\"\n"),
            "evaluate --checkpoint run/checkpoints/last.safetensors --threads 1",
            &["run/config.toml:1: unknown field `package`"],
        ),
        Row::new(
            "another program's in the folder for a new run",
            |sandbox| {
                fs::create_dir(sandbox.path("mine")).unwrap();
                fs::write(sandbox.path("mine/config.toml"), "[package]\n").unwrap();
            },
            "train --data-dir digits --threads 1 --out mine",
            &["mine: holds a config.toml of another kind"],
        ),
        Row::new(
            "metrics that are none",
            write("run/metrics.csv", "epoch,step\n1,soon\n"),
            RESUME,
            &["run/metrics.csv: its rows cannot be read"],
        ),
        Row::new(
            "metrics of a terabyte",
            |sandbox| lengthen(&sandbox.path("run/metrics.csv"), 1 << 40),
            RESUME,
            &["run/metrics.csv: its rows cannot be read", "bytes"],
        ),
    ]
}
