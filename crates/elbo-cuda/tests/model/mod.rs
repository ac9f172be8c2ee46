//! A small model on any backend, its data, parameters and learning rate written: ready for `train`.

use elbo_tensor::{Backend, Run, Session};
use elbo_vae::{Config, Entries, Sizes};

/// Sizes that no tile divides, and images for so many steps.
pub fn config(batch_size: usize, steps: usize) -> Config {
    Config {
        sizes: Sizes { input: 21, hidden: 19, latent: 3 },
        batch_size,
        train_images: batch_size * steps,
        test_images: 1,
        ..Config::default()
    }
}

pub fn session<B: Backend>(backend: B, config: &Config) -> (Session<B>, Entries) {
    let (program, entries) = Entries::plan(config).unwrap();
    let mut session = Session::new(backend, program).unwrap();
    let (count, width) = (config.train_images, config.sizes.input);
    let pixels: Vec<u8> = (0..count * width).map(|i| (i * 89 % 251) as u8).collect();
    session.write(entries.train.pixels, pixels[..].into()).unwrap();
    let order: Vec<u32> = (0..count as u32).rev().collect();
    session.write(entries.train.order, order[..].into()).unwrap();
    for (n, parameter) in entries.state().iter().enumerate().take(entries.parameters.len()) {
        let len = session.program().graph().node(parameter.id).shape.len();
        let values: Vec<f32> = (0..len).map(|i| ((i * 7 + n) % 13) as f32 * 0.02 - 0.12).collect();
        session.write(parameter.id, values[..].into()).unwrap();
    }
    session.write(entries.optimizer.learning_rate, (&[1e-3_f32][..]).into()).unwrap();
    (session, entries)
}
