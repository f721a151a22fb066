// Futures in the runtime of tokio.
//? dep tokio = { version = "1", features = ["full"] }

// %%
use std::time::{Duration, Instant};
async fn add(a: i32, b: i32) -> i32 { a + b }
//.

// %%
add(1, 2).await
//= 3

// %%
let begin = Instant::now();
tokio::time::sleep(Duration::from_millis(20)).await;
begin.elapsed() >= Duration::from_millis(20)
//= true

// %%
async fn parse(text: &str) -> Result<i32, std::num::ParseIntError> { text.parse() }
let n = parse("12").await?;
let both = parse("30").await? + n;
both
//= 42

// %%
let n = parse("twelve").await?;
//! Error: invalid digit
//+ line 1: let n = parse("twelve").await?;

// %%
n
//= 12

// %%
let mut sum = 0;
for text in ["1", "2", "x", "4"] {
    sum += match parse(text).await {
        Ok(n) => add(n, 10).await,
        Err(_) => 0,
    };
}
sum
//= 37

// %%
println!("{} and {}", add(1, 1).await, add(2, 2).await);
//> 2 and 4

// %%
let (a, b) = tokio::join!(add(1, 2), parse("5"));
(a, b?)
//= (3, 5)

// %%
tokio::select! {
    n = add(20, 1) => n,
    _ = tokio::time::sleep(Duration::from_secs(60)) => 0,
}
//= 21

// %%
let (sender, mut receiver) = tokio::sync::mpsc::channel::<String>(4);
let worker = tokio::spawn(async move {
    let mut heard = Vec::new();
    while let Some(text) = receiver.recv().await { heard.push(text); }
    heard
});
//.

// %%
sender.send("across".to_owned()).await?;
//.

// %%
sender.send("cells".to_owned()).await?;
drop(sender);
worker.await?
//= ["across", "cells"]

// %%
let shared = std::rc::Rc::new(std::cell::Cell::new(1));
let other = shared.clone();
tokio::task::yield_now().await;
other.set(other.get() + 1);
shared.get()
//= 2

// %%
let owned = String::from("moved");
let later = async move { owned.len() };
later.await
//= 5

// %%
owned
//! E0425: owned

// %%
let kept = vec![1, 2, 3];
tokio::task::yield_now().await;
let all: i32 = kept.iter().sum();
panic!("after the wait");
//! Panic: after the wait
//+ line 4

// %%
kept
//! E0425: kept

// %%
sum += add(1, 1).await;
panic!("sum is {sum}");
//! Panic: sum is 39

// %%
sum
//= 39

// %%
tokio::spawn(async { if true { panic!("in a task") } }).await.is_err()
//2 in a task
//= true

// %%
tokio::time::timeout(Duration::from_millis(5), std::future::pending::<()>()).await?
//! Error: deadline has elapsed

// %%
let blocking = tokio::task::spawn_blocking(|| (1..=10u32).product::<u32>());
blocking.await?
//= 3628800

// %%
let closure = async |n: i32| n * 2;
closure(21).await
//= 42

// %%
tokio::runtime::Runtime::new()?.block_on(add(3, 4))
//= 7

// %%
let s: &str = add(1, 2).await;
//! E0308: expected `&str`, found `i32`
