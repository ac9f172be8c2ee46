//! Ops that values come from: noise and batches.

use elbo_tensor::random::{block_counter, normal_pair, philox};

use super::{Refusal, operands::Arguments};

/// Normals 4b, 4b + 1 come from words 0 and 1 of block b, normals 4b + 2, 4b + 3 from words 2 and 3.
pub(super) fn normal(args: Arguments<'_>, stream: u32) -> Result<Vec<f64>, Refusal> {
    let key: [u32; 2] = args.u32(0)?.try_into().map_err(|_| args.refuse("a key has two words"))?;
    let step = args.count(1)?;
    let len = args.call.out.shape.len();
    let mut normals = Vec::with_capacity(len + 3);
    for block in 0..len.div_ceil(4) as u64 {
        let words = philox(block_counter(block, step, stream), key);
        normals.extend(normal_pair([words[0], words[1]]));
        normals.extend(normal_pair([words[2], words[3]]));
    }
    normals.truncate(len);
    Ok(normals)
}

/// Row r of the result is row `order[cursor + r]`, each pixel x as (x / 255 − mean) / std.
pub(super) fn gather(args: Arguments<'_>, mean: f32, std: f32) -> Result<Vec<f64>, Refusal> {
    let (pixels, order, cursor) = (args.u8(0)?, args.u32(1)?, args.count(2)? as usize);
    let (count, width) = args.matrix(0)?;
    let (batch, _) = args.result_matrix()?;
    let mut result = Vec::with_capacity(batch * width);
    for row in 0..batch {
        let place = cursor + row;
        let Some(index) = order.get(place) else {
            let fact = format!("row {row} is place {place} of an order of {}", order.len());
            return Err(args.refuse(fact));
        };
        let start = *index as usize * width;
        let Some(image) = pixels.get(start..start + width) else {
            let fact = format!("row {row} is image {index} of {count} (place {place})");
            return Err(args.refuse(fact));
        };
        let share = |pixel: &u8| f64::from(*pixel) / 255.0;
        result.extend(image.iter().map(|x| (share(x) - f64::from(mean)) / f64::from(std)));
    }
    Ok(result)
}
