//! Files that are there whole or not at all.

use std::path::Path;

use crate::{Error, Result};

/// Writes a file under a passing name and gives it its own only once it is complete and on the disk.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    elbo_file::replace(path, bytes)
        .map_err(|source| Error::Unwritable { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone/config.toml");
        let message = replace(&path, b"").unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
    }
}
