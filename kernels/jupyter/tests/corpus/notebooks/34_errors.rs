// Errors of every sort, each with rustc's code at the cell's own line.

// %%
let a: i32 = "one";
//! E0308: expected `i32`, found `&str`
//+ cell:1:14

// %%
let a = 1;

a.method()
//! E0599: no method named `method`
//+ cell:3:3

// %%
let v = vec![1];
let w = v;
v.len()
//! E0382: borrow of moved value: `v`

// %%
let mut v = vec![1, 2];
for x in &v { v.push(*x); }
//! E0502: cannot borrow `v` as mutable

// %%
let r;
{
    let inner = 5;
    r = &inner;
}
println!("{r}");
//! E0597: `inner` does not live long enough

// %%
let x;
println!("{}", x + 1);
let y: i32 = x;
//! E0381: used binding `x` isn't initialized

// %%
fn needs(a: i32, b: i32) {}
needs(1)
//! E0061: takes 2 arguments but 1 argument was supplied

// %%
#[derive(Debug)]
struct S { a: i32 }
S { a: 1, b: 2 }
//! E0560: struct `S` has no field named `b`

// %%
let s = String::new();
s.chars().nth(0) = 'x';
//! E0070: invalid left-hand side

// %%
unsafe_function();
//! E0425: cannot find function `unsafe_function`

// %%
HashMap::<i32, i32>::new()
//! E0433: HashMap
//+ use std::collections::HashMap;

// %%
let p: *const i32 = &1;
*p
//! E0133: dereference of raw pointer is unsafe

// %%
fn f<T>(t: T) -> String { t.to_string() }
//! E0599: to_string

// %%
let x = 5;
let y = &mut x;
*y = 6;
//! E0596: cannot borrow `x` as mutable

// %%
"text" + "more"
//! E0369: cannot add `&str` to `&str`

// %%
let n: usize = -1;
//! E0600: cannot apply unary operator `-`

// %%
impl i32 { fn f() {} }
//! E0390: cannot define inherent `impl` for primitive types

// %%
impl std::fmt::Display for Vec<i32> {}
//! E0117: only traits defined in the current crate

// %%
let c = 'ab';
//! SyntaxError: character literal may only contain one codepoint

// %%
fn lifetime(a: &str, b: &str) -> &str { a }
//! E0106: missing lifetime specifier

// %%
struct Recursive { inner: Recursive }
//! E0072: recursive type `Recursive` has infinite size

// %%
1 + 1
//= 2
