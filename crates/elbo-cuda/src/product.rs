//! Matrix products, their epilogues, and which kernel computes which.

use elbo_tensor::Activation;

use crate::{
    Error, Precision,
    buffer::{Address, Arguments},
    driver::Parameters,
    elementwise::Run,
    optimizer::{Adam, Betas},
    work::Work,
};

/// With fewer tiles than this of 32 × 32, those of 16 × 16 keep more of a device busy.
const FEW_TILES: u32 = 128;
/// Products of one shape that a launch has room for. In step with `MOST_PRODUCTS` in product.cu.
const MOST_PRODUCTS: usize = 2;
/// Terms of a sum beyond which a launch of its own takes less time than waiting for another product's sums.
const MOST_TERMS: u32 = 512;
/// Weights that a launch has room for. In step with `MOST_ADAM_PRODUCTS` in product.cu.
const MOST_ADAM_PRODUCTS: usize = 4;

/// How a product's sums are made: tile and arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sums {
    /// Tiles of 16 × 16, single precision.
    Small,
    /// Tiles of 32 × 32, single precision.
    Large,
    /// Tiles of 32 × 32 on tensor cores, each number in two parts.
    Split,
    /// Tiles of 32 × 32 on tensor cores, each number rounded to 11 bits.
    Short,
}

impl Sums {
    fn of(precision: Precision, rows: u32, columns: u32) -> Self {
        match precision {
            Precision::Single => {
                let tiles = Self::Large.tiles(rows, columns).unwrap_or(u32::MAX);
                if tiles < FEW_TILES { Self::Small } else { Self::Large }
            }
            Precision::Tf32x3 => Self::Split,
            Precision::Tf32 => Self::Short,
        }
    }

    /// Tiles that cover a result, if they can be counted.
    fn tiles(self, rows: u32, columns: u32) -> Option<u32> {
        let side = if self == Self::Small { 16 } else { 32 };
        let tiles = rows.div_ceil(side).checked_mul(columns.div_ceil(side))?;
        (tiles <= i32::MAX as u32).then_some(tiles)
    }
}

/// As in tile.cuh.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Factor {
    values: Address,
    outer: u32,
    k: u32,
    along_k: u32,
    unused: u32,
}

/// As in product.cu.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Product {
    a: Factor,
    b: Factor,
    out: Address,
    bias: Address,
    mask: Address,
    activation: u64,
}

impl Product {
    const fn shape(&self) -> (u32, u32) {
        (self.a.outer, self.b.outer)
    }
}

/// Products of one shape, one after the other for each tile, then a run over their values. As in product.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Products {
    products: [Product; MOST_PRODUCTS],
    run: Run,
    count: u64,
}

impl Parameters for Products {}

impl Products {
    fn of(product: Product, len: usize) -> Self {
        let mut products = [Product::default(); MOST_PRODUCTS];
        products[0] = product;
        Self { products, run: Run::of(len), count: 1 }
    }

    /// Adds another launch's only product, if that has the same shape and few terms a sum and there is room.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        let (count, [first, ..]) = (self.count as usize, &self.products);
        let new = &other.products[0];
        let terms = first.a.k.max(new.a.k);
        // A run has been over the values that are there.
        let fits = self.run.is_empty() && other.run.is_empty() && count < MOST_PRODUCTS;
        if !fits || first.shape() != new.shape() || terms > MOST_TERMS {
            return false;
        }
        self.products[count] = *new;
        self.count += 1;
        true
    }

    /// Adds another run's only step, if it is as long as the products.
    pub(crate) fn append_step(&mut self, other: &Run) -> bool {
        self.run.append(other)
    }
}

/// As in product.cu.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct AdamProduct {
    a: Factor,
    b: Factor,
    adam: Adam,
}

/// Steps of Adam, each with a product as its gradient. As in product.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct AdamProducts {
    products: [AdamProduct; MOST_ADAM_PRODUCTS],
}

impl Parameters for AdamProducts {}

impl AdamProducts {
    /// Adds another launch's only product, unless there is no room or either fills a device by itself.
    pub(crate) fn append(&mut self, other: &Self, sums: Sums) -> bool {
        let few = |all: &Self| all.grid(sums)[0] < FEW_TILES;
        if !few(self) || !few(other) {
            return false;
        }
        let free = self.products.iter_mut().find(|product| product.adam.is_none());
        free.map(|free| *free = other.products[0]).is_some()
    }

    /// Tiles of the largest, times products.
    pub(crate) fn grid(&self, sums: Sums) -> [u32; 2] {
        let there = self.products.iter().filter(|product| !product.adam.is_none());
        // Counted when the work was made, so they can be.
        let tiles =
            there.clone().filter_map(|product| sums.tiles(product.a.outer, product.b.outer));
        [tiles.max().unwrap_or(0), there.count() as u32]
    }
}

/// Whether each factor is transposed.
pub(crate) type Turned = (bool, bool);

/// What is done to each sum.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Epilogue {
    /// Nothing.
    None,
    /// The third argument is added to each row, then the activation applied.
    Layer(Activation),
    /// It counts where the third argument is above 0.
    Mask,
}

/// Result's rows and columns, and both factors.
struct Factors {
    rows: u32,
    columns: u32,
    a: Factor,
    b: Factor,
}

impl Factors {
    /// The arguments at `first` and behind it.
    fn of(args: Arguments<'_>, first: usize, (turn_a, turn_b): Turned) -> Result<Self, Error> {
        let turned = |(rows, columns), turn| if turn { (columns, rows) } else { (rows, columns) };
        let (rows, k) = turned(args.matrix(first)?, turn_a);
        let (k_too, columns) = turned(args.matrix(first + 1)?, turn_b);
        args.expect(k == k_too && args.call.out.shape.as_matrix() == Some((rows, columns)))?;
        let (rows, k, columns) = (args.size(rows)?, args.size(k)?, args.size(columns)?);
        let factor = |values, outer, along_k| Factor {
            values,
            outer,
            k,
            along_k: u32::from(along_k),
            unused: 0,
        };
        let a = factor(args.f32(first)?, rows, !turn_a);
        let b = factor(args.f32(first + 1)?, columns, turn_b);
        Ok(Self { rows, columns, a, b })
    }

    /// Sums of a precision, and how many blocks they take.
    fn sums(&self, args: Arguments<'_>, precision: Precision) -> Result<(Sums, u32), Error> {
        let sums = Sums::of(precision, self.rows, self.columns);
        let size = self.rows.max(self.columns) as usize;
        let tiles =
            sums.tiles(self.rows, self.columns).ok_or(Error::Size { op: args.op(), size })?;
        Ok((sums, tiles))
    }
}

pub(crate) fn product(
    args: Arguments<'_>,
    turned: Turned,
    epilogue: Epilogue,
    precision: Precision,
) -> Result<Work, Error> {
    let factors = Factors::of(args, 0, turned)?;
    let (sums, tiles) = factors.sums(args, precision)?;
    let (mut bias, mut mask, mut activation) = (0, 0, Activation::Identity);
    match epilogue {
        Epilogue::None => {}
        Epilogue::Layer(applied) => {
            args.expect(args.len(2)? == factors.columns as usize)?;
            (bias, activation) = (args.f32(2)?, applied);
        }
        Epilogue::Mask => {
            args.expect(args.len(2)? == args.call.out.shape.len())?;
            mask = args.f32(2)?;
        }
    }
    // The numbers by which product.cu knows them.
    let activation = match activation {
        Activation::Identity => 0,
        Activation::Relu => 1,
        Activation::Tanh => 2,
    };
    let Factors { a, b, .. } = factors;
    let product = Product { a, b, out: args.out()?, bias, mask, activation };
    let len = args.call.out.shape.len();
    Ok(Work::Product(Products::of(product, len), sums, tiles))
}

/// A step of Adam whose gradient is aᵀ · b.
pub(crate) fn adam_product(
    args: Arguments<'_>,
    betas: Betas,
    precision: Precision,
) -> Result<Work, Error> {
    let factors = Factors::of(args, 1, (true, false))?;
    let (sums, _) = factors.sums(args, precision)?;
    let Factors { a, b, .. } = factors;
    let mut products = [AdamProduct::default(); MOST_ADAM_PRODUCTS];
    products[0] = AdamProduct { a, b, adam: Adam::of(args, 3, betas)? };
    Ok(Work::AdamProduct(AdamProducts { products }, sums))
}
