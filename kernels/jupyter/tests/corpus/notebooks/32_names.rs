// Names that a cell's surroundings use as well.

// %%
mod std_like { pub fn f() -> i32 { 1 } }
struct String2;
fn drop(x: i32) -> i32 { x + 1 }
drop(1)
//= 2

// %%
enum Option { Own, Other }
fn which(o: Option) -> i32 { match o { Option::Own => 1, Option::Other => 2 } }
which(Option::Own)
//= 1

// %%
let some: std::option::Option<i32> = Some(3);
some
//= Some(3)

// %%
struct Result(i32);
let result = Result(5);
result.0
//= 5

// %%
result.0 + 1
//= 6

// %%
fn main() { println!("main is a function like any other"); }
main()
//> main is a function like any other

// %%
let main = 1;
let cell = 2;
let core = 3;
let crate_name = "x";
main + cell + core
//= 6

// %%
mod core { pub fn own() -> i32 { 9 } }
core::own()
//= 9

// %%
let v = vec![1];
v.len()
//= 1

// %%
macro_rules! vec { ($($t:tt)*) => { "my own vec" } }
vec![1, 2]
//= "my own vec"

// %%
v.len()
//= 1

// %%
trait Debug { fn debug(&self) -> i32; }
impl Debug for i32 { fn debug(&self) -> i32 { *self } }
5.debug()
//= 5

// %%
5
//= 5

// %%
struct Vec;
let own = Vec;
//.

// %%
let x = 5;
const X: i32 = 6;
x + X
//= 11

// %%
const LIMIT: i32 = 3;
let LIMIT = 3;
//! E0005: refutable pattern

// %%
let take = 1; let keep = 2; let catch = 3; let name = 4; let report = 5;
take + keep + catch + name + report
//= 15

// %%
type Int = i32;
let n: Int = 4;
n
//= 4

// %%
n + 1
//= 5
