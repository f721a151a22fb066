// Panics: an error, and the variables survive.

// %%
let mut v = vec![1];
let s = String::from("kept");
//.

// %%
v.push(2);
let w = 5;
let none: Option<i32> = None;
none.unwrap();
//! Panic: called `Option::unwrap()` on a `None` value
//+ line 4

// %%
(&v, &s)
//= ([1, 2], "kept")

// %%
w
//! E0425: cannot find value `w`

// %%
v[10]
//! Panic: index out of bounds: the len is 2 but the index is 10

// %%
assert_eq!(1 + 1, 3, "arithmetic of {}", "today");
//! Panic: arithmetic of today

// %%
let a: u8 = 255;
a + v.len() as u8
//! Panic: attempt to add with overflow

// %%
let zero = v.len() - 2;
1 / zero
//! Panic: attempt to divide by zero

// %%
std::panic::panic_any(5)
//! Panic

// %%
let caught = std::panic::catch_unwind(|| panic!("inside"));
caught.is_err()
//= true
//2 inside

// %%
struct Loud;
impl Drop for Loud { fn drop(&mut self) { println!("dropped while unwinding") } }
let loud = Loud;
panic!("with a guard");
//> dropped while unwinding
//! Panic: with a guard

// %%
let moved = s;
panic!("after the move");
//! Panic: after the move

// %%
unreachable!("never {}", 1)
//! Panic: never 1

// %%
todo!()
//! Panic: not yet implemented

// %%
let result: Result<i32, String> = Err("broken".into());
result.expect("it works")
//! Panic: it works: "broken"

// %%
fn deep(n: u32) -> u32 { if n == 0 { panic!("bottom") } else { deep(n - 1) + 1 } }
deep(3)
//! Panic: bottom

// %%
let handle = std::thread::spawn(|| { panic!("in a thread") });
handle.join().is_err()
//= true
//2 in a thread

// %%
use std::cell::RefCell;
let cell = RefCell::new(1);
let first = cell.borrow_mut();
let second = cell.borrow_mut();
drop((first, second));
//! Panic: already

// %%
v
//= [1, 2]
