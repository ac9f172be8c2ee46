//! Tables of the page: the settings, the timing, every epoch's figures.

use std::fmt::Write;

use super::html::escaped;
use crate::metrics::Row;

/// Rows that the table of epochs has at the most.
const MOST_ROWS: usize = 1_000;

/// Names and values, as a list of terms.
pub(super) fn terms(rows: &[(String, String)]) -> String {
    rows.iter().fold(String::new(), |mut list, (name, value)| {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(list, "<div><dt>{name}</dt><dd>{value}</dd></div>");
        list
    })
}

/// A count with commas between thousands: `652,824`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a run's `config.toml` says, a name a row; those of its sections after the section's name.
pub(super) fn settings(table: &toml::Table) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(section) => {
                let own = settings(section).into_iter();
                rows.extend(own.map(|(inner, value)| (format!("{name}: {inner}"), value)));
            }
            toml::Value::Array(values) if values.is_empty() => {
                rows.push((name.clone(), "none".into()));
            }
            toml::Value::Array(values) => {
                let words: Vec<String> = values.iter().map(word).collect();
                rows.push((name.clone(), words.join(", ")));
            }
            other => rows.push((name.clone(), word(other))),
        }
    }
    rows
}

/// A value without the quotes that TOML wants.
fn word(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// How long it took. `images`: of the training set.
pub(super) fn timing(rows: &[Row], images: usize, device: &str) -> Vec<(String, String)> {
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    let epochs = rows.len() as f64;
    let mut terms = vec![("device".to_string(), device.to_string())];
    if seconds > 0.0 {
        terms.extend([
            ("all epochs".into(), format!("{seconds:.1} s")),
            ("an epoch, tested".into(), format!("{:.2} s", seconds / epochs)),
            ("training images".into(), {
                let rate = (images as f64 * epochs / seconds).round();
                format!("{} a second", count(rate as usize))
            }),
        ]);
    }
    terms
}

/// A row an epoch; every so many, where there are more than anybody reads.
pub(super) fn epochs(rows: &[Row]) -> String {
    let every = rows.len().div_ceil(MOST_ROWS).max(1);
    let last = rows.len().saturating_sub(1);
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index % every != 0 && index != last {
            continue;
        }
        let _ = write!(table, "<tr><th scope=\"row\">{}</th>", row.epoch);
        for value in [
            row.train_loss,
            row.train_reconstruction,
            row.train_kl,
            row.test_loss,
            row.test_reconstruction,
            row.test_kl,
            row.seconds,
        ] {
            let _ = write!(table, "<td>{value:.2}</td>");
        }
        table.push_str("</tr>\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: u32) -> Row {
        Row {
            epoch,
            step: 3 * epoch,
            train_loss: 90.5,
            train_reconstruction: 60.25,
            train_kl: 30.25,
            last_batch_loss: 90.0,
            test_loss: 86.5,
            test_reconstruction: 60.5,
            test_kl: 26.0,
            seconds: 0.5,
        }
    }

    #[test]
    fn settings_are_listed_with_their_sections_and_escaped() {
        let table = "lr = 0.001\nlr-at = [\"5:1e-4\", \"9:1e-5\"]\nrest = []\n\
                     data-dir = \"<my> data\"\n[data]\nrows = 28\n";
        let rows = settings(&table.parse().unwrap());
        let find = |name: &str| rows.iter().find(|row| row.0 == name).unwrap().1.clone();
        assert_eq!((find("lr"), find("data: rows")), ("0.001".into(), "28".into()));
        assert_eq!((find("lr-at"), find("rest")), ("5:1e-4, 9:1e-5".into(), "none".into()));
        assert!(terms(&rows).contains("<dt>data-dir</dt><dd>&lt;my&gt; data</dd>"));
    }

    #[test]
    fn thousands_are_set_apart() {
        let counts = [0, 999, 1_000, 652_824, 1_000_000].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "652,824", "1,000,000"]);
    }

    #[test]
    fn timing_counts_every_epochs_images() {
        let terms = timing(&[row(1), row(2)], 60_000, "cpu");
        let text: Vec<String> =
            terms.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let expected = [
            "device cpu",
            "all epochs 1.0 s",
            "an epoch, tested 0.50 s",
            "training images 120,000 a second",
        ];
        assert_eq!(text, expected);
        assert_eq!(timing(&[], 60_000, "cpu").len(), 1);
    }

    #[test]
    fn a_long_table_is_thinned_and_keeps_its_end() {
        assert!(
            epochs(&[row(1)]).starts_with("<tr><th scope=\"row\">1</th><td>90.50</td><td>60.25")
        );
        let rows: Vec<Row> = (1..=2_500).map(row).collect();
        let table = epochs(&rows);
        assert!(table.matches("<tr>").count() <= MOST_ROWS + 1);
        assert!(table.contains(">2500</th>"));
    }
}
