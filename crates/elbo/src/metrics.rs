//! A run's figures, one row an epoch, as CSV.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Epoch, Error, Result, atomic, text_file};

/// The columns, in the order of [`Row`]'s fields.
pub const COLUMNS: [&str; 10] = [
    "epoch",
    "step",
    "train_loss",
    "train_reconstruction",
    "train_kl",
    "last_batch_loss",
    "test_loss",
    "test_reconstruction",
    "test_kl",
    "seconds",
];

/// The longest file that is read: two million epochs.
const MOST_BYTES: u64 = 256 << 20;

/// The figures of an epoch: losses as means over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The epoch, counted from 1.
    pub epoch: u32,
    /// Steps since the training began.
    pub step: u32,
    /// Loss on the images trained with, while training.
    pub train_loss: f64,
    /// Its squared error, summed over an image.
    pub train_reconstruction: f64,
    /// Its Kullback–Leibler divergence, in nats.
    pub train_kl: f64,
    /// Loss of the epoch's last batch.
    pub last_batch_loss: f64,
    /// Loss on the test images after the epoch.
    pub test_loss: f64,
    /// Its squared error, summed over an image.
    pub test_reconstruction: f64,
    /// Its Kullback–Leibler divergence, in nats.
    pub test_kl: f64,
    /// How long the epoch took, testing included, to the millisecond.
    pub seconds: f64,
}

impl Row {
    /// The row of an epoch.
    #[must_use]
    pub fn of(epoch: &Epoch) -> Self {
        Self {
            epoch: epoch.number,
            step: epoch.step,
            train_loss: epoch.train.total(),
            train_reconstruction: epoch.train.reconstruction,
            train_kl: epoch.train.kl,
            last_batch_loss: epoch.last_batch.total(),
            test_loss: epoch.test.total(),
            test_reconstruction: epoch.test.reconstruction,
            test_kl: epoch.test.kl,
            seconds: (epoch.seconds * 1e3).round() / 1e3,
        }
    }
}

/// The file of a run that is going on.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    writer: csv::Writer<File>,
    rows: Vec<Row>,
}

impl Metrics {
    /// A new file with only the columns' names, in place of one that may be there.
    pub fn create(path: &Path) -> Result<Self> {
        Self::with_rows(path, Vec::new())
    }

    /// The file as it was after an epoch, and the number of the last epoch whose row was dropped.
    pub fn after(path: &Path, epoch: u32) -> Result<(Self, Option<u32>)> {
        let mut rows = if path.exists() { read(path)? } else { Vec::new() };
        let dropped = rows.iter().map(|row| row.epoch).filter(|&number| number > epoch).max();
        rows.retain(|row| row.epoch <= epoch);
        Ok((Self::with_rows(path, rows)?, dropped))
    }

    fn with_rows(path: &Path, rows: Vec<Row>) -> Result<Self> {
        let unwritable = |source: io::Error| Error::Unwritable { path: path.into(), source };
        let text = text(&rows).map_err(|error| unwritable(error.into()))?;
        atomic::replace(path, &text)?;
        let file = OpenOptions::new().append(true).open(path).map_err(unwritable)?;
        Ok(Self { path: path.into(), writer: without_columns().from_writer(file), rows })
    }

    /// Adds a row and brings it to the disk: the checkpoint that comes after says that it is there.
    pub fn append(&mut self, row: &Row) -> Result<()> {
        self.rows.push(*row);
        let Self { path, writer, .. } = self;
        let written = writer.serialize(row).map_err(io::Error::from);
        let written = written.and_then(|()| writer.flush());
        let written = written.and_then(|()| writer.get_ref().sync_data());
        written.map_err(|source| Error::Unwritable { path: path.clone(), source })
    }

    /// All rows of the file.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// The rows of a file. What a full disk has cut off a last row is none.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let damaged = |source| Error::Metrics { path: path.into(), source };
    let text = text_file::read(path, MOST_BYTES).map_err(|error| damaged(error.into()))?;
    let rows = |text: &str| -> csv::Result<Vec<Row>> {
        csv::Reader::from_reader(text.as_bytes()).deserialize().collect()
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    // Someone's editor may have left out the last line's end.
    rows(&text)
        .or_else(|error| if whole == text { Err(error) } else { rows(whole) })
        .map_err(damaged)
}

/// How many lines a file has after the columns' names; one that cannot be read may have any number.
pub(crate) fn count_rows(path: &Path) -> usize {
    match text_file::read(path, MOST_BYTES) {
        Ok(text) => text.trim().lines().count().saturating_sub(1),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => 0,
            _ => usize::MAX,
        },
    }
}

fn text(rows: &[Row]) -> csv::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut writer = without_columns().from_writer(&mut text);
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(text)
}

fn without_columns() -> csv::WriterBuilder {
    let mut builder = csv::WriterBuilder::new();
    builder.has_headers(false);
    builder
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn row(epoch: u32) -> Row {
        Row {
            epoch,
            step: epoch * 4,
            train_loss: 123.25,
            train_reconstruction: 97.0,
            train_kl: 26.25,
            last_batch_loss: 90.0,
            test_loss: 86.5,
            test_reconstruction: 60.5,
            test_kl: 26.0,
            seconds: 1.125,
        }
    }

    #[test]
    fn columns_stand_in_the_order_of_the_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.append(&row(1)).unwrap();
        // Read while the writer is still there: the row was flushed.
        let text = fs::read_to_string(&path).unwrap();
        let expected = "epoch,step,train_loss,train_reconstruction,train_kl,last_batch_loss,\
                        test_loss,test_reconstruction,test_kl,seconds\n\
                        1,4,123.25,97.0,26.25,90.0,86.5,60.5,26.0,1.125\n";
        assert_eq!(text, expected);
        assert_eq!(read(&path).unwrap(), [row(1)]);
    }

    #[test]
    fn going_on_drops_later_epochs_and_appends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        let mut metrics = Metrics::create(&path).unwrap();
        for epoch in 1..=3 {
            metrics.append(&row(epoch)).unwrap();
        }
        let (mut metrics, dropped) = Metrics::after(&path, 1).unwrap();
        assert_eq!(dropped, Some(3));
        let changed = Row { seconds: 9.0, ..row(2) };
        metrics.append(&changed).unwrap();
        assert_eq!(read(&path).unwrap(), [row(1), changed]);
    }

    #[test]
    fn a_row_that_a_full_disk_has_cut_off_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        Metrics::create(&path).unwrap().append(&row(1)).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for rest in ["2", "2,8,123.", "2,8,123.25,97.0,26.25,90.0,86.5,60.5,26.0,"] {
            fs::write(&path, format!("{whole}{rest}")).unwrap();
            assert_eq!(read(&path).unwrap(), [row(1)], "{rest}");
        }
        fs::write(&path, whole.trim_end()).unwrap();
        assert_eq!(read(&path).unwrap(), [row(1)]);
        fs::write(&path, format!("{whole}2,8\n")).unwrap();
        assert!(read(&path).is_err(), "a whole line is somebody's");
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        fs::write(&path, "epoch,step\n1,nonsense\n").unwrap();
        let message = Metrics::after(&path, 1).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains("move it away"), "{message}");
    }
}
