//! NumPy's `.npy`: arrays of numbers, read with nothing believed before it is checked, and written.
//!
//! The format: `\x93NUMPY`, two bytes of version, the header's length (16 bits in version 1, 32 bits
//! later), the header as a Python dictionary of `descr`, `fortran_order` and `shape`, then the values.

use std::path::Path;

use crate::Error;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The values begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// What a file has that is longer than its values' room.
pub(crate) const NO_MEMORY: &str = "has more numbers than there is memory for; split it";

/// Numbers in rows, as `.npy` and `.csv` hold them.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes, outermost dimension first.
    pub shape: Vec<usize>,
    /// The values, row by row, in single precision.
    pub values: Vec<f32>,
}

/// Reads a file of booleans, integers or floating-point numbers.
///
/// # Errors
/// When the file is missing or unreadable, is no such array, or is not exactly as long as its header
/// announces. It takes a few times the file's real size in memory, whatever the header says.
pub fn read(path: &Path) -> Result<Array, Error> {
    decode(&crate::own::bytes(path)?, path)
}

/// Reads the bytes of a file. `path` is what messages call it.
///
/// # Errors
/// When they are no such array, or not exactly as many as their header announces.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Array, Error> {
    parse(bytes).map_err(|fact| Error::Own { path: path.into(), fact })
}

fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (header, data) = split(bytes)?;
    let kind = after(header, "'descr':").and_then(|text| quoted(text.trim_start()));
    let kind = kind.ok_or("its header names no plain type of numbers; save it without fields")?;
    let fortran = after(header, "'fortran_order':")
        .ok_or("its header has no `fortran_order`; save it again")?;
    if !fortran.trim_start().starts_with("False") {
        return Err("is stored column by column; save `numpy.ascontiguousarray(x)`".into());
    }
    let shape = after(header, "'shape':").and_then(shape);
    let shape = shape.ok_or("its header has no shape that can be read; save it again")?;
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let (width, read) = element(kind).ok_or_else(|| {
        format!("holds numbers of type `{kind}`, which is not read; save `x.astype('float32')`")
    })?;
    if count.and_then(|count| count.checked_mul(width)) != Some(data.len()) {
        let there = data.len();
        return Err(format!(
            "shape {shape:?} of {width} bytes a number announced, {there} bytes there; save it again"
        ));
    }
    let mut values = Vec::new();
    values.try_reserve_exact(data.len() / width).map_err(|_| NO_MEMORY)?;
    values.extend(data.chunks_exact(width).map(read));
    Ok(Array { shape, values })
}

/// Header and values.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let short = || "is cut short within its header; save it again".to_string();
    let rest = bytes.strip_prefix(MAGIC).ok_or("is no .npy file; save it with `numpy.save`")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        version => {
            return Err(format!("is .npy of version {version}, 1 to 3 are read; save it again"));
        }
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((std::str::from_utf8(header).map_err(|_| "its header is no text; save it again")?, data))
}

fn after<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    header.split_once(key).map(|(_, rest)| rest)
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(inside, _)| inside)
}

/// `(60000, 28, 28)`, `(3,)` or `()`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.trim_start().strip_prefix('(')?.split_once(')')?;
    let sizes = inside.split(',').map(str::trim).filter(|size| !size.is_empty());
    sizes.map(|size| size.parse().ok()).collect()
}

/// Reads one number from as many bytes as it has.
type Read = fn(&[u8]) -> f32;

/// How many bytes a number of this type has, and how it is read.
fn element(kind: &str) -> Option<(usize, Read)> {
    /// A reader of little-endian numbers of one type.
    macro_rules! little {
        ($type:ty) => {
            (size_of::<$type>(), |bytes| {
                bytes.try_into().map_or(f32::NAN, |bytes| <$type>::from_le_bytes(bytes) as f32)
            })
        };
    }
    Some(match kind {
        "|b1" | "|u1" => little!(u8),
        "|i1" => little!(i8),
        "<u2" => little!(u16),
        "<i2" => little!(i16),
        "<u4" => little!(u32),
        "<i4" => little!(i32),
        "<u8" => little!(u64),
        "<i8" => little!(i64),
        "<f4" => little!(f32),
        "<f8" => little!(f64),
        _ => return None,
    })
}

/// A file of `float32`.
#[must_use]
pub fn encode(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut bytes = header("<f4", shape);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A file of `uint8`.
#[must_use]
pub fn encode_bytes(shape: &[usize], values: &[u8]) -> Vec<u8> {
    let mut bytes = header("|u1", shape);
    bytes.extend(values);
    bytes
}

fn header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() > 1 { sizes.trim_end_matches(", ") } else { sizes.trim_end() };
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let before = MAGIC.len() + 4;
    let end = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', end - before - text.len() - 1));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    // A shape of a few sizes is far from 64 KiB of text.
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.save` writes for `numpy.arange(6, dtype='>f4'.replace('>', '<')).reshape(2, 3)`.
    fn numpy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(118_u16.to_le_bytes());
        bytes.extend(format!("{text:<117}\n").as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn what_is_written_is_what_numpy_writes() {
        let values = [0.0_f32, 1.5, -2.0, 3.0, 4.0, 5.0];
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(encode(&[2, 3], &values), numpy("<f4", "(2, 3)", &data));
        assert_eq!(encode_bytes(&[3], &[1, 2, 3]), numpy("|u1", "(3,)", &[1, 2, 3]));
        assert_eq!(parse(&encode(&[2, 3], &values)).unwrap().values, values);
    }

    #[test]
    fn every_type_of_numbers_is_read_as_single_precision() {
        for (kind, data) in [
            ("|u1", vec![7]),
            ("<i2", 7_i16.to_le_bytes().to_vec()),
            ("<i8", 7_i64.to_le_bytes().to_vec()),
            ("<f8", 7_f64.to_le_bytes().to_vec()),
        ] {
            let array = parse(&numpy(kind, "(1, 1)", &data)).unwrap();
            assert_eq!(array, Array { shape: vec![1, 1], values: vec![7.0] }, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_believed_is_refused() {
        for (bytes, word) in [
            (b"PK\x03\x04".to_vec(), "is no .npy file"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "cut short within its header"),
            (b"\x93NUMPY\x09\x00".to_vec(), "version 9"),
            (numpy("<f4", "(4000000000, 4000000000, 4000000000)", &[]), "0 bytes there"),
            (numpy("<f4", "(2, 3)", &[0; 23]), "23 bytes there"),
            (numpy("<f4", "(2, -3)", &[0; 24]), "no shape"),
            (numpy(">f4", "(1,)", &[0; 4]), "type `>f4`"),
            (numpy("|O", "(1,)", &[0; 8]), "type `|O`"),
        ] {
            let fact = parse(&bytes).unwrap_err();
            assert!(fact.contains(word), "{fact}");
        }
        let fortran = String::from_utf8_lossy(&numpy("|u1", "(1,)", &[0])[10..]).into_owned();
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(fortran.replace("False", "True ").as_bytes());
        assert!(parse(&bytes).unwrap_err().contains("ascontiguousarray"));
    }

    proptest::proptest! {
        #[test]
        fn no_damage_makes_it_panic_or_take_memory(at in 0_usize..200, byte: u8, cut in 0_usize..200) {
            let mut bytes = encode(&[4, 3], &[0.5; 12]);
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            bytes.truncate(cut);
            if let Ok(array) = parse(&bytes) {
                proptest::prop_assert!(array.values.len() <= bytes.len());
            }
        }
    }
}
