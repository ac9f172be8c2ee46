//! Whole rows: batches gathered from a data set, a row added to each, values spread over a matrix.

use std::ops::Range;

use crate::{
    Error,
    ahead::ask,
    aligned::LINE,
    kernels::{elementwise::each_block, turn::store_rows},
    lanes::{Block, Kernel, Lanes, MOST_LANES},
    layout::{Form, Layout, Region},
    lending::{Part, View},
};

/// Where a batch comes from.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    /// All rows, one after the other.
    pub(crate) data: &'a [u8],
    /// The rows' order.
    pub(crate) order: &'a [u32],
    /// One value: the batch's first place in the order.
    pub(crate) cursor: &'a [u32],
}

impl<'a> Batch<'a> {
    /// The order of a batch of so many rows, each of which the data has.
    pub(crate) fn rows(self, count: usize, columns: usize) -> Result<&'a [u32], Error> {
        let (from, len) = (self.cursor[0] as usize, self.order.len());
        let to = from + count;
        let order = self.order.get(from..to).ok_or(Error::Cursor { from, to, len })?;
        let count = self.data.len().checked_div(columns).unwrap_or(0);
        match order.iter().copied().find(|row| *row as usize >= count) {
            Some(row) => Err(Error::Row { row, count }),
            None => Ok(order),
        }
    }
}

/// The rows and columns of a thread's region.
pub(crate) fn rows_and_columns(layout: Layout, region: Region) -> (Range<usize>, Range<usize>) {
    let (panels, depth) = (region.panels(), region.depth());
    let across = panels.start * layout.lanes..layout.across().min(panels.end * layout.lanes);
    match layout.form {
        Form::Straight => (depth, across),
        Form::Turned => (across, depth),
    }
}

/// out\[r\] = (data\[order\[r\]\] / 255 − mean) / std.
pub(crate) struct Gather<'m> {
    pub(crate) data: &'m [u8],
    /// The batch's rows, all of them.
    pub(crate) order: &'m [u32],
    pub(crate) mean: f32,
    pub(crate) std: f32,
    pub(crate) out: Part<'m>,
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { data, order, mean, std, mut out } = self;
        // A division takes as long as sixteen products, and there would be two.
        let scale = (1.0 / (255.0 * f64::from(std))) as f32;
        let shift = (f64::from(mean) / f64::from(std)) as f32;
        let width = out.layout().columns;
        let (rows, columns) = rows_and_columns(out.layout(), out.region());
        let lanes = S::F32_LANES;
        let order = &order[..rows.end];
        let mut next = images(data, width, &order[rows.start..], lanes);
        for row in rows.clone().step_by(lanes) {
            let count = lanes.min(rows.end - row);
            let sources = next;
            next = images(data, width, &order[row + count..], lanes);
            for column in columns.clone().step_by(lanes) {
                // Images lie anywhere, so a core does not see them coming.
                if column % LINE == 0 {
                    next.iter().filter_map(|image| image.get(column)).for_each(|pixel| ask(pixel));
                }
                let mut block: Block<S> = [simd.splat_f32s(0.0); MOST_LANES];
                for (vector, source) in block.iter_mut().zip(&sources[..count]) {
                    let pixels = &source[column..];
                    let values: &mut [f32] =
                        pulp::bytemuck::cast_slice_mut(std::slice::from_mut(vector));
                    match pixels.first_chunk::<MOST_LANES>() {
                        Some(pixels) => normalize(values, pixels, scale, shift),
                        None => normalize(values, pixels, scale, shift),
                    }
                }
                store_rows(simd, &mut out, (row, count), column, &mut block);
            }
        }
    }
}

/// The first images of an order, at most so many; nothing where there are no more.
#[inline(always)]
fn images<'m>(data: &'m [u8], width: usize, order: &[u32], most: usize) -> [&'m [u8]; MOST_LANES] {
    let mut images = [&data[..0]; MOST_LANES];
    for (image, row) in images.iter_mut().zip(order).take(most) {
        *image = &data[*row as usize * width..][..width];
    }
    images
}

#[inline(always)]
fn normalize(values: &mut [f32], pixels: &[u8], scale: f32, shift: f32) {
    for (value, pixel) in values.iter_mut().zip(pixels) {
        *value = f32::from(*pixel) * scale - shift;
    }
}

/// out = x + row in each row, or out += row where `x` is not given.
pub(crate) struct AddRow<'m> {
    pub(crate) x: Option<View<'m>>,
    pub(crate) row: View<'m>,
    pub(crate) out: Part<'m>,
}

impl Kernel for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { x, row, mut out } = self;
        let form = out.layout().form;
        each_block(&mut out, |panel, first, out| {
            let (out, _) = S::as_mut_simd_f32s(out);
            if let Some(x) = x {
                out.copy_from_slice(S::as_simd_f32s(x.block(panel, first, out.len())).0);
            }
            for (depth, out) in (first..).zip(out) {
                *out = simd.add_f32s(*out, beside(simd, form, row, panel, depth));
            }
        });
    }
}

/// What a row has for a vector of a matrix: lane by lane, or one value for all.
#[inline(always)]
fn beside<S: Lanes>(simd: S, form: Form, row: View<'_>, panel: usize, depth: usize) -> S::f32s {
    match form {
        Form::Straight => S::as_simd_f32s(row.block(panel, 0, 1)).0[0],
        Form::Turned => {
            let values = row.block(depth / S::F32_LANES, 0, 1);
            simd.splat_f32s(values[depth % S::F32_LANES])
        }
    }
}

/// Each row of `out` is `row`; or each column, if `turned`.
pub(crate) struct SpreadOut<'m> {
    pub(crate) vector: View<'m>,
    pub(crate) turned: bool,
    pub(crate) out: Part<'m>,
}

impl Kernel for SpreadOut<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { vector, turned, mut out } = self;
        let form = out.layout().form;
        let form = if turned { form.other() } else { form };
        each_block(&mut out, |panel, first, out| {
            for (depth, out) in (first..).zip(S::as_mut_simd_f32s(out).0) {
                *out = beside(simd, form, vector, panel, depth);
            }
        });
    }
}
