//! Threads that work on one thing together and wait for each other at barriers.
//!
//! A step's calls take microseconds each; waking a thread takes fifty. So the team is called once
//! for many steps, every member walks the same list of calls, and between calls that depend on each other
//! stands a barrier: it spins for some microseconds and then sleeps, for a core that someone else
//! needs must not be kept busy by waiting.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::Error;

/// How long a thread spins at a barrier before it sleeps. Two threads with a core each are seldom
/// further apart; one whose core was taken away is.
const PATIENCE: Duration = Duration::from_micros(30);

/// Turns of a spinning thread after which it looks again for something to do.
const TURNS_BETWEEN_LOOKS: usize = 8;

/// What a member of the team is given: its number, and where to wait.
type Work<'w> = dyn Fn(usize, &Barrier) + Sync + 'w;

/// The thread that asks, and `threads - 1` more.
#[derive(Debug)]
pub(crate) struct Team {
    post: Arc<Post>,
    /// Keeps the other threads, which stay in [`attend`] until the team is dropped.
    _pool: Option<ThreadPool>,
}

/// Where members wait for work.
struct Post {
    barrier: Barrier,
    /// `None` when the team goes home.
    work: Mutex<Option<&'static Work<'static>>>,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}

impl Team {
    pub(crate) fn new(threads: usize) -> Result<Self, Error> {
        let barrier = Barrier::new(threads);
        let post = Arc::new(Post { barrier, work: Mutex::new(None) });
        if threads <= 1 {
            return Ok(Self { post, _pool: None });
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads - 1)
            .thread_name(|number| format!("elbo-cpu-{}", number + 1))
            .build()
            .map_err(|source| Error::Threads { threads, source })?;
        let shared = Arc::clone(&post);
        pool.spawn_broadcast(move |member| attend(&shared, member.index() + 1));
        Ok(Self { post, _pool: Some(pool) })
    }

    /// Has each member, the calling thread as number 0, do `work`. Returns when all have.
    ///
    /// All of them must wait at the barrier equally often, and none may panic: that would end the
    /// program, as the others would wait for ever.
    #[allow(unsafe_code)]
    pub(crate) fn run<'w>(&mut self, work: &'w Work<'w>) {
        // SAFETY: only the lifetime is changed. Members use the reference between the two barriers
        // that this function passes as well, and are through with it before the second one. So it is
        // not used after this function returns, and it cannot unwind before (`one_turn` aborts).
        let lasting = unsafe { std::mem::transmute::<&'w Work<'w>, &'static Work<'static>>(work) };
        *self.post.work() = Some(lasting);
        self.post.barrier.wait();
        one_turn(work, 0, &self.post.barrier);
        self.post.barrier.wait();
        *self.post.work() = None;
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // No work at the post: the others go home.
        self.post.barrier.wait();
    }
}

impl Post {
    fn work(&self) -> MutexGuard<'_, Option<&'static Work<'static>>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The life of a member.
fn attend(post: &Post, number: usize) {
    loop {
        post.barrier.wait();
        let Some(work) = *post.work() else { return };
        one_turn(work, number, &post.barrier);
        post.barrier.wait();
    }
}

/// Does the work.
fn one_turn(work: &Work<'_>, number: usize, barrier: &Barrier) {
    let bomb = Bomb;
    work(number, barrier);
    std::mem::forget(bomb);
}

/// Ends the program when it is dropped, which only a panic does.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::process::abort();
    }
}

/// A place that threads leave together.
pub(crate) struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
    spins: usize,
}

impl Barrier {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
            spins: if threads > 1 { spins() } else { 0 },
        }
    }

    /// Waits for all the others. What any of them wrote before, this thread sees afterwards.
    pub(crate) fn wait(&self) {
        self.wait_and(|| false);
    }

    /// Waits for all the others, and meanwhile does what there is to do: `help` says whether it did something.
    pub(crate) fn wait_and(&self, mut help: impl FnMut() -> bool) {
        if self.threads <= 1 {
            return;
        }
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::SeqCst);
            // A sleeper counts itself before it looks at the round a last time: either it is counted
            // here, or it sees the new round.
            if self.sleepers.load(Ordering::SeqCst) > 0 {
                let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
                self.wake.notify_all();
            }
            return;
        }
        let mut spins = 0;
        while spins < self.spins {
            if self.round.load(Ordering::Acquire) != round {
                return;
            }
            // To look for something to do takes longer than a turn.
            if spins % TURNS_BETWEEN_LOOKS == 0 && help() {
                continue;
            }
            std::hint::spin_loop();
            spins += 1;
        }
        self.sleep(round);
    }

    fn sleep(&self, round: usize) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.round.load(Ordering::SeqCst) == round {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How many turns of a spinning loop take [`PATIENCE`]: processors differ by a factor of ten.
fn spins() -> usize {
    const TRIAL: u32 = 200;
    let turn = || {
        let start = Instant::now();
        (0..TRIAL).for_each(|_| std::hint::spin_loop());
        start.elapsed()
    };
    let shortest = (0..3).map(|_| turn()).min().unwrap_or_default().max(Duration::from_nanos(200));
    let spins = PATIENCE.as_nanos() * u128::from(TRIAL) / shortest.as_nanos();
    usize::try_from(spins).unwrap_or(usize::MAX).clamp(50, 30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_works_and_sees_what_the_others_did_before_the_barrier() {
        for threads in [1, 2, 5] {
            let mut team = Team::new(threads).unwrap();
            for _ in 0..if cfg!(miri) { 3 } else { 100 } {
                let counts: Vec<AtomicUsize> = (0..threads).map(|_| AtomicUsize::new(0)).collect();
                team.run(&|number, barrier| {
                    for round in 1..=3 {
                        counts[number].fetch_add(1, Ordering::Relaxed);
                        barrier.wait();
                        let next = counts[(number + 1) % threads].load(Ordering::Relaxed);
                        assert_eq!(next, round, "thread {number} of {threads}");
                        barrier.wait();
                    }
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 3));
            }
        }
    }

    #[test]
    fn a_team_that_slept_wakes_up() {
        let mut team = Team::new(2).unwrap();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(5));
            let done = AtomicUsize::new(0);
            team.run(&|_, _| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.load(Ordering::Relaxed), 2);
        }
    }
}
