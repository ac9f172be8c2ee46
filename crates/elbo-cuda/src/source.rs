//! Where values come from: batches of images, and noise.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    work::Work,
};

/// As in source.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Gather {
    rows: Address,
    order: Address,
    cursor: Address,
    out: Address,
    fault: Address,
    count: u64,
    width: u64,
    len: u64,
    scale: f32,
    shift: f32,
}

impl Parameters for Gather {}

/// As in source.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Normal {
    out: Address,
    key: Address,
    step: Address,
    len: u64,
    stream: u64,
}

impl Parameters for Normal {}

/// Normals that a block of the grid makes: four a thread.
const NORMALS: usize = 4 * 128;

/// A batch of pixels x as (x / 255 − mean) / std, which is x · scale − shift.
pub(crate) fn gather(
    args: Arguments<'_>,
    (mean, std): (f32, f32),
    fault: Address,
) -> Result<Work, Error> {
    let out = args.call.out.shape.as_matrix();
    let (batch, width) = out.ok_or(Error::Shapes { op: args.op() })?;
    let (count, data_width) = args.matrix(0)?;
    args.expect(width == data_width && args.len(2)? == 1)?;
    let (mean, std) = (f64::from(mean), f64::from(std));
    let parameters = Gather {
        rows: args.u8(0)?,
        order: args.u32(1)?,
        cursor: args.u32(2)?,
        out: args.out()?,
        fault,
        count: count as u64,
        width: width as u64,
        len: args.len(1)? as u64,
        scale: (1.0 / (255.0 * std)) as f32,
        shift: (mean / std) as f32,
    };
    Ok(Work::Gather(parameters, args.size(batch)?))
}

pub(crate) fn normal(args: Arguments<'_>, stream: u32) -> Result<Work, Error> {
    let len = args.call.out.shape.len();
    args.expect(args.len(0)? == 2 && args.len(1)? == 1)?;
    let (key, step, out) = (args.u32(0)?, args.u32(1)?, args.out()?);
    let parameters = Normal { out, key, step, len: len as u64, stream: u64::from(stream) };
    Ok(Work::Normal(parameters, args.size(len.div_ceil(NORMALS))?))
}
