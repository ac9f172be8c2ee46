//! Asking for memory before it is needed: a line that is on its way costs nothing once work gets to it.
//!
//! A core finds by itself what lies one after the other in few places. It does not find the first lines of a
//! place, rows in random order, or lines that it has to take from another core before it may write them.

#![allow(unsafe_code)]

use crate::aligned::LANES;

/// Asks for what lies at a place, to read it soon.
#[inline(always)]
pub(crate) fn ask<T>(place: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint to the core. It reads nothing, so any address will do.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(place.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}

/// Asks for the lines of some values, to write them soon.
#[inline(always)]
pub(crate) fn ask_to_write(values: &mut [f32]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in values.chunks_mut(LANES) {
        // SAFETY: a hint as well, and nothing to processors that do not know it. Written out, because the
        // compiler makes of its own hint one to read.
        unsafe {
            std::arch::asm!(
                "prefetchw [{}]", in(reg) line.as_mut_ptr(),
                options(nostack, preserves_flags, readonly)
            );
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = values;
}

/// Values that will be read after a loop, asked for on the way, a line at a time.
#[derive(Clone, Copy)]
pub(crate) struct Ahead<'m> {
    first: &'m f32,
    /// How far the last one is from the first.
    last: usize,
    /// From a line that is asked for to the next.
    stride: usize,
}

impl<'m> Ahead<'m> {
    /// Nothing to ask for: a place that is always near.
    pub(crate) const NOTHING: Self = Self { first: &0.0, last: 0, stride: 0 };

    /// Part `number` of `parts` of some values, for a loop that asks so many times. Where that is
    /// less often than there are lines, the last ones are left out.
    pub(crate) fn part(values: &'m [f32], (number, parts): (usize, usize), asks: usize) -> Self {
        let len = values.len().div_ceil(parts.max(1)).max(1);
        let Some(part @ [first, ..]) = values.chunks(len).nth(number) else { return Self::NOTHING };
        Self { first, last: part.len() - 1, stride: len.div_ceil(asks.max(1)).min(LANES) }
    }

    /// Asks for a line, by its number.
    #[inline(always)]
    pub(crate) fn ask(self, number: usize) {
        // Without a branch: this stands in the innermost loops.
        ask(std::ptr::from_ref(self.first).wrapping_add(self.place(number)));
    }

    #[inline(always)]
    fn place(self, number: usize) -> usize {
        (number * self.stride).min(self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::aligned::LINE;

    /// The lines that are asked for, of 1,000 values in a number of parts, so many times each.
    fn asked(values: &[f32], parts: usize, asks: usize) -> BTreeSet<usize> {
        let line = |place: *const f32| place as usize / LINE;
        let ask = |number| {
            let ahead = Ahead::part(values, (number, parts), asks);
            (0..asks).map(move |ask| {
                ahead.ask(ask);
                let place = std::ptr::from_ref(ahead.first).wrapping_add(ahead.place(ask));
                assert!(values.as_ptr_range().contains(&place), "{parts} parts, {asks} asks");
                line(place)
            })
        };
        (0..parts).flat_map(ask).collect()
    }

    #[test]
    fn every_line_is_asked_for_if_it_is_done_often_enough() {
        let values = [0.0; 1000];
        let lines: BTreeSet<_> =
            values.iter().map(|value| std::ptr::from_ref(value) as usize / LINE).collect();
        for (parts, asks) in [(1, 1000), (8, 20), (3, 40), (7, 500)] {
            let asked = asked(&values, parts, asks);
            // The last value of a part may be in a line that none begins in.
            assert!(lines.difference(&asked).count() <= parts, "{parts} parts, {asks} asks");
        }
        assert_eq!(asked(&values, 1, 3).len(), 3, "the rest is left out");
    }

    #[test]
    fn nothing_is_asked_for_where_there_is_nothing() {
        for ahead in [Ahead::NOTHING, Ahead::part(&[], (0, 0), 0), Ahead::part(&[1.0], (3, 4), 5)] {
            assert_eq!(ahead.place(7), 0);
            ahead.ask(7);
        }
    }
}
