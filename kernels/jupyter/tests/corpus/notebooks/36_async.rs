// Futures without a runtime.

// %%
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) { return output; }
    }
}
async fn add(a: i32, b: i32) -> i32 { a + b }
//.

// %%
block_on(add(1, 2))
//= 3

// %%
block_on(async {
    let a = add(1, 1).await;
    let b = add(a, 10).await;
    println!("{a} {b}");
    b
})
//> 2 12
//= 12

// %%
let future = add(3, 4);
//! NotKept: `future`

// %%
let future = add(3, 4);
block_on(future)
//= 7

// %%
let boxed: std::pin::Pin<Box<dyn Future<Output = i32>>> = Box::pin(add(5, 6));
//.

// %%
block_on(boxed)
//= 11

// %%
struct Yield(bool);
impl Future for Yield {
    type Output = &'static str;
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0 { Poll::Ready("second poll") } else { self.0 = true; context.waker().wake_by_ref(); Poll::Pending }
    }
}
block_on(Yield(false))
//= "second poll"

// %%
async fn fails() -> Result<i32, std::num::ParseIntError> { let n: i32 = "x".parse()?; Ok(n) }
block_on(fails())?
//! Error: invalid digit

// %%
let closure = async |x: i32| x * 2;
block_on(closure(4))
//= 8
