//! Many steps at once: fewer launches, the same bits.

mod device;

use elbo_cuda::Cuda;
use elbo_tensor::{Run, Session};
use elbo_vae::{Config, Entries, Sizes};

const BATCH: usize = 6;
const STEPS: usize = 19;

/// What a training leaves after runs of so many steps each: all state, logs and counters. And how many launches that took.
fn after(cuda: Cuda, runs: &[usize]) -> (Vec<Vec<f32>>, [u32; 2], Option<u32>) {
    let config = Config {
        sizes: Sizes { input: 21, hidden: 11, latent: 3 },
        batch_size: BATCH,
        train_images: BATCH * STEPS,
        test_images: 1,
        ..Config::default()
    };
    let (program, entries) = Entries::plan(&config).unwrap();
    let train = program.find("train").unwrap();
    let mut session = Session::new(cuda, program).unwrap();
    let pixels: Vec<u8> = (0..config.train_images * 21).map(|i| (i * 89 % 251) as u8).collect();
    session.write(entries.train.pixels, pixels[..].into()).unwrap();
    let order: Vec<u32> = (0..config.train_images as u32).rev().collect();
    session.write(entries.train.order, order[..].into()).unwrap();
    for (n, tensor) in entries.state().iter().enumerate().take(entries.parameters.len()) {
        let len = session.program().graph().node(tensor.id).shape.len();
        let values: Vec<f32> = (0..len).map(|i| ((i * 7 + n) % 13) as f32 * 0.01 - 0.06).collect();
        session.write(tensor.id, values[..].into()).unwrap();
    }
    session.write(entries.optimizer.learning_rate, (&[1e-3_f32][..]).into()).unwrap();
    let before = device::graph_launches();
    for times in runs {
        session.run(train, *times).unwrap();
    }
    let launches = device::graph_launches().zip(before).map(|(after, before)| after - before);
    let logs = [entries.train.reconstruction_log, entries.train.kl_log];
    let state: Vec<_> = entries.state().iter().map(|tensor| tensor.id).chain(logs).collect();
    let values = state.iter().map(|id| session.read_f32(*id).unwrap()).collect();
    let counters = [entries.optimizer.step, entries.train.cursor];
    (values, counters.map(|id| session.read_counter(id).unwrap()), launches)
}

#[test]
fn sixteen_steps_take_one_launch_and_leave_the_bits_of_sixteen() {
    let Some(cuda) = device::cuda() else { return };
    let one_by_one = after(cuda.another().unwrap(), &[1; STEPS]);
    let at_once = after(cuda.another().unwrap(), &[STEPS]);
    let in_pieces = after(cuda, &[17, 0, 2]);
    let [(singles, counters, count), others @ ..] = [one_by_one, at_once, in_pieces];
    assert!(singles.iter().flatten().all(|value| value.is_finite()));
    assert_eq!(counters, [STEPS as u32, (STEPS * BATCH) as u32]);
    for (values, moved, _) in &others {
        assert!(*values == singles && *moved == counters);
    }
    if count.is_some() {
        // 19 = 16 + 3, and 17 = 16 + 1 with 2 more.
        assert_eq!([count, others[0].2, others[1].2], [Some(19), Some(4), Some(4)]);
    }
}
