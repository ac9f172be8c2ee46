//! A row of a table: one malformed input, the command that meets it, and what its answer must be.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{Table, limits, sandbox::Sandbox, sound};

/// One malformed input.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    make: Box<dyn Fn(&Sandbox)>,
    command: Vec<OsString>,
    says: Vec<&'static str>,
}

impl Row {
    /// `command` is split at its spaces. `says`: the file or option that is named, and why.
    pub(crate) fn new(
        name: &'static str,
        make: impl Fn(&Sandbox) + 'static,
        command: &str,
        says: &[&'static str],
    ) -> Self {
        let command = command.split_whitespace().map(OsString::from).collect();
        Self { name, make: Box::new(make), command, says: says.to_vec() }
    }

    /// The same with one more argument, which may be none that a `&str` can hold.
    pub(crate) fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.command.push(argument.into());
        self
    }

    /// The same after something more has been done.
    pub(crate) fn after(mut self, make: impl Fn(&Sandbox) + 'static) -> Self {
        self.make = Box::new(make);
        self
    }

    /// What is wrong with the answer to this row, if anything is.
    fn fault(&self) -> Result<(), String> {
        let sandbox = sound::sandbox();
        (self.make)(&sandbox);
        let before = tree(&sandbox.path(""));
        let answer = limits::run(&sandbox, &self.command)?;
        let stderr = &answer.stderr;
        let refused = || format!("code {:?}\n{}{stderr}", answer.code, answer.stdout);
        if answer.code != Some(2) {
            return Err(refused());
        }
        for word in ["panicked", "backtrace", "SIG"] {
            if stderr.contains(word) {
                return Err(format!("`{word}` in\n{stderr}"));
            }
        }
        one_line_with_a_way_out(stderr)?;
        for word in &self.says {
            if !stderr.contains(word) {
                return Err(format!("no `{word}` in\n{stderr}"));
            }
        }
        let left: Vec<_> = tree(&sandbox.path("")).difference(&before).cloned().collect();
        // A run that was to go on has been locked meanwhile; the lock's file stays.
        match left.iter().find(|path| !path.ends_with(".lock")) {
            Some(path) => Err(format!("leaves {} behind\n{stderr}", path.display())),
            None => Ok(()),
        }
    }
}

/// Runs all rows of a table, and fails with all that is wrong.
pub(crate) fn check((family, rows): Table) {
    let rows = rows();
    let faults: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.name, row.fault().err()?)))
        .collect();
    println!("{family}: {} malformed inputs", rows.len());
    assert!(
        faults.is_empty(),
        "{family}, {} of {}:\n{}",
        faults.len(),
        rows.len(),
        faults.join("\n")
    );
}

/// An answer is one line that names, says why, and says what to do; of a mistyped argument the parser
/// says more below its line, how to get help at the end. Warnings may come before.
fn one_line_with_a_way_out(stderr: &str) -> Result<(), String> {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    let [first, rest @ ..] = &lines[..] else { return Err("says nothing".into()) };
    let of_parser = first.starts_with("error: ");
    let way_out = if of_parser { stderr.contains("--help") } else { first.contains("; ") };
    let one = lines.iter().filter(|line| line.starts_with("elbo: ") || line.starts_with("error: "));
    if one.count() != 1 || !of_parser && !rest.is_empty() {
        return Err(format!("is not one line:\n{stderr}"));
    }
    if of_parser || first.starts_with("elbo: ") {
        return if way_out { Ok(()) } else { Err(format!("no way out in\n{stderr}")) };
    }
    Err(format!("is no error line:\n{stderr}"))
}

/// All that there is below a folder, links not followed.
fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.append(&mut tree(&path));
        }
        found.insert(path);
    }
    found
}
