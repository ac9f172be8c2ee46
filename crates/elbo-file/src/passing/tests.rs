//! Writers and sweeps in one folder.

use std::thread;

use super::*;
use crate::{replace, written};

#[test]
fn what_a_killed_program_has_left_is_swept_away_unless_someone_writes() {
    let folder = tempfile::tempdir().unwrap();
    let names = [".elbo-a1B2c3", ".elbo-notes", ".elbo-", "last", ".elbo-a1B2c3d"];
    for name in names {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let writer = hold(folder.path()).unwrap();
    sweep(folder.path());
    assert!(names.iter().all(|name| folder.path().join(name).exists()));
    drop(writer);
    sweep(folder.path());
    let left: Vec<&str> =
        names.into_iter().filter(|name| folder.path().join(name).exists()).collect();
    assert_eq!(left, names[1..]);
    sweep(&folder.path().join("gone"));
}

/// Gives `last` a content whose passing name is taken away the first few times, and counts how often it was made.
fn give_and_take(folder: &Path, thefts: usize) -> (usize, io::Result<PathBuf>) {
    let mut made = 0;
    let given = give_name(folder, &folder.join("last"), || {
        let passing = written(folder, b"content")?;
        made += 1;
        if made <= thefts {
            fs::remove_file(&passing)?;
        }
        Ok(passing)
    });
    (made, given)
}

#[test]
fn what_a_sweep_takes_is_written_again_whoever_has_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let sweeping = File::open(folder.path()).unwrap();
    for thefts in [0, 1, ATTEMPTS - 1] {
        let (made, given) = give_and_take(folder.path(), thefts);
        given.unwrap();
        assert_eq!(made, thefts + 1);
        assert_eq!(fs::read(folder.path().join("last")).unwrap(), b"content");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        sweeping.try_lock().unwrap();
    }
}

#[test]
fn what_is_taken_again_and_again_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (made, given) = give_and_take(folder.path(), usize::MAX);
    assert_eq!((made, given.unwrap_err().kind()), (ATTEMPTS, io::ErrorKind::NotFound));
}

#[test]
fn what_comes_up_while_a_sweep_goes_on_stays() {
    let folder = tempfile::tempdir().unwrap();
    let old = written(folder.path(), b"old").unwrap();
    let listed = leftovers(folder.path());
    let new = written(folder.path(), b"new").unwrap();
    assert_eq!(listed, [old.to_path_buf()]);
    assert!(new.exists());
}

#[test]
fn writers_that_sweep_first_do_not_lose_anything() {
    let folder = tempfile::tempdir().unwrap();
    let start_and_write = |writer: usize| {
        for _ in 0..100 {
            sweep(folder.path());
            let path = folder.path().join(writer.to_string());
            replace(&path, &[0; 1 << 12]).unwrap();
            assert_eq!(fs::read(path).unwrap().len(), 1 << 12);
        }
    };
    thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || start_and_write(writer));
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}
