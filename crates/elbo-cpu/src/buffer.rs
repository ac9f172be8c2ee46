//! A slot's storage. Values lie in panels, and the buffer knows how.

use elbo_tensor::Dtype;
use ndarray::{ArrayViewMut3, Axis};

use crate::{
    Error,
    aligned::Aligned,
    dispatch::Dispatch,
    lanes::{Kernel, Lanes, load_block},
    layout::{Form, Layout},
};

/// The values of one slot.
#[derive(Debug)]
pub enum Buffer {
    /// Values.
    F32(Values),
    /// Pixels.
    U8(Vec<u8>),
    /// Indices, counters or keys.
    U32(Vec<u32>),
}

impl Buffer {
    /// Zeros. `f32` values take memory when an entry that uses the slot is recorded or when they are written.
    pub(crate) fn zeros(dtype: Dtype, len: usize, lanes: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(Values::zeros(len, lanes)),
            Dtype::U8 => Self::U8(vec![0; len]),
            Dtype::U32 => Self::U32(vec![0; len]),
        }
    }

    pub(crate) const fn as_f32(&self) -> Option<&Values> {
        if let Self::F32(values) = self { Some(values) } else { None }
    }

    pub(crate) const fn as_f32_mut(&mut self) -> Option<&mut Values> {
        if let Self::F32(values) = self { Some(values) } else { None }
    }
}

/// Values of `f32`, with room for either form of a matrix. An entry that reads a matrix in both
/// forms keeps both here.
#[derive(Debug)]
pub struct Values {
    /// Where each form lies.
    rooms: [Aligned; 2],
    /// What is there: the other form's room holds nothing to rely on.
    layout: Layout,
    /// The most values that the slot was made for.
    most: usize,
    /// Whether an entry relies on the layout.
    pub(crate) settled: bool,
}

impl Values {
    fn zeros(most: usize, lanes: usize) -> Self {
        let layout = Layout { rows: 1, columns: most, form: Form::Straight, lanes };
        Self { rooms: [Aligned::default(), Aligned::default()], layout, most, settled: false }
    }

    /// How the values lie.
    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    /// The most values that there can be.
    pub(crate) const fn most(&self) -> usize {
        self.most
    }

    /// Says how the values lie, after something else has put them so.
    pub(crate) const fn set_layout(&mut self, layout: Layout) {
        self.layout = layout;
    }

    /// Makes room for a layout, and keeps what is there.
    pub(crate) fn reserve(&mut self, layout: Layout) -> Result<(), Error> {
        self.rooms[layout.form as usize].grow(layout.len())
    }

    pub(crate) fn room_mut(&mut self, form: Form) -> &mut [f32] {
        self.rooms[form as usize].values_mut()
    }

    /// Moves the values to where another layout has them, as many as it takes.
    pub(crate) fn settle(&mut self, dispatch: Dispatch, layout: Layout) -> Result<(), Error> {
        if layout != self.layout {
            let (there, wanted) = (self.count(), layout.rows * layout.columns);
            let mut values = vec![0.0; there.max(wanted)];
            self.read(dispatch, &mut values[..there]);
            self.layout = layout;
            self.write(&values[..wanted])?;
        }
        self.reserve(layout)
    }

    /// Takes values over, row by row, if the slot has room for so many. They are the first ones; the
    /// others stay as they are.
    pub(crate) fn write(&mut self, values: &[f32]) -> Result<Option<()>, Error> {
        if values.len() > self.most {
            return Ok(None);
        }
        if values.len() > self.count() {
            let (columns, lanes) = (values.len(), self.layout.lanes);
            self.layout = Layout { rows: 1, columns, form: Form::Straight, lanes };
        }
        let layout = self.layout;
        self.reserve(layout)?;
        copy_in(layout, values, &mut self.room_mut(layout.form)[..layout.len()]);
        Ok(Some(()))
    }

    /// The first `len` values, to be copied, if there are so many.
    pub(crate) fn first(&self, len: usize) -> Option<Rows<'_>> {
        let layout = self.layout;
        // None where nothing was ever written or computed: zeros.
        let room = self.rooms[layout.form as usize].values().get(..layout.len());
        (len <= self.count()).then_some(Rows { layout, room })
    }

    /// Copies the first values, row by row, if there are so many.
    fn read(&self, dispatch: Dispatch, values: &mut [f32]) -> Option<()> {
        let rows = self.first(values.len())?;
        let parts = values.chunks_mut(rows.part_len()).enumerate();
        parts.for_each(|(number, values)| rows.copy(dispatch, number, values));
        Some(())
    }

    /// How many values there are.
    const fn count(&self) -> usize {
        self.layout.rows * self.layout.columns
    }
}

/// Puts the first values into a room. If they are all there are, padding becomes 0.
fn copy_in(layout: Layout, values: &[f32], room: &mut [f32]) {
    if values.len() == layout.rows * layout.columns {
        room.fill(0.0);
    }
    let panels = (layout.panels(), layout.depth(), layout.lanes);
    let Ok(mut room) = ArrayViewMut3::from_shape(panels, room) else { return };
    for (row, values) in values.chunks(layout.columns.max(1)).enumerate() {
        match layout.form {
            Form::Straight => {
                let mut places = room.index_axis_mut(Axis(1), row);
                let places = places.outer_iter_mut().zip(values.chunks(layout.lanes));
                for (mut place, values) in places {
                    place.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
                }
            }
            Form::Turned => {
                let mut panel = room.index_axis_mut(Axis(0), row / layout.lanes);
                let places = panel.index_axis_mut(Axis(1), row % layout.lanes);
                places.into_iter().zip(values).for_each(|(place, value)| *place = *value);
            }
        }
    }
}

/// Values to be copied row by row, in parts of as many rows as a vector has lanes.
pub(crate) struct Rows<'a> {
    layout: Layout,
    room: Option<&'a [f32]>,
}

impl Rows<'_> {
    /// Values of a part.
    pub(crate) fn part_len(&self) -> usize {
        self.layout.lanes * self.layout.columns.max(1)
    }

    /// Copies a part, or its beginning.
    pub(crate) fn copy(&self, dispatch: Dispatch, part: usize, values: &mut [f32]) {
        match self.room {
            Some(room) => dispatch.enter(CopyOut { layout: self.layout, room, part, values }),
            None => values.fill(0.0),
        }
    }
}

/// A part of the rows of a room.
struct CopyOut<'a> {
    layout: Layout,
    room: &'a [f32],
    part: usize,
    values: &'a mut [f32],
}

impl Kernel for CopyOut<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { layout, room, part, values } = self;
        let (lanes, panel_len) = (S::F32_LANES, layout.panel_len());
        let (row, columns) = (part * lanes, layout.columns);
        for column in (0..columns).step_by(lanes) {
            let (start, vectors) = match layout.form {
                Form::Straight => {
                    (column / lanes * panel_len + row * lanes, lanes.min(layout.rows - row))
                }
                Form::Turned => (part * panel_len + column * lanes, lanes.min(columns - column)),
            };
            // Rows of the part, a vector each.
            let mut block = load_block(simd, &room[start..start + vectors * lanes]);
            if layout.form == Form::Turned {
                simd.transpose(&mut block);
            }
            for (row, vector) in values.chunks_mut(columns).zip(&block) {
                let end = row.len().min(column + lanes);
                if column < end {
                    simd.partial_store_f32s(&mut row[column..end], *vector);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    /// The dispatches of this machine.
    fn dispatches() -> impl Iterator<Item = Dispatch> {
        [Level::Plain, Level::Avx2, Level::Avx512].into_iter().map(Dispatch::new)
    }

    #[test]
    fn values_come_back_as_they_went_in_from_every_layout() {
        for (rows, columns) in [(1, 5), (16, 16), (7, 33), (20, 3)] {
            for form in [Form::Straight, Form::Turned] {
                for dispatch in dispatches() {
                    let lanes = dispatch.lanes();
                    let given: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
                    let mut values = Values::zeros(rows * columns, lanes);
                    values.write(&given).unwrap().unwrap();
                    values.settle(dispatch, Layout { rows, columns, form, lanes }).unwrap();
                    for len in [given.len(), given.len() - 1, columns + 1, 0] {
                        let mut back = vec![0.0; len.min(given.len())];
                        values.read(dispatch, &mut back).unwrap();
                        assert_eq!(back, given[..back.len()], "{rows}x{columns} {form:?} {lanes}");
                    }
                    assert!(values.write(&vec![0.0; given.len() + 1]).unwrap().is_none());
                }
            }
        }
    }

    #[test]
    fn the_first_values_may_be_written_alone() {
        for (dispatch, turned) in dispatches().flat_map(|d| [(d, false), (d, true)]) {
            let lanes = dispatch.lanes();
            let mut values = Values::zeros(12, lanes);
            values.write(&[1.0; 12]).unwrap().unwrap();
            if turned {
                let layout = Layout { rows: 4, columns: 3, form: Form::Turned, lanes };
                values.settle(dispatch, layout).unwrap();
            }
            values.write(&[2.0; 5]).unwrap().unwrap();
            let mut back = [0.0; 12];
            values.read(dispatch, &mut back).unwrap();
            assert_eq!(back, [2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        }
    }

    #[test]
    fn a_turned_matrix_lies_column_by_column() {
        let mut values = Values::zeros(6, 4);
        values.write(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap().unwrap();
        let dispatch = Dispatch::new(Level::Plain);
        let layout = Layout { rows: 2, columns: 3, form: Form::Turned, lanes: 4 };
        values.settle(dispatch, layout).unwrap();
        let want = [1.0, 4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 0.0, 3.0, 6.0, 0.0, 0.0];
        assert_eq!(values.room_mut(Form::Turned), want);
    }
}
