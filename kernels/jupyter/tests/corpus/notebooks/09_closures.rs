// Closures and other values whose type has no name.

// %%
let max = |x: i32, y| if x > y { x } else { y };
assert_eq!(max(1, 2), 2);
//.

// %%
max(1, 2)
//! E0425: cannot find function `max`
//+ closure

// %%
let add = |x: i32| x + 1;
//! NotKept: `add` cannot be kept
//+ Box<dyn Fn

// %%
let a = 1;
let f = |x| x + a;
f(2)
//= 3

// %%
a
//= 1

// %%
let k = 10;
let boxed: Box<dyn Fn(i32) -> i32> = Box::new(move |x| x + k);
//.

// %%
boxed(5)
//= 15

// %%
let mut calls = 0;
let mut count = || calls += 1;
count();
count();
calls
//= 2

// %%
calls
//= 2

// %%
fn adder(n: i32) -> impl Fn(i32) -> i32 { move |x| x + n }
let add_two = adder(2);
add_two(3)
//= 5

// %%
let squares = (1..4).map(|x| x * x);
//! NotKept: `squares`
//+ .collect()

// %%
let squares: Box<dyn Iterator<Item = i32>> = Box::new((1..4).map(|x| x * x));
//.

// %%
squares.sum::<i32>()
//= 14

// %%
let function = adder; // returns a type without a name
//! NotKept: `function`

// %%
let method = str::len;
let pointer: fn(f64) -> f64 = f64::sqrt;
//.

// %%
(method("four"), pointer(9.0))
//= (4, 3.0)

// %%
let table: Vec<(&str, fn(f64) -> f64)> = vec![("sin", f64::sin), ("cos", f64::cos)];
//.

// %%
table.iter().map(|(name, f)| format!("{name} {}", f(0.0))).collect::<Vec<_>>()
//= ["sin 0", "cos 1"]

// %%
let once: Box<dyn FnOnce() -> String> = Box::new(|| "once".into());
//.

// %%
once()
//= "once"

// %%
once()
//! E0425: once
//+ moved
