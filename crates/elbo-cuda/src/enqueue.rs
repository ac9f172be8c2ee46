//! Hands work to the stream, or to a graph. A room with `unsafe`: kernels follow the addresses that they are given.

#![allow(unsafe_code)]

use crate::{
    Device, Error,
    driver::{Driver, Kernel, Parameters},
    graph::{Draft, Graph},
    kernels::Kernels,
    schedule::Schedule,
    work::Work,
};

/// What backends on one device share, and recorded entries need.
#[derive(Debug)]
pub(crate) struct Shared {
    // The driver waits for the stream when it is dropped, then the kernels go.
    pub(crate) driver: Driver,
    pub(crate) kernels: Kernels,
    pub(crate) device: Device,
}

/// Where launches go.
enum Target<'a> {
    Stream(&'a Driver),
    /// After the launches of these numbers.
    Graph(&'a mut Draft, &'a [usize]),
}

impl Target<'_> {
    /// # Safety
    /// As of [`Driver::launch`] and [`Draft::add`].
    unsafe fn take<P: Parameters>(
        self,
        kernel: &Kernel<P>,
        blocks: [u32; 2],
        parameters: &P,
    ) -> Result<(), Error> {
        // SAFETY: passed on to the caller.
        unsafe {
            match self {
                Self::Stream(driver) => driver.launch(kernel, blocks, parameters),
                Self::Graph(draft, after) => draft.add(kernel, blocks, parameters, after),
            }
        }
    }
}

impl Shared {
    /// Gives one launch to the stream. The work was made from buffers that are there now.
    pub(crate) fn enqueue(&self, work: &Work) -> Result<(), Error> {
        self.give(work, Target::Stream(&self.driver))
    }

    /// Makes a graph of an entry's launches, `times` times over, each after those that it needs.
    pub(crate) fn graph(&self, schedule: &Schedule, times: usize) -> Result<Graph, Error> {
        let mut draft = Draft::new(&self.driver)?;
        for (work, after) in schedule.in_order(times) {
            self.give(work, Target::Graph(&mut draft, &after))?;
        }
        draft.finish()
    }

    /// Launches a graph `times` times. Its buffers are where they were when it was made.
    pub(crate) fn replay(graph: &Graph, times: usize) -> Result<(), Error> {
        // SAFETY: `Cuda::replay` has compared addresses and lengths with those that the graph was made with.
        (0..times).try_for_each(|_| unsafe { graph.launch() })
    }

    fn give(&self, work: &Work, to: Target<'_>) -> Result<(), Error> {
        let kernels = &self.kernels;
        // SAFETY: each structure stands beside its kernel's name in `Kernels`, and is written as in its source;
        // sizes were compared. Each address is that of a buffer as long as its operand's shape says, and a kernel
        // stays within the shapes: `Arguments` and the room of each op have checked them, and the tests run every
        // kernel on memory that notices. `Cuda` makes work from the memory that it is lent and gives it to the
        // stream at once, and a buffer dropped later is freed by the same stream, so after the launch; or it makes
        // a graph of it, which is launched only while those buffers are there, and keeps the workspace.
        unsafe {
            match work {
                Work::Elementwise { run, .. } => {
                    to.take(&kernels.elementwise, [run.blocks(), 1], run)
                }
                Work::Gather(gather, blocks) => to.take(&kernels.gather, [*blocks, 1], gather),
                Work::Normal(normal, blocks) => to.take(&kernels.normal, [*blocks, 1], normal),
                Work::Sum(sum, blocks) => to.take(&kernels.sum, [*blocks, 1], sum),
                Work::SumRows(sums) => to.take(&kernels.sum_rows, sums.grid(), sums),
                Work::SumColumns(matrix, blocks) => {
                    to.take(&kernels.sum_columns, [*blocks, 1], matrix)
                }
                Work::Product(products, sums, tiles) => {
                    to.take(&kernels.products(*sums).product, [*tiles, 1], products)
                }
                Work::AdamProduct(products, sums) => {
                    to.take(&kernels.products(*sums).adam, products.grid(*sums), products)
                }
                Work::Adam(tensors) => to.take(&kernels.adam, tensors.grid(), tensors),
                Work::Notes(notes) => to.take(&kernels.note, [1, 1], notes),
            }
        }
    }
}
