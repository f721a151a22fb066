//! Closures over numbers in `f64`.

use super::{Data, MAX_READS, Out, Workspace, mixed};
use crate::engine::error::RunError;
use crate::graph::ops::{Custom, CustomInput};

/// A custom op with the shapes of its operands, which have no gaps, and of its result. What the closure allocates is its own;
/// the step itself allocates nothing.
#[derive(Debug, Clone)]
pub struct Call {
    pub op: Custom,
    pub inputs: Vec<Vec<usize>>,
    pub shape: Vec<usize>,
}

impl Call {
    pub fn run(
        &self,
        reads: &[Data<'_>],
        out: Out<'_>,
        memory: &mut Workspace,
    ) -> Result<(), RunError> {
        let sizes = self
            .inputs
            .iter()
            .map(|shape| shape.iter().product::<usize>());
        let mut rest = memory.doubles(sizes.clone().sum());
        let mut inputs = [CustomInput {
            shape: &[],
            values: &[],
        }; MAX_READS];
        let operands = reads.iter().zip(&self.inputs).zip(sizes);
        for (input, ((read, shape), size)) in inputs.iter_mut().zip(operands) {
            let (values, after) = rest.split_at_mut(size);
            widen(read.first(size), values)?;
            *input = CustomInput { shape, values };
            rest = after;
        }
        let inputs = inputs.get(..reads.len()).ok_or_else(mixed)?;
        let result = self
            .op
            .compute(inputs, &self.shape)
            .map_err(RunError::new)?;
        narrow(&result, out)
    }
}

fn widen(from: Data<'_>, to: &mut [f64]) -> Result<(), RunError> {
    macro_rules! each {
        ($from:expr) => {
            for (to, x) in to.iter_mut().zip($from) {
                *to = *x as f64;
            }
        };
    }
    match from {
        Data::F64(from) => to.copy_from_slice(from),
        Data::F32(from) => each!(from),
        Data::I64(from) => each!(from),
        Data::I32(from) => each!(from),
        Data::U32(from) => each!(from),
        Data::U8(from) => each!(from),
        Data::F16(_) | Data::BF16(_) => return Err(mixed()),
    }
    Ok(())
}

/// Integers by way of 64 bits, as in the reference.
fn narrow(from: &[f64], to: Out<'_>) -> Result<(), RunError> {
    macro_rules! each {
        ($to:expr, |$x:ident| $value:expr) => {
            for (to, $x) in $to.iter_mut().zip(from) {
                *to = $value;
            }
        };
    }
    match to {
        Out::F64(to) => to.copy_from_slice(from),
        Out::F32(to) => each!(to, |x| *x as f32),
        Out::I64(to) => each!(to, |x| *x as i64),
        Out::I32(to) => each!(to, |x| *x as i64 as i32),
        Out::U32(to) => each!(to, |x| *x as i64 as u32),
        Out::U8(to) => each!(to, |x| *x as i64 as u8),
        Out::F16(_) | Out::BF16(_) => return Err(mixed()),
    }
    Ok(())
}
