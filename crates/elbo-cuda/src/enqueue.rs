//! Hands work to the stream. One of two rooms with `unsafe`: kernels follow the addresses that they are given.

#![allow(unsafe_code)]

use crate::{Device, Error, driver::Driver, kernels::Kernels, work::Work};

/// What backends on one device share, and recorded entries need.
#[derive(Debug)]
pub(crate) struct Shared {
    // The driver waits for the stream when it is dropped, then the kernels go.
    pub(crate) driver: Driver,
    pub(crate) kernels: Kernels,
    pub(crate) device: Device,
}

impl Shared {
    /// Gives one launch to the stream. The work was made from buffers that are there now.
    pub(crate) fn enqueue(&self, work: &Work) -> Result<(), Error> {
        let Self { driver, kernels, .. } = self;
        // SAFETY: each structure stands beside its kernel's name in `Kernels`, and is written as in its source;
        // sizes were compared. Each address is that of a buffer as long as its operand's shape says, and a kernel
        // stays within the shapes: `Arguments` and the room of each op have checked them, and the tests run every
        // kernel on memory that notices. `Cuda` makes work from the memory that it is lent and gives it to the
        // stream at once. A buffer dropped later is freed by the same stream, so after the launch; and a graph
        // is launched only with the buffers that it was captured with, which `Cuda::replay` compares.
        unsafe {
            match work {
                Work::Elementwise { run, .. } => {
                    driver.launch(&kernels.elementwise, [run.blocks(), 1], run)
                }
                Work::Gather(gather, blocks) => {
                    driver.launch(&kernels.gather, [*blocks, 1], gather)
                }
                Work::Normal(normal, blocks) => {
                    driver.launch(&kernels.normal, [*blocks, 1], normal)
                }
                Work::Sum(sum, blocks) => driver.launch(&kernels.sum, [*blocks, 1], sum),
                Work::SumRows(matrix, blocks) => {
                    driver.launch(&kernels.sum_rows, [*blocks, 1], matrix)
                }
                Work::SumColumns(matrix, blocks) => {
                    driver.launch(&kernels.sum_columns, [*blocks, 1], matrix)
                }
                Work::Product(product, sums, tiles) => {
                    driver.launch(&kernels.products(*sums).product, [*tiles, 1], product)
                }
                Work::AdamProduct(product, sums, tiles) => {
                    driver.launch(&kernels.products(*sums).adam, [*tiles, 1], product)
                }
                Work::Adam(tensors) => driver.launch(&kernels.adam, tensors.grid(), tensors),
                Work::Notes(notes) => driver.launch(&kernels.note, [1, 1], notes),
            }
        }
    }
}
