// Comments, attributes, blank lines: the text around code.

// %%

// a comment, then a blank line

let x = 1;   // after

/* a block
   comment */
x
//= 1

// %%
/// A doc comment.
/// Two lines.
fn documented() -> i32 {
    //! Inside.
    1
}
documented()
//= 1

// %%
#![allow(unused_must_use)]
Ok::<i32, i32>(1);
//.

// %%
Ok::<i32, i32>(1);
//2 unused `Result`

// %%
#[inline(always)]
#[must_use]
fn attributed() -> i32 { 2 }
attributed()
//= 2

// %%
#[cfg(test)]
mod tests { use super::*; #[test] fn t() { assert!(true) } }
#[test]
fn a_test() { assert_eq!(1, 1); }
3
//= 3

// %%
let a = 1; let b = 2; a + b
//= 3

// %%
let
    spread
    :
    i32
    =
    7
    ;
spread
//= 7

// %%
let text = "
// %% is not a cell here, nor is this a comment
";
text.lines().count()
//= 2

// %%
fn one() -> i32 { 1 } fn two() -> i32 { 2 } one() + two()
//= 3

// %%
	let tabbed = 1;	// tabs
	tabbed
//= 1

// %%
struct A; impl A { fn f(&self) -> i32 { 5 } } A.f()
//= 5

// %%
(
    1,
    2, // trailing
)
//= (1, 2)

// %%
#[derive(Debug)] struct S { /* nothing */ }
S {}
//= S

// %%
let s = "unclosed;
//! E0765: unterminated double quote string

// %%
fn f( {
//! SyntaxError

// %%
let a = std::
//! SyntaxError

// %%
x +
//! SyntaxError

// %%
)
//! SyntaxError: unexpected closing delimiter
