//! What a training run tells while it works, and in the end.

use std::ops::ControlFlow;
use std::path::PathBuf;

/// What a run tells while it works; all methods do nothing unless implemented.
pub trait Observer {
    /// The run begins (or goes on) at `step` of `total`.
    fn start(&mut self, _step: usize, _total: usize, _parameters: usize) {}
    /// A step is done. `Break` stops the run after writing a checkpoint.
    fn step(&mut self, _step: &Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    /// An epoch is done and the dev set was evaluated.
    fn epoch(&mut self, _evaluation: &Evaluation) {}
}

/// An observer that looks away.
pub struct Silent;

impl Observer for Silent {}

/// One step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Steps done, this one included.
    pub step: usize,
    /// Epoch, from 0.
    pub epoch: usize,
    /// Loss of this batch.
    pub loss: f32,
    /// Length of the gradient before it was shortened.
    pub grad_norm: f64,
    /// Learning rate of this step.
    pub learning_rate: f64,
}

/// The state after an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Mean loss over the epoch's training batches.
    pub train_loss: f64,
    /// Share of the dev set that is classified right, from 0 to 1.
    pub dev_accuracy: f64,
    /// Whether this is the best so far, and so kept.
    pub best: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether all steps were done; otherwise the run was stopped and can be resumed.
    pub finished: bool,
    /// Best dev accuracy and its epoch, from 0.
    pub best: Option<(f64, usize)>,
    /// Seconds of training, those before a resumption included.
    pub seconds: f64,
    /// The directory of the best model, in Hugging Face's layout.
    pub model: PathBuf,
}
