//! Computing constants while compiling.

use crate::graph::TensorType;
use crate::graph::ops::{Constant, Op};

/// Something that can run an op on constants. The compiler declares this and the reference engine
/// implements it, so that the compiler depends on no engine.
pub trait Evaluate {
    /// The result of `op` on `inputs`, of type `ty`, whose dims are all known.
    ///
    /// # Errors
    /// A sentence that says why it cannot be computed.
    fn evaluate(&self, op: &Op, inputs: &[&Constant], ty: &TensorType) -> Result<Constant, String>;
}
