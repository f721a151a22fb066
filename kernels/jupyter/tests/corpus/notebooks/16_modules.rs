// Modules.

// %%
mod geometry {
    pub const UNIT: f64 = 1.0;
    #[derive(Debug, Clone)]
    pub struct Circle { pub r: f64, id: u32 }
    impl Circle {
        pub fn new(r: f64) -> Self { Circle { r, id: secret() } }
        pub fn id(&self) -> u32 { self.id }
    }
    fn secret() -> u32 { 7 }
    pub mod deep {
        pub fn up() -> f64 { super::UNIT * 2.0 }
        pub enum Side { Left, Right(i32) }
    }
}
geometry::deep::up()
//= 2.0

// %%
let c = geometry::Circle::new(2.0);
c.id()
//= 7

// %%
c.id
//! E0616: field `id` of struct `Circle` is private

// %%
geometry::secret()
//! E0603: function `secret` is private

// %%
use geometry::deep::Side::{self, *};
fn side(s: &Side) -> i32 { match s { Left => 0, Right(n) => *n } }
side(&Left) + side(&Right(5))
//= 5

// %%
use geometry as g;
g::UNIT
//= 1.0

// %%
fn outside() -> i32 { 3 }
mod inside {
    use super::*;
    pub fn reach() -> i32 { outside() + crate::outside() }
}
inside::reach()
//= 6

// %%
mod inside { pub fn reach() -> i32 { 100 } }
inside::reach()
//= 100

// %%
mod a { pub fn f() -> i32 { super::b::f() + 1 } }
mod b { pub fn f() -> i32 { 10 } }
a::f()
//= 11

// %%
mod b { pub fn f() -> i32 { 20 } }
a::f()
//= 21

// %%
mod counter {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    pub fn next() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) + 1 }
}
counter::next()
//= 1

// %%
counter::next() + counter::next()
//= 5

// %%
mod shapes { pub trait Area { fn area(&self) -> f64; } impl Area for f64 { fn area(&self) -> f64 { self * self } } }
use shapes::Area as _;
3.0.area()
//= 9.0

// %%
4.0.area()
//= 16.0
