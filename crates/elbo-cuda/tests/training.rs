//! A model trained on the device: as on the CPU, and the same bits each time.

mod device;

use elbo_cpu::Cpu;
use elbo_cuda::{Cuda, Precision};
use elbo_tensor::{Backend, Program, Run, Session};
use elbo_vae::{Config, Sizes, Vae};

/// Of every size one that no tile divides, and a last batch that is smaller.
const SIZES: Sizes = Sizes { input: 49, hidden: 37, latent: 5 };
const TRAIN: usize = 90;
const EPOCHS: usize = 5;

fn config() -> Config {
    Config {
        sizes: SIZES,
        batch_size: 20,
        train_images: TRAIN,
        test_images: 33,
        ..Config::default()
    }
}

fn open<B>(backend: B, program: Program) -> elbo_tensor::Result<Box<dyn Run>>
where
    B: Backend + 'static,
    B::Buffer: 'static,
    B::Replay: 'static,
{
    Ok(Box::new(Session::new(backend, program)?))
}

/// Bars whose place depends on the picture's number.
fn pictures(count: usize, first: usize) -> Vec<u8> {
    let pixel = |n: usize, i: usize| if (i + n) % 7 < 1 + n % 3 { 230 } else { 10 };
    (first..first + count).flat_map(|n| (0..SIZES.input).map(move |i| pixel(n, i))).collect()
}

/// Everything that a training gives: a loss an epoch, the test loss, all parameters and moments.
fn trained(open: impl FnOnce(Program) -> elbo_tensor::Result<Box<dyn Run>>) -> Trained {
    let mut vae = Vae::new(&config(), open).unwrap();
    vae.write_train_images(pictures(TRAIN, 0)).unwrap();
    vae.write_test_images(pictures(33, 500)).unwrap();
    let order: Vec<u32> = (0..TRAIN as u32).rev().collect();
    let mut losses = Vec::new();
    for _ in 0..EPOCHS {
        vae.begin_epoch(&order).unwrap();
        while vae.train(usize::MAX).unwrap() > 0 {}
        losses.push(vae.epoch_losses().unwrap().mean.total());
    }
    losses.push(vae.evaluate().unwrap().total());
    let checkpoint = vae.checkpoint(().into()).unwrap();
    let tensors = checkpoint.tensors.into_iter().map(|(name, tensor)| {
        let values = tensor.values;
        (name, values)
    });
    Trained { losses, tensors: tensors.collect() }
}

#[derive(Debug, PartialEq)]
struct Trained {
    losses: Vec<f64>,
    tensors: Vec<(String, Vec<f32>)>,
}

/// The largest difference over all values, as a share of the largest magnitude.
fn apart(here: &[f32], there: &[f32]) -> f32 {
    assert_eq!(here.len(), there.len());
    let largest = there.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let difference = here.iter().zip(there).map(|(x, y)| (x - y).abs());
    difference.fold(0.0, f32::max) / largest
}

#[track_caller]
fn is_as_on_the_cpu(precision: Precision, allowed: f32) {
    let Some(cuda) = device::cuda() else { return };
    let cuda = cuda.with_precision(precision);
    let here = trained(|program| open(cuda, program));
    let there = trained(|program| open(Cpu::new(1).unwrap(), program));
    for (x, y) in here.losses.iter().zip(&there.losses) {
        assert!((x / y - 1.0).abs() < f64::from(allowed), "{here:?}\n{there:?}");
    }
    assert!(here.losses[EPOCHS - 1] < 0.85 * here.losses[0], "{:?}", here.losses);
    for ((name, x), (_, y)) in here.tensors.iter().zip(&there.tensors) {
        assert!(apart(x, y) < allowed, "{name}: {} apart", apart(x, y));
    }
}

#[test]
fn twenty_five_steps_are_those_of_the_cpu() {
    is_as_on_the_cpu(Precision::Single, 1e-4);
}

#[test]
fn numbers_in_two_parts_are_as_good() {
    is_as_on_the_cpu(Precision::Tf32x3, 1e-4);
}

/// Rounded to 11 bits a training goes elsewhere, but not far.
#[test]
fn tf32_trains_too() {
    is_as_on_the_cpu(Precision::Tf32, 0.2);
}

#[test]
fn one_seed_gives_one_result() {
    let Some(cuda) = device::cuda() else { return };
    let (first, second) = (cuda.another().unwrap(), cuda);
    let first = trained(|program| open(first, program));
    assert_eq!(first, trained(|program| open(second, program)));
}

/// A step of the default model has 55 calls.
#[test]
fn calls_that_nothing_keeps_apart_share_a_launch() {
    let Some(cuda) = device::cuda() else { return };
    // Which updates share a launch is a matter of their size.
    let config = Config { train_images: 1_280, test_images: 128, ..Config::default() };
    let (program, _) = elbo_vae::Entries::plan(&config).unwrap();
    let mut memory = elbo_tensor::Memory::new(
        program.slots().iter().map(|slot| cuda.alloc(slot.dtype, slot.len).unwrap()).collect(),
    );
    let train = program.planned(program.find("train").unwrap());
    let replay = cuda.record(train, &mut memory).unwrap();
    let (calls, launches, depth) = (train.calls().len(), replay.launches(), replay.depth());
    let figures = format!("{calls} calls, {launches} launches, {depth} one after the other");
    assert!(launches <= 17 && depth <= 10, "{figures}");
    println!("{figures}");
    let (steps, depth_of_all) = replay.chain().unwrap();
    let figures =
        format!("{steps} steps in one launch, {depth_of_all} kernels one after the other");
    // The next step's batch is gathered while this one's last counter moves.
    assert!(depth_of_all <= steps * (depth - 1) + 1, "{figures}");
    println!("{figures}");
    let decode = program.planned(program.find("decode").unwrap());
    assert_eq!(cuda.record(decode, &mut memory).unwrap().chain(), None, "changes nothing");
}

/// A graph holds addresses, so it must not run on other memory.
#[test]
fn a_replay_on_other_buffers_is_refused() {
    let Some(cuda) = device::cuda() else { return };
    let (program, _) = elbo_vae::Entries::plan(&config()).unwrap();
    let buffers = || program.slots().iter().map(|slot| cuda.alloc(slot.dtype, slot.len).unwrap());
    let mut memory = elbo_tensor::Memory::new(buffers().collect());
    let mut others = elbo_tensor::Memory::new(buffers().collect());
    let entry = program.planned(program.find("sample").unwrap());
    let replay = cuda.record(entry, &mut memory).unwrap();
    cuda.replay(entry, &replay, &mut memory, 2).unwrap();
    let message = cuda.replay(entry, &replay, &mut others, 1).unwrap_err().to_string();
    assert_eq!(message, "sample: was recorded with other buffers; record it again");
}

/// Recording computes nothing, and nothing is left of it.
#[test]
fn recording_leaves_no_trace() {
    let Some(cuda) = device::cuda() else { return };
    let (program, entries) = elbo_vae::Entries::plan(&config()).unwrap();
    let session = Session::new(cuda, program).unwrap();
    assert_eq!(session.read_counter(entries.optimizer.step).unwrap(), 0);
    assert_eq!(session.read_counter(entries.train.cursor).unwrap(), 0);
    for tensor in entries.state() {
        assert!(session.read_f32(tensor.id).unwrap().iter().all(|x| *x == 0.0), "{}", tensor.name);
    }
}

/// A kernel cannot return an error: it leaves word, and who reads next is told.
#[test]
fn an_index_out_of_range_is_an_error_when_values_are_read() {
    let Some(cuda) = device::cuda() else { return };
    let (program, entries) = elbo_vae::Entries::plan(&config()).unwrap();
    let train = program.find("train").unwrap();
    let mut session = Session::new(cuda, program).unwrap();
    let order = vec![7_u32; TRAIN];
    session.write(entries.train.order, order[..].into()).unwrap();
    session.run(train, 5).unwrap();
    let message = session.read_counter(entries.train.cursor).unwrap_err().to_string();
    assert!(message.contains("gather: a batch ends past the end of the order"), "{message}");
    assert_eq!(session.read_counter(entries.train.cursor).unwrap(), 100);
}

#[test]
fn a_buffer_that_no_device_holds_is_refused_with_its_size() {
    let Some(cuda) = device::cuda() else { return };
    for len in [1 << 44, 1 << 62] {
        let message = cuda.alloc(elbo_tensor::Dtype::F32, len).unwrap_err().to_string();
        assert!(message.starts_with("cuda: no memory on the device for a buffer of"), "{message}");
    }
    // The device is as good as before.
    cuda.alloc(elbo_tensor::Dtype::F32, 4).unwrap();
    let message = Cuda::new(99).unwrap_err().to_string();
    assert!(message.starts_with("cuda: there is no device 99, only "), "{message}");
}
