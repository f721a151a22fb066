//! Activation functions of neural networks.

use super::{MulAdd, exp, normal_tail};

/// `max(x, 0)`; NaN stays NaN.
///
/// ```
/// use lessons_compute::math::relu;
/// assert_eq!((relu(-1.0), relu(2.0)), (0.0, 2.0));
/// assert!(relu(f32::NAN).is_nan());
/// ```
#[inline(always)]
pub fn relu(x: f32) -> f32 {
    if 0.0 > x { 0.0 } else { x }
}

/// The logistic function `1 / (1 + e⁻ˣ)`, within 3 ulp, written so that e^x never overflows.
///
/// ```
/// use lessons_compute::math::{Unfused, sigmoid};
/// assert_eq!(sigmoid::<Unfused>(0.0), 0.5);
/// ```
#[inline(always)]
pub fn sigmoid<M: MulAdd>(x: f32) -> f32 {
    let small = exp::<M>(-x.abs());
    (if x < 0.0 { small } else { 1.0 }) / (1.0 + small)
}

/// `x · sigmoid(x)`, also called swish.
///
/// ```
/// use lessons_compute::math::{Unfused, silu};
/// assert_eq!(silu::<Unfused>(0.0), 0.0);
/// ```
#[inline(always)]
pub fn silu<M: MulAdd>(x: f32) -> f32 {
    x * sigmoid::<M>(x)
}

/// `x · (1 + erf(x / √2)) / 2`, the exact form, within 8 ulp, also far below 0.
///
/// ```
/// use lessons_compute::math::{Unfused, gelu};
/// assert_eq!(gelu::<Unfused>(-20.0), 0.0);
/// ```
#[inline(always)]
pub fn gelu<M: MulAdd>(x: f32) -> f32 {
    let tail = normal_tail::<M>(x.abs());
    x * if x < 0.0 { tail } else { 1.0 - tail }
}

/// `x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2`, as `x · sigmoid(2 √(2/π) · …)`, within 1e-6 · |x|.
///
/// ```
/// use lessons_compute::math::{Unfused, gelu_tanh};
/// assert_eq!(gelu_tanh::<Unfused>(10.0), 10.0);
/// ```
#[inline(always)]
pub fn gelu_tanh<M: MulAdd>(x: f32) -> f32 {
    const SCALE: f32 = 1.595_769; // 2 √(2/π)
    x * sigmoid::<M>(SCALE * M::mul_add(0.044_715 * x * x, x, x))
}

/// `x · sigmoid(1.702 x)`, within 1e-6 · |x|.
///
/// ```
/// use lessons_compute::math::{Unfused, gelu_quick};
/// assert_eq!(gelu_quick::<Unfused>(0.0), 0.0);
/// ```
#[inline(always)]
pub fn gelu_quick<M: MulAdd>(x: f32) -> f32 {
    x * sigmoid::<M>(1.702 * x)
}
