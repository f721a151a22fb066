//! Which elements indices name: what taking and scattering have in common.

use crate::error::{KernelError, equal, long_enough, product};

/// An integer that is an index.
pub trait Index: Copy + Send + Sync {
    fn index(self) -> i64;
}

macro_rules! indices {
    ($($type:ty)+) => {$(
        impl Index for $type {
            #[inline(always)]
            fn index(self) -> i64 {
                i64::from(self)
            }
        }
    )+};
}

indices! { i64 i32 u32 u8 }

/// How indices name elements of an array without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Each index names one element: its place along the middle axis of `sizes`, outer, middle and inner; the indices have as
    /// many elements on the outer and inner axes, and `count` on the middle one.
    Along {
        sizes: [usize; 3],
        count: usize,
        /// The number of the middle axis, for messages.
        axis: usize,
    },
    /// For each of `count` places there is one index for each of the first axes, whose sizes these are; together they name
    /// `width` elements, those on all further axes.
    Nd {
        count: usize,
        axes: Vec<usize>,
        width: usize,
    },
}

impl Place {
    /// How many elements lie one after the other at each place.
    pub fn width(&self) -> usize {
        match self {
            Place::Along { .. } => 1,
            Place::Nd { width, .. } => *width,
        }
    }

    /// How many places there are.
    ///
    /// # Errors
    /// If the sizes multiply to more than memory has addresses.
    pub(crate) fn places(&self) -> Result<usize, KernelError> {
        match self {
            Place::Along {
                sizes: [outer, _, inner],
                count,
                ..
            } => product("the indices", &[*outer, *count, *inner]),
            Place::Nd { count, .. } => Ok(*count),
        }
    }

    /// Fails unless array, indices and what they name have as many elements as they should, and every index is one of its
    /// axis.
    pub(crate) fn check<I: Index>(
        &self,
        array: usize,
        indices: &[I],
        named: usize,
    ) -> Result<(), KernelError> {
        let places = self.places()?;
        let all = product("what is named", &[places, self.width()])?;
        equal("the number of elements that are named", all, named)?;
        let (elements, numbers) = match self {
            Place::Along { sizes, .. } => (product("the array", sizes)?, places),
            Place::Nd { axes, width, .. } => {
                let outer = product("the array", axes)?;
                let numbers = product("the indices", &[places, axes.len()])?;
                (product("the array", &[outer, *width])?, numbers)
            }
        };
        equal("the length of the array", elements, array)?;
        long_enough("the indices", numbers, indices.len())?;
        let off = |index: I, size: usize| {
            usize::try_from(index.index()).map_or(true, |index| index >= size)
        };
        let (index, axis, size) = match self {
            Place::Along { sizes, axis, .. } => {
                let size = sizes[1];
                match indices[..numbers].iter().find(|index| off(**index, size)) {
                    Some(index) => (*index, *axis, size),
                    None => return Ok(()),
                }
            }
            Place::Nd { axes, .. } => {
                let mut numbers = indices[..numbers]
                    .iter()
                    .zip(axes.iter().enumerate().cycle());
                match numbers.find(|(index, (_, size))| off(**index, **size)) {
                    Some((index, (axis, size))) => (*index, axis, *size),
                    None => return Ok(()),
                }
            }
        };
        Err(KernelError::OffAxis {
            index: index.index(),
            axis,
            size,
        })
    }

    /// Where what the indices of a place name begins, of checked indices.
    #[inline(always)]
    pub(crate) fn start<I: Index>(&self, indices: &[I], place: usize) -> usize {
        match self {
            Place::Along {
                sizes: [_, middle, inner],
                count,
                ..
            } => {
                let outer = place / inner / count;
                let index = indices[place].index() as usize;
                (outer * middle + index) * inner + place % inner
            }
            Place::Nd { axes, width, .. } => {
                let numbers = &indices[place * axes.len()..][..axes.len()];
                let pairs = numbers.iter().zip(axes);
                let row = pairs.fold(0, |row, (index, size)| row * size + index.index() as usize);
                row * width
            }
        }
    }
}
