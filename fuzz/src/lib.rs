//! What must hold of any bytes at all: no panic, and what a reader accepts comes back when it is written again.
//!
//! The fuzz targets call these functions with bytes that they make up, a test of the workspace with the bytes in
//! `seeds/`.

use std::{io::Read, path::Path};

use elbo::{Config, Record};
use elbo_data::{Images, idx, npy, table};
use elbo_nn::Checkpoint;
use elbo_vae::Sizes;
use flate2::{Compression, read::GzEncoder};

/// What messages call the bytes.
const NAME: &str = "bytes";

fn name() -> &'static Path {
    Path::new(NAME)
}

/// Passes on what was accepted; of what was refused, checks that it is said by name and in one line.
fn accepted<T, E: std::fmt::Display>(result: Result<T, E>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with(NAME), "does not name its file: {message}");
            None
        }
    }
}

/// IDX as it lies on the disk, images and labels.
pub fn idx(bytes: &[u8]) {
    if let Some(images) = accepted(idx::decode_images(bytes, name())) {
        assert_eq!(images.pixels.len(), images.count * images.size());
        let mut written = Vec::new();
        idx::write_images(&mut written, &images).unwrap();
        assert_eq!(idx::decode_images(&written, name()).unwrap(), images);
    }
    if let Some(labels) = accepted(idx::decode_labels(bytes, name())) {
        let mut written = Vec::new();
        idx::write_labels(&mut written, &labels).unwrap();
        assert_eq!(idx::decode_labels(&written, name()).unwrap(), labels);
    }
}

/// IDX as gzip: the bytes themselves as the stream, and the bytes as its content, which must be taken or refused
/// as they are uncompressed.
pub fn idx_gz(bytes: &[u8]) {
    let stream = [&[0x1f, 0x8b], bytes].concat();
    accepted(idx::decode_images(&stream, name()));
    accepted(idx::decode_labels(&stream, name()));

    let mut compressed = Vec::new();
    GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut compressed).unwrap();
    let compressed = idx::decode_images(&compressed, name());
    if !bytes.starts_with(&stream[..2]) {
        assert_eq!(compressed.ok(), idx::decode_images(bytes, name()).ok());
    }
}

/// `.npy`.
pub fn npy(bytes: &[u8]) {
    let Some(array) = accepted(npy::decode(bytes, name())) else { return };
    assert!(array.values.len() <= bytes.len());
    assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
    let again = npy::decode(&npy::encode(&array.shape, &array.values), name()).unwrap();
    assert_eq!(again.shape, array.shape);
    assert_eq!(bits(&again.values), bits(&array.values));
}

/// Numbers as they are stored: NaN is itself here.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// `.csv`.
pub fn csv(bytes: &[u8]) {
    let Some(table) = accepted(table::decode(bytes, name())) else { return };
    assert!(table.values.len() <= bytes.len());
    assert_eq!(table.values.len() % table.columns, 0);
    // In quotes, or a byte-order mark that belongs to the first name would be taken for the file's.
    let mut writer = csv::WriterBuilder::new();
    let mut writer = writer.quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    if let Some(names) = &table.names {
        writer.write_record(names).unwrap();
    }
    for row in table.values.chunks(table.columns) {
        writer.write_record(row.iter().map(f32::to_string)).unwrap();
    }
    let again = table::decode(&writer.into_inner().unwrap(), name()).unwrap();
    assert_eq!((&again.names, again.columns), (&table.names, table.columns));
    let signless = |values: &[f32]| -> Vec<f32> {
        values.iter().map(|value| if value.is_nan() { f32::MAX } else { *value }).collect()
    };
    assert_eq!(signless(&again.values), signless(&table.values));
}

/// A checkpoint: the file, its record, its model.
pub fn checkpoint(bytes: &[u8]) {
    let Some(checkpoint) = accepted(Checkpoint::decode(bytes, name())) else { return };
    let values: usize = checkpoint.tensors.values().map(|tensor| tensor.values.len()).sum();
    assert!(4 * values <= bytes.len());
    let written = checkpoint.encode(name()).unwrap();
    let again = Checkpoint::decode(&written, name()).unwrap();
    assert_eq!(again, checkpoint);
    assert_eq!(again.encode(name()).unwrap(), written);
    accepted(Sizes::of_parameters(&checkpoint.tensors, name()));
    if let Some(record) = accepted(Record::from_metadata(&checkpoint.metadata, name())) {
        let again = Record::from_metadata(&record.to_metadata().unwrap(), name()).unwrap();
        assert_eq!(again, record);
    }
}

/// `config.toml`.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(config) = accepted(Config::decode(text, name())) else { return };
    let _ = config.overrides().fresh().check();
    if let Ok(written) = config.encode() {
        // By way of text: a rate that is not a number is no other one's equal.
        assert_eq!(Config::decode(&written, name()).unwrap().encode().unwrap(), written);
    }
}

/// PNGs of one's own.
pub fn png(bytes: &[u8]) {
    let Some(images) = accepted(elbo_data::decode_png(bytes, name())) else { return };
    assert_eq!(images.pixels.len(), images.size());
    let mut written = Vec::new();
    let Images { pixels, rows, columns, .. } = &images;
    let mut encoder = png::Encoder::new(&mut written, *columns as u32, *rows as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fastest);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    assert_eq!(elbo_data::decode_png(&written, name()).unwrap(), images);
}
