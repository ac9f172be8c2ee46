//! Streams of random numbers: a use of its own each, or two would draw the same numbers.

use crate::{Source, code, none, rust_files};

#[test]
fn no_two_constants_that_name_a_stream_have_one_value() {
    let mut findings = Vec::new();
    let mut streams: Vec<(String, u32)> = Vec::new();
    for Source { path, text } in rust_files().iter().filter(|file| file.path.contains("/src/")) {
        for (line, number) in code::only(text).lines().zip(1..) {
            let Some(value) = stream(line) else { continue };
            let at = format!("{path}:{number}");
            match streams.iter().find(|(_, taken)| *taken == value) {
                None => streams.push((at, value)),
                Some((first, _)) => findings.push(format!(
                    "{at}: is the stream of {first}, so both draw the same numbers; take another"
                )),
            }
        }
    }
    // The order of images, initial values, two for noise, one for sampling, four for drawn digits.
    assert!(
        streams.len() >= 9,
        "{} streams to be found; are they still written as this test reads them?",
        streams.len()
    );
    none(&findings);
}

/// The value of a constant such as `pub const NAME: u32 = 0x5348_5546;`, if it is four letters in
/// ASCII, as streams are.
fn stream(line: &str) -> Option<u32> {
    let (name, value) = line.split_once(": u32 = 0x")?;
    if !code::has_word(name, "const") {
        return None;
    }
    let digits = value.split_once(';')?.0.replace('_', "");
    let value = u32::from_str_radix(&digits, 16).ok()?;
    value.to_be_bytes().iter().all(u8::is_ascii_alphabetic).then_some(value)
}

#[test]
fn a_stream_is_seen_whoever_may_use_it_and_however_it_is_written() {
    for line in [
        "pub const NAME: u32 = 0x5348_554A;",
        "    pub(crate) const NAME: u32 = 0x5348_554a;",
        "const NAME: u32 = 0x5348554A;",
    ] {
        assert_eq!(stream(line), Some(0x5348_554a), "{line}");
    }
    for line in ["const ROUND: u32 = 0xD251_1F53;", "let x: u32 = 0x5348_554A;"] {
        assert_eq!(stream(line), None, "{line}");
    }
}
