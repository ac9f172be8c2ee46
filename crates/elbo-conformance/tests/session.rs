//! What a session refuses: data that does not fit a value, and values that cannot be reached.

use elbo_conformance::Reference;
use elbo_tensor::{Data, DataMut, Dtype, EntryId, Error, Id, Program, Run, Session, Tape};

/// y = eˣ as one entry, Σ y as another, of an x `[2, 3]`; and a parameter that neither uses.
struct Example {
    session: Session<Reference>,
    exp: EntryId,
    sum: EntryId,
    x: Id,
    y: Id,
    total: Id,
    unused: Id,
    between: Id,
}

fn example() -> Example {
    let tape = Tape::new();
    let x = tape.input(Dtype::F32, [2, 3]);
    let between = x * 1.0;
    let y = between.exp();
    let (x, between, y, total) = (x.id(), between.id(), y.id(), y.sum().id());
    let unused = tape.parameter([2]).id();
    let mut program = Program::new(tape).unwrap();
    let exp = program.entry("exp", &[y], &[]).unwrap();
    let sum = program.entry("sum", &[total], &[]).unwrap();
    let session = Session::new(Reference, program).unwrap();
    Example { session, exp, sum, x, y, total, unused, between }
}

#[test]
fn inputs_are_zero_until_they_are_written() {
    let Example { mut session, exp, x, y, .. } = example();
    assert_eq!(session.read_f32(x).unwrap(), [0.0; 6]);
    session.run(exp, 1).unwrap();
    assert_eq!(session.read_f32(y).unwrap(), [1.0; 6]);
}

#[test]
fn what_is_written_is_read_back() {
    let Example { mut session, x, .. } = example();
    let values = [1.0, -2.0, 3.5, 0.0, -0.25, 1e30];
    session.write(x, Data::F32(&values)).unwrap();
    assert_eq!(session.read_f32(x).unwrap(), values);
}

#[test]
fn a_write_of_another_length_is_refused_with_both() {
    let Example { mut session, x, .. } = example();
    let error = session.write(x, Data::F32(&[1.0; 5])).unwrap_err();
    assert!(matches!(error, Error::Transfer { .. }));
    assert_eq!(error.to_string(), "write: 5 f32 values for [2, 3] of f32");
    assert_eq!(session.read_f32(x).unwrap(), [0.0; 6], "nothing of it was written");
}

#[test]
fn a_write_of_another_type_is_refused_with_both() {
    let Example { mut session, x, .. } = example();
    let error = session.write(x, Data::U8(&[1; 6])).unwrap_err().to_string();
    assert_eq!(error, "write: 6 u8 values for [2, 3] of f32");
}

#[test]
fn a_read_into_another_length_or_type_is_refused() {
    let Example { mut session, exp, y, .. } = example();
    session.run(exp, 1).unwrap();
    let error = session.read(y, DataMut::F32(&mut [0.0; 7])).unwrap_err().to_string();
    assert_eq!(error, "read: 7 f32 values for [2, 3] of f32");
    let error = session.read(y, DataMut::U32(&mut [0; 6])).unwrap_err().to_string();
    assert_eq!(error, "read: 6 u32 values for [2, 3] of f32");
    let error = session.read_counter(y).unwrap_err().to_string();
    assert_eq!(error, "read: 1 u32 values for [2, 3] of f32");
}

#[test]
fn the_front_of_a_value_is_written_and_read_alone() {
    let Example { mut session, exp, x, y, .. } = example();
    session.write(x, Data::F32(&[1.0; 6])).unwrap();
    session.write_front(x, Data::F32(&[0.0, 2.0])).unwrap();
    assert_eq!(session.read_f32(x).unwrap(), [0.0, 2.0, 1.0, 1.0, 1.0, 1.0]);
    session.run(exp, 1).unwrap();
    let (mut first, all) = ([9.0; 3], session.read_f32(y).unwrap());
    session.read_front(y, DataMut::F32(&mut first)).unwrap();
    assert_eq!(first, all[..3]);
    session.read_front(y, DataMut::F32(&mut [])).unwrap();
}

#[test]
fn a_front_that_is_longer_than_the_value_or_of_another_type_is_refused() {
    let Example { mut session, x, .. } = example();
    let error = session.write_front(x, Data::F32(&[1.0; 7])).unwrap_err().to_string();
    assert_eq!(error, "write: 7 f32 values for [2, 3] of f32");
    let error = session.read_front(x, DataMut::F32(&mut [0.0; 7])).unwrap_err().to_string();
    assert_eq!(error, "read: 7 f32 values for [2, 3] of f32");
    let error = session.write_front(x, Data::U8(&[1])).unwrap_err().to_string();
    assert_eq!(error, "write: 1 u8 values for [2, 3] of f32");
}

#[test]
fn an_output_is_not_there_before_its_entry_has_run() {
    let Example { session, y, .. } = example();
    let error = session.read_f32(y).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }));
    let fact = "not an output of the entry that ran last";
    assert_eq!(error.to_string(), format!("read: value {} is {fact}", y.index()));
}

#[test]
fn an_output_is_gone_once_another_entry_has_run() {
    let Example { mut session, exp, sum, y, total, .. } = example();
    session.run(exp, 1).unwrap();
    session.run(sum, 1).unwrap();
    assert_eq!(session.read_f32(total).unwrap(), [6.0]);
    let error = session.read_f32(y).unwrap_err().to_string();
    assert!(error.ends_with("is not an output of the entry that ran last"), "{error}");
}

#[test]
fn a_value_on_the_way_is_no_output() {
    let Example { mut session, exp, between, .. } = example();
    session.run(exp, 1).unwrap();
    let error = session.read_f32(between).unwrap_err().to_string();
    assert!(error.ends_with("is not an output of the entry that ran last"), "{error}");
}

#[test]
fn a_value_that_no_entry_keeps_cannot_be_written() {
    let Example { mut session, unused, y, .. } = example();
    for id in [unused, y] {
        let error = session.write(id, Data::F32(&[0.0; 2])).unwrap_err().to_string();
        assert_eq!(error, format!("write: value {} is not kept by any entry", id.index()));
    }
}

#[test]
fn a_buffer_shows_the_reference_in_double_precision() {
    let Example { mut session, sum, x, total, .. } = example();
    session.write(x, Data::F32(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])).unwrap();
    session.run(sum, 1).unwrap();
    let exact: f64 = (0..6).map(|x| f64::from(x).exp()).sum();
    assert_eq!(session.buffer(total).unwrap().as_f64().unwrap()[0], exact);
}

/// A batch of two from three images of one pixel, put nowhere.
fn gather(order: [u32; 4], cursor: u32) -> Result<Vec<f32>, Error> {
    let tape = Tape::new();
    let images = tape.input(Dtype::U8, [3, 1]);
    let (places, start) = (tape.input(Dtype::U32, [4]), tape.counter());
    let batch = images.gather(places, start, 2, (0.0, 0.5)).id();
    let (images, places, start) = (images.id(), places.id(), start.id());
    let mut program = Program::new(tape)?;
    let entry = program.entry("batch", &[batch], &[])?;
    let mut session = Session::new(Reference, program)?;
    session.write(images, Data::U8(&[0, 51, 255]))?;
    session.write(places, Data::U32(&order))?;
    session.write(start, Data::U32(&[cursor]))?;
    session.run(entry, 1)?;
    session.read_f32(batch)
}

#[test]
fn the_reference_gathers_rows_in_order_from_the_cursor() {
    assert_eq!(gather([0, 2, 1, 0], 1).unwrap(), [2.0, 0.4]);
}

#[test]
fn an_index_past_the_images_is_an_error_that_names_the_row() {
    let error = gather([0, 0, 3, 0], 1).unwrap_err().to_string();
    assert_eq!(error, "gather: row 1 is image 3 of 3 (place 2)");
}

#[test]
fn a_cursor_past_the_order_is_an_error_that_names_the_row() {
    let error = gather([0; 4], 3).unwrap_err().to_string();
    assert_eq!(error, "gather: row 1 is place 4 of an order of 4");
}

#[test]
fn a_place_past_the_log_is_an_error() {
    let tape = Tape::new();
    let (log, index) = (tape.parameter([3]), tape.counter());
    let put = log.put(tape.fill(1.0, [1]), index).id();
    let index = index.id();
    let mut program = Program::new(tape).unwrap();
    let entry = program.entry("put", &[], &[put]).unwrap();
    let mut session = Session::new(Reference, program).unwrap();
    session.write(index, Data::U32(&[3])).unwrap();
    let error = session.run(entry, 1).unwrap_err().to_string();
    assert_eq!(error, "put: place 3 of a log of 3");
}

#[test]
fn an_entry_of_another_program_is_refused() {
    let Example { sum, .. } = example();
    let tape = Tape::new();
    let y = tape.input(Dtype::F32, [1]).exp().id();
    let mut program = Program::new(tape).unwrap();
    program.entry("only", &[y], &[]).unwrap();
    let error = Session::new(Reference, program).unwrap().run(sum, 1).unwrap_err().to_string();
    assert!(error.starts_with("run: the program has no entry 1;"), "{error}");
}

#[test]
fn an_entry_run_no_times_has_no_outputs() {
    let Example { mut session, exp, y, .. } = example();
    session.run(exp, 0).unwrap();
    assert!(session.read_f32(y).is_err());
}
