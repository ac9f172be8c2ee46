//! The kernels, loaded: each with the structure that it takes.

use crate::{
    Error,
    device::Version,
    driver::{Code, Driver, Image, Kernel, Module, answer},
    elementwise::Run,
    notes::Notes,
    optimizer::Tensors,
    product::{self, AdamProducts, Sums},
    reduce::{ColumnSums, Matrix, Sum},
    source::{Gather, Normal},
};

/// A family as it is shipped, made from `kernels/NAME.cu` by `cargo xtask ptx`.
macro_rules! image {
    ($name:literal) => {{
        static CODE: &Code<[u8]> =
            &Code(*include_bytes!(concat!("../kernels/sm_90/", $name, ".cubin")));
        let ptx = concat!(include_str!(concat!("../kernels/ptx/", $name, ".ptx")), "\0");
        Image { ptx, code: CODE }
    }};
}

/// A product of each kind of sums, plain and into Adam.
#[derive(Debug)]
pub(crate) struct Products {
    pub(crate) product: Kernel<product::Products>,
    pub(crate) adam: Kernel<AdamProducts>,
}

/// All kernels.
#[derive(Debug)]
pub(crate) struct Kernels {
    pub(crate) elementwise: Kernel<Run>,
    pub(crate) gather: Kernel<Gather>,
    pub(crate) normal: Kernel<Normal>,
    pub(crate) sum: Kernel<Sum>,
    pub(crate) sum_rows: Kernel<ColumnSums>,
    pub(crate) sum_columns: Kernel<Matrix>,
    pub(crate) adam: Kernel<Tensors>,
    pub(crate) note: Kernel<Notes>,
    small: Products,
    large: Products,
    split: Products,
    short: Products,
    /// What the kernels are part of; dropped with them.
    _modules: [Module; 5],
}

impl Kernels {
    /// Loads them all onto a device of a compute capability.
    pub(crate) fn load(driver: &Driver, capability: Version) -> Result<Self, Error> {
        let refused = |error| Error::Driver { answer: answer(error) };
        let load = |image: Image| driver.load(&image, capability).map_err(refused);
        let elementwise = load(image!("elementwise"))?;
        let source = load(image!("source"))?;
        let reduce = load(image!("reduce"))?;
        let update = load(image!("update"))?;
        let product = load(image!("product"))?;
        let products = |plain, adam| {
            Ok(Products { product: product.kernel(plain, 256)?, adam: product.kernel(adam, 256)? })
        };
        Ok(Self {
            elementwise: elementwise.kernel("elementwise", 256)?,
            gather: source.kernel("gather", 256)?,
            normal: source.kernel("normal", 128)?,
            sum: reduce.kernel("sum", 256)?,
            sum_rows: reduce.kernel("sum_rows", 256)?,
            sum_columns: reduce.kernel("sum_columns", 256)?,
            adam: update.kernel("adam", 256)?,
            note: update.kernel("note", 32)?,
            small: products("product_16", "adam_product_16")?,
            large: products("product_32", "adam_product_32")?,
            split: products("product_tf32x3", "adam_product_tf32x3")?,
            short: products("product_tf32", "adam_product_tf32")?,
            _modules: [elementwise, source, reduce, update, product],
        })
    }

    pub(crate) const fn products(&self, sums: Sums) -> &Products {
        match sums {
            Sums::Small => &self.small,
            Sums::Large => &self.large,
            Sums::Split => &self.split,
            Sums::Short => &self.short,
        }
    }
}
