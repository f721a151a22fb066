use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;

#[test]
fn every_task_runs_once_whatever_the_number_of_threads() {
    for threads in [1, 2, 3, 7] {
        let pool = Pool::new(threads);
        assert_eq!(pool.threads(), threads);
        for tasks in [0, 1, 2, 5, 1000] {
            let runs: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
            pool.for_each(tasks, |task, worker| {
                assert!(worker < threads);
                runs[task].fetch_add(1, Ordering::Relaxed);
            });
            assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
        }
    }
}

#[test]
fn ranges_and_parts_cover_all_once() {
    for threads in [1, 2, 5] {
        let pool = Pool::new(threads);
        for len in [0, 1, 2, 15, 16, 17, 1001] {
            for unit in [1, 16, 4000] {
                for parts in [false, true] {
                    let runs: Vec<_> = (0..len).map(|_| AtomicUsize::new(0)).collect();
                    let body = |range: std::ops::Range<usize>, _| {
                        assert!(range.start.is_multiple_of(unit));
                        for run in &runs[range] {
                            run.fetch_add(1, Ordering::Relaxed);
                        }
                    };
                    if parts {
                        pool.for_parts(len, unit, body);
                    } else {
                        pool.for_ranges(len, unit, body);
                    }
                    assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }
}

#[test]
fn a_pool_computes_on_no_more_threads_than_asked() {
    let pool = Pool::new(4);
    for threads in [4, 2, 1, 3] {
        pool.set_threads(threads);
        let seen = Mutex::new(HashSet::new());
        for _ in 0..50 {
            pool.for_each(64, |_, _| {
                seen.lock().unwrap().insert(std::thread::current().id());
            });
        }
        let seen = seen.into_inner().unwrap().len();
        assert!(seen <= threads, "{seen} threads instead of {threads}");
    }
}

#[test]
fn workers_take_part() {
    let pool = Pool::new(2);
    // One of the two tasks cannot end before the other has begun.
    let begun = AtomicUsize::new(0);
    pool.for_each(2, |_, _| {
        begun.fetch_add(1, Ordering::SeqCst);
        let start = Instant::now();
        while begun.load(Ordering::SeqCst) < 2 {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
    });
}

#[test]
fn parked_workers_come_back() {
    let pool = Pool::new(3);
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(3));
        let sum = AtomicUsize::new(0);
        pool.for_each(100, |task, _| {
            sum.fetch_add(task, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 4950);
    }
}

#[test]
fn nested_jobs_run_inline() {
    let pool = Pool::new(3);
    let other = Pool::new(3);
    let count = AtomicUsize::new(0);
    pool.for_each(8, |_, _| {
        let thread = std::thread::current().id();
        for inner in [&pool, &other] {
            inner.for_each(10, |_, worker| {
                assert_eq!(worker, 0);
                assert_eq!(std::thread::current().id(), thread);
                count.fetch_add(1, Ordering::Relaxed);
            });
            inner.for_parts(10, 1, |range, _| {
                count.fetch_add(range.len(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(count.into_inner(), 8 * 2 * 20);
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_lives() {
    let pool = Pool::new(3);
    for bad in 0..20 {
        let result = catch_unwind(AssertUnwindSafe(|| {
            pool.for_each(20, |task, _| assert_ne!(task, bad, "task {bad}"));
        }));
        let message = result.unwrap_err();
        let message = message.downcast_ref::<String>().unwrap();
        assert!(message.contains(&format!("task {bad}")), "{message}");
        let sum = AtomicUsize::new(0);
        pool.for_each(10, |task, _| {
            sum.fetch_add(task, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }
}

#[test]
fn callers_on_many_threads_take_turns() {
    let pool = Pool::new(2);
    let sum = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    pool.for_each(8, |task, _| {
                        sum.fetch_add(task, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), 4 * 200 * 28);
}

#[test]
fn the_number_of_threads_stays_within_bounds() {
    let pool = Pool::new(0);
    assert_eq!(pool.threads(), 1);
    pool.set_threads(3);
    pool.for_each(2, |_, _| pool.set_threads(1));
    assert_eq!(pool.threads(), 3);
}
