//! How MNIST's own files are told from others of the same form: SHA-256 of their plain content.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 of a file's uncompressed content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checksum(pub [u8; 32]);

impl Checksum {
    /// The checksum of content that comes in parts.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub const fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 32 {
            let (Some(high), Some(low)) = (nibble(digits[2 * at]), nibble(digits[2 * at + 1]))
            else {
                return None;
            };
            bytes[at] = (high << 4) | low;
            at += 1;
        }
        Some(Self(bytes))
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

/// One of the four files of MNIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardFile {
    /// Its uncompressed name.
    pub name: &'static str,
    /// Images or labels in it.
    pub count: u32,
    /// Bytes of its uncompressed content.
    pub bytes: u64,
    /// Checksum of its uncompressed content.
    pub checksum: Checksum,
}

/// The files of MNIST: train images, train labels, test images, test labels.
pub const STANDARD_FILES: [StandardFile; 4] = [
    file(
        "train-images-idx3-ubyte",
        (60_000, 47_040_016),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    file(
        "train-labels-idx1-ubyte",
        (60_000, 60_008),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    file(
        "t10k-images-idx3-ubyte",
        (10_000, 7_840_016),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    file(
        "t10k-labels-idx1-ubyte",
        (10_000, 10_008),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
];

const fn file(name: &'static str, (count, bytes): (u32, u64), checksum: &str) -> StandardFile {
    match Checksum::parse(checksum) {
        Some(checksum) => StandardFile { name, count, bytes, checksum },
        // Reached by the compiler only: a typing mistake above does not build.
        None => panic!("a checksum has 64 hexadecimal digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_256_gives_the_known_answer_of_fips_180() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Checksum::of(&[b"a", b"bc"]).to_string(), known);
    }

    #[test]
    fn a_checksum_reads_back_what_it_writes_and_refuses_the_rest() {
        let checksum = STANDARD_FILES[0].checksum;
        assert_eq!(Checksum::parse(&checksum.to_string()), Some(checksum));
        assert_eq!(Checksum::parse("ba89"), None);
        assert_eq!(Checksum::parse(&"g".repeat(64)), None);
    }
}
