//! Our own engine, as a benchmark runs it.

use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};

use super::engine::{Case, Engine, Loaded, Task};
use super::groups::by_length;
use crate::bench::difference::{Numbers, guarded};
use crate::bench::error::BenchError;
use crate::compile::Options;
use crate::engine::{Model, Session};

/// The name of our engine in tables.
const NAME: &str = "lessons";

/// A session, and what it has loaded.
#[derive(Debug)]
pub struct Ours {
    name: String,
    /// Whether rows are run in groups of similar length, where there is a mask that tells lengths.
    by_length: bool,
    /// Whether the graph is run as it was written, an op at a time.
    op_by_op: bool,
    model: Option<Model>,
    inputs: Vec<(String, Tensor)>,
    /// Where results go that are not grouped.
    output: Vec<f32>,
    /// The rows of each group, and how many columns it has; none where all run at once.
    groups: Vec<(Tensor, usize)>,
    /// The row of the grouped results in which each row of the inputs is.
    order: Option<Tensor>,
}

/// What our engine says of itself.
pub fn loaded(task: &Task, time: Duration) -> Loaded {
    Loaded {
        engine: format!("{NAME} {}", env!("CARGO_PKG_VERSION")),
        threads: task.threads,
        precision: task.precision.to_owned(),
        seconds: time.as_secs_f64(),
    }
}

impl Ours {
    /// Our engine, with rows of mixed length in groups of similar length.
    pub fn grouped() -> Ours {
        Ours::named(NAME.to_owned(), true)
    }

    /// Our engine, with rows of mixed length padded to the longest.
    pub fn padded() -> Ours {
        Ours::named(format!("{NAME}, padded"), false)
    }

    /// Our engine without the compiler: the kernels of single ops, one after the other.
    pub fn op_by_op() -> Ours {
        Ours {
            op_by_op: true,
            ..Ours::named(format!("{NAME}, op by op"), true)
        }
    }

    fn named(name: String, by_length: bool) -> Ours {
        Ours {
            name,
            by_length,
            op_by_op: false,
            model: None,
            inputs: Vec::new(),
            output: Vec::new(),
            groups: Vec::new(),
            order: None,
        }
    }

    fn model(&self) -> crate::Result<&Model> {
        let none = || BenchError::new("there is no model yet");
        Ok(self.model.as_ref().ok_or_else(none)?)
    }

    /// All groups one after the other, their results in the order of the rows.
    fn run_groups(&self, order: &Tensor) -> crate::Result<Tensor> {
        let results = self.groups.iter().map(|(rows, columns)| {
            let part = |(name, tensor): &(String, Tensor)| {
                let part = tensor.index_select(rows, 0)?.narrow(1, 0, *columns)?;
                Ok((name.clone(), part.contiguous()?))
            };
            let inputs = self.inputs.iter().map(part);
            self.run_on(&inputs.collect::<crate::Result<Vec<_>>>()?)
        });
        let results: Vec<Tensor> = results.collect::<crate::Result<_>>()?;
        Ok(Tensor::cat(&results, 0)?.index_select(order, 0)?)
    }

    /// Runs so often into the same output; the time, and the output.
    fn run_into(&self, mut output: Vec<f32>, calls: u32) -> crate::Result<(Duration, Vec<f32>)> {
        let model = self.model()?;
        let inputs = self
            .inputs
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor));
        let inputs: Vec<(&str, &Tensor)> = inputs.collect();
        let name = model
            .graph()
            .outputs()
            .first()
            .map(|output| output.name.as_str());
        let name = name.unwrap_or_default();
        let start = Instant::now();
        for _ in 0..calls {
            model.run_into(&inputs, &mut [(name, &mut output)])?;
            std::hint::black_box(&mut output);
        }
        Ok((start.elapsed(), output))
    }

    fn run_on(&self, inputs: &[(String, Tensor)]) -> crate::Result<Tensor> {
        let outputs = self
            .model()?
            .run(inputs.iter().map(|(name, tensor)| (name, tensor)))?;
        let first = outputs.iter().next().map(|(_, first)| first.clone());
        Ok(first.ok_or_else(|| BenchError::new("the graph has no output"))?)
    }

    /// Decides which rows run together.
    fn group(&mut self) -> crate::Result<()> {
        (self.groups, self.order) = (Vec::new(), None);
        let mask = self
            .inputs
            .iter()
            .find(|(name, _)| name == "attention_mask");
        let (true, Some((_, mask))) = (self.by_length, mask) else {
            return Ok(());
        };
        let lengths: Vec<usize> = mask
            .to_vec2::<i64>()?
            .iter()
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        if lengths.iter().all(|length| *length == mask.dims()[1]) {
            return Ok(());
        }
        let mut places = vec![0u32; lengths.len()];
        let mut next = 0;
        for rows in by_length(&lengths) {
            for row in &rows {
                places[*row] = next;
                next += 1;
            }
            let longest = rows.iter().map(|row| lengths[*row]).max().unwrap_or(0);
            let rows: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
            let rows = Tensor::new(rows, &Device::Cpu)?;
            self.groups.push((rows, longest));
        }
        self.order = Some(Tensor::new(places, &Device::Cpu)?);
        Ok(())
    }
}

impl Engine for Ours {
    fn name(&self) -> &str {
        &self.name
    }

    fn load(&mut self, task: &Task) -> Result<Loaded, String> {
        self.model = None;
        let start = Instant::now();
        self.model = Some(guarded(|| {
            let session = Session::cpu().with_threads(task.threads)?;
            let options = Options {
                stop_after: self.op_by_op.then_some(0),
            };
            let plan = session.compile_with(&task.graph, &options)?;
            plan.load(&task.weights)
        })?);
        Ok(loaded(task, start.elapsed()))
    }

    fn prepare(&mut self, case: &Case) -> Result<Numbers, String> {
        self.inputs.clone_from(&case.inputs);
        guarded(|| {
            self.group()?;
            if let Some(order) = &self.order {
                return Numbers::of(&self.run_groups(order)?);
            }
            // This tells the size of the output; what is compared comes from the path that is timed.
            let result = self.run_on(&self.inputs)?;
            let (_, output) = self.run_into(vec![f32::NAN; result.elem_count()], 1)?;
            let elements = output.iter().map(|element| f64::from(*element)).collect();
            self.output = output;
            Ok(Numbers {
                dims: result.dims().to_vec(),
                elements,
                dtype: Some(candle_core::DType::F32),
            })
        })
    }

    fn time(&mut self, calls: u32) -> Result<Duration, String> {
        let output = std::mem::take(&mut self.output);
        let (time, output) = guarded(|| match &self.order {
            None => self.run_into(output, calls),
            Some(order) => {
                let start = Instant::now();
                for _ in 0..calls {
                    std::hint::black_box(self.run_groups(order)?);
                }
                Ok((start.elapsed(), output))
            }
        })?;
        self.output = output;
        Ok(time)
    }
}
