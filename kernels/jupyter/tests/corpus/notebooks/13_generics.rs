// Generics.

// %%
fn largest<T: PartialOrd + Copy>(list: &[T]) -> T {
    let mut best = list[0];
    for &x in list { if x > best { best = x } }
    best
}
(largest(&[1, 9, 3]), largest(&[1.5, 0.5]), largest(&['a', 'z']))
//= (9, 1.5, 'z')

// %%
#[derive(Debug, Clone, Default)]
struct Stack<T> { items: Vec<T> }
impl<T> Stack<T> {
    fn push(&mut self, item: T) -> &mut Self { self.items.push(item); self }
    fn pop(&mut self) -> Option<T> { self.items.pop() }
}
let mut stack = Stack::default();
stack.push(1).push(2);
//.

// %%
stack.pop()
//= Some(2)

// %%
stack
//= Stack { items: [1] }

// %%
pub struct TestArray<T, const LENGTH: usize> {
    pub list: [T; LENGTH],
}
let test_array = TestArray::<u8, 42> { list: [0u8; 42] };
assert_eq!(test_array.list.len(), 42);
//.

// %%
test_array.list.iter().map(|&x| x as u32).sum::<u32>()
//= 0

// %%
impl<T: Copy + Into<f64>, const N: usize> TestArray<T, N> {
    fn mean(&self) -> f64 { self.list.iter().map(|&x| x.into()).sum::<f64>() / N as f64 }
}
TestArray { list: [1.0, 2.0, 6.0] }.mean()
//= 3.0

// %%
use std::marker::PhantomData;
struct Meters;
#[derive(Debug)]
struct Length<U> { value: f64, unit: PhantomData<U> }
let long = Length::<Meters> { value: 3.0, unit: PhantomData };
//.

// %%
long.value
//= 3.0

// %%
fn compose<A, B, C>(f: impl Fn(A) -> B, g: impl Fn(B) -> C) -> impl Fn(A) -> C { move |x| g(f(x)) }
compose(|x: i32| x + 1, |x| x * 10)(4)
//= 50

// %%
fn apply<F>(f: F, times: usize) where F: Fn(usize) { (0..times).for_each(f) }
apply(|i| println!("call {i}"), 2)
//> call 0
//> call 1

// %%
let nothing = None;
//! E0282: type annotations needed

// %%
let nothing = None::<i32>;
let empty = Vec::<String>::new();
//.

// %%
(nothing, empty)
//= (None, [])

// %%
largest(&["a"; 0])
//! Panic: index out of bounds
