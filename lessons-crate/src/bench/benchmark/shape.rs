//! Shapes as a command line gives them: `8x128`, or `32x8-128` for rows of mixed length.

use std::fmt;
use std::str::FromStr;

use crate::bench::error::BenchError;

/// No input has more elements than this.
const MOST_ELEMENTS: usize = 1 << 28;

/// The shape of an input.
///
/// ```
/// use lessons::bench::CaseShape;
/// let shape: CaseShape = "8x128".parse()?;
/// assert_eq!(shape.dims(), [8, 128]);
/// # Ok::<(), lessons::bench::BenchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseShape {
    dims: Vec<usize>,
    /// Where rows differ in length: the length of the shortest. The last dim is the longest's.
    shortest: Option<usize>,
}

impl CaseShape {
    /// The dims; the last one is that of the longest row.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The length of the shortest row, where rows differ in length.
    pub fn shortest(&self) -> Option<usize> {
        self.shortest
    }
}

impl FromStr for CaseShape {
    type Err = BenchError;

    fn from_str(text: &str) -> Result<CaseShape, BenchError> {
        let wrong = || {
            BenchError::new(format!("`{text}` is no shape"))
                .help("sizes with an x between: 8x128; with a range at the end, 32x8-128, rows differ in length")
        };
        let size = |text: &str| text.parse().ok().filter(|size| *size > 0).ok_or_else(wrong);
        let (first, last) = match text.rsplit_once('x') {
            Some((first, last)) => (Some(first), last),
            None => (None, text),
        };
        let mut dims = match first {
            Some(first) => first.split('x').map(size).collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let shortest = match last.split_once('-') {
            Some((shortest, longest)) => {
                dims.push(size(longest)?);
                Some(size(shortest)?)
            }
            None => {
                dims.push(size(last)?);
                None
            }
        };
        let elements = dims
            .iter()
            .try_fold(1usize, |all, dim| all.checked_mul(*dim));
        let fits = elements.is_some_and(|elements| elements <= MOST_ELEMENTS);
        let ordered = shortest.is_none_or(|shortest| dims.last() >= Some(&shortest));
        if fits && ordered {
            Ok(CaseShape { dims, shortest })
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for CaseShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, dim) in self.dims.iter().enumerate() {
            if index > 0 {
                f.write_str("x")?;
            }
            if let (Some(shortest), true) = (self.shortest, index + 1 == self.dims.len()) {
                write!(f, "{shortest}-")?;
            }
            write!(f, "{dim}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_back() {
        for text in ["4", "1x8", "256x1x28x28", "32x8-128", "1x8-8"] {
            assert_eq!(text.parse::<CaseShape>().unwrap().to_string(), text);
        }
        let mixed: CaseShape = "32x8-128".parse().unwrap();
        assert_eq!((mixed.dims(), mixed.shortest()), (&[32, 128][..], Some(8)));
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for text in [
            "",
            "x",
            "1x",
            "x1",
            "0",
            "1x0",
            "-1",
            "8-4",
            "4-8x2",
            "a",
            "1 x 8",
            "99999999999999999999",
            "4294967296x4294967296",
            "268435457",
        ] {
            assert!(text.parse::<CaseShape>().is_err(), "{text}");
        }
    }
}
