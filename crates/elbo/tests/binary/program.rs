//! What the program says of itself.

use std::fs;

use crate::sandbox::Sandbox;

/// All commands, as `elbo --help` lists them.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.elbo(["--help"]).stdout;
    let list = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_string).collect()
}

#[test]
fn every_commands_help_ends_in_an_example_that_begins_with_it() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox);
    assert!(commands.len() >= 19, "{commands:?}");
    for name in commands {
        let help = sandbox.elbo([&name, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.stdout.contains(&format!("\n  elbo {name}")), "{name}: {}", help.stdout);
    }
}

#[test]
fn completions_name_every_command() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.elbo(["completions", shell]).stdout;
        for name in commands(&sandbox) {
            assert!(script.contains(&name), "{shell}: {name}");
        }
    }
}

#[test]
fn there_is_a_man_page_for_every_command() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.elbo(["man", "man/man1"]).code, Some(0));
    for name in commands(&sandbox) {
        let page = sandbox.text(&format!("man/man1/elbo-{name}.1"));
        assert!(page.contains(".SH NAME") && page.contains(&format!("elbo {name}")), "{page}");
    }
    assert!(sandbox.text("man/man1/elbo.1").contains("SUBCOMMANDS"));
    let pages = fs::read_dir(sandbox.path("man/man1")).unwrap().count();
    assert_eq!(pages, commands(&sandbox).len() + 1);
}
