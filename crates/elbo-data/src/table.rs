//! CSV files of numbers, with or without names above their columns.

use std::{io, path::Path};

use crate::Error;

/// Numbers in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names, if the first row is not one of numbers.
    pub names: Option<Vec<String>>,
    /// Numbers a row.
    pub columns: usize,
    /// The values, row by row.
    pub values: Vec<f32>,
}

/// Reads a file.
///
/// # Errors
/// When the file is missing or unreadable, has no rows, rows of different lengths, or anything but
/// numbers in them.
pub fn read(path: &Path) -> Result<Table, Error> {
    decode(&crate::own::bytes(path)?, path)
}

/// Reads the bytes of a file. `path` is what messages call it.
///
/// # Errors
/// When they have no rows, rows of different lengths, or anything but numbers in them.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Table, Error> {
    parse(bytes).map_err(|fact| Error::Own { path: path.into(), fact })
}

fn parse(text: impl io::Read) -> Result<Table, String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text);
    let mut table = Table { names: None, columns: 0, values: Vec::new() };
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| explain(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let first = table.columns == 0;
        table.columns = record.len();
        if first && record.iter().any(|field| field.parse::<f32>().is_err()) {
            table.names = Some(record.iter().map(str::to_string).collect());
            continue;
        }
        table.values.try_reserve(record.len()).map_err(|_| crate::npy::NO_MEMORY)?;
        for field in &record {
            let value = field.parse().map_err(|_| {
                format!(
                    "line {line} has `{}`, which is no number; give numbers alone",
                    shortened(field)
                )
            })?;
            table.values.push(value);
        }
    }
    if table.values.is_empty() {
        return Err("has no rows of numbers; save it again".into());
    }
    Ok(table)
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} columns, {expected_len} above it; make all rows as long")
        }
        _ => format!("{error}; save it as comma-separated text in UTF-8"),
    }
}

fn shortened(field: &str) -> String {
    if field.chars().count() <= 40 {
        return field.into();
    }
    field.chars().take(40).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_numbers() {
        let table = parse("label, a,b\n1, 2.5,-3e2\n".as_bytes()).unwrap();
        assert_eq!(table.names.unwrap(), ["label", "a", "b"]);
        assert_eq!((table.columns, table.values), (3, vec![1.0, 2.5, -300.0]));
        assert_eq!(parse("1\n2\n".as_bytes()).unwrap().names, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, word) in [
            ("1,2\n3,x\n", "line 2 has `x`, which is no number"),
            ("1,2\n3\n", "line 2 has 1 columns, 2 above it"),
            ("a,b\n", "no rows"),
            ("", "no rows"),
        ] {
            let fact = parse(text.as_bytes()).unwrap_err();
            assert!(fact.contains(word), "{fact}");
        }
        assert!(parse(&b"1,\xff\n"[..]).is_err());
    }
}
