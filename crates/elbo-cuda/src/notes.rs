//! What a step writes down at its end: values into logs, and counters that move on.

use crate::{
    Error,
    buffer::{Address, Arguments},
    driver::Parameters,
    work::Work,
};

/// Notes that a launch has room for, at most one a thread. In step with `MOST_NOTES` in update.cu.
const MOST_NOTES: usize = 16;

/// As in update.cu.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Note {
    log: Address,
    value: Address,
    counter: Address,
    len: u64,
    by: u64,
}

/// What one launch of `note` takes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Notes {
    notes: [Note; MOST_NOTES],
    fault: Address,
    count: u64,
}

impl Parameters for Notes {}

impl Notes {
    fn of(note: Note, fault: Address) -> Work {
        let mut notes = [Note::default(); MOST_NOTES];
        notes[0] = note;
        Work::Notes(Self { notes, fault, count: 1 })
    }

    /// Adds another launch's only note, unless there is no room.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        let count = self.count as usize;
        let room = count < MOST_NOTES;
        if room {
            self.notes[count] = other.notes[0];
            self.count += 1;
        }
        room
    }
}

/// A value written to a place of a log.
pub(crate) fn put(args: Arguments<'_>, fault: Address) -> Result<Work, Error> {
    args.expect(args.len(1)? == 1 && args.len(2)? == 1)?;
    let (log, value, counter) = (args.f32(0)?, args.f32(1)?, args.u32(2)?);
    Ok(Notes::of(Note { log, value, counter, len: args.len(0)? as u64, by: 0 }, fault))
}

/// A constant added to a counter.
pub(crate) fn advance(args: Arguments<'_>, by: u32, fault: Address) -> Result<Work, Error> {
    args.expect(args.len(0)? == 1)?;
    let counter = args.u32(0)?;
    Ok(Notes::of(Note { counter, by: u64::from(by), ..Note::default() }, fault))
}
