//! A cell whose body waits for futures: it is one itself, and runs to its end on the cell's thread.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::frame::{CellError, catch};
use crate::interrupt;

/// Polls a future to its end on this thread.
pub type BlockOn = fn(Pin<&mut dyn Future<Output = ()>>);

/// As [`catch`], for a body that is a future. It need not be `Send`.
pub fn catch_awaiting(
    block_on: BlockOn,
    body: impl Future<Output = Result<(), CellError>>,
) -> bool {
    catch(|| {
        let mut body = Stoppable(Some(Box::pin(body)));
        let mut answer = Ok(());
        let whole = pin!(async { answer = (&mut body).await });
        block_on(whole);
        answer
    })
}

/// The future of a body that an interrupt stops while it waits. What it holds is dropped by the
/// stopping unwind, where the runtime is still there for destructors.
struct Stoppable<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Stoppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if interrupt::asked_while_waiting(context.waker()) {
            let _body = self.0.take();
            interrupt::stop_waiting();
        }
        let Some(body) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = body.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}
