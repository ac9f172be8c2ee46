//! Images on one sheet, laid out as torchvision's `save_image` does, and sheets as PNG.

use std::path::Path;

use crate::{Error, Result, atomic};

/// Images a row.
const IMAGES_A_ROW: usize = 8;
/// Black pixels around each image.
const PADDING: usize = 2;

/// A sheet of grey pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// [height, width], row by row, 0 for black.
    pub pixels: Vec<u8>,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// The grey value of a model's output: [-1, 1] to 0 to 255, rounded; what lies outside is cut off.
#[must_use]
pub fn grey(value: f32) -> u8 {
    let unit = (0.5 * (value + 1.0)).clamp(0.0, 1.0);
    // Saturates, so 255.5 is 255; no number at all is black.
    (unit * 255.0 + 0.5) as u8
}

/// Lays images out eight a row with two pixels of black between and around them.
///
/// `images`: [count, rows, columns] in [-1, 1]. A single image stays as it is, as with torchvision's
/// `make_grid`; what is left of an incomplete last row is black.
#[must_use]
pub fn sheet(images: &[f32], rows: usize, columns: usize) -> Sheet {
    sheet_across(images, rows, columns, IMAGES_A_ROW)
}

/// Lays images out as [`sheet`] does, `most` a row.
#[must_use]
pub fn sheet_across(images: &[f32], rows: usize, columns: usize, most: usize) -> Sheet {
    let most = most.max(1);
    let size = rows * columns;
    let count = images.len().checked_div(size).unwrap_or(0);
    if count == 1 {
        let pixels = images.iter().copied().map(grey).collect();
        return Sheet { pixels, width: columns, height: rows };
    }
    let across = count.min(most);
    let down = count.div_ceil(most);
    let width = across * (columns + PADDING) + PADDING;
    let height = down * (rows + PADDING) + PADDING;
    let mut pixels = vec![0; width * height];
    for (number, image) in images.chunks_exact(size.max(1)).take(count).enumerate() {
        let left = number % most * (columns + PADDING) + PADDING;
        let top = number / most * (rows + PADDING) + PADDING;
        for (row, values) in image.chunks_exact(columns).enumerate() {
            let start = (top + row) * width + left;
            for (pixel, &value) in pixels[start..start + columns].iter_mut().zip(values) {
                *pixel = grey(value);
            }
        }
    }
    Sheet { pixels, width, height }
}

/// Writes images as one grey PNG, whole or not at all.
///
/// `images`: [count, rows, columns] in [-1, 1].
pub fn write(path: &Path, images: &[f32], rows: usize, columns: usize) -> Result<()> {
    write_across(path, images, (rows, columns), IMAGES_A_ROW)
}

/// Writes images as [`write()`] does, `most` a row.
pub fn write_across(
    path: &Path,
    images: &[f32],
    (rows, columns): (usize, usize),
    most: usize,
) -> Result<()> {
    let sheet = sheet_across(images, rows, columns, most);
    let bytes = encode(&sheet.pixels, (sheet.width, sheet.height), png::ColorType::Grayscale)
        .map_err(|fact| Error::Picture {
            path: path.into(),
            images: images.len().checked_div(rows * columns).unwrap_or(0),
            rows,
            columns,
            fact,
        })?;
    atomic::replace(path, &bytes)
}

/// Pixels of eight bits a channel as a PNG.
pub(crate) fn encode(
    pixels: &[u8],
    (width, height): (usize, usize),
    colours: png::ColorType,
) -> Result<Vec<u8>, String> {
    let side = |pixels: usize| {
        u32::try_from(pixels).map_err(|_| format!("{pixels} pixels are too long a side"))
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(width)?, side(height)?);
    encoder.set_color(colours);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(pixels).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_is_rounded_and_cut_off() {
        for (value, expected) in
            [(-1.0, 0), (-0.996, 1), (0.0, 128), (1.0, 255), (-3.0, 0), (3.0, 255), (f32::NAN, 0)]
        {
            assert_eq!(grey(value), expected, "{value}");
        }
    }

    #[test]
    fn two_images_of_one_by_two_lie_side_by_side_in_black() {
        let sheet = sheet(&[1.0, 1.0, 0.0, 1.0], 1, 2);
        assert_eq!((sheet.width, sheet.height), (10, 5));
        let mut expected = vec![0; 50];
        expected[22..24].copy_from_slice(&[255, 255]);
        expected[26..28].copy_from_slice(&[128, 255]);
        assert_eq!(sheet.pixels, expected);
    }

    #[test]
    fn the_ninth_image_begins_a_second_row() {
        let sheet = sheet(&[1.0; 9], 1, 1);
        assert_eq!((sheet.width, sheet.height), (26, 8));
        let white: Vec<usize> =
            sheet.pixels.iter().enumerate().filter(|(_, p)| **p == 255).map(|(at, _)| at).collect();
        let first_row = (0..8).map(|number| 2 * 26 + 2 + 3 * number);
        assert_eq!(white, first_row.chain([5 * 26 + 2]).collect::<Vec<_>>());
    }

    #[test]
    fn ninety_six_digits_make_the_size_that_save_image_makes() {
        let sheet = sheet(&vec![0.0; 96 * 784], 28, 28);
        assert_eq!((sheet.width, sheet.height), (242, 362));
    }

    #[test]
    fn one_image_has_no_border_and_none_is_only_border() {
        assert_eq!(sheet(&[1.0, -1.0], 2, 1).pixels, [255, 0]);
        assert_eq!(sheet(&[], 28, 28).pixels, [0; 4]);
        assert_eq!(sheet(&[1.0], 0, 0).pixels, [0; 4]);
    }

    #[test]
    fn a_png_has_the_sheet_in_grey() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        let images = [1.0, 0.0, -1.0, 0.5, 0.25, 1.0];
        write(&path, &images, 1, 3).unwrap();

        let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, png::ColorType::Grayscale);
        assert_eq!(info.bit_depth, png::BitDepth::Eight);
        let expected = sheet(&images, 1, 3);
        assert_eq!((info.width as usize, info.height as usize), (expected.width, expected.height));
        assert_eq!(pixels, expected.pixels);
    }
}
