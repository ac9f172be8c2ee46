//! Whatever is wrong with what the program is given, it says so in one line, soon, and in little memory.
//!
//! Each module has one kind of input and a table of what can be wrong with it. A row is a name, what is
//! done to a sound input, the command, and words of the answer.

mod checkpoint;
mod command_line;
mod config;
mod csv;
mod gzip;
mod idx;
mod limits;
mod npy;
mod png;
mod row;
#[path = "../binary/sandbox.rs"]
#[allow(dead_code, reason = "the tests of the binary need more of it")]
mod sandbox;
mod sound;
#[cfg(unix)]
mod special;

use row::{Row, check};

type Table = (&'static str, fn() -> Vec<Row>);

const TABLES: [Table; 8] = [
    ("IDX", idx::rows),
    ("gzip", gzip::rows),
    (".npy", npy::rows),
    (".csv", csv::rows),
    ("PNG", png::rows),
    ("checkpoint", checkpoint::rows),
    ("configuration", config::rows),
    ("command line", command_line::rows),
];

/// A test for each table, so that they run side by side.
macro_rules! tables {
    ($($name:ident: $table:expr;)*) => {
        $(#[test]
        fn $name() {
            check($table);
        })*
    };
}

tables! {
    every_malformed_idx_file_is_refused: TABLES[0];
    every_malformed_gzip_file_is_refused: TABLES[1];
    every_malformed_npy_file_is_refused: TABLES[2];
    every_malformed_csv_file_is_refused: TABLES[3];
    every_malformed_png_is_refused: TABLES[4];
    every_malformed_checkpoint_is_refused: TABLES[5];
    every_malformed_configuration_is_refused: TABLES[6];
    every_malformed_command_line_is_refused: TABLES[7];
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    check(("pipes, devices, loops", special::rows));
}

#[test]
fn there_are_many_of_them_and_no_two_have_one_name() {
    let mut tables = TABLES.to_vec();
    #[cfg(unix)]
    tables.push(("pipes, devices, loops", special::rows));
    let mut names = std::collections::BTreeSet::new();
    let mut total = 0;
    for (family, rows) in tables {
        let rows = rows();
        println!("{family}: {} malformed inputs", rows.len());
        total += rows.len();
        for row in rows {
            assert!(names.insert((family, row.name)), "{family}: `{}` is there twice", row.name);
        }
    }
    println!("{total} malformed inputs");
    assert!(total >= 110, "{total}");
}
