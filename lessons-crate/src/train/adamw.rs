//! AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::TrainError;

/// Settings of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWOptions {
    /// Decay of the gradient's running mean.
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    pub beta2: f64,
    /// Added to the root, so that nothing is divided by 0.
    pub eps: f64,
    /// Share of a matrix that each step takes away, times the learning rate. Biases and
    /// normalization weights (rank 1) do not decay.
    pub weight_decay: f64,
    /// Gradients whose common length is above this are shortened to it.
    pub max_grad_norm: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.01,
            max_grad_norm: 1.0,
        }
    }
}

/// The optimizer's memory: for each parameter the running means of its gradient and of the
/// gradient's square.
pub struct AdamW {
    options: AdamWOptions,
    steps: i32,
    slots: Vec<Slot>,
}

pub(super) struct Slot {
    pub name: String,
    pub var: Var,
    pub mean: Vec<f32>,
    pub square: Vec<f32>,
}

impl AdamW {
    /// An optimizer that has not taken a step.
    pub fn new(parameters: impl IntoIterator<Item = (String, Var)>, options: AdamWOptions) -> Self {
        let slots = parameters
            .into_iter()
            .map(|(name, var)| {
                let count = var.elem_count();
                Slot {
                    name,
                    var,
                    mean: vec![0.0; count],
                    square: vec![0.0; count],
                }
            })
            .collect();
        Self {
            options,
            steps: 0,
            slots,
        }
    }

    /// How many steps were taken.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn restore(
        &mut self,
        steps: i32,
        mut state: impl FnMut(&str) -> (Vec<f32>, Vec<f32>),
    ) {
        self.steps = steps;
        for slot in &mut self.slots {
            (slot.mean, slot.square) = state(&slot.name);
        }
    }

    /// Takes one step down the gradients and returns their length before it was shortened.
    /// A parameter without a gradient stays as it is.
    ///
    /// # Errors
    /// A gradient is not f32 or not of its parameter's shape.
    pub fn step(&mut self, grads: &GradStore, learning_rate: f64) -> Result<f64, TrainError> {
        let mut gathered = Vec::with_capacity(self.slots.len());
        let mut sum_of_squares = 0.0;
        for slot in &self.slots {
            let grad = match grads.get(slot.var.as_tensor()) {
                Some(grad) => Some(grad.flatten_all()?.to_vec1::<f32>()?),
                None => None,
            };
            if let Some(grad) = &grad {
                sum_of_squares += grad
                    .iter()
                    .map(|&g| f64::from(g) * f64::from(g))
                    .sum::<f64>();
            }
            gathered.push(grad);
        }
        let norm = sum_of_squares.sqrt();
        let scale = if norm > self.options.max_grad_norm {
            self.options.max_grad_norm / norm
        } else {
            1.0
        };

        self.steps += 1;
        let AdamWOptions {
            beta1,
            beta2,
            eps,
            weight_decay,
            ..
        } = self.options;
        let step_size = learning_rate / (1.0 - beta1.powi(self.steps));
        let root_scale = 1.0 / (1.0 - beta2.powi(self.steps)).sqrt();
        for (slot, grad) in self.slots.iter_mut().zip(gathered) {
            let Some(grad) = grad else { continue };
            let decay = if slot.var.rank() > 1 {
                learning_rate * weight_decay
            } else {
                0.0
            };
            let mut values = slot.var.flatten_all()?.to_vec1::<f32>()?;
            let moments = slot.mean.iter_mut().zip(&mut slot.square);
            for ((value, &g), (mean, square)) in values.iter_mut().zip(&grad).zip(moments) {
                let g = g * scale as f32;
                *mean = beta1 as f32 * *mean + (1.0 - beta1) as f32 * g;
                *square = beta2 as f32 * *square + (1.0 - beta2) as f32 * g * g;
                let root = square.sqrt() * root_scale as f32 + eps as f32;
                *value -= decay as f32 * *value + step_size as f32 * *mean / root;
            }
            slot.var.set(&Tensor::from_vec(
                values,
                slot.var.shape(),
                slot.var.device(),
            )?)?;
        }
        Ok(norm)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};
    use candle_nn::{Optimizer, ParamsAdamW};

    use super::*;

    /// candle's AdamW is the slow reference: one parameter without and one with decay.
    #[test]
    fn steps_are_those_of_candles_adamw() {
        let device = Device::Cpu;
        let start: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin()).collect();
        let target =
            Tensor::from_vec((0..12).map(|i| (i as f32).cos()).collect(), (3, 4), &device).unwrap();
        let ours =
            Var::from_tensor(&Tensor::from_vec(start.clone(), (3, 4), &device).unwrap()).unwrap();
        let theirs = Var::from_tensor(&Tensor::from_vec(start, (3, 4), &device).unwrap()).unwrap();
        let options = AdamWOptions {
            max_grad_norm: f64::INFINITY,
            ..AdamWOptions::default()
        };
        let mut adamw = AdamW::new([("w".to_owned(), ours.clone())], options);
        let params = ParamsAdamW {
            lr: 0.05,
            weight_decay: options.weight_decay,
            ..Default::default()
        };
        let mut reference = candle_nn::AdamW::new(vec![theirs.clone()], params).unwrap();
        for _ in 0..20 {
            let loss = |var: &Var| {
                (var.as_tensor() - &target)
                    .unwrap()
                    .sqr()
                    .unwrap()
                    .sum_all()
                    .unwrap()
            };
            adamw.step(&loss(&ours).backward().unwrap(), 0.05).unwrap();
            reference.step(&loss(&theirs).backward().unwrap()).unwrap();
        }
        let difference = (ours.as_tensor() - theirs.as_tensor())
            .unwrap()
            .abs()
            .unwrap();
        let difference = difference.max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn long_gradients_are_shortened() {
        let var = Var::from_tensor(&Tensor::new(&[3f32, 4.0], &Device::Cpu).unwrap()).unwrap();
        let grads = (var.as_tensor().sqr().unwrap() * 50.0)
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        let mut adamw = AdamW::new([("w".to_owned(), var)], AdamWOptions::default());
        let norm = adamw.step(&grads, 0.0).unwrap();
        assert!((norm - 500.0).abs() < 1e-3, "{norm}");
        let mean: f32 = adamw.slots()[0]
            .mean
            .iter()
            .map(|m| m * m)
            .sum::<f32>()
            .sqrt();
        assert!((mean - 0.1).abs() < 1e-6, "{mean}");
    }
}
