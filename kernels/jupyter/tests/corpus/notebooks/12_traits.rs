// Traits.

// %%
trait Shape {
    const SIDES: u32;
    type Unit: std::fmt::Debug + Default;
    fn area(&self) -> f64;
    fn describe(&self) -> String { format!("{} sides, {:.1}", Self::SIDES, self.area()) }
    fn unit(&self) -> Self::Unit { Default::default() }
}
//.

// %%
struct Square(f64);
impl Shape for Square {
    const SIDES: u32 = 4;
    type Unit = u8;
    fn area(&self) -> f64 { self.0 * self.0 }
}
Square(2.0).describe()
//= "4 sides, 4.0"

// %%
Square(1.0).unit()
//= 0

// %%
fn total(shapes: &[impl Shape]) -> f64 { shapes.iter().map(|s| s.area()).sum() }
total(&[Square(1.0), Square(2.0)])
//= 5.0

// %%
trait Named { fn name(&self) -> String; }
impl<T: Shape> Named for T { fn name(&self) -> String { "some shape".into() } }
Square(1.0).name()
//= "some shape"

// %%
trait Loud: Named { fn shout(&self) -> String { self.name().to_uppercase() } }
impl Loud for Square {}
Square(3.0).shout()
//= "SOME SHAPE"

// %%
let loud: Box<dyn Loud> = Box::new(Square(1.0));
//.

// %%
loud.shout().len()
//= 10

// %%
use std::ops::{Add, Index, Neg};
#[derive(Debug, Clone, Copy, PartialEq)]
struct V(i32, i32);
impl Add for V { type Output = V; fn add(self, o: V) -> V { V(self.0 + o.0, self.1 + o.1) } }
impl Neg for V { type Output = V; fn neg(self) -> V { V(-self.0, -self.1) } }
impl Index<usize> for V { type Output = i32; fn index(&self, i: usize) -> &i32 { if i == 0 { &self.0 } else { &self.1 } } }
impl std::ops::AddAssign<i32> for V { fn add_assign(&mut self, n: i32) { self.0 += n } }
//.

// %%
let mut v = V(1, 2) + -V(0, 5);
v += 10;
(v, v[1])
//= (V(11, -3), -3)

// %%
struct Countdown(u32);
impl Iterator for Countdown {
    type Item = u32;
    fn next(&mut self) -> Option<u32> { self.0.checked_sub(1).inspect(|&n| self.0 = n) }
}
//.

// %%
Countdown(5).filter(|n| n % 2 == 0).collect::<Vec<_>>()
//= [4, 2, 0]

// %%
impl std::fmt::Display for V {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "<{}|{}>", self.0, self.1) }
}
println!("{v:>10} {}", v.to_string());
//> <11|-3> <11|-3>

// %%
impl std::str::FromStr for V {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<V, Self::Err> {
        let (a, b) = s.split_once(',').unwrap_or((s, "0"));
        Ok(V(a.parse()?, b.parse()?))
    }
}
"3,4".parse::<V>()?
//= V(3, 4)

// %%
"3,x".parse::<V>()?
//! Error: invalid digit

// %%
trait Peel { fn peel(&self) -> String; }
impl<T: std::fmt::Debug> Peel for T { fn peel(&self) -> String { format!("peeled {self:?}") } }
5.peel()
//= "peeled 5"

// %%
Square(0.0).volume()
//! E0599: no method named `volume`
