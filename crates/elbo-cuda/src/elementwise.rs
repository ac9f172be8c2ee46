//! Ops that take each value by itself: steps of a run, which is one launch or comes after what another launch writes.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    work::Work,
};

/// Steps that a run has room for. In step with `MOST_STEPS` in run.cuh.
const MOST_STEPS: usize = 16;
/// Values that a block takes at a time.
const BLOCK: usize = 256;
/// Blocks of a launch at the most; then each takes values more than once.
const MOST_BLOCKS: usize = 4096;

/// What a step computes. In the order of `Function` in run.cuh.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Function {
    Fill,
    Scale,
    Shift,
    Exp,
    Ln,
    Sqrt,
    Square,
    Relu,
    Tanh,
    Sigmoid,
    Add,
    Sub,
    Mul,
    Div,
    ReluGrad,
    TanhGrad,
    SigmoidGrad,
    ErrorTanhGrad,
    AddRow,
    SpreadAll,
    SpreadRows,
    SpreadColumns,
}

/// One call of a run.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Step {
    x: Address,
    y: Address,
    out: Address,
    columns: u64,
    function: u32,
    k: f32,
}

/// Calls of one length, one after the other for each value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Run {
    steps: [Step; MOST_STEPS],
    len: u64,
    count: u64,
}

impl Parameters for Run {}

impl Run {
    /// A run without steps.
    pub(crate) fn of(len: usize) -> Self {
        Self { steps: [Step::default(); MOST_STEPS], len: len as u64, count: 0 }
    }

    fn of_one(step: Step, len: usize) -> Self {
        let mut run = Self { count: 1, ..Self::of(len) };
        run.steps[0] = step;
        run
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds another run's only step, unless there is no room or the lengths differ.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        let count = self.count as usize;
        if count == MOST_STEPS || self.len != other.len || other.count != 1 {
            return false;
        }
        self.steps[count] = other.steps[0];
        self.count += 1;
        true
    }

    pub(crate) fn blocks(&self) -> u32 {
        (self.len as usize).div_ceil(BLOCK).min(MOST_BLOCKS) as u32
    }
}

/// How many values an argument of a step has: as many as the result, or as the result has columns or rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    All,
    Columns,
    Rows,
    One,
}

/// A call as a run of one step: its function, its constant, and how long its arguments are.
pub(crate) fn run(
    args: Arguments<'_>,
    function: Function,
    k: f32,
    lengths: &[Length],
) -> Result<Work, Error> {
    let out = args.call.out.shape;
    let len = out.len();
    let (_, columns) = out.as_matrix().unwrap_or((1, len));
    let mut step = Step {
        out: args.out()?,
        columns: columns as u64,
        function: function as u32,
        k,
        ..Step::default()
    };
    let mut elsewhere = None;
    for (position, length) in lengths.iter().enumerate() {
        let wanted = match length {
            Length::All => len,
            Length::Columns => columns,
            Length::Rows => len.checked_div(columns).unwrap_or(0),
            Length::One => 1,
        };
        args.expect(args.len(position)? == wanted || len == 0)?;
        let address = args.f32(position)?;
        *(if position == 0 { &mut step.x } else { &mut step.y }) = address;
        if *length != Length::All {
            elsewhere = Some(args.call.args[position].slot);
        }
    }
    Ok(Work::Elementwise { run: Run::of_one(step, len), elsewhere })
}
