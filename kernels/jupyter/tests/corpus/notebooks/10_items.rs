// Items, defined and defined again.

// %%
fn f() -> i32 { g() * 10 }
fn g() -> i32 { 1 }
//.

// %%
f()
//= 10

// %%
fn g() -> i32 { 2 }
//.

// %%
f()
//= 20

// %%
const SIZE: usize = 3;
type Row = [i32; SIZE];
let row: Row = [1; SIZE];
//.

// %%
row
//= [1, 1, 1]

// %%
const SIZE: usize = 2;
let row: Row = [5; SIZE];
//.

// %%
row
//= [5, 5]

// %%
#[derive(Debug)]
struct P { x: i32 }
let p = P { x: 1 };
let number = 7;
//.

// %%
#[derive(Debug)]
struct P { y: String }
//2 `p` was dropped

// %%
p
//! E0425: cannot find value `p`
//+ redefined

// %%
(P { y: "new".into() }, number)
//= (P { y: "new" }, 7)

// %%
#[derive(Debug)]
struct P { y: String }
let p = P { y: "same text".into() };
//.

// %%
#[derive(Debug)]
struct P { y: String } // the same again keeps what was made of it
//.

// %%
p.y
//= "same text"

// %%
fn calls_later() -> i32 { not_yet() }
//! E0425: cannot find function `not_yet`

// %%
fn calls_later() -> i32 { not_yet() }
fn not_yet() -> i32 { 42 }
calls_later()
//= 42

// %%
fn twice() {}
fn twice() {}
//! E0428: defined multiple times

// %%
fn bad() -> i32 { "text" }
//! E0308: mismatched types

// %%
bad()
//! E0425: cannot find function `bad`
