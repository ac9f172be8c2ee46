//! Mirrors that send something else, too much, too little or nothing: each is given up in words.

use std::time::{Duration, Instant};

use elbo_data::{DownloadError, Source};

use super::server::{Answer, Server};
use super::{IMAGES, LABELS, content, fetch, good, gz, hasty, names, source};

/// Asks a mirror with this answer for the images, and returns the sentence that came of it.
fn failure(answer: Answer) -> String {
    failure_within(answer, |source| source)
}

/// As [`failure`], with less patience.
fn given_up(answer: Answer) -> String {
    failure_within(answer, hasty)
}

fn failure_within(answer: Answer, patience: impl Fn(Source) -> Source) -> String {
    let server = Server::start([(IMAGES, answer)]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let start = Instant::now();
    let error = fetch(&patience(source(&[&server])), dir.path()).expect_err("no good answer");
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
    assert_eq!(names(dir.path()), [""; 0], "something was left behind");
    let text = error.to_string();
    assert!(text.starts_with("images: no mirror served it (http://127.0.0.1:"), "{text}");
    assert!(text.contains(&server.address), "{text}");
    text
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
    let text = given_up(Answer::Stall(gz(&content(IMAGES))));
    assert!(text.contains("no data for 2.0 s"), "{text}");
}

#[test]
fn a_slow_drip_is_given_up() {
    let text = given_up(Answer::Drip(gz(&content(IMAGES)), Duration::from_millis(20)));
    assert!(text.contains("too slow, "), "{text}");
}

#[test]
fn headers_that_drip_are_given_up() {
    let text = given_up(Answer::DripHeaders(Duration::from_millis(20)));
    assert!(text.contains("no answer within 4.0 s"), "{text}");
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
fn mirrors_that_never_answer_share_the_time_for_an_answer() {
    let silent: Vec<Server> = (0..4).map(|_| Server::start([(IMAGES, Answer::Silence)])).collect();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let start = Instant::now();
    let error = fetch(&hasty(source(&silent.iter().collect::<Vec<_>>())), dir.path());
    assert!(matches!(error, Err(DownloadError::NoMirror { failures, .. }) if failures.len() == 4));
    // Sixteen seconds if they did not share it.
    assert!(start.elapsed() < Duration::from_secs(14), "took {:?}", start.elapsed());
}

#[test]
fn a_length_that_is_too_small_is_noticed_by_what_arrives() {
    let text = failure(Answer::Short(gz(&content(IMAGES))));
    assert!(text.contains("not a whole gzip file"), "{text}");
}

#[test]
fn errors_of_the_server_are_told_by_their_number() {
    for (code, words) in [(404, "the file is not there (404)"), (500, "refused with status 500")] {
        let text = failure(Answer::Status(code));
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn what_is_not_http_is_given_up() {
    for answer in [
        Answer::Raw(b"220 this is another protocol\r\n"),
        Answer::Raw(b"\x16\x03\x01\x00\x00\xff\x00"),
        Answer::BadChunks,
        Answer::Close,
    ] {
        let text = failure(answer);
        assert!(text.contains("the connection failed ("), "{text}");
    }
}

#[test]
fn headers_without_end_are_given_up_however_fast_they_come() {
    let text = given_up(Answer::EndlessHeaders);
    assert!(text.contains("the connection failed (") || text.contains("no answer"), "{text}");
}

#[test]
fn a_closed_port_is_told_and_the_next_mirror_asked() {
    // Nobody listens there: a port that was free a moment ago may be another test's by now.
    let address = "http://127.0.0.1:1/".to_owned();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let nobody = Source { mirrors: vec![address.clone()], ..source(&[]) };
    let text = fetch(&nobody, dir.path()).expect_err("nobody is there").to_string();
    assert!(text.contains(&format!("{address}: the connection failed (")), "{text}");
    assert_eq!(names(dir.path()), [""; 0]);

    let full = Server::start([(IMAGES, good(IMAGES)), (LABELS, good(LABELS))]);
    let both = Source { mirrors: vec![address, full.address], ..source(&[]) };
    fetch(&both, dir.path()).expect("the second mirror is good");
    assert_eq!(names(dir.path()), ["images.gz", "labels.gz"]);
}
