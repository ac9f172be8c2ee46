//! What downloading promises: the right bytes under their names, or nothing and every mirror's
//! answer, in bounded time.

mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use elbo_data::checksum::Checksum;
use elbo_data::download::{Limits, RemoteFile};
use elbo_data::{DownloadError, Source, download};
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
        limits: Limits {
            answer: Duration::from_millis(800),
            stall: Duration::from_millis(400),
            rate: 1_000,
            bytes: 1 << 20,
            ..Limits::default()
        },
        proxy: None,
    }
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

/// Asks a mirror with this answer for the images, and returns the sentence that came of it.
fn failure(answer: Answer) -> String {
    let server = Server::start([(IMAGES, answer)]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let start = Instant::now();
    let error = fetch(&source(&[&server]), dir.path()).expect_err("no good answer");
    assert!(start.elapsed() < Duration::from_secs(4), "took {:?}", start.elapsed());
    assert_eq!(names(dir.path()), [""; 0], "something was left behind");
    let text = error.to_string();
    assert!(text.starts_with("images: no mirror served it (http://127.0.0.1:"), "{text}");
    assert!(text.contains(&server.address), "{text}");
    text
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
        Answer::Half(images.clone()),
        Answer::Stall(images),
        Answer::Silence,
        Answer::Loop,
        Answer::Huge(1 << 40),
    ] {
        let bad = Server::start([(IMAGES, bad)]);
        let full = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
        let dir = tempfile::tempdir().expect("a temporary folder");
        fetch(&source(&[&bad, &full]), dir.path()).expect("the second mirror is good");
        assert_eq!(names(dir.path()), ["images.gz", "labels.gz"]);
    }
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
fn wrong_content_is_refused() {
    let text = failure(Answer::File(gz(b"something else")));
    assert!(text.contains("wrong content, 14 of 20,016 bytes with SHA-256 "), "{text}");
}

#[test]
fn content_longer_than_expected_is_not_decompressed_to_its_end() {
    let text = failure(Answer::File(gz(&vec![0; 1 << 24])));
    assert!(text.contains("content of more than the 20,016 bytes expected"), "{text}");
}

#[test]
fn what_is_not_gzip_is_refused() {
    let text = failure(Answer::File(content(IMAGES)));
    assert!(text.contains("not a whole gzip file"), "{text}");
    let mut cut = gz(&content(IMAGES));
    cut.truncate(cut.len() - 4);
    let text = failure(Answer::Unsized(cut));
    assert!(text.contains("not a whole gzip file"), "{text}");
}

#[test]
fn a_connection_closed_early_is_noticed() {
    let text = failure(Answer::Half(gz(&content(IMAGES))));
    assert!(text.contains("closed early, "), "{text}");
}

#[test]
fn silence_in_the_middle_is_given_up() {
    let text = failure(Answer::Stall(gz(&content(IMAGES))));
    assert!(text.contains("no data for 0.4 s"), "{text}");
}

#[test]
fn a_slow_drip_is_given_up() {
    let text = failure(Answer::Drip(gz(&content(IMAGES)), Duration::from_millis(20)));
    assert!(text.contains("too slow, "), "{text}");
}

#[test]
fn headers_that_drip_are_given_up() {
    let text = failure(Answer::DripHeaders(Duration::from_millis(20)));
    assert!(text.contains("no answer within 0.8 s"), "{text}");
}

#[test]
fn a_redirect_loop_is_left() {
    let text = failure(Answer::Loop);
    assert!(text.contains("redirected more than 5 times"), "{text}");
}

#[test]
fn bodies_too_large_are_not_received_whether_they_say_so_or_not() {
    let text = failure(Answer::Huge(1 << 40));
    assert!(text.contains("1,099,511,627,776 bytes or more, at most 1,048,576"), "{text}");
    let text = failure(Answer::Endless);
    assert!(text.contains("at most 1,048,576 are accepted"), "{text}");
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
fn mirrors_that_never_answer_share_the_time_for_an_answer() {
    let silent: Vec<Server> = (0..4).map(|_| Server::start([(IMAGES, Answer::Silence)])).collect();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let start = Instant::now();
    let error = fetch(&source(&silent.iter().collect::<Vec<_>>()), dir.path());
    assert!(matches!(error, Err(DownloadError::NoMirror { failures, .. }) if failures.len() == 4));
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
}

#[test]
fn no_mirror_at_all_and_no_address_are_errors() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let none = download(dir.path(), &[], &mut |_| {}).expect_err("nobody to ask");
    assert!(none.to_string().contains("(none is named)"), "{none}");
    let text = download(dir.path(), &["not an address"], &mut |_| {}).expect_err("no address");
    assert!(text.to_string().contains("not an address: "), "{text}");
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
