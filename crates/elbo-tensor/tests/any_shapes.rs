//! Formulas that make no sense: whatever is written with whatever shapes, the answer is a plan or an error
//! that names an op and a line, never a panic.

use elbo_tensor::{AdamState, Dtype, Over, Planning, Program, Shape, Tape, Var};
use proptest::prelude::*;

/// A shape of one to four dimensions, sizes of 0 and 1 among them; most often one that fits others.
fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![3, 4]),
        Just(vec![4, 3]),
        Just(vec![4]),
        Just(vec![1]),
        prop::collection::vec(0..6_usize, 1..=4),
    ]
}

fn shape(sizes: &[usize]) -> Shape {
    match *sizes {
        [a] => Shape::vector(a),
        [a, b] => Shape::matrix(a, b),
        [a, b, c] => [a, b, c].into(),
        [a, b, c, d] => [a, b, c, d].into(),
        _ => Shape::SCALAR,
    }
}

/// One op, which and on what decided by numbers.
fn write<'t>(tape: &'t Tape, values: &mut Vec<Var<'t>>, draw: [u8; 4], sizes: &[usize]) {
    let pick = |at: u8| values[usize::from(at) % values.len()];
    let (x, y, z) = (pick(draw[1]), pick(draw[2]), pick(draw[3]));
    let over = [Over::All, Over::Rows, Over::Columns][usize::from(draw[3]) % 3];
    let value = match draw[0] % 26 {
        0 => x.exp().ln(),
        1 => x.sqrt().square(),
        2 => x.relu(),
        3 => x.tanh(),
        4 => x.sigmoid(),
        5 => x + y,
        6 => x - y,
        7 => x * y,
        8 => x / y,
        9 => x * 0.5 + 1.0,
        10 => x.sum(),
        11 => x.sum_rows(),
        12 => x.sum_columns(),
        13 => x.matmul(y),
        14 => x.matmul_transposed(y),
        15 => x.add_row(y),
        16 => x.spread(over, shape(sizes)),
        17 => tape.fill(1.5, shape(sizes)),
        18 => tape.normal(x, y, 7, shape(sizes)),
        19 => x.gather(y, z, sizes[0], (0.5, 0.5)),
        20 => x.put(y, z),
        21 => x.advance(3),
        22 => tape.input(Dtype::U32, shape(sizes)),
        23 => tape.input(Dtype::U8, shape(sizes)),
        24 => {
            let state = AdamState { first: y, second: z, step: x, learning_rate: y };
            x.adam(y, state, (0.9, 0.999), 1e-8)
        }
        _ => tape.gradients(x, &[y, z])[0],
    };
    values.push(value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_formula_is_a_plan_or_an_error_with_its_line(
        ops in prop::collection::vec((any::<[u8; 4]>(), any_shape()), 1..12),
        chosen in any::<[u8; 3]>(), reuse: bool, fuse: bool
    ) {
        let tape = Tape::new();
        let mut values = vec![
            tape.input(Dtype::F32, [3, 4]),
            tape.parameter([4, 3]),
            tape.parameter([4]),
            tape.input(Dtype::U32, [2]),
            tape.counter(),
        ];
        for (draw, sizes) in &ops {
            write(&tape, &mut values, *draw, sizes);
        }
        let [a, b, c] = chosen.map(|at| values[usize::from(at) % values.len()].id());
        match Program::with_planning(tape, Planning { reuse, fuse }) {
            Err(error) => {
                let message = error.to_string();
                prop_assert!(message.contains("; at ") && message.contains("any_shapes.rs:"), "{}", message);
            }
            Ok(mut program) => {
                for (name, outputs, updates) in
                    [("outputs", vec![a, b, c], vec![]), ("updates", vec![a], vec![b, c])]
                {
                    if let Err(error) = program.entry(name, &outputs, &updates) {
                        let message = error.to_string();
                        prop_assert!(message.starts_with("plan of `"), "{}", message);
                    }
                }
                prop_assert!(program.entries().iter().all(|entry| !entry.to_string().is_empty()));
            }
        }
    }
}
