//! Says of a cell's thread whose stack overflowed which one it was.
//!
//! Rust's own handler knows the threads that its copy of std has started: the main thread of this
//! program. Cells are linked with another copy, which has no handler, so one of their threads would take
//! the process with it without a word. All threads begin in `pthread_create`: ours stands before libc's
//! and gives each a stack for signals, on which a handler can still run.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem::{MaybeUninit, transmute, zeroed};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    Start,
    *mut c_void,
) -> c_int;
type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// What the handler works with; there once it is installed.
static INSTALLED: OnceLock<Installed> = OnceLock::new();

struct Installed {
    before: libc::sigaction,
    /// Removes a thread's stack for signals when the thread ends.
    key: libc::pthread_key_t,
    /// How the system calls the process, and so each thread that got no name.
    name: [u8; NAME],
}

/// The longest name that Linux keeps of a thread, with its zero.
const NAME: usize = 16;
/// Room for the handler and for what the processor saves.
const SIGNAL_STACK: usize = 64 << 10;
/// How far below the stack's end an access counts as an overflow, beyond the guard itself.
const BELOW: usize = 64 << 10;

thread_local! {
    /// Where this thread's stack ends, and where its first page does.
    static END: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Watches the threads that are started from now on.
pub fn watch() {
    // Named, so that the linker keeps it and finds that libc has one too.
    std::hint::black_box(pthread_create as *const ());
    // SAFETY: plain calls on our own process, with live places to write to. The handler keeps to what
    // may be called in one.
    unsafe {
        let mut key = 0;
        if libc::pthread_key_create(&raw mut key, Some(release)) != 0 {
            return;
        }
        let mut before: libc::sigaction = zeroed();
        libc::sigaction(libc::SIGSEGV, null(), &raw mut before);
        let installed = Installed {
            before,
            key,
            name: name(),
        };
        if INSTALLED.set(installed).is_err() {
            return;
        }
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = handle as Handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGSEGV, &raw const action, null_mut());
    }
}

/// What a new thread is to do.
struct Begin {
    start: Start,
    argument: *mut c_void,
}

/// Stands before libc's function of this name, for all libraries of this process.
///
/// # Safety
/// As libc's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    static LIBC: OnceLock<Option<Create>> = OnceLock::new();
    // SAFETY: libc's function has this very signature.
    let create = LIBC.get_or_init(|| unsafe {
        let found = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        (!found.is_null()).then(|| transmute::<*mut c_void, Create>(found))
    });
    let Some(create) = create else {
        return libc::EAGAIN;
    };
    if INSTALLED.get().is_none() {
        // SAFETY: handed on as it came.
        return unsafe { create(thread, attributes, start, argument) };
    }
    let begin = Box::into_raw(Box::new(Begin { start, argument }));
    // SAFETY: `run` takes the box over when the thread starts; else it is still ours.
    unsafe {
        let result = create(thread, attributes, run, begin.cast());
        if result != 0 {
            drop(Box::from_raw(begin));
        }
        result
    }
}

/// Where a thread begins.
extern "C" fn run(begin: *mut c_void) -> *mut c_void {
    // SAFETY: made by `pthread_create` above for this thread alone.
    let begin = unsafe { *Box::from_raw(begin.cast::<Begin>()) };
    prepare();
    (begin.start)(begin.argument)
}

/// Notes the thread's stack and gives it another one for signals.
fn prepare() {
    let Some(installed) = INSTALLED.get() else {
        return;
    };
    // SAFETY: plain calls about this thread, with live places to write to. The memory stays mapped until
    // `release` has taken it from the thread.
    unsafe {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return;
        }
        let (mut end, mut size, mut guard) = (null_mut(), 0, 0);
        libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut end, &raw mut size);
        libc::pthread_attr_getguardsize(attributes.as_ptr(), &raw mut guard);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        let memory = libc::mmap(
            null_mut(),
            SIGNAL_STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED {
            return;
        }
        let stack = libc::stack_t {
            ss_sp: memory,
            ss_flags: 0,
            ss_size: SIGNAL_STACK,
        };
        libc::sigaltstack(&raw const stack, null_mut());
        libc::pthread_setspecific(installed.key, memory);
        // Whether the guard is part of the stack depends on libc's version.
        let end = end as usize;
        END.set((end.saturating_sub(guard + BELOW), end + guard));
    }
}

/// Takes a thread's stack for signals away, if it still is the one that it was given.
unsafe extern "C" fn release(memory: *mut c_void) {
    // SAFETY: `memory` was mapped by `prepare` for this thread, which ends.
    unsafe {
        let mut now: libc::stack_t = zeroed();
        libc::sigaltstack(null(), &raw mut now);
        if now.ss_sp == memory {
            now.ss_flags = libc::SS_DISABLE;
            libc::sigaltstack(&raw const now, null_mut());
        }
        libc::munmap(memory, SIGNAL_STACK);
    }
}

/// An invalid memory access: tells of an overflow in the words of Rust's own handler; that one hears of
/// everything else.
unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(installed) = INSTALLED.get() else {
        return;
    };
    // SAFETY: the system hands over a live siginfo; only what may be called in a handler is called.
    unsafe {
        let address = (*info).si_addr() as usize;
        let (from, to) = END.get();
        if (from..to).contains(&address) {
            let name = name();
            say(b"\nthread '");
            let known = name != installed.name;
            say(if known {
                until_zero(&name)
            } else {
                b"<unnamed>"
            });
            say(b"' has overflowed its stack\nfatal runtime error: stack overflow, aborting\n");
            libc::abort();
        }
        match installed.before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // The access is tried again, and then ends the process.
                libc::signal(signal, libc::SIG_DFL);
            }
            before => transmute::<usize, Handler>(before)(signal, info, context),
        }
    }
}

/// What the system calls this thread.
fn name() -> [u8; NAME] {
    let mut name = [0; NAME];
    // SAFETY: writes at most so many bytes.
    unsafe {
        libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr());
    }
    name
}

fn until_zero(name: &[u8; NAME]) -> &[u8] {
    CStr::from_bytes_until_nul(name).map_or(&name[..], CStr::to_bytes)
}

fn say(text: &[u8]) {
    // SAFETY: writes from a live buffer. Nobody is left to hear of an error.
    unsafe {
        libc::write(2, text.as_ptr().cast(), text.len());
    }
}
