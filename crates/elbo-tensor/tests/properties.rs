//! What holds of every graph: shapes follow their rules, gradients have their targets' shapes, and no
//! value is read before it is written.

use elbo_tensor::{Call, Dtype, Graph, Kind, Over, Planning, Program, Shape, Tape, Var};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_product_is_as_high_as_the_first_and_as_wide_as_the_second(
        (m, k, n) in (0..40_usize, 0..40_usize, 0..40_usize), inner in 0..40_usize
    ) {
        let tape = Tape::new();
        let a = tape.input(Dtype::F32, [m, k]);
        let product = a.matmul(tape.input(Dtype::F32, [inner, n]));
        if k == inner {
            prop_assert_eq!(product.shape(), Shape::matrix(m, n));
        }
        prop_assert_eq!(tape.finish().is_ok(), k == inner);
    }

    #[test]
    fn a_spread_undoes_the_shape_of_its_sum(rows in 0..40_usize, columns in 0..40_usize) {
        for over in [Over::All, Over::Rows, Over::Columns] {
            let tape = Tape::new();
            let x = tape.input(Dtype::F32, [rows, columns]);
            let sum = match over {
                Over::All => x.sum(),
                Over::Rows => x.sum_rows(),
                Over::Columns => x.sum_columns(),
            };
            prop_assert_eq!(sum.spread(over, [rows, columns]).shape(), x.shape());
            prop_assert!(tape.finish().is_ok());
        }
    }

    #[test]
    fn a_shape_holds_the_product_of_its_sizes(sizes in prop::array::uniform4(0..9_usize)) {
        let shape = Shape::from(sizes);
        prop_assert_eq!(shape.len(), sizes.iter().product::<usize>());
        prop_assert_eq!(shape.is_empty(), sizes.contains(&0));
        prop_assert_eq!(shape.to_string(), format!("{sizes:?}"));
    }

    #[test]
    fn gradients_have_the_shapes_of_their_targets_and_follow_their_arguments(
        draws in prop::collection::vec(any::<u8>(), 1..25)
    ) {
        let tape = Tape::new();
        let drawn = Drawn::write(&tape, &draws);
        let gradients = tape.gradients(drawn.loss, &drawn.targets);
        for (gradient, target) in gradients.iter().zip(&drawn.targets) {
            prop_assert_eq!(gradient.shape(), target.shape());
        }
        let graph = tape.finish().expect("the graph fits");
        prop_assert_eq!(first_early_use(&graph), None);
    }

    #[test]
    fn a_plan_reads_nothing_that_it_has_not_kept(
        draws in prop::collection::vec(any::<u8>(), 1..25), reuse: bool, fuse: bool
    ) {
        let tape = Tape::new();
        let drawn = Drawn::write(&tape, &draws);
        let mut outputs: Vec<_> =
            tape.gradients(drawn.loss, &drawn.targets).into_iter().map(Var::id).collect();
        outputs.push(drawn.loss.id());
        let mut program = Program::with_planning(tape, Planning { reuse, fuse }).unwrap();
        let entry = program.entry("drawn", &outputs, &[]).unwrap();
        prop_assert_eq!(first_bad_call(&program, program.planned(entry).calls()), None);
    }
}

/// A formula drawn from bytes: a batch that goes through a few ops to a scalar.
struct Drawn<'t> {
    loss: Var<'t>,
    targets: Vec<Var<'t>>,
}

impl<'t> Drawn<'t> {
    fn write(tape: &'t Tape, draws: &[u8]) -> Self {
        let start = tape.input(Dtype::F32, [6, 5]);
        let mut values = vec![start];
        let mut targets = vec![start];
        for draw in draws {
            let x = values[values.len() - 1];
            let same = values.iter().rev().skip(usize::from(draw / 16));
            let other = same.copied().find(|y| y.shape() == x.shape()).unwrap_or(x);
            let (rows, columns) = x.shape().as_matrix().expect("a matrix");
            values.push(match draw % 12 {
                0 => x.exp(),
                1 => x.tanh(),
                2 => x.relu() * 0.5,
                3 => x.sigmoid() + 1.0,
                4 => x * other,
                5 => x / other,
                6 => other - x,
                7 => x.sum_columns().spread(Over::Columns, [rows, columns]) + other,
                8 => x.sum().spread(Over::All, [rows, columns]).sqrt() * other,
                9 => x.add_row(other.square().sum_rows()),
                10 => x.matmul_transposed(other),
                _ => {
                    let weight = tape.parameter([columns, 1 + usize::from(draw / 32)]);
                    targets.push(weight);
                    x.matmul(weight)
                }
            });
        }
        Self { loss: values[values.len() - 1].ln().sum(), targets }
    }
}

/// The first value that an earlier node, or itself, depends on.
fn first_early_use(graph: &Graph) -> Option<usize> {
    let early = |index: usize| graph.nodes()[index].args.iter().any(|arg| arg.index() >= index);
    (0..graph.nodes().len()).find(|index| early(*index))
}

/// The first call that reads a slot nobody has filled, overflows one, or writes over an argument that
/// it may not write over.
fn first_bad_call(program: &Program, calls: &[Call]) -> Option<usize> {
    // Inputs and parameters are filled by the host: no call of a gradient writes them.
    let scratch: Vec<usize> = calls.iter().map(|call| call.out.slot.index()).collect();
    let mut filled: Vec<bool> =
        (0..program.slots().len()).map(|slot| !scratch.contains(&slot)).collect();
    calls.iter().position(|call| {
        let read = call.args.iter().all(|arg| filled[arg.slot.index()]);
        filled[call.out.slot.index()] = true;
        let fits = |operand: &elbo_tensor::Operand| {
            let info = program.slots()[operand.slot.index()];
            info.dtype == operand.dtype && info.len >= operand.shape.len()
        };
        let over_first = call.op.kind() == Kind::Elementwise;
        let shared =
            call.args.iter().skip(usize::from(over_first)).any(|a| a.slot == call.out.slot);
        !read || shared || !call.args.iter().chain([&call.out]).all(fits)
    })
}
