// A name declared again, with another type.

// %%
let x = "5";
//.

// %%
let x: i32 = x.parse().unwrap();
x + 1
//= 6

// %%
let x = vec![x; 3];
let x = x.into_iter().sum::<i32>();
x
//= 15

// %%
let x = (x, x as f32 / 2.0);
//.

// %%
x
//= (15, 7.5)

// %%
{
    let x = "inner";
    println!("{x}");
}
x.0
//> inner
//= 15

// %%
let x = match x {
    (n, _) if n > 10 => Some(n),
    _ => None,
};
x
//= Some(15)

// %%
if let Some(x) = x {
    let x = x * 2;
    println!("{x}");
}
x.is_some()
//> 30
//= true

// %%
fn name() -> i32 { 1 }
let name = name();
//.

// %%
name
//= 1

// %%
struct Dropped(&'static str);
impl Drop for Dropped {
    fn drop(&mut self) { println!("drop {}", self.0) }
}
let d = Dropped("first");
//.

// %%
let d = Dropped("second");
println!("made");
//> made
//> drop first

// %%
drop(d);
//> drop second

// %%
let s = String::from("redeclared while it fails");
let s: i32 = s;
//! E0308: mismatched types

// %%
x
//= Some(15)
