//! Who may import whom, where a package lives, and which crates may not hold `unsafe`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Package};

use crate::{UNSAFE_CRATES, none, read, workspace};

/// What one crate may import of the workspace.
struct Edges {
    package: &'static str,
    /// In what it ships.
    imports: &'static [&'static str],
    /// In its tests, beside the above.
    tests: &'static [&'static str],
}

/// The architecture, as a table. An edge that is not here is a decision: see docs/architecture.md.
const TABLE: [Edges; 13] = [
    Edges { package: "elbo-tensor", imports: &[], tests: &[] },
    Edges { package: "elbo-conformance", imports: &["elbo-tensor"], tests: &[] },
    Edges { package: "elbo-cpu", imports: &["elbo-tensor"], tests: &["elbo-conformance"] },
    Edges {
        package: "elbo-cuda",
        imports: &["elbo-tensor"],
        tests: &["elbo-conformance", "elbo-cpu", "elbo-cuda-stand-in", "elbo-vae"],
    },
    Edges { package: "elbo-cuda-stand-in", imports: &[], tests: &[] },
    Edges { package: "elbo-file", imports: &[], tests: &[] },
    Edges { package: "elbo-data", imports: &["elbo-file", "elbo-tensor"], tests: &[] },
    Edges { package: "elbo-nn", imports: &["elbo-file", "elbo-tensor"], tests: &["elbo-cpu"] },
    Edges {
        package: "elbo-vae",
        imports: &["elbo-nn", "elbo-tensor"],
        tests: &["elbo-cpu", "elbo-conformance"],
    },
    Edges {
        package: "elbo",
        imports: &[
            "elbo-cpu",
            "elbo-cuda",
            "elbo-data",
            "elbo-file",
            "elbo-nn",
            "elbo-tensor",
            "elbo-vae",
        ],
        tests: &["elbo-cuda-stand-in", "elbo-torture"],
    },
    Edges {
        package: "elbo-tests",
        imports: &[],
        tests: &[
            "elbo",
            "elbo-conformance",
            "elbo-cpu",
            "elbo-cuda",
            "elbo-data",
            "elbo-nn",
            "elbo-tensor",
            "elbo-vae",
        ],
    },
    Edges { package: "elbo-torture", imports: &[], tests: &[] },
    Edges { package: "xtask", imports: &["elbo-torture"], tests: &[] },
];

#[test]
fn every_import_between_crates_is_in_the_table() {
    let mut findings = Vec::new();
    let members: BTreeSet<&str> =
        workspace().packages.iter().map(|package| package.name.as_str()).collect();
    for package in &workspace().packages {
        let Some(row) = TABLE.iter().find(|row| row.package == package.name.as_str()) else {
            findings.push(format!(
                "{}: `{}` is not in the table; say there whom it may import",
                manifest(package),
                package.name
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| members.contains(&*d.name)) {
            let name = dependency.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development;
            let known = row.imports.contains(&name) || in_tests && row.tests.contains(&name);
            if !known {
                let line = line_of(package, name);
                findings.push(format!(
                    "{}:{line}: `{}` must not import `{name}`; move what it needs, or change the \
                     table in tests/tests/tidy/edges.rs and docs/architecture.md with a reason",
                    manifest(package),
                    package.name
                ));
            }
        }
    }
    for row in TABLE.iter().filter(|row| !members.contains(row.package)) {
        findings.push(format!(
            "tests/tests/tidy/edges.rs: `{}` is no crate of the workspace; take its row out",
            row.package
        ));
    }
    none(&findings);
}

#[test]
fn a_folder_is_called_as_its_package() {
    let mut findings = Vec::new();
    // The members outside `crates` are called by what they are for.
    let outside = BTreeMap::from([
        ("elbo-tests", "tests"),
        ("elbo-cuda-stand-in", "tests/cuda-stand-in"),
        ("elbo-torture", "tests/torture"),
        ("xtask", "xtask"),
    ]);
    for package in &workspace().packages {
        let name = package.name.as_str();
        let wanted = outside
            .get(name)
            .map_or_else(|| format!("crates/{name}/Cargo.toml"), |f| format!("{f}/Cargo.toml"));
        if manifest(package) != wanted {
            findings.push(format!("{}: belongs at {wanted}; move it", manifest(package)));
        }
    }
    none(&findings);
}

#[test]
fn crates_take_the_lints_of_the_workspace() {
    let mut findings = Vec::new();
    for package in &workspace().packages {
        let text = read(package.manifest_path.as_std_path());
        if UNSAFE_CRATES.contains(&package.name.as_str()) {
            // A crate with lints of its own must still ask for docs.
            if !text.contains("[lints]") && !text.contains("missing_docs") {
                findings.push(format!(
                    "{}: has no lints; deny `missing_docs` in [lints.rust]",
                    manifest(package)
                ));
            }
        } else if !text.contains("[lints]\nworkspace = true") {
            findings.push(format!(
                "{}: goes without the workspace's lints, so `unsafe` is allowed; add [lints] \
                 workspace = true",
                manifest(package)
            ));
        }
    }
    none(&findings);
}

/// A package's manifest, from the workspace's folder.
pub(crate) fn manifest(package: &Package) -> String {
    crate::from_root(package.manifest_path.as_std_path())
}

/// The line of a package's manifest that names a dependency.
pub(crate) fn line_of(package: &Package, dependency: &str) -> usize {
    let text = read(package.manifest_path.as_std_path());
    let position = text.lines().position(|line| {
        line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    });
    position.map_or(1, |index| index + 1)
}
