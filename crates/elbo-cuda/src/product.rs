//! Matrix products, their epilogues, and which kernel computes which.

use elbo_tensor::Activation;

use crate::{
    Error, Precision,
    buffer::{Address, Arguments},
    driver::Parameters,
    optimizer::{Adam, Betas},
    work::Work,
};

/// With fewer tiles than this of 32 × 32, those of 16 × 16 keep more of a device busy.
const FEW_TILES: usize = 128;

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
                if (tiles as usize) < FEW_TILES { Self::Small } else { Self::Large }
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
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Factor {
    values: Address,
    outer: u32,
    k: u32,
    along_k: u32,
    unused: u32,
}

/// As in product.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Product {
    a: Factor,
    b: Factor,
    out: Address,
    bias: Address,
    mask: Address,
    activation: u64,
}

impl Parameters for Product {}

/// As in product.cu.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct AdamProduct {
    a: Factor,
    b: Factor,
    adam: Adam,
}

impl Parameters for AdamProduct {}

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
    Ok(Work::Product(product, sums, tiles))
}

/// A step of Adam whose gradient is aᵀ · b.
pub(crate) fn adam_product(
    args: Arguments<'_>,
    betas: Betas,
    precision: Precision,
) -> Result<Work, Error> {
    let factors = Factors::of(args, 1, (true, false))?;
    let (sums, tiles) = factors.sums(args, precision)?;
    let Factors { a, b, .. } = factors;
    Ok(Work::AdamProduct(AdamProduct { a, b, adam: Adam::of(args, 3, betas)? }, sums, tiles))
}
