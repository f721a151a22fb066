//! Sessions: a device, and graphs compiled and loaded for it.

use std::collections::HashSet;

use candle_core::{Device as CandleDevice, Tensor};

use super::cpu::{CpuTarget, Threads};
use super::device::Device;
use super::miscompile;
use super::model::Model;
use super::plan::Plan;
use super::reference::Folder;
use crate::compile::{Choice, Culprit, Options, Target, compile, passes};
use crate::graph::{Graph, Node, NodeId};
use crate::weights::Weights;

/// Compiles graphs for one device and runs them there.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// let session = Session::cpu();
/// let plan = session.compile(&graph)?;
/// assert_eq!(plan.report().after.kernels, 1);
/// let model = plan.load(&Weights::new())?;
/// let x = Tensor::new(&[-1f32, 0.0, 2.0], &Cpu)?;
/// assert_eq!(model.call(&x)?.to_vec1::<f32>()?, [0.0, 1.0, 5.0]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Session {
    device: Device,
    candle: CandleDevice,
    threads: Threads,
}

impl Session {
    /// A session on the CPU.
    pub fn cpu() -> Session {
        Session {
            device: Device::Cpu,
            candle: CandleDevice::Cpu,
            threads: Threads::default(),
        }
    }

    /// A session on a device.
    ///
    /// # Errors
    /// When the device cannot be used; the error names those that there are and how to build for
    /// others.
    pub fn on(device: Device) -> crate::Result<Session> {
        Ok(Session {
            device,
            candle: device.open()?,
            threads: Threads::default(),
        })
    }

    /// The same session with so many threads to compute on, for candle too where it runs. Without
    /// this there are as many as processors, shared by all sessions.
    ///
    /// # Errors
    /// When there would be none or too many, or the system refuses them.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// assert_eq!(Session::cpu().with_threads(1)?.threads(), 1);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn with_threads(mut self, threads: usize) -> crate::Result<Session> {
        self.threads = Threads::own(threads)?;
        Ok(self)
    }

    /// How many threads compute on the CPU.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// Optimizes a graph. No weights are needed yet.
    ///
    /// # Errors
    /// When the graph does not verify or a pass fails.
    pub fn compile(&self, graph: &Graph) -> crate::Result<Plan> {
        self.compile_with(graph, &Options::default())
    }

    /// [`Session::compile`] with options.
    ///
    /// # Errors
    /// As [`Session::compile`].
    pub fn compile_with(&self, graph: &Graph, options: &Options) -> crate::Result<Plan> {
        let compiled = compile(graph, &Folder, options)?;
        let target: Box<dyn Target> = match self.device {
            Device::Cpu => Box::new(CpuTarget),
            device => Box::new(CandleTarget(device)),
        };
        Ok(Plan::new(
            compiled,
            &*target,
            self.device,
            self.candle.clone(),
            self.threads.clone(),
        ))
    }

    /// Finds the patch that breaks a graph: the first after which outputs on these inputs are further
    /// from the reference in `f64` than four times what the graph as it is written is, and a few ulps
    /// of the largest value. `None` if all is well.
    ///
    /// # Errors
    /// When the graph is wrong as it is written, where no pass is to blame; or when it does not
    /// compile or run.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let graph = Graph::build("relu", |g| g.output("y", (2 * g.input("x", f32s(("n",)))).relu()))?;
    /// let x = Tensor::new(&[-1f32, 2.0], &Cpu)?;
    /// let culprit = Session::cpu().bisect(&graph, &Weights::new(), [("x", &x)])?;
    /// assert!(culprit.is_none());
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn bisect<'a>(
        &self,
        graph: &Graph,
        weights: &Weights,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    ) -> crate::Result<Option<Culprit>> {
        let inputs: Vec<(&str, &Tensor)> = inputs.into_iter().collect();
        miscompile::find(self, &passes(), graph, weights, &inputs)
    }

    /// A plan that runs a graph as it is.
    pub(super) fn as_it_is(&self, graph: &Graph) -> crate::Result<Plan> {
        let options = Options {
            stop_after: Some(0),
        };
        self.compile_with(graph, &options)
    }

    /// Compiles a graph and gives it its weights, in one step.
    ///
    /// # Errors
    /// As [`Session::compile`] and [`Plan::load`].
    pub fn load(&self, graph: &Graph, weights: &Weights) -> crate::Result<Model> {
        self.compile(graph)?.load(weights)
    }
}

/// A device on which candle runs every op.
struct CandleTarget(Device);

impl Target for CandleTarget {
    fn name(&self) -> String {
        self.0.to_string()
    }

    fn choose(&self, _: &Graph, _: &Node, _: &HashSet<NodeId>) -> Choice {
        Choice {
            kernel: "candle".to_owned(),
            why: format!("on {} candle runs every op", self.0),
        }
    }
}
