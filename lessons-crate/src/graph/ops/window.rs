//! Windows that move over images.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::TensorType;

/// The size of a window, and how it moves over the last two axes of images. Pairs are of height and
/// width.
///
/// ```
/// use lessons::prelude::*;
///
/// assert_eq!(Window::of(3).padding(1).to_string(), "3x3, padding=1");
/// assert_eq!(Window::of([1, 5]).stride([1, 2]).to_string(), "1x5, stride=1x2");
/// assert_eq!(Window::tiles(2), Window::of(2).stride(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    pub kernel: [usize; 2],
    /// How far it moves from one position to the next; at least 1.
    pub stride: [usize; 2],
    /// What is added above and to the left of an image, and below and to the right.
    pub padding: [[usize; 2]; 2],
    /// From one element that it covers to the next; at least 1, where there are no gaps.
    pub dilation: [usize; 2],
}

/// One number for height and width, or one for each.
pub trait IntoPair {
    fn into_pair(self) -> [usize; 2];
}

impl IntoPair for usize {
    fn into_pair(self) -> [usize; 2] {
        [self; 2]
    }
}

impl IntoPair for [usize; 2] {
    fn into_pair(self) -> [usize; 2] {
        self
    }
}

impl Window {
    /// A window that moves by one, without padding.
    pub fn of(kernel: impl IntoPair) -> Window {
        Window {
            kernel: kernel.into_pair(),
            stride: [1; 2],
            padding: [[0; 2]; 2],
            dilation: [1; 2],
        }
    }

    /// A window that moves by its own size, as pools mostly do.
    pub fn tiles(kernel: impl IntoPair) -> Window {
        let kernel = kernel.into_pair();
        Window::of(kernel).stride(kernel)
    }

    pub fn stride(self, stride: impl IntoPair) -> Window {
        let stride = stride.into_pair();
        Window { stride, ..self }
    }

    /// The same padding on opposite sides; for others, set the field.
    pub fn padding(self, padding: impl IntoPair) -> Window {
        let padding = [padding.into_pair(); 2];
        Window { padding, ..self }
    }

    pub fn dilation(self, dilation: impl IntoPair) -> Window {
        let dilation = dilation.into_pair();
        Window { dilation, ..self }
    }

    /// How many elements it covers.
    pub fn area(&self) -> usize {
        self.kernel[0].saturating_mul(self.kernel[1])
    }

    /// The height and width of what it makes of images `{0}` of type `[batch, channels, height,
    /// width]`: `(size + padding - dilation·(kernel - 1) - 1) / stride + 1`, rounded down.
    ///
    /// # Errors
    /// When it does not fit into the images, or with symbolic sizes the division is not known.
    pub fn positions(&self, images: &TensorType) -> Result<[Dim; 2], Broken> {
        if images.rank() != 4 {
            return Err(Broken::new(format!(
                "{{0}} has {} axes, and images have 4: batch, channels, height and width",
                images.rank()
            ))
            .help("one image without a batch axis: {0}.reshape((1, channels, height, width))"));
        }
        for (what, pair) in [
            ("size", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ] {
            if pair.contains(&0) {
                return Err(Broken::new(format!("the {what} of the window is 0"))
                    .help("numbers from 1 on, for height and width"));
            }
        }
        Ok([self.along(0, images)?, self.along(1, images)?])
    }

    fn along(&self, axis: usize, images: &TensorType) -> Result<Dim, Broken> {
        let name = ["height", "width"][axis];
        let size = &images.shape[axis + 2];
        let around = self.padding[0][axis].saturating_add(self.padding[1][axis]);
        let reach = (self.kernel[axis] - 1)
            .saturating_mul(self.dilation[axis])
            .saturating_add(1);
        let room = size.clone() + Dim::from(around) - Dim::from(reach);
        if room.as_constant().is_some_and(|room| room < 0) {
            return Err(Broken::new(format!(
                "the window reaches over a {name} of {reach}, and {{0}} has {size}, with a padding of {around} in all"
            ))
            .help("a smaller window, or more padding"));
        }
        let stride = self.stride[axis];
        match room.div_floor(stride) {
            Some(steps) => Ok(steps + Dim::constant(1)),
            None => Err(Broken::new(format!(
                "the {name} {size} of {{0}} in steps of {stride} has no known size"
            ))
            .help(format!(
                "a {name} that is a number, or a multiple of {stride} such as Dim::from(\"half\") * Dim::from({stride})"
            ))),
        }
    }
}

/// A pair as one number where both are the same.
fn pair([a, b]: [usize; 2]) -> String {
    match a == b {
        true => a.to_string(),
        false => format!("{a}x{b}"),
    }
}

impl fmt::Display for Window {
    /// The size, and what is not as usual: `3x3, stride=2, padding=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.kernel[0], self.kernel[1])?;
        if self.stride != [1; 2] {
            write!(f, ", stride={}", pair(self.stride))?;
        }
        match self.padding {
            [[0, 0], [0, 0]] => {}
            [before, after] if before == after => write!(f, ", padding={}", pair(before))?,
            [[top, left], [bottom, right]] => {
                write!(f, ", padding={top}+{bottom}x{left}+{right}")?;
            }
        }
        match self.dilation {
            [1, 1] => Ok(()),
            dilation => write!(f, ", dilation={}", pair(dilation)),
        }
    }
}
