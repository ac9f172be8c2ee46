//! Latents as files: `.npy` or `.csv`, written by `encode` and read by `decode`.

use std::path::{Path, PathBuf};

use elbo_data::{npy, table};
use elbo_vae::Latents;

use crate::{Error, Result, atomic};

/// What the names of μ's columns begin with.
const MEAN: &str = "mu_";

/// A file of numbers, told by its name's ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NumPy's array.
    Npy,
    /// Comma-separated text.
    Csv,
    /// A picture.
    Png,
    /// A drawing.
    Svg,
}

impl Format {
    /// The format of a file by its name, one of those that are `wanted`.
    pub fn of(path: &Path, wanted: &[Self]) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let found = wanted.iter().find(|format| ending.eq_ignore_ascii_case(format.ending()));
        found.copied().ok_or_else(|| {
            let endings: Vec<String> =
                wanted.iter().map(|format| format!(".{}", format.ending())).collect();
            let fact = format!("its name says no format; let it end in {}", endings.join(" or "));
            Error::File { path: path.into(), fact }
        })
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Csv => "csv",
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// Writes posteriors, with labels where there are any, and returns the files.
///
/// A table has a row an image: `label`, `mu_0` …, `log_variance_0` …. Arrays are files of their own:
/// μ, [count, latent], under the name given; beside it `NAME.log_variance.npy` and `NAME.labels.npy`.
pub fn write(
    path: &Path,
    latents: &Latents,
    labels: Option<&[u8]>,
    latent: usize,
) -> Result<Vec<PathBuf>> {
    let count = latents.means.len() / latent.max(1);
    if Format::of(path, &[Format::Npy, Format::Csv])? == Format::Csv {
        atomic::replace(path, text(latents, labels, latent).as_bytes())?;
        return Ok(vec![path.into()]);
    }
    let beside = |what: &str| path.with_extension(format!("{what}.npy"));
    let shape = [count, latent];
    let mut files = vec![
        (path.to_path_buf(), npy::encode(&shape, &latents.means)),
        (beside("log_variance"), npy::encode(&shape, &latents.log_variances)),
    ];
    files.extend(labels.map(|labels| (beside("labels"), npy::encode_bytes(&[count], labels))));
    for (path, bytes) in &files {
        atomic::replace(path, bytes)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn text(latents: &Latents, labels: Option<&[u8]>, latent: usize) -> String {
    let names = |name: &str| (0..latent).map(|unit| format!("{name}{unit}")).collect::<Vec<_>>();
    let mut head = if labels.is_some() { vec!["label".to_string()] } else { Vec::new() };
    head.extend(names(MEAN).into_iter().chain(names("log_variance_")));
    let mut text = head.join(",") + "\n";
    let rows = latents.means.chunks(latent.max(1)).zip(latents.log_variances.chunks(latent.max(1)));
    for (number, (means, log_variances)) in rows.enumerate() {
        let label = labels.and_then(|labels| labels.get(number)).map(u8::to_string);
        let values = means.iter().chain(log_variances).map(f32::to_string);
        text.push_str(&label.into_iter().chain(values).collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}

/// Reads latents of a model, [count, latent]. Of a table whose columns have names, those of μ.
pub fn read(path: &Path, latent: usize) -> Result<Vec<f32>> {
    let refused = |fact: String| Error::File { path: path.into(), fact };
    let values = match Format::of(path, &[Format::Npy, Format::Csv])? {
        Format::Csv => columns(path, latent)?,
        _ => {
            let array = npy::read(path)?;
            match array.shape[..] {
                [width] | [_, width] if width == latent => array.values,
                _ => {
                    let shape = array.shape;
                    return Err(refused(format!(
                        "has shape {shape:?}, [count, {latent}] expected; give a latent of the model a row"
                    )));
                }
            }
        }
    };
    if values.is_empty() {
        return Err(refused("has no latents; give at least one row".into()));
    }
    match values.iter().find(|value| !value.is_finite()) {
        Some(odd) => Err(refused(format!("has {odd} among its latents; give finite numbers"))),
        None => Ok(values),
    }
}

fn columns(path: &Path, latent: usize) -> Result<Vec<f32>> {
    let table = table::read(path)?;
    let chosen: Vec<usize> = match &table.names {
        Some(names) if names.iter().any(|name| name.starts_with(MEAN)) => {
            (0..names.len()).filter(|column| names[*column].starts_with(MEAN)).collect()
        }
        _ => (0..table.columns).collect(),
    };
    if chosen.len() != latent {
        let fact = format!(
            "has {} columns of latents, {latent} expected; give a latent of the model a row",
            chosen.len()
        );
        return Err(Error::File { path: path.into(), fact });
    }
    let rows = table.values.chunks_exact(table.columns);
    Ok(rows.flat_map(|row| chosen.iter().map(|column| row[*column])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latents() -> Latents {
        Latents { means: vec![0.1, -2.0, 3.5, 1e-20], log_variances: vec![-1.0, -2.0, -3.0, 0.25] }
    }

    #[test]
    fn what_is_written_is_read_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["z.npy", "z.csv"] {
            let path = folder.path().join(name);
            write(&path, &latents(), Some(&[7, 3]), 2).unwrap();
            assert_eq!(read(&path, 2).unwrap(), latents().means, "{name}");
            let message = read(&path, 3).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("expected"), "{message}");
        }
        let labels = npy::read(&folder.path().join("z.labels.npy")).unwrap();
        assert_eq!((labels.shape, labels.values), (vec![2], vec![7.0, 3.0]));
        let text = std::fs::read_to_string(folder.path().join("z.csv")).unwrap();
        let head = "label,mu_0,mu_1,log_variance_0,log_variance_1\n7,0.1,-2,-1,-2\n";
        assert!(text.starts_with(head), "{text}");
    }

    #[test]
    fn tables_without_names_and_single_latents_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("z.csv");
        std::fs::write(&path, "1,2\n3,4\n").unwrap();
        assert_eq!(read(&path, 2).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        std::fs::write(&path, "a,b\n1,nan\n").unwrap();
        assert!(read(&path, 2).unwrap_err().to_string().contains("NaN"));
        let path = folder.path().join("z.npy");
        std::fs::write(&path, npy::encode(&[2], &[1.0, 2.0])).unwrap();
        assert_eq!(read(&path, 2).unwrap(), [1.0, 2.0]);
        assert!(read(Path::new("z.txt"), 2).unwrap_err().to_string().contains(".npy or .csv"));
    }
}
