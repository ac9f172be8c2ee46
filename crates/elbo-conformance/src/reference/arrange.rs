//! Ops that know rows and columns: products, sums and their transposes.

use elbo_tensor::{Activation, Over};

use super::{Refusal, elementwise::relu, operands::Arguments};

/// result[i, j] = Σ over l of a[i, l] · b[l, j].
pub(super) fn matmul(
    args: Arguments<'_>,
    transpose_a: bool,
    transpose_b: bool,
) -> Result<Vec<f64>, Refusal> {
    let (a, b) = (args.f32(0)?, args.f32(1)?);
    let (a_rows, a_columns) = args.matrix(0)?;
    let (b_rows, b_columns) = args.matrix(1)?;
    let (m, k) = if transpose_a { (a_columns, a_rows) } else { (a_rows, a_columns) };
    let (inner, n) = if transpose_b { (b_columns, b_rows) } else { (b_rows, b_columns) };
    if k != inner {
        return Err(args.refuse(format!("inner sizes differ, {k} and {inner}")));
    }
    let a = |i, l| if transpose_a { a[l * m + i] } else { a[i * k + l] };
    let b = |l, j| if transpose_b { b[j * k + l] } else { b[l * n + j] };
    let mut result = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            result.push((0..k).map(|l| a(i, l) * b(l, j)).sum());
        }
    }
    Ok(result)
}

/// aᵀ · b of the arguments behind the first.
pub(super) fn gradient(args: Arguments<'_>) -> Result<Vec<f64>, Refusal> {
    let (a, b) = (args.f32(1)?, args.f32(2)?);
    let ((terms, m), (inner, n)) = (args.matrix(1)?, args.matrix(2)?);
    if terms != inner {
        return Err(args.refuse(format!("inner sizes differ, {terms} and {inner}")));
    }
    let sum = |i, j| (0..terms).map(|l| a[l * m + i] * b[l * n + j]).sum();
    Ok((0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| sum(i, j)).collect())
}

/// activation(a · b + bias).
pub(super) fn affine(
    args: Arguments<'_>,
    transpose_a: bool,
    transpose_b: bool,
    activation: Activation,
) -> Result<Vec<f64>, Refusal> {
    let bias = args.f32(2)?;
    let mut result = matmul(args, transpose_a, transpose_b)?;
    let (_, columns) = args.result_matrix()?;
    if bias.len() != columns {
        return Err(args.refuse(format!("a bias of {} for {columns} columns", bias.len())));
    }
    for (place, sum) in result.iter_mut().enumerate() {
        let sum_with_bias = *sum + bias[place % columns];
        *sum = match activation {
            Activation::Identity => sum_with_bias,
            Activation::Relu => relu(sum_with_bias),
            Activation::Tanh => sum_with_bias.tanh(),
        };
    }
    Ok(result)
}

pub(super) fn add_row(args: Arguments<'_>) -> Result<Vec<f64>, Refusal> {
    let (matrix, row) = (args.f32(0)?, args.f32(1)?);
    let (_, columns) = args.matrix(0)?;
    if row.len() != columns {
        return Err(args.refuse(format!("a row of {} for {columns} columns", row.len())));
    }
    Ok(matrix.iter().enumerate().map(|(place, x)| x + row[place % columns]).collect())
}

pub(super) fn sum(args: Arguments<'_>, over: Over) -> Result<Vec<f64>, Refusal> {
    let values = args.f32(0)?;
    if over == Over::All {
        return Ok(vec![values.iter().sum()]);
    }
    let (rows, columns) = args.matrix(0)?;
    let at = |row: usize, column: usize| values[row * columns + column];
    Ok(match over {
        Over::Rows => (0..columns).map(|c| (0..rows).map(|r| at(r, c)).sum()).collect(),
        _ => (0..rows).map(|r| (0..columns).map(|c| at(r, c)).sum()).collect(),
    })
}

pub(super) fn spread(args: Arguments<'_>, over: Over) -> Result<Vec<f64>, Refusal> {
    let (values, len) = (args.f32(0)?, args.call.out.shape.len());
    let (wanted, source): (usize, Box<dyn Fn(usize) -> usize>) = match over {
        Over::All => (1, Box::new(|_| 0)),
        Over::Rows => {
            let (_, columns) = args.result_matrix()?;
            (columns, Box::new(move |place| place % columns))
        }
        Over::Columns => {
            let (rows, columns) = args.result_matrix()?;
            (rows, Box::new(move |place| place / columns))
        }
    };
    if values.len() != wanted {
        return Err(args.refuse(format!("{} values to spread, wants {wanted}", values.len())));
    }
    Ok((0..len).map(|place| values[source(place)]).collect())
}
