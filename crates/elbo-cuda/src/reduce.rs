//! Sums, in an order that the shape alone decides.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    work::Work,
    workspace::{PARTS, Workspace},
};

/// Values that a thread adds up before another block is worth its while.
const SHARE: usize = 8 * 256;
/// Columns that a block of `sum_rows` has.
const COLUMNS: usize = 32;

/// As in reduce.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Sum {
    x: Address,
    y: Address,
    out: Address,
    parts: Address,
    ticket: Address,
    len: u64,
}

impl Parameters for Sum {}

/// As in reduce.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Matrix {
    x: Address,
    out: Address,
    rows: u64,
    columns: u64,
}

impl Parameters for Matrix {}

/// The sum of all values, or of the squares of the differences where the call has two arguments.
pub(crate) fn sum(args: Arguments<'_>, workspace: &Workspace) -> Result<Work, Error> {
    let len = args.len(0)?;
    args.expect(args.call.out.shape.len() == 1)?;
    let y = match args.call.args.len() {
        1 => 0,
        _ => {
            args.expect(args.len(1)? == len)?;
            args.f32(1)?
        }
    };
    let blocks = len.div_ceil(SHARE).clamp(1, PARTS);
    let parameters = Sum {
        x: args.f32(0)?,
        y,
        out: args.out()?,
        parts: workspace.parts(),
        ticket: workspace.ticket(),
        len: len as u64,
    };
    Ok(Work::Sum(parameters, blocks as u32))
}

pub(crate) fn sum_rows(args: Arguments<'_>) -> Result<Work, Error> {
    let (rows, columns) = args.matrix(0)?;
    args.expect(args.call.out.shape.len() == columns)?;
    Ok(Work::SumRows(matrix(args, rows, columns)?, args.size(columns.div_ceil(COLUMNS))?))
}

pub(crate) fn sum_columns(args: Arguments<'_>) -> Result<Work, Error> {
    let (rows, columns) = args.matrix(0)?;
    args.expect(args.call.out.shape.len() == rows)?;
    Ok(Work::SumColumns(matrix(args, rows, columns)?, args.size(rows)?))
}

fn matrix(args: Arguments<'_>, rows: usize, columns: usize) -> Result<Matrix, Error> {
    let (x, out) = (args.f32(0)?, args.out()?);
    Ok(Matrix { x, out, rows: rows as u64, columns: columns as u64 })
}
