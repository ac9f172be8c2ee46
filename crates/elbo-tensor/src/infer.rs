//! The one place that says which shapes and types an op takes and what it returns.

use crate::{Dtype, Kind, Node, Op, Over, Shape};

/// The result's shape and type, or what does not fit.
///
/// `given` is the shape asked for, where the arguments leave it open.
pub(crate) fn result(op: Op, args: &[&Node], given: Shape) -> Result<(Shape, Dtype), String> {
    check_arguments(op, args)?;
    let shapes: Vec<Shape> = args.iter().map(|node| node.shape).collect();
    let shape = match op {
        Op::Input | Op::Parameter | Op::Fill(_) => given,
        Op::Normal { .. } => expect(&shapes, &[Shape::vector(2), Shape::SCALAR], given)?,
        Op::Gather { .. } => gather(&shapes, given)?,
        Op::Scale(_) | Op::Shift(_) | Op::Exp | Op::Ln | Op::Sqrt | Op::Square => shapes[0],
        Op::Relu | Op::Tanh | Op::Sigmoid => shapes[0],
        Op::Add | Op::Sub | Op::Mul | Op::Div => same(&shapes)?,
        Op::ReluGrad | Op::TanhGrad | Op::SigmoidGrad => same(&shapes)?,
        Op::MatMul { transpose_a, transpose_b } => matmul(&shapes, transpose_a, transpose_b)?,
        Op::AddRow => add_row(&shapes)?,
        Op::Sum(over) => sum(shapes[0], over)?,
        Op::Spread(over) => spread(shapes[0], over, given)?,
        Op::Affine { transpose_a, transpose_b, .. } => {
            let product = matmul(&shapes, transpose_a, transpose_b)?;
            add_row(&[product, shapes[2]])?
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            same(&[matmul(&shapes, transpose_a, transpose_b)?, shapes[2]])?
        }
        Op::SquaredError => same(&shapes).map(|_| Shape::SCALAR)?,
        Op::ErrorTanhGrad(_) => same(&shapes)?,
        Op::Adam { .. } => adam(&shapes)?,
        Op::AdamProduct { .. } => {
            let gradient = matmul(&shapes[1..], true, false)?;
            adam(&[&[shapes[0], gradient], &shapes[3..]].concat())?
        }
        Op::Put => expect(&shapes[1..], &[Shape::SCALAR, Shape::SCALAR], shapes[0])?,
        Op::Advance(_) => expect(&shapes, &[Shape::SCALAR], Shape::SCALAR)?,
    };
    Ok((shape, if matches!(op, Op::Advance(_)) { Dtype::U32 } else { Dtype::F32 }))
}

fn check_arguments(op: Op, args: &[&Node]) -> Result<(), String> {
    let wanted = op.arguments();
    let given: Vec<Dtype> = args.iter().map(|node| node.dtype).collect();
    if given != wanted {
        return Err(format!("wants {}, got {}", list(wanted), list(&given)));
    }
    for (position, node) in args.iter().enumerate() {
        if node.op.kind() == Kind::Update {
            return Err(format!("reads the update `{}`, which has no value", node.op.name()));
        }
        let fixed = node.op.kind() == Kind::Fixed;
        if op.changes().contains(&position) && !fixed {
            return Err(format!("would change a `{}`, not a parameter", node.op.name()));
        }
        // Nodes are told apart by where they are: two parameters may look the same.
        let twice = args.iter().enumerate().any(|(i, n)| i != position && std::ptr::eq(*n, *node));
        if op.changes().contains(&position) && twice {
            return Err("would change a value that it also takes as another argument".into());
        }
    }
    Ok(())
}

fn list(dtypes: &[Dtype]) -> String {
    let names: Vec<String> = dtypes.iter().map(ToString::to_string).collect();
    if names.is_empty() { "no argument".into() } else { names.join(", ") }
}

fn expect(shapes: &[Shape], wanted: &[Shape], result: Shape) -> Result<Shape, String> {
    if shapes == wanted { Ok(result) } else { Err(format!("wants {wanted:?}, got {shapes:?}")) }
}

fn same(shapes: &[Shape]) -> Result<Shape, String> {
    if shapes[0] == shapes[1] {
        Ok(shapes[0])
    } else {
        Err(format!("shapes differ, {} and {}", shapes[0], shapes[1]))
    }
}

fn matrix(shape: Shape) -> Result<(usize, usize), String> {
    shape.as_matrix().ok_or_else(|| format!("wants a matrix, got {shape}"))
}

fn matmul(shapes: &[Shape], transpose_a: bool, transpose_b: bool) -> Result<Shape, String> {
    let turned =
        |(rows, columns), transpose| if transpose { (columns, rows) } else { (rows, columns) };
    let (m, k) = turned(matrix(shapes[0])?, transpose_a);
    let (inner, n) = turned(matrix(shapes[1])?, transpose_b);
    if k == inner {
        return Ok(Shape::matrix(m, n));
    }
    let mark = |transpose| if transpose { "ᵀ" } else { "" };
    let (a, b) = (mark(transpose_a), mark(transpose_b));
    Err(format!("inner sizes differ, {}{a} · {}{b}", shapes[0], shapes[1]))
}

fn add_row(shapes: &[Shape]) -> Result<Shape, String> {
    let (_, columns) = matrix(shapes[0])?;
    if shapes[1] == Shape::vector(columns) {
        Ok(shapes[0])
    } else {
        Err(format!("{} needs a row of {columns}, got {}", shapes[0], shapes[1]))
    }
}

fn sum(shape: Shape, over: Over) -> Result<Shape, String> {
    Ok(match over {
        Over::All => Shape::SCALAR,
        Over::Rows => Shape::vector(matrix(shape)?.1),
        Over::Columns => Shape::vector(matrix(shape)?.0),
    })
}

fn spread(shape: Shape, over: Over, given: Shape) -> Result<Shape, String> {
    if sum(given, over)? == shape {
        Ok(given)
    } else {
        Err(format!("{shape} does not spread to {given}"))
    }
}

fn gather(shapes: &[Shape], given: Shape) -> Result<Shape, String> {
    let (count, width) = matrix(shapes[0])?;
    let (batch, columns) = matrix(given)?;
    if columns != width {
        return Err(format!("rows of {width} values for a batch {given}"));
    }
    if count == 0 || batch > shapes[1].len() {
        return Err(format!("a batch of {batch} from {} of {count} rows", shapes[1].len()));
    }
    expect(&shapes[1..], &[Shape::vector(shapes[1].len()), Shape::SCALAR], given)
}

fn adam(shapes: &[Shape]) -> Result<Shape, String> {
    if shapes[1..4].iter().any(|shape| *shape != shapes[0]) {
        let all = &shapes[..4];
        return Err(format!("parameter, gradient and moments differ in shape: {all:?}"));
    }
    expect(&shapes[4..], &[Shape::SCALAR, Shape::SCALAR], shapes[0])
}
