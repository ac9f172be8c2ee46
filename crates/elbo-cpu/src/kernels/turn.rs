//! A matrix in its other form, a block of as many rows and columns as a vector has lanes at a time.

use crate::{
    lanes::{Block, Kernel, Lanes, load_block, store_block},
    layout::Form,
    lending::{Part, View},
};

/// A thread's part of a matrix, copied into its other form.
pub(crate) struct Turn<'m> {
    pub(crate) out: Part<'m>,
    pub(crate) x: View<'m>,
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let lanes = S::F32_LANES;
        let region = self.out.region();
        // Along what is read: a cache line that is not there costs more than one that is written.
        for first in region.depth().step_by(lanes) {
            for panel in region.panels() {
                let (from, to) = (first / lanes, panel * lanes);
                let rows = lanes.min(self.x.layout().depth() - to);
                let mut block = load_block(simd, self.x.block(from, to, rows));
                simd.transpose(&mut block);
                let vectors = lanes.min(region.depth().end - first);
                store_block::<S>(&block, self.out.block(panel, first, vectors));
            }
        }
    }
}

/// Puts a block of rows, `block[r]` from column `column` on, into a matrix of either form.
/// `columns`: how many of the block's columns there are; `rows`: how many rows.
#[inline(always)]
pub(crate) fn store_rows<S: Lanes>(
    simd: S,
    out: &mut Part<'_>,
    (row, rows): (usize, usize),
    column: usize,
    block: &mut Block<S>,
) {
    let lanes = S::F32_LANES;
    match out.layout().form {
        Form::Straight => {
            store_block::<S>(block, out.block(column / lanes, row, rows));
        }
        Form::Turned => {
            simd.transpose(block);
            let columns = lanes.min(out.layout().columns - column);
            store_block::<S>(block, out.block(row / lanes, column, columns));
        }
    }
}
