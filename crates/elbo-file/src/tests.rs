//! Names that are given, and what is left beside them.

use super::*;

#[test]
fn a_file_is_replaced_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    for text in ["first, longer", "second"] {
        replace(&path, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_second_name_stays_when_the_first_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    replace(&first, b"old").unwrap();
    replace(&second, b"in the way").unwrap();
    link(&first, &second).unwrap();
    // As when both names were given before.
    link(&first, &second).unwrap();
    replace(&first, b"new").unwrap();
    assert_eq!(fs::read(&second).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(link(&folder.path().join("gone"), &second).is_err());
}

#[test]
fn an_error_has_no_passing_name_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    replace(&file, b"").unwrap();
    for path in [folder.path().join("gone/file"), file.join("below"), folder.path().into()] {
        let said = replace(&path, b"").unwrap_err().to_string();
        assert!(!said.contains(".elbo-"), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_error_says_what_the_system_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone/file");
    let wanted = fs::File::create_new(&path).unwrap_err();
    let found = replace(&path, b"").unwrap_err();
    assert_eq!(
        (found.raw_os_error(), found.to_string()),
        (wanted.raw_os_error(), wanted.to_string())
    );
}

#[cfg(unix)]
#[test]
fn a_file_has_the_permissions_of_one_that_is_written_in_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [given, usual] = ["given", "usual"].map(|name| folder.path().join(name));
    replace(&given, b"").unwrap();
    fs::write(&usual, b"").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&given), mode(&usual));
}
