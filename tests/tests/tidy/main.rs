//! The rules of the house that the compiler does not know, each a test that names file and line.

mod code;
mod edges;
mod links;
mod pages;
mod sources;
mod streams;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use cargo_metadata::{Metadata, MetadataCommand};

/// The crates that may hold `unsafe`, in named rooms.
const UNSAFE_CRATES: [&str; 2] = ["elbo-cpu", "elbo-cuda"];

/// The folder of the workspace. Asked for at run time: a build folder may serve two checkouts.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let tests = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        Path::new(&tests).parent().expect("the tests lie in the workspace").into()
    })
}

/// The workspace as its manifests describe it. Without dependencies of dependencies, so that no
/// registry is asked.
fn workspace() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        let mut command = MetadataCommand::new();
        command.manifest_path(root().join("Cargo.toml")).no_deps();
        command.exec().expect("cargo metadata reads the workspace")
    })
}

/// A source file of the workspace.
struct Source {
    /// Its path from the workspace's folder, with `/`.
    path: String,
    /// What it says.
    text: String,
}

/// All Rust files of all members, and of the fuzz targets beside them, in the order of their paths.
fn rust_files() -> &'static [Source] {
    static FILES: OnceLock<Vec<Source>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut paths = Vec::new();
        for folder in ["crates", "fuzz", "tests", "xtask"] {
            collect(&root().join(folder), "rs", &mut paths);
        }
        paths.sort();
        paths.into_iter().map(|path| Source { text: read(&path), path: from_root(&path) }).collect()
    })
}

/// All files below a folder whose names end so.
fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be listed") {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

/// A file's text; the path is told when there is none.
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", from_root(path)))
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Fails with all findings, one a line.
#[track_caller]
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
