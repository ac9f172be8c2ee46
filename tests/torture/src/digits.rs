//! Images to train on: dark, with a bright bar that differs by label, and noise.

use std::{fs, io, path::Path};

use crate::dice::Dice;

const SIDE: u32 = 28;

/// Writes a small set in MNIST's four files, the same bytes each time.
///
/// # Errors
/// When the system does not let it.
pub fn write(folder: &Path, train: u32, test: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut dice = Dice::new(u64::from(train));
    for (name, count) in [("train", train), ("t10k", test)] {
        let mut images = head(3, &[count, SIDE, SIDE]);
        let mut labels = head(1, &[count]);
        for _ in 0..count {
            let label = dice.below(10) as u8;
            labels.push(label);
            for place in 0..SIDE * SIDE {
                let row = place / SIDE;
                let bright = row / 3 == u32::from(label);
                let noise = dice.below(if bright { 60 } else { 20 }) as u8;
                images.push(if bright { 195 + noise } else { noise });
            }
        }
        fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images)?;
        fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels)?;
    }
    Ok(())
}

/// The beginning of an IDX file of bytes.
fn head(dimensions: u8, sizes: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes
}
