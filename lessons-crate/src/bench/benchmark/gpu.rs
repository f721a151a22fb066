//! A GPU, as a benchmark runs it: candle on the compiled graph.

use std::time::{Duration, Instant};

use candle_core::{Device as CandleDevice, Tensor};

use super::engine::{Case, Engine, Loaded, Task};
use super::ours::loaded;
use crate::bench::difference::{Numbers, guarded};
use crate::bench::error::BenchError;
use crate::engine::{Device, Model, Session};

/// A GPU, and what it has loaded.
#[derive(Debug)]
pub struct Gpu {
    name: String,
    device: Device,
    /// Whether inputs are copied to it and the result back within the time.
    copies: bool,
    model: Option<Model>,
    inputs: Vec<(String, Tensor)>,
}

impl Gpu {
    /// Every GPU of this build and machine, each without and with copies. Where there is none it is the
    /// one that this system would have, which then says why it cannot be used.
    pub fn all() -> Vec<Gpu> {
        let mut devices = Device::available();
        devices.retain(|device| *device != Device::Cpu);
        if devices.is_empty() {
            return vec![Gpu::on(Device::usual_gpu(), false)];
        }
        let both = |device| [Gpu::on(device, false), Gpu::on(device, true)];
        devices.into_iter().flat_map(both).collect()
    }

    /// One device.
    pub fn on(device: Device, copies: bool) -> Gpu {
        let with = if copies { " + copies" } else { "" };
        Gpu {
            name: format!("{device}{with}"),
            device,
            copies,
            model: None,
            inputs: Vec::new(),
        }
    }

    fn run(&self) -> crate::Result<Tensor> {
        let none = || BenchError::new("there is no model yet");
        let model = self.model.as_ref().ok_or_else(none)?;
        let inputs = self.inputs.iter().map(|(name, tensor)| (name, tensor));
        let outputs = model.run(inputs)?;
        let first = outputs.iter().next().map(|(_, first)| first.clone());
        let first = first.ok_or_else(|| BenchError::new("the graph has no output"))?;
        if self.copies {
            return Ok(first.to_device(&CandleDevice::Cpu)?);
        }
        // A call returns when work has begun.
        first.device().synchronize()?;
        Ok(first)
    }
}

impl Engine for Gpu {
    fn name(&self) -> &str {
        &self.name
    }

    fn load(&mut self, task: &Task) -> Result<Loaded, String> {
        self.model = None;
        let start = Instant::now();
        self.model = Some(guarded(|| {
            Session::on(self.device)?.load(&task.graph, &task.weights)
        })?);
        Ok(loaded(task, start.elapsed()))
    }

    fn prepare(&mut self, case: &Case) -> Result<Numbers, String> {
        self.inputs.clone_from(&case.inputs);
        guarded(|| {
            if !self.copies {
                let device = self.device.open()?;
                for (_, tensor) in &mut self.inputs {
                    *tensor = tensor.to_device(&device)?;
                }
            }
            Numbers::of(&self.run()?)
        })
    }

    fn time(&mut self, calls: u32) -> Result<Duration, String> {
        guarded(|| {
            let start = Instant::now();
            for _ in 0..calls {
                std::hint::black_box(self.run()?);
            }
            Ok(start.elapsed())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::benchmark::work;
    use crate::bench::{CaseShape, Config};

    /// The path that a GPU takes, on the device that every machine has.
    #[test]
    fn results_and_times_come_with_and_without_copies() {
        let model = Config::named("mlp").unwrap().model.unwrap();
        let task = work::task(&model).unwrap();
        let shape: CaseShape = "3x8".parse().unwrap();
        let case = work::case(&model, &task, &shape).unwrap();
        for copies in [false, true] {
            let mut gpu = Gpu::on(Device::Cpu, copies);
            assert_eq!(gpu.name().ends_with("copies"), copies);
            assert!(gpu.time(1).unwrap_err().contains("no model"));
            gpu.load(&task).unwrap();
            assert_eq!(gpu.prepare(&case).unwrap().dims, [3, 1]);
            assert!(gpu.time(2).unwrap() > Duration::ZERO);
        }
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn where_there_is_none_its_row_says_why() {
        let model = Config::named("mlp").unwrap().model.unwrap();
        let [gpu] = &mut Gpu::all()[..] else {
            panic!("one row");
        };
        let error = gpu.load(&work::task(&model).unwrap()).unwrap_err();
        assert!(
            error.contains("cannot be used: this build has no"),
            "{error}"
        );
    }
}
