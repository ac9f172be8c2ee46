//! Many steps at once: fewer launches, the same bits.

mod device;
mod model;

use elbo_cuda::Cuda;
use elbo_tensor::Run;

const BATCH: usize = 6;
const STEPS: usize = 19;

/// What a training leaves after runs of so many steps each: all state, logs and counters. And how many launches that took.
fn after(cuda: Cuda, runs: &[usize]) -> (Vec<Vec<f32>>, [u32; 2], Option<u32>) {
    let (mut session, entries) = model::session(cuda, &model::config(BATCH, STEPS));
    let train = session.program().find("train").unwrap();
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

/// Two sessions take turns on one stream, and a third has a stream of its own. Nobody sees the others.
#[test]
fn sessions_side_by_side_do_not_meet() {
    let Some(cuda) = device::cuda() else { return };
    let config = model::config(BATCH, 3);
    let other = Cuda::new(0).unwrap();
    let backends = [cuda.another().unwrap(), cuda.another().unwrap(), other];
    let mut sessions = backends.map(|backend| model::session(backend, &config));
    drop(cuda);
    for _ in 0..3 {
        for (session, _) in &mut sessions {
            let train = session.program().find("train").unwrap();
            session.run(train, 1).unwrap();
        }
    }
    let [first, second, third] = sessions.map(|(session, entries)| {
        let state = entries.state();
        state.iter().map(|tensor| session.read_f32(tensor.id).unwrap()).collect::<Vec<_>>()
    });
    assert!(first == second && first == third);
}
