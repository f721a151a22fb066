// `?` in a cell.

// %%
let n: i32 = "12".parse()?;
n
//= 12

// %%
let before = 1;
let m: i32 = "twelve".parse()?;
//! Error: invalid digit found in string
//+ line 2

// %%
before
//! E0425: cannot find value `before`

// %%
n
//= 12

// %%
std::fs::read_to_string("/nowhere/at/all")?.len()
//! Error: No such file

// %%
#[derive(Debug)]
enum MyError { Small(i32) }
impl std::fmt::Display for MyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "too small: {self:?}") }
}
impl std::error::Error for MyError {}
fn check(n: i32) -> Result<i32, MyError> { if n < 10 { Err(MyError::Small(n)) } else { Ok(n) } }
check(12)?
//= 12

// %%
check(3)?;
println!("not reached");
//! Error: too small: Small(3)

// %%
fn both(text: &str) -> Result<i32, Box<dyn std::error::Error>> { Ok(check(text.parse()?)?) }
(both("50")?, both("x").is_err(), both("5").unwrap_err().to_string())
//= (50, true, "too small: Small(5)")

// %%
both("x")?
//! Error: invalid digit

// %%
let v: Vec<i32> = ["1", "2"].iter().map(|s| s.parse()).collect::<Result<_, _>>()?;
v
//= [1, 2]

// %%
for text in ["1", "2", "x", "4"] {
    let n: i32 = text.parse()?;
    println!("{n}");
}
//> 1
//> 2
//! Error: invalid digit

// %%
fn first_even(v: &[i32]) -> Option<i32> { let x = v.iter().find(|x| **x % 2 == 0)?; Some(*x) }
first_even(&v)
//= Some(2)

// %%
type Result<T> = std::result::Result<T, String>;
fn own(ok: bool) -> Result<u8> { if ok { Ok(1) } else { Err("own result type".into()) } }
own(true)?
//= 1

// %%
own(false)?
//! Error: own result type
