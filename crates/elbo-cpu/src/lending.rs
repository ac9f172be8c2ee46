//! The buffers of an entry, lent to all threads of a team at once.
//!
//! A task says which places it reads and writes and how threads divide each ([`Access`]). A plan is
//! refused unless no thread writes what another one touches at the same time: between two barriers, or in a
//! piece that is taken early ([`crate::plan::races`]). That is what makes the references handed out here sound:
//! this file, `plan/phases.rs`, the loop over tasks, pieces and barriers in `shift.rs`, its counters in `claims.rs` and the
//! barrier in `team.rs` are all there is to read.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use elbo_tensor::Memory;

use crate::{
    buffer::Buffer,
    lanes::Lanes,
    layout::{Form, Layout, Region, Split},
};

/// What a task touches in a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Access {
    /// The slot's number.
    pub(crate) slot: usize,
    pub(crate) kind: Kind,
    pub(crate) split: Split,
    pub(crate) write: bool,
}

/// What lies in a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Values, in this layout.
    F32(Layout),
    /// So many pixels.
    U8(usize),
    /// So many indices.
    U32(usize),
}

impl Access {
    /// What a thread of so many touches.
    pub(crate) fn region(&self, member: (usize, usize)) -> Region {
        let plain = |columns| Layout { rows: 1, columns, form: Form::Straight, lanes: 1 };
        let layout = match self.kind {
            Kind::F32(layout) => layout,
            Kind::U8(len) | Kind::U32(len) => plain(len),
        };
        self.split.region(layout, member)
    }

    /// Whether both are about one piece of memory.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        let form = |kind| if let Kind::F32(layout) = kind { layout.form } else { Form::Straight };
        self.slot == other.slot && form(self.kind) == form(other.kind)
    }
}

/// Where a slot's values start and how many there are.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Nothing,
    F32([(*mut f32, usize); 2]),
    U8(*const u8, usize),
    U32(*mut u32, usize),
}

/// Storage for a [`Table`], kept so that a run needs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<Place>);

// SAFETY: the pointers are only used through a `Table`, which borrows the memory they point into.
unsafe impl Send for Places {}

impl Places {
    /// Makes room for so many slots.
    pub(crate) fn reserve(&mut self, slots: usize) {
        self.0.reserve(slots.saturating_sub(self.0.len()));
    }

    /// Borrows all buffers of slots `0..slots`.
    pub(crate) fn borrow<'m>(
        &'m mut self,
        memory: &'m mut Memory<Buffer>,
        slots: impl Iterator<Item = elbo_tensor::Slot>,
    ) -> Table<'m> {
        self.0.clear();
        for slot in slots {
            let place = match memory.get_mut(slot) {
                Some(Buffer::F32(values)) => {
                    Place::F32([Form::Straight, Form::Turned].map(|form| {
                        let room = values.room_mut(form);
                        (room.as_mut_ptr(), room.len())
                    }))
                }
                Some(Buffer::U8(values)) => Place::U8(values.as_ptr(), values.len()),
                Some(Buffer::U32(values)) => Place::U32(values.as_mut_ptr(), values.len()),
                None => Place::Nothing,
            };
            if self.0.len() <= slot.index() {
                self.0.resize(slot.index() + 1, Place::Nothing);
            }
            self.0[slot.index()] = place;
        }
        Table { places: &self.0, memory: PhantomData }
    }
}

/// All buffers of a memory, borrowed for as long as a run takes.
#[derive(Clone, Copy)]
pub(crate) struct Table<'m> {
    places: &'m [Place],
    memory: PhantomData<&'m mut Memory<Buffer>>,
}

// SAFETY: threads only reach values through `Lent`, each its own regions of an entry without races.
unsafe impl Sync for Table<'_> {}

/// What one thread has of a task's buffers.
pub(crate) struct Lent<'m> {
    table: Table<'m>,
    accesses: &'m [Access],
    member: (usize, usize),
    /// Which writable accesses are handed out, a bit each.
    taken: u32,
}

impl<'m> Lent<'m> {
    /// Share number `member.0` of `member.1` of a task.
    ///
    /// # Safety
    /// The task is one of a plan without races for the threads that run it. `member` is a thread of them, which
    /// makes one `Lent` for the task at a time, after the barriers that the plan has put before it. Of a divided
    /// task, `member` is a piece of all its pieces, for which one thread makes a `Lent` once a round: after those
    /// barriers, or before the last one if all threads are past the tasks that the plan names and none has failed.
    pub(crate) const unsafe fn new(
        table: Table<'m>,
        accesses: &'m [Access],
        member: (usize, usize),
    ) -> Self {
        Self { table, accesses, member, taken: 0 }
    }

    fn place(&self, position: usize, write: bool) -> (Access, Place) {
        let access = self.accesses[position];
        assert_eq!(access.write, write, "an access is used as it was declared");
        (access, self.table.places[access.slot])
    }

    pub(crate) const fn is_first(&self) -> bool {
        self.member.0 == 0
    }

    /// Values to read.
    pub(crate) fn view(&self, position: usize) -> View<'m> {
        let (access, place) = self.place(position, false);
        let (Kind::F32(layout), Place::F32(rooms)) = (access.kind, place) else {
            unreachable!("an access has the type of its slot");
        };
        let (start, len) = rooms[layout.form as usize];
        assert!(layout.len() <= len, "a slot has room for its layouts");
        View { start, layout, region: access.region(self.member), memory: PhantomData }
    }

    /// Values to change.
    pub(crate) fn part(&mut self, position: usize) -> Part<'m> {
        let (access, place) = self.place(position, true);
        assert_eq!(self.taken & 1 << position, 0, "an access is handed out once");
        self.taken |= 1 << position;
        let (Kind::F32(layout), Place::F32(rooms)) = (access.kind, place) else {
            unreachable!("an access has the type of its slot");
        };
        let (start, len) = rooms[layout.form as usize];
        assert!(layout.len() <= len, "a slot has room for its layouts");
        Part { start, layout, region: access.region(self.member), memory: PhantomData }
    }

    /// Pixels to read.
    pub(crate) fn pixels(&self, position: usize) -> &'m [u8] {
        let (Access { kind: Kind::U8(wanted), .. }, Place::U8(start, len)) =
            self.place(position, false)
        else {
            unreachable!("an access has the type of its slot");
        };
        assert!(wanted <= len, "a slot has room for its values");
        // SAFETY: the table borrows the buffer, and no task writes pixels.
        unsafe { std::slice::from_raw_parts(start, wanted) }
    }

    /// Indices to read, all of them.
    pub(crate) fn indices(&self, position: usize) -> &'m [u32] {
        let (access, Place::U32(start, len)) = self.place(position, false) else {
            unreachable!("an access has the type of its slot");
        };
        let region = access.region(self.member);
        let (from, to) = (region.panels().start, region.panels().end);
        assert!(to <= len, "a slot has room for its values");
        // SAFETY: in bounds of a buffer that the table borrows; while this task runs, no thread
        // writes what the access covers.
        unsafe { std::slice::from_raw_parts(start.add(from), to - from) }
    }

    /// Counters to change.
    pub(crate) fn counters(&mut self, position: usize) -> &'m mut [u32] {
        let (access, Place::U32(start, len)) = self.place(position, true) else {
            unreachable!("an access has the type of its slot");
        };
        assert_eq!(self.taken & 1 << position, 0, "an access is handed out once");
        self.taken |= 1 << position;
        let region = access.region(self.member);
        let (from, to) = (region.panels().start, region.panels().end);
        assert!(to <= len, "a slot has room for its values");
        // SAFETY: in bounds of a buffer that the table borrows; handed out once, and while this task
        // runs, no other thread touches what the access covers.
        unsafe { std::slice::from_raw_parts_mut(start.add(from), to - from) }
    }
}

/// Values that a thread may read: those of a region.
#[derive(Clone, Copy)]
pub(crate) struct View<'m> {
    start: *const f32,
    layout: Layout,
    region: Region,
    memory: PhantomData<&'m [f32]>,
}

/// Values that a thread may change: those of a region, which are its own.
pub(crate) struct Part<'m> {
    start: *mut f32,
    layout: Layout,
    region: Region,
    memory: PhantomData<&'m mut [f32]>,
}

/// Where `len` vectors of a panel from vector `first` on start, if they lie in the region.
#[inline(always)]
fn place(layout: Layout, region: Region, panel: usize, first: usize, len: usize) -> usize {
    if len == 0 {
        return 0;
    }
    let inside = region.panels().contains(&panel)
        && region.depth().start <= first
        && len <= region.depth().end.saturating_sub(first);
    assert!(inside, "a thread stays in its region");
    (panel * layout.depth() + first) * layout.lanes
}

impl<'m> View<'m> {
    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) const fn region(&self) -> Region {
        self.region
    }

    /// `len` vectors of a panel.
    #[inline(always)]
    pub(crate) fn block(&self, panel: usize, first: usize, len: usize) -> &'m [f32] {
        let place = place(self.layout, self.region, panel, first, len);
        // SAFETY: inside the region (`place` says so) of a layout that fits the buffer; nobody writes
        // the region while this task runs.
        unsafe { std::slice::from_raw_parts(self.start.add(place), len * self.layout.lanes) }
    }

    /// All of a panel.
    #[inline(always)]
    pub(crate) fn panel(&self, panel: usize) -> &'m [f32] {
        self.block(panel, 0, self.layout.depth())
    }

    /// All of some panels that follow one another.
    pub(crate) fn panels(&self, first: usize, count: usize) -> &'m [f32] {
        let Some(last) = count.checked_sub(1) else { return &[] };
        let panels = [first, first + last].map(|panel| self.panel(panel).as_ptr());
        let len = count * self.layout.panel_len();
        // SAFETY: panels lie one after the other. `panel` has looked at the first and the last one, and a
        // region has all between two that it has.
        unsafe { std::slice::from_raw_parts(panels[0], len) }
    }

    /// The value of a scalar.
    pub(crate) fn scalar(&self) -> f32 {
        self.block(0, 0, 1)[0]
    }
}

impl Part<'_> {
    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) const fn region(&self) -> Region {
        self.region
    }

    /// `len` vectors of a panel.
    #[inline(always)]
    pub(crate) fn block(&mut self, panel: usize, first: usize, len: usize) -> &mut [f32] {
        let place = place(self.layout, self.region, panel, first, len);
        // SAFETY: inside the region of a layout that fits the buffer; the region is this thread's
        // alone while the task runs, and `self`, handed out once, is borrowed meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(place), len * self.layout.lanes) }
    }

    /// `ROWS` vectors of each of some panels that follow one another.
    #[inline(always)]
    pub(crate) fn tile<S: Lanes, const ROWS: usize, const PANELS: usize>(
        &mut self,
        panel: usize,
        first: usize,
    ) -> [&mut [S::f32s; ROWS]; PANELS] {
        std::array::from_fn(
            #[inline(always)]
            |number| {
                let place = place(self.layout, self.region, panel + number, first, ROWS);
                // SAFETY: as in `block`; the blocks lie in different panels, so they do not overlap.
                let block = unsafe {
                    std::slice::from_raw_parts_mut(self.start.add(place), ROWS * self.layout.lanes)
                };
                let vectors = S::as_mut_simd_f32s(block).0.first_chunk_mut();
                vectors.expect("a vector of the layout is one of the level")
            },
        )
    }
}
