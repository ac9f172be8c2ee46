//! Checks the rules of the house that the compiler does not know: `tests/tests/tidy`.

use crate::{Outcome, become_command, cargo, root};

/// The cargo arguments that run the tidy test.
pub(crate) const TEST: &[&str] = &["test", "--quiet", "--workspace", "--test", "tidy"];

pub(crate) fn run() -> Outcome {
    let mut command = cargo();
    command.args(TEST).current_dir(root());
    become_command(command)
}
