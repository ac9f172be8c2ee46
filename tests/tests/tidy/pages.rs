//! Pages that a change could leave behind: dependencies, the list of ops, the crates' READMEs.

use std::collections::BTreeSet;

use crate::{
    edges::{line_of, manifest},
    none, read, root, workspace,
};

const DEPENDENCIES: &str = "docs/dependencies.md";
const OPS: &str = "docs/adding-an-op.md";
const VOCABULARY: &str = "crates/elbo-tensor/src/op.rs";

#[test]
fn every_dependency_has_its_reason_written_down() {
    let mut findings = Vec::new();
    let page = read(&root().join(DEPENDENCIES));
    let listed = first_cells(&page, None);
    let mut used = BTreeSet::new();
    for package in &workspace().packages {
        for dependency in package.dependencies.iter().filter(|d| d.path.is_none()) {
            let name = dependency.name.as_str();
            used.insert(name.to_string());
            if !listed.iter().any(|(listed, _)| listed == name) {
                let at = format!("{}:{}", manifest(package), line_of(package, name));
                findings.push(format!("{at}: `{name}` has no line in {DEPENDENCIES}; say why"));
            }
        }
    }
    for (name, line) in &listed {
        if !used.contains(name) {
            findings.push(format!("{DEPENDENCIES}:{line}: no crate uses `{name}`; take it out"));
        }
    }
    for (name, line) in workspace_dependencies() {
        let member = workspace().packages.iter().any(|package| *package.name == name);
        if !member && !used.contains(&name) {
            findings.push(format!("Cargo.toml:{line}: no crate uses `{name}`; take it out"));
        }
    }
    none(&findings);
}

/// What the root manifest names for all members, with its line.
fn workspace_dependencies() -> Vec<(String, usize)> {
    let text = read(&root().join("Cargo.toml"));
    let numbered = text.lines().zip(1..).skip_while(|(l, _)| *l != "[workspace.dependencies]");
    let table = numbered.skip(1).take_while(|(line, _)| !line.starts_with('['));
    table
        .filter_map(|(line, number)| Some((line.split_once(" = ")?.0.to_string(), number)))
        .collect()
}

#[test]
fn the_list_of_ops_is_the_vocabulary() {
    let mut findings = Vec::new();
    let vocabulary = variants(&read(&root().join(VOCABULARY)));
    assert!(vocabulary.len() > 10, "{VOCABULARY}: no `pub enum Op` with its variants to be found");
    let listed = first_cells(&read(&root().join(OPS)), Some("## All ops"));
    for (name, line) in &vocabulary {
        if !listed.iter().any(|(listed, _)| listed == name) {
            findings.push(format!("{VOCABULARY}:{line}: `{name}` is not in {OPS}; add its line"));
        }
    }
    for (name, line) in &listed {
        if !vocabulary.iter().any(|(variant, _)| variant == name) {
            findings.push(format!("{OPS}:{line}: there is no op `{name}`; take its line out"));
        }
    }
    none(&findings);
}

/// The variants of `pub enum Op`, with their lines.
fn variants(source: &str) -> Vec<(String, usize)> {
    let numbered = source.lines().zip(1..).skip_while(|(line, _)| *line != "pub enum Op {");
    let body = numbered.skip(1).take_while(|(line, _)| *line != "}");
    body.filter_map(|(line, number)| {
        let inside = line.strip_prefix("    ")?;
        let name: String = inside.chars().take_while(|c| c.is_alphanumeric()).collect();
        name.starts_with(char::is_uppercase).then_some((name, number))
    })
    .collect()
}

/// What stands in backticks in the first cell of a table's rows, after a heading if one is given.
fn first_cells(page: &str, heading: Option<&str>) -> Vec<(String, usize)> {
    let numbered = page.lines().zip(1..);
    let part = numbered.skip_while(|(line, _)| heading.is_some_and(|heading| *line != heading));
    part.filter_map(|(line, number)| {
        let (name, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some((name.to_string(), number))
    })
    .collect()
}

#[test]
fn every_crate_has_a_readme_whose_example_compiles() {
    let mut findings = Vec::new();
    for package in &workspace().packages {
        let manifest = manifest(package);
        let Some(folder) = manifest.strip_suffix("/Cargo.toml") else { continue };
        if !folder.starts_with("crates/") {
            continue;
        }
        let readme = root().join(folder).join("README.md");
        if !readme.is_file() {
            findings.push(format!("{folder}/README.md: is missing; say what the crate is for"));
            continue;
        }
        if !has_doctest(&read(&readme)) {
            findings.push(format!(
                "{folder}/README.md:1: has no Rust example; add one between ``` that compiles"
            ));
        }
        let library = read(&root().join(folder).join("src/lib.rs"));
        if !library.contains(r#"#![doc = include_str!("../README.md")]"#) {
            findings.push(format!(
                "{folder}/src/lib.rs:1: does not include its README, so the example is not \
                 tested; open with #![doc = include_str!(\"../README.md\")]"
            ));
        }
    }
    none(&findings);
}

/// Whether rustdoc would compile a code block of this page.
fn has_doctest(page: &str) -> bool {
    let mut inside = false;
    page.lines().filter_map(|line| line.strip_prefix("```")).any(|info| {
        inside = !inside;
        let words: Vec<&str> = info.split(',').map(str::trim).collect();
        let compiled = ["", "rust", "no_run", "should_panic"];
        inside && words.iter().all(|word| compiled.contains(word))
    })
}

#[test]
fn docs_and_licences_are_there() {
    let wanted = [
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "docs/architecture.md",
        "docs/adding-a-backend.md",
        "docs/rejected.md",
    ];
    let missing = wanted.iter().filter(|path| !root().join(path).is_file());
    let findings: Vec<String> =
        missing.map(|path| format!("{path}: is missing; others link to it")).collect();
    none(&findings);
}
