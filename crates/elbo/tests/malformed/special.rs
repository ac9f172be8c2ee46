//! What has a file's name and is none: pipes, devices without end, links in circles, names that are no text,
//! and files that may not be read.

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStringExt, fs::PermissionsExt, fs::symlink},
    process::Command,
};

use crate::{
    row::Row,
    sandbox::Sandbox,
    sound::{DECODE, EVALUATE, LAST, RESUME, TRAIN, nothing},
};

const IMAGES: &str = "digits/train-images-idx3-ubyte";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = [pipes(), links(), names()].into_iter().flatten().collect::<Vec<_>>();
    if !reads_everything() {
        rows.extend(unreadable());
    }
    rows
}

/// A pipe without a writer keeps its reader waiting for ever.
fn pipes() -> Vec<Row> {
    let train = &format!("{TRAIN} --data-dir digits");
    vec![
        Row::new("a pipe of IDX", pipe(IMAGES), train, &[IMAGES, "not a regular file"]),
        Row::new("a pipe for a data folder", pipe("p"), &format!("{TRAIN} --data-dir p"), &["p: "]),
        Row::new(
            "a pipe of .npy",
            pipe("p.npy"),
            &format!("{EVALUATE} p.npy"),
            &["p.npy: not a regular"],
        ),
        Row::new(
            "a pipe of .csv",
            pipe("p.csv"),
            &format!("{TRAIN} --data-dir p.csv"),
            &["p.csv: not a"],
        ),
        Row::new(
            "a pipe of a picture",
            pipe("p.png"),
            &format!("{EVALUATE} p.png"),
            &["p.png: not a regular"],
        ),
        Row::new(
            "a pipe of latents",
            pipe("p.npy"),
            &format!("{DECODE} p.npy"),
            &["p.npy: not a regular"],
        ),
        Row::new("a checkpoint's pipe", pipe(LAST), "info run", &[LAST, "not a regular file"]),
        Row::new("a pipe to go on from", pipe(LAST), RESUME, &[LAST, "not a regular file"]),
        Row::new(
            "a pipe to import",
            pipe("p"),
            "import p --out a.safetensors",
            &["p: not a regular file"],
        ),
        Row::new(
            "a pipe of settings",
            pipe("p"),
            "train --data-dir digits --config p",
            &["p: ", "regular"],
        ),
        Row::new(
            "a run's pipe of metrics",
            pipe("run/metrics.csv"),
            RESUME,
            &["run/metrics.csv", "regular"],
        ),
        Row::new(
            "a run's pipe for its lock",
            pipe("run/.lock"),
            RESUME,
            &["run: its .lock cannot be locked", "regular"],
        ),
        Row::new(
            "a new run's pipe of settings",
            |sandbox| {
                fs::create_dir(sandbox.path("mine")).unwrap();
                pipe("mine/config.toml")(sandbox);
            },
            &format!("{train} --out mine"),
            &["mine: holds a config.toml of another kind"],
        ),
        Row::new("a pipe for a new run", pipe("p"), &format!("{train} --out p"), &["p: is a file"]),
        Row::new(
            "a report's pipe of a picture",
            |sandbox| pipe("run/vae_img/image_1.png")(sandbox),
            "report run --threads 1 --data-dir digits",
            &["run/vae_img/image_1.png", "regular", "; take it away"],
        ),
        Row::new(
            "a report's pipe",
            pipe("run/config.toml"),
            "report run --threads 1",
            &["run/config.toml: ", "regular"],
        ),
    ]
}

/// Links to devices that never end, to nowhere, and to themselves.
fn links() -> Vec<Row> {
    let train = &format!("{TRAIN} --data-dir digits");
    let circle = "symbolic links";
    vec![
        Row::new(
            "images without end",
            link(IMAGES, "/dev/zero"),
            train,
            &[IMAGES, "not a regular file"],
        ),
        Row::new(
            "images of nothing",
            link(IMAGES, "/dev/null"),
            train,
            &[IMAGES, "not a regular file"],
        ),
        Row::new(
            "images in a circle",
            link(IMAGES, "train-images-idx3-ubyte"),
            train,
            &[IMAGES, circle],
        ),
        Row::new("images nowhere", link(IMAGES, "nowhere"), train, &[IMAGES, "not there"]),
        Row::new(
            "a data folder in a circle",
            link("c", "c"),
            &format!("{TRAIN} --data-dir c"),
            &["c: "],
        ),
        Row::new(
            "a .npy without end",
            link("a.npy", "/dev/zero"),
            &format!("{EVALUATE} a.npy"),
            &["a.npy: not"],
        ),
        Row::new(
            "a .csv in a circle",
            link("a.csv", "a.csv"),
            &format!("{EVALUATE} a.csv"),
            &["a.csv: ", circle],
        ),
        Row::new(
            "a picture of nothing",
            link("a.png", "/dev/null"),
            &format!("{EVALUATE} a.png"),
            &["a.png: not"],
        ),
        Row::new(
            "a checkpoint without end",
            link(LAST, "/dev/zero"),
            "info run",
            &[LAST, "not a regular file"],
        ),
        Row::new(
            "a checkpoint of nothing",
            link(LAST, "/dev/null"),
            RESUME,
            &[LAST, "not a regular file"],
        ),
        Row::new(
            "a checkpoint in a circle",
            link("a.safetensors", "a.safetensors"),
            "info a.safetensors",
            &["a.safetensors: ", circle],
        ),
        Row::new(
            "settings without end",
            nothing,
            &format!("{train} --config /dev/zero"),
            &["/dev/zero: ", "regular"],
        ),
        Row::new(
            "settings of nothing",
            nothing,
            &format!("{train} --config /dev/null"),
            &["/dev/null: ", "regular"],
        ),
        Row::new(
            "settings in a circle",
            link("c", "c"),
            &format!("{train} --config c"),
            &["c: ", circle],
        ),
        Row::new(
            "a run in a circle",
            link("c", "c"),
            &format!("{train} --out c"),
            &["c: ", "--out"],
        ),
    ]
}

/// Names that are no text.
fn names() -> Vec<Row> {
    let odd = || OsString::from_vec(b"n\xff.npy".to_vec());
    let row = |name, command: &str, says: &[&'static str]| {
        Row::new(name, nothing, command, says).with(odd())
    };
    vec![
        row("no text for a number", "train --epochs", &["UTF-8"]),
        row(
            "no text for a data set that is not there",
            &format!("{TRAIN} --data-dir"),
            &["no UTF-8"],
        ),
        row("no text for a checkpoint", "info", &["no such file"]),
        row("no text for images", EVALUATE, &["no such file"]),
        row("no text for settings", "train --config", &["cannot be read"]),
        Row::new(
            "no text for a data set that is there",
            |sandbox| fs::rename(sandbox.path("digits"), sandbox.path(folder())).unwrap(),
            &format!("{TRAIN} --data-dir"),
            &["no UTF-8", "rename"],
        )
        .with(folder()),
        Row::new(
            "no text for a run to go on",
            |sandbox| fs::rename(sandbox.path("run"), sandbox.path(folder())).unwrap(),
            "train --epochs 2 --threads 1 --data-dir digits --resume",
            &["no UTF-8", "rename"],
        )
        .with(folder()),
    ]
}

/// Files that someone else may read.
fn unreadable() -> Vec<Row> {
    let train = &format!("{TRAIN} --data-dir digits");
    vec![
        Row::new(
            "images that may not be read",
            lock(IMAGES),
            train,
            &[IMAGES, "cannot be read", "permissions"],
        ),
        Row::new(
            "a checkpoint that may not be read",
            lock(LAST),
            "info run",
            &[LAST, "cannot be read"],
        ),
        Row::new(
            "a .npy that may not be read",
            lock("images.npy"),
            &format!("{EVALUATE} images.npy"),
            &["images.npy"],
        ),
        Row::new(
            "pictures that may not be read",
            lock("pngs"),
            &format!("{EVALUATE} pngs"),
            &["pngs", "cannot be read"],
        ),
        Row::new(
            "settings that may not be read",
            lock("run/config.toml"),
            "train --data-dir digits --config run/config.toml",
            &["run/config.toml", "cannot be read"],
        ),
    ]
}

/// Puts a pipe in a file's place.
fn pipe(name: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let path = sandbox.path(name);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }
}

/// Puts a link in a file's place.
fn link(name: &'static str, to: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        let path = sandbox.path(name);
        let _ = fs::remove_file(&path);
        symlink(to, path).unwrap();
    }
}

fn lock(name: &'static str) -> impl Fn(&Sandbox) {
    move |sandbox| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o000)).unwrap()
    }
}

/// A folder's name that is no UTF-8.
fn folder() -> OsString {
    OsString::from_vec(b"set-\xff".to_vec())
}

/// Whether permissions mean nothing to who runs the tests, as to root.
fn reads_everything() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("locked");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    fs::File::open(file).is_ok()
}
