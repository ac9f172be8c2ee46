//! What the program says of itself, for shells and for `man`.

use std::{fs, path::Path};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use elbo::Error;

use crate::{args::Arguments, terminal};

const NAME: &str = "elbo";

pub(crate) fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    terminal::answer(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(folder: &Path) -> Result<(), Error> {
    let unwritable = |path: &Path, source| Error::Unwritable { path: path.into(), source };
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut command = Arguments::command();
    command.build();
    let pages = [command.clone()].into_iter().chain(command.get_subcommands().cloned());
    let mut written = 0;
    for page in pages.filter(|page| page.get_name() != "help") {
        let man = Man::new(page);
        let path = folder.join(man.get_filename());
        let mut text = Vec::new();
        let rendered = man.render(&mut text);
        rendered
            .and_then(|()| elbo_file::replace(&path, &text))
            .map_err(|error| unwritable(&path, error))?;
        written += 1;
    }
    terminal::text(&format!("{}: {written} pages, elbo.1 first\n", folder.display()));
    Ok(())
}
