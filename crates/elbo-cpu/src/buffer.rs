//! A slot's storage. Values lie in panels, and the buffer knows how.

use elbo_tensor::Dtype;
use ndarray::{ArrayView3, ArrayViewMut3, Axis};

use crate::{
    aligned::Aligned,
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
#[derive(Debug, Default)]
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
        Self { layout, most, ..Self::default() }
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
    pub(crate) fn reserve(&mut self, layout: Layout) {
        self.rooms[layout.form as usize].grow(layout.len());
    }

    pub(crate) fn room_mut(&mut self, form: Form) -> &mut [f32] {
        self.rooms[form as usize].values_mut()
    }

    /// Moves the values to where another layout has them, as many as it takes.
    pub(crate) fn settle(&mut self, layout: Layout) {
        if layout == self.layout {
            return self.reserve(layout);
        }
        let mut values = vec![0.0; self.count().max(layout.rows * layout.columns)];
        let (count, wanted) = (self.count(), layout.rows * layout.columns);
        self.read(&mut values[..count]);
        self.layout = layout;
        self.write(&values[..wanted]);
    }

    /// Takes values over, row by row, if the slot has room for so many.
    pub(crate) fn write(&mut self, values: &[f32]) -> Option<()> {
        if values.len() > self.most {
            return None;
        }
        if values.len() != self.count() {
            self.layout = Layout { rows: 1, columns: values.len(), ..self.layout };
            self.layout.form = Form::Straight;
        }
        let layout = self.layout;
        self.reserve(layout);
        copy_in(layout, values, &mut self.room_mut(layout.form)[..layout.len()]);
        Some(())
    }

    /// Copies the values, row by row, or the first of a vector, if there are so many.
    pub(crate) fn read(&self, values: &mut [f32]) -> Option<()> {
        let is_vector = self.layout.rows == 1 && self.layout.form == Form::Straight;
        if values.len() > self.count() || (values.len() < self.count() && !is_vector) {
            return None;
        }
        let layout = match is_vector {
            true => Layout { columns: values.len(), ..self.layout },
            false => self.layout,
        };
        match self.rooms[layout.form as usize].values().get(..layout.len()) {
            Some(room) => copy_out(layout, room, values),
            // Nothing was ever written or computed.
            None => values.fill(0.0),
        }
        Some(())
    }

    /// How many values there are.
    const fn count(&self) -> usize {
        self.layout.rows * self.layout.columns
    }
}

/// Panels of a room as an array of \[panel, vector, lane\].
fn panels(layout: Layout) -> (usize, usize, usize) {
    (layout.panels(), layout.depth(), layout.lanes)
}

fn copy_in(layout: Layout, values: &[f32], room: &mut [f32]) {
    room.fill(0.0);
    let Ok(mut room) = ArrayViewMut3::from_shape(panels(layout), room) else { return };
    for (row, values) in values.chunks_exact(layout.columns.max(1)).enumerate() {
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

fn copy_out(layout: Layout, room: &[f32], values: &mut [f32]) {
    let Ok(room) = ArrayView3::from_shape(panels(layout), room) else { return };
    for (row, values) in values.chunks_exact_mut(layout.columns.max(1)).enumerate() {
        match layout.form {
            Form::Straight => {
                let places = room.index_axis(Axis(1), row);
                for (place, values) in places.outer_iter().zip(values.chunks_mut(layout.lanes)) {
                    values.iter_mut().zip(place).for_each(|(value, place)| *value = *place);
                }
            }
            Form::Turned => {
                let panel = room.index_axis(Axis(0), row / layout.lanes);
                let places = panel.index_axis(Axis(1), row % layout.lanes);
                values.iter_mut().zip(places).for_each(|(value, place)| *value = *place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went_in_from_every_layout() {
        for (rows, columns) in [(1, 5), (16, 16), (7, 33), (20, 3)] {
            for form in [Form::Straight, Form::Turned] {
                for lanes in [4, 16] {
                    let given: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
                    let mut values = Values::zeros(rows * columns, lanes);
                    values.write(&given).unwrap();
                    values.settle(Layout { rows, columns, form, lanes });
                    let mut back = vec![0.0; given.len()];
                    values.read(&mut back).unwrap();
                    assert_eq!(back, given, "{rows}x{columns} {form:?} {lanes}");
                    assert!(values.write(&vec![0.0; given.len() + 1]).is_none());
                }
            }
        }
    }

    #[test]
    fn a_turned_matrix_lies_column_by_column() {
        let mut values = Values::zeros(6, 4);
        values.write(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        values.settle(Layout { rows: 2, columns: 3, form: Form::Turned, lanes: 4 });
        let want = [1.0, 4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 0.0, 3.0, 6.0, 0.0, 0.0];
        assert_eq!(values.room_mut(Form::Turned), want);
    }
}
