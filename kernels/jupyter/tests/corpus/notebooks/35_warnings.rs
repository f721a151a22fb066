// Warnings are shown and fail nothing; what every notebook does is not warned about.

// %%
let unused = 1;
fn dead() {}
let mut never_changed = 2;
use std::fs;
//.

// %%
fn must() -> Result<i32, String> { Ok(1) }
must();
//2 unused `Result`

// %%
let x = 5;
x == 5;
//2 unused comparison

// %%
let camelCase = 1;
struct lower_case;
//2 lower_case

// %%
loop { break; }
let v = vec![3, 1];
v.iter().map(|x| x * 2);
//2 unused `Map`

// %%
#[deprecated(note = "use new_way")]
fn old_way() -> i32 { 1 }
old_way()
//= 1
//2 use of deprecated function `old_way`: use new_way

// %%
#![deny(warnings)]
let y = 1;
y
//= 1

// %%
fn unreachable() -> i32 { return 1; }
unreachable()
//= 1

// %%
if (x == 5) { println!("parens") }
//> parens
