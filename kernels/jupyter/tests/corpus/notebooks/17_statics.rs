// Statics: one piece of memory, whichever cell looks at it.

// %%
use std::sync::atomic::{AtomicUsize, Ordering};
static COUNT: AtomicUsize = AtomicUsize::new(10);
fn next() -> usize { COUNT.fetch_add(1, Ordering::SeqCst) }
next()
//= 10

// %%
next();
next()
//= 12

// %%
COUNT.load(Ordering::SeqCst)
//= 13

// %%
static mut RAW: i32 = 5;
unsafe { RAW += 1 };
//.

// %%
unsafe { RAW }
//= 6

// %%
use std::sync::Mutex;
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
NAMES.lock().unwrap().push("first".into());
//.

// %%
NAMES.lock().unwrap().push("second".into());
NAMES.lock().unwrap().len()
//= 2

// %%
use std::sync::{LazyLock, OnceLock};
static TABLE: LazyLock<Vec<u64>> = LazyLock::new(|| { println!("made once"); (0..5).map(|i| 1 << i).collect() });
static CONFIG: OnceLock<String> = OnceLock::new();
TABLE.len()
//> made once
//= 5

// %%
CONFIG.set("configured".into()).unwrap();
TABLE[4]
//= 16

// %%
CONFIG.get()
//= Some("configured")

// %%
static COUNT: AtomicUsize = AtomicUsize::new(10); // the same again
COUNT.load(Ordering::SeqCst)
//= 13

// %%
static COUNT: AtomicUsize = AtomicUsize::new(100);
next()
//= 100

// %%
static GREETING: &str = "hello";
let greeting: &'static &str = &GREETING;
//.

// %%
greeting
//= "hello"

// %%
fn inner_static() -> u32 {
    static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}
inner_static()
//= 1

// %%
inner_static()
//= 2
