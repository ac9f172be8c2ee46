//! What every Rust file of the workspace keeps to: its first line, length, name and words.

use crate::{Source, UNSAFE_CRATES, code, none, rust_files};

/// A file longer than this holds two things.
const MOST_LINES: usize = 400;
/// A file longer than this is worth a look.
const MANY_LINES: usize = 250;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"];

/// Macros that print; only what speaks to the user may.
const PRINTING: [&str; 4] = ["print!", "println!", "eprint!", "eprintln!"];
/// What no library holds: gaps, leftovers, and an end of the program.
const NEVER: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "process::exit"];

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    let mut findings = Vec::new();
    for Source { path, text } in rust_files() {
        let first = text.lines().next().unwrap_or("");
        let says = first.strip_prefix("//!").is_some_and(|sentence| !sentence.trim().is_empty());
        let readme =
            path.ends_with("/lib.rs") && first == r#"#![doc = include_str!("../README.md")]"#;
        if !says && !readme {
            findings.push(format!("{path}:1: open with `//!` and one sentence: what is it for?"));
        }
    }
    none(&findings);
}

#[test]
fn no_file_holds_two_things() {
    let mut findings = Vec::new();
    for Source { path, text } in rust_files() {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            findings.push(format!("{path}:{MOST_LINES}: goes on to line {lines}; split it"));
        } else if lines > MANY_LINES {
            println!("{path}: {lines} lines; does it hold one thing?");
        }
    }
    none(&findings);
}

#[test]
fn a_name_says_what_is_inside() {
    let mut findings = Vec::new();
    for Source { path, .. } in rust_files() {
        let parts = path.trim_end_matches(".rs").split('/');
        if let Some(part) = parts.into_iter().find(|part| EMPTY_NAMES.contains(part)) {
            findings.push(format!("{path}:1: `{part}` says nothing; name it by what it does"));
        }
    }
    none(&findings);
}

#[test]
fn no_unsafe_outside_its_rooms_and_none_without_its_reason() {
    let mut findings = Vec::new();
    for Source { path, text } in rust_files() {
        let code = code::only(text);
        let code: Vec<&str> = code.lines().collect();
        let lines: Vec<&str> = text.lines().collect();
        let allowed = UNSAFE_CRATES.iter().any(|name| path.starts_with(&format!("crates/{name}/")));
        for (index, line) in code.iter().enumerate() {
            if !code::has_word(line, "unsafe") {
                continue;
            }
            let number = index + 1;
            if !allowed {
                findings.push(format!(
                    "{path}:{number}: `unsafe` has no place here, only in {}; find a safe way",
                    UNSAFE_CRATES.join(" and ")
                ));
            } else if starts_unsafe_code(&code, index) && !has_reason(&lines, &code, index) {
                findings.push(format!(
                    "{path}:{number}: say in a `// SAFETY:` comment above why this holds"
                ));
            }
        }
    }
    none(&findings);
}

/// Whether an `unsafe` on this line opens a block or an implementation, where a promise is used or
/// given; an `unsafe fn` only passes one on, in its docs.
fn starts_unsafe_code(code: &[&str], index: usize) -> bool {
    let next = code.get(index + 1).copied().unwrap_or("");
    code[index].match_indices("unsafe").any(|(start, word)| {
        let rest = code[index][start + word.len()..].trim_start();
        let rest = if rest.is_empty() { next.trim_start() } else { rest };
        rest.starts_with('{') || rest.starts_with("impl")
    })
}

/// Whether `SAFETY:` stands on the line, or above the statement that the line belongs to.
fn has_reason(lines: &[&str], code: &[&str], index: usize) -> bool {
    if lines[index].contains("SAFETY:") {
        return true;
    }
    for above in (0..index).rev() {
        if lines[above].contains("SAFETY:") {
            return true;
        }
        let code = code[above].trim_end();
        let blank = lines[above].trim().is_empty();
        if blank || code.ends_with([';', '{', '}']) {
            return false;
        }
    }
    false
}

#[test]
fn libraries_neither_print_nor_exit_nor_leave_gaps() {
    let mut findings = Vec::new();
    for Source { path, text } in rust_files() {
        let Some(inside) = path.strip_prefix("crates/") else { continue };
        if !inside.split('/').any(|part| part == "src") {
            continue;
        }
        // One place speaks to the user: the app's `main.rs` and its `terminal` module.
        let speaks = inside == "elbo/src/main.rs" || inside.starts_with("elbo/src/terminal");
        for (index, line) in code::only(text).lines().enumerate() {
            let printing = PRINTING.iter().filter(|_| !speaks);
            for word in printing.chain(&NEVER).filter(|word| has_macro(line, word)) {
                findings.push(format!(
                    "{path}:{}: `{word}` has no place in a library; return a value or an error",
                    index + 1
                ));
            }
        }
    }
    none(&findings);
}

/// Whether the line has this macro or path, and not one whose name ends alike.
fn has_macro(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(start, _)| !line[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
