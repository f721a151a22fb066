//! What is done with a tile of a product while it is in the first-level cache.

use super::tile::{MAX_COLUMNS, MAX_ROWS};
use crate::elementwise::{BinaryOp, Program, UnaryOp, Values};
use crate::error::{KernelError, equal, long_enough};
use crate::isa::Verified;
use crate::matrix::Matrix;

/// The most operands that one [`Then::Program`] has.
pub const MAX_OPERANDS: usize = 8;

/// What becomes of a product: first a bias is added, then the steps are done one after the other.
///
/// `gelu(A · W + bias) + residual` is
/// `Epilogue { bias: Some(&bias), then: &[Then::Unary(UnaryOp::Gelu), Then::Binary(BinaryOp::Add, Operand::Matrix { data, stride })] }`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// One number for each column, with which the sums begin: it costs nothing.
    pub bias: Option<&'a [f32]>,
    pub then: &'a [Then<'a>],
}

/// One step on each element of a product.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// `op(value)`.
    Unary(UnaryOp),
    /// `op(value, operand)`.
    Binary(BinaryOp, Operand<'a>),
    /// A program whose input 0 is the value, and whose other inputs are the operands.
    Program(&'a Program, &'a [Operand<'a>]),
}

/// What a step reads beside the product.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// The same number for every element.
    Scalar(f32),
    /// One number for each column.
    Columns(&'a [f32]),
    /// One number for each row.
    Rows(&'a [f32]),
    /// One for each element: `(i, j)` is `data[i * stride + j]`.
    Matrix { data: &'a [f32], stride: usize },
}

impl Epilogue<'_> {
    pub(crate) fn check(&self, rows: usize, columns: usize) -> Result<(), KernelError> {
        if let Some(bias) = self.bias {
            equal("the length of the bias", columns, bias.len())?;
        }
        for then in self.then {
            match then {
                Then::Unary(_) => {}
                Then::Binary(_, operand) => operand.check(rows, columns)?,
                Then::Program(program, operands) => {
                    equal(
                        "the number of operands of the program, and 1 for the product,",
                        program.inputs(),
                        operands.len() + 1,
                    )?;
                    if operands.len() > MAX_OPERANDS {
                        return Err(KernelError::Mismatch {
                            what: "the number of operands of the program",
                            expected: MAX_OPERANDS,
                            given: operands.len(),
                        });
                    }
                    for operand in *operands {
                        operand.check(rows, columns)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Operand<'_> {
    fn check(&self, rows: usize, columns: usize) -> Result<(), KernelError> {
        match *self {
            Operand::Scalar(_) => Ok(()),
            Operand::Columns(data) => long_enough("an operand of columns", columns, data.len()),
            Operand::Rows(data) => long_enough("an operand of rows", rows, data.len()),
            Operand::Matrix { data, stride } => Matrix {
                data,
                rows,
                columns,
                stride,
            }
            .check("an operand of the epilogue"),
        }
    }
}

/// A tile in the first-level cache, row after row without gaps.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct Scratch(pub [f32; LARGEST]);

/// Numbers of the largest tile, be it of rows of a product or of channels of a convolution at 16 pixels.
const LARGEST: usize = 16 * MAX_COLUMNS;
const _: () = assert!(MAX_ROWS <= 16);

impl Scratch {
    pub const ZERO: Scratch = Scratch([0.0; LARGEST]);
}

/// Where a tile is in the result, and how large it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub row: usize,
    pub rows: usize,
    pub column: usize,
    /// Those of the tile that are columns of the result.
    pub columns: usize,
    /// Those of the tile.
    pub width: usize,
}

/// Does the steps on a tile, going to and fro between two places; where the result is.
pub(crate) fn apply<'s>(
    isa: Verified,
    then: &[Then<'_>],
    place: Place,
    tile: &'s mut Scratch,
    spare: &'s mut Scratch,
) -> &'s Scratch {
    // In whole groups of vectors; what is beyond the tile is computed and left.
    let len = (place.rows * place.width)
        .next_multiple_of(64)
        .min(tile.0.len());
    let (mut from, mut to) = (tile, spare);
    for then in then {
        let (values, out) = (Values::Slice(&from.0[..len]), &mut to.0[..len]);
        match *then {
            Then::Unary(op) => crate::elementwise::unary(isa, op, out, values),
            Then::Binary(op, operand) => {
                let mut copy = Scratch::ZERO;
                let operand = expand(operand, place, &mut copy, len);
                crate::elementwise::binary(isa, op, out, values, operand);
            }
            Then::Program(program, operands) => {
                let mut copies = [Scratch::ZERO; MAX_OPERANDS];
                let mut inputs = [values; MAX_OPERANDS + 1];
                for ((input, copy), operand) in
                    inputs[1..].iter_mut().zip(&mut copies).zip(operands)
                {
                    *input = expand(*operand, place, copy, len);
                }
                program.run_block_of(isa, &inputs[..operands.len() + 1], out);
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    from
}

/// The part of an operand that belongs to a tile, laid out as the tile is.
fn expand<'a>(operand: Operand<'_>, place: Place, copy: &'a mut Scratch, len: usize) -> Values<'a> {
    let rows = copy.0.chunks_exact_mut(place.width).take(place.rows);
    match operand {
        Operand::Scalar(value) => return Values::Scalar(value),
        Operand::Columns(data) => {
            let data = &data[place.column..][..place.columns];
            rows.for_each(|row| row[..data.len()].copy_from_slice(data));
        }
        Operand::Rows(data) => {
            let data = &data[place.row..][..place.rows];
            rows.zip(data).for_each(|(row, &value)| row.fill(value));
        }
        Operand::Matrix { data, stride } => {
            for (i, row) in rows.enumerate() {
                let data = &data[(place.row + i) * stride + place.column..][..place.columns];
                row[..data.len()].copy_from_slice(data);
            }
        }
    }
    Values::Slice(&copy.0[..len])
}
