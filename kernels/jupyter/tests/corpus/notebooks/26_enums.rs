// Enums and matching.

// %%
#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Num(f64),
    Add(Box<Expr>, Box<Expr>),
    Neg { inner: Box<Expr> },
}
use Expr::*;
fn eval(e: &Expr) -> f64 {
    match e {
        Num(n) => *n,
        Add(a, b) => eval(a) + eval(b),
        Neg { inner } => -eval(inner),
    }
}
let e = Add(Box::new(Num(1.0)), Box::new(Neg { inner: Box::new(Num(3.5)) }));
eval(&e)
//= -2.5

// %%
e
//= Add(Num(1.0), Neg { inner: Num(3.5) })

// %%
match e {
    Num(_) => "number",
    Add(..) => "sum",
}
//! E0004: non-exhaustive patterns

// %%
e == e.clone()
//= true

// %%
match 42u8 {
    0 => "zero",
    1..=9 => "digit",
    n if n % 2 == 0 => "even",
    _ => "odd",
}
//= "even"

// %%
if let Add(a, _) = &e && let Num(n) = **a { n } else { 0.0 }
//= 1.0

// %%
matches!(e, Add(..) | Neg { .. })
//= true

// %%
enum Never {}
fn absurd(n: Never) -> i32 { match n {} }
let r: Result<i32, std::convert::Infallible> = Ok(5);
let Ok(five) = r;
five
//= 5

// %%
let mut stack = vec![1, 2, 3];
while let Some(top) = stack.pop() {
    if top == 2 { continue; }
    print!("{top};");
}
println!();
//> 3;1;

// %%
impl Expr { const ZERO: Expr = Num(0.0); fn is_zero(&self) -> bool { *self == Self::ZERO } }
Expr::ZERO.is_zero()
//= true

// %%
std::mem::size_of::<Option<Box<Expr>>>() == std::mem::size_of::<usize>()
//= true
