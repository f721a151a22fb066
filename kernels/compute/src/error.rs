//! What can be wrong with the arrays that a kernel is given.

/// Why a kernel did not run. Nothing was written then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// A slice ends before what its shape and strides say.
    #[error("{what}: {needed} element(s) needed, {given} given")]
    Short {
        what: &'static str,
        needed: usize,
        given: usize,
    },
    /// Two sizes that must be equal are not, or one is out of its bounds.
    #[error("{what} is {given}, but must be {expected}")]
    Mismatch {
        what: &'static str,
        expected: usize,
        given: usize,
    },
    /// The product of sizes is larger than any memory.
    #[error("the sizes of {what} multiply to more than memory has addresses")]
    Overflow { what: &'static str },
    /// A row is asked for that is not there.
    #[error("the index {index} is outside of {what}, which has {rows} row(s)")]
    Index {
        what: &'static str,
        index: i64,
        rows: usize,
    },
    /// An element is asked for that is not there.
    #[error("the index {index} is not on axis {axis}, which has {size} element(s)")]
    OffAxis {
        index: i64,
        axis: usize,
        size: usize,
    },
    /// An integer would be divided by 0.
    #[error("an integer would be divided by 0")]
    DivisionByZero,
    /// Rows of an output would lie upon each other.
    #[error("{what} has rows of {columns} at a distance of {stride}: they overlap")]
    Overlap {
        what: &'static str,
        columns: usize,
        stride: usize,
    },
}

/// Fails unless `given` is `expected`.
pub(crate) fn equal(what: &'static str, expected: usize, given: usize) -> Result<(), KernelError> {
    if given == expected {
        Ok(())
    } else {
        Err(KernelError::Mismatch {
            what,
            expected,
            given,
        })
    }
}

/// Fails unless there are at least `needed` elements.
pub(crate) fn long_enough(
    what: &'static str,
    needed: usize,
    given: usize,
) -> Result<(), KernelError> {
    if given >= needed {
        Ok(())
    } else {
        Err(KernelError::Short {
            what,
            needed,
            given,
        })
    }
}

/// The product of sizes.
pub(crate) fn product(what: &'static str, sizes: &[usize]) -> Result<usize, KernelError> {
    if sizes.contains(&0) {
        return Ok(0);
    }
    sizes
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .ok_or(KernelError::Overflow { what })
}
