//! What downloading promises: the right bytes under their names, or nothing and every mirror's
//! answer, in bounded time.

mod bad_answers;
mod processes;
mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use elbo_data::checksum::Checksum;
use elbo_data::download::{Limits, RemoteFile};
use elbo_data::{DownloadError, Source};
use flate2::{Compression, write::GzEncoder};
use server::{Answer, Server};

const IMAGES: &str = "/images.gz";
const LABELS: &str = "/labels.gz";

/// Images as noise, so that they do not compress, and their labels; both in IDX.
fn content(name: &str) -> Vec<u8> {
    let (sizes, count): (&[u32], u32) =
        if name == IMAGES { (&[20, 40, 25], 20_000) } else { (&[20], 20) };
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend((0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn good(name: &str) -> Answer {
    Answer::File(gz(&content(name)))
}

fn source(mirrors: &[&Server]) -> Source {
    let file = |name: &str| RemoteFile {
        name: name.trim_start_matches('/').trim_end_matches(".gz").into(),
        bytes: content(name).len() as u64,
        checksum: Checksum::of(&[&content(name)]),
    };
    Source {
        mirrors: mirrors.iter().map(|server| server.address.clone()).collect(),
        files: vec![file(IMAGES), file(LABELS)],
        limits: Limits { rate: 1_000, bytes: 1 << 20, ..Limits::default() },
        proxy: None,
    }
}

/// With less patience, for mirrors that use up all of it; still enough for a good one on a machine with much else to do.
fn hasty(source: Source) -> Source {
    let (answer, stall) = (Duration::from_secs(4), Duration::from_secs(2));
    Source { limits: Limits { answer, stall, ..source.limits }, ..source }
}

fn fetch(source: &Source, dir: &Path) -> Result<(), DownloadError> {
    source.fetch(dir, &mut |_| {})
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    let name = |e: std::io::Result<fs::DirEntry>| {
        e.expect("an entry").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn files_come_whole_with_progress_and_are_not_fetched_again() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let parent = tempfile::tempdir().expect("a temporary folder");
    let dir = parent.path().join("data/new");
    let mut seen = Vec::new();
    source(&[&server])
        .fetch(&dir, &mut |p| seen.push((p.file.to_owned(), p.bytes, p.total)))
        .expect("a good mirror");
    assert_eq!(names(&dir), ["images.gz", "labels.gz"]);
    let compressed = gz(&content(IMAGES));
    assert_eq!(fs::read(dir.join("images.gz")).expect("fetched"), compressed);
    let total = compressed.len() as u64;
    assert_eq!(seen[0], ("images".into(), 0, Some(total)));
    assert!(seen.contains(&("images".into(), total, Some(total))));

    fetch(&source(&[&server]), &dir).expect("all there");
    assert_eq!(server.asked(), [IMAGES, LABELS]);
}

#[test]
fn a_mirror_without_the_file_gives_way_to_the_next_which_is_asked_first_from_then_on() {
    let (empty, full) =
        (Server::start([]), Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]));
    let dir = tempfile::tempdir().expect("a temporary folder");
    fetch(&source(&[&empty, &full]), dir.path()).expect("the second mirror is good");
    assert_eq!(empty.asked(), [IMAGES]);
    assert_eq!(full.asked(), [IMAGES, LABELS]);
}

#[test]
fn every_bad_answer_gives_way_to_a_good_mirror() {
    let images = gz(&content(IMAGES));
    for bad in [
        Answer::File(gz(b"something else")),
        Answer::File(b"<html>please log in</html>".to_vec()),
        Answer::File(gz(&vec![0; 1 << 24])),
        Answer::Half(images.clone()),
        Answer::Short(images),
        Answer::BadChunks,
        Answer::Close,
        Answer::Raw(b"220 this is another protocol\r\n"),
        Answer::Status(404),
        Answer::Status(500),
        Answer::Loop,
        Answer::Huge(1 << 40),
        Answer::Endless,
    ] {
        gives_way(bad, |source| source);
    }
}

#[test]
fn every_answer_without_end_gives_way_to_a_good_mirror() {
    let images = gz(&content(IMAGES));
    for bad in [
        Answer::Drip(images.clone(), Duration::from_millis(20)),
        Answer::DripHeaders(Duration::from_millis(20)),
        Answer::EndlessHeaders,
        Answer::Stall(images),
        Answer::Silence,
    ] {
        gives_way(bad, hasty);
    }
}

fn gives_way(bad: Answer, patience: impl Fn(Source) -> Source) {
    let bad = Server::start([(IMAGES, bad)]);
    let full = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    fetch(&patience(source(&[&bad, &full])), dir.path()).expect("the second mirror is good");
    assert_eq!(names(dir.path()), ["images.gz", "labels.gz"]);
}

#[test]
fn the_error_says_what_each_mirror_answered() {
    let (one, two) = (Server::start([]), Server::start([(IMAGES, Answer::Loop)]));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let error = fetch(&source(&[&one, &two]), dir.path()).expect_err("both bad");
    let DownloadError::NoMirror { failures, .. } = &error else { panic!("{error}") };
    assert_eq!(failures[0].reason, "the file is not there (404)");
    assert_eq!(failures[1].reason, "redirected more than 5 times");
    assert!(error.to_string().contains(&format!("{}: the file is not there", one.address)));
}

#[test]
fn a_redirect_is_followed_and_a_length_may_be_missing() {
    let moved = Answer::Unsized(gz(&content(IMAGES)));
    let server = Server::start([
        (IMAGES, Answer::Redirect("/moved")),
        ("/moved", moved),
        (LABELS, good(LABELS)),
    ]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    fetch(&source(&[&server]), dir.path()).expect("a good mirror");
    assert_eq!(names(dir.path()), ["images.gz", "labels.gz"]);
}

#[test]
fn no_mirror_at_all_and_no_address_are_errors() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let from = |mirrors| Source { mirrors, ..Source::mnist() };
    let none = fetch(&from(Vec::new()), dir.path()).expect_err("nobody to ask");
    assert!(none.to_string().contains("(none is named)"), "{none}");
    let text = fetch(&from(vec!["not an address".into()]), dir.path()).expect_err("no address");
    assert!(text.to_string().contains("not an address: "), "{text}");
}

#[test]
fn a_failed_download_leaves_no_folder_and_names_where_to_put_which_files() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let dir = parent.path().join("data/new");
    let error = fetch(&source(&[&Server::start([])]), &dir).expect_err("no good answer");
    let end = format!("or put images, labels, plain or with .gz, into {} by hand", dir.display());
    assert!(error.to_string().ends_with(&end), "{error}");
    assert_eq!(names(parent.path()), [""; 0]);

    let half = Server::start([(IMAGES, good(IMAGES))]);
    let error = fetch(&source(&[&half]), &dir).expect_err("no labels");
    assert!(error.to_string().contains("or put labels, plain"), "{error}");
    assert_eq!(names(&dir), ["images.gz"]);
}

#[test]
fn a_broken_file_is_replaced_in_its_own_form() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plain = content(IMAGES);
    fs::write(dir.path().join("images"), &plain[..1_000]).expect("a temporary file");
    fs::write(dir.path().join("labels.gz"), b"<html>").expect("a temporary file");
    fetch(&source(&[&server]), dir.path()).expect("a good mirror");
    assert_eq!(names(dir.path()), ["images", "labels.gz"]);
    assert_eq!(fs::read(dir.path().join("images")).expect("replaced"), plain);
    assert_eq!(fs::read(dir.path().join("labels.gz")).expect("replaced"), gz(&content(LABELS)));
}

#[test]
fn another_set_in_the_folder_is_left_alone() {
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut other = content(IMAGES);
    other[100] ^= 1;
    fs::write(dir.path().join("images.gz"), gz(&other)).expect("a temporary file");
    let error = fetch(&source(&[&server]), dir.path());
    assert!(matches!(error, Err(DownloadError::Occupied { .. })));
    assert_eq!(fs::read(dir.path().join("images.gz")).expect("still there"), gz(&other));
    assert_eq!(server.asked(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn fetched_files_can_be_read_by_everyone_the_user_lets() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    fetch(&source(&[&server]), dir.path()).expect("a good mirror");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    fs::write(dir.path().join("usual"), b"").expect("a temporary file");
    assert_eq!(mode(&dir.path().join("images.gz")), mode(&dir.path().join("usual")));
}
