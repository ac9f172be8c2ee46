//! Downloads as processes of their own: killed on the way, and several into one folder.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use elbo_data::Source;

use super::server::{Answer, Server};
use super::{IMAGES, LABELS, content, fetch, good, gz, names, source};

/// Where the child of a test finds its mirror and its folder.
const MIRROR: &str = "ELBO_TEST_MIRROR";
const FOLDER: &str = "ELBO_TEST_FOLDER";

/// Held while a process is started, and by whoever may not lose a lock to one: until it runs its own program, a new
/// process has the files of this one open, and the locks with them.
static STARTING: Mutex<()> = Mutex::new(());

fn nothing_starts() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the tests below start as a process of its own.
#[test]
#[ignore = "started by other tests, with a mirror to ask"]
fn child() {
    let [Some(mirror), Some(folder)] = [MIRROR, FOLDER].map(std::env::var_os) else { return };
    let mirrors = vec![mirror.into_string().expect("an address")];
    fetch(&Source { mirrors, ..source(&[]) }, Path::new(&folder)).expect("a good mirror");
}

/// Starts a download from the server into the folder.
fn start(server: &Server, dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    // Uncaught, what a child says when it fails comes out beside what the test says.
    command.args(["--ignored", "--exact", "processes::child", "--nocapture"]);
    command.env(MIRROR, &server.address).env(FOLDER, dir);
    let _alone = nothing_starts();
    command.stdout(Stdio::null()).spawn().expect("a test can be started")
}

/// Expects that what has a file's name is that file.
#[track_caller]
fn whole(dir: &Path) {
    for name in [IMAGES, LABELS] {
        if let Ok(bytes) = fs::read(dir.join(&name[1..])) {
            assert_eq!(bytes, gz(&content(name)), "{name}");
        }
    }
}

#[test]
fn a_download_that_is_killed_leaves_nothing_that_looks_whole() {
    let slow = Server::start([(IMAGES, Answer::Stall(gz(&content(IMAGES))))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut child = start(&slow, dir.path());
    while slow.asked().is_empty() {
        thread::yield_now();
    }
    child.kill().expect("it waits for the rest");
    child.wait().expect("it was started");
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn downloads_killed_at_any_moment_are_made_up_for_by_the_next() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut killed = 0;
    for moment in (0..30).map(Duration::from_millis) {
        let asked = server.asked().len();
        let mut child = start(&server, dir.path());
        // From its first question on: what comes before leaves nothing.
        while server.asked().len() == asked && child.try_wait().expect("started").is_none() {
            thread::yield_now();
        }
        thread::sleep(moment / 4);
        child.kill().expect("a process that is not waited for yet");
        killed += u32::from(!child.wait().expect("it was started").success());
        whole(dir.path());
        let alone = nothing_starts();
        fetch(&source(&[&server]), dir.path()).expect("a good mirror");
        drop(alone);
        assert_eq!(names(dir.path()), ["images.gz", "labels.gz"], "after {moment:?}");
        [IMAGES, LABELS]
            .iter()
            .for_each(|n| fs::remove_file(dir.path().join(&n[1..])).expect("there"));
    }
    assert!(killed > 0, "each was faster than its end");
}

/// Where folders cannot be locked, it stays.
#[cfg(unix)]
#[test]
fn what_a_killed_download_was_writing_is_taken_away_by_the_next() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let half = dir.path().join(".elbo-a1B2c3");
    fs::write(&half, b"half").expect("a temporary file");
    let _alone = nothing_starts();
    // Unless someone may be writing it.
    let other = fs::File::open(dir.path()).expect("a folder");
    other.try_lock_shared().expect("nobody else has it");
    fetch(&source(&[&server]), dir.path()).expect("a good mirror");
    assert!(half.exists());
    drop(other);
    fetch(&source(&[&server]), dir.path()).expect("a good mirror");
    assert!(!half.exists());
}

#[test]
fn several_downloads_into_one_folder_all_succeed() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    for _ in 0..5 {
        let children: Vec<Child> = (0..4).map(|_| start(&server, dir.path())).collect();
        let codes: BTreeSet<_> =
            children.into_iter().map(|mut child| child.wait().expect("started").code()).collect();
        assert_eq!(codes, BTreeSet::from([Some(0)]));
        assert_eq!(names(dir.path()), ["images.gz", "labels.gz"]);
        whole(dir.path());
        [IMAGES, LABELS]
            .iter()
            .for_each(|n| fs::remove_file(dir.path().join(&n[1..])).expect("there"));
    }
}
