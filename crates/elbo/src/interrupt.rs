//! Ctrl-C and SIGTERM: the first asks for an end after the step, a second one ends the program at once.
//! A limit on the size of files ends nothing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// What shells report for a program that a signal ended: this plus the signal's number.
const BY_SIGNAL: i32 = 128;

/// Makes a limit on the size of files (`ulimit -f`) an error of the write that meets it, as a full disk
/// is, rather than the end of the program without a word.
pub(crate) fn outlive_limits_of_size() {
    #[cfg(unix)]
    {
        // Where the signal cannot be taken, it does what it always does.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// Signals that are waited for from now on.
pub(crate) struct Interrupt {
    /// The signal that came, 0 for none.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    pub(crate) fn listen() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let armed = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down, and puts it up.
            flag::register_conditional_shutdown(number, BY_SIGNAL + number, Arc::clone(&armed))?;
            flag::register(number, Arc::clone(&armed))?;
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
        }
        Ok(Self { signal })
    }

    /// The exit code that tells of the signal, once one has come.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        let signal = self.signal.load(Ordering::Relaxed);
        let code = (signal > 0).then_some(BY_SIGNAL as usize + signal)?;
        u8::try_from(code).ok()
    }
}
