//! What each kernel of one run took, beside what it did and what it would take at least.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::cpu::Arena;
use super::limits::Limits;
use crate::graph::{Bindings, NodeId};

/// One run, kernel by kernel.
#[derive(Debug, Clone)]
pub struct Profile {
    pub graph: String,
    /// The sizes of the graph's symbols in this run.
    pub sizes: Bindings,
    pub threads: usize,
    /// In the order in which they ran.
    pub kernels: Vec<KernelTime>,
    /// The memory of the values between inputs and outputs; `None` on a GPU.
    pub arena: Option<Arena>,
    /// What the machine can do; `None` on a GPU.
    pub limits: Option<Limits>,
}

/// What one kernel took in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelTime {
    pub node: NodeId,
    pub label: String,
    /// The kernel that ran: `elementwise loop`, `candle`, …
    pub kernel: &'static str,
    pub time: Duration,
    /// Arithmetic operations; a multiply and an add count as two.
    pub flops: usize,
    /// Bytes that are read and written, each counted once.
    pub bytes: usize,
    /// The time that arithmetic and bytes take at least, on the CPU.
    pub predicted: Option<Duration>,
}

impl KernelTime {
    /// The part of the time that the machine needs at least: 1 is the roofline. Above 1 is what was
    /// found in a faster cache than predicted.
    pub fn share(&self) -> Option<f64> {
        let share = self.predicted?.as_secs_f64() / self.time.as_secs_f64();
        share.is_finite().then_some(share)
    }
}

impl Profile {
    /// The time of all kernels together.
    pub fn time(&self) -> Duration {
        self.kernels.iter().map(|kernel| kernel.time).sum()
    }

    /// The least time of all kernels together, on the CPU.
    pub fn predicted(&self) -> Option<Duration> {
        self.kernels.iter().map(|kernel| kernel.predicted).sum()
    }

    pub fn flops(&self) -> usize {
        self.kernels.iter().map(|kernel| kernel.flops).sum()
    }

    pub fn bytes(&self) -> usize {
        self.kernels.iter().map(|kernel| kernel.bytes).sum()
    }

    /// The same for kernels of one kind: the kind, how many there are, their time, and their part of
    /// the time of the run, the longest first.
    pub fn by_kernel(&self) -> Vec<(&'static str, usize, Duration, f64)> {
        let mut kinds: Vec<(&'static str, usize, Duration, f64)> = Vec::new();
        for kernel in &self.kernels {
            match kinds.iter_mut().find(|kind| kind.0 == kernel.kernel) {
                Some(kind) => (kind.1, kind.2) = (kind.1 + 1, kind.2 + kernel.time),
                None => kinds.push((kernel.kernel, 1, kernel.time, 0.0)),
            }
        }
        let whole = self.time().as_secs_f64();
        for kind in &mut kinds {
            kind.3 = kind.2.as_secs_f64() / whole;
        }
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.2));
        kinds
    }

    /// As one JSON object; times are in microseconds.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let graph = Graph::build("relu", |g| g.output("y", g.input("x", f32s(("n",))).relu()))?;
    /// # let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let x = Tensor::new(&[-1f32, 2.0], &Cpu)?;
    /// let profile = model.profile([("x", &x)])?;
    /// assert_eq!(profile.kernels[0].flops, 2);
    /// assert!(profile.to_json().starts_with("{\"graph\":\"relu\",\"sizes\":{\"n\":2}"));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let us = |time: Duration| 1e6 * time.as_secs_f64();
        let kernels = self.kernels.iter().map(|kernel| ShownKernel {
            node: kernel.node,
            label: &kernel.label,
            kernel: kernel.kernel,
            flops: kernel.flops,
            bytes: kernel.bytes,
            us: us(kernel.time),
            predicted_us: kernel.predicted.map(us),
            share: kernel.share(),
        });
        let shown = Shown {
            graph: &self.graph,
            sizes: &self.sizes,
            threads: self.threads,
            us: us(self.time()),
            predicted_us: self.predicted().map(us),
            flops: self.flops(),
            bytes: self.bytes(),
            arena: self.arena.map(|arena| ShownArena {
                bytes: arena.bytes,
                separate: arena.separate,
                workspace: arena.workspace,
            }),
            limits: self.limits.map(|limits| ShownLimits {
                flops_per_second: limits.flops,
                cache_bytes_per_second: limits.cache,
                memory_bytes_per_second: limits.memory,
            }),
            kernels: kernels.collect(),
        };
        serde_json::to_string(&shown).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    graph: &'a str,
    sizes: &'a Bindings,
    threads: usize,
    us: f64,
    predicted_us: Option<f64>,
    flops: usize,
    bytes: usize,
    arena: Option<ShownArena>,
    limits: Option<ShownLimits>,
    kernels: Vec<ShownKernel<'a>>,
}

#[derive(Serialize)]
struct ShownArena {
    bytes: usize,
    separate: usize,
    workspace: usize,
}

#[derive(Serialize)]
struct ShownLimits {
    flops_per_second: f64,
    cache_bytes_per_second: f64,
    memory_bytes_per_second: f64,
}

#[derive(Serialize)]
struct ShownKernel<'a> {
    node: NodeId,
    label: &'a str,
    kernel: &'a str,
    flops: usize,
    bytes: usize,
    us: f64,
    predicted_us: Option<f64>,
    share: Option<f64>,
}

/// One line a kernel: its time, its part of the roofline, and what it did.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self
            .sizes
            .iter()
            .map(|(symbol, size)| format!("{symbol} = {size}"))
            .collect();
        let with = match sizes.is_empty() {
            true => String::new(),
            false => format!(" with {}", sizes.join(", ")),
        };
        writeln!(f, "{}{with}, {} thread(s)", self.graph, self.threads)?;
        let label = |kernel: &KernelTime| kernel.label.chars().count();
        let width = self.kernels.iter().map(label).max().unwrap_or(0);
        for kernel in &self.kernels {
            let us = 1e6 * kernel.time.as_secs_f64();
            let share = match kernel.share() {
                Some(share) => format!("{:4.0} %", 100.0 * share),
                None => "     -".to_owned(),
            };
            writeln!(
                f,
                "  {us:10.1} µs  {share}  {:width$}  {}, {} FLOPs, {} bytes",
                kernel.label, kernel.kernel, kernel.flops, kernel.bytes
            )?;
        }
        let us = 1e6 * self.time().as_secs_f64();
        write!(f, "  {us:10.1} µs in all")?;
        if let Some(predicted) = self.predicted() {
            write!(f, "; {:.1} µs at least", 1e6 * predicted.as_secs_f64())?;
        }
        match self.arena {
            Some(arena) => write!(f, "\n  {arena}"),
            None => Ok(()),
        }
    }
}
