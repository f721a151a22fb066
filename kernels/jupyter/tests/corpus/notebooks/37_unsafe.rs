// unsafe, C, layouts.

// %%
#[repr(C)]
union Bits { f: f32, u: u32 }
let bits = Bits { f: 1.0 };
unsafe { bits.u }
//= 1065353216

// %%
unsafe extern "C" { fn abs(x: i32) -> i32; }
unsafe { abs(-5) }
//= 5

// %%
extern "C" fn callback(x: i32) -> i32 { x * 2 }
let pointer: extern "C" fn(i32) -> i32 = callback;
//.

// %%
pointer(4)
//= 8

// %%
let mut numbers = [1, 2, 3];
let p = numbers.as_mut_ptr();
unsafe { *p.add(1) = 20 };
numbers
//= [1, 20, 3]

// %%
#[repr(C, packed)]
struct Packed { a: u8, b: u32 }
std::mem::size_of::<Packed>()
//= 5

// %%
#[repr(align(64))]
#[derive(Default)]
struct Aligned(u8);
let aligned = Aligned::default();
//.

// %%
&raw const aligned as usize % 64
//= 0

// %%
unsafe trait Zero { fn zero() -> Self; }
unsafe impl Zero for i32 { fn zero() -> i32 { 0 } }
i32::zero()
//= 0

// %%
unsafe fn dangerous() -> i32 { 3 }
//.

// %%
dangerous()
//! E0133: call to unsafe function

// %%
unsafe { dangerous() }
//= 3

// %%
let layout = std::alloc::Layout::new::<u64>();
let memory = unsafe { std::alloc::alloc(layout) } as *mut u64;
unsafe { memory.write(77) };
//.

// %%
let value = unsafe { memory.read() };
unsafe { std::alloc::dealloc(memory.cast(), layout) };
value
//= 77
