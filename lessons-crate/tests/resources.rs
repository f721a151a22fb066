//! What runs take of a machine: memory for their outputs at most, and no more threads than asked.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

use lessons::engine::{Precision, Reference};
use lessons::graph::{Builder, Value};
use lessons::models::distilbert::{Config, Options};
use lessons::prelude::*;

/// Counts what all threads allocate while it is asked to.
struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
/// What was allocated and not freed since counting began, now and at most.
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

// SAFETY: it hands everything on to the system's allocator as it was given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Ordering::Relaxed) {
            CALLS.fetch_add(1, Ordering::Relaxed);
            BYTES.fetch_add(layout.size(), Ordering::Relaxed);
            let size = layout.size() as isize;
            let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
            PEAK.fetch_max(live, Ordering::Relaxed);
        }
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if COUNTS.load(Ordering::Relaxed) {
            LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        }
        // SAFETY: as the caller says.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations there are while something runs, and their bytes.
fn allocations(run: impl FnOnce()) -> (usize, usize) {
    CALLS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    COUNTS.store(true, Ordering::Relaxed);
    run();
    COUNTS.store(false, Ordering::Relaxed);
    (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed))
}

/// The most memory that something takes at a time, in bytes.
fn peak(run: impl FnOnce()) -> usize {
    LIVE.store(0, Ordering::Relaxed);
    PEAK.store(0, Ordering::Relaxed);
    allocations(run);
    PEAK.load(Ordering::Relaxed) as usize
}

fn config(vocab_size: usize, dim: usize) -> Config {
    let labels = [("0", "A"), ("1", "B")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    Config {
        vocab_size,
        max_position_embeddings: 64,
        dim,
        hidden_dim: 2 * dim,
        n_layers: 2,
        n_heads: 4,
        activation: "gelu".to_owned(),
        id2label: labels.into(),
        model_type: None,
    }
}

fn distilbert() -> Model {
    let graph = config(100, 64).graph(Options::default()).unwrap();
    let weights = Weights::random(&graph, 3).unwrap();
    let session = Session::cpu().with_threads(2).unwrap();
    session.load(&graph, &weights).unwrap()
}

/// All in one test: another one beside it would be counted too.
#[test]
fn what_models_take_is_bounded() {
    #[cfg(target_os = "linux")]
    candle_starts_no_threads_of_its_own();
    runs_allocate_their_outputs_at_most();
    weights_are_in_memory_once();
    ops_of_every_family_allocate_nothing();
}

/// Packed, or as a table that is looked up: never also as they are in the file.
fn weights_are_in_memory_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let graph = config(2000, 384).graph(Options::default()).unwrap();
    let weights = Weights::random(&graph, 3).unwrap();
    let bytes: usize = weights.iter().map(|(_, weight)| weight.bytes()).sum();
    weights.save(&path).unwrap();
    drop(weights);
    let plan = Session::cpu().compile(&graph).unwrap();
    let mut model = None;
    let peak = peak(|| model = Some(plan.load(&Weights::open(&path).unwrap()).unwrap()));
    assert!(
        (bytes..bytes * 115 / 100).contains(&peak),
        "{peak} bytes at most, and the weights have {bytes}"
    );
}

/// A product in `f64` is candle's, which computes it on rayon's threads: on those of the session's
/// pool, of which there is one, and not on one for each processor.
#[cfg(target_os = "linux")]
fn candle_starts_no_threads_of_its_own() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let graph = Graph::build("product", |g| {
        let square = |name| g.input(name, TensorType::new(DType::F64, (400, 400)));
        g.output("y", square("a").matmul(square("b")));
    })
    .unwrap();
    let x = Tensor::ones((400, 400), candle_core::DType::F64, &Cpu).unwrap();
    let before = threads();
    let session = Session::cpu().with_threads(1).unwrap();
    let model = session.load(&graph, &Weights::new()).unwrap();
    let profile = model.profile([("a", &x), ("b", &x)]).unwrap();
    assert_eq!(profile.kernels[0].kernel, "candle");
    assert!(
        threads() <= before + 1,
        "{before} threads became {}",
        threads()
    );
}

fn runs_allocate_their_outputs_at_most() {
    let model = distilbert();
    let ids = |batch: usize, seq: usize| {
        let ids = Tensor::zeros((batch, seq), candle_core::DType::I64, &Cpu).unwrap();
        (ids.clone(), ids.ones_like().unwrap())
    };
    let mut logits = [0f32; 6];
    for (batch, seq) in [(1, 8), (3, 40), (1, 8)] {
        let (ids, mask) = ids(batch, seq);
        let inputs = [("input_ids", &ids), ("attention_mask", &mask)];
        let logits = &mut logits[..2 * batch];
        // The first run for these shapes makes the plan.
        model
            .run_into(&inputs, &mut [("logits", &mut *logits)])
            .unwrap();
        let again = allocations(|| {
            model
                .run_into(&inputs, &mut [("logits", &mut *logits)])
                .unwrap();
        });
        assert_eq!(again, (0, 0), "{batch} x {seq}");
        let (_, bytes) = allocations(|| drop(model.run(inputs).unwrap()));
        let arena = model.arena(inputs).unwrap().unwrap().bytes;
        assert!(bytes < 2048, "{bytes} bytes for {batch} x {seq}");
        assert!(arena > 8 * 1024, "{arena} bytes are not worth this test");
    }

    let graph = Graph::build("affine", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (2 * x + 1.0).relu());
    })
    .unwrap();
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    let x = Tensor::zeros(100_000, candle_core::DType::F32, &Cpu).unwrap();
    model.call(&x).unwrap();
    let (_, bytes) = allocations(|| drop(model.run([("x", &x)]).unwrap()));
    assert!(
        (400_000..402_048).contains(&bytes),
        "{bytes} bytes, and the output has 400000"
    );
}

/// Of every family of ops that has a kernel of its own, in dtypes of all sizes, with the results joined to one number of `f32`
/// that is written into memory of the caller's.
fn ops_of_every_family_allocate_nothing() {
    type Describe = fn(&Builder, Value, Value) -> Vec<Value>;
    let families: [(&str, Describe); 12] = [
        ("compare", |_, x, n| {
            vec![x.less(0.5), x.cast(DType::F64).greater(1), n.equal(3)]
        }),
        ("logic", |_, x, n| {
            let (a, b) = (x.greater(0), n.less(4));
            vec![
                a.logical_and(b),
                a.logical_or(b),
                a.logical_xor(b).logical_not(),
            ]
        }),
        ("select", |_, x, n| {
            let mask = x.less(0);
            vec![
                mask.select(x, -x),
                mask.select(n, n + 1),
                mask.select(mask, n.less(3)),
            ]
        }),
        ("cast", |_, x, n| {
            let bytes = x.cast(DType::U8);
            vec![
                bytes,
                bytes.cast(DType::I32),
                n.cast(DType::U32),
                n.cast(DType::F64),
            ]
        }),
        ("integers", |_, _, n| {
            vec![
                -n * n + 2,
                n.floor_div(3),
                n.modulo(5).maximum(2),
                (n - 9).abs(),
            ]
        }),
        ("lines", |_, x, n| {
            vec![
                x.cumsum(0),
                x.cumsum(1),
                n.cumsum(1),
                x.argmax(1),
                x.argmin(0),
            ]
        }),
        ("order", |_, x, n| {
            let (best, which) = x.top_k(3, 1);
            vec![
                best,
                which,
                x.argsort(0, true),
                n.argsort(1, false),
                n.bottom_k(2, 0).0,
            ]
        }),
        ("by index", |_, x, n| {
            let at = n.modulo(4);
            let pairs = at.slice(1, 0, 2);
            let rows = at.slice(1, 0, 1).reshape((8,));
            vec![
                x.gather(rows),
                x.take_along_axis(at, 0),
                x.gather_nd(pairs),
                n.gather(rows),
            ]
        }),
        ("scatter", |_, x, n| {
            let at = n.modulo(4);
            vec![
                x.scatter(at, x * 2.0, 0),
                x.scatter_add(at, x, 1),
                n.scatter_max(at, n, 0),
            ]
        }),
        ("one-hot", |_, _, n| {
            vec![n.modulo(6).one_hot(6), n.cast(DType::U8).one_hot(300)]
        }),
        ("movement", |_, x, n| {
            let parts: Vec<Value> = (0..40).map(|_| n.t()).collect();
            vec![
                concat(&parts, 0),
                x.t().flatten(0, 1),
                x.less(0).t().flatten(0, 1),
                n.pad([(1, 2), (0, 3)], 7.0),
            ]
        }),
        ("sources", |g, x, _| {
            // More than are computed when the plan is made.
            let numbers = g.random_normal((1 << 18, 8), 3) + g.random_uniform((1 << 18, 8), 4);
            vec![numbers * x.sum(0), g.range(1 << 21)]
        }),
    ];
    for (name, describe) in families {
        let graph = Graph::build(name, |g| {
            let (x, n) = (g.input("x", f32s((8, 8))), g.input("n", i64s((8, 8))));
            let results = describe(g, x, n).into_iter();
            let sums = results.map(|result| result.cast(DType::F32).flatten(0, -1).sum(0));
            g.output("y", sums.reduce(|a, b| a + b).unwrap());
        })
        .unwrap();
        let session = Session::cpu().with_threads(2).unwrap();
        let model = session.load(&graph, &Weights::new()).unwrap();
        let n = Tensor::arange(0i64, 64, &Cpu)
            .unwrap()
            .reshape((8, 8))
            .unwrap();
        let x = (n.to_dtype(candle_core::DType::F32).unwrap() * 0.1).unwrap();
        let x = (x - 3.0).unwrap();
        let inputs = [("x", &x), ("n", &n)];
        let mut y = [0f32];
        model.run_into(&inputs, &mut [("y", &mut y)]).unwrap();
        let again = allocations(|| model.run_into(&inputs, &mut [("y", &mut y)]).unwrap());
        assert_eq!(again, (0, 0), "{name}: {}", model.graph());
        let expected = Reference::new(&graph, &Weights::new()).unwrap();
        let expected = expected.run(inputs, Precision::F64).unwrap()["y"]
            .to_scalar::<f64>()
            .unwrap();
        let error = (f64::from(y[0]) - expected).abs();
        assert!(
            error <= 1e-5 * expected.abs().max(100.0),
            "{name}: {} for {expected}",
            y[0]
        );
    }
}
