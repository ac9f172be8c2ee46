//! What must hold of a run folder at any moment, and what of one whose training is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// How a file begins that has no name of its own yet.
const PASSING: &str = ".elbo-";

/// Terms on the page that tell of the clock and of the way.
const OF_THE_WAY: [&str; 6] =
    ["all epochs", "device", "an epoch, tested", "training images", "resume", "threads"];

/// The files of a run folder that have no name of their own yet.
pub(crate) fn passing(run: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for folder in [run.to_path_buf(), run.join("checkpoints"), run.join("vae_img")] {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let paths =
            entries.map(|entry| entry.path()).filter(|path| name(path).starts_with(PASSING));
        found.extend(paths);
    }
    found
}

/// Every file of a run that has its name, by its path within the folder.
pub(crate) fn files(run: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    collect(run, run, &mut found)?;
    Ok(found)
}

fn collect(run: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let told = |path: &Path, error| format!("{}: {error}", path.display());
    for entry in fs::read_dir(folder).map_err(|error| told(folder, error))? {
        let path = entry.map_err(|error| told(folder, error))?.path();
        if path.is_dir() {
            collect(run, &path, found)?;
        } else if !name(&path).starts_with(PASSING) {
            let bytes = fs::read(&path).map_err(|error| told(&path, error))?;
            let inside = path.strip_prefix(run).unwrap_or(&path);
            found.insert(inside.to_string_lossy().replace('\\', "/"), bytes);
        }
    }
    Ok(())
}

/// Says which files are not whole, as far as their form tells. Checkpoints are asked of the program.
pub(crate) fn torn(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let torn = |(name, bytes): (&String, &Vec<u8>)| {
        let end: &[u8] = match name.rsplit('.').next().unwrap_or_default() {
            "png" => b"IEND\xAE\x42\x60\x82",
            "svg" => b"</svg>\n",
            "html" => b"</html>\n",
            "toml" | "csv" => b"\n",
            _ => b"",
        };
        let rows_fit = !name.ends_with(".csv") || {
            let text = String::from_utf8_lossy(bytes);
            let mut columns = text.lines().map(|row| row.split(',').count());
            let first = columns.next();
            columns.all(|count| Some(count) == first)
        };
        (!bytes.ends_with(end) || !rows_fit).then(|| format!("{name} is not whole"))
    };
    files.iter().filter_map(torn).collect()
}

/// Says in what two runs differ that should be the same. How long an epoch took may differ, and so may
/// the number of threads, and whether it went straight through.
pub(crate) fn differences(
    one: &BTreeMap<String, Vec<u8>>,
    other: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differs = |name: &&String| match (one.get(*name), other.get(*name)) {
        (Some(one), Some(other)) if timeless(name, one) == timeless(name, other) => None,
        (Some(_), Some(_)) => Some(format!("{name} differs")),
        (Some(_), None) => Some(format!("{name} is missing")),
        (None, _) => Some(format!("{name} is too much")),
    };
    names.iter().filter_map(differs).collect()
}

/// A file's content without what depends on the clock and on the way.
fn timeless(name: &str, bytes: &[u8]) -> Vec<u8> {
    let lines = |keep: &dyn Fn(&str) -> Option<String>| {
        let text = String::from_utf8_lossy(bytes);
        let kept: Vec<String> = text.lines().filter_map(keep).collect();
        kept.join("\n").into_bytes()
    };
    match name {
        "report.html" => lines(&|line| match line.strip_prefix("<div><dt>") {
            Some(term) if OF_THE_WAY.iter().any(|name| term.starts_with(name)) => None,
            _ if line.starts_with("<tr><th scope=\"row\">") => {
                Some(line.rsplit_once("<td>")?.0.into())
            }
            _ => Some(line.into()),
        }),
        "metrics.csv" => lines(&|row| Some(row.rsplit_once(',')?.0.into())),
        "config.toml" => lines(&|line| {
            let of_the_way = line.starts_with("resume = ") || line.starts_with("threads = ");
            (!of_the_way).then(|| line.into())
        }),
        _ => bytes.to_vec(),
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
        BTreeMap::from([(name.to_string(), bytes.to_vec())])
    }

    #[test]
    fn a_file_without_its_end_is_torn() {
        for (name, whole) in [
            ("loss.svg", &b"<svg></svg>\n"[..]),
            ("report.html", b"<html></html>\n"),
            ("config.toml", b"seed = 1\n"),
            ("metrics.csv", b"epoch,step\n1,4\n2,8\n"),
        ] {
            assert_eq!(torn(&one(name, whole)), [""; 0], "{name}");
            let cut = &whole[..whole.len() - 1];
            assert_eq!(torn(&one(name, cut)), [format!("{name} is not whole")]);
        }
        assert_eq!(torn(&one("metrics.csv", b"epoch,step\n1\n2,8\n")).len(), 1);
        assert_eq!(torn(&one("image_1.png", b"\x89PNG")).len(), 1);
    }

    #[test]
    fn time_and_threads_may_differ_and_nothing_else() {
        let rows = |text: &[u8]| one("metrics.csv", text);
        let known = rows(b"epoch,seconds\n1,0.5\n");
        assert_eq!(differences(&known, &rows(b"epoch,seconds\n1,0.7\n")), [""; 0]);
        assert_eq!(differences(&known, &rows(b"epoch,seconds\n2,0.5\n")), ["metrics.csv differs"]);
        let settings = |text: &[u8]| one("config.toml", text);
        let known = settings(b"seed = 1\nthreads = 1\n");
        let other = settings(b"seed = 1\nthreads = 2\nresume = \"run\"\n");
        assert_eq!(differences(&known, &other), [""; 0]);
        assert_eq!(differences(&known, &settings(b"seed = 2\n")), ["config.toml differs"]);
        assert_eq!(differences(&known, &BTreeMap::new()), ["config.toml is missing"]);
        assert_eq!(differences(&BTreeMap::new(), &known), ["config.toml is too much"]);
    }
}
