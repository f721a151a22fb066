//! The frame around a cell's body: its panics and errors are caught here and reported to the kernel.
//!
//! What is generic here is compiled anew in every cell, so it only calls functions that are not.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe, Location, PanicHookInfo};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::time::Duration;

use crate::interrupt::{self, CheckPoint, Interrupted};
use crate::store;

/// What `?` makes of an error in a cell's body: its text, and where it was raised.
pub struct CellError {
    message: String,
    location: &'static Location<'static>,
}

impl<E: Display> From<E> for CellError {
    #[track_caller]
    fn from(error: E) -> Self {
        CellError::new(&error, Location::caller())
    }
}

impl CellError {
    #[inline(never)]
    fn new(error: &dyn Display, location: &'static Location<'static>) -> Self {
        CellError { message: format!("{error:#}"), location }
    }
}

struct Panic {
    message: String,
    file: String,
    line: u32,
    column: u32,
}

thread_local! {
    static IN_CELL: Cell<bool> = const { Cell::new(false) };
    static PANICS: RefCell<Vec<Panic>> = const { RefCell::new(Vec::new()) };
    static REPORT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs a cell: checks that its variables are there, then calls `body`, which takes them.
pub fn enter(variables: &[&str], check_point: Option<&'static CheckPoint>, body: impl FnOnce()) {
    let mut body = Some(body);
    enter_dyn(variables, check_point, &mut || {
        if let Some(body) = body.take() {
            body();
        }
    });
}

#[inline(never)]
fn enter_dyn(
    variables: &[&str],
    check_point: Option<&'static CheckPoint>,
    body: &mut dyn FnMut(),
) {
    begin();
    interrupt::begin(check_point);
    if let Some(name) = store::missing(variables) {
        report(&["missing", name]);
    } else if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(body)) {
        // A destructor of a replaced variable, after the body itself had ended.
        report_panic(payload);
    }
    interrupt::end();
    end();
}

/// Calls the body of a cell; true when it ran to its end.
pub fn catch(body: impl FnOnce() -> Result<(), CellError>) -> bool {
    let mut body = Some(body);
    catch_dyn(&mut || match body.take() {
        Some(body) => body(),
        None => Ok(()),
    })
}

#[inline(never)]
fn catch_dyn(body: &mut dyn FnMut() -> Result<(), CellError>) -> bool {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => true,
        // What the end of a stopped thread looked like to the cell.
        Ok(Err(_)) if interrupt::stopped() => {
            report_stop(None);
            false
        }
        Ok(Err(error)) => {
            let at = error.location;
            report(&[
                "error",
                &error.message,
                at.file(),
                &at.line().to_string(),
                &at.column().to_string(),
            ]);
            false
        }
        Err(payload) => {
            report_panic(payload);
            false
        }
    }
}

fn begin() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(note));
        std::thread::spawn(flush_now_and_then);
    });
    IN_CELL.set(true);
    PANICS.take();
    REPORT.take();
    set_running(true);
}

fn end() {
    set_running(false);
    IN_CELL.set(false);
    for caught in PANICS.take() {
        eprintln!("panicked at {}:{}: {}", caught.file, caught.line, caught.message);
    }
    // A closed standard output is the cell's own doing.
    let _ = std::io::stdout().flush();
}

fn report(fields: &[&str]) {
    REPORT.set(fields.iter().map(|&field| field.to_owned()).collect());
}

fn report_stop(at: Option<&Location<'_>>) {
    match at {
        Some(at) => report(&[
            "interrupted",
            "",
            at.file(),
            &at.line().to_string(),
            &at.column().to_string(),
        ]),
        None => report(&["interrupted", "", "", "0", "0"]),
    }
}

fn report_panic(payload: Box<dyn Any + Send>) {
    if let Some(stop) = payload.downcast_ref::<Interrupted>() {
        return report_stop(stop.0);
    }
    let message = message_of(payload.as_ref());
    // A payload whose destructor panics must not take the runtime with it.
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    if interrupt::stopped() {
        // A thread was stopped, and the cell did not expect that.
        PANICS.with_borrow_mut(Vec::pop);
        return report_stop(None);
    }
    let noted = PANICS.with_borrow_mut(Vec::pop);
    match noted {
        Some(at) => report(&[
            "panic",
            &message,
            &at.file,
            &at.line.to_string(),
            &at.column.to_string(),
        ]),
        None => report(&["panic", &message, "", "0", "0"]),
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    }
}

fn note(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a value that is not text");
    let (file, line, column) = match info.location() {
        Some(at) => (at.file(), at.line(), at.column()),
        None => ("", 0, 0),
    };
    if IN_CELL.get() {
        PANICS.with_borrow_mut(|panics| {
            panics.push(Panic {
                message: message.to_owned(),
                file: file.to_owned(),
                line,
                column,
            });
        });
    } else {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let file = file.rsplit('/').next().unwrap_or(file);
        eprintln!("thread '{name}' panicked at {file}:{line}:\n{message}");
    }
}

static RUNNING: Mutex<bool> = Mutex::new(false);
static RUNS: Condvar = Condvar::new();

fn set_running(running: bool) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = running;
    RUNS.notify_all();
}

/// Standard output keeps an unfinished line to itself; a notebook wants to see it grow.
fn flush_now_and_then() {
    loop {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let running = RUNS
            .wait_while(running, |running| !*running)
            .unwrap_or_else(PoisonError::into_inner);
        drop(running);
        std::thread::sleep(Duration::from_millis(40));
        let _ = std::io::stdout().flush();
    }
}

/// Hands the last cell's report and the names of the live variables to the runtime: two lists, each
/// a count and then netstrings (`5:hello`), as one text.
#[unsafe(no_mangle)]
pub extern "C" fn lessons_cell_report(
    context: *mut core::ffi::c_void,
    receive: extern "C" fn(*mut core::ffi::c_void, *const u8, usize),
) {
    let mut text = String::new();
    for list in [REPORT.take(), store::names()] {
        text.push_str(&format!("{}:", list.len()));
        for field in list {
            text.push_str(&format!("{}:{field}", field.len()));
        }
    }
    receive(context, text.as_ptr(), text.len());
}

/// Drops one variable.
///
/// # Safety
/// `name` points at `length` bytes of UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lessons_cell_forget(name: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    let name = unsafe { std::slice::from_raw_parts(name, length) };
    let Ok(name) = std::str::from_utf8(name) else {
        return;
    };
    if let Err(payload) = panic::catch_unwind(|| store::forget(&[name])) {
        std::mem::forget(payload);
    }
}
