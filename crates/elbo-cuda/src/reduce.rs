//! Sums, in an order that the shape alone decides.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    elementwise::Run,
    optimizer::{Adam, Tensors},
    work::Work,
    workspace::{PARTS, Workspace},
};

/// Values that a thread adds up before another block is worth its while.
const SHARE: usize = 8 * 256;
/// Columns that a block of `sum_rows` has.
const COLUMNS: u64 = 32;
/// Matrices that a launch of `sum_rows` has room for. In step with `MOST_SUMS` in reduce.cu.
const MOST_SUMS: usize = 8;

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
    run: Run,
}

impl Parameters for Sum {}

impl Sum {
    /// Where its blocks count themselves, which no other sum may do meanwhile.
    pub(crate) const fn ticket(&self) -> Address {
        self.ticket
    }

    /// Adds a run's only step, which takes the sum.
    pub(crate) fn append(&mut self, other: &Run) -> bool {
        self.run.append(other)
    }
}

/// As in reduce.cu.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct ColumnSum {
    x: Address,
    out: Address,
    rows: u64,
    columns: u64,
    adam: Adam,
}

/// Sums of the columns of some matrices. As in reduce.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ColumnSums {
    sums: [ColumnSum; MOST_SUMS],
}

impl Parameters for ColumnSums {}

impl ColumnSums {
    /// Adds another launch's only matrix, unless there is no room.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        let free = self.sums.iter_mut().find(|sum| sum.columns == 0);
        free.map(|free| *free = other.sums[0]).is_some()
    }

    /// Adds the step of Adam that one of the sums is the gradient of, unless none is.
    pub(crate) fn append_adam(&mut self, tensors: &Tensors) -> bool {
        let (adam, gradient, len) = tensors.first();
        let fits = |sum: &&mut ColumnSum| sum.out == gradient && sum.columns == len;
        let sum = self.sums.iter_mut().find(fits).filter(|sum| sum.adam.is_none());
        sum.map(|sum| sum.adam = adam).is_some()
    }

    /// Blocks for the widest, times matrices.
    pub(crate) fn grid(&self) -> [u32; 2] {
        let widest = self.sums.iter().map(|sum| sum.columns).max().unwrap_or(0);
        let count = self.sums.iter().filter(|sum| sum.columns > 0).count();
        [widest.div_ceil(COLUMNS) as u32, count as u32]
    }
}

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
    let place = workspace.place();
    let blocks = len.div_ceil(SHARE).clamp(1, PARTS);
    let parameters = Sum {
        x: args.f32(0)?,
        y,
        out: args.out()?,
        parts: place.parts,
        ticket: place.ticket,
        len: len as u64,
        run: Run::of(1),
    };
    Ok(Work::Sum(parameters, blocks as u32))
}

pub(crate) fn sum_rows(args: Arguments<'_>) -> Result<Work, Error> {
    let (rows, columns) = args.matrix(0)?;
    args.expect(args.call.out.shape.len() == columns)?;
    // More columns than a launch has blocks for are more than there is memory for; checked all the same.
    let columns = u64::from(args.size(columns)?);
    let mut sums = [ColumnSum::default(); MOST_SUMS];
    let (x, out) = (args.f32(0)?, args.out()?);
    sums[0] = ColumnSum { x, out, rows: rows as u64, columns, adam: Adam::default() };
    Ok(Work::SumRows(ColumnSums { sums }))
}

pub(crate) fn sum_columns(args: Arguments<'_>) -> Result<Work, Error> {
    let (rows, columns) = args.matrix(0)?;
    args.expect(args.call.out.shape.len() == rows)?;
    let (x, out) = (args.f32(0)?, args.out()?);
    let matrix = Matrix { x, out, rows: rows as u64, columns: columns as u64 };
    Ok(Work::SumColumns(matrix, args.size(rows)?))
}
