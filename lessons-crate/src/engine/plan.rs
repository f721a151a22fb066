//! Plans: compiled graphs that wait for their weights.

use std::sync::Arc;

use candle_core::Device as CandleDevice;

use super::cpu::Threads;
use super::device::Device;
use super::model::Model;
use crate::compile::{Compiled, Report, Stage, Target};
use crate::graph::Graph;
use crate::weights::Weights;

/// A graph compiled for a device. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Plan(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    compiled: Compiled,
    report: Report,
    device: Device,
    candle: CandleDevice,
    threads: Threads,
}

impl Plan {
    pub(crate) fn new(
        compiled: Compiled,
        target: &dyn Target,
        device: Device,
        candle: CandleDevice,
        threads: Threads,
    ) -> Plan {
        let report = Report::new(&compiled, target);
        Plan(Arc::new(Inner {
            compiled,
            report,
            device,
            candle,
            threads,
        }))
    }

    /// The graph as it was written.
    pub fn source(&self) -> &Graph {
        &self.0.compiled.source
    }

    /// The graph as it runs.
    pub fn graph(&self) -> &Graph {
        &self.0.compiled.graph
    }

    /// The passes, each with the graph after it.
    pub fn stages(&self) -> &[Stage] {
        &self.0.compiled.stages
    }

    /// What compiling did, and which kernels run.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    pub fn device(&self) -> Device {
        self.0.device
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.0.threads
    }

    pub(crate) fn candle(&self) -> &CandleDevice {
        &self.0.candle
    }

    /// Gives the graph its weights. More weights than the graph has are fine here;
    /// [`Weights::check`] is strict.
    ///
    /// # Errors
    /// When weights are missing, or of the wrong shape or dtype: all of them are listed.
    pub fn load(&self, weights: &Weights) -> crate::Result<Model> {
        Model::new(self.clone(), weights)
    }
}
