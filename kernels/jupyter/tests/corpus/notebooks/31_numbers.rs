// Numbers.

// %%
i32::MAX.wrapping_add(1)
//= -2147483648

// %%
let big = i32::MAX;
big + 1
//! arithmetic_overflow: attempt to compute
//+ cell:2:1

// %%
let big = std::hint::black_box(i32::MAX);
big + 1
//! Panic: attempt to add with overflow

// %%
(5u8.checked_sub(6), 250u8.saturating_add(10), 250u8.overflowing_add(10))
//= (None, 255, (4, true))

// %%
300i32 as u8 as char
//= ','

// %%
let x: u8 = 300;
//! overflowing_literals: literal out of range
//+ cell:1:13

// %%
(-7 / 2, -7 % 2, (-7i32).rem_euclid(2), 7.5f64 % 2.0)
//= (-3, -1, 1, 1.5)

// %%
1_000_000i64 * 0xff + 0b11 + 0o7
//= 255000010

// %%
(0.1f32 + 0.2f32, 1e-7, 123456789.0f32, f64::EPSILON)
//= (0.3, 1e-7, 123456790.0, 2.220446049250313e-16)

// %%
let n = 10;
let f: f64 = n.into();
f / 4.0
//= 2.5

// %%
n
//= 10

// %%
let arr = [1.5f64; 4];
arr.iter().sum::<f64>()
//= 6.0

// %%
1 << 40
//! arithmetic_overflow: attempt to shift left
//+ cell:1:1

// %%
1u64 << 40
//= 1099511627776

// %%
2.0_f64.powi(10) as usize + 2usize.pow(3)
//= 1032

// %%
(f64::NAN.is_nan(), f64::NAN.max(1.0), -0.0 == 0.0)
//= (true, 1.0, true)

// %%
1 + 1.0
//! E0277: cannot add

// %%
const fn factorial(n: u64) -> u64 { if n == 0 { 1 } else { n * factorial(n - 1) } }
const F: u64 = factorial(10);
F
//= 3628800

// %%
u64::from_str_radix("ff", 16)? + "12".parse::<u64>()?
//= 267
