//! Launches as a graph on the device: each waits for those that it needs, and for no other. A room with `unsafe`:
//! each call leaves Rust.

#![allow(unsafe_code)]

use std::{ffi::c_void, ptr, sync::Arc};

use cudarc::driver::{CudaStream, DriverError, result, sys};

use crate::{
    Error,
    driver::{Driver, Kernel, Parameters, answer},
};

/// A graph in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    graph: sys::CUgraph,
    nodes: Vec<sys::CUgraphNode>,
    /// Of each node, how many come one after the other up to it.
    depths: Vec<usize>,
    stream: Arc<CudaStream>,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.stream.context().bind_to_thread().is_ok() {
            // SAFETY: made by `Draft::new` and destroyed here only. What was instantiated from it lives on.
            let _ = unsafe { result::graph::destroy(self.graph) };
        }
    }
}

impl Draft {
    pub(crate) fn new(driver: &Driver) -> Result<Self, Error> {
        let stream = Arc::clone(&driver.stream);
        stream.context().bind_to_thread().map_err(failed)?;
        let mut graph = ptr::null_mut();
        // SAFETY: the driver writes a handle to the place that it is given.
        unsafe { sys::cuGraphCreate(&raw mut graph, 0).result() }.map_err(failed)?;
        Ok(Self { graph, nodes: Vec::new(), depths: Vec::new(), stream })
    }

    /// Adds a launch that waits for those of `after`, by their numbers.
    ///
    /// # Safety
    /// As of [`Driver::launch`], and for as long as the graph is launched.
    pub(crate) unsafe fn add<P: Parameters>(
        &mut self,
        kernel: &Kernel<P>,
        [x, y]: [u32; 2],
        parameters: &P,
        after: &[usize],
    ) -> Result<(), Error> {
        self.stream.context().bind_to_thread().map_err(failed)?;
        let depth = after.iter().filter_map(|number| self.depths.get(*number)).max();
        let depth = depth.map_or(1, |before| before + 1);
        let after = after.iter().filter_map(|number| self.nodes.get(*number).copied());
        let after: Vec<sys::CUgraphNode> = after.collect();
        let mut pointers = [ptr::from_ref(parameters).cast::<c_void>().cast_mut()];
        let node = sys::CUDA_KERNEL_NODE_PARAMS {
            func: kernel.function(),
            gridDimX: x,
            gridDimY: y,
            gridDimZ: 1,
            blockDimX: kernel.threads(),
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            kernelParams: pointers.as_mut_ptr(),
            extra: ptr::null_mut(),
            kern: ptr::null_mut(),
            ctx: ptr::null_mut(),
        };
        let mut handle = ptr::null_mut();
        // SAFETY: the graph and the nodes in it live; the driver copies the node's description and the one
        // structure that its kernel takes; the caller vouches for what that points to.
        unsafe {
            sys::cuGraphAddKernelNode_v2(
                &raw mut handle,
                self.graph,
                after.as_ptr(),
                after.len(),
                &raw const node,
            )
            .result()
        }
        .map_err(|error| Error::Launch { op: kernel.name(), answer: answer(error) })?;
        self.nodes.push(handle);
        self.depths.push(depth);
        Ok(())
    }

    /// The graph, loaded onto the device.
    pub(crate) fn finish(self) -> Result<Graph, Error> {
        self.stream.context().bind_to_thread().map_err(failed)?;
        let flags = sys::CUgraphInstantiate_flags(0);
        // SAFETY: the graph lives, and no other thread has it.
        let executable = unsafe { result::graph::instantiate(self.graph, flags) };
        let graph = Graph {
            executable: executable.map_err(failed)?,
            launches: self.nodes.len(),
            depth: self.depths.iter().copied().max().unwrap_or(0),
            stream: Arc::clone(&self.stream),
        };
        // SAFETY: the executable was just made, and the stream lives.
        let uploaded = unsafe { result::graph::upload(graph.executable, graph.stream.cu_stream()) };
        uploaded.map_err(failed)?;
        Ok(graph)
    }
}

fn failed(error: DriverError) -> Error {
    Error::Launch { op: "record", answer: answer(error) }
}

/// A graph that can be launched.
#[derive(Debug)]
pub(crate) struct Graph {
    executable: sys::CUgraphExec,
    launches: usize,
    depth: usize,
    stream: Arc<CudaStream>,
}

impl Drop for Graph {
    fn drop(&mut self) {
        if self.stream.context().bind_to_thread().is_ok() {
            // SAFETY: made by `Draft::finish` and destroyed here only; the driver lets a launch end first.
            let _ = unsafe { result::graph::exec_destroy(self.executable) };
        }
    }
}

impl Graph {
    /// How many kernels it launches.
    pub(crate) const fn launches(&self) -> usize {
        self.launches
    }

    /// How many of them come one after the other.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// Gives the graph to the stream.
    ///
    /// # Safety
    /// The addresses that its launches were made with are still those of the same buffers.
    pub(crate) unsafe fn launch(&self) -> Result<(), Error> {
        let failed = |error| Error::Launch { op: "replay", answer: answer(error) };
        self.stream.context().bind_to_thread().map_err(failed)?;
        // SAFETY: the executable lives, and no other thread has it; the caller vouches for the buffers.
        unsafe { result::graph::launch(self.executable, self.stream.cu_stream()) }.map_err(failed)
    }
}
