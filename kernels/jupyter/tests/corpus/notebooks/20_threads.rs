// Threads, channels and locks.

// %%
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
let total = Arc::new(Mutex::new(0));
let handles: Vec<_> = (0..4)
    .map(|i| {
        let total = Arc::clone(&total);
        thread::spawn(move || *total.lock().unwrap() += i)
    })
    .collect();
for handle in handles { handle.join().unwrap(); }
*total.lock().unwrap()
//= 6

// %%
let total_later = *total.lock().unwrap();
total_later
//= 6

// %%
let (sender, receiver) = mpsc::channel::<String>();
let worker = thread::spawn(move || for text in receiver { println!("got {text}"); });
//.

// %%
sender.send("one".into())?;
sender.send("two".into())?;
drop(sender);
worker.join().unwrap();
//> got one
//> got two

// %%
let mut data = vec![1, 2, 3];
thread::scope(|scope| {
    for x in data.iter_mut() { scope.spawn(move || *x *= 10); }
});
data
//= [10, 20, 30]

// %%
let background = thread::spawn(|| { thread::sleep(std::time::Duration::from_millis(30)); 99 });
//.

// %%
background.join().unwrap()
//= 99

// %%
use std::sync::atomic::{AtomicBool, Ordering};
static STOP: AtomicBool = AtomicBool::new(false);
let spinner = thread::spawn(|| { let mut n = 0u64; while !STOP.load(Ordering::Relaxed) { n += 1; thread::yield_now(); } n > 0 });
//.

// %%
STOP.store(true, Ordering::Relaxed);
spinner.join().unwrap()
//= true

// %%
thread::Builder::new().name("named".into()).spawn(|| thread::current().name().map(str::to_owned))?.join().unwrap()
//= Some("named")

// %%
let rc = std::rc::Rc::new(1);
thread::spawn(move || println!("{rc}"));
//! E0277: cannot be sent between threads safely

// %%
let barrier = Arc::new(std::sync::Barrier::new(2));
let other = barrier.clone();
let t = thread::spawn(move || other.wait().is_leader());
barrier.wait().is_leader() != t.join().unwrap()
//= true
