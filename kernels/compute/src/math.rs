//! Functions of one or two f32, free of branches, so that the compiler turns a loop over them into vector code.

/// How `a * b + c` is computed: in one rounding where the instruction set can, in two where it can't.
pub trait MulAdd {
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
}

/// One rounding.
pub struct Fused;

/// Two roundings.
pub struct Unfused;

impl MulAdd for Fused {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl MulAdd for Unfused {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

#[inline(always)]
pub fn relu(x: f32) -> f32 {
    if 0.0 > x { 0.0 } else { x }
}

#[inline(always)]
pub fn exp<M: MulAdd>(x: f32) -> f32 {
    x.exp()
}

#[inline(always)]
pub fn log<M: MulAdd>(x: f32) -> f32 {
    x.ln()
}

#[inline(always)]
pub fn sin<M: MulAdd>(x: f32) -> f32 {
    x.sin()
}

#[inline(always)]
pub fn cos<M: MulAdd>(x: f32) -> f32 {
    x.cos()
}

#[inline(always)]
pub fn tanh<M: MulAdd>(x: f32) -> f32 {
    x.tanh()
}

#[inline(always)]
pub fn erf<M: MulAdd>(x: f32) -> f32 {
    libm::erff(x)
}

#[inline(always)]
pub fn sigmoid<M: MulAdd>(x: f32) -> f32 {
    let e = exp::<M>(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

#[inline(always)]
pub fn gelu<M: MulAdd>(x: f32) -> f32 {
    0.5 * x * libm::erfcf(-x * std::f32::consts::FRAC_1_SQRT_2)
}

#[inline(always)]
pub fn gelu_tanh<M: MulAdd>(x: f32) -> f32 {
    x * sigmoid::<M>(1.595_769 * M::mul_add(0.044715 * x * x, x, x))
}

#[inline(always)]
pub fn gelu_quick<M: MulAdd>(x: f32) -> f32 {
    x * sigmoid::<M>(1.702 * x)
}

#[inline(always)]
pub fn silu<M: MulAdd>(x: f32) -> f32 {
    x * sigmoid::<M>(x)
}

/// How many steps from one f32 to the next lie between `a` and `b`: 0 for two zeros or two NaNs, `u32::MAX` for one NaN.
#[cfg(test)]
pub(crate) fn ulps(a: f32, b: f32) -> u32 {
    let ordinal = |x: f32| {
        let magnitude = i64::from(x.to_bits() & 0x7fff_ffff);
        if x.is_sign_negative() {
            -magnitude
        } else {
            magnitude
        }
    };
    match (a.is_nan(), b.is_nan()) {
        (true, true) => 0,
        (false, false) => (ordinal(a) - ordinal(b)).unsigned_abs() as u32,
        _ => u32::MAX,
    }
}
